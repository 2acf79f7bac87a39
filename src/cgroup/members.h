/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes in one hierarchy of a cgroup. What the rest of the program sees of them (cgroup_pids() and those that follow
 * it) is declared in cgroup.h.
 */
#pragma once

#include "cgroup/hierarchy.h"

/*
 * Those in the container's directory and all below, each once, in no order; none where it does not exist. A process that
 * our pid namespace does not see is left out.
 */
int members_list(struct hierarchy *h, struct arena *a, const pid_t **ret, size_t *ret_n,
		 struct error *err);
