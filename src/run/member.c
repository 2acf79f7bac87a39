/* SPDX-License-Identifier: Apache-2.0 */
#include "run/member.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/enter.h"
#include "run/account.h"
#include "run/arrival.h"
#include "run/become.h"
#include "run/join.h"
#include "run/limits.h"
#include "sys/security.h"
#include "sys/selfexe.h"

/*
 * What execve(2) and the first steps of a small program need. Where memory is limited it is taken while we are the OOM
 * killer's first choice and given back just before execve, so that this finds room.
 */
#define RESERVE ((size_t)256 << 10)

static int be_born(struct exec *e, struct error *err)
{
	/* We are hidden since before the clone. */
	if (become_session(e->host, false, "teu: exec", err))
		return -1;
	/* Who could trace us nevertheless must find no directory of the host. */
	if (e->born_in_cgroup)
		cgroup_enter_born(e->container->cgroup);
	/* One that borrows our memory must not forget it for us. */
	if (!e->borrows)
		selfexe_release();
	fd_close(&e->mask.oom_score);
	fd_close(&e->mask.pid_namespace);
	fd_close(&e->parent.fd);
	fd_close(&e->console_peer);
	return 0;
}

static int enter_namespaces(struct exec *e, struct error *err)
{
	if (rlimits_raise(&e->plan->process, "/process", 0, err))
		return -1;
	if (e->arrives && proc_open(&e->proc, PROC_PIDS, err))
		return -1;
	if (!e->joined &&
	    join_process(e->container->init.pid, e->init, e->namespaces & ~CLONE_NEWPID, err))
		return -1;
	fd_close(&e->init);
	fd_close(&e->agent);
	return e->namespaces & CLONE_NEWUSER ? become_root(&e->plan->ns, err) : 0;
}

/* Touches memory, of the container from here on, while nobody else is killed for it. */
static void *take_reserve(void)
{
	return mmap(NULL, RESERVE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

static int become_member(struct exec *e, struct process_plan *p, const struct credentials *c,
			 const char **ret_program, struct error *err)
{
	int keep[] = { e->child.fd, e->arrives ? e->pid_namespace : e->relay };
	size_t n_keep = keep[1] >= 0 ? 2 : 1;

	if (phase_enter(&e->child, PHASE_JOIN, err) || be_born(e, err) ||
	    (!exec_is_root(e) && cgroup_enter_self(e->container->cgroup, err)) ||
	    enter_namespaces(e, err))
		return -1;
	if (phase_enter(&e->child, PHASE_CREDENTIALS, err))
		return -1;
	if (account_resolve(p, e->arena, err))
		return error_at(err, "/process/user");
	if (become_terminal(p, NULL, e->console, err) ||
	    (!e->arrives && become_foreground(p, err)) ||
	    (limits_are_own(e->plan, e->host) && limits_schedule_self(p, "/process", err)) ||
	    become_user(c, e->arena, ret_program, err))
		return -1;
	/* As late as can be: what we have used so far is not on the container's account. */
	if (phase_enter(&e->child, PHASE_ATTACH, err) ||
	    (exec_is_root(e) && cgroup_enter_self(e->container->cgroup, err)))
		return -1;
	/* The runtime may have been pinned; that is not to go on in the container. */
	if (!p->affinity_initial.bits && !p->affinity_final.bits)
		affinity_reset(0);
	return become_enclosed(e->plan->preserve_fds, keep, n_keep, err);
}

/* Our memory belongs to the user namespace that the runtime is in, where an ordinary user has no power. */
static bool is_kept_from_us(const struct exec *e, const struct credentials *c)
{
	return c->seccomp && c->seccomp->notify && e->namespaces & CLONE_NEWUSER &&
	       e->host->euid != 0;
}

/* The runtime has set limits and priorities; nothing of it is needed any more. */
static int run_program(struct exec *e, struct process_plan *p, struct credentials *c,
		       const char *program, void *reserve, struct error *err)
{
	struct leap leap = { .relay = e->relay };

	if ((!e->arrives && become_confined(c, err)) ||
	    become_prepare(p, c->where, program, e->child.fd, &leap, e->arena, err))
		return -1;
	if (reserve != MAP_FAILED)
		(void)munmap(reserve, RESERVE);
	if (e->borrows)
		alarm(0);
	if ((e->arrives && arrive(e, p, c, &program, err)) ||
	    (is_kept_from_us(e, c) && arrival_reveal(e, p, c, &program, err)) ||
	    phase_enter(&e->child, PHASE_EXEC, err) || become_filtered(c->seccomp, &e->child, err))
		return -1;
	e->child.progress->silent |= c->seccomp != NULL;
	channel_leave(&e->child, program);
	return become_program(p, c->where, program, &leap, err);
}

NORETURN void member_main(struct exec *e)
{
	struct process_plan process = e->plan->process;
	struct credentials credentials = { .process = &process,
					   .seccomp = e->plan->seccomp,
					   .keyring = e->plan->keyring,
					   .last_capability = e->host->last_capability,
					   .where = "/process",
					   .proc = e->arrives ? &e->proc : NULL };
	const char *program = NULL;
	void *reserve = MAP_FAILED;
	struct error err;

	if (become_member(e, &process, &credentials, &program, &err) == 0) {
		if (e->shielded)
			reserve = take_reserve();
		if (!e->waits_for_go || (channel_send(&e->child, MSG_READY, 0, &err) == 0 &&
					 channel_expect(&e->child, MSG_GO, 0, NULL, &err) == 0))
			(void)run_program(e, &process, &credentials, program, reserve, &err);
	}
	err.phase = (int)e->child.progress->child_phase;
	channel_fail(&e->child, &err);
	_exit(1);
}
