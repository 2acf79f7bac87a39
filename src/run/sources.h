/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container's tree is made of, taken from the host's before anything of the image matters: the rootfs, the
 * sources of bind mounts, device nodes where they are bound, the null device for masks, the container's own cgroups.
 *
 * The parent opens them as detached copies (open_tree(2)) in the caller's mount namespace, while the child, which shares the
 * table of descriptors until then, makes its namespaces; the child attaches them. So no name of the host is used once the first target is mounted, and ids can be mapped by
 * the parent, which alone has the privilege. Where the parent may not copy mounts (rootless) or the kernel cannot, all is
 * opened by the child instead, in its own copy of the host's tree and before it mounts anything ("late").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/mounts.h"
#include "sys/proc.h"

struct cgroup;

struct source {
	int fd;		  /* handle of the detached copy, or of the inode */
	bool detached;	  /* a copy, to be attached; otherwise bound by mount(2) */
	mode_t mode;	  /* its type and permissions */
	bool used;	  /* attached already: for another place it is copied again */
	uint64_t mnt_id;  /* of the detached copy; 0: not known */
	const char *link; /* copy-symlink: the source is a link to this */
};

struct cgroup_source {
	bool shared;	  /* could not be made, which is tolerated: it is the caller's */
	bool left_out;	  /* nor is that one within reach */
	const char *name; /* of the hierarchy: "memory", "cpu,cpuacct"; "": it is the whole view */
	const char *path; /* the container's directory in it, on the host; NULL: none */
	const char *own;  /* the caller's; NULL: none within reach */
	struct source source;
};

struct sources {
	struct arena *arena;
	bool late; /* the child opens them */
	struct source root, null;
	struct source *list; /* as numbered in the plan */
	size_t n;
	struct cgroup_source *cgroups;
	size_t n_cgroups;

	int *late_readonly; /* handles of mounts that are made read-only at the end, in order */
	size_t n_late_readonly;
	struct proc proc; /* the child's, opened where an old form of a call needs it */
	bool old_calls;	  /* the child cannot attach detached mounts */
	uint64_t nofile;  /* soft limit of descriptors before it was raised for us, 0: it was not */
};

/* Before the clone: room for everything, and what is read and not opened. `cg` need not have been made. */
int sources_prepare(const struct fs_plan *fs, const struct cgroup *cg, struct arena *a,
		    struct sources *ret, struct error *err);

/* The parent's part. `cg` has been made. On failure nothing stays open; `s` may be closed in any case. */
int sources_open(struct sources *s, const struct fs_plan *fs, const struct cgroup *cg,
		 struct error *err);

/*
 * From the parent to a child that was cloned in between: the former writes what it opened to `memory` that both see, the
 * latter, which has the descriptors too, takes it from there. The size is the same in both.
 */
size_t sources_size(const struct sources *s);
void sources_give(const struct sources *s, void *memory);
void sources_take(struct sources *s, const void *memory);

/*
 * The parent's part after the clone, when the id maps of a new user namespace are written: maps the ids of the sources
 * that ask for it, by their own mappings or by the user namespace of process `pid`. The child's descriptors are of the
 * same mounts.
 */
int sources_idmap(struct sources *s, const struct fs_plan *fs, pid_t pid, struct error *err);

/* The child's part, before the first mount: opens what the parent could not. */
int sources_open_late(struct sources *s, const struct fs_plan *fs, struct error *err);

/* In the child: the host's node of a device whose mknod(2) was refused, for binding; its numbers are checked. */
int sources_open_device(const struct sources *s, const struct fs_device *d, struct source *ret,
			struct error *err);

/* Closes everything, and sets the limit of descriptors back. */
void sources_close(struct sources *s);
void source_close(struct source *s);
