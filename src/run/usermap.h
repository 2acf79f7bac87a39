/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a new user namespace (user_namespaces(7)).
 *
 * Who has CAP_SETUID and CAP_SETGID writes the maps. An ordinary user may map nothing but itself, and gives up setgroups(2)
 * for that; more ids it gets from newuidmap(1) and newgidmap(1), as far as /etc/subuid and /etc/subgid grant them.
 */
#pragma once

#include "base/findings.h"
#include "plan/types.h"
#include "sys/proc.h"

/* Writes both maps of the new user namespace of process `pid`. Errors name the map's place in config.json. */
int usermap_write(const struct proc *proc, pid_t pid, const struct id_maps *maps,
		  const struct host *host, struct arena *a, struct error *err);

/* The same with our own privileges, and without a place in errors. */
int usermap_write_own(const struct proc *proc, pid_t pid, const struct id_maps *maps,
		      struct error *err);

/*
 * Which of these maps usermap_write() could not write, as far as that can be known beforehand: newuidmap(1) may ask others
 * than those files (nsswitch.conf(5)), and then nothing is said of them.
 */
void usermap_check(const struct id_maps *maps, const struct host *host, struct findings *f);
