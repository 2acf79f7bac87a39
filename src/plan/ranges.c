/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ranges.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "spec/names.h"

const char *ranges_entry(const struct ranges *r, unsigned entry)
{
	return arena_printf(r->arena, "/linux/seccomp/syscalls/%u", entry);
}

/* ---- verdicts ------------------------------------------------------------------------------------------------------ */

/* A rule of one number, as its tree sees it. */
struct member {
	const struct named *named;
	struct call_condition conditions[CALL_ARGS + 1];
	size_t n;
	bool always;
};

/* socketcall and ipc take the arguments of the call in memory; only their own number can be seen. */
static void member_init(struct member *m, const struct named *named, bool wide)
{
	const struct rule *rule = named->rule;

	m->named = named;
	m->n = 0;
	m->always = !named->subcall;
	if (named->subcall)
		m->conditions[m->n++] =
			(struct call_condition){ .op = COMPARE_EQ, .value = named->subcall };
	for (size_t i = 0; i < rule->n; i++) {
		const struct call_condition *c = &rule->conditions[i];

		if (named->subcall && c->arg == 0)
			continue;
		m->conditions[m->n++] = *c;
		m->always &=
			c->op == COMPARE_MASKED_EQ && (wide ? c->mask : (uint32_t)c->mask) == 0;
	}
}

/* Whether two of the rules may hold for the same call and say different things. */
static bool contradict(const struct member *list, size_t n, bool wide)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (list[i].named->rule->action != list[k].named->rule->action &&
			    !calltree_excludes(list[i].conditions, list[i].n, list[k].conditions,
					       list[k].n, wide))
				return true;
	return false;
}

/* The rules as libseccomp would get them. */
static int export_all(struct ranges *r, struct error *err)
{
	uint32_t *archs = arena_new_n(r->arena, uint32_t, r->n_tables);
	struct fragment_rule *rules;
	const struct rule **from;
	size_t n = 0, wrong;

	for (size_t i = 0; i < r->n_tables; i++)
		archs[i] = r->tables[i].abi.token;
	for (size_t i = 0; i < r->n_names; i++)
		for (const struct rule *rule = r->names[i].rules; rule; rule = rule->next)
			n++;
	rules = arena_new_n(r->arena, struct fragment_rule, n);
	from = arena_new_n(r->arena, const struct rule *, n);
	n = 0;
	for (size_t i = 0; i < r->n_names; i++)
		for (const struct rule *rule = r->names[i].rules; rule; rule = rule->next) {
			from[n] = rule;
			rules[n++] = (struct fragment_rule){ r->names[i].name, rule->action,
							     rule->conditions, rule->n };
		}
	if (fragment_export(archs, r->n_tables, r->fallback, rules, n, r->arena, &r->library,
			    &wrong, err))
		return error_at(err, "%s", ranges_entry(r, from[wrong]->entry));
	return 0;
}

static int ask_library(struct ranges *r, const struct call_table *t, const struct member *last,
		       struct call_tree *ret, struct error *err)
{
	const struct named *named = last->named;

	if (!r->library.code) {
		plan_warn(r->warnings, ranges_entry(r, named->rule->entry),
			  "contradicts an earlier rule of system call %u: libseccomp decides "
			  "between them",
			  named->nr);
		if (export_all(r, err))
			return -1;
	}
	return fragment_tree(&r->library, &t->abi, named->nr, r->arena, ret, err);
}

static int tree_make(struct ranges *r, const struct call_table *t, const struct member *list,
		     size_t n, struct call_tree *ret, struct error *err)
{
	*ret = (struct call_tree){ 0 };
	if (contradict(list, n, t->abi.wide))
		return ask_library(r, t, &list[n - 1], ret, err);
	for (size_t i = 0; i < n; i++)
		if (!calltree_add(ret, list[i].conditions, list[i].n, t->abi.wide,
				  list[i].named->rule->action, r->arena))
			return ask_library(r, t, &list[n - 1], ret, err);
	return 0;
}

/* The tree of a number's rules: the first one without conditions decides, whatever others say. */
static int members_tree(struct ranges *r, const struct call_table *t, const struct named *named,
			size_t n, struct call_tree **ret, struct error *err)
{
	struct member *list = arena_new_n(r->arena, struct member, n);
	size_t kept = 0;

	*ret = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!named[i].rule)
			continue;
		member_init(&list[kept], &named[i], t->abi.wide);
		if (list[kept++].always)
			break;
	}
	if (!kept)
		return 0;
	*ret = arena_new(r->arena, struct call_tree);
	if (!list[kept - 1].always)
		return tree_make(r, t, list, kept, *ret, err);
	/* What came before it may still be refused. */
	if (kept > 1 && tree_make(r, t, list, kept - 1, *ret, err))
		return -1;
	**ret = (struct call_tree){ .always = true, .action = list[kept - 1].named->rule->action };
	return 0;
}

/* The verdict on one number from its n rules. */
static int verdict_make(struct ranges *r, const struct call_table *table, const struct named *named,
			size_t n, struct verdict *ret, struct error *err)
{
	struct call_tree **shared = NULL, *t = NULL;

	if (n == 1 && named->rule && !named->subcall)
		shared = &named->rule->trees[table->abi.wide];
	if (shared && *shared)
		t = *shared;
	else if (members_tree(r, table, named, n, &t, err))
		return -1;
	if (shared)
		*shared = t;
	if (!t)
		*ret = (struct verdict){ .action = r->fallback };
	else if (t->always)
		*ret = (struct verdict){ .action = t->action };
	else
		*ret = (struct verdict){ .tree = t };
	return 0;
}

/* ---- ranges -------------------------------------------------------------------------------------------------------- */

