/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources and linux.cgroupsPath: what becomes of them, and what is refused where. */
#include "plan/resources.h"

#include "check.h"
#include "oci_spec.h"

static struct arena arena;

static const struct host machine = { .cwd = "/" };

struct result {
	struct cgroup_plan plan;
	struct error err;
	struct plan_warnings warnings;
	int status;
};

static struct result plan_on(const char *members, const struct host *host)
{
	struct result r = { .warnings = { .arena = &arena } };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	const char *text = arena_printf(&arena,
					"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},"
					"\"linux\":{%s}}",
					members);

	r.status = oci_config_parse(text, strlen(text), &arena, &config, &unknown, &r.err);
	if (r.status == 0)
		r.status = plan_cgroup(config->linux_, "unit", host, &arena, &r.warnings, &r.plan,
				       &r.err);
	return r;
}

static struct result plan(const char *resources)
{
	return plan_on(arena_printf(&arena, "\"resources\":{%s}", resources), &machine);
}

static void expect_refusal(struct result r, const char *where, const char *text)
{
	CHECK_INT(r.status, -1);
	if (r.status == 0) {
		printf("# accepted, expected %s: %s\n", where, text);
		return;
	}
	CHECK_STR(r.err.where, where);
	CHECK_CONTAINS(r.err.text, text);
}

/* ---- limits ---------------------------------------------------------------------------------------------------------- */

static const char *const kinds[LIMIT_KINDS] = {
	[LIMIT_CPU_RT_PERIOD] = "rt_period",
	[LIMIT_CPU_RT_RUNTIME] = "rt_runtime",
	[LIMIT_CPU_SHARES] = "shares",
	[LIMIT_CPU_PERIOD] = "period",
	[LIMIT_CPU_QUOTA] = "quota",
	[LIMIT_CPU_BURST] = "burst",
	[LIMIT_CPU_IDLE] = "idle",
	[LIMIT_CPUSET_CPUS] = "cpus",
	[LIMIT_CPUSET_MEMS] = "mems",
	[LIMIT_PIDS] = "pids",
	[LIMIT_BLKIO_WEIGHT] = "weight",
	[LIMIT_BLKIO_LEAF_WEIGHT] = "leaf",
	[LIMIT_BLKIO_WEIGHT_DEVICE] = "weight_dev",
	[LIMIT_BLKIO_LEAF_WEIGHT_DEVICE] = "leaf_dev",
	[LIMIT_BLKIO_READ_BPS] = "rbps",
	[LIMIT_BLKIO_WRITE_BPS] = "wbps",
	[LIMIT_BLKIO_READ_IOPS] = "riops",
	[LIMIT_BLKIO_WRITE_IOPS] = "wiops",
	[LIMIT_HUGETLB] = "huge",
	[LIMIT_NET_CLASS] = "class",
	[LIMIT_NET_PRIORITY] = "prio",
	[LIMIT_RDMA] = "rdma",
	[LIMIT_MEMORY_HIERARCHY] = "hierarchy",
	[LIMIT_MEMORY_SWAPPINESS] = "swappiness",
	[LIMIT_MEMORY_OOM_DISABLE] = "no_oom",
	[LIMIT_MEMORY_KERNEL] = "kernel",
	[LIMIT_MEMORY_KERNEL_TCP] = "tcp",
	[LIMIT_MEMORY_RESERVATION] = "reservation",
	[LIMIT_MEMORY] = "memory",
	[LIMIT_MEMORY_SWAP] = "swap",
};

