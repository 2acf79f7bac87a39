/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "oci_spec.h"

static struct arena arena;

static const struct oci_resources *parsed(const char *text)
{
	const struct oci_resources *r = NULL;
	struct oci_warnings w = { 0 };
	struct error err;

	if (oci_resources_parse(text, strlen(text), &arena, &r, &w, &err))
		CHECK_STR(err.text, "");
	return r;
}

static const char *written(const struct oci_resources *r)
{
	struct json_writer to;

	json_begin(&to, &arena, NULL);
	oci_resources_write(&to, r);
	return to.text;
}

static void check(const char *under, const char *over, const char *want)
{
	const struct oci_resources *a = parsed(under), *b = parsed(over);
	const char *before_a = written(a), *before_b = written(b);

	CHECK_STR(written(oci_resources_merge(a, b, &arena)), want);
	CHECK_STR(written(a), before_a);
	CHECK_STR(written(b), before_b);
}

int main(void)
{
	const struct oci_resources *one = parsed("{\"pids\":{\"limit\":3}}");

	check("{}", "{}", "{}");
	check("{\"memory\":{\"limit\":1,\"swap\":2}}", "{\"memory\":{\"limit\":0,\"kernel\":-1}}",
	      "{\"memory\":{\"limit\":0,\"swap\":2,\"kernel\":-1}}");
	check("{\"memory\":{\"disableOOMKiller\":true}}",
	      "{\"memory\":{\"disableOOMKiller\":false}}",
	      "{\"memory\":{\"disableOOMKiller\":false}}");
	check("{\"cpu\":{\"cpus\":\"0\",\"mems\":\"0\"}}", "{\"cpu\":{\"cpus\":\"\"}}",
	      "{\"cpu\":{\"cpus\":\"\",\"mems\":\"0\"}}");
	check("{\"pids\":{\"limit\":3}}", "{\"blockIO\":{\"weight\":10}}",
	      "{\"pids\":{\"limit\":3},\"blockIO\":{\"weight\":10}}");
	/* Arrays are one value. */
	check("{\"devices\":[{\"allow\":true,\"access\":\"r\"},{\"allow\":false}]}",
	      "{\"devices\":[{\"allow\":false,\"access\":\"w\"}]}",
	      "{\"devices\":[{\"allow\":false,\"access\":\"w\"}]}");
	/* Maps are merged by their keys, of strings as of objects. */
	check("{\"unified\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"unified\":{\"c\":\"3\",\"b\":\"4\"}}",
	      "{\"unified\":{\"a\":\"1\",\"b\":\"4\",\"c\":\"3\"}}");
	check("{\"rdma\":{\"x\":{\"hcaHandles\":1},\"y\":{}}}",
	      "{\"rdma\":{\"x\":{\"hcaObjects\":2},\"z\":{\"hcaHandles\":3}}}",
	      "{\"rdma\":{\"x\":{\"hcaHandles\":1,\"hcaObjects\":2},\"y\":{},"
	      "\"z\":{\"hcaHandles\":3}}}");
	CHECK(oci_resources_merge(one, NULL, &arena) == one);
	CHECK(oci_resources_merge(NULL, one, &arena) == one);
	arena_release(&arena);
	return check_done();
}
