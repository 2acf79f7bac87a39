/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces that serve to map the ids of a mount (user_namespaces(7), mount_setattr(2) MOUNT_ATTR_IDMAP). */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "plan/types.h"
#include "sys/proc.h"

/* A descriptor of a user namespace with these maps; it lives as long as somebody holds it. */
int idmap_namespace(const struct proc *proc, const struct id_maps *maps, struct error *err);

/* Opens a namespace by its path on the host; -1 with errno. */
int idmap_open_namespace(const char *path);

bool idmap_is_same(const struct id_maps *a, const struct id_maps *b);

/* After a refused mapping: tries it on nothing but the file system of `mnt`, and says so if that is the reason. */
void idmap_explain(int mnt, struct error *err);
