/* SPDX-License-Identifier: Apache-2.0 */
#include "run/limits.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "spec/names.h"
#include "sys/clone.h"
#include "sys/syscalls.h"

#define IOPRIO_WHO_PGRP 2

static int set_one(const struct rlimit_plan *r, const char *where, pid_t pid,
		   const struct rlimit *limit, struct error *err)
{
	if (prlimit(pid, (__rlimit_resource_t)r->resource, limit, NULL) == 0)
		return 0;
	error_sys(err, "setrlimit %s to %ju:%ju",
		  word_name(rlimit_words.table, rlimit_words.n, (uint64_t)r->resource),
		  (uintmax_t)limit->rlim_cur, (uintmax_t)limit->rlim_max);
	return error_at(err, "%s/rlimits/%u", where, r->index);
}

int rlimits_raise(const struct process_plan *p, const char *where, pid_t pid, struct error *err)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct rlimit_plan *r = &p->rlimits[i];
		struct rlimit now;

		if (prlimit(pid, (__rlimit_resource_t)r->resource, NULL, &now) < 0)
			return error_sys(err, "getrlimit");
		if (now.rlim_max >= r->hard)
			continue;
		now.rlim_max = (rlim_t)r->hard;
		if (set_one(r, where, pid, &now, err))
			return -1;
	}
	return 0;
}

int rlimits_set(const struct process_plan *p, const char *where, struct error *err)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct rlimit limit = { (rlim_t)p->rlimits[i].soft,
					      (rlim_t)p->rlimits[i].hard };

		if (set_one(&p->rlimits[i], where, 0, &limit, err))
			return -1;
	}
	return 0;
}

static int apply_scheduler(const struct process_plan *p, const char *where, pid_t pid,
			   struct error *err)
{
	struct sys_sched_attr attr = { .size = sizeof(attr),
				       .sched_policy = p->sched.policy,
				       .sched_flags = p->sched.flags,
				       .sched_nice = p->sched.nice,
				       .sched_priority = p->sched.priority,
				       .sched_runtime = p->sched.runtime,
				       .sched_deadline = p->sched.deadline,
				       .sched_period = p->sched.period };

	if (p->sched.set && sys_sched_setattr(pid, &attr) < 0) {
		error_sys(err, "sched_setattr");
		return error_at(err, "%s/scheduler", where);
	}
	if (p->ioprio >= 0 && sys_ioprio_set(IOPRIO_WHO_PGRP, pid, p->ioprio) < 0) {
		error_sys(err, "ioprio_set");
		return error_at(err, "%s/ioPriority", where);
	}
	return 0;
}

static int apply_oom_score(const struct process_plan *p, const char *where, pid_t pid,
			   struct error *err)
{
	auto_fd int fd = -1;

	if (!p->has_oom_score_adj)
		return 0;
	fd = oom_score_open(pid, err);
	if (fd < 0 || oom_score_write(fd, p->oom_score_adj, err))
		return error_at(err, "%s/oomScoreAdj", where);
	return 0;
}

bool limits_are_own(const struct plan *plan, const struct host *host)
{
	return plan->ns.listed & CLONE_NEWUSER && host->euid != 0;
}

int limits_score_self(const struct process_plan *p, const char *where, struct error *err)
{
	return apply_oom_score(p, where, 0, err);
}

int limits_schedule_self(const struct process_plan *p, const char *where, struct error *err)
{
	return apply_scheduler(p, where, 0, err);
}

struct process_plan limits_of_others(const struct process_plan *p)
{
	struct process_plan rest = *p;

	rest.has_oom_score_adj = false;
	rest.sched.set = false;
	rest.ioprio = -1;
	return rest;
}

int affinity_set(const struct cpu_plan *cpus, pid_t pid, struct error *err)
{
	if (!cpus->bits)
		return 0;
	if (sched_setaffinity(pid, (cpus->bits + 63) / 64 * 8,
			      (const cpu_set_t *)(const void *)cpus->words) < 0)
		return error_sys(err, "sched_setaffinity");
	return 0;
}

void affinity_part(pid_t pid)
{
	unsigned char cpus[1024] = { 0 };
	int cpu = sched_getcpu();

	if (cpu < 0 || (size_t)cpu >= 8 * sizeof(cpus) ||
	    sched_getaffinity(0, sizeof(cpus), (cpu_set_t *)(void *)cpus) < 0)
		return;
	CPU_CLR_S((size_t)cpu, sizeof(cpus), (cpu_set_t *)(void *)cpus);
	if (CPU_COUNT_S(sizeof(cpus), (cpu_set_t *)(void *)cpus))
		(void)sched_setaffinity(pid, sizeof(cpus), (const cpu_set_t *)(const void *)cpus);
}

void affinity_reset(pid_t pid)
{
	unsigned char all[1024];

	memset(all, 0xff, sizeof(all));
	(void)sched_setaffinity(pid, sizeof(all), (const cpu_set_t *)(const void *)all);
}

bool limits_are_lost(const struct process_plan *p)
{
	return p->sched.set &&
	       (p->sched.policy == SCHED_DEADLINE || p->sched.flags & SCHED_FLAG_RESET_ON_FORK);
}

int limits_apply(const struct process_plan *p, const char *where, pid_t pid, bool exec,
		 struct error *err)
{
	if (exec && affinity_set(&p->affinity_final, pid, err))
		return error_at(err, "%s/execCPUAffinity/final", where);
	if (apply_oom_score(p, where, pid, err) || apply_scheduler(p, where, pid, err))
		return -1;
	return 0;
}
