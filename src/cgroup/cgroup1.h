/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v1: its files (Documentation/admin-guide/cgroup-v1/ of the kernel), and what is special about them. */
#pragma once

#include "cgroup/knob.h"

extern const struct knob_table cgroup1_knobs;

/*
 * Gives new directories of the cpuset hierarchy CPUs and memory nodes, those of the directory above: without them nobody can
 * enter. Nothing to do for other hierarchies.
 */
int cgroup1_fill_cpuset(struct hierarchy *h, struct error *err);