/* "shares=512 cpus=0-3 rbps=8:0 100" */
static const char *print_limits(const struct cgroup_plan *plan)
{
	const char *text = "";

	for (size_t i = 0; i < plan->n_limits; i++) {
		const struct limit *l = &plan->limits[i];

		text = arena_printf(&arena, "%s%s%s=", text, i ? " " : "", kinds[l->kind]);
		if (l->kind >= LIMIT_BLKIO_WEIGHT_DEVICE && l->kind <= LIMIT_BLKIO_WRITE_IOPS)
			text = arena_printf(&arena, "%s%u:%u,", text, l->major, l->minor);
		if (l->text)
			text = arena_printf(&arena, "%s%s,", text, l->text);
		text = arena_printf(&arena, "%s%jd", text, (intmax_t)l->value);
		if (i && l->kind < plan->limits[i - 1].kind && l->kind != LIMIT_BLKIO_WEIGHT_DEVICE)
			text = arena_printf(&arena, "%s(out of order)", text);
	}
	return text;
}

static void test_limits(void)
{
	static const struct {
		const char *resources, *limits;
	} cases[] = {
		{ "", "" },
		{ "\"cpu\":{}", "" },
		{ "\"memory\":{}", "" },
		{ "\"pids\":{}", "" },
		{ "\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0}", "" },
		{ "\"cpu\":{\"shares\":512}", "shares=512" },
		{ "\"cpu\":{\"quota\":-1}", "quota=-1" },
		{ "\"cpu\":{\"quota\":-77}", "quota=-1" },
		{ "\"cpu\":{\"burst\":5,\"quota\":10,\"period\":20}",
		  "period=20 quota=10 burst=5" },
		{ "\"cpu\":{\"burst\":0}", "burst=0" },
		{ "\"cpu\":{\"burst\":5}", "burst=5" },
		{ "\"cpu\":{\"idle\":1,\"cpus\":\"0-1,3\",\"mems\":\"0\"}",
		  "idle=1 cpus=0-1,3,0 mems=0,0" },
		{ "\"cpu\":{\"cpus\":\"\"}", "" },
		{ "\"cpu\":{\"realtimeRuntime\":5,\"realtimePeriod\":10,\"shares\":2}",
		  "rt_period=10 rt_runtime=5 shares=2" },
		{ "\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":0,\"kernel\":0}", "" },
		{ "\"memory\":{\"swap\":300,\"limit\":200,\"reservation\":100}",
		  "reservation=100 memory=200 swap=300" },
		/* Without a limit of memory there is none of both either. */
		{ "\"memory\":{\"limit\":-1}", "memory=-1 swap=-1" },
		{ "\"memory\":{\"limit\":-1,\"swap\":-1}", "memory=-1 swap=-1" },
		{ "\"memory\":{\"limit\":-1,\"swap\":500}", "memory=-1 swap=500" },
		{ "\"memory\":{\"limit\":500,\"swap\":-1}", "memory=500 swap=-1" },
		{ "\"memory\":{\"limit\":500,\"swap\":500}", "memory=500 swap=500" },
		{ "\"memory\":{\"swap\":-1}", "swap=-1" },
		{ "\"memory\":{\"swappiness\":0}", "swappiness=0" },
		{ "\"memory\":{\"disableOOMKiller\":false,\"useHierarchy\":false}", "hierarchy=0" },
		{ "\"memory\":{\"disableOOMKiller\":true,\"useHierarchy\":true}",
		  "hierarchy=1 no_oom=1" },
		{ "\"memory\":{\"kernel\":7,\"kernelTCP\":8}", "kernel=7 tcp=8" },
		{ "\"memory\":{\"limit\":9223372036854775807}", "memory=9223372036854775807" },
		{ "\"pids\":{\"limit\":10}", "pids=10" },
		{ "\"pids\":{\"limit\":0}", "pids=0" },
		{ "\"pids\":{\"limit\":-5}", "pids=-1" },
		{ "\"blockIO\":{\"weight\":0}", "" },
		{ "\"blockIO\":{\"weight\":10,\"leafWeight\":1000}", "weight=10 leaf=1000" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500,"
		  "\"leafWeight\":300},{\"major\":8,\"minor\":16,\"weight\":20}]}",
		  "weight_dev=8:0,500 leaf_dev=8:0,300 weight_dev=8:16,20" },
		{ "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":9}],"
		  "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":2,\"rate\":0}]}",
		  "rbps=8:1,9 wiops=8:2,0" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4},"
		  "{\"pageSize\":\"1GB\",\"limit\":18446744073709551615}]",
		  "huge=2MB,4 huge=1GB,9223372036854775807" },
		{ "\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\","
		  "\"priority\":5}]}",
		  "class=1048577 prio=eth0,5" },
		{ "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000},"
		  "\"rxe3\":{\"hcaObjects\":1}}",
		  "rdma=mlx5_1 hca_handle=3 hca_object=10000,0 rdma=rxe3 hca_object=1,0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result r = plan(cases[i].resources);

		CHECK_INT(r.status, 0);
		if (r.status == 0)
			CHECK_STR(print_limits(&r.plan), cases[i].limits);
		else
			printf("# %s: %s\n", cases[i].resources, r.err.text);
	}
}

