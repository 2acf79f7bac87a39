/* SPDX-License-Identifier: Apache-2.0 */
#include "run/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "spec/names.h"
#include "sys/clone.h"
#include "sys/syscalls.h"

int join_open(const struct ns_plan *ns, int fds[8], struct error *err)
{
	for (size_t i = 0; i < ns->n_joins; i++) {
		const struct ns_join *join = &ns->joins[i];
		const struct ns_type *type = ns_type_of(join->flag);
		auto_fd int fd = open(join->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		int found;

		if (fd < 0) {
			error_sys(err, "open %s namespace \"%s\"", type->name, join->path);
			return error_at(err, "/linux/namespaces/%u", join->index);
		}
		found = ioctl(fd, NS_GET_NSTYPE);
		if (found != join->flag) {
			const struct ns_type *other = found > 0 ? ns_type_of(found) : NULL;

			error_set(err, ERR_CONFIG, "\"%s\" is no %s namespace but %s%s", join->path,
				  type->name, other ? "one of type " : "something else",
				  other ? other->name : "");
			return error_at(err, "/linux/namespaces/%u", join->index);
		}
		fds[i] = fd_take(&fd);
	}
	return 0;
}

static bool is_own_inode(const struct ns_type *type, const struct stat *other)
{
	struct stat own;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", type->file);
	return stat(path, &own) < 0 || (own.st_dev == other->st_dev && own.st_ino == other->st_ino);
}

static bool is_own(const struct ns_type *type, int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || is_own_inode(type, &st);
}

int join_check_own(const struct plan *plan, const int fds[8], struct error *err)
{
	const struct ns_plan *ns = &plan->ns;
	int own = 0;

	if (!plan->n_sysctl && !plan->hostname && !plan->domainname && !plan->n_net_devices)
		return 0;
	for (size_t i = 0; i < ns->n_joins; i++)
		if (is_own(ns_type_of(ns->joins[i].flag), fds[i]))
			own |= ns->joins[i].flag;
	if ((own & CLONE_NEWUTS) && (plan->hostname || plan->domainname))
		return error_config(
			err, plan->hostname ? "/hostname" : "/domainname",
			"the uts namespace that is joined is the runtime's own, the host "
			"would be renamed");
	if ((own & CLONE_NEWNET) && plan->n_net_devices)
		return error_config(err, "/linux/netDevices",
				    "the network namespace that is joined is the runtime's own, "
				    "there is nowhere to move a device");
	for (size_t i = 0; i < plan->n_sysctl; i++)
		if (plan_sysctl_refusal(plan->sysctl[i].key, ns->listed & ~own))
			return error_config(err, "/linux/sysctl",
					    "sysctl \"%s\": the namespace that is joined is the "
					    "runtime's own, the host would change",
					    plan->sysctl[i].key);
	return 0;
}

/*
 * Enters those of the joined namespaces whose type is in `flags`. A namespace that is older than a joined user namespace
 * belongs to our own one, so everything is tried before the user namespace, and what was refused again after it.
 */
int join_namespaces(const struct ns_plan *ns, const int fds[8], int flags, struct error *err)
{
	bool done[8] = { false };

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ns->n_joins; i++) {
			int flag = ns->joins[i].flag;

			if (done[i] || fds[i] < 0 || !(flags & flag) || flag == CLONE_NEWUSER)
				continue;
			if (setns(fds[i], flag) == 0) {
				done[i] = true;
			} else if (round == 1 || errno != EPERM || !(flags & CLONE_NEWUSER)) {
				error_sys(err, "setns to %s namespace \"%s\"",
					  ns_type_of(flag)->name, ns->joins[i].path);
				return error_at(err, "/linux/namespaces/%u", ns->joins[i].index);
			}
		}
		for (size_t i = 0; i < ns->n_joins && round == 0; i++)
			if (ns->joins[i].flag == CLONE_NEWUSER && (flags & CLONE_NEWUSER) &&
			    fds[i] >= 0 && setns(fds[i], CLONE_NEWUSER) < 0) {
				error_sys(err, "setns to user namespace \"%s\"", ns->joins[i].path);
				return error_at(err, "/linux/namespaces/%u", ns->joins[i].index);
			}
	}
	return 0;
}

int join_needed(pid_t pid, int flags)
{
	struct stat st;
	char path[40];

	if (!(flags & CLONE_NEWUSER))
		return flags;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat(path, &st) == 0 && is_own_inode(ns_type_of(CLONE_NEWUSER), &st)
		       ? flags & ~CLONE_NEWUSER
		       : flags;
}

/* Some may belong to a user namespace above the container's, and kernels before 5.8 take no pidfd. */
static int join_one_by_one(pid_t pid, int pidfd, int flags, struct error *err)
{
	struct ns_plan ns = { 0 };
	int fds[8], result = 0;
	char paths[NS_TYPES][40];

	for (size_t i = 0; i < NS_TYPES; i++) {
		if (!(flags & ns_types[i].flag))
			continue;
		snprintf(paths[i], sizeof(paths[i]), "/proc/%d/ns/%s", (int)pid, ns_types[i].file);
		ns.joins[ns.n_joins++] = (struct ns_join){ ns_types[i].flag, paths[i], 0 };
	}
	for (size_t i = 0; i < 8; i++)
		fds[i] = -1;
	for (size_t i = 0; result == 0 && i < ns.n_joins; i++) {
		fds[i] = open(ns.joins[i].path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			result = error_sys(err, "open \"%s\"", ns.joins[i].path);
	}
	/* The number may be another process's by now. */
	if (result == 0 && process_kill(pidfd, 0) < 0)
		result = error_sys(err, "the container's init");
	if (result == 0)
		result = join_namespaces(&ns, fds, ~0, err);
	for (size_t i = 0; i < 8; i++)
		fd_close(&fds[i]);
	if (result)
		/* The place of a configuration is not meant. */
		err->where[0] = '\0';
	return result;
}

int join_process(pid_t pid, int pidfd, int flags, struct error *err)
{
	if (!flags || setns(pidfd, flags) == 0)
		return 0;
	if (errno == ESRCH)
		return error_sys(err, "setns to the namespaces of process %d", (int)pid);
	return join_one_by_one(pid, pidfd, flags, err);
}
