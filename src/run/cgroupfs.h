/* SPDX-License-Identifier: Apache-2.0 */
/* A mount of type "cgroup": the container's own cgroups, the way this host has them. */
#pragma once

#include "run/tree.h"

/*
 * Cgroup v1: a tmpfs at the target with a directory for each hierarchy, in which the container's own cgroup is bound, and
 * a link for each controller of a hierarchy that holds several. Without any cgroup an empty tmpfs. Read-only, unless the
 * plan says otherwise.
 */
int cgroupfs_mount(struct tree *t, const struct fs_mount *m, int target, struct error *err);