static void test_refused_limits(void)
{
	static const struct {
		const char *resources, *where, *text;
	} cases[] = {
		{ "\"cpu\":{\"quota\":10,\"burst\":11}", "/cpu/burst", "greater than the quota" },
		{ "\"cpu\":{\"idle\":2}", "/cpu/idle", "neither 0 nor 1" },
		{ "\"cpu\":{\"shares\":18446744073709551615}", "/cpu/shares", "too large" },
		{ "\"cpu\":{\"cpus\":\"0-\"}", "/cpu/cpus", "no list" },
		{ "\"cpu\":{\"cpus\":\"0\\n1\"}", "/cpu/cpus", "no list" },
		{ "\"cpu\":{\"mems\":\"a\"}", "/cpu/mems", "no list" },
		{ "\"memory\":{\"limit\":-2}", "/memory/limit", "no size" },
		{ "\"memory\":{\"swap\":5}", "/memory/swap", "needs a limit" },
		{ "\"memory\":{\"swap\":5,\"limit\":0}", "/memory/swap", "needs a limit" },
		{ "\"memory\":{\"swap\":5,\"limit\":6}", "/memory/swap", "less than" },
		{ "\"memory\":{\"swappiness\":101}", "/memory/swappiness", "0 to 100" },
		{ "\"blockIO\":{\"weight\":9}", "/blockIO/weight", "10 to 1000" },
		{ "\"blockIO\":{\"leafWeight\":1001}", "/blockIO/leafWeight", "10 to 1000" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}",
		  "/blockIO/weightDevice/0", "neither weight nor leafWeight" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":4096,\"minor\":0,\"weight\":10}]}",
		  "/blockIO/weightDevice/0", "out of range" },
		{ "\"blockIO\":{\"throttleWriteBpsDevice\":[{\"major\":1,\"minor\":1048576,"
		  "\"rate\":1}]}",
		  "/blockIO/throttleWriteBpsDevice/0", "out of range" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"2mb\",\"limit\":1}]",
		  "/hugepageLimits/0/pageSize", "size" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]",
		  "/hugepageLimits/0/pageSize", "size" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"2MB/../x\",\"limit\":1}]",
		  "/hugepageLimits/0/pageSize", "size" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]",
		  "/hugepageLimits/0/pageSize", "size" },
		{ "\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}",
		  "/network/priorities/0", "name" },
		{ "\"network\":{\"priorities\":[{\"name\":\"\",\"priority\":1}]}",
		  "/network/priorities/0", "name" },
		{ "\"rdma\":{\"a\\nb\":{\"hcaHandles\":1}}", "/rdma", "name" },
		{ "\"rdma\":{\"mlx\":{}}", "/rdma", "neither hcaHandles nor hcaObjects" },
		{ "\"unified\":{\"../memory.max\":\"1\"}", "/unified", "no cgroup file" },
		{ "\"unified\":{\"a/b.c\":\"1\"}", "/unified", "no cgroup file" },
		{ "\"unified\":{\"memory\":\"1\"}", "/unified", "no cgroup file" },
		{ "\"unified\":{\".hidden\":\"1\"}", "/unified", "no cgroup file" },
		{ "\"unified\":{\"cgroup.procs\":\"1\"}", "/unified", "no cgroup file" },
		{ "\"unified\":{\"cgroup.kill\":\"1\"}", "/unified", "no cgroup file" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_refusal(plan(cases[i].resources),
			       arena_printf(&arena, "/linux/resources%s", cases[i].where),
			       cases[i].text);
}

