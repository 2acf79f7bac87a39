/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining a running container, in order: exec_open(), exec_prepare() and exec_go(). That is the runtime's side; the process
 * begins in member_main().
 *
 * Entering a container that may be hostile is the most dangerous thing we do. So everything is decided and opened before the
 * clone; the process has nothing of the host but what it needs, cannot be looked into (and where that is not enough it comes
 * as run/arrival.h says), and reads nothing of the container but its account files and the program's first line. It does its
 * work outside the container's memory limit as far as the kernel lets it, and offers itself to the OOM killer meanwhile, so that
 * nobody else dies for it.
 */
#include "run/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/phrases.h"
#include "cgroup/enter.h"
#include "run/arrival.h"
#include "run/become.h"
#include "run/caller.h"
#include "run/join.h"
#include "run/limits.h"
#include "run/listener.h"
#include "run/member.h"
#include "run/rdtgroup.h"
#include "sys/clone.h"
#include "sys/relay.h"
#include "sys/security.h"
#include "sys/selfexe.h"
#include "sys/syscalls.h"
#include "sys/tty.h"

/* How long the process may take for its part: the container's file systems may be slow. */
#define STEP_SECONDS 240

/* The process is the first to be killed. */
#define OOM_SCORE_FIRST 1000

int exec_check(const struct container *c, bool ignore_paused, struct error *err)
{
	const char *frozen;

	switch (c->status) {
	case CONTAINER_CREATED:
	case CONTAINER_RUNNING:
		return 0;
	case CONTAINER_PAUSED:
		if (ignore_paused)
			return 0;
		frozen = cgroup_frozen_name(c->cgroup, c->arena);
		return error_set(err, ERR_STATE, PHRASE_EXEC_PAUSED "%s%s%s",
				 frozen ? ": cgroup \"" : "", frozen ? frozen : "",
				 frozen ? "\" is frozen" : "");
	case CONTAINER_CREATING:
		return error_set(err, ERR_STATE,
				 "cannot exec in a container that is still being created");
	case CONTAINER_STOPPED:
		break;
	}
	return error_set(err, ERR_STATE, PHRASE_EXEC_STOPPED);
}

/* ---- the clone ----------------------------------------------------------------------------------------------------------- */

/* We may not enter the pid namespace ourselves, but whoever has entered the user namespace may. */
static pid_t clone_through_go_between(struct exec *e, int cgroup_fd, struct error *err)
{
	auto_fd int pidfd = -1;
	int status;
	pid_t pid = process_clone(0, -1, &pidfd, err);

	if (pid < 0)
		return -1;
	if (pid == 0) {
		pid = join_process(e->container->init.pid, e->init, e->namespaces, err)
			      ? -1
			      : process_clone_sibling(0, cgroup_fd, err);
		if (pid == 0) {
			e->joined = true;
			member_main(e);
		}
		if (pid < 0)
			channel_fail(&e->child, err);
		e->child.progress->pid = pid;
		_exit(pid < 0);
	}
	if (process_wait(pidfd, deadline_in(STEP_SECONDS), &status) < 0)
		return error_sys(err, "wait for the process that joins namespaces");
	return arrival_take(e) ? e->pid : channel_reason(&e->parent, err);
}

static void borrower_main(void *e)
{
	member_main(e);
}

/*
 * A process that need not hear from us, and that nobody can look into, borrows our memory.
 */
static bool may_borrow(const struct exec *e)
{
	return e->hidden && process_can_borrow() && !e->waits_for_go && !e->needs_go_between &&
	       !e->options->ignore_paused && !(e->plan->seccomp && e->plan->seccomp->notify) &&
	       !(e->namespaces & CLONE_NEWTIME) &&
	       !(e->host->ignored_signals & UINT64_C(1) << (SIGALRM - 1));
}

static pid_t clone_once(struct exec *e, int cgroup_fd, struct error *err)
{
	struct exec own;
	pid_t pid;

	e->born_in_cgroup = cgroup_fd >= 0 || e->stays_out;
	/* What a go-between has said of another try. */
	e->child.progress->failed = false;
	if (e->needs_go_between)
		return clone_through_go_between(e, cgroup_fd, err);
	e->borrows = may_borrow(e);
	if (e->borrows) {
		/* Its descriptors are its own. */
		own = *e;
		return process_borrow(cgroup_fd, STEP_SECONDS, borrower_main, &own, &e->pidfd, err);
	}
	pid = process_clone(0, cgroup_fd, &e->pidfd, err);
	if (pid == 0)
		member_main(e);
	return pid;
}

