/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what happens to a container: memory that runs out, its end, and moments at equal intervals. */
#pragma once

#include <stdint.h>

#include "cgroup/events.h"
#include "run/container.h"

enum watch_event { WATCH_INTERVAL, WATCH_OOM, WATCH_END };

struct watch {
	int init; /* pidfd */
	struct oom_watch oom;
	uint64_t interval, next; /* nanoseconds */
	uint64_t pending;	 /* OOM events that have not been told yet */
};

#define auto_watch __attribute__((cleanup(watch_close)))
#define WATCH_INIT                                \
	{                                         \
		.init = -1, .oom = OOM_WATCH_INIT \
	}

/* The container runs, or it is ERR_STATE. The interval is in nanoseconds, the first moment is at its end. */
int watch_open(const struct container *c, uint64_t interval, struct watch *ret, struct error *err);

/* Waits for the next event. Memory that ran out is told before the end that it led to; after WATCH_END nothing happens. */
int watch_next(struct watch *w, enum watch_event *ret, struct error *err);
void watch_close(struct watch *w);
