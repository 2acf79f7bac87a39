/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "oci_spec.h"
#include "plan/plan.h"

static struct arena arena;

/* What differs between the containers: a capability in the bounding set, the object "linux". */
static const char *container_caps = "CAP_CHOWN", *container_linux = "";

static const struct host machine = {
	.last_capability = 40,
	.bounding = (UINT64_C(2) << 40) - 1,
	.permitted = (UINT64_C(2) << 40) - 1,
};

#define PROCESS                                                                                   \
	"\"process\":{\"cwd\":\"/c\",\"args\":[\"init\"],\"env\":[\"A=1\",\"B=2\"],"              \
	"\"terminal\":true,\"consoleSize\":{\"height\":3,\"width\":4},"                           \
	"\"user\":{\"uid\":5,\"gid\":6,\"umask\":63,\"additionalGids\":[7]},"                     \
	"\"capabilities\":{\"bounding\":[\"%s\",\"CAP_KILL\"],"                                   \
	"\"inheritable\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]},"                           \
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":2}],"                       \
	"\"noNewPrivileges\":true,\"oomScoreAdj\":11,\"scheduler\":{\"policy\":\"SCHED_BATCH\"}," \
	"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":3},"                          \
	"\"execCPUAffinity\":{\"initial\":\"1\",\"final\":\"2-3\"}}"

struct result {
	const struct plan *plan;
	struct error err;
	int status;
};

/* The plan of exec for the container of PROCESS and, where it is not NULL, a process file. */
static struct result plan(const char *file, struct process_options o)
{
	static const struct plan_options options = {
		.id = "c", .bundle = "/b", .preserve_fds = 2, .keyring = "k"
	};
	struct plan_warnings warnings = { .arena = &arena };
	struct oci_warnings unknown = { 0 };
	const char *text =
		arena_printf(&arena,
			     "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"}," PROCESS
			     ",\"linux\":{%s}}",
			     container_caps, container_linux);
	const struct oci_config *config;
	struct result r = { 0 };

	r.status = oci_config_parse(text, strlen(text), &arena, &config, &unknown, &r.err);
	if (r.status == 0 && file)
		r.status = oci_process_parse(file, strlen(file), &arena, &o.file, &unknown, &r.err);
	if (r.status == 0)
		r.status = plan_exec(config, &o, &options, &machine, &arena, &warnings, &r.plan,
				     &r.err);
	if (r.status)
		r.plan = NULL;
	return r;
}

static const char *const command[] = { "ls", "-l", NULL };
#define COMMAND .args = command, .n_args = 2

static void test_inherited(void)
{
	struct result r = plan(NULL, (struct process_options){ COMMAND });
	const struct process_plan *p = &r.plan->process;

	CHECK_INT(r.status, 0);
	CHECK_STR(p->args[0], "ls");
	CHECK_STR(p->args[1], "-l");
	CHECK(p->args[2] == NULL);
	CHECK_STR(p->cwd, "/c");
	CHECK_INT(p->n_env, 2);
	CHECK(!p->terminal);
	CHECK_INT(p->rows, 0);
	CHECK_INT(p->uid, 5);
	CHECK_INT(p->gid, 6);
	CHECK_INT(p->umask, 63);
	CHECK_INT(p->n_groups, 1);
	CHECK_INT(p->caps[CAP_SET_BOUNDING], 1 | 1 << 5);
	CHECK(p->no_new_privileges);
	CHECK_INT(p->n_rlimits, 1);
	CHECK_INT(p->oom_score_adj, 11);
	CHECK(p->sched.set && p->ioprio >= 0);
	CHECK_INT(p->affinity_initial.bits, 2);
	CHECK_INT(p->affinity_final.bits, 4);
	CHECK(!p->user_name && !p->group_name && !p->keep_gid);
	CHECK_STR(r.plan->keyring, "k");
	CHECK_INT(r.plan->preserve_fds, 2);
}

