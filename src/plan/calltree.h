/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of one system call as one tree of comparisons.
 *
 * A rule holds when all its conditions do; a call gets the action of a rule that holds. Where rules with different
 * actions hold for one call, profiles are written against what libseccomp makes of them, which is not the order in
 * which they stand:
 *
 * - A rule without conditions wins over every conditional one; of several, the first wins.
 * - Conditional rules form levels. A level is a list of comparisons of one half (high or low 32 bits) of one argument;
 *   either outcome of a comparison decides, leads to a further level or falls through to the next comparison of its
 *   level, at last to the default action. The conditions of a rule nest by argument number, lowest outermost.
 * - Within a level higher arguments come first, then (masked) equality by falling value, then "less" by rising value,
 *   then "greater" by falling value; what was first stays first among equals. The first that decides wins.
 * - Rules that begin with the same comparisons share them, and the shorter one decides for both. Two that end with the
 *   same comparison and different actions contradict each other: such a profile is refused.
 *
 * The tree gives a call no action but one of a rule that holds for it. (libseccomp up to 2.5.4 sometimes does, and
 * loses rules: tests/filter/README.md.) All memory is the arena's. Pure.
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

enum call_op { CALL_EQ, CALL_MASKED_EQ, CALL_GE, CALL_GT };

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
	uint32_t value, mask;
	struct call_way yes, no;
	struct call_node *after; /* on its level */

	uint64_t whole; /* the 64-bit value this half was taken from */
	bool falling;	/* made by a condition that holds for the outcome "yes" */
};

struct call_tree {
	bool always; /* no condition is left: `action` for every call */
	uint32_t action;
	struct call_node *top; /* first of the first level; NULL without rules */

	bool emitted; /* filter.c: it stands at `place` already */
	unsigned place;
};

/* CALL_COVERED: an earlier rule with another action decides all calls of this one. */
enum call_added { CALL_ADDED, CALL_COVERED, CALL_CONFLICT };

/*
 * Adds a rule: all n conditions, each on another argument, hold -> action. `wide`: arguments have 64 bits, otherwise
 * only their lower halves count. After CALL_CONFLICT the tree is of no use.
 */
enum call_added calltree_add(struct call_tree *t, const struct call_condition *conditions, size_t n,
			     bool wide, uint32_t action, struct arena *a);
