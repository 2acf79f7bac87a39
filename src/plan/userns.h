/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user namespace changes in the file tree: the kernel makes a proc, sysfs or mqueue file system only for the owner of
 * the namespace that it shows, and knows no ids that are not mapped.
 */
#pragma once

#include "plan/mounts.h"

/*
 * Completes a mount of its own kind (FS_NEW): gives it the host's tree that may stand in for it, and refuses an id in its
 * options that a new user namespace does not map.
 */
int plan_in_user_namespace(struct fs_mount *m, const struct host *host, const struct ns_plan *ns,
			   struct error *err);