static void test_file(void)
{
	struct result r = plan("{\"cwd\":\"/f\",\"args\":[\"x\"],\"terminal\":true,"
			       "\"consoleSize\":{\"height\":8,\"width\":9}}",
			       (struct process_options){ 0 });
	const struct process_plan *p = &r.plan->process;

	/* What confines is inherited, what describes is the file's. */
	CHECK_INT(r.status, 0);
	CHECK_STR(p->cwd, "/f");
	CHECK_INT(p->n_env, 0);
	CHECK_INT(p->uid, 0);
	CHECK_INT(p->n_groups, 0);
	CHECK_INT(p->umask, 63);
	CHECK(p->terminal);
	CHECK_INT(p->rows, 8);
	CHECK_INT(p->caps[CAP_SET_BOUNDING], 1 | 1 << 5);
	CHECK(p->no_new_privileges);
	CHECK_INT(p->n_rlimits, 1);
	CHECK_INT(p->oom_score_adj, 11);
	CHECK(p->sched.set && p->ioprio >= 0 && p->affinity_final.bits);

	r = plan("{\"cwd\":\"/\",\"args\":[\"x\"],\"noNewPrivileges\":false,\"capabilities\":{},"
		 "\"oomScoreAdj\":0,\"user\":{\"uid\":1,\"gid\":2,\"umask\":1},"
		 "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0},"
		 "{\"type\":\"RLIMIT_CPU\",\"soft\":9,\"hard\":9}],"
		 "\"execCPUAffinity\":{\"final\":\"0\"}}",
		 (struct process_options){ .terminal = 1, .no_new_privileges = -1 });
	p = &r.plan->process;
	CHECK_INT(r.status, 0);
	CHECK(!p->no_new_privileges);
	CHECK_INT(p->caps[CAP_SET_BOUNDING], 0);
	CHECK_INT(p->oom_score_adj, 0);
	CHECK(p->has_oom_score_adj);
	CHECK_INT(p->umask, 1);
	CHECK_INT(p->n_rlimits, 2);
	CHECK_INT(p->affinity_initial.bits, 0);
	CHECK(p->terminal);
}

static void test_options(void)
{
	static const char *const env[] = { "C=3", "A=x" };
	static const char *const groups[] = { "8", "9" };
	static const char *const caps[] = { "CAP_KILL", "CAP_SETUID" };
	struct result r =
		plan(NULL, (struct process_options){ COMMAND, .env = env, .n_env = 2,
						     .groups = groups, .n_groups = 2, .caps = caps,
						     .n_caps = 2, .cwd = "/o", .user = "1000",
						     .terminal = 1, .no_new_privileges = -1 });
	const struct process_plan *p = &r.plan->process;

	CHECK_INT(r.status, 0);
	CHECK_STR(p->cwd, "/o");
	CHECK_INT(p->n_env, 3);
	CHECK_STR(p->env[0], "A=x");
	CHECK_STR(p->env[2], "C=3");
	CHECK_INT(p->uid, 1000);
	CHECK_INT(p->gid, 6);
	CHECK_INT(p->n_groups, 3);
	CHECK_INT(p->groups[2], 9);
	CHECK(p->terminal && !p->no_new_privileges);
	CHECK_INT(p->caps[CAP_SET_BOUNDING], 1 | 1 << 5 | 1 << 7);
	CHECK_INT(p->caps[CAP_SET_PERMITTED], 1 << 5 | 1 << 7);
	CHECK_INT(p->caps[CAP_SET_EFFECTIVE], 1 << 5 | 1 << 7);
	/* Only what was inheritable before is ambient, and nothing becomes inheritable. */
	CHECK_INT(p->caps[CAP_SET_INHERITABLE], 1 << 5);
	CHECK_INT(p->caps[CAP_SET_AMBIENT], 1 << 5);
}

