/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of one system call as one tree of comparisons.
 *
 * A rule holds when all its conditions do; a call gets the action of a rule that holds. So where two rules with different
 * actions hold for one call they contradict each other, and it is libseccomp that decides (fragment.h). The rules of a tree
 * are such that agree, or exclude each other: their order is no matter.
 *
 * A level is a list of comparisons of one half (high or low 32 bits) of one argument; either outcome of a comparison decides,
 * leads to a further level or falls through to the next comparison of its level, then of the level above, at last to the
 * default action. The conditions of a rule nest by argument number; rules that begin with the same comparisons share
 * them. All memory is the arena's. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define CALL_ARGS 6 /* arguments of a system call */

/* One condition of a rule: op is an enum compare_op of spec/names.h, `mask` counts for COMPARE_MASKED_EQ alone. */
struct call_condition {
	unsigned arg;
	int op;
	uint64_t value, mask;
};

enum call_op { CALL_EQ, CALL_GE, CALL_GT };

/* What one outcome of a comparison means; neither `decides` nor `next`: fall through. */
struct call_way {
	bool decides;
	uint32_t action;	/* SECCOMP_RET_* with its value */
	struct call_node *next; /* first of the next level */
};

struct call_node {
	uint8_t arg;
	bool high; /* which half of the argument */
	uint8_t op;
	uint32_t value;
	uint32_t mask; /* these bits of the half are compared; all: UINT32_MAX */
	struct call_way yes, no;
	struct call_node *after; /* on its level */

	bool emitted; /* filter.c: it stands at these places already */
	unsigned cold, warm;
};

struct call_tree {
	bool always; /* no condition is left: `action` for every call */
	uint32_t action;
	struct call_node *top; /* first of the first level; NULL without rules */

	bool emitted; /* filter.c: it stands at `place` already */
	unsigned place;
};

/*
 * Adds a rule: all n conditions, each on another argument, hold -> action. `wide`: arguments have 64 bits, otherwise
 * only their lower halves count. False: it contradicts another after all, and the tree is of no use.
 */
bool calltree_add(struct call_tree *t, const struct call_condition *conditions, size_t n, bool wide,
		  uint32_t action, struct arena *a);

/* Whether no call fulfils both rules, as far as single arguments tell. */
bool calltree_excludes(const struct call_condition *x, size_t n_x, const struct call_condition *y,
		       size_t n_y, bool wide);
