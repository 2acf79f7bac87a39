/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init's side of a start, in order: child_main().
 *
 * The process is born in its new namespaces with everything decided and every host file it needs open. Until the pivot it
 * sees the host's tree, from there on the container's, and nothing of the image is trusted at any time. Whatever fails is
 * told through the channel; behind the gate, when the runtime that made us is gone, through the gate's answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <grp.h>

#include "base/fd.h"
#include "base/log.h"
#include "run/credentials.h"
#include "run/hooks.h"
#include "run/launch.h"
#include "run/limits.h"
#include "run/program.h"
#include "run/report.h"
#include "sys/clone.h"
#include "sys/file.h"
#include "sys/netlink.h"
#include "sys/proc.h"
#include "sys/syscalls.h"
#include "sys/tty.h"

/*
 * Nothing may be shared with whoever called the runtime but the standard descriptors: not its session, not its signal
 * mask, not its death (until we are ready, ours follows the runtime's).
 */
static int be_born(struct launch *l, struct error *err)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* A runtime that died before this is seen by its pidfd, when we wait for GO. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "prctl PR_SET_PDEATHSIG");
	/*
	 * In a pid namespace that others live in they could reach into us. In a new user namespace the flag would take our
	 * own /proc files from us, and nobody is there yet.
	 */
	if (!(l->plan->ns.fresh & CLONE_NEWUSER) && prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_sys(err, "prctl PR_SET_DUMPABLE");
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() < 0)
		return error_sys(err, "setsid");
	prctl(PR_SET_NAME, "teu: init");
	return 0;
}

/* The first id of a map: what a new user namespace can make us. */
static uint32_t first_id(const struct id_map *map, size_t n)
{
	uint32_t first = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		first = MIN(first, map[i].container);
	return first;
}

