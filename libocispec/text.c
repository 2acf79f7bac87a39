/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* How many bytes from here are plain: ASCII, no NUL, no backslash. */
static size_t plain_span(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t i = 0;

	/* A zero byte borrows from its top bit; a false alarm only leads to the loop below. */
	for (; i + 8 <= n; i += 8) {
		uint64_t v;

		memcpy(&v, s + i, 8);
		if ((v | (v - ones) | ((v ^ ones * '\\') - ones)) & tops)
			break;
	}
	while (i < n && s[i] && (unsigned char)s[i] < 0x80 && s[i] != '\\')
		i++;
	return i;
}

#define NO_UNIT 0x10000u

/* The value of \uXXXX, NO_UNIT if that does not stand here. */
static unsigned escape_value(const char *s, size_t left)
{
	static const char digits[] = "0123456789abcdef";
	unsigned value = 0;

	if (left < 6 || s[0] != '\\' || s[1] != 'u')
		return NO_UNIT;
	for (int i = 2; i < 6; i++) {
		const char *digit = s[i] ? strchr(digits, tolower((unsigned char)s[i])) : NULL;

		if (!digit)
			return NO_UNIT;
		value = value << 4 | (unsigned)(digit - digits);
	}
	return value;
}

/* Length of the escape at s, 0 if it stands for something that no string may hold. */
static size_t escape_length(const char *s, size_t left, const char **ret_what)
{
	unsigned unit = escape_value(s, left);

	if (unit == NO_UNIT)
		return left < 2 ? left : 2; /* \n and the like; anything else is refused by yajl */
	if (unit == 0) {
		*ret_what = "a NUL character";
		return 0;
	}
	if ((unit & ~0x7ffu) != 0xd800)
		return 6;
	if (unit < 0xdc00 && (escape_value(s + 6, left - 6) & ~0x3ffu) == 0xdc00)
		return 12;
	*ret_what = "half a surrogate pair";
	return 0;
}

size_t text_find_fault(const char *text, size_t size, const char **ret_what)
{
	size_t i = 0, len;

	for (;;) {
		i += plain_span(text + i, size - i);
		if (i == size)
			return size;
		if (text[i] == '\\') {
			len = escape_length(text + i, size - i, ret_what);
		} else if (text[i]) {
			len = utf8_length((const unsigned char *)text + i, size - i);
			*ret_what = "bytes that are not UTF-8";
		} else {
			len = 0;
			*ret_what = "a NUL byte";
		}
		if (len == 0)
			return i;
		i += len;
	}
}

/* Where the string whose closing quote is the byte before `end` begins. */
static size_t string_start(const char *text, size_t end)
{
	for (size_t i = end - 1; i > 0; i--) {
		size_t slashes = 0;

		if (text[i - 1] != '"')
			continue;
		while (slashes < i - 1 && text[i - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return i - 1;
	}
	return 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '-' || c == '.';
}

size_t text_token_start(const char *text, size_t end)
{
	size_t i = end;

	if (end == 0)
		return 0;
	if (text[end - 1] == '"')
		return string_start(text, end);
	while (i && is_word(text[i - 1]))
		i--;
	return i < end ? i : end - 1;
}

size_t text_skip_blanks(const char *text, size_t size, size_t at)
{
	while (at < size && text[at] && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

void text_place(const char *text, size_t at, uint32_t *ret_line, uint32_t *ret_column)
{
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++)
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	*ret_line = line;
	*ret_column = column;
}

const char *text_token(const char *text, size_t size, size_t at, char buf[TEXT_TOKEN_MAX])
{
	char piece[48], quoted[128];
	bool string, number;
	size_t n = 0;

	if (at >= size)
		return "the end of the document";
	if (text[at] == '{' || text[at] == '[')
		return text[at] == '{' ? "an object" : "an array";
	number = text[at] == '-' || isdigit((unsigned char)text[at]);
	string = text[at] == '"';
	at += string;
	while (at + n < size && n < sizeof(piece) - 1 &&
	       (string ? text[at + n] != '"' : is_word(text[at + n])))
		n++;
	if (n == 0 && !string)
		n = 1;
	memcpy(piece, text + at, n);
	piece[n] = '\0';
	str_quote(piece, quoted, sizeof(quoted));
	if (number ||
	    (!string && (str_eq(piece, "true") || str_eq(piece, "false") || str_eq(piece, "null"))))
		snprintf(buf, TEXT_TOKEN_MAX, "%s%s", number ? "number " : "", quoted);
	else
		snprintf(buf, TEXT_TOKEN_MAX, "%s\"%s\"", string ? "string " : "", quoted);
	return buf;
}
