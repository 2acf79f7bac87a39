/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and priorities of one process, set from outside: the runtime keeps the privileges that init gives up, or never
 * has in a user namespace. prlimit(2), sched_setattr(2), ioprio_set(2), proc(5) oom_score_adj.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* `where` is the JSON pointer of the process object; pid is our child, session and group leader. */
int limits_apply(const struct process_plan *p, const char *where, pid_t pid, struct error *err);
