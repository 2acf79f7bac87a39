/* SPDX-License-Identifier: Apache-2.0 */
/* Version 1: which file of which controller a limit is written to (Documentation/admin-guide/cgroup-v1). */
#pragma once

#include "cgroup/cgroup.h"

/* The controller that a kind of limit needs. */
const char *cgroup1_controller(enum limit_kind kind);

/* Writes all limits; one that the kernel refuses because of an older value of another is tried again after the others. */
int cgroup1_apply_limits(struct cgroup *cg, const struct limit *limits, size_t n,
			 struct error *err);

/* Gives a new directory of the cpuset controller its parent's processors and nodes: without any nobody can enter. */
int cgroup1_fill_cpuset(int parent, int dir, struct error *err);

/* The device rules, as lines of devices.allow and devices.deny. */
int cgroup1_apply_devices(struct cgroup *cg, const struct device_rule *rules, size_t n,
			  struct error *err);

/* Small files of a cgroup: whole contents in one call. */
int cgroup_write_file(int dir, const char *file, const char *text, struct error *err);
ssize_t cgroup_read_file(int dir, const char *file, char *buf, size_t size);
