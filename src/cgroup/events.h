/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel tells of a cgroup: that it is empty or frozen (v2), and that memory ran out (v1: memory.oom_control and an
 * eventfd(2), v2: memory.events).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cgroup/cgroup.h"

struct hierarchy;

/*
 * Inside cgroup/: waits until the line "key value" stands in a file of which the kernel tells changes by POLLPRI (those of v2): 1 when it
 * does or the file is gone, 0 at the deadline (base/fd.h), -1 with errno.
 */
int events_wait_line(struct hierarchy *h, const char *file, const char *line, uint64_t deadline);

/*
 * How many processes of the cgroup the kernel has killed for want of memory; on v2 also those of cgroups below it. False if
 * nobody counts them, or the cgroup is gone.
 */
bool cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret);

/* Tells of memory that ran out, from when it is opened on. */
struct oom_watch {
	const struct cgroup *cg;
	int version;
	int fd;	      /* to be polled; -1: nobody tells */
	short events; /* for this (poll(2)) */
	int control;  /* of v1 */
	uint64_t kills;
	uint64_t
		unsettled; /* until then ask again soon: v1 tells it before it counts; 0: no need */
};

#define OOM_WATCH_INIT                  \
	{                               \
		.fd = -1, .control = -1 \
	}

/* A container without a controller for memory has nothing to tell. */
int oom_watch_open(const struct cgroup *cg, struct oom_watch *ret, struct error *err);

/*
 * How many processes were killed since the last call, or 1 where memory ran out and the OOM killer is disabled; after poll(2), or
 * to ask a last time. Never waits.
 */
uint64_t oom_watch_take(struct oom_watch *w);
void oom_watch_close(struct oom_watch *w);
