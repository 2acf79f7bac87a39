/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v1: its files (Documentation/admin-guide/cgroup-v1/ of the kernel), and what is special about them. */
#pragma once

#include "cgroup/knob.h"

extern const struct knob_table cgroup1_knobs;

/*
 * Whether the new quota must be written before the new period: the kernel takes them one by one, and between the two there must
 * not be more time than either before or after.
 */
bool cgroup1_quota_first(struct hierarchy *h, const struct limit *period);
