/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of users and groups, by the container's own /etc/passwd and /etc/group (passwd(5), group(5)).
 *
 * Both files are the image's: only a regular file of at most 1 MiB is read, a line over 4 KiB says nothing, and there is no
 * name service behind it. We are in the container's root.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"

/* The home directory of uid, "/" where nobody says. */
const char *account_home(uid_t uid, struct arena *a);

/* The user's name, NULL where nobody says: of the caller, too, in the runtime's own tree. */
const char *account_name(uid_t uid, struct arena *a);

/*
 * Puts ids in the place of the names p->user_name and p->group_name (NULL: none). A user who was named gets the group of its
 * entry unless p->keep_gid, and those that list it as a member, in addition to p->groups.
 */
int account_resolve(struct process_plan *p, struct arena *a, struct error *err);
