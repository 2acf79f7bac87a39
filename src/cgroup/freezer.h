/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping all processes of a cgroup for a while: v1's freezer where there is one, as that is what others look at, else v2's
 * cgroup.freeze. Only `pause` and `resume` freeze and thaw; who has killed the processes thaws, since a frozen one dies only
 * when it runs again.
 */
#pragma once

#include <stdbool.h>

#include "cgroup/cgroup.h"

/* Whether the cgroup is frozen or about to be, by itself or by one above; false without a freezer. */
bool cgroup_frozen(const struct cgroup *cg);

/* Stops all processes and waits until they have stopped: 10 seconds at most, then they go on and it is ERR_TIMEOUT. */
int cgroup_freeze(const struct cgroup *cg, struct error *err);

/* Lets them go on; whether they do while a cgroup above is frozen is not waited for. A cgroup that is gone is fine. */
int cgroup_thaw(const struct cgroup *cg, struct error *err);

/* The same, and waits until they go on. A frozen cgroup above is named as an error. */
int cgroup_resume(const struct cgroup *cg, struct error *err);
