/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one record is one line and one write(2), as text or as JSON.
 *
 * Only run/ and cmd/ log; everything below returns errors and collects warnings as data. Engines read the last
 * record of level "error" as the reason of a failure, so a command writes at most one, and none when it succeeds.
 * Without a log file the records go to standard error; with one, the error is repeated there as a plain line.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/util.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* What is shown when nobody says: errors. Warnings at "warning" and above only (engines parse what is written). */
#define LOG_DEFAULT LOG_ERROR

/* Takes over `fd` as the destination (-1: standard error). */
void log_set_fd(int fd);
int log_fd(void);
void log_set_format(enum log_format format);
void log_set_level(enum log_level level);
bool log_shows(enum log_level level);

/* "error", "warning", "info", "debug"; "warn" is taken too. */
bool log_level_find(const char *name, enum log_level *ret);

void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

/* The one error record of a failing command. */
void log_error(const struct error *err);
