/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/calltree.h"

#include "spec/names.h"

struct call_node *calltree_first(struct call_node *node)
{
	while (node->before)
		node = node->before;
	return node;
}

static bool is_last(const struct call_node *n)
{
	return !n->yes.next && !n->no.next;
}

static bool is_used(const struct call_way *w)
{
	return w->decides || w->next;
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
static bool level_decides(struct call_node *level, uint32_t action, unsigned visit)
{
	for (struct call_node *x = calltree_first(level); x; x = x->after) {
		const struct call_way *ways[] = { &x->yes, &x->no };

		if (x->visit == visit)
			continue;
		x->visit = visit;
		for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
			if (ways[i]->decides && ways[i]->action != action)
				return false;
			if (ways[i]->next && !level_decides(ways[i]->next, action, visit))
				return false;
		}
	}
	return true;
}

/* ---- a rule as a chain of nodes ------------------------------------------------------------------------------------ */

struct chain {
	struct arena *arena;
	struct call_node *top;
	struct call_way *open[2]; /* ways that the rule goes on from */
	size_t n_open;
};

static struct call_node *node_new(struct chain *c, const struct call_condition *cond, bool high,
				  enum call_op op, uint64_t value, uint64_t mask)
{
	struct call_node *n = arena_new(c->arena, struct call_node);

	n->arg = (uint8_t)cond->arg;
	n->high = high;
	n->op = (uint8_t)op;
	n->value = (uint32_t)(high ? value >> 32 : value);
	n->mask = (uint32_t)(high ? mask >> 32 : mask);
	n->whole = value;
	n->falling = cond->op != COMPARE_NE && cond->op != COMPARE_LT && cond->op != COMPARE_LE;
	return n;
}

static void chain_link(struct chain *c, struct call_node *n)
{
	if (!c->top)
		c->top = n;
	for (size_t i = 0; i < c->n_open; i++)
		c->open[i]->next = n;
	n->shared = c->n_open > 1;
	c->n_open = 0;
}

static void chain_open(struct chain *c, struct call_way *way)
{
	c->open[c->n_open++] = way;
}

static enum call_op op_low(int op)
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

static void chain_low(struct chain *c, const struct call_condition *cond, uint64_t value,
		      uint64_t mask)
{
	struct call_node *low = node_new(c, cond, false, op_low(cond->op), value, mask);

	chain_link(c, low);
	chain_open(c, low->falling ? &low->yes : &low->no);
}

/* Equality: the high half, then the low one. Order: the high half is greater, or equal and the low one decides. */
static void chain_wide(struct chain *c, const struct call_condition *cond, uint64_t value,
		       uint64_t mask)
{
	enum call_op op = op_low(cond->op);
	bool ordered = op == CALL_GE || op == CALL_GT;
	struct call_node *greater, *equal, *low;

	equal = node_new(c, cond, true, ordered ? CALL_EQ : op, value, mask);
	low = node_new(c, cond, false, op, value, mask);
	equal->yes.next = low;
	if (ordered) {
		greater = node_new(c, cond, true, CALL_GT, value, mask);
		greater->no.next = equal;
		chain_link(c, greater);
		if (low->falling)
			chain_open(c, &greater->yes);
	} else {
		chain_link(c, equal);
	}
	if (!low->falling)
		chain_open(c, &equal->no);
	chain_open(c, low->falling ? &low->yes : &low->no);
}

/* NULL: no condition of the rule says anything. */
static struct call_node *chain_make(const struct call_condition *conditions, size_t n, bool wide,
				    uint32_t action, struct arena *a)
{
	struct chain c = { .arena = a };

	for (unsigned arg = 0; arg < CALL_ARGS; arg++) {
		for (size_t i = 0; i < n; i++) {
			const struct call_condition *cond = &conditions[i];
			uint64_t mask = UINT64_MAX, value = cond->value;

			if (cond->arg != arg)
				continue;
			if (cond->op == COMPARE_MASKED_EQ) {
				mask = wide ? cond->mask : (uint32_t)cond->mask;
				value &= mask;
				if (mask == 0)
					continue;
			}
			if (wide)
				chain_wide(&c, cond, value, mask);
			else
				chain_low(&c, cond, (uint32_t)value, (uint32_t)mask);
		}
	}
	for (size_t i = 0; i < c.n_open; i++)
		*c.open[i] = (struct call_way){ .decides = true, .action = action };
	return c.top;
}

/* ---- leaving rules out --------------------------------------------------------------------------------------------- */

/* What is known of a walk over old and new comparisons; a copy goes down every way that may turn out wrong. */
struct walk {
	uint32_t action;	 /* of the new rule */
	unsigned *visit;
	bool matched;		 /* old and new go together here */
	bool began;		 /* they did so before */
	bool skipped;		 /* the new rule's outermost comparisons were left aside */
	bool old_ends, new_ends; /* the last comparison of the old rule, of the new one, was met */
	bool other_way;		 /* the old rule decides on the other outcome */
};

static void walk(struct call_node *level, const struct call_node *new, struct walk *w);