/* Why the kernel makes no process, where it is the container that says so. */
static int explain_clone(struct exec *e, struct error *err)
{
	const char *limit = NULL;

	if (process_kill(e->init, 0) < 0)
		return error_set(err, ERR_STATE, PHRASE_EXEC_STOPPED);
	if (err->errnum == EAGAIN || err->errnum == ENOMEM)
		limit = cgroup_used_up(e->container->cgroup, err->errnum == ENOMEM, e->arena);
	return limit ? error_set(err, ERR_STATE, "cannot add a process to the container: %s", limit)
		     : -1;
}

static int clone_process(struct exec *e, struct error *err)
{
	struct cgroup *cg = e->container->cgroup;
	struct error unused;

	e->pid = clone_once(e, cgroup_clone_fd(cg), err);
	/* Its init may have moved; more than once, if it is busy. */
	for (int i = 0; i < 3 && e->pid < 0 &&
			cgroup_enter_beside(cg, e->container->init.pid, err->errnum, &unused) == 0;
	     i++)
		e->pid = clone_once(e, cgroup_clone_fd(cg), err);
	/* Kernels before 5.7 know no CLONE_INTO_CGROUP. */
	if (e->pid < 0 && cgroup_clone_fd(cg) >= 0 &&
	    (err->errnum == EINVAL || err->errnum == E2BIG))
		e->pid = clone_once(e, -1, err);
	/* From elsewhere an ordinary user may not go there, even though the container is its own. */
	if (e->pid < 0 && cgroup_clone_fd(cg) >= 0 && err->errnum == EACCES && e->host->rootless) {
		log_warn("the process stays outside of the container's cgroup: %s", err->text);
		e->stays_out = true;
		e->pid = clone_once(e, -1, err);
	}
	return e->pid < 0 ? explain_clone(e, err) : 0;
}

/* ---- around it ------------------------------------------------------------------------------------------------------------- */

static int put_on(struct exec *e, struct error *err)
{
	struct exec_mask *mask = &e->mask;
	const struct process_plan *p = &e->plan->process;
	int score = e->shielded ? OOM_SCORE_FIRST : p->oom_score_adj;

	/* What hides itself belongs to root, so that an ordinary user opens its own file first. */
	if (e->shielded || p->has_oom_score_adj) {
		mask->oom_score = oom_score_open(getpid(), err);
		if (mask->oom_score < 0)
			return error_at(err, "/process/oomScoreAdj");
	}
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_sys(err, "prctl PR_SET_DUMPABLE");
	if (p->affinity_initial.bits) {
		mask->pinned = sched_getaffinity(0, sizeof(mask->cpus), &mask->cpus) == 0;
		if (affinity_set(&p->affinity_initial, 0, err))
			return error_at(err, "/process/execCPUAffinity/initial");
	}
	if (mask->oom_score >= 0 && (oom_score_read(mask->oom_score, &e->oom_score_adj, err) ||
				     oom_score_write(mask->oom_score, score, err)))
		return error_at(err, "/process/oomScoreAdj");
	if (!(e->namespaces & CLONE_NEWPID))
		return 0;
	if (e->arrives)
		return arrival_prepare(e, err);
	/*
	 * Later children of ours live where we live; without a terminal there are none. From inside a user namespace we might not
	 * come back.
	 */
	if (e->console_peer >= 0 && e->host->in_userns) {
		e->needs_go_between = true;
		return 0;
	}
	if (e->console_peer >= 0) {
		mask->pid_namespace = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
		if (mask->pid_namespace < 0)
			return error_sys(err, "open our pid namespace");
	}
	if (join_process(e->container->init.pid, e->init, CLONE_NEWPID, err) == 0)
		return 0;
	e->needs_go_between = err->errnum == EPERM;
	return e->needs_go_between ? 0 : -1;
}

static void take_off(struct exec *e)
{
	struct exec_mask *mask = &e->mask;
	struct error err;

	if (mask->pinned)
		(void)sched_setaffinity(0, sizeof(mask->cpus), &mask->cpus);
	if (mask->oom_score >= 0 && oom_score_write(mask->oom_score, e->oom_score_adj, &err))
		log_warn("%s", err.text);
	fd_close(&mask->oom_score);
	if (mask->pid_namespace >= 0 && setns(mask->pid_namespace, CLONE_NEWPID) < 0)
		log_warn("setns back to our own pid namespace failed");
	fd_close(&mask->pid_namespace);
	fd_close(&e->pid_namespace);
}

