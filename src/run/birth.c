/* SPDX-License-Identifier: Apache-2.0 */
/* The clone of init: launch_clone(). */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "run/launch.h"
#include "run/limits.h"
#include "run/setting.h"
#include "sys/clone.h"
#include "sys/selfexe.h"
#include "sys/syscalls.h"

/* How long joining the namespaces of others may take. */
#define STEP_SECONDS 240

int launch_birth_flags(const struct plan *plan)
{
	int flags = CLONE_NEWUSER | CLONE_NEWPID;

	/* Devices are moved into it before GO. */
	if (plan->n_net_devices)
		flags |= CLONE_NEWNET;
	return plan->ns.fresh & flags;
}

/* A pid namespace to be joined is set for our children and put back afterwards. */
static int join_pid(struct launch *l, int *ret_own, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;

	for (size_t i = 0; i < ns->n_joins; i++) {
		if (ns->joins[i].flag != CLONE_NEWPID)
			continue;
		*ret_own = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
		if (*ret_own < 0)
			return error_sys(err, "open our pid namespace");
		if (join_namespaces(ns, l->join_fds, CLONE_NEWPID, err))
			return -1;
		fd_close(&l->join_fds[i]);
	}
	return 0;
}

/*
 * Namespaces to join beside a user namespace to make can only be entered before it; new ones beside a user namespace to
 * join must be made inside it. And in a user namespace we may not be able to come back from a pid namespace that we have set
 * for our children. In all these cases a go-between enters what there is and makes init as its sibling, so that init is still
 * our child.
 */
static bool needs_go_between(const struct ns_plan *ns, const struct host *host)
{
	int joined = ns->listed & ~ns->fresh;

	if (joined & CLONE_NEWPID && host->in_userns)
		return true;
	if (ns->fresh & CLONE_NEWUSER)
		return joined;
	return (joined & CLONE_NEWUSER) && (ns->fresh & ~(CLONE_NEWTIME | CLONE_NEWCGROUP));
}

static NORETURN void go_between(struct launch *l, uint64_t flags)
{
	struct error err;
	pid_t pid = -1;

	if (join_namespaces(&l->plan->ns, l->join_fds, ~0, &err) == 0)
		pid = process_clone_sibling(flags, -1, &err);
	if (pid == 0) {
		/* Entered already. They are the runtime's to close. */
		for (size_t i = 0; i < ARRAY_SIZE(l->join_fds); i++)
			l->join_fds[i] = -1;
		child_main(l);
	}
	if (pid < 0)
		channel_fail(&l->child, &err);
	else
		l->child.progress->pid = pid;
	_exit(pid < 0);
}

static int clone_through_go_between(struct launch *l, uint64_t flags, struct error *err)
{
	auto_fd int pidfd = -1;
	int status;
	pid_t pid = cgroup_clone(l->cgroup, CLONE_FILES, &pidfd, err);

	if (pid < 0)
		return -1;
	if (pid == 0)
		go_between(l, flags);
	if (process_wait(pidfd, deadline_in(STEP_SECONDS), &status) < 0)
		return error_sys(err, "wait for the process that joins namespaces");
	l->pid = l->child.progress->pid;
	if (!l->pid) {
		fd_close(&l->child.fd);
		return channel_reason(&l->parent, err);
	}
	l->pidfd = sys_pidfd_open(l->pid, 0);
	return l->pidfd < 0 ? error_sys(err, "pidfd_open of the container's init") : 0;
}

static int make_handover(struct launch *l, struct error *err)
{
	size_t size = sizeof(*l->handover) + sources_size(&l->sources);

	l->handover = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->handover == MAP_FAILED)
		return error_sys(err, "mmap of shared memory");
	l->own_pidfd = sys_pidfd_open(getpid(), 0);
	if (l->own_pidfd < 0)
		return error_sys(err, "pidfd_open of the runtime");
	l->child.peer_pidfd = l->own_pidfd;
	return 0;
}

int launch_clone(struct launch *l, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;
	uint64_t flags = (uint64_t)launch_birth_flags(l->plan) | CLONE_FILES;
	auto_fd int own_pid = -1;
	int result = 0;

	if (make_handover(l, err))
		return -1;
	/* In another's pid namespace we can be seen ourselves. */
	if (!(ns->fresh & CLONE_NEWPID) && selfexe_exchange(err))
		return -1;
	if (needs_go_between(ns, l->host)) {
		result = clone_through_go_between(l, flags, err);
	} else if (join_pid(l, &own_pid, err)) {
		result = -1;
	} else {
		l->pid = cgroup_clone(l->cgroup, flags, &l->pidfd, err);
		if (l->pid == 0)
			child_main(l);
		result = l->pid < 0 ? -1 : 0;
	}
	l->parent.peer_pidfd = l->pidfd;
	if (result)
		setting_explain_namespaces(flags, err);
	else
		affinity_part(l->pid);
	/* Later children of ours (hooks) live where we live. */
	if (own_pid >= 0 && setns(own_pid, CLONE_NEWPID) < 0)
		return result ? -1 : error_sys(err, "setns back to our own namespace");
	return result;
}