/* Old and new make the same comparison: whether the search is over. */
static bool walk_same(struct call_node *x, const struct call_node *new, struct walk *w)
{
	w->matched = w->began = true;
	w->old_ends |= is_last(x);
	w->new_ends |= is_last(new);
	if ((is_used(&x->yes) && !is_used(&new->yes)) || (is_used(&x->no) && !is_used(&new->no))) {
		w->other_way = true;
		return true;
	}
	if (w->old_ends && w->new_ends &&
	    (x->yes.decides != new->yes.decides || x->yes.action != new->yes.action ||
	     x->no.decides != new->no.decides || x->no.action != new->no.action)) {
		w->other_way |= !(is_used(&x->yes) && is_used(&new->yes)) &&
				!(is_used(&x->no) && is_used(&new->no));
		return true;
	}
	if (new->yes.next)
		walk(x->yes.next, new->yes.next, w);
	if (new->no.next)
		walk(x->no.next, new->no.next, w);
	return level_decides(x, w->action, ++*w->visit);
}

/* Leaves the comparison `new` aside: whether what follows it is found on this level. */
static bool walk_skip(struct call_node *level, const struct call_node *new, struct walk *w)
{
	const struct call_node *below[] = { new->yes.next, new->no.next };

	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		struct walk down = *w;

		if (!below[i])
			continue;
		down.skipped = true;
		walk(level, below[i], &down);
		if (down.matched)
			*w = down;
	}
	return w->matched;
}

static void walk(struct call_node *level, const struct call_node *new, struct walk *w)
{
	bool searched = false;

	if (!level || (w->began && !w->matched))
		return;
	for (struct call_node *x = calltree_first(level); x; x = x->after) {
		if (same_test(x, new)) {
			if (walk_same(x, new, w))
				return;
			continue;
		}
		if (w->began)
			return;
		/* Whatever x is, this search would end alike. */
		if (!searched && walk_skip(level, new, w))
			return;
		searched = true;
	}
	w->matched = false;
}

/* CALL_ADDED: the rule is to be added. */
static enum call_added tree_search(struct call_tree *t, const struct call_node *new,
				   uint32_t action)
{
	struct walk w = { .action = action, .visit = &t->visit };

	walk(t->top, new, &w);
	if (!w.matched || !w.old_ends || !w.skipped)
		return CALL_ADDED;
	return w.other_way ? CALL_LEFT_OUT : CALL_COVERED;
}

/* ---- adding rules -------------------------------------------------------------------------------------------------- */

struct adding {
	unsigned *visit;
	bool joined;
};

static bool level_add(struct call_way *at, struct call_node *new, struct adding *adding);

/* The new rule decides on this outcome of x. False: it contradicts what is there. */
static bool way_decide(struct call_node *x, struct call_way *old, const struct call_node *new,
		       const struct call_way *way, struct adding *adding)
{
	if (!way->decides)
		return true;
	if (!old->decides) {
		if (old->next && !level_decides(old->next, way->action, ++*adding->visit))
			return false;
		*old = *way;
		return true;
	}
	if (old->action == way->action)
		return true;
	/* "Greater" holds for every greater high half: the rule with the greatest value says it. */
	if (old == &x->yes && new->high && new->whole > x->whole)
		old->action = way->action;
	return !is_last(x) && !is_last(new);
}

static bool node_join(struct call_node *x, struct call_node *new, struct adding *adding)
{
	struct call_way *ways[][2] = { { &x->yes, &new->yes }, { &x->no, &new->no } };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!way_decide(x, ways[i][0], new, ways[i][1], adding))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct call_way *old = ways[i][0];
		struct call_node *next = ways[i][1]->next;

		if (!next)
			continue;
		if (old->decides)
			return true; /* the old rule is the shorter one */
		if (!old->next) {
			old->next = next;
			continue;
		}
		adding->joined |= x->high && x->whole != new->whole && next->arg != x->arg &&
				  old->next->shared;
		if (!level_add(old, next, adding))
			return false;
	}
	return true;
}

static bool level_add(struct call_way *at, struct call_node *new, struct adding *adding)
{
	struct call_node *x = calltree_first(at->next), *last = NULL;

	for (; x; last = x, x = x->after) {
		if (same_test(x, new))
			return node_join(x, new, adding);
		if (!comes_after(x, new))
			break;
	}
	new->before = last;
	new->after = x;
	if (last)
		last->after = new;
	if (x)
		x->before = new;
	return true;
}

enum call_added calltree_add(struct call_tree *t, const struct call_condition *conditions, size_t n,
			     bool wide, uint32_t action, struct arena *a)
{
	struct adding adding = { .visit = &t->visit };
	struct call_way top = { .next = t->top };
	struct call_node *new;
	enum call_added found;

	if (t->always)
		return t->action == action ? CALL_ADDED : CALL_COVERED;
	new = chain_make(conditions, n, wide, action, a);
	if (!new) {
		t->always = true;
		t->action = action;
		return CALL_ADDED;
	}
	if (!t->top) {
		t->top = new;
		return CALL_ADDED;
	}
	found = tree_search(t, new, action);
	if (found != CALL_ADDED)
		return found;
	if (!level_add(&top, new, &adding))
		return CALL_CONFLICT;
	return adding.joined ? CALL_JOINED : CALL_ADDED;
}
