/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static void put(struct json_writer *w, const char *s, size_t n)
{
	if (w->size + n + 1 > w->room) {
		size_t room = MAX(w->room * 2, w->size + n + 1);

		w->text = arena_grow(w->arena, w->text, w->size, room, 1);
		w->room = room;
	}
	memcpy(w->text + w->size, s, n);
	w->size += n;
	w->text[w->size] = '\0';
}

static void new_line(struct json_writer *w)
{
	if (!w->indent)
		return;
	put(w, "\n", 1);
	for (unsigned i = 0; i < w->depth; i++)
		put(w, w->indent, strlen(w->indent));
}

/* Whatever stands between the previous value and the next one. */
static void separate(struct json_writer *w)
{
	if (w->keyed) {
		w->keyed = false;
		return;
	}
	if (w->depth == 0)
		return;
	if (!w->empty)
		put(w, ",", 1);
	w->empty = false;
	new_line(w);
}

void json_begin(struct json_writer *w, struct arena *a, const char *indent)
{
	*w = (struct json_writer){ .arena = a, .indent = indent, .empty = true };
	put(w, "", 0);
}

static void open_with(struct json_writer *w, const char *bracket)
{
	separate(w);
	put(w, bracket, 1);
	w->depth++;
	w->empty = true;
}

static void close_with(struct json_writer *w, const char *bracket)
{
	w->depth--;
	if (!w->empty)
		new_line(w);
	put(w, bracket, 1);
	w->empty = false;
}

void json_open_object(struct json_writer *w)
{
	open_with(w, "{");
}

void json_close_object(struct json_writer *w)
{
	close_with(w, "}");
}

void json_open_array(struct json_writer *w)
{
	open_with(w, "[");
}

void json_close_array(struct json_writer *w)
{
	close_with(w, "]");
}

/* One character of s in its JSON form: its length in `piece`, and in *ret_used how many bytes of s it took. */
static size_t escape_one(const char *s, size_t left, char piece[8], size_t *ret_used)
{
	size_t len = utf8_length((const unsigned char *)s, left);
	const char *at;

	*ret_used = len ? len : 1;
	if (len == 0) {
		memcpy(piece, "\xef\xbf\xbd", 3);
		return 3;
	}
	if (len > 1) {
		memcpy(piece, s, len);
		return len;
	}
	at = strchr("\"\"\\\\\nn\tt\rr\bb\ff", *s);
	if (at && (*s != 'n' && *s != 't' && *s != 'r' && *s != 'b' && *s != 'f')) {
		piece[0] = '\\';
		piece[1] = at[1];
		return 2;
	}
	if ((unsigned char)*s < 0x20 || *s == 0x7f)
		return (size_t)snprintf(piece, 8, "\\u%04x", (unsigned char)*s);
	piece[0] = *s;
	return 1;
}

static void put_quoted(struct json_writer *w, const char *s)
{
	size_t left = strlen(s);

	put(w, "\"", 1);
	while (left) {
		char piece[8];
		size_t used, n = escape_one(s, left, piece, &used);

		put(w, piece, n);
		s += used;
		left -= used;
	}
	put(w, "\"", 1);
}

size_t json_escape(const char *s, char *buf, size_t size)
{
	size_t left = strlen(s), out = 0;

	buf[out++] = '"';
	while (left) {
		char piece[8];
		size_t used, n = escape_one(s, left, piece, &used);

		if (out + n + 2 > size)
			break;
		memcpy(buf + out, piece, n);
		out += n;
		s += used;
		left -= used;
	}
	buf[out++] = '"';
	buf[out] = '\0';
	return out;
}

void json_key(struct json_writer *w, const char *key)
{
	separate(w);
	put_quoted(w, key);
	put(w, ": ", w->indent ? 2 : 1);
	w->keyed = true;
}

void json_string(struct json_writer *w, const char *s)
{
	separate(w);
	put_quoted(w, s);
}

static void put_word(struct json_writer *w, const char *s)
{
	separate(w);
	put(w, s, strlen(s));
}

void json_int(struct json_writer *w, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put_word(w, text);
}

void json_uint(struct json_writer *w, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_word(w, text);
}

void json_number(struct json_writer *w, const char *digits)
{
	put_word(w, digits);
}

void json_bool(struct json_writer *w, bool value)
{
	put_word(w, value ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	put_word(w, "null");
}

void json_member_string(struct json_writer *w, const char *key, const char *s)
{
	if (!s)
		return;
	json_key(w, key);
	json_string(w, s);
}

void json_member_int(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, key);
	json_int(w, value);
}

void json_member_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, key);
	json_bool(w, value);
}

void json_raw(struct json_writer *w, const char *s)
{
	put(w, s, strlen(s));
}

int json_print(struct json_writer *w, struct error *err)
{
	put(w, "\n", 1);
	return fd_write_all(STDOUT_FILENO, w->text, w->size) < 0
		       ? error_sys(err, "write to standard output")
		       : 0;
}
