/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup: one directory in each hierarchy of this host.
 *
 * A host may have any mixture of cgroup v1 hierarchies and of cgroup v2, so there is no mode: every controller is found in
 * one v1 hierarchy, in v2, or nowhere, and each hierarchy speaks its version (cgroup(7)). The container is a member of all
 * of them, also of those that limit nothing: of a v2 hierarchy by being cloned into it, of a v1 hierarchy by writing itself
 * to `tasks`, which takes none of the kernel's global locks. A v2 hierarchy without any controller has its use, too: it is
 * killed as a whole, and tells when it is empty.
 *
 * The life of one: cgroup_open() looks and refuses, cgroup_line() tells what will exist, cgroup_make_v2() and _v1() make it,
 * cgroup_attach_self() puts the child in, cgroup_apply() sets limits. Later commands get it back from the lines in the record
 * without searching anything. With the manager "disabled" (and for a rootless caller who may not write anywhere) there is a cgroup
 * without hierarchies, and every call here succeeds and does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/resources.h"
#include "plan/types.h"

struct cgroup;

/* No host has more hierarchies. */
#define CGROUP_HIERARCHIES 24

/*
 * Finds the hierarchies and refuses what this host cannot do, before anything is changed: a limit whose controller is
 * missing or has no such limit in its version, a cgroup that holds processes or is frozen. Keeps `plan`.
 */
int cgroup_open(struct arena *a, const struct cgroup_plan *plan, const struct host *host,
		struct cgroup **ret, struct error *err);

/*
 * What to remember of it, a line for each hierarchy, and back. The lines must be on disk before cgroup_make_v2(): a cgroup is
 * removed by what stands in them.
 */
size_t cgroup_count(const struct cgroup *cg);

/* Whether systemd has made it, or will. */
bool cgroup_has_unit(const struct cgroup *cg);
const char *cgroup_line(const struct cgroup *cg, size_t i);
int cgroup_from_lines(struct arena *a, const char *const *lines, size_t n, struct cgroup **ret,
		      struct error *err);

/*
 * To be asked before the cgroup of a record is removed. The name of a unit that has ended is free, and systemd may have
 * given it to another since: such a cgroup is forgotten (cgroup_count() is 0), and the answer is false.
 */
bool cgroup_keep_own(struct cgroup *cg);

/*
 * Makes the directories, and opens what the child needs: first those of v2, which init is born in, then those of v1, which
 * it enters later and which may be made beside it. Real-time limits are set by the latter, as they decide who may enter.
 */
int cgroup_make_v2(struct cgroup *cg, struct error *err);
int cgroup_make_v1(struct cgroup *cg, struct error *err);

/*
 * Where systemd makes the cgroup: with init in it, between the two. If that fails because another's unit has the name,
 * there is no cgroup afterwards (cgroup_count() is 0), so that nobody removes it as ours.
 */
int cgroup_place(struct cgroup *cg, pid_t pid, struct error *err);

/* The v2 directory to be cloned into (clone3(2), CLONE_INTO_CGROUP), -1: none. Open after cgroup_make_v2() or cgroup_enter_open(). */
int cgroup_clone_fd(const struct cgroup *cg);

/*
 * process_clone() into the v2 directory, after cgroup_make_v2(). Where the kernel cannot do so, the process is made
 * elsewhere, and cgroup_attach_self() brings it in.
 */
pid_t cgroup_clone(struct cgroup *cg, uint64_t flags, int *ret_pidfd, struct error *err);

/* Whether a process that was cloned so is not in the container's v2 directory yet, and will not be found by it. */
bool cgroup_is_entered_late(const struct cgroup *cg);

/*
 * The descriptors by which hierarchies are entered, of v2 its delegated part, from the process that made them to one that
 * was cloned between cgroup_open() and cgroup_make_v1(); -1 where there is none.
 */
struct cgroup_joins {
	int list[CGROUP_HIERARCHIES];
	int procs; /* of v2 */
};
void cgroup_give_joins(const struct cgroup *cg, struct cgroup_joins *ret);
void cgroup_take_joins(struct cgroup *cg, const struct cgroup_joins *joins);

/* The calling single-threaded process enters the v1 hierarchies, and v2 if it was not born there. */
int cgroup_attach_self(const struct cgroup *cg, struct error *err);

/* It goes down to the directory that was delegated to the container, if that is another: after the cgroup namespace is made. */
int cgroup_attach_leaf(const struct cgroup *cg, struct error *err);

/* Closes all descriptors; those for the container's files are opened again when they are needed. */
void cgroup_close(struct cgroup *cg);

/* In time that would be spent waiting: makes ready what cgroup_apply() needs long for. Nothing has changed after it. */
void cgroup_prepare(struct cgroup *cg, const struct cgroup_plan *plan);

/* Whether device rules come into force all at once. Those of v1 are many, and in between init could not make its nodes. */
bool cgroup_restricts_at_once(const struct cgroup *cg);

/* Writes limits and device rules; an error names the place in config.json, the file and the value. */
int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);

/*
 * The container's own directories, for its /sys/fs/cgroup. The name is that of the hierarchy there ("cpu,cpuacct",
 * "systemd"), "" for v2 where that is all of /sys/fs/cgroup; a v2 hierarchy beside v1 ones is not shown. Where none could
 * be made the container stays in its caller's: such a hierarchy of v1 is no longer among them, v2 has no path. Returns how
 * many.
 */
struct cgroup_mount {
	const char *name, *path;
	const char *own; /* the caller's directory; NULL: out of reach */
};
size_t cgroup_mounts(const struct cgroup *cg, struct arena *a, const struct cgroup_mount **ret);

/* ---- those in it (cgroup/members.c) ------------------------------------------------------------------------------- */

/* The processes in the cgroup and all below, each once, as our pid namespace numbers them. */
int cgroup_pids(const struct cgroup *cg, struct arena *a, const pid_t **ret, size_t *ret_n,
		struct error *err);

/* Sends a signal to every process; for SIGKILL repeated until none is left that has not got it. */
int cgroup_signal(const struct cgroup *cg, int sig, struct error *err);

/* Waits until no process is left (ERR_TIMEOUT at the deadline of base/fd.h, naming those that are). */
int cgroup_wait_empty(const struct cgroup *cg, uint64_t deadline, struct error *err);

/*
 * Removes the cgroup, all below it and those directories above it that were made for it and are empty; one that was there
 * before stays. Whoever is still in it is killed. What does not exist is fine; what is left is named.
 */
int cgroup_remove(const struct cgroup *cg, struct error *err);

/* The same where no process is in it and nothing below it: false, with as much removed as could be, if it is otherwise. */
bool cgroup_remove_empty(const struct cgroup *cg);
