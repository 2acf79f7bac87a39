/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v2: its files (Documentation/admin-guide/cgroup-v2.rst of the kernel), and what the v1 values of the spec become. */
#pragma once

#include "cgroup/knob.h"

extern const struct knob_table cgroup2_knobs;

/* Makes the controller available in the container's directory, unless it is known to be. */
int cgroup2_enable(struct hierarchy *h, enum controller controller, struct error *err);

/*
 * A new directory gets what a container is accounted for by; with `all` everything that there is. Best effort: a limit that
 * needs more says so.
 */
void cgroup2_enable_first(struct hierarchy *h, bool all);

/* Writes the files of resources.unified. */
int cgroup2_apply_unified(struct hierarchy *h, const struct cgroup_plan *plan, struct arena *a,
			  struct error *err);

/*
 * cpu.shares (2..262144) as cpu.weight (1..10000): 10 ^ ((l*l + 125 l) / 612 - 7/34), l = log2(shares), rounded up. The
 * defaults 1024 and 100 meet.
 */
unsigned cgroup2_cpu_weight(uint64_t shares);

/* blkio.weight (10..1000) as io.weight (1..10000). */
unsigned cgroup2_io_weight(unsigned weight);
