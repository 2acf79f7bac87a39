/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further process enters the cgroup of a running container, and what may keep it from doing so.
 *
 *	cgroup_enter_below()	the caller wants a cgroup below the container's
 *	cgroup_enter_open()	before the clone: what the child needs
 *	cgroup_clone_fd()	v2: it is born there
 *	cgroup_enter_self()	the child enters the rest
 */
#pragma once

#include "cgroup/cgroup.h"

/*
 * Takes words of --cgroup: "PATH" for all hierarchies, or "CONTROLLER[,CONTROLLER]:PATH" for those of v1. The cgroup must
 * exist below the container's own; a v2 hierarchy beside v1 ones need not have it.
 */
int cgroup_enter_below(struct cgroup *cg, const char *const *words, size_t n, struct error *err);

/*
 * Opens what a process needs to enter. Where the container's directory is gone (its init may have moved on and removed it)
 * the one that `init` is in takes its place.
 */
int cgroup_enter_open(struct cgroup *cg, pid_t init, struct error *err);

/*
 * The kernel refused to make a process in the v2 directory with errnum: EBUSY where the processes have moved further down,
 * EOPNOTSUPP where it is threaded, ENOENT or ENODEV where it was removed. Opens the one that `init` is in; -1 with *err if
 * that does not help.
 */
int cgroup_enter_beside(struct cgroup *cg, pid_t init, int errnum, struct error *err);

/* The child that was born in the v2 directory needs the descriptor no more. */
void cgroup_enter_born(struct cgroup *cg);

/* The calling single-threaded process enters the hierarchies, but not the one it was born in. */
int cgroup_enter_self(const struct cgroup *cg, struct error *err);

/* The frozen cgroup that stops the container: its own or one above; NULL if none is. */
const char *cgroup_frozen_name(const struct cgroup *cg, struct arena *a);

/*
 * Whether memory is limited, in the container's cgroup or one above. ERR_STATE where a further process would find none: what
 * a limit covers is in use and cannot be given back. The kernel would kill somebody for it, and not always the newcomer, as
 * it compares sizes.
 */
int cgroup_check_memory(const struct cgroup *cg, bool *ret_limited, struct error *err);

/*
 * A limit that is used up, of memory (what a few pages would exceed) or of processes, in the container's cgroup or one
 * above: "the pids limit of cgroup ... is used up: 5 of 5"; NULL if there is none.
 */
const char *cgroup_used_up(const struct cgroup *cg, bool memory, struct arena *a);

/* Inside cgroup/: the length of the part of h->path, at most `length`, that is frozen; 0 if none is. */
struct hierarchy;
size_t hierarchy_frozen(struct hierarchy *h, size_t length);
