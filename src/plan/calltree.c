/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/calltree.h"

#include "spec/names.h"

static bool same_test(const struct call_node *x, const struct call_node *y)
{
	return x->arg == y->arg && x->high == y->high && x->op == y->op && x->value == y->value &&
	       x->mask == y->mask;
}

/* ---- a rule as a tree of its own ----------------------------------------------------------------------------------- */

struct making {
	const struct call_condition
		*conditions[CALL_ARGS]; /* by argument, those that say something */
	bool wide;
	uint32_t action;
	struct arena *arena;
};

static struct call_way make_from(const struct making *m, unsigned arg);

static struct call_node *node_new(const struct making *m, const struct call_condition *cond,
				  bool high, enum call_op op)
{
	uint64_t mask = cond->op == COMPARE_MASKED_EQ ? cond->mask : UINT64_MAX;
	uint64_t value = cond->value & mask;
	struct call_node *n = arena_new(m->arena, struct call_node);

	n->arg = (uint8_t)cond->arg;
	n->high = high;
	n->op = (uint8_t)op;
	n->value = (uint32_t)(high ? value >> 32 : value);
	n->mask = (uint32_t)(high ? mask >> 32 : mask);
	return n;
}

static enum call_op op_of(int op)
{
	switch (op) {
	case COMPARE_GE:
	case COMPARE_LT:
		return CALL_GE;
	case COMPARE_GT:
	case COMPARE_LE:
		return CALL_GT;
	default:
		return CALL_EQ;
	}
}

static uint32_t high_mask(const struct call_condition *cond)
{
	return cond->op == COMPARE_MASKED_EQ ? (uint32_t)(cond->mask >> 32) : UINT32_MAX;
}

/*
 * Equality: the high halves are equal, then the low ones. Order: the high half is greater, or it is equal and the low
 * half decides. What follows a condition stands behind each way on which it holds.
 */
static struct call_node *make_condition(const struct making *m, const struct call_condition *cond)
{
	bool for_yes = cond->op != COMPARE_NE && cond->op != COMPARE_LT && cond->op != COMPARE_LE;
	enum call_op op = op_of(cond->op);
	struct call_node *low = node_new(m, cond, false, op), *equal, *greater;

	*(for_yes ? &low->yes : &low->no) = make_from(m, cond->arg + 1);
	/* A half of which nothing is compared is left out. */
	if (!m->wide || high_mask(cond) == 0)
		return low;
	equal = node_new(m, cond, true, CALL_EQ);
	equal->yes = low->mask ? (struct call_way){ .next = low } : low->yes;
	if (!for_yes)
		equal->no = make_from(m, cond->arg + 1);
	if (op != CALL_GE && op != CALL_GT)
		return equal;
	greater = node_new(m, cond, true, CALL_GT);
	greater->no.next = equal;
	if (for_yes)
		greater->yes = make_from(m, cond->arg + 1);
	return greater;
}

/* What the conditions on `arg` and later ones make of a call. */
static struct call_way make_from(const struct making *m, unsigned arg)
{
	while (arg < CALL_ARGS && !m->conditions[arg])
		arg++;
	if (arg == CALL_ARGS)
		return (struct call_way){ .decides = true, .action = m->action };
	return (struct call_way){ .next = make_condition(m, m->conditions[arg]) };
}

static struct call_way make(const struct call_condition *conditions, size_t n, bool wide,
			    uint32_t action, struct arena *a)
{
	struct making m = { .wide = wide, .action = action, .arena = a };

	for (size_t i = 0; i < n; i++) {
		const struct call_condition *c = &conditions[i];

		if (c->op != COMPARE_MASKED_EQ || (wide ? c->mask : (uint32_t)c->mask) != 0)
			m.conditions[c->arg] = c;
	}
	return make_from(&m, 0);
}

/* ---- adding rules -------------------------------------------------------------------------------------------------- */

/* Whether every decision of this level and below is `action`. */
static bool level_decides(const struct call_node *level, uint32_t action)
{
	for (const struct call_node *x = level; x; x = x->after)
		if ((x->yes.decides && x->yes.action != action) ||
		    (x->no.decides && x->no.action != action) ||
		    !level_decides(x->yes.next, action) || !level_decides(x->no.next, action))
			return false;
	return true;
}

static bool level_add(struct call_node **level, struct call_node *new);

/* Joins what one outcome of the same comparison means to two rules. */
static bool way_join(struct call_way *old, const struct call_way *way)
{
	if (way->decides && old->decides)
		return old->action == way->action;
	if (way->decides) {
		if (!level_decides(old->next, way->action))
			return false;
		*old = *way;
	} else if (way->next && !old->decides) {
		return level_add(&old->next, way->next);
	} else if (way->next) {
		return level_decides(way->next, old->action);
	}
	return true;
}

/* Adds a node that is alone on its level. */
static bool level_add(struct call_node **level, struct call_node *new)
{
	for (; *level; level = &(*level)->after)
		if (same_test(*level, new))
			return way_join(&(*level)->yes, &new->yes) &&
			       way_join(&(*level)->no, &new->no);
	*level = new;
	return true;
}

bool calltree_add(struct call_tree *t, const struct call_condition *conditions, size_t n, bool wide,
		  uint32_t action, struct arena *a)
{
	struct call_way new = make(conditions, n, wide, action, a);

	if (!new.decides)
		return level_add(&t->top, new.next);
	t->always = true;
	t->action = action;
	return true;
}

/* ---- rules that cannot hold for the same call ------------------------------------------------------------------------ */

/* The values for which a condition holds, from..to; false where they are no such range, or none. */
static bool range_of(const struct call_condition *c, bool wide, uint64_t *from, uint64_t *to)
{
	const uint64_t most = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t value = c->value & most;

	*from = 0;
	*to = most;
	switch ((enum compare_op)c->op) {
	case COMPARE_EQ:
		*from = *to = value;
		return true;
	case COMPARE_LT:
		*to = value - 1;
		return value > 0;
	case COMPARE_LE:
		*to = value;
		return true;
	case COMPARE_GT:
		*from = value + 1;
		return value < most;
	case COMPARE_GE:
		*from = value;
		return true;
	case COMPARE_NE:
	case COMPARE_MASKED_EQ:
		break;
	}
	return false;
}

static bool exclude_each_other(const struct call_condition *x, const struct call_condition *y,
			       bool wide)
{
	const uint64_t most = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t x_from, x_to, y_from, y_to;
	bool x_range = range_of(x, wide, &x_from, &x_to),
	     y_range = range_of(y, wide, &y_from, &y_to);

	if (x_range && y_range)
		return x_to < y_from || y_to < x_from;
	if (x->op == COMPARE_MASKED_EQ && y->op == COMPARE_MASKED_EQ)
		return (x->value ^ y->value) & x->mask & y->mask & most;
	if (x_range && x_from == x_to && y->op == COMPARE_NE)
		return x_from == (y->value & most);
	if (x_range && x_from == x_to && y->op == COMPARE_MASKED_EQ)
		return (x_from ^ y->value) & y->mask & most;
	return false;
}

bool calltree_excludes(const struct call_condition *x, size_t n_x, const struct call_condition *y,
		       size_t n_y, bool wide)
{
	for (size_t i = 0; i < n_x; i++)
		for (size_t k = 0; k < n_y; k++)
			if (x[i].arg == y[k].arg && (exclude_each_other(&x[i], &y[k], wide) ||
						     exclude_each_other(&y[k], &x[i], wide)))
				return true;
	return false;
}
