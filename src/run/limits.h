/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and priorities of one process. prlimit(2), sched_setattr(2), ioprio_set(2), proc(5) oom_score_adj.
 *
 * Most are set from outside, by the runtime, which keeps the privileges that init gives up or never has in a user
 * namespace. Resource limits of another user's process only CAP_SYS_RESOURCE may set, so the process does that itself;
 * hard limits that have to rise are raised before, while somebody may.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/*
 * `where` is the JSON pointer of the process object; pid is our child, session and group leader. That of
 * exec is put on its final CPUs, if they are named.
 */
int limits_apply(const struct process_plan *p, const char *where, pid_t pid, bool exec,
		 struct error *err);

/*
 * An ordinary user has no say in a process that has become another user in its user namespace, which therefore does these
 * itself: its OOM score while it sees the host's procfs, and its priorities before it is another. What limits_apply() does
 * then is the rest.
 */
bool limits_are_own(const struct plan *plan, const struct host *host);
int limits_score_self(const struct process_plan *p, const char *where, struct error *err);
int limits_schedule_self(const struct process_plan *p, const char *where, struct error *err);
struct process_plan limits_of_others(const struct process_plan *p);

/* Whether the scheduling policy is one that a child does not inherit, or keeps its process from having children. */
bool limits_are_lost(const struct process_plan *p);

/* Pins process `pid` (0: us) to CPUs; does nothing where none are named. */
int affinity_set(const struct cpu_plan *cpus, pid_t pid, struct error *err);

/*
 * Lets a child run on all CPUs that we may use but the one we are on: the two are to work at once, and some schedulers would
 * rather let another CPU sleep (guests that pack their work). Best effort; the child ends it by affinity_reset().
 */
void affinity_part(pid_t pid);

/* Lets it run wherever its cpuset does; best effort. */
void affinity_reset(pid_t pid);

/* Raises hard limits (of process `pid`, 0: ours) that are lower than asked for. */
int rlimits_raise(const struct process_plan *p, const char *where, pid_t pid, struct error *err);

/* Sets our own resource limits. */
int rlimits_set(const struct process_plan *p, const char *where, struct error *err);
