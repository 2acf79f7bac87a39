/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init's side of a start, in order: child_main().
 *
 * The process is born in its new namespaces with everything decided and every host file it needs open. Until the pivot it
 * sees the host's tree, from there on the container's, and nothing of the image is trusted at any time. Whatever fails is
 * told through the channel; behind the gate, when the runtime that made us is gone, through the gate's answer.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "run/become.h"
#include "run/credentials.h"
#include "run/hooks.h"
#include "run/launch.h"
#include "run/limits.h"
#include "run/report.h"
#include "run/setting.h"
#include "sys/netlink.h"
#include "sys/proc.h"
#include "sys/selfexe.h"
#include "sys/syscalls.h"

static int be_born(struct launch *l, struct error *err)
{
	const struct plan *plan = l->plan;

	/* What hides itself belongs to root, and so do its files. */
	if (plan->process.exists && limits_are_own(plan, l->host) &&
	    limits_score_self(&plan->process, "/process", err))
		return -1;
	/*
	 * In a pid namespace that others live in they could reach into us. In a new user namespace hiding would take our own
	 * /proc files from us, and nobody is there yet. A runtime that died before this is seen by its pidfd, when we wait for
	 * GO.
	 */
	return become_session(l->host, !(plan->ns.fresh & CLONE_NEWUSER), "teu: init", err) ||
			       selfexe_exchange(err)
		       ? -1
		       : 0;
}

/*
 * A time namespace takes offsets only until somebody is in it. Making one puts our children into it, not us, but we may join
 * what we have made.
 */
static int enter_time(const struct ns_plan *ns, struct error *err)
{
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int fd = -1;
	char text[160] = "";
	size_t n = 0;

	if (!(ns->fresh & CLONE_NEWTIME))
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return error_sys(err, "unshare the time namespace");
	if (proc_open(&proc, PROC_PIDS, err))
		return -1;
	for (size_t i = 0; i < ns->n_offsets; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %jd %u\n",
				      ns->offsets[i].clock, (intmax_t)ns->offsets[i].secs,
				      ns->offsets[i].nanosecs);
	if (n && proc_write(&proc, "self/timens_offsets", text, err))
		return error_at(err, "/linux/timeOffsets");
	fd = proc_follow(&proc, "self/ns/time_for_children", O_RDONLY, err);
	if (fd < 0)
		return -1;
	return setns(fd, CLONE_NEWTIME) < 0 ? error_sys(err, "setns to the new time namespace") : 0;
}

/* What needs nothing of the parent, which is making cgroups and opening sources meanwhile. */
static int enter_namespaces(struct launch *l, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;
	int own = ns->fresh & (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) &
		  ~launch_birth_flags(l->plan);

	/* In a user namespace of its own the parent does so. */
	if (!(ns->fresh & CLONE_NEWUSER) && rlimits_raise(&l->plan->process, "/process", 0, err))
		return -1;
	if (join_namespaces(ns, l->join_fds, ~CLONE_NEWPID, err))
		return -1;
	if (own && unshare(own) < 0) {
		error_sys(err, "unshare namespaces (flags %#x)", (unsigned)own);
		setting_explain_namespaces((uint64_t)own, err);
		return -1;
	}
	if (l->plan->loopback && loopback_up(err))
		return -1;
	return enter_time(ns, err);
}

/* GO: what the parent has made is ours from here on, and what is the runtime's own leaves us. */
static int take_over(struct launch *l, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;

	if (channel_expect(&l->child, MSG_GO, 0, NULL, err))
		return -1;
	if (unshare(CLONE_FILES) < 0)
		return error_sys(err, "unshare the table of descriptors");
	if (l->ahead && channel_send(&l->child, MSG_APART, 0, err))
		return -1;
	/* The lock on the state must not outlive the runtime. */
	state_close(&l->state);
	fd_close(&l->parent.fd);
	fd_close(&l->console_peer);
	fd_close(&l->own_pidfd);
	l->child.peer_pidfd = -1;
	cgroup_take_joins(l->cgroup, &l->handover->joins);
	sources_take(&l->sources, l->handover->sources);
	if (cgroup_attach_self(l->cgroup, err) || become_root(ns, err))
		return -1;
	/* It begins where we are now. */
	if (ns->fresh & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return error_sys(err, "unshare the cgroup namespace");
	return cgroup_attach_leaf(l->cgroup, err);
}

static int set_names(const struct plan *plan, struct error *err)
{
	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0) {
		error_sys(err, "sethostname \"%s\"", plan->hostname);
		return error_at(err, "/hostname");
	}
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0) {
		error_sys(err, "setdomainname \"%s\"", plan->domainname);
		return error_at(err, "/domainname");
	}
	return 0;
}