static void range_add(struct ranges *r, uint32_t first, const struct verdict *v)
{
	struct filter_range *last = r->n ? &r->list[r->n - 1] : NULL;

	if (last && last->verdict.tree == v->tree && last->verdict.action == v->action)
		return;
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 256;

		r->list = arena_grow(r->arena, r->list, r->n, room, sizeof(*r->list));
		r->room = room;
	}
	r->list[r->n++] = (struct filter_range){ first, *v };
}

static void range_action(struct ranges *r, uint32_t first, uint32_t action)
{
	range_add(r, first, &(struct verdict){ .action = action });
}

/* By number, rules of one number in their order: a radix sort over the bits in which the numbers differ at all. */
static void table_sort(struct call_table *t, struct named *scratch)
{
	struct named *from = t->named, *to = scratch;
	uint32_t differ = 0;

	for (size_t i = 0; i < t->n; i++)
		differ |= from[i].nr ^ from[0].nr;
	for (unsigned shift = 0; shift < 32; shift += 8) {
		size_t place[257] = { 0 };
		struct named *done = to;

		if (!(differ >> shift & 0xff))
			continue;
		for (size_t i = 0; i < t->n; i++)
			place[(from[i].nr >> shift & 0xff) + 1]++;
		for (unsigned i = 1; i < 256; i++)
			place[i] += place[i - 1];
		for (size_t i = 0; i < t->n; i++)
			to[place[from[i].nr >> shift & 0xff]++] = from[i];
		to = from;
		from = done;
	}
	if (from != t->named)
		memcpy(t->named, from, t->n * sizeof(*from));
}

/* The ranges of the numbers from..to of one architecture. */
static int table_ranges(struct ranges *r, struct call_table *t, uint32_t from, uint32_t to,
			struct error *err)
{
	bool enosys = r->enosys && t->knows;
	uint64_t next = from; /* the first number without a verdict yet */
	size_t i = 0;

	while (i < t->n && t->named[i].nr < from)
		i++;
	for (;;) {
		uint64_t nr = i < t->n && t->named[i].nr <= to ? t->named[i].nr : (uint64_t)to + 1;
		struct verdict v;
		size_t n = 0;

		if (next < nr && (!enosys || next <= t->newest))
			range_action(r, (uint32_t)next, r->fallback);
		if (next < nr && enosys && nr > (uint64_t)t->newest + 1)
			range_action(r, (uint32_t)MAX(next, (uint64_t)t->newest + 1),
				     SECCOMP_RET_ERRNO | ENOSYS);
		if (nr > to)
			return 0;
		while (i + n < t->n && t->named[i + n].nr == nr)
			n++;
		if (verdict_make(r, t, &t->named[i], n, &v, err))
			return -1;
		range_add(r, (uint32_t)nr, &v);
		next = nr + 1;
		i += n;
	}
}

static struct call_table *table_find(struct ranges *r, uint32_t token)
{
	for (size_t i = 0; i < r->n_tables; i++)
		if (r->tables[i].abi.token == token)
			return &r->tables[i];
	return NULL;
}

/*
 * x86_64 and x32 calls differ in bit 30 of the number alone. Where only one of them is listed, the other's numbers are
 * calls of an unknown architecture; -1, which a tracer sets to skip a call, is none of either.
 */
static int x86_ranges(struct ranges *r, struct error *err)
{
	struct call_table *wide = table_find(r, AUDIT_ARCH_X86_64), *x32 = table_find(r, ARCH_X32);
	bool enosys = r->enosys && wide && wide->knows;

	if (!wide)
		range_action(r, 0, SECCOMP_RET_KILL_THREAD);
	else if (table_ranges(r, wide, 0, X32_BIT - 1, err))
		return -1;
	if (!x32)
		range_action(r, X32_BIT, SECCOMP_RET_KILL_THREAD);
	else if (table_ranges(r, x32, X32_BIT, 2 * X32_BIT - 1, err))
		return -1;
	if (enosys)
		range_action(r, 2 * X32_BIT, SECCOMP_RET_ERRNO | ENOSYS);
	else
		range_action(r, 2 * X32_BIT, x32 ? r->fallback : SECCOMP_RET_KILL_THREAD);
	if (x32)
		return table_ranges(r, x32, 3 * X32_BIT, UINT32_MAX, err);
	range_action(r, 3 * X32_BIT, SECCOMP_RET_KILL_THREAD);
	range_action(r, UINT32_MAX, r->fallback);
	return 0;
}

int ranges_build(struct ranges *r, const struct sock_filter **ret_code, uint16_t *ret_n,
		 struct error *err)
{
	struct filter_arch *archs = arena_new_n(r->arena, struct filter_arch, r->n_tables);
	struct named *scratch;
	bool x86_done = false;
	size_t n = 0, most = 0;

	for (size_t i = 0; i < r->n_tables; i++)
		most = MAX(most, r->tables[i].n);
	scratch = arena_new_n(r->arena, struct named, most);
	for (size_t i = 0; i < r->n_tables; i++)
		table_sort(&r->tables[i], scratch);
	for (size_t i = 0; i < r->n_tables; i++) {
		struct call_table *t = &r->tables[i];
		bool x86 = abi_kernel_arch(&t->abi) == AUDIT_ARCH_X86_64;

		if (x86 && x86_done)
			continue;
		x86_done |= x86;
		r->list = NULL;
		r->n = r->room = 0;
		if (x86 ? x86_ranges(r, err) : table_ranges(r, t, 0, UINT32_MAX, err))
			return -1;
		archs[n++] = (struct filter_arch){ abi_kernel_arch(&t->abi), r->list, r->n };
	}
	return filter_build(archs, n, SECCOMP_RET_KILL_THREAD, r->fallback, r->arena, ret_code,
			    ret_n, err);
}
