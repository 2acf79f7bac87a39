/* SPDX-License-Identifier: Apache-2.0 */
/* The whole plan, namespaces included: what is refused, where, and what comes of the rest. */
#include "plan/plan.h"

#include <sched.h>

#include "check.h"
#include "oci_spec.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static struct arena arena;

static struct host machine = {
	.last_capability = 40,
	.bounding = (UINT64_C(2) << 40) - 1,
	.permitted = (UINT64_C(2) << 40) - 1,
	.cwd = "/",
};

struct result {
	const struct plan *plan;
	struct error err;
	struct plan_warnings warnings;
	int status;
};

static struct result plan_text(const char *text)
{
	const struct plan_options options = { .id = "unit",
					      .bundle = "/bundle",
					      .state_dir = "/run/x" };
	struct result r = { .warnings = { .arena = &arena } };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;

	r.status = oci_config_parse(text, strlen(text), &arena, &config, &unknown, &r.err);
	if (r.status == 0)
		r.status = plan_build(config, &options, &machine, &arena, &r.warnings, &r.plan,
				      &r.err);
	return r;
}

/* A config with everything that is needed, and `members` beside it. */
static struct result plan(const char *members)
{
	return plan_text(arena_printf(&arena,
				      "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
				      "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]}%s%s}",
				      *members ? "," : "", members));
}

static struct result plan_linux(const char *members)
{
	return plan(arena_printf(&arena, "\"linux\":{%s}", members));
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

static void test_version(void)
{
	static const char *const good[] = { "1.0.0",   "1.0.2-dev", "1.3.0",
					    "1.2.0+x", "1.99.0",    "1.0.0-rc.1+b.2" };
	static const char *const bad[] = { "",	     "1",      "1.0",	 "1.0.0.0",
					   "v1.0.0", "01.0.0", "1.0.0-", "1.0.0+",
					   "1.0.x",  "0.9.0",  "2.0.0" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_INT(plan_text(
				  arena_printf(&arena,
					       "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}",
					       good[i]))
				  .status,
			  0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct result r = plan_text(
			arena_printf(&arena, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}",
				     bad[i]));

		CHECK_INT(r.status, -1);
		CHECK_STR(r.err.where, "/ociVersion");
	}
}

static void test_namespaces(void)
{
	struct result r = plan_linux("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},"
				     "{\"type\":\"network\",\"path\":\"/run/netns/x\"}]");

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan->ns.fresh, CLONE_NEWPID | CLONE_NEWNS);
	CHECK_INT(r.plan->ns.listed, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET);
	CHECK_INT(r.plan->ns.n_joins, 1);
	CHECK_STR(r.plan->ns.joins[0].path, "/run/netns/x");
	CHECK(!r.plan->loopback);

	expect_refusal(plan_linux("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"),
		       "/linux/namespaces/1", "duplicated ns");
	expect_refusal(plan_linux("\"namespaces\":[{\"type\":\"net\"}]"),
		       "/linux/namespaces/0/type", "");
	expect_refusal(plan_linux("\"namespaces\":[{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}]"),
		       "/linux/namespaces/0", "absolute");
}

static void test_maps(void)
{
#define USER "\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"}],"
#define MAP(c, h, s) "{\"containerID\":" #c ",\"hostID\":" #h ",\"size\":" #s "}"
	struct result r = plan_linux("\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"}]");

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan->ns.maps.n_uid, 1);
	CHECK(r.plan->ns.maps.uid[0].size == UINT32_MAX);
	expect_refusal(plan_linux("\"uidMappings\":[" MAP(0, 1000, 1) "]"), "/linux/uidMappings",
		       "need a user namespace");
	expect_refusal(plan_linux(USER "\"uidMappings\":[" MAP(0, 1000, 10) "," MAP(
			       5, 5000, 10) "],"
					    "\"gidMappings\":[" MAP(0, 1000, 10) "]"),
		       "/linux/uidMappings", "overlap");
	expect_refusal(plan_linux(USER "\"uidMappings\":[" MAP(0, 1000, 10) "," MAP(
			       10, 1005, 10) "],"
					     "\"gidMappings\":[" MAP(0, 1000, 10) "]"),
		       "/linux/uidMappings", "overlap on the host");
	expect_refusal(plan_linux(USER "\"uidMappings\":[" MAP(0, 4294967290,
							       10) "],"
								   "\"gidMappings\":[" MAP(0, 1000,
											   10) "]"),
		       "/linux/uidMappings", "beyond the last id");
	expect_refusal(plan_linux(USER "\"uidMappings\":[" MAP(0, 1000,
							       0) "],"
								  "\"gidMappings\":[" MAP(0, 1000,
											  10) "]"),
		       "/linux/uidMappings", "size 0");
	expect_refusal(plan_linux(USER "\"uidMappings\":[" MAP(0, 1000, 10) "]"), "/linux",
		       "given together");
}

