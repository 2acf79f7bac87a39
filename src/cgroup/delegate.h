/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a container's v2 cgroup to the container (config-linux.md, "Cgroup ownership"; cgroup-v2.rst, "Delegation"). */
#pragma once

#include "cgroup/hierarchy.h"

/*
 * Makes the directory that the container lives in, if it is another than its cgroup (plan->delegate), and gives it, or else
 * the cgroup itself, to plan->owner: the directory and the files of it that /sys/kernel/cgroup/delegate lists, no others.
 */
int delegate_make(struct hierarchy *h, const struct cgroup_plan *plan, struct error *err);
