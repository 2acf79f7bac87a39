/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: as lines of v1's devices controller, or as a BPF program on a v2 cgroup.
 *
 * A rule of the plan overrides those before it for the devices and kinds of access that it names. A program can say just
 * that. The v1 controller only knows "everything but" or "nothing but" a list, so the rules are reduced to such a list
 * first; what has no such form is refused.
 */
#pragma once

#include <linux/bpf.h>

#include "cgroup/hierarchy.h"

/* ---- v1 ------------------------------------------------------------------------------------------------------------ */

/* One default, and the exceptions to it. */
struct device_list {
	bool allow;		    /* everything but the exceptions */
	struct device_rule *except; /* `allow` of each is the opposite; access is never 0 */
	size_t n;
};

/* -1 with *err naming the rule that cannot be said in this form. */
int devrules_reduce(const struct cgroup_plan *plan, struct arena *a, struct device_list *ret,
		    struct error *err);

/* "c 1:3 rwm", "b 8:* r". Returns buf. */
char *devrules_line(const struct device_rule *rule, char *buf, size_t size);

/* ---- v2 ------------------------------------------------------------------------------------------------------------ */

/* The program (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE). */
const struct bpf_insn *devrules_compile(const struct cgroup_plan *plan, struct arena *a,
					size_t *ret_n);

/* ---- both ---------------------------------------------------------------------------------------------------------- */

/* Refuses rules that this host cannot enforce, before anything is changed. */
int devrules_check(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);

/* In a cgroup that has just been made: what of the following takes time and has no effect; says nothing if it fails. */
void devrules_prepare(struct cgroup *cg, const struct cgroup_plan *plan);

/* Gives that up again. */
void devrules_forget(struct cgroup *cg);

/* Whether they come into force all at once: v2's. */
bool devrules_are_atomic(struct cgroup *cg);

/* Puts the rules in force; there is no moment at which more is allowed than before or after. */
int devrules_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);
