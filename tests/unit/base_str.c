/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "check.h"

static void test_numbers(void)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-1", true, -1 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x10", false, 0 },
		{ "1e3", false, 0 },
	};
	uint64_t u;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t value = 0;

		CHECK_INT(str_to_i64(rows[i].text, &value), rows[i].ok);
		if (rows[i].ok)
			CHECK_INT(value, rows[i].value);
	}
	CHECK(str_to_u64("18446744073709551615", &u) && u == UINT64_MAX);
	CHECK(!str_to_u64("18446744073709551616", &u));
	CHECK(!str_to_u64("-0", &u));
}

static void test_bytes(void)
{
	static const struct {
		const char *text;
		int64_t value;
	} rows[] = {
		{ "512", 512 }, { "1k", 1024 },	      { "2M", 2 << 20 },
		{ "-1", -1 },	{ "3gb", 3LL << 30 }, { "7b", 7 },
	};
	static const char *const bad[] = { "", "k", "1kk", "1t", "1.5m", "9999999999999g", "1 k" };
	int64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK(str_to_bytes(rows[i].text, &value));
		CHECK_INT(value, rows[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(str_to_bytes(bad[i], &value), false);
}

static void test_distance(void)
{
	static const struct word words[] = { { "nosuid", 1 }, { "nodev", 2 }, { "ro", 3 } };

	CHECK_INT(str_distance("abc", "abc", 2), 0);
	CHECK_INT(str_distance("nosiud", "nosuid", 2), 1);
	CHECK_INT(str_distance("kitten", "sitting", 3), 3);
	CHECK_INT(str_distance("kitten", "sitting", 2), 3);
	CHECK_INT(str_distance("", "ab", 2), 2);
	CHECK_INT(str_distance("abcdef", "a", 2), 3);
	CHECK_STR(word_nearest(words, ARRAY_SIZE(words), "nosiud"), "nosuid");
	CHECK_STR(word_nearest(words, ARRAY_SIZE(words), "xx"), NULL);
}

static void test_quote(void)
{
	char buf[32];

	CHECK_STR(str_quote("a\nb", buf, sizeof(buf)), "a\\x0ab");
	CHECK_STR(str_quote("\"\\", buf, sizeof(buf)), "\\\"\\\\");
	CHECK_STR(str_quote("\xff\xc3\xa9", buf, sizeof(buf)), "\\xff\xc3\xa9");
	CHECK_STR(str_quote("\x1b[2J", buf, sizeof(buf)), "\\x1b[2J");
	CHECK_STR(str_quote("0123456789012345678901234567890123456789", buf, sizeof(buf)),
		  "0123456789012345678901234567...");
	CHECK_INT(utf8_length((const unsigned char *)"\xed\xa0\x80", 3), 0);
	CHECK_INT(utf8_length((const unsigned char *)"\xc0\x80", 2), 0);
	CHECK_INT(utf8_length((const unsigned char *)"\xf0\x9f\x98\x80", 4), 4);
	CHECK_INT(utf8_length((const unsigned char *)"\xf0\x9f\x98", 3), 0);
	CHECK_INT(utf8_length((const unsigned char *)"\xf4\x90\x80\x80", 4), 0);
}

static void check_duration(const char *text, uint64_t want)
{
	uint64_t got = UINT64_MAX;

	if (!str_to_duration(text, &got))
		got = UINT64_MAX;
	if (!CHECK_INT(got == want, true))
		printf("#   \"%s\": %ju\n", text, (uintmax_t)got);
}

static void test_durations(void)
{
	const uint64_t second = 1000000000;

	check_duration("5s", 5 * second);
	check_duration("500ms", second / 2);
	check_duration("1m30s", 90 * second);
	check_duration("1.5s", 3 * second / 2);
	check_duration(".5s", second / 2);
	check_duration("1.s", second);
	check_duration("2h", 7200 * second);
	check_duration("1h1m1s1ms1us1ns", 3661 * second + 1001001);
	check_duration("250us", 250000);
	check_duration("7", 7 * second);
	check_duration("0.25", second / 4);
	check_duration("0", 0);
	check_duration("0s", 0);
	check_duration("1.123456789123s", 1123456789);
	check_duration("", UINT64_MAX);
	check_duration("s", UINT64_MAX);
	check_duration(".s", UINT64_MAX);
	check_duration("-1s", UINT64_MAX);
	check_duration("1..5s", UINT64_MAX);
	check_duration("1.5.5s", UINT64_MAX);
	check_duration("5x", UINT64_MAX);
	check_duration("5sm", UINT64_MAX);
	check_duration("5s3", UINT64_MAX);
	check_duration("1 s", UINT64_MAX);
	check_duration("99999999999999999999s", UINT64_MAX);
	check_duration("9999999999h", UINT64_MAX);
}

int main(void)
{
	test_numbers();
	test_bytes();
	test_distance();
	test_quote();
	test_durations();
	return check_done();
}
