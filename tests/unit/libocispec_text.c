/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "base/util.h"
#include "libocispec/text.h"

/* At every distance from a word boundary, since plain text is skipped eight bytes at a time. */
static void test_faults(void)
{
	static const struct {
		const char *piece;
		size_t size; /* 0: its length */
		const char *what;
	} rows[] = {
		{ "\xff", 0, "bytes that are not UTF-8" },
		{ "\xc3", 0, "bytes that are not UTF-8" },
		{ "\xf4\x90\x80\x80", 0, "bytes that are not UTF-8" },
		{ "\xed\xb0\x80", 0, "bytes that are not UTF-8" },
		{ "\0", 1, "a NUL byte" },
		{ "\\u0000", 0, "a NUL character" },
		{ "\\ud800", 0, "half a surrogate pair" },
		{ "\\uD8ff\\n", 0, "half a surrogate pair" },
		{ "\\udfff", 0, "half a surrogate pair" },
		{ "\xc3\xa9", 0, NULL },
		{ "\xf4\x8f\xbf\xbf", 0, NULL },
		{ "\\ud83d\\uDE00", 0, NULL },
		{ "\\\\u0000", 0, NULL },
		{ "\\\"", 0, NULL },
		{ "\\uffff", 0, NULL },
		{ "\\u00", 0, NULL },
		{ "\\ugggg", 0, NULL },
		{ "\\", 0, NULL },
		{ "\x7f\x01", 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size = rows[i].size ? rows[i].size : strlen(rows[i].piece);

		for (size_t before = 0; before < 18; before++)
			for (size_t after = 0; after < 10; after += 9) {
				char text[64];
				const char *what = NULL;
				size_t at;

				memset(text, 'a', sizeof(text));
				memcpy(text + before, rows[i].piece, size);
				at = text_find_fault(text, before + size + after, &what);
				CHECK_INT(at, rows[i].what ? before : before + size + after);
				if (rows[i].what)
					CHECK_STR(what, rows[i].what);
			}
	}
}

static void test_tokens(void)
{
	static const struct {
		const char *text; /* the token ends at its end */
		size_t start;
		const char *name;
	} rows[] = {
		{ "{", 0, "an object" },
		{ "[[", 1, "an array" },
		{ "[1, -2.5e+3", 4, "number -2.5e+3" },
		{ ":true", 1, "true" },
		{ "null", 0, "null" },
		{ "[nope", 1, "\"nope\"" },
		{ "1]", 1, "\"]\"" },
		{ ":\"true\"", 1, "string \"true\"" },
		{ "\"\"", 0, "string \"\"" },
		{ "\"a\",\"b\\\"c\"", 4, "string \"b\\\\\"" },
		{ "\"\\\\\",\"x\\\\\"", 5, "string \"x\\\\\\\\\"" },
		{ "\"\n\"", 0, "string \"\\x0a\"" },
		{ "\"0123456789012345678901234567890123456789012345678901234567890\"", 0,
		  "string \"01234567890123456789012345678901234567890123456\"" },
	};
	char buf[TEXT_TOKEN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size = strlen(rows[i].text);

		CHECK_INT(text_token_start(rows[i].text, size), rows[i].start);
		CHECK_STR(text_token(rows[i].text, size, rows[i].start, buf), rows[i].name);
	}
	CHECK_STR(text_token("x", 1, 1, buf), "the end of the document");
	CHECK_INT(text_token_start("x", 0), 0);
	CHECK_INT(text_token_start("x\"", 2), 0);
}

static void test_places(void)
{
	static const char text[] = "a\n\xc3\xa9\xf0\x9f\x98\x80z\n\nq";
	static const struct {
		size_t at;
		uint32_t line, column;
	} rows[] = {
		{ 0, 1, 1 }, { 1, 1, 2 }, { 2, 2, 1 }, { 4, 2, 2 }, { 8, 2, 3 }, { 11, 4, 1 }
	};
	uint32_t line, column;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		text_place(text, rows[i].at, &line, &column);
		CHECK_INT(line, rows[i].line);
		CHECK_INT(column, rows[i].column);
	}
	CHECK_INT(text_skip_blanks(" \t\r\nx", 5, 0), 4);
	CHECK_INT(text_skip_blanks(" \0 ", 3, 0), 1);
	CHECK_INT(text_skip_blanks("   ", 3, 1), 3);
}

int main(void)
{
	test_faults();
	test_tokens();
	test_places();
	return check_done();
}
