/* SPDX-License-Identifier: Apache-2.0 */
#include "run/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "spec/names.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* "kernel.x" is /proc/sys/kernel/x; false where there is no such setting, or no number in it. */
static bool read_setting(const char *name, uint64_t *ret)
{
	char path[96], text[32];
	auto_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return str_to_u64(text, ret);
}

#define SWITCH_DEBIAN "kernel.unprivileged_userns_clone"
#define SWITCH_UBUNTU "kernel.apparmor_restrict_unprivileged_userns"

/* Debian's and Ubuntu's switches: what they say, or NULL. */
static const char *switched_off(bool *ret_surely, char *text, size_t size)
{
	uint64_t value;

	*ret_surely = read_setting(SWITCH_DEBIAN, &value) && value == 0;
	if (*ret_surely)
		snprintf(text, size,
			 SWITCH_DEBIAN
			 " is 0, which forbids ordinary users to make user namespaces");
	else if (read_setting(SWITCH_UBUNTU, &value) && value)
		snprintf(text, size,
			 SWITCH_UBUNTU " is %ju, which takes the power in a user namespace from "
				       "programs without an AppArmor profile that allows "
				       "\"userns\"",
			 (uintmax_t)value);
	else
		return NULL;
	return text;
}

static void explain_switches(struct error *err)
{
	char text[256];
	bool surely;

	if (switched_off(&surely, text, sizeof(text)))
		(void)error_hint(err, "%s", text);
}

/* How many there may be of a kind, of this user in this user namespace; others ration those above. */
static const struct count {
	uint64_t flag;
	const char *name;
} counts[] = {
	{ CLONE_NEWUSER, "user.max_user_namespaces" },
	{ CLONE_NEWPID, "user.max_pid_namespaces" },
	{ CLONE_NEWNET, "user.max_net_namespaces" },
	{ CLONE_NEWNS, "user.max_mnt_namespaces" },
	{ CLONE_NEWIPC, "user.max_ipc_namespaces" },
	{ CLONE_NEWUTS, "user.max_uts_namespaces" },
	{ CLONE_NEWCGROUP, "user.max_cgroup_namespaces" },
	{ CLONE_NEWTIME, "user.max_time_namespaces" },
};

/* ENOSPC: too many of a kind. EUSERS is its older name. */
static void explain_counts(uint64_t flags, struct error *err)
{
	char text[256] = "";
	size_t used = 0;
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (flags & counts[i].flag && read_setting(counts[i].name, &value))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s is %ju",
						 used ? ", " : "", counts[i].name,
						 (uintmax_t)value);
	if (used)
		(void)error_hint(err, "%s%s", text,
				 flags & CLONE_NEWUSER ? "; user namespaces nest at most 32 deep"
						       : "");
}

void setting_explain_namespaces(uint64_t flags, struct error *err)
{
	if (err->errnum == ENOSPC || err->errnum == EUSERS)
		explain_counts(flags, err);
	else if ((err->errnum == EPERM || err->errnum == EACCES) && flags & CLONE_NEWUSER)
		explain_switches(err);
}

void setting_explain_map(struct error *err)
{
	if (err->errnum == EPERM || err->errnum == EACCES)
		explain_switches(err);
}

void setting_check(uint64_t flags, bool is_ordinary, struct findings *f)
{
	static const char where[] = "/linux/namespaces";
	struct error err;
	char text[256];
	uint64_t value;
	bool surely;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (!(flags & counts[i].flag) || !read_setting(counts[i].name, &value) || value)
			continue;
		error_config(&err, where, "%s is 0, so that none can be made", counts[i].name);
		findings_add(f, &err);
	}
	if (!(flags & CLONE_NEWUSER) || !is_ordinary || !switched_off(&surely, text, sizeof(text)))
		return;
	if (!surely) {
		findings_warn(f, where, "%s", text);
		return;
	}
	error_config(&err, where, "%s", text);
	findings_add(f, &err);
}
