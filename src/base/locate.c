/* SPDX-License-Identifier: Apache-2.0 */
#include "base/locate.h"

#include <string.h>

#include "base/str.h"

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Past a string that begins here. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *skip_value(const char *p)
{
	unsigned depth = 0;

	do {
		p = skip_blanks(p);
		if (*p == '"')
			p = skip_string(p);
		else if (*p == '{' || *p == '[')
			depth++, p++;
		else if (*p == '}' || *p == ']')
			depth--, p++;
		else if (*p == ',' || *p == ':')
			p++;
		else
			p += strcspn(p, " \t\r\n,:]}");
	} while (depth && *p);
	return p;
}

/* Whether the string at p, with its quotes, is the token of the pointer, which is `n` bytes and has its own escapes. */
static bool is_key(const char *p, const char *token, size_t n)
{
	const char *end = token + n;

	for (p++; *p != '"'; p++, token++) {
		char want;

		if (token == end || !*p)
			return false;
		want = *token;
		if (want == '~' && token + 1 < end && (token[1] == '0' || token[1] == '1'))
			want = *++token == '0' ? '~' : '/';
		if (*p == '\\')
			p++;
		if (*p != want)
			return false;
	}
	return token == end;
}

/* Goes through what stands in brackets; true where one is the wanted one. `p` is behind the opening bracket. */
static bool find_entry(const char *text, const char *p, bool in_array, const char *token, size_t n,
		       struct json_place *ret)
{
	const char *number = in_array ? strndupa(token, n) : "";
	uint64_t wanted = 0, index = 0;

	if (in_array && !str_to_u64(number, &wanted))
		return false;
	*ret = (struct json_place){ .before = (size_t)(p - text), .first = true };
	for (;; index++) {
		bool found;

		p = skip_blanks(p);
		if (*p != '"' && !in_array)
			return false;
		if (!*p || *p == ']')
			return false;
		ret->member = (size_t)(p - text);
		ret->in_array = in_array;
		found = in_array ? index == wanted : is_key(p, token, n);
		if (!in_array) {
			p = skip_blanks(skip_string(p));
			p = skip_blanks(p + (*p == ':'));
		}
		ret->begin = (size_t)(p - text);
		p = skip_value(p);
		ret->end = ret->next = (size_t)(p - text);
		p = skip_blanks(p);
		if (*p == ',')
			ret->next = (size_t)(p + 1 - text);
		if (found)
			return true;
		if (*p != ',')
			return false;
		p++;
		ret->before = (size_t)(p - text);
		ret->first = false;
	}
}

bool json_locate(const char *text, const char *pointer, struct json_place *ret)
{
	const char *p = skip_blanks(text);

	*ret = (struct json_place){ .begin = (size_t)(p - text),
				    .end = (size_t)(skip_value(p) - text),
				    .first = true };
	ret->member = ret->before = ret->begin;
	ret->next = ret->end;
	while (*pointer == '/') {
		size_t n = strcspn(++pointer, "/");

		p = text + ret->begin;
		if (*p != '{' && *p != '[')
			return false;
		if (!find_entry(text, p + 1, *p == '[', pointer, n, ret))
			return false;
		pointer += n;
	}
	return !*pointer;
}

static char *join(const char *text, size_t until, const char *between, size_t from, struct arena *a)
{
	return arena_printf(a, "%.*s%s%s", (int)until, text, between, text + from);
}

char *json_cut(const char *text, const struct json_place *place, struct arena *a)
{
	/* With the comma behind it, or the one before it if it is the last. */
	if (place->next > place->end || place->first)
		return join(text, place->before, "", place->next, a);
	return join(text, place->before - 1, "", place->end, a);
}

char *json_replace(const char *text, const struct json_place *place, const char *value,
		   struct arena *a)
{
	return join(text, place->begin, value, place->end, a);
}

void json_position(const char *text, size_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
	uint32_t line = 1;
	size_t start = 0;

	for (size_t i = 0; i < offset && text[i]; i++)
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	*ret_line = line;
	*ret_column = (uint32_t)(offset - start) + 1;
}
