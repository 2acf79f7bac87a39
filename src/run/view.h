/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that a container would have, looked at without making it: the rootfs with the bind mounts of the plan over it.
 *
 * Paths are walked one component at a time on handles (sys/root.h), links followed inside the container, and where a
 * mount of the plan has its target the walk goes on in its source. What a file system of its own will hold (proc, tmpfs) is
 * not known: what lies there is neither found nor missing.
 */
#pragma once

#include "plan/mounts.h"

enum view_kind {
	VIEW_FOUND,
	VIEW_MISSING, /* errnum says why: ENOENT, ENOTDIR, ELOOP, EACCES */
	VIEW_UNKNOWN,
};

struct view_mount {
	const char *target; /* its place, without links */
	const struct fs_mount *mount;
};

struct view {
	struct arena *arena;
	int root; /* handle of the rootfs */
	struct view_mount *mounts;
	size_t n;
};

struct view_place {
	enum view_kind kind;
	int errnum;
	int fd;			   /* of what was found, O_PATH; the caller closes it. -1: none */
	const char *path;	   /* where it is in the container, without links */
	const struct fs_mount *on; /* the mount it lies on, NULL: the rootfs */
};

/* The tree of a plan; its rootfs must exist (-1 with errno). Close it with view_close(). */
int view_open(const struct fs_plan *fs, struct arena *a, struct view *ret);

/* The host's own tree. */
int view_open_host(struct arena *a, struct view *ret);
void view_close(struct view *v);

/* What an absolute path leads to. */
struct view_place view_find(const struct view *v, const char *path);
