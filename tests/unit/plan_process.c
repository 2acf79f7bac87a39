/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "check.h"
#include "oci_spec.h"
#include "plan/plan.h"

static struct arena arena;

static const struct host machine = {
	.last_capability = 40,
	.bounding = (UINT64_C(2) << 40) - 1,
	.permitted = (UINT64_C(2) << 40) - 1,
};

struct result {
	struct process_plan plan;
	struct error err;
	struct plan_warnings warnings;
	int status;
};

/* Plans a process given as JSON members beside args and cwd. */
static struct result plan(const char *members, const struct host *host)
{
	struct result r = { .warnings = { .arena = &arena } };
	const struct oci_process *process;
	struct oci_warnings unknown = { 0 };
	const char *text = arena_printf(&arena, "{%s}", members);

	r.status = oci_process_parse(text, strlen(text), &arena, &process, &unknown, &r.err);
	if (r.status == 0)
		r.status = plan_process(process, "/process", host ? host : &machine, &arena,
					&r.warnings, &r.plan, &r.err);
	return r;
}

#define BASE "\"cwd\":\"/\",\"args\":[\"sh\"],"

static void test_refusals(void)
{
	static const struct {
		const char *members, *where, *text;
	} rows[] = {
		{ "\"cwd\":\"/\",\"args\":[]", "/process/args", "args must not be empty" },
		{ "\"cwd\":\"\",\"args\":[\"sh\"]", "/process/cwd", "must not be empty" },
		{ "\"cwd\":\"rel\",\"args\":[\"sh\"]", "/process/cwd", "absolute path" },
		{ BASE "\"env\":[\"A=1\",\"NOEQ\"]", "/process/env/1", "missing '='" },
		{ BASE "\"env\":[\"=x\"]", "/process/env/0", "name cannot be empty" },
		{ BASE "\"user\":{\"uid\":4294967295,\"gid\":0}", "/process/user/uid",
		  "no user id" },
		{ BASE "\"user\":{\"uid\":0,\"gid\":4294967295}", "/process/user/gid",
		  "no group id" },
		{ BASE "\"user\":{\"uid\":0,\"gid\":0,\"umask\":512}", "/process/user/umask",
		  "511" },
		{ BASE "\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"soft\":1,\"hard\":1}]",
		  "/process/rlimits/0", "unknown rlimit" },
		{ BASE "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]",
		  "/process/rlimits/0", "above the hard limit" },
		{ BASE "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
		       "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]",
		  "/process/rlimits/1", "given twice" },
		{ BASE "\"scheduler\":{\"policy\":\"SCHED_ISO\"}", "/process/scheduler/policy",
		  "not supported by Linux" },
		{ BASE "\"scheduler\":{\"policy\":\"SCHED_FIFO\"}", "/process/scheduler/priority",
		  "does not go with" },
		{ BASE "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}",
		  "/process/scheduler/nice", "-20..19" },
		{ BASE "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"runtime\":1}",
		  "/process/scheduler", "SCHED_DEADLINE only" },
		{ BASE "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"flags\":[\"X\"]}",
		  "/scheduler/flags/0", "found string" },
		{ BASE "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}",
		  "/ioPriority/priority", "from 0 to 7" },
		{ BASE "\"execCPUAffinity\":{\"initial\":\"1-\"}",
		  "/process/execCPUAffinity/initial", "no list of CPUs" },
		{ BASE "\"oomScoreAdj\":1001", "/oomScoreAdj", "from -1000 to 1000" },
		{ BASE "\"terminal\":true,\"consoleSize\":{\"height\":70000,\"width\":1}",
		  "/process/consoleSize", "does not fit" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct result r = plan(rows[i].members, NULL);

		CHECK_INT(r.status, -1);
		if (r.status == 0) {
			printf("# accepted: %s\n", rows[i].members);
			continue;
		}
		CHECK_STR(r.err.where, rows[i].where);
		CHECK_CONTAINS(r.err.text, rows[i].text);
	}
}

static void test_environment(void)
{
	struct result r =
		plan(BASE "\"env\":[\"A=1\",\"B=2\",\"A=3\",\"HOME=\",\"AB=4\",\"E=\"]", NULL);

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan.n_env, 5);
	CHECK_STR(r.plan.env[0], "A=3");
	CHECK_STR(r.plan.env[1], "B=2");
	CHECK_STR(r.plan.env[3], "AB=4");
	CHECK(r.plan.env[5] == NULL);
	CHECK(!r.plan.has_home);
	CHECK(plan(BASE "\"env\":[\"HOME=/x\"]", NULL).plan.has_home);
	CHECK(!plan(BASE "\"env\":[\"HOME=/x\",\"HOME=\"]", NULL).plan.has_home);
}

