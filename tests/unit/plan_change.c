/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/change.h"

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

static void check_option(const char *option, const char *value, const char *want)
{
	const struct pair given = { option, value };
	const struct oci_resources *r = arena_new(&arena, struct oci_resources);
	struct error err;

	if (plan_update_options(&given, 1, &arena, &r, &err)) {
		CHECK_CONTAINS(err.text, arena_printf(&arena, "--%s", option));
		CHECK_STR("refused", want);
		return;
	}
	CHECK_STR(written(r), want);
}

static void test_options(void)
{
	check_option("memory", "512m", "{\"memory\":{\"limit\":536870912}}");
	check_option("memory", "-1", "{\"memory\":{\"limit\":-1}}");
	check_option("memory", "0", "{\"memory\":{\"limit\":0}}");
	check_option("memory", "", "refused");
	check_option("memory", "5x", "refused");
	check_option("memory-swap", "2Gb", "{\"memory\":{\"swap\":2147483648}}");
	check_option("memory-reservation", "1k", "{\"memory\":{\"reservation\":1024}}");
	check_option("pids-limit", "0", "{\"pids\":{\"limit\":0}}");
	check_option("pids-limit", "-1", "{\"pids\":{\"limit\":-1}}");
	check_option("cpu-quota", "-1", "{\"cpu\":{\"quota\":-1}}");
	check_option("cpu-period", "-1", "refused");
	check_option("cpu-period", "1000", "{\"cpu\":{\"period\":1000}}");
	check_option("cpu-share", "18446744073709551615",
		     "{\"cpu\":{\"shares\":18446744073709551615}}");
	check_option("cpu-burst", "0", "{\"cpu\":{\"burst\":0}}");
	check_option("cpu-idle", "1", "{\"cpu\":{\"idle\":1}}");
	check_option("cpu-rt-period", "7", "{\"cpu\":{\"realtimePeriod\":7}}");
	check_option("cpu-rt-runtime", "-1", "{\"cpu\":{\"realtimeRuntime\":-1}}");
	check_option("cpuset-cpus", "0-1", "{\"cpu\":{\"cpus\":\"0-1\"}}");
	check_option("cpuset-mems", "0", "{\"cpu\":{\"mems\":\"0\"}}");
	check_option("blkio-weight", "65535", "{\"blockIO\":{\"weight\":65535}}");
	check_option("blkio-weight", "65536", "refused");
	check_option("no-such-option", "1", "refused");
	CHECK_STR(plan_update_option("/linux/resources/cpu/quota"), "cpu-quota");
	CHECK(!plan_update_option("/linux/resources/rdma"));
}

/* An option stands above the file. */
static void test_file_and_options(void)
{
	const struct pair given[] = { { "memory", "2k" }, { "cpu-share", "10" } };
	const struct oci_resources *r =
		parsed("{\"memory\":{\"limit\":1,\"swap\":3},\"pids\":{\"limit\":4}}");
	struct error err;

	CHECK_INT(plan_update_options(given, 2, &arena, &r, &err), 0);
	CHECK_STR(written(r), "{\"memory\":{\"limit\":2048,\"swap\":3},\"cpu\":{\"shares\":10},"
			      "\"pids\":{\"limit\":4}}");
}

static const char *planned(const char *now, const char *change, struct cgroup_plan *plan)
{
	struct plan_warnings warnings = { .arena = &arena };
	const struct oci_resources *whole;
	struct error err = { 0 };

	*plan = (struct cgroup_plan){ 0 };
	if (plan_update(parsed(change), now ? parsed(now) : NULL, "x", &arena, &warnings, plan,
			&whole, &err))
		return arena_printf(&arena, "%s: %s", err.where, err.text);
	return written(whole);
}

static int64_t value_of(const struct cgroup_plan *plan, enum limit_kind kind)
{
	for (size_t i = 0; i < plan->n_limits; i++)
		if (plan->limits[i].kind == kind)
			return plan->limits[i].value;
	return -99;
}

