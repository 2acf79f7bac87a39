/* SPDX-License-Identifier: Apache-2.0 */
/* spec: an example configuration to start from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "run/report.h"

#define STRINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define LIST(name, ...) \
	.name = STRINGS(__VA_ARGS__), .n_##name = ARRAY_SIZE(STRINGS(__VA_ARGS__)) - 1

#define SPEC_CAPS "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"

static const struct oci_capabilities capabilities = {
	LIST(bounding, SPEC_CAPS),
	LIST(effective, SPEC_CAPS),
	LIST(permitted, SPEC_CAPS),
};

static const struct oci_rlimit rlimit = {
	.type = "RLIMIT_NOFILE", .has_soft = true, .soft = 1024, .has_hard = true, .hard = 1024
};

static const struct oci_user root_user = { .has_uid = true, .has_gid = true };

static const struct oci_process process = {
	.has_terminal = true,
	.terminal = true,
	.user = &root_user,
	LIST(args, "sh"),
	LIST(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	     "TERM=xterm"),
	.cwd = "/",
	.capabilities = &capabilities,
	.rlimits = &rlimit,
	.n_rlimits = 1,
	.has_no_new_privileges = true,
	.no_new_privileges = true,
};

static const struct oci_root root = { .path = "rootfs", .has_readonly = true, .readonly = true };

/* The order of mounting; the sixth is /sys, which an ordinary user has to borrow from the host. */
#define MOUNT_SYS 5
static const struct oci_mount mounts[] = {
	{ .destination = "/proc", .type = "proc", .source = "proc" },
	{ .destination = "/dev",
	  .type = "tmpfs",
	  .source = "tmpfs",
	  LIST(options, "nosuid", "strictatime", "mode=755", "size=65536k") },
	{ .destination = "/dev/pts",
	  .type = "devpts",
	  .source = "devpts",
	  LIST(options, "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
	{ .destination = "/dev/shm",
	  .type = "tmpfs",
	  .source = "shm",
	  LIST(options, "nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	{ .destination = "/dev/mqueue",
	  .type = "mqueue",
	  .source = "mqueue",
	  LIST(options, "nosuid", "noexec", "nodev") },
	{ .destination = "/sys",
	  .type = "sysfs",
	  .source = "sysfs",
	  LIST(options, "nosuid", "noexec", "nodev", "ro") },
	{ .destination = "/sys/fs/cgroup",
	  .type = "cgroup",
	  .source = "cgroup",
	  LIST(options, "nosuid", "noexec", "nodev", "relatime", "ro") },
};

static const struct oci_mount host_sys = {
	.destination = "/sys",
	.type = "none",
	.source = "/sys",
	LIST(options, "rbind", "nosuid", "noexec", "nodev", "ro"),
};

static const struct oci_device_rule deny_all = { .has_allow = true, .access = "rwm" };
static const struct oci_resources resources = { .devices = &deny_all, .n_devices = 1 };

static const struct oci_linux linux_part = {
	LIST(masked_paths, "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
	     "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	     "/sys/firmware", "/proc/scsi"),
	LIST(readonly_paths, "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
	     "/proc/sysrq-trigger"),
};

/* Whether /sys/fs/cgroup is the unified hierarchy, where a container gets a cgroup namespace. */
static bool host_is_unified(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

static size_t fill_namespaces(struct oci_namespace *list, bool rootless)
{
	static const char *const types[] = { "pid", "network", "ipc", "uts", "mount" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!rootless || !str_eq(types[i], "network"))
			list[n++].type = types[i];
	if (host_is_unified())
		list[n++].type = "cgroup";
	if (rootless)
		list[n++].type = "user";
	return n;
}

/* Ids of groups and users other than the caller's own do not exist in an ordinary user's container. */
static const struct oci_mount *rootless_mounts(struct arena *a)
{
	struct oci_mount *list = arena_new_n(a, struct oci_mount, ARRAY_SIZE(mounts));

	memcpy(list, mounts, sizeof(mounts));
	list[MOUNT_SYS] = host_sys;
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const char **kept = arena_new_n(a, const char *, list[i].n_options + 1);
		size_t n = 0;

		for (size_t j = 0; j < list[i].n_options; j++)
			if (!str_starts(list[i].options[j], "uid=") &&
			    !str_starts(list[i].options[j], "gid="))
				kept[n++] = list[i].options[j];
		if (list[i].options)
			list[i].options = kept;
		list[i].n_options = n;
	}
	return list;
}

static const char *example(struct arena *a, bool rootless)
{
	struct oci_id_mapping uid = { .has_container_id = true,
				      .has_host_id = true,
				      .host_id = geteuid(),
				      .has_size = true,
				      .size = 1 };
	struct oci_id_mapping gid = uid;
	struct oci_namespace namespaces[8] = { 0 };
	struct oci_linux os = linux_part;
	struct oci_config config = { .oci_version = SPEC_VERSION,
				     .process = &process,
				     .root = &root,
				     .hostname = "teu",
				     .mounts = mounts,
				     .n_mounts = ARRAY_SIZE(mounts),
				     .linux_ = &os };
	struct json_writer w;

	gid.host_id = getegid();
	os.namespaces = namespaces;
	os.n_namespaces = fill_namespaces(namespaces, rootless);
	if (rootless) {
		os.uid_mappings = &uid;
		os.gid_mappings = &gid;
		os.n_uid_mappings = os.n_gid_mappings = 1;
		config.mounts = rootless_mounts(a);
	} else {
		os.resources = &resources;
	}
	json_begin(&w, a, "\t");
	oci_config_write(&w, &config);
	json_raw(&w, "\n");
	return w.text;
}

static int spec(struct invocation *in, struct error *err)
{
	const char *file = in->set.file, *text;
	auto_fd int fd = -1;

	if (!file)
		file = in->set.bundle ? arena_printf(in->arena, "%s/config.json", in->set.bundle)
				      : "config.json";
	text = example(in->arena, in->set.spec_rootless);
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERR_EXISTS, PHRASE_SPEC_EXISTS, file);
	if (fd < 0)
		return error_sys(err, "open \"%s\"", file);
	if (fd_write_all(fd, text, strlen(text)) < 0)
		return error_sys(err, "write \"%s\"", file);
	return 0;
}

static const struct option spec_options[] = {
	OPTION(OPTION_VALUE, "bundle", 'b', bundle, "DIR", "write config.json into DIR"),
	OPTION(OPTION_VALUE, "file", 'f', file, "FILE", "write to FILE"),
	OPTION(OPTION_FLAG, "rootless", 0, spec_rootless, NULL, "an example for an ordinary user"),
};

const struct command command_spec = {
	.name = "spec",
	.args = "",
	.help = "Write an example config.json",
	.min_args = 0,
	.max_args = 0,
	.options = spec_options,
	.n_options = ARRAY_SIZE(spec_options),
	.run = spec,
};
