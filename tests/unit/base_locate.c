/* SPDX-License-Identifier: Apache-2.0 */
#include "base/locate.h"

#include <string.h>

#include "check.h"

static const char document[] = "{ \"a\": [ 1 , \"x,]}\" , {\"b\": true}],\n"
			       "  \"s/l~t\" : {\"q\\\"k\": [[], [2, 3]]},\n"
			       "\t\"last\":null\n}\n";

static struct arena arena;

static const char *value_at(const char *text, const char *pointer)
{
	struct json_place place;

	if (!json_locate(text, pointer, &place))
		return NULL;
	return arena_strndup(&arena, text + place.begin, place.end - place.begin);
}

static void test_locate(void)
{
	static const struct {
		const char *pointer, *value;
	} cases[] = {
		{ "/a/0", "1" },
		{ "/a/1", "\"x,]}\"" },
		{ "/a/2", "{\"b\": true}" },
		{ "/a/2/b", "true" },
		{ "/a/3", NULL },
		{ "/a/x", NULL },
		{ "/a/-1", NULL },
		{ "/a/0/b", NULL },
		{ "/s~1l~0t/q\"k/1/0", "2" },
		{ "/s~1l~0t/q\"k/1/1", "3" },
		{ "/s~1l~0t/q\"k/0", "[]" },
		{ "/s~1l~0t/q\"k/0/0", NULL },
		{ "/last", "null" },
		{ "/las", NULL },
		{ "/last1", NULL },
		{ "/b", NULL },
		{ "a", NULL },
		{ "/a/", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (!CHECK_STR(value_at(document, cases[i].pointer), cases[i].value))
			printf("# %s\n", cases[i].pointer);
	CHECK_STR(value_at(" [1] ", ""), "[1]");
	CHECK_STR(value_at("{}", "/a"), NULL);
	CHECK_STR(value_at("[]", "/0"), NULL);
	CHECK_STR(value_at("7", "/0"), NULL);
	CHECK_STR(value_at("{\"a\":-1.5e3}", "/a"), "-1.5e3");
}

static const char *cut(const char *text, const char *pointer)
{
	struct json_place place;

	return json_locate(text, pointer, &place) ? json_cut(text, &place, &arena) : NULL;
}

static void test_cut(void)
{
	struct json_place place;

	CHECK_STR(cut("{\"a\":1,\"b\":2,\"c\":3}", "/a"), "{\"b\":2,\"c\":3}");
	CHECK_STR(cut("{\"a\":1,\"b\":2,\"c\":3}", "/b"), "{\"a\":1,\"c\":3}");
	CHECK_STR(cut("{\"a\":1,\"b\":2,\"c\":3}", "/c"), "{\"a\":1,\"b\":2}");
	CHECK_STR(cut("{\"a\":1}", "/a"), "{}");
	CHECK_STR(cut("[ 1 , 2 ]", "/0"), "[ 2 ]");
	CHECK_STR(cut("[ 1 , 2 ]", "/1"), "[ 1  ]");
	CHECK_STR(cut("[[1]]", "/0/0"), "[[]]");
	CHECK_STR(cut("{\"a\": {\"b\": [1, {\"c\": 2}]}, \"d\": 4}", "/a/b/1"),
		  "{\"a\": {\"b\": [1]}, \"d\": 4}");
	CHECK(json_locate(document, "/a/1", &place));
	CHECK_STR(value_at(json_replace(document, &place, "[9]", &arena), "/a/1/0"), "9");
	CHECK(place.in_array);
	CHECK(!place.first);
}

static void test_position(void)
{
	struct json_place place;
	uint32_t line, column;

	json_position(document, 0, &line, &column);
	CHECK_INT(line, 1);
	CHECK_INT(column, 1);
	CHECK(json_locate(document, "/last", &place));
	json_position(document, place.member, &line, &column);
	CHECK_INT(line, 3);
	CHECK_INT(column, 2);
	json_position(document, place.begin, &line, &column);
	CHECK_INT(column, 9);
}

int main(void)
{
	test_locate();
	test_cut();
	test_position();
	arena_release(&arena);
	return check_done();
}