static void test_time(void)
{
	struct result r = plan_linux("\"namespaces\":[{\"type\":\"time\"}],"
				     "\"timeOffsets\":{\"boottime\":{\"secs\":-5,\"nanosecs\":7}}");

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan->ns.n_offsets, 1);
	CHECK_INT(r.plan->ns.offsets[0].secs, -5);
	expect_refusal(plan_linux("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"),
		       "/linux/timeOffsets", "new time namespace");
	expect_refusal(plan_linux("\"namespaces\":[{\"type\":\"time\"}],"
				  "\"timeOffsets\":{\"realtime\":{\"secs\":1}}"),
		       "/linux/timeOffsets", "unknown clock");
	expect_refusal(plan_linux("\"namespaces\":[{\"type\":\"time\"}],"
				  "\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}"),
		       "/linux/timeOffsets/monotonic/nanosecs", "1000000000");
}

static void test_sysctl(void)
{
	static const struct {
		const char *key;
		const char *refusal; /* NULL: taken, with uts and ipc namespaces */
	} rows[] = {
		{ "kernel.domainname", NULL },
		{ "kernel/domainname", NULL },
		{ "kernel.shmmax", NULL },
		{ "fs.mqueue.msg_max", NULL },
		{ "kernel.hostname", "hostname" },
		{ "net.ipv4.ip_forward", "needs a namespace" },
		{ "user.max_user_namespaces", "needs a namespace" },
		{ "vm.swappiness", "change the host" },
		{ "kernel.core_pattern", "change the host" },
		{ "kernel/core_pattern", "change the host" },
		{ "kernel.shmmax/../core_pattern", "no sysctl name" },
		{ "kernel/../kernel/core_pattern", "no sysctl name" },
		{ "fs.mqueue/../../kernel/core_pattern", "" },
		{ "/kernel/core_pattern", "no sysctl name" },
		{ "kernel..core_pattern", "no sysctl name" },
		{ "kernel.core_pattern.", "no sysctl name" },
		{ "kernel.core pattern", "no sysctl name" },
		{ "fs.mqueue", "change the host" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct result r = plan_linux(
			arena_printf(&arena,
				     "\"namespaces\":[{\"type\":\"uts\"},{\"type\":\"ipc\"}],"
				     "\"sysctl\":{\"%s\":\"1\"}",
				     rows[i].key));

		if (rows[i].refusal)
			expect_refusal(r, "/linux/sysctl", rows[i].refusal);
		else if (!CHECK_INT(r.status, 0))
			printf("# %s: %s\n", rows[i].key, r.err.text);
	}
	/* A name with dots in it is written with slashes between its parts. */
	CHECK_STR(plan_linux("\"namespaces\":[{\"type\":\"network\"}],"
			     "\"sysctl\":{\"net/ipv4/conf/eth0.1/rp_filter\":\"1\"}")
			  .plan->sysctl[0]
			  .key,
		  "net/ipv4/conf/eth0.1/rp_filter");
}

static void test_others(void)
{
	struct result r;

	expect_refusal(plan("\"hostname\":\"x\""), "/hostname", "needs a uts namespace");
	expect_refusal(plan("\"annotations\":{\"\":\"x\"}"), "/annotations", "empty");
	expect_refusal(plan("\"hooks\":{\"poststop\":[{\"path\":\"/x\"},{\"path\":\"rel\"}]}"),
		       "/hooks/poststop/1", "absolute");
	expect_refusal(plan_linux("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"),
		       "/linux/personality/flags", "");
	expect_refusal(plan_linux("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}"),
		       "/linux/memoryPolicy/nodes", "at least one node");
	expect_refusal(plan_linux("\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}"),
		       "/linux/memoryPolicy/nodes", "takes no nodes");

	r = plan(
		"\"hooks\":{\"prestart\":[{\"path\":\"/x\"},{\"path\":\"/y\",\"args\":[\"z\",\"1\"],"
		"\"timeout\":3}]}");
	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan->hooks[HOOK_PRESTART].n, 2);
	CHECK_STR(r.plan->hooks[HOOK_PRESTART].list[0].args[0], "/x");
	CHECK_STR(r.plan->hooks[HOOK_PRESTART].list[1].args[0], "z");
	CHECK_INT(r.plan->hooks[HOOK_PRESTART].list[1].timeout, 3);
	CHECK(plan("\"annotations\":{\"run.oci.keep_original_groups\":\"1\"}")
		      .plan->process.keep_groups);
	CHECK(!plan("\"annotations\":{\"run.oci.keep_original_groups\":\"0\"}")
		       .plan->process.keep_groups);
}