/* What is not given stays; 0 leaves alone; what belongs together is compared with what holds. */
static void test_merge(void)
{
	struct cgroup_plan plan;

	CHECK_STR(planned(NULL, "{\"pids\":{\"limit\":0}}", &plan), "{\"pids\":{\"limit\":0}}");
	CHECK_INT(plan.n_limits, 1);
	CHECK_INT(value_of(&plan, LIMIT_PIDS), 0);
	CHECK_STR(planned("{\"memory\":{\"limit\":100,\"reservation\":7}}",
			  "{\"memory\":{\"limit\":0,\"reservation\":9}}", &plan),
		  "{\"memory\":{\"limit\":100,\"reservation\":9}}");
	CHECK_INT(plan.n_limits, 1);
	CHECK_STR(planned("{\"cpu\":{\"shares\":5,\"quota\":6}}",
			  "{\"cpu\":{\"shares\":0,\"quota\":0,\"cpus\":\"\"},"
			  "\"blockIO\":{\"weight\":0}}",
			  &plan),
		  "{\"cpu\":{\"shares\":5,\"quota\":6},\"blockIO\":{}}");
	CHECK_INT(plan.n_limits, 0);
	CHECK_CONTAINS(planned("{\"cpu\":{\"quota\":50000}}", "{\"cpu\":{\"burst\":60000}}", &plan),
		       "/linux/resources/cpu/burst: ");
	CHECK_CONTAINS(planned("{\"memory\":{\"limit\":100}}", "{\"memory\":{\"swap\":50}}", &plan),
		       "/linux/resources/memory/swap: ");
	CHECK_INT(plan.n_devices, 0);
}

static void test_swap(void)
{
	struct cgroup_plan plan;

	/* The limit of both together stays when that of memory changes, as far as it can. */
	(void)planned("{\"memory\":{\"limit\":100,\"swap\":300}}", "{\"memory\":{\"limit\":200}}",
		      &plan);
	CHECK_INT(value_of(&plan, LIMIT_MEMORY_SWAP), 300);
	CHECK_STR(planned("{\"memory\":{\"limit\":100,\"swap\":300}}",
			  "{\"memory\":{\"limit\":400}}", &plan),
		  "{\"memory\":{\"limit\":400,\"swap\":600}}");
	CHECK_INT(value_of(&plan, LIMIT_MEMORY_SWAP), -99);
	/* What is nobody's business here. */
	(void)planned(NULL, "{\"memory\":{\"swap\":50}}", &plan);
	CHECK_INT(value_of(&plan, LIMIT_MEMORY_SWAP), 50);
	CHECK_STR(planned("{\"memory\":{\"limit\":100,\"swap\":50}}", "{\"pids\":{\"limit\":1}}",
			  &plan),
		  "{\"memory\":{\"limit\":100,\"swap\":50},\"pids\":{\"limit\":1}}");
}

static void test_oom(void)
{
	struct cgroup_plan plan;

	(void)planned(NULL, "{\"memory\":{\"disableOOMKiller\":false}}", &plan);
	CHECK_INT(plan.n_limits, 0);
	(void)planned("{\"memory\":{\"disableOOMKiller\":true}}",
		      "{\"memory\":{\"disableOOMKiller\":false}}", &plan);
	CHECK_INT(value_of(&plan, LIMIT_MEMORY_OOM_DISABLE), 0);
	CHECK(!plan.check_usage);
	(void)planned("{\"memory\":{\"checkBeforeUpdate\":true}}", "{\"memory\":{\"limit\":9}}",
		      &plan);
	CHECK(plan.check_usage);
}

/* Lists are about devices, page sizes and interfaces. */
static void test_lists(void)
{
	struct cgroup_plan plan;

	CHECK_STR(planned("{\"blockIO\":{\"throttleReadBpsDevice\":["
			  "{\"major\":8,\"minor\":0,\"rate\":1},"
			  "{\"major\":8,\"minor\":1,\"rate\":2}],\"weight\":10}}",
			  "{\"blockIO\":{\"throttleReadBpsDevice\":["
			  "{\"major\":8,\"minor\":0,\"rate\":3}]}}",
			  &plan),
		  "{\"blockIO\":{\"weight\":10,\"throttleReadBpsDevice\":["
		  "{\"major\":8,\"minor\":1,\"rate\":2},{\"major\":8,\"minor\":0,\"rate\":3}]}}");
	CHECK_INT(plan.n_limits, 1);
	CHECK_STR(planned("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1},"
			  "{\"pageSize\":\"1GB\",\"limit\":2}]}",
			  "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":5}]}", &plan),
		  "{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":2},"
		  "{\"pageSize\":\"2MB\",\"limit\":5}]}");
	CHECK_STR(
		planned("{\"network\":{\"priorities\":[{\"name\":\"lo\",\"priority\":1}]}}",
			"{\"network\":{\"classID\":3}}", &plan),
		"{\"network\":{\"classID\":3,\"priorities\":[{\"name\":\"lo\",\"priority\":1}]}}");
	CHECK_STR(planned("{\"devices\":[{\"allow\":true,\"type\":\"c\",\"access\":\"r\"}]}",
			  "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}", &plan),
		  "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}");
	CHECK(plan.n_devices > 1);
	CHECK(!plan.devices[0].allow);
}

int main(void)
{
	test_options();
	test_file_and_options();
	test_merge();
	test_swap();
	test_oom();
	test_lists();
	arena_release(&arena);
	return check_done();
}
