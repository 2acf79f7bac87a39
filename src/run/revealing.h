/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Mount too revealing": in a user namespace the kernel makes a new proc or sysfs file system only where one of its kind can
 * already be seen as a whole. One that an outer container has masked cannot.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "sys/proc.h"

/*
 * After "proc" or "sysfs" was refused with EPERM: adds what keeps the host's own from being seen, if that is so. `readonly`:
 * the new one was to be read-only. In the mount namespace where it was refused.
 */
void revealing_explain(const struct proc *proc, const char *type, bool readonly, struct arena *a,
		       struct error *err);
