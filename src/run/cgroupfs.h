/* SPDX-License-Identifier: Apache-2.0 */
/* A mount of type "cgroup": the container's own cgroups, the way this host has them. */
#pragma once

#include "run/tree.h"

/*
 * Cgroup v1: a tmpfs at the target with a directory for each hierarchy, in which the container's own cgroup is bound, and
 * a link for each controller of a hierarchy that holds several. Cgroup v2: the container's own cgroup, bound. Read-only,
 * unless the plan says otherwise. Where the container could not be given one, and stays in its caller's, that is shown,
 * always read-only. An empty tmpfs where none is known, with the manager "disabled" for instance.
 */
int cgroupfs_mount(struct tree *t, const struct fs_mount *m, int target, struct error *err);
