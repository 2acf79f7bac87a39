/* SPDX-License-Identifier: Apache-2.0 */
#include "run/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
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

/* Ubuntu's and Debian's switches. */
static bool explain_switches(struct error *err)
{
	uint64_t value;

	if (read_setting("kernel.unprivileged_userns_clone", &value) && value == 0)
		(void)error_hint(err, "kernel.unprivileged_userns_clone is 0, which forbids "
				      "ordinary users to make user namespaces");
	else if (read_setting("kernel.apparmor_restrict_unprivileged_userns", &value) && value)
		(void)error_hint(err,
				 "kernel.apparmor_restrict_unprivileged_userns is %ju, which takes "
				 "the power in a user namespace from programs without an AppArmor "
				 "profile that allows \"userns\"",
				 (uintmax_t)value);
	else
		return false;
	return true;
}

/* ENOSPC: too many of a kind, of this user in this user namespace or in one above. EUSERS is its older name. */
static void explain_counts(uint64_t flags, struct error *err)
{
	static const struct {
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
		(void)explain_switches(err);
}

void setting_explain_map(struct error *err)
{
	if (err->errnum == EPERM || err->errnum == EACCES)
		(void)explain_switches(err);
}
