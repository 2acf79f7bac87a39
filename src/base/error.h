/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One failure, by value.
 *
 * A function that can fail takes `struct error *err` as its last parameter and returns -1 (a pointer function
 * NULL) with *err filled; err is never NULL. The failing call fills it with error_sys(), error_set() or
 * error_config(); callers on the way up may put context in front with error_in() and name the place in
 * config.json with error_at(). It holds no pointers, so it crosses a process boundary as it is.
 */
#pragma once

#include <stdint.h>

#include "base/util.h"

enum error_kind {
	ERR_SYSTEM,    /* a system call failed: errnum says how */
	ERR_CONFIG,    /* config.json (or a process file) asks for something wrong or unsupported */
	ERR_SYNTAX,    /* a document is not JSON */
	ERR_USAGE,     /* the command line is wrong */
	ERR_NOT_FOUND, /* no such container */
	ERR_EXISTS,    /* the id is taken */
	ERR_STATE,     /* the container is in the wrong state for the operation */
	ERR_TIMEOUT,   /* a deadline passed */
	ERR_GONE,      /* our other process ended without a word */
	ERR_CHILD,     /* another process of ours, or a hook, died or answered wrongly */
};

struct error {
	int errnum;	 /* errno of the failing call, 0 if none */
	int kind;	 /* enum error_kind */
	int phase;	 /* enum phase of the process that failed, 0 if none (run/channel.h) */
	char where[112]; /* JSON pointer (RFC 6901) into the document, "" if none */
	char file[40];	 /* the document, "" for config.json */
	uint32_t line, column; /* in the document, from 1; 0 if not known */
	char text[848];	       /* the sentence, outermost context first */
};

/* Fills *err from errno: "<fmt>: <text of errno>". Returns -1. */
int error_sys(struct error *err, const char *fmt, ...) PRINTF(2, 3);

/* The same with an explicit errno value. Returns -1. */
int error_errno(struct error *err, int errnum, const char *fmt, ...) PRINTF(3, 4);

/* Fills *err without an errno. Returns -1. */
int error_set(struct error *err, enum error_kind kind, const char *fmt, ...) PRINTF(3, 4);

/* Fills *err with ERR_CONFIG and the JSON pointer `where`. Returns -1. */
int error_config(struct error *err, const char *where, const char *fmt, ...) PRINTF(3, 4);

/* Puts "<fmt>: " in front of the text. Returns -1. */
int error_in(struct error *err, const char *fmt, ...) PRINTF(2, 3);

/* Puts " (<fmt>)" behind the text: what the reader may do, or what a look at the system has shown. Returns -1. */
int error_hint(struct error *err, const char *fmt, ...) PRINTF(2, 3);

/* Names the place in config.json unless a deeper function has done so. Returns -1. */
int error_at(struct error *err, const char *fmt, ...) PRINTF(2, 3);

/* Writes the whole message ("config.json:LINE:COLUMN WHERE: TEXT") into buf, always terminated. Returns buf. */
char *error_format(const struct error *err, char *buf, size_t size);

/* The lower-case text of an errno value, as engines match it ("no such file or directory"). */
const char *error_text(int errnum);
