/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the runtime's own file out of a container's reach.
 *
 * The kernel lets whoever shares a pid namespace with us, or is executed through a script or an ELF interpreter that names
 * /proc/self/exe, get hold of our file; a container that can write to it owns the host. So a command whose process a
 * container will see runs from something that nobody can write through. In order of cost:
 *
 * 1. The process exchanges its own file for the same one on a detached, read-only clone of its mount, and goes on: see
 *    selfexe.c. Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE and a kernel with checkpoint support.
 * 2. It executes that clone.
 * 3. It executes a sealed copy in memory (memfd_create(2)).
 *
 * A process that nobody can look into, and that only must not be found by what it executes, leaves its file alone and
 * executes the program through a relay (sys/relay.h), which costs half.
 *
 * Nothing is done where the file is root's and its caller an ordinary user, whose containers have no power over it.
 *
 * The clone of a mount is closed by whoever has nothing else to do: that waits until no processor can still be looking at it
 * (synchronize_rcu_expedited() in the kernel), on a busy machine longer than all the rest takes.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether there is nothing to do. */
bool selfexe_is_safe(void);

/*
 * Call one of them before anything is done that cannot be done twice: the program may be executed anew, and then nothing that was opened or allocated survives.
 * After selfexe_protect() the program runs from a protected file; after selfexe_prepare() at the latest when
 * selfexe_exchange() has been called, for which a child may be the one that a container sees.
 */
int selfexe_protect(char **argv, struct error *err);
int selfexe_prepare(char **argv, struct error *err);
int selfexe_exchange(struct error *err);

/*
 * In a mount namespace of our own, of which nothing is seen outside: the clone is attached to a tree that is left by
 * pivot_root(2), and goes with it at no further cost. Where that does not work it is closed as everywhere else.
 */
void selfexe_leave_behind(void);

/* Closes the clone, in the calling process. */
void selfexe_release(void);

/* Whether the kernel started us through /proc, as a container that names our file there would make it. */
int selfexe_check_path(struct error *err);
