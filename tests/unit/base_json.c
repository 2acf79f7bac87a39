/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "check.h"

static void fill(struct json_writer *w)
{
	json_open_object(w);
	json_member_string(w, "a", "x\"y\\z\n\x01\xff");
	json_member_string(w, "left out", NULL);
	json_key(w, "list");
	json_open_array(w);
	json_int(w, -5);
	json_uint(w, UINT64_MAX);
	json_bool(w, true);
	json_null(w);
	json_close_array(w);
	json_key(w, "empty");
	json_open_object(w);
	json_close_object(w);
	json_close_object(w);
}

int main(void)
{
	struct arena a = { 0 };
	struct json_writer w;
	char buf[16];

	json_begin(&w, &a, NULL);
	fill(&w);
	CHECK_STR(w.text, "{\"a\":\"x\\\"y\\\\z\\n\\u0001\xef\xbf\xbd\","
			  "\"list\":[-5,18446744073709551615,true,null],\"empty\":{}}");
	CHECK_INT(strlen(w.text), w.size);

	json_begin(&w, &a, "  ");
	fill(&w);
	CHECK_STR(w.text,
		  "{\n  \"a\": \"x\\\"y\\\\z\\n\\u0001\xef\xbf\xbd\",\n  \"list\": [\n    -5,\n"
		  "    18446744073709551615,\n    true,\n    null\n  ],\n  \"empty\": {}\n}");

	json_escape("ab\"\n", buf, sizeof(buf));
	CHECK_STR(buf, "\"ab\\\"\\n\"");
	json_escape("0123456789abcdefgh", buf, sizeof(buf));
	CHECK_STR(buf, "\"0123456789abc\"");
	json_escape("nbtrf", buf, sizeof(buf));
	CHECK_STR(buf, "\"nbtrf\"");
	arena_release(&a);
	return check_done();
}
