/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v2: its files (Documentation/admin-guide/cgroup-v2.rst of the kernel), and what the v1 values of the spec become. */
#pragma once

#include "cgroup/knob.h"

extern const struct knob_table cgroup2_knobs;

/* Makes the controller available in the container's directory: it is switched on in all directories above. */
int cgroup2_enable(struct hierarchy *h, enum controller controller, struct error *err);

/* The same for all that there are, as far as that goes: a host without v1 gives every container its accounting. */
int cgroup2_enable_all(struct hierarchy *h, struct error *err);

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
