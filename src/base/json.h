/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON, one value after the other, into a buffer of the arena.
 *
 * The writer puts commas, line ends and indentation; the caller opens and closes objects and arrays in pairs. Text
 * is written as UTF-8 whatever comes in: bytes that are not UTF-8 become U+FFFD, control characters are escaped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct json_writer {
	struct arena *arena;
	char *text; /* '\0'-terminated */
	size_t size, room;
	const char *indent; /* one level of indentation, NULL for a compact line */
	unsigned depth;
	bool empty; /* nothing stands in the innermost object or array yet */
	bool keyed; /* a key was written, its value comes next */
};

void json_begin(struct json_writer *w, struct arena *a, const char *indent);

/* Writes the finished document and a line feed to standard output, in one write(2) as a rule. */
int json_print(struct json_writer *w, struct error *err);

void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);

void json_string(struct json_writer *w, const char *s);
void json_int(struct json_writer *w, int64_t value);
void json_uint(struct json_writer *w, uint64_t value);
/* A number as it is spelt, which must be JSON's way ("0.5"). */
void json_number(struct json_writer *w, const char *digits);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);

/* A member of an object: key and value; json_member_string() leaves a NULL value out. */
void json_member_string(struct json_writer *w, const char *key, const char *s);
void json_member_int(struct json_writer *w, const char *key, int64_t value);
void json_member_bool(struct json_writer *w, const char *key, bool value);

/* Bytes as they are, outside the writer's book-keeping (a final newline). */
void json_raw(struct json_writer *w, const char *s);

/* Writes `s` as a quoted JSON string into buf, cut at a character to fit; always terminated. Returns its length. */
size_t json_escape(const char *s, char *buf, size_t size);
