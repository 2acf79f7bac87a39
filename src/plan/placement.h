/* SPDX-License-Identifier: Apache-2.0 */
/* Where the container's cgroup is, and to whom it is given (config-linux.md, "Cgroups Path" and "Cgroup ownership"). */
#pragma once

#include "base/error.h"
#include "plan/resources.h"

struct plan;

/*
 * linux.cgroupsPath (NULL: none) -> plan->path; where systemd makes the cgroup, "slice:prefix:name" -> plan->unit, and the
 * path below the manager's own cgroup that such a unit has.
 */
int plan_placement(const char *path, const struct host *host, struct arena *a,
		   struct cgroup_plan *plan, struct error *err);

/*
 * From what the rest of the plan says: a writable mount at /sys/fs/cgroup gives the cgroup to the container's user, where a
 * cgroup namespace is made for it; annotations ask for more.
 */
int plan_delegation(struct plan *plan, struct arena *a, struct error *err);