/*
 * The init of `run` leads to the runtime's own file until its program runs, which takes a moment: nobody may come before that.
 * That of `create` does not, and nobody holds the lock while it waits.
 */
static int let_run_finish(const struct exec *e, struct error *err)
{
	const struct state *state = &e->container->state;

	if (e->container->status != CONTAINER_CREATED)
		return 0;
	if (state_lock(state, err))
		return -1;
	state_unlock(state);
	return 0;
}

/*
 * The process waits for us only where we have to do something before its program runs. Only root of the host may write the
 * attributes of a process that hides itself.
 */
static int decide(struct exec *e, struct error *err)
{
	const struct process_plan *p = &e->plan->process;
	bool limited,
		changes = p->uid || p->gid || e->namespaces & CLONE_NEWUSER || !exec_is_root(e);

	if (cgroup_check_memory(e->container->cgroup, &limited, err) || arrival_decide(e, err) ||
	    let_run_finish(e, err))
		return -1;
	/* Who could trace it makes it come another way; another user's process may be shown by the host. */
	e->hidden = !e->arrives && !(changes && changed_user_is_dumpable());
	e->shielded = limited && exec_is_root(e);
	e->waits_for_go = e->shielded || p->sched.set || p->ioprio >= 0 || p->affinity_final.bits ||
			  rdtgroup_is_used(&e->container->record);
	return 0;
}

/* The process must not lead to our own file: neither while it is in the container nor when it executes its program. */
static int protect(struct exec *e, struct error *err)
{
	if (selfexe_is_safe())
		return 0;
	e->relay = e->hidden && become_may_relay(e->plan, e->host) ? relay_open() : -1;
	return e->relay < 0 ? selfexe_protect(e->options->argv, err)
			    : relay_write(e->relay, e->child.fd, MSG_REFUSED, err);
}

static int open_all(struct exec *e, struct error *err)
{
	struct container *c = e->container;

	e->namespaces = join_needed(c->init.pid, e->plan->ns.listed);
	e->init = process_open(&c->init);
	if (e->init < 0)
		return error_set(err, ERR_STATE, PHRASE_EXEC_STOPPED);
	if (cgroup_enter_below(c->cgroup, e->options->cgroups, e->options->n_cgroups, err) ||
	    cgroup_enter_open(c->cgroup, c->init.pid, err) ||
	    channel_open(&e->parent, &e->child, err) || decide(e, err) || protect(e, err))
		return -1;
	e->parent.peer = "the process";
	e->parent.progress->timed = e->options->timed;
	/* No directory of the host is open when there is somebody who could find it. */
	state_close(&c->state);
	return 0;
}

/* What somebody else notices. */
static int connect_all(struct exec *e, struct error *err)
{
	if (e->plan->process.terminal &&
	    caller_console(e->options->console_socket, e->options->attached, &e->console,
			   &e->console_peer, err))
		return -1;
	e->waits_for_go |= e->console_peer >= 0;
	return listener_connect(e->plan->seccomp, &e->agent, err);
}

/* ---- failure ----------------------------------------------------------------------------------------------------------------- */

static void explain_death(struct exec *e, int status, struct error *err)
{
	const char *limit;

	if (err->kind != ERR_GONE || !WIFSIGNALED(status))
		return;
	if (e->borrows && WTERMSIG(status) == SIGALRM) {
		error_set(err, ERR_TIMEOUT, "the process did not get ready within %u seconds",
			  STEP_SECONDS);
		return;
	}
	limit = WTERMSIG(status) == SIGKILL ? cgroup_used_up(e->container->cgroup, true, e->arena)
					    : NULL;
	if (process_kill(e->init, 0) < 0)
		error_set(err, ERR_STATE, "the container stopped before the process ran");
	else if (limit)
		error_set(err, ERR_CHILD, "the process was killed before it ran: %s", limit);
	else
		error_set(err, ERR_CHILD, "the process was killed by signal %d (%s) in phase %s",
			  WTERMSIG(status), strsignal(WTERMSIG(status)),
			  phase_name((enum phase)e->child.progress->child_phase));
}

