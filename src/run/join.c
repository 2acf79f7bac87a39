/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces that exist already: opened and checked on the host, entered by the process they are for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "run/launch.h"
#include "spec/names.h"
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

static bool is_own(const struct ns_type *type, int fd)
{
	struct stat own, other;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", type->file);
	return stat(path, &own) < 0 || fstat(fd, &other) < 0 ||
	       (own.st_dev == other.st_dev && own.st_ino == other.st_ino);
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
