/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's file tree, carried out: build it below the host's, make it the root, close it.
 *
 *	parent		sources_open()  ... clone ...  sources_idmap()
 *	child		rootfs_build()	mounts, devices, links; the host's tree is still there
 *			rootfs_enter()	the rootfs becomes "/"
 *			rootfs_console()
 *			rootfs_finish()	masks, read-only paths, read-only root: nothing is mounted afterwards
 *
 * In a mount namespace of its own the tree goes with its last process. In the caller's (or a joined) namespace all of it
 * hangs on one mount, the rootfs on itself, whose number is recorded and which rootfs_undo() takes away.
 */
#pragma once

#include "run/sources.h"

struct record;

/*
 * Needs the new namespaces and the ids of the container's root. Propagation first: nothing done here is seen outside.
 * Leaves the working directory undefined.
 */
int rootfs_build(const struct fs_plan *fs, struct sources *s, struct arena *a, struct error *err);

/* After the createContainer hooks. The working directory is the new root afterwards. */
int rootfs_enter(const struct fs_plan *fs, struct sources *s, struct error *err);

/* Binds the terminal's peer over /dev/console. */
int rootfs_console(const struct fs_plan *fs, int peer, struct error *err);

/*
 * After the last mount, hook and sysctl. Makes the directory `cwd` (NULL: none) where it is missing. Closes all sources:
 * no handle of the host's tree is left. The working directory is the root.
 */
int rootfs_finish(const struct fs_plan *fs, struct sources *s, const char *cwd, struct error *err);

/* Records what rootfs_undo() needs, for the claim; true if there is something to undo. */
bool rootfs_to_record(const struct fs_plan *fs, struct record *r);

/* Adds the number of the mount, known after sources_open(); true if the record must be written again. */
bool rootfs_mount_to_record(const struct fs_plan *fs, const struct sources *s, struct record *r);

/* Unmounts what a record says was mounted outside of a namespace of its own; nothing is there as a rule. */
int rootfs_undo(const struct record *r, struct error *err);
