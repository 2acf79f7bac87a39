/* SPDX-License-Identifier: Apache-2.0 */
/* The mount table of this process' namespace, below its root: proc_pid_mountinfo(5). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "sys/proc.h"

struct mount_line {
	unsigned id, parent;
	char *root;    /* what of the file system is mounted */
	char *place;   /* where, as a path; unescaped, as root is */
	char *options; /* of the mount: "ro,nosuid,relatime" */
	char *type;    /* of the file system */
};

/* The table as text, to be gone through once; NULL on failure. */
char *mount_table_read(const struct proc *proc, struct arena *a, struct error *err);

/* The next line, a parent always before its children; false at the end. The strings are in the text, which is changed. */
bool mount_table_next(char **text, struct mount_line *ret);
