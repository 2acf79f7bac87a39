/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.devices: which devices a container may use. config-linux.md, "Allowed Device list". */
#pragma once

#include "plan/resources.h"

/* What the kernel can hold in a dev_t. */
#define MAX_MAJOR 4095
#define MAX_MINOR ((1 << 20) - 1)

/*
 * In a user namespace nobody can make device nodes, those that are there were put there on purpose, and engines that use
 * one send no rules: what they bind into the container would be cut off. So none means none there, and elsewhere none but
 * our own.
 */
bool plan_rules_needed(const struct oci_linux *os, const struct host *host);

/* Fills plan->devices; r may be NULL. */
int plan_rules(const struct oci_resources *r, struct arena *a, struct cgroup_plan *plan,
	       struct error *err);
