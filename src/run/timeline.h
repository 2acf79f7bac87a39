/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a start spends its time: when each phase of run/channel.h was entered, and the CPU time that its process had used.
 *
 * The phases note their time in the shared page anyway. What is added on request is the CPU time, and the runtime's steps
 * before and after the page is in use. A phase lasts until its process enters the next one. Init notes no CPU time from
 * the gate on: the filter of the container may deny the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "run/channel.h"

struct timeline {
	bool on, json;
	const char *process;	     /* what the other process is called: "init" */
	struct moment noted[PHASES]; /* by timeline_note() */
};

/* Notes that the runtime enters a phase that has no page; nothing where the timeline is off. */
void timeline_note(struct timeline *t, enum phase phase);

/* One phase, as it is printed. Nanoseconds; `begin` since the first phase. */
struct timeline_step {
	enum phase phase;
	bool has_cpu;
	uint64_t begin, wall, cpu;
};

/*
 * The steps in the order of their beginnings, from both processes; `page` may be NULL. The last phase of each process ends
 * at `end`. Returns how many; `ret` has room for PHASES.
 */
size_t timeline_steps(const struct timeline *t, const struct progress *page,
		      const struct moment *end, struct timeline_step *ret);

/* Writes the timeline up to now to standard error, as a table or as one line of JSON; nothing where it is off. */
void timeline_print(const struct timeline *t, const struct progress *page, const char *id,
		    struct arena *a);
