/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container has used, in the shape that readers of runc's `events` know. What its cgroups do not count is left out, and
 * so are most zeros; times are nanoseconds, sizes bytes, unlimited is what each version of cgroups calls so.
 */
#pragma once

#include "base/json.h"
#include "cgroup/cgroup.h"

/* Writes the members "cpu", "cpuset", "memory", "pids", "blkio" and "hugetlb" of an open object. `a` is used for a while. */
void stats_write(const struct cgroup *cg, struct arena *a, struct json_writer *w);
