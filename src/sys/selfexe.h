/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the runtime's own file out of a container's reach.
 *
 * The kernel lets whoever shares a pid namespace with us, or is executed through a script or an ELF interpreter that names
 * /proc/self/exe, get hold of our file; a container that can write to it owns the host. So a command whose process a
 * container will see runs from a copy that nobody can write through: a detached, read-only clone of the mount our file is
 * on, or where that cannot be made a sealed copy in memory (memfd_create(2)).
 */
#pragma once

#include "base/error.h"

/*
 * Executes the program anew from a protected file, unless it runs from one already. Returns 0 when it does. Call it first
 * thing: nothing that was opened or allocated survives.
 */
int selfexe_protect(char **argv, struct error *err);

/* Whether the kernel started us through /proc, as a container that names our file there would make it. */
int selfexe_check_path(struct error *err);
