/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups' part of the record. */
#pragma once

#include "cgroup/cgroup.h"
#include "state/state.h"

/* Puts the cgroup into the record, in the place of what it told of one before. */
void cgroup_to_record(const struct cgroup *cg, struct record *r);
int cgroup_from_record(struct arena *a, const struct record *r, struct cgroup **ret,
		       struct error *err);
