/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every process that we make does on its way from the clone to its program: init (run/child.c) and one that joins a
 * running container (run/exec.c) alike. What they do in between, and the order, stands there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "run/channel.h"
#include "run/credentials.h"

/*
 * Nothing is shared with whoever called the runtime but the standard descriptors: not its session, not its signals, not its
 * death; until that is taken back ours follows the runtime's. With `hide` nobody may look into us through /proc or ptrace(2).
 */
int become_session(const struct host *host, bool hide, const char *name, struct error *err);

/* Root of the user namespace that was entered, or who comes nearest to it; does nothing where there is none. */
int become_root(const struct ns_plan *ns, struct error *err);

/*
 * Makes the pair of the terminal in the container's devpts, where the process asks for one; we are in the container's root.
 * The peer becomes our standard descriptors, and with `fs` the container's console, too. The primary end leaves at once
 * through the socket `console`, -1: there is none.
 */
struct fs_plan;
int become_terminal(const struct process_plan *p, const struct fs_plan *fs, int console,
		    struct error *err);

/* ... and our controlling terminal. */
int become_foreground(const struct process_plan *p, struct error *err);

/* The user with its directory, environment and descriptors; finds the program. Capabilities are still the runtime's. */
int become_user(const struct credentials *c, struct arena *a, const char **ret_program,
		struct error *err);

/*
 * Closes all but the standard descriptors, `preserve` more, and those of `keep`, which execve closes. A directory of the host
 * left open would be a way out. It comes before any filter, which may deny the call.
 */
int become_enclosed(unsigned preserve, int *keep, size_t n, struct error *err);

/* Capabilities. A runtime that dies from here on leaves us alone. */
int become_confined(const struct credentials *c, struct error *err);

/*
 * Loads the filter (NULL: none), after which no call may be taken for granted. Where it notifies, the runtime is told on the
 * channel and fetches the listener; we come back when it has.
 */
int become_filtered(const struct seccomp_plan *seccomp, const struct channel *ch,
		    struct error *err);

/*
 * Whether a process that nobody can look into may execute its program by a relay (sys/relay.h): no label waits for the first
 * execve(2), and the filter lets the relay do its work.
 */
bool become_may_relay(const struct plan *plan, const struct host *host);

/* How the program is executed. */
struct leap {
	int relay; /* -1: without */
	const char **argv;
};

/*
 * For a relay, and before a filter that may deny it: refuses a script that cannot run, which the relay could not explain, and
 * lets it report through that descriptor.
 */
int become_prepare(const struct process_plan *p, const char *where, const char *program, int report,
		   struct leap *leap, struct arena *a, struct error *err);

/* Executes the program; comes back only to say why not. */
int become_program(const struct process_plan *p, const char *where, const char *program,
		   const struct leap *leap, struct error *err);