static unsigned count(const struct plan_warnings *w)
{
	unsigned n = 0;

	for (const struct plan_warning *i = w->first; i; i = i->next)
		n++;
	return n;
}

static void test_capabilities(void)
{
	struct host poor = machine;
	struct result r;

	r = plan("\"cwd\":\"/\",\"args\":[\"sh\"]", NULL);
	for (int set = 0; set < CAP_SETS; set++)
		CHECK_INT(r.plan.caps[set], 0);

	r = plan(BASE "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_FOO\",\"CAP_KILL\"],"
		      "\"effective\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_CHOWN\",\"CAP_KILL\"]}",
		 NULL);
	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan.caps[CAP_SET_BOUNDING], 1 << 0 | 1 << 5);
	CHECK_INT(r.plan.caps[CAP_SET_EFFECTIVE], 1);
	CHECK_INT(r.plan.caps[CAP_SET_INHERITABLE], 0);
	CHECK_INT(r.plan.caps[CAP_SET_AMBIENT], 0);
	CHECK_INT(count(&r.warnings), 1);
	CHECK_STR(r.warnings.first->where, "/process/capabilities/bounding/1");

	/* Ambient without inheritable is left out, with a warning. */
	r = plan(BASE "\"capabilities\":{\"permitted\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]}",
		 NULL);
	CHECK_INT(r.plan.caps[CAP_SET_AMBIENT], 0);
	CHECK_INT(count(&r.warnings), 1);

	poor.bounding = poor.permitted = ~(UINT64_C(1) << 24) & machine.bounding;
	r = plan(BASE "\"capabilities\":{\"bounding\":[\"CAP_SYS_RESOURCE\"],"
		      "\"permitted\":[\"CAP_SYS_RESOURCE\"],\"effective\":[\"CAP_SYS_RESOURCE\"]}",
		 &poor);
	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan.caps[CAP_SET_BOUNDING], 0);
	CHECK_INT(r.plan.caps[CAP_SET_EFFECTIVE], 0);
	CHECK_INT(count(&r.warnings), 2);
}

static void test_values(void)
{
	struct result r =
		plan(BASE "\"user\":{\"uid\":7,\"gid\":8,\"umask\":63,\"additionalGids\":[9,10]},"
			  "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,"
			  "\"hard\":18446744073709551615}],"
			  "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":5,"
			  "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]},"
			  "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":3},"
			  "\"oomScoreAdj\":0,\"noNewPrivileges\":true,"
			  "\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80}",
		     NULL);

	CHECK_INT(r.status, 0);
	CHECK_INT(r.plan.uid, 7);
	CHECK_INT(r.plan.gid, 8);
	CHECK_INT(r.plan.umask, 077);
	CHECK_INT(r.plan.n_groups, 2);
	CHECK(r.plan.rlimits[0].hard == UINT64_MAX);
	CHECK_INT(r.plan.sched.policy, 2);
	CHECK_INT(r.plan.sched.flags, 1);
	CHECK_INT(r.plan.ioprio, 3 << 13 | 3);
	CHECK(r.plan.has_oom_score_adj && r.plan.no_new_privileges && r.plan.terminal);
	CHECK_INT(r.plan.rows, 24);
	CHECK_INT(plan("\"cwd\":\"/\",\"args\":[\"sh\"]", NULL).plan.umask, 022);
	/* Without a terminal its size is not even looked at. */
	CHECK_INT(plan(BASE "\"consoleSize\":{\"height\":70000,\"width\":1}", NULL).status, 0);
}

static void test_lists(void)
{
	const unsigned long *words;
	unsigned long bits;

	CHECK_INT(plan_list_bits("0-3,7", &arena, &words, &bits), 0);
	CHECK_INT(words[0], 0x8f);
	CHECK_INT(bits, 8);
	CHECK_INT(plan_list_bits(" 64 , 65-66", &arena, &words, &bits), 0);
	CHECK_INT(words[1], 7);
	CHECK_INT(plan_list_bits("", &arena, &words, &bits), 0);
	CHECK_INT(bits, 0);
	CHECK_INT(plan_list_bits("3-1", &arena, &words, &bits), -1);
	CHECK_INT(plan_list_bits("a", &arena, &words, &bits), -1);
	CHECK_INT(plan_list_bits("-1", &arena, &words, &bits), -1);
	CHECK_INT(plan_list_bits("99999", &arena, &words, &bits), -1);
	CHECK_INT(plan_list_bits("1;2", &arena, &words, &bits), -1);
}

int main(void)
{
	test_refusals();
	test_environment();
	test_capabilities();
	test_values();
	test_lists();
	arena_release(&arena);
	return check_done();
}
