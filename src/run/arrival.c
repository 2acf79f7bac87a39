/* SPDX-License-Identifier: Apache-2.0 */
#include "run/arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "plan/seccomp.h"
#include "run/become.h"
#include "run/limits.h"
#include "sys/clone.h"
#include "sys/security.h"
#include "sys/syscalls.h"

/* More than any function before needs. */
#define STACK_USED ((size_t)64 << 10)

int arrival_decide(struct exec *e, struct error *err)
{
	const struct state *state = &e->container->state;

	/* CAP_SYS_PTRACE reaches no process that comes from a user namespace above. */
	if (!(e->namespaces & CLONE_NEWPID) || e->namespaces & CLONE_NEWUSER)
		return 0;
	e->arrives = e->plan->traceable || state_is_marked(state, STATE_TRACED);
	return e->plan->traces && !e->arrives ? state_mark(state, STATE_TRACED, err) : 0;
}

int arrival_prepare(struct exec *e, struct error *err)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)e->container->init.pid);
	e->pid_namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (e->pid_namespace < 0)
		return error_sys(err, "open the pid namespace of the container's init");
	/* The number may be another process's by now. */
	if (process_kill(e->init, 0) < 0)
		return error_sys(err, "the container's init");
	return 0;
}

/* ---- the process ----------------------------------------------------------------------------------------------------- */

static const char **copy_strings(const char *const *list, struct arena *a)
{
	size_t n = 0;
	const char **copy;

	while (list[n])
		n++;
	copy = arena_new_n(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, list[i]);
	return copy;
}

static const struct seccomp_plan *copy_filter(const struct seccomp_plan *plan, struct arena *a)
{
	struct seccomp_plan *copy = arena_new(a, struct seccomp_plan);

	*copy = (struct seccomp_plan){ .n_code = plan->n_code,
				       .flags = plan->flags,
				       .notify = plan->notify };
	copy->code = arena_grow(a, plan->code, plan->n_code, plan->n_code, sizeof(*plan->code));
	return copy;
}

static void wipe_strings(char **list)
{
	for (; list && *list; list++)
		explicit_bzero(*list, strlen(*list));
}

/* What functions that have returned left on the stack. */
static __attribute__((noinline)) void wipe_stack(void)
{
	char below[STACK_USED];

	explicit_bzero(below, sizeof(below));
}

/* Nothing of the configuration, the environment and the command line stays in memory but what the program gets. */
static void forget(struct exec *e, struct process_plan *p, struct credentials *c,
		   const char **program)
{
	struct arena *kept = &e->kept;

	p->args = copy_strings(p->args, kept);
	p->env = copy_strings(p->env, kept);
	*program = arena_strdup(kept, *program);
	if (c->seccomp)
		c->seccomp = copy_filter(c->seccomp, kept);
	arena_wipe(e->arena);
	wipe_strings(environ);
	wipe_strings(e->options->argv);
	clearenv();
	log_set_fd(-1);
	wipe_stack();
}

/* All that is done between the filter and the program. */
static bool is_permitted(const struct seccomp_plan *filter, const struct process_plan *p,
			 const char *program)
{
	const struct {
		long nr;
		uint64_t args[6];
	} calls[] = {
		{ SYS_capget, { 0 } },
		{ SYS_capset, { 0 } },
		{ SYS_clone, { PROCESS_COPY_ARGS } },
		{ SYS_exit_group, { 0 } },
		{ SYS_setsid, { 0 } },
		{ SYS_ioctl, { STDIN_FILENO, TIOCSCTTY } },
		{ SYS_execve, { (uintptr_t)program, (uintptr_t)p->args, (uintptr_t)p->env } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!seccomp_permits(filter, calls[i].nr, calls[i].args))
			return false;
	return true;
}

static int drop(struct exec *e, struct credentials *c, const char *program, struct error *err)
{
	const struct process_plan *p = c->process;

	if (!c->seccomp || c->seccomp->notify || p->no_new_privileges ||
	    !is_permitted(c->seccomp, p, program))
		return credentials_drop(c, err);
	e->child.progress->silent = true;
	if (credentials_drop_filtered(c, err))
		return -1;
	c->seccomp = NULL;
	return 0;
}

int arrive(struct exec *e, struct process_plan *p, struct credentials *c, const char **program,
	   struct error *err)
{
	pid_t copy;

	if (phase_enter(&e->child, PHASE_FORGET, err))
		return -1;
	forget(e, p, c, program);
	/* Another user's effective capabilities are gone, but not those that are permitted. */
	if (phase_enter(&e->child, PHASE_ENTER, err) || caps_raise(err))
		return -1;
	if (setns(e->pid_namespace, CLONE_NEWPID) < 0)
		return error_sys(err, "setns to the pid namespace of the container's init");
	fd_close(&e->pid_namespace);
	if (drop(e, c, *program, err) || phase_enter(&e->child, PHASE_COPY, err))
		return -1;
	copy = process_copy(&e->child.progress->pid, err);
	if (copy < 0 && err->errnum == EAGAIN)
		return error_in(err, "a limit leaves room for one process, but one that could be "
				     "traced while it joins needs a second one for a moment");
	if (copy < 0)
		return -1;
	if (copy > 0)
		_exit(0);
	if (phase_enter(&e->child, PHASE_SETTLE, err))
		return -1;
	/* Its terminal would be lost with the session of a process that ends. */
	if (setsid() < 0)
		return error_sys(err, "setsid");
	return become_foreground(p, err);
}

int arrival_reveal(struct exec *e, struct process_plan *p, struct credentials *c,
		   const char **program, struct error *err)
{
	forget(e, p, c, program);
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? error_sys(err, "prctl PR_SET_DUMPABLE") : 0;
}

/* ---- the runtime ----------------------------------------------------------------------------------------------------- */

bool arrival_take(struct exec *e)
{
	siginfo_t info = { 0 };
	pid_t pid = e->child.progress->pid;
	auto_fd int pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -1;

	/* Who may write to the page must not choose any process of the host: waitid(2) knows our children only. */
	if (pidfd < 0 ||
	    waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return false;
	fd_close(&e->pidfd);
	e->pidfd = fd_take(&pidfd);
	e->pid = pid;
	e->arrives = false;
	return true;
}

/* What a copy does not inherit. */
static int apply_scheduler(const struct exec *e, struct error *err)
{
	struct process_plan p = e->plan->process;

	if (!limits_are_lost(&p))
		return 0;
	p.has_oom_score_adj = false;
	return limits_apply(&p, "/process", e->pid, true, err);
}

int arrival_await(struct exec *e, unsigned seconds, struct error *err)
{
	int events, status;

	if (!e->arrives)
		return 0;
	if (phase_enter(&e->parent, PHASE_ARRIVAL, err))
		return -1;
	events = fd_wait(e->pidfd, POLLIN, seconds ? deadline_in(seconds) : 0);
	if (events < 0)
		return error_sys(err, "wait for the process");
	if (events == 0)
		return error_set(err, ERR_TIMEOUT, "the process did not arrive within %u seconds",
				 seconds);
	if (e->child.progress->pid <= 0)
		return channel_reason(&e->parent, err);
	(void)process_wait(e->pidfd, deadline_in(1), &status);
	if (!arrival_take(e))
		return error_set(err, ERR_CHILD, "the process that arrived is no child");
	return phase_enter(&e->parent, PHASE_TAKEN, err) || apply_scheduler(e, err) ? -1 : 0;
}
