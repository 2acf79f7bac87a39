/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cgroup hierarchy of this host and the container's directory in it; struct cgroup, which is a set of them.
 *
 * Inside cgroup/ only. Everything below the root of a hierarchy is reached through a descriptor of that root, whose file
 * system has been checked, and without leaving it: no "..", no link, no other mount on the way. Files are never created.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "cgroup/cgroup.h"

struct journal;

enum controller {
	CONTROLLER_CPU,
	CONTROLLER_CPUACCT,
	CONTROLLER_CPUSET,
	CONTROLLER_MEMORY,
	CONTROLLER_DEVICES,
	CONTROLLER_FREEZER,
	CONTROLLER_BLKIO, /* "io" in v2 */
	CONTROLLER_NET_CLS,
	CONTROLLER_NET_PRIO,
	CONTROLLER_PIDS,
	CONTROLLER_HUGETLB,
	CONTROLLER_RDMA,
	CONTROLLERS
};

/* Its name in a version of cgroups; NULL if it is none there. */
const char *controller_name(enum controller controller, int version);

/* The bit set of the controllers in a list separated by any of the bytes of `separators`. */
unsigned controllers_parse(const char *list, const char *separators, int version);

struct hierarchy {
	int version;	   /* 1 or 2 */
	size_t number;	   /* among all that were found, of which some may have been left out */
	const char *name;  /* of v1: "cpu,cpuacct" or "name=systemd"; of v2: "" */
	const char *mount; /* where its root is mounted */
	unsigned
		controllers; /* bits of 1 << enum controller; of v2 only after hierarchy_read_controllers() */
	unsigned enabled; /* of v2: the bits of those that the container's directory has for sure */
	const char *own;  /* our own cgroup, as long as it is known */
	const char *path; /* the container's: begins with '/' */
	const char *below; /* its path before exec asked for one below; NULL: it did not */
	size_t kept;	   /* so many bytes of path existed before */
	bool existed;	   /* all of it did */
	bool alone; /* v2 that is mounted where v1 hierarchies would have their directories */
	int root;   /* descriptor, -1: not open yet */
	int join;   /* for the child: of v1's `tasks`, of v2's directory; -1: none */
	int procs;  /* of v2's cgroup.procs, where init could not be born in it; -1: it could */
	const char *leaf; /* of v2: the directory below `path` that processes are in, NULL: none */
	int leaf_join;	  /* of its cgroup.procs, for the child; -1: none */
	struct journal
		*journal; /* of an update, where writes to it are noted; NULL: they are not */
};

/* One of which nothing is open. */
#define HIERARCHY_CLOSED \
	((struct hierarchy){ .root = -1, .join = -1, .procs = -1, .leaf_join = -1 })

struct cgroup {
	struct arena *arena;
	const struct cgroup_plan *plan; /* NULL for one that came from a record */
	bool rootless;			/* what may not be written is left out */
	bool in_userns;			/* where devices cannot be judged */
	bool made;			/* by us, just now */
	int device_program; /* 1 + descriptor of its rules, which cgroup_prepare() has loaded; 0: not */
	const char *unit;      /* the scope of systemd that it is, NULL: none */
	bool unit_user;	       /* of the user's manager */
	uint64_t unit_number;  /* of its directory, once init was seen there; 0: it was not */
	bool foreign;	       /* a unit of that name is another's */
	unsigned unit_seconds; /* that systemd may take for an answer */
	struct hierarchy list[CGROUP_HIERARCHIES];
	size_t n;
	const char *shared; /* our own, where v2 is alone and was left out; NULL: it was not */
};

/*
 * All hierarchies that are mounted: of v1 those below /sys/fs/cgroup or wherever else a controller is, and v2. Reads
 * /proc/self/cgroup, which is as long as there are hierarchies; the mount table only where one has an unusual place.
 */
int hierarchy_find_all(struct cgroup *cg, struct error *err);

/* Refuses a directory in which, or below which, somebody is; one that is not there is fine. */
int hierarchy_refuse_busy(struct cgroup *cg, struct hierarchy *h, struct error *err);

/* The v2 cgroup of a process, NULL if that cannot be read. */
const char *hierarchy_path_of(struct arena *a, pid_t pid);

/* Opens and checks the root; -1 with errno. */
int hierarchy_open_root(struct hierarchy *h);

/*
 * open(2) below the root: `path` is relative to it, "" the root itself. O_CLOEXEC and O_NOFOLLOW are added. -1 with errno.
 */
int hierarchy_open(struct hierarchy *h, const char *path, int flags);

/* A file of the container's directory; -1 with errno. */
int hierarchy_open_file(struct hierarchy *h, const char *file, int flags);

/* Its first bytes as a string without the last line end; false if it cannot be read. */
bool hierarchy_read(struct hierarchy *h, const char *file, char *buf, size_t size);

/* Writes a value in one write(2); -1 with errno. */
int hierarchy_write(struct hierarchy *h, const char *file, const char *value);

/* Fills controllers of a v2 hierarchy from its root. */
int hierarchy_read_controllers(struct hierarchy *h, struct error *err);

/* Where a controller is: the v1 hierarchy, or v2 if that has it; NULL if nowhere. */
int cgroup_find_controller(struct cgroup *cg, enum controller controller, struct hierarchy **ret,
			   struct error *err);

/* The v2 hierarchy, or NULL. */
struct hierarchy *cgroup_find_v2(struct cgroup *cg);

/* Looks how much of the path exists: fills kept and existed. */
int hierarchy_probe(struct hierarchy *h, struct error *err);

/* Makes what is missing of the path; -1 with *err filled, errnum telling why. */
int hierarchy_make(struct hierarchy *h, struct error *err);

/*
 * Removes the container's directory and all below, then those above that are not kept and empty. A directory that was there
 * before is kept, what is below it is not. -1 with errno: EBUSY while processes are in it.
 */
int hierarchy_remove(struct hierarchy *h);

/* The same, if there is nothing in it; false if there is (or may be). */
bool hierarchy_remove_empty(struct hierarchy *h);