static void test_users(void)
{
	static const struct {
		const char *text;
		uid_t uid;
		gid_t gid;
		const char *user, *group;
		bool keep_gid;
		size_t groups;
	} good[] = {
		{ "0", 0, 6, NULL, NULL, false, 1 },
		{ "1:2", 1, 2, NULL, NULL, true, 1 },
		{ "4294967294:4294967294", 4294967294, 4294967294, NULL, NULL, true, 1 },
		{ "007", 7, 6, NULL, NULL, false, 1 },
		{ "app", 5, 6, "app", NULL, false, 0 },
		{ "app:3", 5, 3, "app", NULL, true, 0 },
		{ "app:staff", 5, 6, "app", "staff", true, 0 },
		{ "4:staff", 4, 6, NULL, "staff", true, 1 },
		{ "_a.b-c$", 5, 6, "_a.b-c$", NULL, false, 0 },
	};
	static const char *const bad[] = {
		"",	 "-1",	 "4294967295", "4294967296", "18446744073709551616",
		"1x",	 "+1",	 " 1",	       "1 ",	     "0x1",
		"1e3",	 "1.0",	 "1:",	       ":1",	     ":",
		"1:2:3", "1:-1", "1:2x",       "a b",	     "a\n",
		"1\n",	 "app:", "/a",	       "a/b",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct result r =
			plan(NULL, (struct process_options){ COMMAND, .user = good[i].text });
		const struct process_plan *p = &r.plan->process;

		CHECK_INT(r.status, 0);
		if (r.status)
			continue;
		CHECK_INT(p->uid, good[i].uid);
		CHECK_INT(p->gid, good[i].gid);
		CHECK_STR(p->user_name, good[i].user);
		CHECK_STR(p->group_name, good[i].group);
		CHECK_INT(p->keep_gid, good[i].keep_gid);
		CHECK_INT(p->n_groups, good[i].groups);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct result r = plan(NULL, (struct process_options){ COMMAND, .user = bad[i] });

		CHECK_INT(r.status, -1);
		CHECK_CONTAINS(r.err.text, "of option --user");
	}
}

static void test_refusals(void)
{
	static const char *const env[] = { "NOEQ" }, *const no_name[] = { "=x" };
	static const char *const gid[] = { "-1" }, *const cap[] = { "CAP_NO" };
	static const struct {
		struct process_options options;
		const char *text;
	} rows[] = {
		{ { COMMAND, .env = env, .n_env = 1 }, "option --env" },
		{ { COMMAND, .env = no_name, .n_env = 1 }, "option --env" },
		{ { COMMAND, .groups = gid, .n_groups = 1 }, "option --additional-gids" },
		{ { COMMAND, .caps = cap, .n_caps = 1 }, "option --cap" },
		{ { COMMAND, .cwd = "relative" }, "Cwd must be an absolute path" },
		{ { 0 }, "args must not be empty" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct result r = plan(NULL, rows[i].options);

		CHECK_INT(r.status, -1);
		CHECK_CONTAINS(r.err.text, rows[i].text);
	}
	CHECK_INT(plan("{\"cwd\":\"/\",\"args\":[\"x\"]}", (struct process_options){ COMMAND })
			  .status,
		  -1);
}

/* Who in the container may trace the newcomer, and whether it may trace those after it. */
static void test_traceable(void)
{
	static const char *const caps[] = { "CAP_SYS_PTRACE" };
	struct result r = plan(NULL, (struct process_options){ COMMAND });

	CHECK(r.plan && !r.plan->traceable && !r.plan->traces);
	r = plan(NULL, (struct process_options){ COMMAND, .caps = caps, .n_caps = 1 });
	CHECK(r.plan && !r.plan->traceable && r.plan->traces);
	r = plan("{\"cwd\":\"/\",\"args\":[\"x\"],\"capabilities\":{\"bounding\":"
		 "[\"CAP_SYS_PTRACE\"]}}",
		 (struct process_options){ 0 });
	CHECK(r.plan && !r.plan->traceable && r.plan->traces);
	container_caps = "CAP_SYS_PTRACE";
	r = plan(NULL, (struct process_options){ COMMAND });
	CHECK(r.plan && r.plan->traceable);
	container_caps = "CAP_CHOWN";
	container_linux = "\"namespaces\":[{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}]";
	r = plan(NULL, (struct process_options){ COMMAND });
	CHECK(r.plan && r.plan->traceable);
	container_linux = "\"namespaces\":[{\"type\":\"pid\"}]";
	r = plan(NULL, (struct process_options){ COMMAND });
	CHECK(r.plan && !r.plan->traceable);
}

int main(void)
{
	test_inherited();
	test_file();
	test_options();
	test_users();
	test_refusals();
	test_traceable();
	arena_release(&arena);
	return check_done();
}
