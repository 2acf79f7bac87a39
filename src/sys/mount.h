/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts, by handle: a mount is made detached, gets its attributes, and is attached to the handle of its target in one
 * step; nobody sees it half made, and what is killed on the way leaves nothing (fsopen(2), open_tree(2), mount_setattr(2),
 * move_mount(2)).
 *
 * Beside each call stands its old form for kernels and filters that lack it: mount(2), which takes paths. It is given
 * "PID/fd/N" of the verified /proc, so it acts on the same handles; our working directory is then the one of procfs.
 * Functions that return -1 with errno set leave the choice of the form to the caller: mount_call_is_missing() tells.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "sys/proc.h"

/* Whether the call that just failed with this errno may be unknown to the kernel, or to a filter. */
bool mount_call_is_missing(int errnum);

/* Whether move_mount(2) is there and we may mount: without it a detached mount is of no use. */
bool mount_can_attach(void);

/* ---- a new file system ------------------------------------------------------------------------------------------- */

/* Begins one: a descriptor to configure; -1 with errno. */
int mount_begin(const char *type);

/* Gives it an option, `value` NULL for a flag. The kernel's own message, if any, stands in the error. */
int mount_option(int fs, const char *key, const char *value, struct error *err);

/* Gives it flags of the superblock, MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME and MS_MANDLOCK of mount(2). */
int mount_super_flags(int fs, uint32_t set, uint32_t clear, struct error *err);

/* Makes it: the handle of a detached mount with these MOUNT_ATTR_* attributes. */
int mount_create(int fs, uint64_t attributes, struct error *err);

/* Begins to change the superblock of a mounted one, given by a handle (fspick(2)); mount_change() carries it out. */
int mount_pick(int mnt);
int mount_change(int fs, struct error *err);

/* The old form of all of it: on the target handle. Attributes are MOUNT_ATTR_*, flags and data those of mount(2). */
int mount_old(const struct proc *proc, int target, const char *type, const char *source,
	      uint64_t attributes, unsigned long flags, const char *data, struct error *err);

/* The old form of changing a mounted one, which keeps the mount's own attributes. */
int mount_old_change(const struct proc *proc, int mnt, unsigned long flags, const char *data,
		     struct error *err);

/* ---- part of the tree --------------------------------------------------------------------------------------------- */

enum mount_how {
	MOUNT_TREE = 1,	    /* with everything mounted below */
	MOUNT_NOFOLLOW = 2, /* a link is itself what is taken */
};

/* A detached copy of what is at the path, or at the handle; -1 with errno. */
int mount_clone_path(const char *path, unsigned how);
int mount_clone(int fd, unsigned how);

/* An O_PATH handle of a path of the host, where detached copies cannot be made; -1 with errno. */
int mount_open_path(const char *path, unsigned how);

/* Attaches a detached mount (a handle of it stays valid, and then is of the attached one). */
int mount_attach(int mnt, int target, struct error *err);

/* The old form of clone and attach. The handle of what was mounted must be looked up again. */
int mount_old_bind(const struct proc *proc, int source, int target, unsigned how,
		   struct error *err);

/* ---- attributes --------------------------------------------------------------------------------------------------- */

struct mount_set {
	uint64_t set,
		clear; /* MOUNT_ATTR_*; what is set must be cleared where it is part of a field */
	uint32_t propagation; /* MS_SHARED ... or 0 */
};

/* Changes a mount, or (MOUNT_TREE) it and all below it; -1 with errno. */
int mount_set(int mnt, unsigned how, const struct mount_set *change);

/* The old form, for an attached mount: one mount only, a tree only in its propagation. */
int mount_old_set(const struct proc *proc, int mnt, unsigned how, const struct mount_set *change,
		  struct error *err);

/* After an EPERM of mount_set(): the words of what the mount has and the change would clear, "" if there is nothing. */
void mount_locked_names(int mnt, const struct mount_set *change, char *buf, size_t size);

/* Whether an EPERM of mount_set() is the kernel's answer, and not that of a filter. */
bool mount_set_is_there(void);

/* Maps ids of the mount, or tree, by a user namespace (MOUNT_ATTR_IDMAP); -1 with errno. */
int mount_map_ids(int mnt, unsigned how, int user_namespace);

/* The propagation of what is mounted at a path of the host, and all below. */
int mount_propagate(const char *path, uint32_t propagation);

/* ---- roots -------------------------------------------------------------------------------------------------------- */

/* Makes the handle's mount the root of the namespace and lets go of the old one; we are in the new root then. */
int mount_pivot(int root, struct error *err);

/*
 * The same without pivot_root(2): the mount is moved over the namespace's root. What remains below it of procfs and sysfs
 * is taken away first, or covered, as it would allow a user namespace to mount new ones.
 */
int mount_move_root(const struct proc *proc, int root, struct arena *a, struct error *err);

/* chroot(2) to the handle. */
int mount_chroot(int root, struct error *err);

/* A number that no other mount ever gets (statx(2), STATX_MNT_ID_UNIQUE), or before Linux 6.8 that of mount_id(). */
uint64_t mount_unique_id(int fd);

/*
 * Takes away the mount that the handle is the root of, with all below; who uses it keeps it. Our working directory is then
 * the one of procfs.
 */
int mount_remove(const struct proc *proc, int mnt, struct error *err);

/*
 * Takes away the mount at a path of the host, with all below, if it is the one of that number; 0, too, when there is
 * another, or none.
 */
int mount_detach(const char *path, uint64_t unique_id, struct error *err);

/* Whether a handle is of the root of a mount (STATX_ATTR_MOUNT_ROOT). */
bool mount_is_root(int fd);