/* Whoever is not ready when something fails is not wanted any more. */
static void undo(struct exec *e, struct error *err)
{
	int status;

	if (e->pid <= 0)
		return;
	/* One that died by itself shall be seen as it died. */
	if (err->kind != ERR_GONE || fd_wait(e->pidfd, POLLIN, deadline_in(1)) <= 0)
		(void)process_kill(e->pidfd, SIGKILL);
	if (process_wait(e->pidfd, deadline_in(10), &status) == 0)
		explain_death(e, status, err);
	/* It may have sent its copy on its way. */
	if (e->arrives && arrival_take(e))
		process_end(e->pidfd);
	if (err->kind == ERR_TIMEOUT) {
		const char *frozen = cgroup_frozen_name(e->container->cgroup, e->arena);

		if (frozen)
			error_in(err, "cgroup \"%s\" is frozen", frozen);
	}
}

/* ---- the runtime's side -------------------------------------------------------------------------------------------------------- */

static unsigned patience(const struct exec *e)
{
	return e->options->ignore_paused ? 0 : STEP_SECONDS;
}

static int prepare_steps(struct exec *e, struct error *err)
{
	int result;

	result = connect_all(e, err) || phase_enter(&e->parent, PHASE_CLONE, err) ||
		 put_on(e, err) || clone_process(e, err);
	take_off(e);
	fd_close(&e->child.fd);
	fd_close(&e->console);
	if (result)
		return -1;
	return e->waits_for_go ? channel_expect(&e->parent, MSG_READY, patience(e), NULL, err) : 0;
}

int exec_open(struct exec *e, struct error *err)
{
	e->init = e->parent.fd = e->child.fd = e->console = e->console_peer = e->agent = e->pidfd =
		e->pid_namespace = e->relay = -1;
	e->mask = (struct exec_mask){ .pid_namespace = -1, .oom_score = -1 };
	e->pid = 0;
	return phase_enter(&e->parent, PHASE_CGROUP, err) || open_all(e, err) ? -1 : 0;
}

int exec_prepare(struct exec *e, struct error *err)
{
	if (prepare_steps(e, err)) {
		undo(e, err);
		return -1;
	}
	return 0;
}

static int let_go(struct exec *e, struct error *err)
{
	struct process_plan p = e->plan->process;

	/* Until now it has been the first to be killed; where it was not, it was born with what it should have. */
	if (e->shielded && !p.has_oom_score_adj)
		p.oom_score_adj = e->oom_score_adj;
	p.has_oom_score_adj = e->shielded;
	if (limits_are_own(e->plan, e->host))
		p = limits_of_others(&p);
	p.sched.set = p.sched.set && !(e->arrives && limits_are_lost(&p));
	if (limits_apply(&p, "/process", e->pid, true, err) ||
	    rdtgroup_join(&e->container->record, e->pid, err))
		return -1;
	return channel_send(&e->parent, MSG_GO, 0, err);
}

static int go_steps(struct exec *e, struct error *err)
{
	if (phase_enter(&e->parent, PHASE_LIMITS, err) || (e->waits_for_go && let_go(e, err)) ||
	    (arrival_await(e, patience(e), err) && explain_clone(e, err)) ||
	    listener_give(&e->parent, e->pidfd, e->plan,
			  container_status_name(e->container->status), e->container->init.pid,
			  e->pid, &e->agent, e->arena, err) ||
	    channel_expect_end(&e->parent, patience(e), err))
		return -1;
	if (phase_enter(&e->parent, PHASE_RECORD, err))
		return -1;
	return caller_give_pidfd(e->options->pidfd_socket, "setns", e->pidfd, err) ||
			       caller_give_pid(e->options->pid_file, e->pid, e->arena, err)
		       ? -1
		       : 0;
}

int exec_go(struct exec *e, struct error *err)
{
	if (go_steps(e, err)) {
		undo(e, err);
		return -1;
	}
	fd_close(&e->parent.fd);
	selfexe_release();
	return 0;
}

void exec_explain_kill(const struct exec *e)
{
	const char *limit =
		e->shielded ? cgroup_used_up(e->container->cgroup, true, e->arena) : NULL;

	if (limit)
		log_warn("the program was killed: %s", limit);
}

void exec_abandon(struct exec *e)
{
	struct error unused = { .kind = ERR_SYSTEM };

	undo(e, &unused);
}
