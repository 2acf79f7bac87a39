/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"

#define FILE_MAX ((size_t)4 << 20)

/* ---- reading --------------------------------------------------------------------------------------------------------- */

struct hierarchy *sample_find(const struct sample *s, enum controller controller)
{
	struct hierarchy *h;
	struct error unused;

	return cgroup_find_controller(s->cg, controller, &h, &unused) ? NULL : h;
}

const char *sample_read(const struct sample *s, struct hierarchy *h, const char *file)
{
	auto_fd int fd = h ? hierarchy_open_file(h, file, O_RDONLY) : -1;

	return fd < 0 ? NULL : fd_read_all(s->arena, fd, FILE_MAX, NULL);
}

uint64_t sample_to_number(const char *text)
{
	return str_starts(text, "max") ? UNLIMITED : strtoull(text, NULL, 10);
}

bool sample_number(const struct sample *s, struct hierarchy *h, const char *file, uint64_t *ret)
{
	const char *text = sample_read(s, h, file);

	if (text)
		*ret = sample_to_number(text);
	return text;
}

/* The value in the line "key value". */
uint64_t sample_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line && *line;) {
		size_t n = strcspn(line, "\n");

		if (n > length && line[length] == ' ' && strncmp(line, key, length) == 0)
			return sample_to_number(line + length + 1);
		line += n + (line[n] == '\n');
	}
	return 0;
}

/* ---- writing --------------------------------------------------------------------------------------------------------- */

void sample_member(const struct sample *s, const char *key, uint64_t value)
{
	json_key(s->w, key);
	json_uint(s->w, value);
}

void sample_member_unless_zero(const struct sample *s, const char *key, uint64_t value)
{
	if (value)
		sample_member(s, key, value);
}

void sample_open(const struct sample *s, const char *key)
{
	json_key(s->w, key);
	json_open_object(s->w);
}

/* "1.50" -> "1.5", "0.00" -> "0". */
static void write_decimal(const char *text, struct json_writer *w)
{
	char digits[32];
	size_t n = strspn(text, "0123456789.");

	snprintf(digits, sizeof(digits), "%.*s", (int)MIN(n, sizeof(digits) - 1), text);
	if (strchr(digits, '.')) {
		for (n = strlen(digits); digits[n - 1] == '0'; n--)
			;
		digits[n - (digits[n - 1] == '.')] = '\0';
	}
	json_number(w, *digits ? digits : "0");
}

void sample_write_pressure(const char *line, struct json_writer *w)
{
	static const char *const keys[] = { " avg10=", " avg60=", " avg300=", " total=" };
	const char *end = strchrnul(line, '\n');

	json_open_object(w);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *at = strstr(line, keys[i]);
		char key[16];

		snprintf(key, sizeof(key), "%.*s", (int)strlen(keys[i]) - 2, keys[i] + 1);
		json_key(w, key);
		write_decimal(at && at < end ? at + strlen(keys[i]) : "0", w);
	}
	json_close_object(w);
}

/* v2 tells it even where the controller is not, so a host with v1 beside it has it, too. */
void sample_pressure(const struct sample *s, const char *file)
{
	const char *text = sample_read(s, cgroup_find_v2(s->cg), file), *full;

	if (!text || !str_starts(text, "some "))
		return;
	full = strstr(text, "\nfull ");
	sample_open(s, "psi");
	json_key(s->w, "some");
	sample_write_pressure(text, s->w);
	json_key(s->w, "full");
	sample_write_pressure(full ? full + 1 : "full", s->w);
	json_close_object(s->w);
}
