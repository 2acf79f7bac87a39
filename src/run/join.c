/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces that exist already: opened and checked on the host, entered by the process they are for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

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
			    setns(fds[i], CLONE_NEWUSER) < 0) {
				error_sys(err, "setns to user namespace \"%s\"", ns->joins[i].path);
				return error_at(err, "/linux/namespaces/%u", ns->joins[i].index);
			}
	}
	return 0;
}
