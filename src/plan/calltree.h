/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of one system call as one decision tree that gives libseccomp's verdicts.
 *
 * A call gets one verdict, so rules that overlap need an order, and profiles are written against the order that
 * libseccomp 2.5 gives them. It is not the order in which they stand:
 *
 * - A rule without conditions wins over every conditional one; of several, the first wins.
 * - Conditional rules form levels. A level is a list of comparisons of one half (high or low 32 bits) of one argument;
 *   either outcome of a comparison decides, leads to a further level or falls through to the next comparison of its
 *   level, at last to the default action. The conditions of a rule nest by argument number, lowest outermost.
 * - Within a level higher arguments come first, then (masked) equality by falling value, then "less" by rising value,
 *   then "greater" by falling value; what was first stays first among equals.
 * - Rules with the same comparison share its node, and both outcomes of a 64-bit comparison share what follows it. So a
 *   rule that joins there also holds for the values of the rule that it joins (CALL_JOINED).
 * - A rule is left out when its comparisons, without the outermost ones, end where an earlier rule decides, whichever
 *   outcome that one decides (CALL_LEFT_OUT).
 * - Two rules with the same conditions and different actions contradict each other (CALL_CONFLICT).
 *
 * The last three are nothing that a profile asks for, but equality is what its author has tested; callers warn.
 * All memory is the arena's. Pure.
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

/* What one outcome of a comparison means: `next` is some node of the next level; neither: fall through. */
struct call_way {
	bool decides;
	uint32_t action; /* SECCOMP_RET_* with its value */
	struct call_node *next;
};

struct call_node {
	uint8_t arg;
	bool high; /* of the argument's halves */
	uint8_t op;
	uint32_t value, mask;
	struct call_way yes, no;
	struct call_node *before, *after; /* on its level */

	uint64_t whole; /* the 64-bit value this half was taken from */
	bool falling;	/* made by a condition that holds for the outcome "yes" */
	bool shared;	/* two ways of its own rule lead here */
	unsigned visit; /* marks of a walk over the tree */

	/* filter.c: where the level that begins here stands, if it was emitted for this fall-through */
	struct call_place {
		bool taken;
		uint64_t fall;
		unsigned cold, warm;
	} place;
};

struct call_tree {
	bool always;	 /* no condition is left: `action` for every call */
	uint32_t action;
	struct call_node *top; /* some node of the first level; NULL without rules */
	unsigned visit;
};

enum call_added { CALL_ADDED, CALL_JOINED, CALL_LEFT_OUT, CALL_COVERED, CALL_CONFLICT };

/*
 * Adds a rule: all n conditions, each on another argument, hold -> action. `wide`: arguments have 64 bits, otherwise
 * only their lower halves count. After CALL_CONFLICT the tree is of no use. CALL_COVERED: an earlier rule has answered
 * all the calls of this one, with another action.
 */
enum call_added calltree_add(struct call_tree *t, const struct call_condition *conditions, size_t n,
			     bool wide, uint32_t action, struct arena *a);

/* The first node of the level that `node` stands on. */
struct call_node *calltree_first(struct call_node *node);
