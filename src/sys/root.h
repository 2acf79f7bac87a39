/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory that look-ups cannot leave.
 *
 * Everything below a container's root may have been put there by an attacker, who may also change it while we work (a
 * volume shared with another container). So a path is used once: it is resolved here, by the kernel (openat2(2),
 * RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS) or, where that call is missing or filtered, one component at a time on
 * O_PATH handles, with the same result. Links are followed as if the directory were "/", ".." stops at it, and links of
 * procfs that jump (exe, cwd, fd/N, ns/X) are refused. What comes back is an O_PATH handle: checks and actions are done
 * on it, never on the path again.
 *
 * Nothing here opens an inode of the image for reading or writing: see proc_reopen() in sys/proc.h, after looking at
 * what the handle is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct root {
	int fd;		  /* O_PATH handle of the directory; whoever made it closes it */
	const char *name; /* for messages: "rootfs" */
};

/* How the last component of a path is taken. */
enum root_look {
	ROOT_ANY,	     /* any inode; a link is followed inside the root */
	ROOT_DIRECTORY,	     /* the same, anything but a directory is ENOTDIR */
	ROOT_NOFOLLOW,	     /* a link in the last place is itself the result */
	ROOT_REAL_DIRECTORY, /* a directory reached without any link: a link in any place is ELOOP */
	ROOT_REAL,	     /* any inode reached without any link */
};

/*
 * An O_PATH handle of what `path` names, absolute or relative to the root alike; -1 with errno. ENOENT for what does
 * not exist, ELOOP for too many links (40) or a forbidden one, EAGAIN when others kept renaming.
 */
int root_find(const struct root *root, const char *path, enum root_look look);

/* The same, with *err filled on failure. */
int root_open(const struct root *root, const char *path, enum root_look look, struct error *err);

/*
 * The same, and what is missing is made: directories (0755) on the way, and in the last place an inode of `type`, S_IFDIR
 * (0755) or S_IFREG (0644, empty), all less the umask. A dangling link makes what it points to, inside the root. What is
 * there already keeps its mode, owner and contents. *ret_made (may be NULL) tells whether the last one is new.
 */
int root_make(const struct root *root, const char *path, enum root_look look, mode_t type,
	      bool *ret_made, struct error *err);

/*
 * Makes a device node or FIFO called `name` (no '/') in the directory `dirfd`: type and mode as in mknod(2), with the
 * umask 0. An inode that is there already must be the same device, and is left as it is; anything else is an error with
 * errnum EEXIST. A new node gets exactly `mode` and the owner. Refusal of mknod itself has errnum EPERM.
 */
int root_mknod(int dirfd, const char *name, mode_t mode, dev_t device, uid_t uid, gid_t gid,
	       struct error *err);

/* Makes the link name -> target in dirfd; *ret_made (may be NULL) is false where `name` exists, which is left alone. */
int root_symlink(int dirfd, const char *name, const char *target, bool *ret_made,
		 struct error *err);

/* The target of a link held by an O_PATH | O_NOFOLLOW handle, '\0'-terminated: its length, or -1 with errno. */
ssize_t root_read_link(int fd, char *buf, size_t size);

/* Whether two handles are of the same inode. */
bool root_is_same(int a, int b);
