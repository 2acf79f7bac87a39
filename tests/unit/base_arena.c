/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Texts that just find room, and those that do not, in memory whose end is not aligned. */
static void test_printf(void)
{
	bool whole = true, zeroed = true;

	for (int room = 0; room < 80; room++)
		for (int n = 1; n < 80; n++) {
			char first[96] __attribute__((aligned(16))) = "";
			struct arena a;
			char *text, *next;

			arena_init(&a, first, (size_t)room);
			text = arena_printf(&a, "%*s", n, "x");
			next = arena_alloc(&a, 16);
			whole = whole && strlen(text) == (size_t)n && text[n - 1] == 'x';
			zeroed = zeroed && next[0] == 0 && memcmp(next, next + 1, 15) == 0;
			arena_release(&a);
		}
	CHECK(whole);
	CHECK(zeroed);
}

int main(void)
{
	static char first[256];
	struct arena a;
	char *p, *q;
	int status;
	pid_t pid;

	arena_init(&a, first, sizeof(first));
	p = arena_alloc(&a, 10);
	CHECK(p >= first && p < first + sizeof(first));
	CHECK_INT((uintptr_t)p % 16, 0);
	memset(p, 'x', 10);
	q = arena_alloc(&a, 1000);
	CHECK(q < first || q >= first + sizeof(first));
	CHECK_INT(q[0] | q[999], 0);
	CHECK_STR(arena_printf(&a, "%d-%s", 7, "seven"), "7-seven");
	test_printf();
	CHECK_STR(arena_strndup(&a, "abcdef", 3), "abc");
	p = arena_grow(&a, "ab", 2, 4, 1);
	CHECK(memcmp(p, "ab\0\0", 4) == 0);
	for (int i = 0; i < 1000; i++) {
		char *r = arena_alloc(&a, 500);

		memset(r, i, 500);
	}
	/* Nothing that was in it is left, wherever it was, and it is as usable as before. */
	p = arena_strdup(&a, "secret");
	q = arena_strdup(&a, "large secret");
	arena_wipe(&a);
	CHECK_INT(p[0] | p[5], 0);
	CHECK_INT(q[0] | q[11], 0);
	CHECK_STR(arena_strdup(&a, "next"), "next");
	arena_release(&a);
	CHECK(a.blocks == NULL);

	/* An impossible size ends the process with status 1. */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		arena_array(&a, SIZE_MAX / 2, 3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	return check_done();
}