static int take_ids(const struct ns_plan *ns, struct error *err)
{
	bool fresh = ns->fresh & CLONE_NEWUSER;
	uid_t uid = fresh ? first_id(ns->maps.uid, ns->maps.n_uid) : 0;
	gid_t gid = fresh ? first_id(ns->maps.gid, ns->maps.n_gid) : 0;

	if (!(ns->listed & CLONE_NEWUSER))
		return 0;
	/* Groups of the host mean nothing here and may deny access; where they cannot be set they stay. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return error_sys(err, "setgroups in the user namespace");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_sys(err, "become user %u, group %u of the user namespace", uid, gid);
	return 0;
}

/* What needs nothing of the parent, which is making cgroups and opening sources meanwhile. */
static int enter_namespaces(struct launch *l, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;
	int own = ns->fresh & (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);

	/* In a user namespace of its own the parent does so. */
	if (!(ns->fresh & CLONE_NEWUSER) && rlimits_raise(&l->plan->process, "/process", 0, err))
		return -1;
	if (join_namespaces(ns, l->join_fds, ~CLONE_NEWPID, err))
		return -1;
	if (own && unshare(own) < 0)
		return error_sys(err, "unshare namespaces (flags %#x)", (unsigned)own);
	return l->plan->loopback ? loopback_up(err) : 0;
}

/* GO: what the parent has made is ours from here on, and what is the runtime's own leaves us. */
static int take_over(struct launch *l, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;

	if (channel_expect(&l->child, MSG_GO, 0, NULL, err))
		return -1;
	if (unshare(CLONE_FILES) < 0)
		return error_sys(err, "unshare the table of descriptors");
	/* The lock on the state must not outlive the runtime. */
	state_close(&l->state);
	fd_close(&l->parent.fd);
	fd_close(&l->console_peer);
	fd_close(&l->own_pidfd);
	l->child.peer_pidfd = -1;
	cgroup_take_joins(l->cgroup, l->handover->joins);
	sources_take(&l->sources, l->handover->sources);
	if (cgroup_attach_self(l->cgroup, err) || take_ids(ns, err))
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

static int set_sysctls(const struct plan *plan, struct error *err)
{
	auto_proc struct proc proc = { .fd = -1 };

	if (!plan->n_sysctl)
		return 0;
	if (proc_open(&proc, PROC_ALL, err))
		return -1;
	for (size_t i = 0; i < plan->n_sysctl; i++) {
		char path[512];

		snprintf(path, sizeof(path), "sys/%s", plan->sysctl[i].key);
		if (proc_write(&proc, path, plan->sysctl[i].value, err)) {
			error_in(err, "sysctl \"%s\"", plan->sysctl[i].key);
			return error_at(err, "/linux/sysctl");
		}
	}
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

/* The pair is made in the container's devpts, after the pivot; the primary end leaves at once. */
static int make_terminal(const struct launch *l, struct error *err)
{
	const struct process_plan *p = &l->plan->process;
	struct terminal tty;
	auto_fd int root = -1, primary = -1, peer = -1;

	if (!p->terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open the container's root");
	if (terminal_open(root, &tty, err))
		return error_at(err, "/process/terminal");
	primary = tty.primary;
	peer = tty.peer;
	if (terminal_resize(peer, p->rows, p->columns, err) ||
	    rootfs_console(&l->plan->fs, peer, err) || terminal_adopt(peer, p->uid, err))
		return error_at(err, "/process/terminal");
	return l->console < 0 ? 0 : socket_send_fd(l->console, "/dev/ptmx", primary, err);
}

static int complete_environment(struct launch *l, struct error *err)
{
	const struct process_plan *p = &l->plan->process;
	size_t n = p->n_env;

	if (p->has_home)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (str_starts(p->env[i], "HOME=")) {
			n = i;
			break;
		}
	p->env[n] = arena_printf(l->arena, "HOME=%s", program_home(p->uid, l->arena));
	if (setenv("HOME", p->env[n] + 5, 1) < 0)
		return error_sys(err, "setenv HOME");
	return 0;
}

static int compare_descriptors(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Closes all but what the container keeps: the standard descriptors, the preserved ones, and ours that execve closes, the
 * gate and the channel. A directory of the host left open would be a way out. It comes before any filter, which may deny
 * the call.
 */
static int drop_descriptors(const struct launch *l, struct error *err)
{
	int keep[] = { l->gate.fd, l->gate.answer, l->child.fd };
	unsigned first = 3 + l->plan->preserve_fds;

	qsort(keep, ARRAY_SIZE(keep), sizeof(keep[0]), compare_descriptors);
	for (size_t i = 0; i <= ARRAY_SIZE(keep); i++) {
		unsigned last = i < ARRAY_SIZE(keep) ? (unsigned)keep[i] - 1 : ~0u;

		if (first <= last && sys_close_range(first, last, 0) < 0)
			return error_sys(err, "close_range");
		first = last + 2;
	}
	return 0;
}

/* Between here and the gate: everything but the program. */
static int become_container(struct launch *l, const char **ret_program, bool *ret_filter_pending,
			    struct error *err)
{
	const struct plan *plan = l->plan;
	const struct process_plan *p = &plan->process;
	struct credentials credentials = { .process = p,
					   .seccomp = plan->seccomp,
					   .keyring = plan->keyring,
					   .last_capability = l->host->last_capability,
					   .where = "/process" };
	int listener;

	if (phase_enter(&l->child, PHASE_JOIN, err) || be_born(l, err) ||
	    enter_namespaces(l, err) || set_names(plan, err))
		return -1;
	if (phase_enter(&l->child, PHASE_ATTACH, err) || take_over(l, err))
		return -1;
	if (phase_enter(&l->child, PHASE_MOUNTS, err) ||
	    rootfs_build(&plan->fs, &l->sources, l->arena, err) || runtime_hooks_turn(l, err))
		return -1;
	if (phase_enter(&l->child, PHASE_CONTAINER_HOOKS, err) ||
	    container_hooks(l, HOOK_CREATE_CONTAINER, "creating", plan->fs.rootfs, err))
		return -1;
	if (phase_enter(&l->child, PHASE_PIVOT, err) || rootfs_enter(&plan->fs, &l->sources, err) ||
	    make_terminal(l, err) || set_sysctls(plan, err))
		return -1;
	/* Nothing is mounted after the masks. */
	if (phase_enter(&l->child, PHASE_FINISH, err) ||
	    rootfs_finish(&plan->fs, &l->sources, p->exists ? p->cwd : NULL, err))
		return -1;
	if (!p->exists)
		return prctl(PR_SET_PDEATHSIG, 0) < 0 ? error_sys(err, "prctl PR_SET_PDEATHSIG")
						      : drop_descriptors(l, err);
	if (phase_enter(&l->child, PHASE_CREDENTIALS, err) || stdio_adopt(p->uid, err) ||
	    complete_environment(l, err) || credentials_become(&credentials, err) ||
	    program_find(p, "/process", l->arena, ret_program, err))
		return -1;
	/* What a filter may deny comes before it. A runtime that dies from here on leaves us to `delete`. */
	if (drop_descriptors(l, err) || prctl(PR_SET_PDEATHSIG, 0) < 0 ||
	    credentials_drop(&credentials, &listener, ret_filter_pending, err))
		return -1;
	if (listener >= 0 && (channel_send(&l->child, MSG_LISTENER, listener, err) ||
			      channel_expect(&l->child, MSG_TAKEN, 0, NULL, err)))
		return -1;
	fd_close(&listener);
	return 0;
}

/* From the gate on the runtime that made us is gone, and whoever opens the gate hears us. */
static int run_program(struct launch *l, const char *program, bool filter_pending,
		       struct error *err)
{
	const struct process_plan *p = &l->plan->process;
	struct channel alone = { .fd = -1, .progress = l->child.progress };
	int listener = -1;

	if (!p->exists)
		return error_config(err, "/process", "process property must not be empty");
	if (phase_enter(&alone, PHASE_START_HOOKS, err))
		return -1;
	/* The filter may deny read(2). */
	if (filter_pending)
		gate_pass(&l->gate);
	if (filter_pending && credentials_load_filter(l->plan->seccomp, &listener, err))
		return -1;
	if (container_hooks(l, HOOK_START_CONTAINER, "created", NULL, err))
		return -1;
	if (phase_enter(&alone, PHASE_EXEC, err))
		return -1;
	if (!filter_pending)
		gate_pass(&l->gate);
	execve(program, (char *const *)(uintptr_t)p->args, (char *const *)(uintptr_t)p->env);
	program_explain(program, err);
	return error_at(err, "/process/args/0");
}

NORETURN void child_main(struct launch *l)
{
	const char *program = NULL;
	bool filter_pending = false;
	struct error err;

	if (become_container(l, &program, &filter_pending, &err) ||
	    phase_enter(&l->child, PHASE_GATE, &err) ||
	    channel_send(&l->child, MSG_READY, 0, &err)) {
		err.phase = (int)l->child.progress->child_phase;
		channel_fail(&l->child, &err);
		_exit(1);
	}
	fd_close(&l->child.fd);
	if (gate_wait(&l->gate, &err) || run_program(l, program, filter_pending, &err))
		gate_answer(&l->gate, &err);
	_exit(1);
}