/* ND-02, ND-09 */
static void test_net_devices(void)
{
#define NET "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":"
	static const struct {
		const char *devices, *where, *text;
	} bad[] = {
		{ "{\"\":{}}", "/linux/netDevices", "empty" },
		{ "{\"sixteen-letters-\":{}}", "/linux/netDevices", "longer" },
		{ "{\"eth%d\":{}}", "/linux/netDevices", "\"%\"" },
		{ "{\"a\":{\"name\":\"\"}}", "/linux/netDevices/a/name", "is empty" },
		{ "{\"a\":{\"name\":\".\"}}", "/linux/netDevices/a/name", "is no name" },
		{ "{\"a\":{\"name\":\"..\"}}", "/linux/netDevices/a/name", "is no name" },
		{ "{\"a\":{\"name\":\"b/c\"}}", "/linux/netDevices/a/name", "slash" },
		{ "{\"a\":{\"name\":\"b\\tc\"}}", "/linux/netDevices/a/name", "space" },
		{ "{\"a\":{\"name\":\"b%\"}}", "/linux/netDevices/a/name", "%d" },
		{ "{\"a\":{\"name\":\"b%dc%d\"}}", "/linux/netDevices/a/name", "%d" },
		{ "{\"a\":{\"name\":\"b\"},\"b\":{}}", "/linux/netDevices/b", "both" },
	};
	struct result r = plan_linux(NET "{\"a\":{},\"fifteen-letters\":{\"name\":\"%d\"},"
					 "\"c\":{\"name\":\"%d\"}}");

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan->n_net_devices, 3);
	CHECK_STR(r.plan->net_devices[0].name, "a");
	CHECK_STR(r.plan->net_devices[1].host, "fifteen-letters");
	CHECK_STR(r.plan->net_devices[1].name, "%d");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refusal(plan_linux(arena_printf(&arena, NET "%s", bad[i].devices)),
			       bad[i].where, bad[i].text);
	expect_refusal(plan_linux("\"netDevices\":{\"a\":{}}"), "/linux/netDevices",
		       "needs a network namespace");
	CHECK_INT(plan_linux("\"netDevices\":{}").status, 0);
#undef NET
}

/* RDT-04 to RDT-09, RDT-11, RDT-13 */
static void test_rdt(void)
{
	static const struct {
		const char *members, *where, *text;
	} bad[] = {
		{ "\"closID\":\".\"", "/linux/intelRdt/closID", "\".\"" },
		{ "\"closID\":\"..\"", "/linux/intelRdt/closID", "\"..\"" },
		{ "\"closID\":\"a/b\"", "/linux/intelRdt/closID", "\"a/b\"" },
		{ "\"closID\":\"info\"", "/linux/intelRdt/closID", "\"info\"" },
		{ "\"closID\":\"mon_groups\"", "/linux/intelRdt/closID", "mon_groups" },
		{ "\"schemata\":[\"L3:0=f\",\"a\\nb\"]", "/linux/intelRdt/schemata/1", "one line" },
	};
	struct result r = plan_linux("\"intelRdt\":{\"memBwSchema\":\"MB:0=1\",\"schemata\":[\"a\","
				     "\"b\"],\"l3CacheSchema\":\"L3:0=f\",\"closID\":\"gold\","
				     "\"enableMonitoring\":true}");

	CHECK_INT(r.status, 0);
	CHECK(r.plan->rdt.set && r.plan->rdt.named);
	CHECK_STR(r.plan->rdt.group, "gold");
	CHECK_STR(r.plan->rdt.monitor, "gold/mon_groups/unit");
	CHECK_INT(r.plan->rdt.n_lines, 4);
	CHECK_STR(r.plan->rdt.lines[0], "L3:0=f");
	CHECK_STR(r.plan->rdt.lines[1], "MB:0=1");
	CHECK_STR(r.plan->rdt.lines[2], "a");
	CHECK_STR(r.plan->rdt.lines[3], "b");
	CHECK(!r.warnings.first);

	r = plan_linux("\"intelRdt\":{\"l3CacheSchema\":\"L2:0=f\",\"enableMBM\":true}");
	CHECK_INT(r.status, 0);
	CHECK(!r.plan->rdt.named && !r.plan->rdt.monitor);
	CHECK_STR(r.plan->rdt.group, "unit");
	CHECK_STR(r.warnings.first->where, "/linux/intelRdt/l3CacheSchema");
	CHECK_CONTAINS(r.warnings.first->next->text, "enableMonitoring");

	r = plan_linux("\"intelRdt\":{\"closID\":\"/\",\"enableMonitoring\":true}");
	CHECK_STR(r.plan->rdt.group, "");
	CHECK_STR(r.plan->rdt.monitor, "mon_groups/unit");
	CHECK(!plan_linux("\"namespaces\":[]").plan->rdt.set);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refusal(plan_linux(
				       arena_printf(&arena, "\"intelRdt\":{%s}", bad[i].members)),
			       bad[i].where, bad[i].text);
}

