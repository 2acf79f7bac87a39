/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks for unit tests, printed as TAP. A failing check prints both values and the test goes on; check_done() prints
 * the plan, counted here, and is main's return value.
 */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int check_count, check_failed;

static inline void check_result(bool ok, const char *what, const char *file, int line)
{
	check_count++;
	if (!ok)
		check_failed++;
	printf("%sok %d - %s:%d %s\n", ok ? "" : "not ", check_count, file, line, what);
}

static inline bool check_int(intmax_t got, intmax_t want, const char *what, const char *file,
			     int line)
{
	check_result(got == want, what, file, line);
	if (got != want)
		printf("#   got  %" PRIdMAX "\n#   want %" PRIdMAX "\n", got, want);
	return got == want;
}

static inline bool check_str(const char *got, const char *want, const char *what, const char *file,
			     int line)
{
	bool ok = got && want ? strcmp(got, want) == 0 : got == want;

	check_result(ok, what, file, line);
	if (!ok)
		printf("#   got  %s\n#   want %s\n", got ? got : "(null)", want ? want : "(null)");
	return ok;
}

static inline bool check_contains(const char *got, const char *want, const char *what,
				  const char *file, int line)
{
	bool ok = got && strstr(got, want);

	check_result(ok, what, file, line);
	if (!ok)
		printf("#   got  %s\n#   want it to contain %s\n", got ? got : "(null)", want);
	return ok;
}

#define CHECK(cond) check_result((cond), #cond, __FILE__, __LINE__)
#define CHECK_INT(got, want) check_int((intmax_t)(got), (intmax_t)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_str((got), (want), #got, __FILE__, __LINE__)
#define CHECK_CONTAINS(got, want) check_contains((got), (want), #got, __FILE__, __LINE__)

static inline int check_done(void)
{
	printf("1..%d\n", check_count);
	return check_failed != 0;
}
