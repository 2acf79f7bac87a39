/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#define REACH 255    /* instructions that a conditional jump can pass over */
#define RECENT 32    /* comparisons that equal later ones may share */
#define DECISIONS 64 /* different actions whose last "return" is remembered */

/* Where a jump leads: an action, or an instruction counted from the end of the program (0: the last one). */
struct target {
	bool decides;
	uint32_t value;
};

struct out {
	struct arena *arena;
	struct sock_filter code[BPF_MAXINSNS]; /* filled from the end */
	unsigned n;
	bool full; /* nothing more fits: the program will be refused */
	uint32_t fallback;
	bool big_endian;
	struct {
		uint32_t action;
		unsigned at;
	} decisions[DECISIONS];
	unsigned n_decisions;
	struct recent {
		const struct call_node *node;
		struct target yes, no;
		unsigned cold, warm;
	} recent[RECENT];
	size_t n_recent;
};

static struct target to_action(uint32_t action)
{
	return (struct target){ true, action };
}

static struct target to_place(unsigned at)
{
	return (struct target){ false, at };
}

static unsigned emit(struct out *o, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (o->n == BPF_MAXINSNS) {
		o->full = true;
		return 0;
	}
	o->code[BPF_MAXINSNS - 1 - o->n] = (struct sock_filter){ code, jt, jf, k };
	return o->n++;
}

static unsigned emit_decision(struct out *o, uint32_t action)
{
	unsigned at = emit(o, BPF_RET | BPF_K, 0, 0, action), i;

	for (i = 0; i < o->n_decisions && o->decisions[i].action != action; i++)
		;
	if (i < DECISIONS) {
		o->decisions[i].action = action;
		o->decisions[i].at = at;
		o->n_decisions = MAX(o->n_decisions, i + 1);
	}
	return at;
}

/* A place for the target that a conditional jump can reach with `between` more instructions in between. */
static unsigned reach(struct out *o, struct target t, unsigned between)
{
	if (t.decides) {
		for (unsigned i = 0; i < o->n_decisions; i++)
			if (o->decisions[i].action == t.value &&
			    o->n + between - o->decisions[i].at - 1 <= REACH)
				return o->decisions[i].at;
		return emit_decision(o, t.value);
	}
	if (o->n + between - t.value - 1 <= REACH)
		return t.value;
	return emit(o, BPF_JMP | BPF_JA, 0, 0, o->n - t.value - 1);
}

static unsigned emit_test(struct out *o, uint16_t op, uint32_t k, struct target yes,
			  struct target no)
{
	/* Reaching the second target may take one instruction. */
	unsigned jt = reach(o, yes, 1), jf = reach(o, no, 0);

	return emit(o, BPF_JMP | BPF_K | op, (uint8_t)(o->n - jt - 1), (uint8_t)(o->n - jf - 1), k);
}

