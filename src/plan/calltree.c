/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/calltree.h"

#include "spec/names.h"

static bool is_last(const struct call_node *n)
{
	return !n->yes.next && !n->no.next;
}

static bool same_test(const struct call_node *x, const struct call_node *y)
{
	return x->arg == y->arg && x->high == y->high && x->op == y->op && x->value == y->value &&
	       x->mask == y->mask;
}

/* Whether `new` comes after `old` on a level. */
static bool comes_after(const struct call_node *old, const struct call_node *new)
{
	bool old_order = old->op == CALL_GE || old->op == CALL_GT;
	bool new_order = new->op == CALL_GE || new->op == CALL_GT;

	if (new->arg != old->arg)
		return new->arg < old->arg;
	if (new_order != old_order)
		return new_order;
	if (!new_order)
		return new->value <= old->value;
	if (new->falling != old->falling)
		return new->falling;
	return new->falling ? new->value <= old->value : new->value >= old->value;
}

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
	n->whole = value;
	n->falling = cond->op != COMPARE_NE && cond->op != COMPARE_LT && cond->op != COMPARE_LE;
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
	case COMPARE_MASKED_EQ:
		return CALL_MASKED_EQ;
	default:
		return CALL_EQ;
	}
}

/*
 * Equality: the high halves are equal, then the low ones. Order: the high half is greater, or it is equal and the low
 * half decides. What follows a condition stands behind each way on which it holds.
 */
static struct call_node *make_condition(const struct making *m, const struct call_condition *cond)
{
	enum call_op op = op_of(cond->op);
	struct call_node *low = node_new(m, cond, false, op), *equal, *greater;

	*(low->falling ? &low->yes : &low->no) = make_from(m, cond->arg + 1);
	if (!m->wide)
		return low;
	equal = node_new(m, cond, true, op == CALL_MASKED_EQ ? op : CALL_EQ);
	equal->yes.next = low;
	if (!low->falling)
		equal->no = make_from(m, cond->arg + 1);
	if (op != CALL_GE && op != CALL_GT)
		return equal;
	greater = node_new(m, cond, true, CALL_GT);
	greater->no.next = equal;
	if (low->falling)
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

static bool level_covers(const struct call_node *level, const struct call_node *new);

static bool way_covers(const struct call_way *old, const struct call_way *new)
{
	if (old->decides || (!new->decides && !new->next))
		return true;
	return new->next &&level_covers(old->next, new->next);
}

/* Whether rules of this level decide all calls that `new` and what follows it decide. */
static bool level_covers(const struct call_node *level, const struct call_node *new)
{
	for (const struct call_node *x = level; x; x = x->after)
		if (same_test(x, new))
			return way_covers(&x->yes, &new->yes) && way_covers(&x->no, &new->no);
	return false;
}

/* The same for an old rule that has fewer conditions: without the outermost ones of the new rule. */
static bool level_covers_inner(const struct call_node *level, const struct call_node *new)
{
	const struct call_node *below[] = { new->yes.next, new->no.next };

	if (new->yes.decides || new->no.decides)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(below); i++)
		if (below[i] && !level_covers(level, below[i]) &&
		    !level_covers_inner(level, below[i]))
			return false;
	return true;
}

static bool level_add(struct call_node **level, struct call_node *new);

/* Joins one outcome. False: the rules contradict each other. */
static bool way_join(struct call_node *x, struct call_way *old, const struct call_node *new,
		     const struct call_way *way)
{
	if (way->decides && !old->decides) {
		if (!level_decides(old->next, way->action))
			return false;
		*old = *way;
	} else if (way->decides && old->action != way->action) {
		/* Both rules hold for every greater high half: the one with the greater value says it. */
		if (old == &x->yes && new->high &&new->whole > x->whole)
			old->action = way->action;
		return !is_last(x) && !is_last(new);
	} else if (way->next && !old->decides) {
		return level_add(&old->next, way->next);
	}
	return true;
}

/* Adds a node that is alone on its level. */
static bool level_add(struct call_node **level, struct call_node *new)
{
	for (; *level; level = &(*level)->after) {
		struct call_node *x = *level;

		if (same_test(x, new))
			return way_join(x, &x->yes, new, &new->yes) &&
			       way_join(x, &x->no, new, &new->no);
		if (!comes_after(x, new))
			break;
	}
	new->after = *level;
	*level = new;
	return true;
}

enum call_added calltree_add(struct call_tree *t, const struct call_condition *conditions, size_t n,
			     bool wide, uint32_t action, struct arena *a)
{
	struct call_way new;

	if (t->always)
		return t->action == action ? CALL_ADDED : CALL_COVERED;
	new = make(conditions, n, wide, action, a);
	if (new.decides) {
		t->always = true;
		t->action = action;
		return CALL_ADDED;
	}
	if (level_covers_inner(t->top, new.next))
		return level_decides(t->top, action) ? CALL_ADDED : CALL_COVERED;
	return level_add(&t->top, new.next) ? CALL_ADDED : CALL_CONFLICT;
}
