/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's tree while it is built, by the child: carries out single mounts of the plan. Each target is resolved
 * once, inside the rootfs, and looked at before anything is attached to its handle.
 */
#pragma once

#include "plan/mounts.h"
#include "run/sources.h"
#include "sys/mount.h"
#include "sys/root.h"

struct tree {
	const struct fs_plan *fs;
	struct sources *sources;
	struct root root;
	uint64_t root_mnt; /* mount_id() of the root */
	uint64_t root_inode;
	struct arena *arena;
};

/* The verified /proc for old forms of calls; opened once. NULL on failure. */
const struct proc *tree_proc(struct tree *t, struct error *err);

/* One entry of mounts[]. */
int tree_mount(struct tree *t, const struct fs_mount *m, struct error *err);

/*
 * Attaches a source to the handle of its target. `path` is where that is in the container, `how` MOUNT_TREE for what is
 * mounted below, too; first `below` is applied to the tree, then `top` to the mount.
 */
int tree_attach(struct tree *t, struct source *source, int target, const char *path, unsigned how,
		const struct mount_set *below, const struct mount_set *top, struct error *err);

/* Changes an attached mount given by its own handle. */
int tree_set(struct tree *t, int mnt, unsigned how, const struct mount_set *change,
	     struct error *err);

/*
 * Mounts that have to stay writable while the tree is made: takes the handle of one with late_readonly, or NULL where it is
 * read-only already; and makes it read-only at the end. `at` counts them, which are asked for in the order of the plan.
 */
void tree_note_late(struct tree *t, int *mnt);
int tree_close_late(struct tree *t, const struct fs_mount *m, size_t *at, struct error *err);

/* The handle of what was just mounted at `path`, where only an old form could be used. */
int tree_find_mounted(struct tree *t, const char *path, enum root_look look, struct error *err);

/*
 * A new tmpfs for us to fill, with the container's label, not attached yet unless only mount(2) is there; the handle of it.
 * At most 7 options.
 */
int tree_tmpfs(struct tree *t, int target, const char *path, uint64_t attributes,
	       const struct fs_option *options, size_t n_options, bool *ret_attached,
	       struct error *err);