static unsigned emit_load(struct out *o, size_t offset)
{
	return emit(o, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* ---- call trees ---------------------------------------------------------------------------------------------------- */

/* How to get into a level: `warm` when its first comparison's half of an argument is loaded already. */
struct entry {
	struct target cold, warm;
	const struct call_node *first; /* NULL: it is no level */
};

static struct entry emit_level(struct out *o, struct call_node *level, struct target fall);

static struct target way_enter(const struct call_node *from, const struct entry *to)
{
	/* A masked comparison leaves nothing to compare again. */
	if (to->first && from->mask == UINT32_MAX && from->arg == to->first->arg &&
	    from->high == to->first->high)
		return to->warm;
	return to->cold;
}

static struct target emit_way(struct out *o, const struct call_node *from,
			      const struct call_way *way, const struct entry *next)
{
	struct entry below;

	if (way->decides)
		return to_action(way->action);
	if (!way->next)
		return way_enter(from, next);
	below = emit_level(o, way->next, next->cold);
	return way_enter(from, &below);
}

static bool same_target(const struct target *a, const struct target *b)
{
	return a->decides == b->decides && a->value == b->value;
}

/* A comparison that was emitted not long ago and leads to the same places; NULL: none. */
static const struct recent *recent_find(const struct out *o, const struct recent *wanted)
{
	for (size_t i = 0; i < RECENT; i++) {
		const struct recent *r = &o->recent[i];
		const struct call_node *x = r->node, *y = wanted->node;

		if (x && x->arg == y->arg && x->high == y->high && x->op == y->op &&
		    x->value == y->value && x->mask == y->mask &&
		    same_target(&r->yes, &wanted->yes) && same_target(&r->no, &wanted->no))
			return r;
	}
	return NULL;
}

static struct entry emit_node(struct out *o, struct call_node *node, const struct entry *next)
{
	static const uint16_t ops[] = {
		[CALL_EQ] = BPF_JEQ, [CALL_GE] = BPF_JGE, [CALL_GT] = BPF_JGT
	};
	size_t offset = offsetof(struct seccomp_data, args) + node->arg * sizeof(uint64_t) +
			(node->high != o->big_endian ? sizeof(uint32_t) : 0);
	struct recent r = { .node = node };
	const struct recent *same;

	/* Several ways may lead to a comparison behind which none falls through. */
	if (node->emitted)
		return (struct entry){ to_place(node->cold), to_place(node->warm), node };
	r.no = emit_way(o, node, &node->no, next);
	r.yes = emit_way(o, node, &node->yes, next);
	same = recent_find(o, &r);
	if (!same) {
		r.warm = emit_test(o, ops[node->op], node->value, r.yes, r.no);
		if (node->mask != UINT32_MAX)
			r.warm = emit(o, BPF_ALU | BPF_AND | BPF_K, 0, 0, node->mask);
		r.cold = emit_load(o, offset);
		o->recent[o->n_recent++ % RECENT] = r;
		same = &r;
	}
	node->emitted = true;
	node->cold = same->cold;
	node->warm = same->warm;
	return (struct entry){ to_place(same->cold), to_place(same->warm), node };
}

/* Emits a level whose comparisons fall through to `fall`. */
static struct entry emit_level(struct out *o, struct call_node *level, struct target fall)
{
	struct entry e = { .cold = fall, .warm = fall };
	struct call_node **nodes;
	size_t n = 0;

	for (const struct call_node *x = level; x; x = x->after)
		n++;
	nodes = arena_new_n(o->arena, struct call_node *, n);
	n = 0;
	for (struct call_node *x = level; x; x = x->after)
		nodes[n++] = x;
	while (n-- > 0 && !o->full)
		e = emit_node(o, nodes[n], &e);
	return e;
}

static struct target emit_tree(struct out *o, struct call_tree *t)
{
	if (!t->emitted)
		t->place = emit_level(o, t->top, to_action(o->fallback)).cold.value;
	t->emitted = true;
	return to_place(t->place);
}

/* ---- ranges -------------------------------------------------------------------------------------------------------- */

static struct target emit_verdict(struct out *o, const struct verdict *v)
{
	return v->tree ? emit_tree(o, v->tree) : to_action(v->action);
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	return a->tree == b->tree && (a->tree || a->action == b->action);
}

static struct target emit_ranges(struct out *o, const struct filter_range *r, size_t n)
{
	struct target low, high;

	if (o->full || n == 1)
		return emit_verdict(o, &r[0].verdict);
	if (n == 3 && r[2].first - r[1].first == 1 && same_verdict(&r[0].verdict, &r[2].verdict)) {
		low = emit_verdict(o, &r[0].verdict);
		high = emit_verdict(o, &r[1].verdict);
		return to_place(emit_test(o, BPF_JEQ, r[1].first, high, low));
	}
	high = emit_ranges(o, r + n / 2, n - n / 2);
	low = emit_ranges(o, r, n / 2);
	return to_place(emit_test(o, BPF_JGE, r[n / 2].first, high, low));
}

static struct target emit_arch(struct out *o, const struct filter_arch *arch, struct target others)
{
	struct target calls;

	calls = emit_ranges(o, arch->ranges, arch->n_ranges);
	if (!calls.decides) {
		/* The number is loaded in front of the first jump, which was emitted last unless a tree came alone. */
		if (calls.value != o->n - 1)
			(void)emit(o, BPF_JMP | BPF_JA, 0, 0, o->n - calls.value - 1);
		calls = to_place(emit_load(o, offsetof(struct seccomp_data, nr)));
	}
	return to_place(emit_test(o, BPF_JEQ, arch->arch, calls, others));
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

static bool is_jump(const struct sock_filter *i)
{
	return BPF_CLASS(i->code) == BPF_JMP;
}

/* Copies the instructions that are reached, jumps shortened by what was taken out. */
static uint16_t take_reached(const struct sock_filter *code, unsigned n, struct sock_filter *ret)
{
	bool reached[BPF_MAXINSNS] = { true };
	uint16_t place[BPF_MAXINSNS + 1] = { 0 };

	for (unsigned i = 0; i < n; i++) {
		const struct sock_filter *c = &code[i];

		place[i + 1] = (uint16_t)(place[i] + reached[i]);
		if (!reached[i] || BPF_CLASS(c->code) == BPF_RET)
			continue;
		if (!is_jump(c)) {
			reached[i + 1] = true;
		} else if (BPF_OP(c->code) == BPF_JA) {
			reached[i + 1 + c->k] = true;
		} else {
			reached[i + 1 + c->jt] = true;
			reached[i + 1 + c->jf] = true;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		struct sock_filter c = code[i];
		unsigned next = place[i + 1];

		if (!reached[i])
			continue;
		if (is_jump(&c) && BPF_OP(c.code) == BPF_JA) {
			c.k = place[i + 1 + c.k] - next;
		} else if (is_jump(&c)) {
			c.jt = (uint8_t)(place[i + 1 + c.jt] - next);
			c.jf = (uint8_t)(place[i + 1 + c.jf] - next);
		}
		ret[place[i]] = c;
	}
	return place[n];
}

int filter_build(const struct filter_arch *archs, size_t n, uint32_t bad_arch, uint32_t fallback,
		 struct arena *a, const struct sock_filter **ret_code, uint16_t *ret_n,
		 struct error *err)
{
	struct out *o = arena_new(a, struct out);
	struct target others = to_action(bad_arch);
	struct sock_filter *code;

	o->arena = a;
	o->fallback = fallback;
	o->big_endian = n > 0 && !(archs[0].arch & __AUDIT_ARCH_LE);
	for (size_t i = n; i-- > 0;)
		others = emit_arch(o, &archs[i], others);
	(void)emit_load(o, offsetof(struct seccomp_data, arch));
	if (o->full)
		return error_config(
			err, "/linux/seccomp",
			"the rules make more than %u instructions, which the kernel does not take",
			BPF_MAXINSNS);
	code = arena_new_n(a, struct sock_filter, o->n);
	*ret_n = take_reached(&o->code[BPF_MAXINSNS - o->n], o->n, code);
	*ret_code = code;
	return 0;
}
