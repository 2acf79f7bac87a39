/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups of one container: one directory in each hierarchy of this host.
 *
 * A host may have several version 1 hierarchies, each with its own controllers, and a version 2 hierarchy beside them; a
 * `struct cgroup` keeps per hierarchy where the container's directory is and which version it speaks. How a limit is written
 * is a row in that version's table of knobs (cgroup1.c); nothing here asks for a global mode.
 *
 * The life: cgroup_open() looks at the host and refuses what it cannot do; cgroup_lines() tells what is going to be made, for
 * the record; cgroup_make() makes it; the child calls cgroup_attach_self(); cgroup_apply() sets the limits. Later commands
 * begin with cgroup_from_lines(), and nothing of the host is searched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/resources.h"

struct hierarchy {
	const char *name;  /* of its directory in the container's view: "memory", "cpu,cpuacct" */
	const char *mount; /* absolute path of its root */
	const char *path;  /* the container's directory below it */
	const char *made;  /* the topmost directory we make, "" if all of `path` was there */
	int fd;		   /* of the container's directory, -1: not open */
	int tasks;	   /* where the child attaches itself, -1: not open */
};

struct cgroup {
	struct arena *arena;
	struct hierarchy *list;
	size_t n;
	bool tolerant; /* what an ordinary user may not make is left out */
};

/* Finds the hierarchies. A controller that a limit needs must be there. */
int cgroup_open(struct arena *a, const struct cgroup_plan *plan, const struct host *host,
		struct cgroup **ret, struct error *err);

/* What the record keeps of it, one string per hierarchy, and back. */
const char *cgroup_line(const struct cgroup *cg, size_t i);
int cgroup_from_lines(struct arena *a, const char *const *lines, size_t n, struct cgroup **ret,
		      struct error *err);

/* Makes the directories; one that exists must be empty and not frozen. Opens what the child needs to attach itself. */
int cgroup_make(struct cgroup *cg, struct error *err);

/* A descriptor for CLONE_INTO_CGROUP, -1 where no hierarchy of version 2 is used. */
int cgroup_clone_fd(const struct cgroup *cg);

/* Child: enters every hierarchy. */
int cgroup_attach_self(const struct cgroup *cg, struct error *err);

/* Writes limits and device rules. */
int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);

/* The hierarchy that has a controller, or NULL. */
struct hierarchy *cgroup_find(const struct cgroup *cg, const char *controller);

/* The directory of the container in a hierarchy: opened once. -1 with errno. */
int hierarchy_open(struct hierarchy *h);

/* What a container sees of it below /sys/fs/cgroup: a directory for each hierarchy. Returns their number. */
struct cgroup_mount {
	const char *name, *path; /* path: absolute, on the host */
};
size_t cgroup_mounts(const struct cgroup *cg, struct arena *a, const struct cgroup_mount **ret);

/* Every process of the container, its own sub-cgroups included. */
int cgroup_pids(const struct cgroup *cg, struct arena *a, pid_t **ret, size_t *ret_n,
		struct error *err);

bool cgroup_frozen(const struct cgroup *cg);
int cgroup_thaw(const struct cgroup *cg, struct error *err);

/* Whether the kernel has killed a process of it for lack of memory. */
bool cgroup_oom_killed(const struct cgroup *cg);

/* Signals every process; SIGKILL is repeated until nobody new turns up. */
int cgroup_signal(const struct cgroup *cg, int sig, struct error *err);

/* Waits until no process is left (base/fd.h deadline). */
int cgroup_wait_empty(const struct cgroup *cg, uint64_t deadline, struct error *err);

/* Removes the directories, what the container made in them, and those above that we made and nobody else uses. */
int cgroup_remove(const struct cgroup *cg, struct error *err);

/* The same where no process is in it and nothing below it: false, with as much removed as could be, if it is otherwise. */
bool cgroup_remove_empty(const struct cgroup *cg);

void cgroup_close(struct cgroup *cg);
