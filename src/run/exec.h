/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further process in a running container (exec).
 *
 *	exec_open()	all that it needs is open, the container has not noticed
 *	exec_prepare()	a process is on its way; with a terminal for us it waits before its program
 *	exec_go()	the program runs, or the reason why not
 *
 * Between them the caller takes the terminal. Of a failure nothing is left but a process that has been
 * killed and reaped.
 */
#pragma once

#include <sched.h>

#include "plan/plan.h"
#include "run/channel.h"
#include "run/container.h"
#include "sys/proc.h"

struct exec_options {
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none */
	const char *pid_file;	    /* NULL: none; written when the program runs */
	const char *const *cgroups; /* words of --cgroup */
	size_t n_cgroups;
	char **argv;	    /* of the runtime itself */
	bool timed;	    /* the phases note CPU time, too (run/timeline.h) */
	bool attached;	    /* we keep the terminal's primary end */
	bool ignore_paused; /* the process may have to wait until the container is resumed */
};

/* What is ours only for the time of the clone, as the child inherits it: descriptors to put things back, -1: nothing to. */
struct exec_mask {
	int pid_namespace, oom_score;
	bool pinned;
	cpu_set_t cpus;
};

struct exec {
	struct container *container;
	const struct plan *plan;
	const struct host *host;
	const struct exec_options *options;
	struct arena *arena;

	int init;	       /* pidfd of the container's init */
	int namespaces;	       /* CLONE_NEW* flags of those to join */
	bool needs_go_between; /* the pid namespace is not for us to join */
	bool joined;	       /* the go-between has joined them */
	bool arrives;	       /* it enters the pid namespace last, run/arrival.h */
	int pid_namespace;     /* ... which is this, -1: not open */
	struct proc proc;      /* ... and until then needs a /proc of its own */
	struct arena kept;     /* ... with no more in its memory than this */
	bool shielded; /* the process is the OOM killer's first choice until it is to run its program */
	bool hidden;	   /* nobody but the host's root can look into it */
	int relay;	   /* by which it executes its program (sys/relay.h), -1: without */
	bool borrows;	   /* it has our memory until it runs its program */
	bool waits_for_go; /* it does not run its program before it is told to */
	struct channel parent, child; /* our end and the child's */
	int console;		      /* socket for the terminal's primary end, -1: none */
	int console_peer;	      /* attached: where the primary end arrives, -1: none */
	int agent;		      /* connection to the listener's agent, -1: none */
	struct exec_mask mask;
	int oom_score_adj;   /* ours, which the process gets unless it has another */
	bool born_in_cgroup; /* in that of v2 */
	bool stays_out;	     /* it may not enter the container's v2 cgroup */
	pid_t pid;	     /* of the process */
	int pidfd;
};

/* Anyone else than the host's root may only move processes of its own user, so that the process goes while it is one. */
static inline bool exec_is_root(const struct exec *e)
{
	return e->host->euid == 0 && !e->host->in_userns;
}

/* Whether a process may be added to the container as it is now; ERR_STATE if not. */
int exec_check(const struct container *c, bool ignore_paused, struct error *err);

/*
 * Fills in all from `init` on; container to arena are the caller's. Its descriptors are given back by the end of the command.
 * The program may be executed anew (sys/selfexe.h).
 */
int exec_open(struct exec *e, struct error *err);
int exec_prepare(struct exec *e, struct error *err);
int exec_go(struct exec *e, struct error *err);

/* Warns where the program may have been killed for want of memory. */
void exec_explain_kill(const struct exec *e);

/* Kills a process that was prepared. */
void exec_abandon(struct exec *e);
