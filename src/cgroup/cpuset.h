/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1's cpuset (cpuset(7)), where a cgroup may use what the one above may, no more, and never less than those below: so the
 * order matters in which a tree of them is made or changed.
 */
#pragma once

#include "cgroup/knob.h"

/*
 * Gives new directories of the cpuset hierarchy CPUs and memory nodes, those of the directory above: without them nobody can
 * enter. Nothing to do for other hierarchies.
 */
int cpuset_fill(struct hierarchy *h, struct error *err);

/*
 * Sets the container's CPUs or memory nodes. In an update, cgroups that it has made below its own lose what it loses, and get
 * all that it has if nothing would be left to them; directories above that were made for it get what it gets.
 */
int cpuset_write(struct hierarchy *h, const struct limit *limit, const struct cgroup_plan *plan,
		 struct error *err);
