/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles and labels of a configuration, on hosts that have them and on others. SEC-7, AA-02, SEL-01, MLAB-01. */
#include "plan/labels.h"

#include <sched.h>

#include "check.h"
#include "oci_spec.h"
#include "plan/plan.h"

static struct arena arena;
static const struct host plain = { .cwd = "/" };
static const struct host labelled = { .cwd = "/", .apparmor = true, .selinux = true };
static const struct host nested = { .cwd = "/", .apparmor = true, .in_userns = true };

#define LABEL "system_u:object_r:container_file_t:s0:c1,c2"

static const struct process_plan *plan_one(const char *member, const struct host *host,
					   struct error *err)
{
	struct process_plan *ret = arena_new(&arena, struct process_plan);
	struct plan_warnings warnings = { .arena = &arena };
	struct oci_warnings unknown = { 0 };
	const struct oci_process *process;
	const char *text = arena_printf(&arena, "{\"cwd\":\"/\",\"args\":[\"sh\"],%s}", member);

	*err = (struct error){ 0 };
	if (oci_process_parse(text, strlen(text), &arena, &process, &unknown, err) ||
	    plan_process(process, "/process", host, &arena, &warnings, ret, err))
		return NULL;
	return ret;
}

static void test_process(void)
{
	static const struct {
		const char *member;
		const struct host *host;
		const char *apparmor, *selinux, *where, *text;
		bool stack;
	} rows[] = {
		{ "\"apparmorProfile\":\"p\"", &labelled, "p" },
		{ "\"apparmorProfile\":\"p\"", &nested, "p", .stack = true },
		{ "\"apparmorProfile\":\"p q\"", &labelled, "p q" },
		{ "\"apparmorProfile\":\"unconfined\"", &labelled, "unconfined" },
		/* Without AppArmor this is what there is. */
		{ "\"apparmorProfile\":\"unconfined\"", &plain },
		{ "\"apparmorProfile\":\"\"", &plain },
		{ "\"selinuxLabel\":\"\"", &plain },
		{ "\"selinuxLabel\":\"u:r:t:s0:c1,c2\"", &labelled, NULL, "u:r:t:s0:c1,c2" },
		{ "\"apparmorProfile\":\"p\"", &plain, .where = "/process/apparmorProfile",
		  .text = "AppArmor profile \"p\" is asked for, but AppArmor is not enabled" },
		{ "\"apparmorProfile\":\"unconfined_foo\"", &plain,
		  .where = "/process/apparmorProfile", .text = "not enabled" },
		{ "\"apparmorProfile\":\"p\\nexec q\"", &labelled,
		  .where = "/process/apparmorProfile", .text = "no profile name" },
		{ "\"apparmorProfile\":\" p\"", &labelled, .where = "/process/apparmorProfile",
		  .text = "no profile name" },
		{ "\"selinuxLabel\":\"u:r:t:s0\"", &plain, .where = "/process/selinuxLabel",
		  .text = "selinux label is specified in config, but selinux is disabled or not "
			  "supported" },
		{ "\"selinuxLabel\":\"u:r:t:s0\\n\"", &labelled, .where = "/process/selinuxLabel",
		  .text = "control byte" },
		{ "\"selinuxLabel\":\"u:r:t :s0\"", &labelled, .where = "/process/selinuxLabel",
		  .text = "blank" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err;
		const struct process_plan *p = plan_one(rows[i].member, rows[i].host, &err);

		CHECK_INT(p == NULL, rows[i].where != NULL);
		if (p) {
			CHECK_STR(p->apparmor, rows[i].apparmor);
			CHECK_STR(p->selinux, rows[i].selinux);
			CHECK_INT(p->apparmor_stack, rows[i].stack);
		} else if (rows[i].where) {
			CHECK_STR(err.where, rows[i].where);
			CHECK_CONTAINS(err.text, rows[i].text);
		}
	}
}

/* A configuration with one mount, which is a tmpfs unless MOUNT says otherwise. */
static bool plan_mount(const char *mount, const char *more, const struct host *host,
		       struct fs_plan *ret, struct error *err)
{
	static const struct ns_plan ns = { .fresh = CLONE_NEWNS, .listed = CLONE_NEWNS };
	const struct plan_options options = { .id = "x", .bundle = "/bundle" };
	struct plan_warnings warnings = { .arena = &arena };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	const char *text = arena_printf(&arena,
					"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
					"\"mounts\":[{\"destination\":\"/m\",%s}]%s}",
					mount, more);

	*err = (struct error){ 0 };
	return oci_config_parse(text, strlen(text), &arena, &config, &unknown, err) == 0 &&
	       plan_mounts(config, &options, host, &ns, &arena, &warnings, ret, err) == 0;
}

#define MOUNT_LABEL ",\"linux\":{\"mountLabel\":\"" LABEL "\"}"

static const char *label_of(const struct fs_plan *fs)
{
	const struct fs_mount *m = &fs->mounts[0];
	const struct fs_option *last;

	if (m->root_label)
		return arena_printf(&arena, "root %s", m->root_label);
	if (!m->n_options)
		return "";
	last = &m->options[m->n_options - 1];
	return label_is_option(last->key)
		       ? arena_printf(&arena, "%s%s=%s",
				      last->index == FS_MOUNT_LABEL ? "" : "own ", last->key,
				      last->value)
		       : "";
}

static void test_mounts(void)
{
	static const struct {
		const char *mount, *more, *want;
	} rows[] = {
		{ "\"type\":\"tmpfs\"", MOUNT_LABEL, "context=" LABEL },
		{ "\"type\":\"tmpfs\",\"options\":[\"size=1k\",\"ro\"]", MOUNT_LABEL,
		  "context=" LABEL },
		{ "\"type\":\"devpts\"", MOUNT_LABEL, "context=" LABEL },
		{ "\"type\":\"overlay\"", MOUNT_LABEL, "context=" LABEL },
		{ "\"type\":\"mqueue\"", MOUNT_LABEL, "root " LABEL },
		{ "\"type\":\"proc\"", MOUNT_LABEL, "" },
		{ "\"type\":\"sysfs\"", MOUNT_LABEL, "" },
		{ "\"type\":\"cgroup\"", MOUNT_LABEL, "" },
		{ "\"type\":\"tmpfs\"", ",\"linux\":{\"mountLabel\":\"\"}", "" },
		{ "\"source\":\"/s\",\"options\":[\"bind\"]", MOUNT_LABEL, "" },
		{ "\"options\":[\"remount\",\"size=1k\"]", MOUNT_LABEL, "" },
		{ "\"type\":\"tmpfs\"",
		  MOUNT_LABEL ",\"annotations\":{\"run.oci.mount_context_type\":\"rootcontext\"}",
		  "rootcontext=" LABEL },
		/* A label of the mount's own is kept, without the quotes of mount(8). */
		{ "\"type\":\"tmpfs\",\"options\":[\"context=\\\"u:object_r:t:s0:c3,c4\\\"\"]",
		  MOUNT_LABEL, "own context=u:object_r:t:s0:c3,c4" },
		{ "\"type\":\"tmpfs\",\"options\":[\"context=u:object_r:t:s0\"]", "",
		  "own context=u:object_r:t:s0" },
	};
	struct fs_plan fs;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (plan_mount(rows[i].mount, rows[i].more, &labelled, &fs, &err))
			CHECK_STR(label_of(&fs), rows[i].want);
		else
			CHECK_STR(err.text, "");
}

static void test_refusals(void)
{
	struct fs_plan fs;
	struct error err;

	CHECK(!plan_mount("\"type\":\"tmpfs\"", MOUNT_LABEL, &plain, &fs, &err));
	CHECK_STR(err.where, "/linux/mountLabel");
	CHECK_CONTAINS(err.text, "selinux is disabled");
	CHECK(!plan_mount("\"type\":\"tmpfs\"", ",\"linux\":{\"mountLabel\":\"a:b:c\\\",exec\"}",
			  &labelled, &fs, &err));
	CHECK_STR(err.where, "/linux/mountLabel");
	CHECK_CONTAINS(err.text, "quote");
	CHECK(!plan_mount("\"type\":\"tmpfs\"",
			  ",\"annotations\":{\"run.oci.mount_context_type\":\"exec\"}", &labelled,
			  &fs, &err));
	CHECK_CONTAINS(err.where, "mount_context_type");
}

int main(void)
{
	test_process();
	test_mounts();
	test_refusals();
	arena_release(&arena);
	return check_done();
}
