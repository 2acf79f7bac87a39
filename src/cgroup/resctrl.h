/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of the resctrl file system: shares of caches and of memory bandwidth, and the monitoring of both. The kernel's
 * Documentation/filesystems/resctrl.rst; Intel calls it RDT.
 *
 * A group is a directory below the root, a monitoring group one below its "mon_groups". Both are named here as paths
 * relative to the root, "" being the root itself. What is written is the plan's, or the record's that it was put into.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"

struct resctrl {
	int root;	  /* descriptor of the file system's root, -1: none is needed */
	bool new_group;	  /* to be made by us: it is not there */
	bool new_monitor; /* the same of the plan's monitoring group */
};

/* A descriptor of the root of the file system that is mounted; without one the error says so. */
int resctrl_root(struct error *err);

/*
 * Looks what there is of the plan's groups, and refuses what does not fit: a named group that is missing and would get no
 * schemata, or one whose schemata are other ones. Changes nothing. `root` stays the caller's.
 */
int resctrl_open(int root, const struct rdt_plan *plan, struct resctrl *ret, struct error *err);

/* Makes the groups that are new, and writes the schemata. One that another has made meanwhile is an error, and new no more. */
int resctrl_make(struct resctrl *r, const struct rdt_plan *plan, struct error *err);

/* Puts a process into a group, for all that it forks later. */
int resctrl_attach(int root, const char *group, pid_t pid, struct error *err);

/* Writes lines of a group's schemata in one write(2); empty and NULL ones are left out. */
int resctrl_write(int root, const char *group, const char *const *lines, size_t n,
		  struct error *err);

/*
 * Removes a group; one that is gone is fine. With `unused_only` one that has processes stays: the kernel would give them to
 * the root group without a word.
 */
int resctrl_remove(int root, const char *group, bool unused_only, struct error *err);
