/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts in a running container: added to its tree, taken away again.
 *
 * A process of ours enters the container's namespaces, with its root's ids, and works as init did when the tree was built
 * (run/tree.h): each target is resolved once, inside the root, and what may not be mounted over is refused. Sources are opened
 * on the host before it enters. The pid namespace, where it could be found and traced, it enters only to mount a new procfs.
 */
#pragma once

#include "plan/plan.h"
#include "run/container.h"

/*
 * Adds the mounts of the plan (plan_graft()), in order. When one fails those before it are taken away again; directories and
 * files made for targets stay.
 */
int graft_add(struct container *c, const struct host *host, const struct plan *plan,
	      struct error *err);

/*
 * Takes away the mounts on the targets of the plan, the last first, and whatever is mounted below them. Each must be the root
 * of a mount, and neither the container's root nor what hides or protects a path by linux.maskedPaths or
 * linux.readonlyPaths; if one is not, none is touched. Processes that use a mount keep it until they let go.
 */
int graft_remove(struct container *c, const struct host *host, const struct plan *plan,
		 struct error *err);
