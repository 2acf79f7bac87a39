/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/utc.h"

/* A record stays within one page, so that a reader of a pipe gets it whole. */
#define LINE_MAX_BYTES 4096

static struct {
	int fd;
	enum log_format format;
	enum log_level level;
} sink = { .fd = -1, .format = LOG_TEXT, .level = LOG_DEFAULT };

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void log_set_fd(int fd)
{
	sink.fd = fd;
}

int log_fd(void)
{
	return sink.fd;
}

void log_set_format(enum log_format format)
{
	sink.format = format;
}

void log_set_level(enum log_level level)
{
	sink.level = level;
}

bool log_shows(enum log_level level)
{
	return level <= sink.level;
}

bool log_level_find(const char *name, enum log_level *ret)
{
	if (str_eq(name, "warn"))
		name = "warning";
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
		if (str_eq(level_names[i], name)) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
}

static void write_line(int fd, const char *line, size_t n)
{
	/* There is nobody to tell that the log cannot be written. */
	(void)fd_write_all(fd, line, n);
}

static void record(enum log_level level, const char *msg)
{
	char line[LINE_MAX_BYTES], quoted[LINE_MAX_BYTES - 128], stamp[40];
	int n;

	utc_now(6, stamp, sizeof(stamp));
	if (sink.format == LOG_JSON) {
		json_escape(msg, quoted, sizeof(quoted));
		n = snprintf(line, sizeof(line), "{\"level\":\"%s\",\"msg\":%s,\"time\":\"%s\"}\n",
			     level_names[level], quoted, stamp);
	} else {
		str_quote(msg, quoted, sizeof(quoted));
		n = snprintf(line, sizeof(line), "time=\"%s\" level=%s msg=\"%s\"\n", stamp,
			     level_names[level], quoted);
	}
	write_line(sink.fd >= 0 ? sink.fd : STDERR_FILENO, line, (size_t)n);
}

static void PRINTF(2, 0) log_at(enum log_level level, const char *fmt, va_list args)
{
	char msg[1024];

	if (!log_shows(level))
		return;
	vsnprintf(msg, sizeof(msg), fmt, args);
	record(level, msg);
}

void log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_at(LOG_WARNING, fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_at(LOG_INFO, fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_at(LOG_DEBUG, fmt, args);
	va_end(args);
}

void log_error(const struct error *err)
{
	char msg[sizeof(struct error)], line[2 * sizeof(struct error)];
	int n;

	error_format(err, msg, sizeof(msg));
	record(LOG_ERROR, msg);
	if (sink.fd < 0)
		return;
	str_printable(msg, line, sizeof(line) - 1);
	n = (int)strlen(line);
	line[n++] = '\n';
	write_line(STDERR_FILENO, line, (size_t)n);
}
