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
 * Nothing is done where the file is root's and its caller an ordinary user, whose containers have no power over it.
 */
#pragma once

#include "base/error.h"

/*
 * Returns 0 when the program runs from a protected file. Call it first thing: the program may be executed anew, and then
 * nothing that was opened or allocated survives.
 */
int selfexe_protect(char **argv, struct error *err);

/* Whether the kernel started us through /proc, as a container that names our file there would make it. */
int selfexe_check_path(struct error *err);