static void test_warnings(void)
{
	struct result r = plan("\"memory\":{\"kernel\":1000}");

	CHECK(r.warnings.first != NULL);
	if (r.warnings.first)
		CHECK_STR(r.warnings.first->where, "/linux/resources/memory/kernel");
	CHECK(plan("\"memory\":{\"limit\":1000}").warnings.first == NULL);
}

static void test_unified(void)
{
	struct result r = plan("\"unified\":{\"memory.high\":\"1\",\"misc.max\":\"a 1\\nb 2\","
			       "\"hugetlb.1GB.max\":\"2\",\"cgroup.max.depth\":\"3\"}");

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan.n_unified, 4);
	CHECK_STR(r.plan.unified[1].key, "misc.max");
	CHECK_STR(r.plan.unified[1].value, "a 1\nb 2");
}

/* ---- devices --------------------------------------------------------------------------------------------------------- */

static const char *print_rule(const struct device_rule *rule)
{
	const char *major = rule->major < 0 ? "*" : arena_printf(&arena, "%d", (int)rule->major);
	const char *minor = rule->minor < 0 ? "*" : arena_printf(&arena, "%d", (int)rule->minor);

	return arena_printf(&arena, "%c%c%s:%s%s%s%s", rule->allow ? '+' : '-', rule->type, major,
			    minor, rule->access & DEVICE_READ ? "r" : "",
			    rule->access & DEVICE_WRITE ? "w" : "",
			    rule->access & DEVICE_MKNOD ? "m" : "");
}

/* The rules, ours as one "OWN". */
static const char *print_rules(const struct cgroup_plan *plan)
{
	const char *text = "";
	bool own = false;

	for (size_t i = 0; i < plan->n_devices; i++) {
		bool is_own = plan->devices[i].index == DEVICE_RULE_OWN && i > 0;

		if (!is_own)
			text = arena_printf(&arena, "%s%s%s", text, i ? " " : "",
					    print_rule(&plan->devices[i]));
		else if (!own)
			text = arena_printf(&arena, "%s OWN", text);
		own = is_own;
	}
	return text;
}

#define DENY_ALL "{\"allow\":false,\"access\":\"rwm\"}"
#define ALLOW_ALL "{\"allow\":true,\"access\":\"rwm\"}"
#define NULL_RW "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rw\"}"
#define DISK_R "{\"allow\":false,\"type\":\"b\",\"major\":8,\"access\":\"r\"}"

