/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verified /proc: the only way to write an attribute, a sysctl or an id map, and to reopen a handle.
 *
 * What stands at /proc in a container is what the image made of it; a write to a counterfeit attribute would look like a
 * success. So we make a private instance of procfs that nobody can mount over (fsopen(2)); where that is refused (old
 * kernels, a user namespace whose /proc is partly covered) a detached copy of the mount at /proc, or as the last resort
 * /proc itself, and then every look-up must end on that very mount. In each case the root is checked to be procfs with
 * inode 1, and each file to be on procfs, before anything is written.
 *
 * The handle shows the pid namespace of the process that opened it, and is never left open across execve.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum proc_scope {
	PROC_PIDS, /* processes only, where the kernel can leave the rest out */
	PROC_ALL,  /* with sys/: for the time that sysctls are written */
};

struct proc {
	int fd;		 /* directory handle of its root, -1: not open */
	bool own;	 /* nobody can mount over anything in it */
	uint64_t mnt_id; /* of its root */
};

#define auto_proc __attribute__((cleanup(proc_close)))

int proc_open(struct proc *ret, enum proc_scope scope, struct error *err);
void proc_close(struct proc *proc);

/*
 * Paths below are relative to the root of procfs ("self/attr/exec", "1234/uid_map", "sys/net/ipv4/ip_forward"). "self"
 * and "thread-self" may stand in the first place; no other link is followed.
 */

/* Opens a file; flags as in open(2), O_CLOEXEC is added. */
int proc_open_file(const struct proc *proc, const char *path, int flags, struct error *err);

/* The same, -1 with errno: for a file that need not exist. */
int proc_find_file(const struct proc *proc, const char *path, int flags);

/* Writes `data` in one write(2); taken in part is an error. */
int proc_write(const struct proc *proc, const char *path, const char *data, struct error *err);

/* Reads at most size - 1 bytes, '\0' appended; the length. A longer file is an error. */
ssize_t proc_read(const struct proc *proc, const char *path, char *buf, size_t size,
		  struct error *err);

/* Opens what a jumping link names: "1234/ns/user", "self/fd/7"; flags as in open(2). */
int proc_follow(const struct proc *proc, const char *path, int flags, struct error *err);

/* Opens the inode of one of our own O_PATH handles anew: look what it is before (house rule: never a FIFO or device
 * of the image for I/O). O_NONBLOCK, O_NOCTTY and O_CLOEXEC are added to flags. */
int proc_reopen(const struct proc *proc, int fd, int flags, struct error *err);

/* chmod(2) of the inode of an O_PATH handle: 0 or -1 with errno. */
int proc_chmod(int fd, mode_t mode);

/* Whether a handle is of a file on procfs. */
bool proc_holds(int fd);

/* The number of the mount that a handle is on (statx(2), STATX_MNT_ID); 0 if the kernel cannot tell. */
uint64_t mount_id(int fd);
