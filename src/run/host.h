/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of this machine that the plan needs. */
#pragma once

#include "base/error.h"
#include "plan/types.h"

int host_read(struct host *ret, struct arena *a, struct error *err);

/* That it is no container that has started us, through a file in /proc. Before all else. */
int host_check_program(struct error *err);

/* Whether the file (NULL: none) is a pipe or the like, in which a program that begins anew would find nothing any more. */
bool host_reads_once(const char *path);

/* The runtime's program goes on from a file no container can write to (sys/selfexe.h). It may begin anew. */
int host_protect_program(char **argv, struct error *err);

/* What needs systemd goes on in a program that can ask it (sys/buslib.h); before anything was changed. */
int host_reach_systemd(char **argv, struct error *err);

/*
 * A new name for a container's session keyring. Whoever knows the name and has the uid of its owner may join it, as exec
 * does, so nobody can guess it.
 */
int host_keyring_name(const char *id, struct arena *a, const char **ret, struct error *err);

/* Whether this kernel loads filters with a SECCOMP_FILTER_FLAG_*. */
bool host_takes_filter_flag(unsigned flag);

/* The caller's descriptors: 0 to 2 are open afterwards, everything from 3 + `preserve` up is close-on-exec. */
int host_guard_descriptors(unsigned preserve, struct error *err);