/* In a user namespace the kernel gives no procfs any more when the host's tree is left, unless the container has one. */
static int open_sysctls(const struct plan *plan, struct proc *ret, struct error *err)
{
	return plan->n_sysctl ? proc_open(ret, PROC_ALL, err) : 0;
}

static int set_sysctls(const struct plan *plan, struct proc *proc, struct error *err)
{
	for (size_t i = 0; i < plan->n_sysctl; i++) {
		char path[512];

		snprintf(path, sizeof(path), "sys/%s", plan->sysctl[i].key);
		if (proc_write(proc, path, plan->sysctl[i].value, err)) {
			error_in(err, "sysctl \"%s\"", plan->sysctl[i].key);
			return error_at(err, "/linux/sysctl");
		}
	}
	proc_close(proc);
	return 0;
}

/* The hooks of the container's namespaces see their own pid for it. */
static int container_hooks(const struct launch *l, enum hook_kind kind, const char *status,
			   const char *cwd, struct error *err)
{
	const struct hooks *hooks = &l->plan->hooks[kind];
	struct hook_run run = { .kind = kind, .cwd = cwd };

	if (!hooks->n)
		return 0;
	run.state = report_hook_state(l->plan, status, getpid(), l->arena);
	/* A program of the image learns nothing of the runtime's environment. */
	if (kind == HOOK_START_CONTAINER)
		run.env = l->plan->process.env;
	run.output = l->plan->hooks_stdout;
	run.errors = l->plan->hooks_stderr;
	return hooks_run(hooks, &run, err);
}

static int runtime_hooks_turn(const struct launch *l, struct error *err)
{
	if (!l->plan->hooks[HOOK_PRESTART].n && !l->plan->hooks[HOOK_CREATE_RUNTIME].n)
		return 0;
	if (channel_send(&l->child, MSG_MOUNTED, 0, err))
		return -1;
	return channel_expect(&l->child, MSG_HOOKED, 0, NULL, err);
}

/* Between here and the gate: everything but the program. */
static int become_container(struct launch *l, const char **ret_program, struct error *err)
{
	const struct plan *plan = l->plan;
	const struct process_plan *p = &plan->process;
	struct credentials credentials = { .process = p,
					   .seccomp = plan->seccomp,
					   .keyring = plan->keyring,
					   .last_capability = l->host->last_capability,
					   .where = "/process" };
	auto_proc struct proc sysctls = { .fd = -1 };
	int keep[] = { l->gate.fd, l->gate.answer, l->child.fd, l->relay };
	size_t n_keep = ARRAY_SIZE(keep) - (l->relay < 0);

	if (phase_enter(&l->child, PHASE_JOIN, err) || be_born(l, err) ||
	    enter_namespaces(l, err) || set_names(plan, err))
		return -1;
	if (phase_enter(&l->child, PHASE_ATTACH, err) || take_over(l, err))
		return -1;
	if (phase_enter(&l->child, PHASE_MOUNTS, err) ||
	    rootfs_build(&plan->fs, &l->sources, l->arena, err))
		return -1;
	/* The runtime may have been pinned, and has pinned us; neither hooks nor the container are to inherit that. */
	affinity_reset(0);
	if (runtime_hooks_turn(l, err))
		return -1;
	if (phase_enter(&l->child, PHASE_CONTAINER_HOOKS, err) ||
	    container_hooks(l, HOOK_CREATE_CONTAINER, "creating", plan->fs.rootfs, err))
		return -1;
	if (phase_enter(&l->child, PHASE_PIVOT, err) || open_sysctls(plan, &sysctls, err) ||
	    rootfs_enter(&plan->fs, &l->sources, err) ||
	    become_terminal(p, &plan->fs, l->console, err) || become_foreground(p, err) ||
	    set_sysctls(plan, &sysctls, err))
		return -1;
	/* Nothing is mounted after the masks. */
	if (phase_enter(&l->child, PHASE_FINISH, err) ||
	    rootfs_finish(&plan->fs, &l->sources, p->exists ? p->cwd : NULL, err))
		return -1;
	if (!p->exists)
		return prctl(PR_SET_PDEATHSIG, 0) < 0
			       ? error_sys(err, "prctl PR_SET_PDEATHSIG")
			       : become_enclosed(plan->preserve_fds, keep, n_keep, err);
	if (phase_enter(&l->child, PHASE_CREDENTIALS, err) ||
	    (limits_are_own(plan, l->host) && limits_schedule_self(p, "/process", err)) ||
	    become_user(&credentials, l->arena, ret_program, err) ||
	    become_enclosed(plan->preserve_fds, keep, n_keep, err))
		return -1;
	return become_confined(&credentials, err);
}