#define OWN_IDS                                                             \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]," \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"
#define USER_NAMESPACE(more) "\"namespaces\":[{\"type\":\"user\"}" more "]"

static struct result plan_user(const char *user, const char *members)
{
	return plan_text(arena_printf(&arena,
				      "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
				      "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{%s}},"
				      "\"linux\":{%s}}",
				      user, members));
}

/* UMAP-05, USER-04: what an ordinary user cannot have is refused before anything is done. */
static void test_ordinary_user(void)
{
	static const char *const other = USER_NAMESPACE("") "," OWN_IDS;
	struct result r;

	machine.euid = machine.egid = 1000;
	machine.permitted = 0;
	r = plan_user("\"uid\":0,\"gid\":0", other);
	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan->ns.maps.n_uid, 1);
	expect_refusal(plan_linux("\"namespaces\":[]"), "/linux/namespaces", "ordinary user");
	expect_refusal(plan(""), "/linux/namespaces", "ordinary user");
	expect_refusal(plan_linux(USER_NAMESPACE("")), "/linux/uidMappings", "needs id mappings");
	expect_refusal(plan_user("\"uid\":1,\"gid\":0", other), "/process/user/uid", "not mapped");
	expect_refusal(plan_user("\"uid\":0,\"gid\":1", other), "/process/user/gid", "not mapped");
	expect_refusal(plan_user("\"uid\":0,\"gid\":0,\"additionalGids\":[0]", other),
		       "/process/user/additionalGids", "denied");
	/* Whoever may map any id may set groups. */
	machine.permitted = (UINT64_C(2) << 40) - 1;
	CHECK_INT(plan_user("\"uid\":0,\"gid\":0,\"additionalGids\":[0]", other).status, 0);
	expect_refusal(plan_user("\"uid\":0,\"gid\":0,\"additionalGids\":[0,9]", other),
		       "/process/user/additionalGids/1", "not mapped");
	machine.euid = machine.egid = 0;
}

/* A user namespace without mappings takes the caller's own, extent by extent. */
static void test_own_maps(void)
{
	static const struct id_map own[] = { { 0, 1000, 1 }, { 1, 200000, 65536 } };
	struct result r = plan_linux(USER_NAMESPACE(""));

	CHECK_INT(r.plan->ns.maps.n_uid, 1);
	CHECK_INT(r.plan->ns.maps.uid[0].size, UINT32_MAX);
	machine.in_userns = true;
	machine.own_maps = (struct id_maps){ own, own, 2, 1 };
	r = plan_linux(USER_NAMESPACE(""));
	CHECK_INT(r.plan->ns.maps.n_uid, 2);
	CHECK_INT(r.plan->ns.maps.n_gid, 1);
	CHECK_INT(r.plan->ns.maps.uid[1].container, 1);
	CHECK_INT(r.plan->ns.maps.uid[1].host, 1);
	CHECK_INT(r.plan->ns.maps.uid[1].size, 65536);
	machine.in_userns = false;
	machine.own_maps = (struct id_maps){ 0 };
}

/* What shows a namespace of the host's can be had from the host; ids in options must be mapped. */
static void test_user_namespace_mounts(void)
{
#define MOUNTS(options)                                                             \
	"\"mounts\":[{\"destination\":\"/sys\",\"type\":\"sysfs\"},"                \
	"{\"destination\":\"/proc\",\"type\":\"proc\"},"                            \
	"{\"destination\":\"/mq\",\"type\":\"mqueue\"},"                            \
	"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":[" options "]}]," \
	"\"linux\":{" USER_NAMESPACE(",{\"type\":\"pid\"},{\"type\":\"mount\"}") "," OWN_IDS "}"
	struct result r = plan(MOUNTS("\"uid=0\""));

	CHECK_INT(r.status, 0);
	CHECK_STR(r.plan->fs.mounts[0].instead, "/sys");
	CHECK(!r.plan->fs.mounts[1].instead);
	CHECK_STR(r.plan->fs.mounts[2].instead, "/dev/mqueue");
	CHECK(!r.plan->fs.mounts[3].instead);
	CHECK(r.plan->fs.mounts[0].opened != r.plan->fs.mounts[2].opened);
	expect_refusal(plan(MOUNTS("\"uid=5\"")), "/mounts/3/options/0", "linux.uidMappings");
	expect_refusal(plan(MOUNTS("\"size=1m\",\"gid=5\"")), "/mounts/3/options/1",
		       "linux.gidMappings");
}

int main(void)
{
	test_version();
	test_namespaces();
	test_maps();
	test_time();
	test_sysctl();
	test_others();
	test_net_devices();
	test_rdt();
	test_ordinary_user();
	test_own_maps();
	test_user_namespace_mounts();
	arena_release(&arena);
	return check_done();
}
