/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step of a process that joins a container in which it can be watched.
 *
 * A process can be found by others in its pid namespace from the moment it is there. Usually nobody may look into it: it is
 * not dumpable. But whoever has CAP_SYS_PTRACE over its user namespace reads its memory and its descriptors, and may make it
 * do what it still has the right to do. So where there may be such a one the process goes all its way outside of the pid
 * namespace, in all the other ones, and a copy of it that has nothing any more which the program will not have is what
 * arrives:
 *
 *	the runtime		the process				its copy
 *	let_go()	------>	wipes memory, joins the pid namespace,
 *				drops capabilities, clones	------>	is there; session, terminal
 *	arrival_await()	<------	ends					execve
 *
 * Without no_new_privs the kernel wants CAP_SYS_ADMIN for a filter. The copy would have that until execve, so the filter is
 * loaded before the clone, if it lets pass what is left to do. One that forbids it, or has an agent to ask, is loaded by the
 * copy.
 */
#pragma once

#include "run/credentials.h"
#include "run/exec.h"

/* Whether the process has to come that way; remembers if those that follow will have to. */
int arrival_decide(struct exec *e, struct error *err);

/* Opens what it needs for that, while /proc is still the host's. */
int arrival_prepare(struct exec *e, struct error *err);

/*
 * The process: comes back as its copy. *c and *program are what is left of the plan; c->seccomp is NULL if the filter has been
 * loaded.
 */
int arrive(struct exec *e, struct process_plan *p, struct credentials *c, const char **program,
	   struct error *err);

/*
 * The process, where the runtime has to fetch something from it and has no power over memory that was its own: an ordinary
 * user. Lets itself be looked into, with nothing left to be found, as above.
 */
int arrival_reveal(struct exec *e, struct process_plan *p, struct credentials *c,
		   const char **program, struct error *err);

/* The runtime: waits for the copy, which from then on is e->pid and e->pidfd; does nothing where there is none. */
int arrival_await(struct exec *e, unsigned seconds, struct error *err);

/* e->pid and e->pidfd become those of the child that a child of ours has noted in the shared page; false if it has not. */
bool arrival_take(struct exec *e);