static bool notifies(const struct launch *l)
{
	return l->plan->process.exists && l->plan->seccomp && l->plan->seccomp->notify;
}

/*
 * READY. A filter that notifies is loaded here, so that its agent has it before the program runs. Other filters are loaded
 * when nothing is left but execve.
 */
static int be_ready(struct launch *l, struct error *err)
{
	if (!notifies(l))
		return channel_send(&l->child, MSG_READY, 0, err);
	/* Our memory belongs to the user namespace of the runtime, which may have no power there: it fetches the listener. */
	if (l->plan->ns.fresh & CLONE_NEWUSER && l->host->euid != 0 &&
	    prctl(PR_SET_DUMPABLE, 1) < 0)
		return error_sys(err, "prctl PR_SET_DUMPABLE");
	if (channel_send(&l->child, MSG_READY, 0, err))
		return -1;
	return become_filtered(l->plan->seccomp, &l->child, err);
}

/* From the gate on the runtime that made us is gone, and whoever opens the gate hears us. */
static int run_program(struct launch *l, const char *program, struct error *err)
{
	const struct process_plan *p = &l->plan->process;
	struct channel alone = { .fd = -1, .progress = l->child.progress };
	struct leap leap = { .relay = l->relay };

	if (!p->exists)
		return error_config(err, "/process", PHRASE_NO_PROCESS);
	if (phase_enter(&alone, PHASE_START_HOOKS, err))
		return -1;
	if (become_prepare(p, "/process", program, l->gate.answer, &leap, l->arena, err))
		return -1;
	if (!notifies(l) && become_filtered(l->plan->seccomp, &alone, err))
		return -1;
	if (container_hooks(l, HOOK_START_CONTAINER, "created", NULL, err))
		return -1;
	if (phase_enter(&alone, PHASE_EXEC, err))
		return -1;
	gate_pass(&l->gate, program);
	return become_program(p, "/process", program, &leap, err);
}

NORETURN void child_main(struct launch *l)
{
	const char *program = NULL;
	struct error err;

	if (become_container(l, &program, &err) || phase_enter(&l->child, PHASE_GATE, &err) ||
	    (!l->ahead && be_ready(l, &err))) {
		err.phase = (int)l->child.progress->child_phase;
		channel_fail(&l->child, &err);
		_exit(1);
	}
	/* A notifying filter may ask others whether a close is allowed; execve closes it all the same. */
	if (!notifies(l) && !l->ahead)
		fd_close(&l->child.fd);
	if (gate_wait(&l->gate, l->ahead ? &l->child : NULL, &err) || run_program(l, program, &err))
		gate_answer(&l->gate, &err);
	_exit(1);
}
