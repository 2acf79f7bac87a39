/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a container's v2 cgroup to the container (config-linux.md, "Cgroup ownership"; cgroup-v2.rst, "Delegation"). */
#pragma once

#include "cgroup/hierarchy.h"

/* The directory that the container lives in, below its cgroup: plan->subgroup and in it plan->delegate; NULL: the cgroup. */
const char *delegate_leaf(const struct cgroup_plan *plan, struct arena *a);

/*
 * Makes that directory, and gives it, or else the cgroup itself, to plan->owner: the directory and the files of it that
 * /sys/kernel/cgroup/delegate lists, no others. Init enters the subgroup by h->procs, then the rest by h->leaf_join.
 */
int delegate_make(struct hierarchy *h, const struct cgroup_plan *plan, struct arena *a,
		  struct error *err);

/* Passes on all controllers down to h->leaf; what is refused is left out. */
void delegate_pass_on(struct hierarchy *h, struct arena *a);
