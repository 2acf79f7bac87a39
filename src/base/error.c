/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *error_text(int errnum)
{
	static char text[64];
	const char *name = strerrordesc_np(errnum);

	if (!name) {
		snprintf(text, sizeof(text), "errno %d", errnum);
		return text;
	}
	/* Engines tell 126 from 127 by lower-case words; a text such as "RFS specific error" keeps its case. */
	snprintf(text, sizeof(text), "%s", name);
	if (islower((unsigned char)text[1]))
		text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

static void PRINTF(4, 0)
	fill(struct error *err, enum error_kind kind, int errnum, const char *fmt, va_list args)
{
	int n;

	err->kind = (int)kind;
	err->errnum = errnum;
	err->phase = 0;
	err->where[0] = '\0';
	err->file[0] = '\0';
	err->line = err->column = 0;
	n = vsnprintf(err->text, sizeof(err->text), fmt, args);
	if (errnum && n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", error_text(errnum));
}

int error_sys(struct error *err, const char *fmt, ...)
{
	int errnum = errno;
	va_list args;

	va_start(args, fmt);
	fill(err, ERR_SYSTEM, errnum, fmt, args);
	va_end(args);
	return -1;
}

int error_errno(struct error *err, int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, ERR_SYSTEM, errnum, fmt, args);
	va_end(args);
	return -1;
}

int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, kind, 0, fmt, args);
	va_end(args);
	return -1;
}

int error_config(struct error *err, const char *where, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, ERR_CONFIG, 0, fmt, args);
	va_end(args);
	snprintf(err->where, sizeof(err->where), "%s", where);
	return -1;
}

int error_in(struct error *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(text) - 3) {
		text[n++] = ':';
		text[n++] = ' ';
		/* A cut-off tail loses the least: the front says what was being done. */
		memccpy(text + n, err->text, '\0', sizeof(text) - (size_t)n);
		text[sizeof(text) - 1] = '\0';
		memcpy(err->text, text, sizeof(text));
	}
	return -1;
}

int error_hint(struct error *err, const char *fmt, ...)
{
	size_t n = strlen(err->text);
	va_list ap;

	if (n + 4 > sizeof(err->text))
		return -1;
	n += (size_t)snprintf(err->text + n, sizeof(err->text) - n, " (");
	va_start(ap, fmt);
	vsnprintf(err->text + n, sizeof(err->text) - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ")");
	return -1;
}

int error_at(struct error *err, const char *fmt, ...)
{
	va_list args;

	if (err->where[0])
		return -1;
	va_start(args, fmt);
	vsnprintf(err->where, sizeof(err->where), fmt, args);
	va_end(args);
	return -1;
}

char *error_format(const struct error *err, char *buf, size_t size)
{
	const char *file = err->file[0] ? err->file : "config.json";
	const char *gap = err->where[0] ? " " : "";

	if (err->line)
		snprintf(buf, size, "%s:%" PRIu32 ":%" PRIu32 "%s%s: %s", file, err->line,
			 err->column, gap, err->where, err->text);
	else if (err->where[0])
		snprintf(buf, size, "%s %s: %s", file, err->where, err->text);
	else
		snprintf(buf, size, "%s", err->text);
	return buf;
}