static void test_device_rules(void)
{
	static const struct {
		const char *rules, *result;
	} cases[] = {
		/* CDV-01, X-19: nothing said is nothing but our own. */
		{ "", "-a*:*rwm OWN" },
		{ DENY_ALL, "-a*:*rwm OWN" },
		{ "{\"allow\":false,\"type\":\"a\",\"access\":\"mwr\"}", "-a*:*rwm OWN" },
		{ NULL_RW, "-a*:*rwm OWN +c1:3rw" },
		/* CDV-02: in order, and what stands before a rule for all is void. */
		{ DENY_ALL "," NULL_RW "," DISK_R, "-a*:*rwm OWN +c1:3rw -b8:*r" },
		{ NULL_RW "," DENY_ALL "," DISK_R, "-a*:*rwm OWN -b8:*r" },
		{ ALLOW_ALL, "+a*:*rwm" },
		{ DENY_ALL "," ALLOW_ALL "," DISK_R, "+a*:*rwm -b8:*r" },
		{ ALLOW_ALL "," DENY_ALL, "-a*:*rwm OWN" },
		/* A rule of all types for some devices or some access is one for each type. */
		{ "{\"allow\":true,\"access\":\"r\"}", "-a*:*rwm OWN +c*:*r +b*:*r" },
		{ "{\"allow\":true,\"type\":\"a\",\"major\":9,\"access\":\"rwm\"}",
		  "-a*:*rwm OWN +c9:*rwm +b9:*rwm" },
		{ "{\"allow\":true,\"type\":\"c\",\"major\":-1,\"minor\":-1,\"access\":\"m\"}",
		  "-a*:*rwm OWN +c*:*m" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result r = plan(arena_printf(&arena, "\"devices\":[%s]", cases[i].rules));

		CHECK_INT(r.status, 0);
		CHECK_STR(r.status ? r.err.text : print_rules(&r.plan), cases[i].result);
	}
}

static void test_refused_devices(void)
{
	static const struct {
		const char *rule, *where, *text;
	} cases[] = {
		{ "\"type\":\"c\",\"access\":\"rwx\"", "/0/access", "r, w and m" },
		{ "\"type\":\"c\"", "/0/access", "r, w and m" },
		{ "\"type\":\"c\",\"access\":\"\"", "/0/access", "r, w and m" },
		{ "\"type\":\"c\",\"access\":\"rw\\nb *:* rwm\"", "/0/access", "r, w and m" },
		{ "\"type\":\"c\",\"major\":4096,\"access\":\"r\"", "/0", "out of range" },
		{ "\"type\":\"c\",\"minor\":1048576,\"access\":\"r\"", "/0", "out of range" },
		{ "\"type\":\"c\",\"minor\":-2,\"access\":\"r\"", "/0", "out of range" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_refusal(plan(arena_printf(&arena, "\"devices\":[{\"allow\":true,%s}]",
						 cases[i].rule)),
			       arena_printf(&arena, "/linux/resources/devices%s", cases[i].where),
			       cases[i].text);
	/* Letters that the schema knows for nodes only. */
	CHECK_INT(plan("\"devices\":[{\"allow\":true,\"type\":\"p\",\"access\":\"r\"}]").status,
		  -1);
}

/* Engines send no rules for a user namespace, and rely on devices that they bind into it. */
static void test_user_namespaces(void)
{
	const struct host nested = { .cwd = "/", .in_userns = true };
	const char *user = "\"namespaces\":[{\"type\":\"user\"}]";
	struct result r;

	CHECK_INT(plan_on("", &machine).plan.n_devices > 1, 1);
	CHECK_INT(plan_on("", &nested).plan.n_devices, 0);
	CHECK_INT(plan_on(user, &machine).plan.n_devices, 0);
	r = plan_on(arena_printf(&arena, "%s,\"resources\":{\"devices\":[" NULL_RW "]}", user),
		    &machine);
	CHECK_STR(print_rules(&r.plan), "-a*:*rwm OWN +c1:3rw");
}

/* ---- path, manager --------------------------------------------------------------------------------------------------- */

static void test_paths(void)
{
	static const struct {
		const char *given, *path;
		bool absolute;
	} good[] = {
		/* CG-04, CG-05, CG-06, CG-08 */
		{ "/a/b", "/a/b", true },
		{ "a/b", "/a/b", false },
		{ "", "/unit", false },
		{ "//a///b/", "/a/b", true },
		{ "/a..b/.c/d.", "/a..b/.c/d.", true },
		{ "/a b", "/a b", true },
		{ "x.slice:p:n", "/x.slice:p:n", false },
	};
	static const char *const bad[] = {
		"/",	   "//",      ".",     "..",	"/..",
		"../x",	   "/a/../b", "a/./b", "/a/..", "/../../../tmp/x",
		"/a\\nb/c"
	};
	struct result r = plan_on("", &machine);

	CHECK_STR(r.plan.path, "/unit");
	CHECK(!r.plan.path_is_absolute);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		r = plan_on(arena_printf(&arena, "\"cgroupsPath\":\"%s\"", good[i].given),
			    &machine);
		CHECK_INT(r.status, 0);
		CHECK_STR(r.plan.path, good[i].path);
		CHECK_INT(r.plan.path_is_absolute, good[i].absolute);
	}
	/* CG-09 */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refusal(plan_on(arena_printf(&arena, "\"cgroupsPath\":\"%s\"", bad[i]),
				       &machine),
			       "/linux/cgroupsPath", "");
}

static void test_managers(void)
{
	const struct host disabled = { .cwd = "/", .manager = CGROUP_DISABLED };
	struct result r =
		plan_on("\"cgroupsPath\":\"/a\",\"resources\":{\"pids\":{\"limit\":5}}", &disabled);

	CHECK_INT(r.status, 0);
	CHECK(r.plan.path == NULL);
	CHECK_INT(r.plan.n_limits, 0);
	CHECK_INT(r.plan.n_devices, 0);
	CHECK(r.warnings.first != NULL);
	CHECK(plan_on("", &disabled).warnings.first == NULL);
}

/* slice:prefix:name, each part of which may be empty. */
static void test_units(void)
{
	static const struct {
		const char *path, *name, *slice, *below;
	} cases[] = {
		{ "", "teu-unit.scope", "system.slice", "/system.slice" },
		{ "::", "unit.scope", "system.slice", "/system.slice" },
		{ ":p:", "p-unit.scope", "system.slice", "/system.slice" },
		{ "::n", "n.scope", "system.slice", "/system.slice" },
		{ ":p:n", "p-n.scope", "system.slice", "/system.slice" },
		{ "-::n", "n.scope", "-.slice", "" },
		{ "-.slice:p:n", "p-n.scope", "-.slice", "" },
		{ "a.slice:p:n", "p-n.scope", "a.slice", "/a.slice" },
		{ "a-b-c.slice:p:n", "p-n.scope", "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
		{ "a.slice:libpod:0a.b_c", "libpod-0a.b_c.scope", "a.slice", "/a.slice" },
		{ ":p+q:n~", "p\\x2bq-n\\x7e.scope", "system.slice", "/system.slice" },
	};
	static const char *const refused[] = { "/a/b",
					       "a",
					       "a:b",
					       "a.slice:b:c:d",
					       "a:b:c",
					       "a.slice:b/c:d",
					       "a--b.slice:c:d",
					       "-a.slice:b:c",
					       "a-.slice:b:c",
					       "a.slice::b.slice" };
	struct host host = { .cwd = "/", .manager = CGROUP_SYSTEMD };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result r =
			plan_on(arena_printf(&arena, "\"cgroupsPath\":\"%s\"", cases[i].path),
				&host);

		CHECK_INT(r.status, 0);
		if (r.status)
			continue;
		CHECK(!r.plan.unit->user);
		CHECK_STR(r.plan.unit->name, cases[i].name);
		CHECK_STR(r.plan.unit->slice, cases[i].slice);
		CHECK_STR(r.plan.path,
			  arena_printf(&arena, "%s/%s", cases[i].below, cases[i].name));
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		expect_refusal(plan_on(arena_printf(&arena, "\"cgroupsPath\":\"%s\"", refused[i]),
				       &host),
			       "/linux/cgroupsPath", "");
	host.euid = 1000;
	CHECK(plan_on("", &host).plan.unit->user);
	CHECK_STR(plan_on("", &host).plan.unit->slice, "user.slice");
}

int main(void)
{
	test_limits();
	test_refused_limits();
	test_warnings();
	test_unified();
	test_device_rules();
	test_refused_devices();
	test_user_namespaces();
	test_paths();
	test_managers();
	test_units();
	return check_done();
}
