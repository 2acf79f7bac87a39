/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile becomes, in this order: rules (one per entry of syscalls), per architecture a list of {number, rule}
 * sorted by number, ranges of numbers with one verdict, the program.
 */
#include "plan/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/str.h"
#include "oci_spec.h"
#include "plan/abi.h"
#include "plan/filter.h"
#include "plan/fragment.h"
#include "spec/names.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define ERRNO_MAX 4095u

/* One entry of syscalls, or one condition of it. */
struct rule {
	uint32_t action;
	const struct call_condition *conditions;
	size_t n;
	unsigned entry; /* syscalls[entry] */
	/* Calls that no other rule speaks of share these, for arguments of 32 and of 64 bits. */
	struct call_tree *trees[2];
	struct rule *next; /* further conditions of the entry */
};

/* A call that a rule speaks of. */
struct named {
	uint32_t nr;
	unsigned subcall; /* of socketcall or ipc, 0: none */
	struct rule *rule;
	const char *name;
};

/* All that the profile says of one architecture. */
struct table {
	struct abi abi;
	struct named *named;
	size_t n, room;
	bool knows; /* some name has a number */
	uint32_t newest;
};

struct builder {
	struct arena *arena;
	const struct oci_seccomp *profile;
	struct plan_warnings *warnings;
	bool strict_names, enosys;
	uint32_t fallback;
	struct table *tables; /* the native one first */
	size_t n_tables;
	bool notify;
	const struct rule *warned; /* the first of the rules that were warned of last */
	struct filter_range *ranges;
	size_t n_ranges, room;
};

static const char *entry_where(const struct builder *b, unsigned entry)
{
	return arena_printf(b->arena, "/linux/seccomp/syscalls/%u", entry);
}

/* ---- words --------------------------------------------------------------------------------------------------------- */

int seccomp_action(const char *name, bool has_errno, uint32_t errnum, const char *where,
		   const char *errno_where, uint32_t *ret, struct error *err)
{
	uint64_t action;

	if (!name)
		return error_config(err, where, "is required");
	if (!word_find(seccomp_action_words.table, seccomp_action_words.n, name, &action))
		return error_config(err, where, "unknown action \"%s\"", name);
	if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE) {
		if (has_errno && errnum > ERRNO_MAX)
			return error_config(err, errno_where, "errno %u is greater than %u", errnum,
					    ERRNO_MAX);
		action |= has_errno ? errnum : EPERM;
	} else if (has_errno) {
		return error_config(err, errno_where, "%s takes no errno", name);
	}
	*ret = (uint32_t)action;
	return 0;
}

static bool is_annotated(const struct pair *annotations, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(annotations[i].key, key))
			return !str_eq(annotations[i].value, "0") &&
			       !str_eq(annotations[i].value, "false");
	return false;
}

bool seccomp_has_enosys(uint32_t fallback, const struct pair *annotations, size_t n_annotations)
{
	switch (fallback & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
		return false;
	default:
		return !is_annotated(annotations, n_annotations, ANNOTATION_NO_ENOSYS);
	}
}

static int read_flags(const struct oci_seccomp *p, struct arena *a, unsigned *ret,
		      struct error *err)
{
	*ret = p->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < p->n_flags; i++) {
		uint64_t flag;

		if (!word_find(seccomp_flag_words.table, seccomp_flag_words.n, p->flags[i], &flag))
			return error_config(err, arena_printf(a, "/linux/seccomp/flags/%zu", i),
					    "unknown flag \"%s\"", p->flags[i]);
		*ret |= (unsigned)flag;
	}
	return 0;
}

/* ---- architectures ------------------------------------------------------------------------------------------------- */

static bool table_add(struct builder *b, uint32_t token, const char *name)
{
	for (size_t i = 0; i < b->n_tables; i++)
		if (b->tables[i].abi.token == token)
			return true;
	return abi_init(&b->tables[b->n_tables++].abi, token, name);
}

static int read_architectures(struct builder *b, uint32_t native, struct error *err)
{
	const struct oci_seccomp *p = b->profile;

	b->tables = arena_new_n(b->arena, struct table, p->n_architectures + 1);
	table_add(b, native, NULL);
	for (size_t i = 0; i < p->n_architectures; i++) {
		const char *where = arena_printf(b->arena, "/linux/seccomp/architectures/%zu", i);
		const char *name = p->architectures[i];
		uint64_t token;

		if (!word_find(seccomp_arch_words.table, seccomp_arch_words.n, name, &token))
			return error_config(err, where, "unknown architecture \"%s\"", name);
		if (!table_add(b, (uint32_t)token, name))
			return error_config(err, where,
					    "libseccomp knows no system calls of \"%s\"", name);
		if ((token ^ native) & __AUDIT_ARCH_LE)
			return error_config(err, where,
					    "\"%s\" has another byte order than this machine",
					    name);
	}
	return 0;
}

/* ---- rules --------------------------------------------------------------------------------------------------------- */

static int read_conditions(const struct builder *b, const struct oci_syscall *s, unsigned entry,
			   struct call_condition *ret, bool *ret_twice, struct error *err)
{
	unsigned seen = 0;

	*ret_twice = false;
	for (size_t i = 0; i < s->n_args; i++) {
		const struct oci_syscall_arg *arg = &s->args[i];
		uint64_t op;

		if (arg->index >= CALL_ARGS) {
			error_set(err, ERR_CONFIG, "%u is greater than %u", arg->index,
				  CALL_ARGS - 1);
			return error_at(err, "%s/args/%zu/index", entry_where(b, entry), i);
		}
		if (!arg->op ||
		    !word_find(seccomp_op_words.table, seccomp_op_words.n, arg->op, &op)) {
			error_set(err, ERR_CONFIG, "unknown operator \"%s\"",
				  arg->op ? arg->op : "");
			return error_at(err, "%s/args/%zu/op", entry_where(b, entry), i);
		}
		ret[i] = (struct call_condition){ .arg = arg->index,
						  .op = (int)op,
						  .value = arg->value };
		if (op == COMPARE_MASKED_EQ) {
			ret[i].mask = arg->value;
			ret[i].value = arg->value_two;
		}
		*ret_twice |= seen >> arg->index & 1;
		seen |= 1u << arg->index;
	}
	return 0;
}

static int read_action(const struct builder *b, const struct oci_syscall *s, unsigned entry,
		       uint32_t *ret, struct error *err)
{
	const char *where;

	if (seccomp_action(s->action, s->has_errno_ret, s->errno_ret, "", "", ret, err) == 0)
		return 0;
	/* Where it is wrong costs more to say than whether it is. */
	where = entry_where(b, entry);
	return seccomp_action(s->action, s->has_errno_ret, s->errno_ret,
			      arena_printf(b->arena, "%s/action", where),
			      arena_printf(b->arena, "%s/errnoRet", where), ret, err);
}

/* *ret_rule is NULL where the rule says what the default says. */
static int read_rule(struct builder *b, const struct oci_syscall *s, unsigned entry,
		     struct rule **ret_rule, struct error *err)
{
	struct call_condition *conditions;
	struct rule *rules;
	uint32_t action;
	bool twice;

	if (s->n_names == 0)
		return error_config(err, arena_printf(b->arena, "%s/names", entry_where(b, entry)),
				    "must name a system call");
	if (read_action(b, s, entry, &action, err))
		return -1;
	conditions = arena_new_n(b->arena, struct call_condition, s->n_args);
	if (read_conditions(b, s, entry, conditions, &twice, err))
		return -1;
	*ret_rule = NULL;
	if (action == SECCOMP_RET_USER_NOTIF)
		b->notify = true;
	if (action == b->fallback)
		return 0;
	rules = arena_new_n(b->arena, struct rule, twice ? s->n_args : 1);
	rules[0] = (struct rule){
		.action = action, .conditions = conditions, .n = s->n_args, .entry = entry
	};
	for (size_t i = 0; twice && i < s->n_args; i++)
		rules[i] = (struct rule){ .action = action,
					  .conditions = &conditions[i],
					  .n = 1,
					  .entry = entry,
					  .next = i + 1 < s->n_args ? &rules[i + 1] : NULL };
	*ret_rule = rules;
	return 0;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------- */

static void table_name(struct builder *b, struct table *t, const char *name, uint32_t nr,
		       unsigned subcall, struct rule *rule)
{
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 512;

		t->named = arena_grow(b->arena, t->named, t->n, room, sizeof(*t->named));
		t->room = room;
	}
	t->named[t->n++] = (struct named){ nr, subcall, rule, name };
}

static void table_call(struct builder *b, struct table *t, const char *name,
		       const struct abi_call *call, struct rule *rules)
{
	if (call->has_nr) {
		t->newest = t->knows ? MAX(t->newest, call->nr) : call->nr;
		t->knows = true;
	}
	/* A rule that says what the default says keeps its calls from being newer than the profile. */
	if (!rules && call->has_direct)
		table_name(b, t, name, call->direct, 0, NULL);
	if (!rules && call->has_through)
		table_name(b, t, name, call->through, 0, NULL);
	for (struct rule *rule = rules; rule; rule = rule->next) {
		if (call->has_nr)
			table_name(b, t, name, call->nr, 0, rule);
		if (call->has_through)
			table_name(b, t, name, call->through, call->subcall, rule);
		if (call->has_direct)
			table_name(b, t, name, call->direct, 0, rule);
	}
}

static int read_unknown(const struct builder *b, const char *name, unsigned entry, size_t index,
			struct error *err)
{
	const char *where = arena_printf(b->arena, "%s/names/%zu", entry_where(b, entry), index);

	if (b->strict_names)
		return error_config(err, where, "unknown system call \"%s\"", name);
	plan_warn(b->warnings, where, "unknown system call \"%s\" is left out", name);
	return 0;
}

static int read_name(struct builder *b, const char *name, unsigned entry, size_t index,
		     struct rule *rules, struct error *err)
{
	struct abi_call call;

	abi_find(&b->tables[0].abi, name, &call);
	if (!call.known)
		return read_unknown(b, name, entry, index, err);
	table_call(b, &b->tables[0], name, &call, rules);
	for (size_t k = 1; k < b->n_tables; k++) {
		abi_find(&b->tables[k].abi, name, &call);
		table_call(b, &b->tables[k], name, &call, rules);
	}
	return 0;
}

static int read_rules(struct builder *b, struct error *err)
{
	for (size_t i = 0; i < b->profile->n_syscalls; i++) {
		const struct oci_syscall *s = &b->profile->syscalls[i];
		struct rule *rules = NULL;

		if (read_rule(b, s, (unsigned)i, &rules, err))
			return -1;
		for (size_t k = 0; k < s->n_names; k++)
			if (read_name(b, s->names[k], (unsigned)i, k, rules, err))
				return -1;
	}
	return 0;
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

static int ask_library(struct builder *b, const struct abi *abi, const struct member *list,
		       size_t n, struct call_tree *ret, struct error *err)
{
	struct fragment_rule *rules = arena_new_n(b->arena, struct fragment_rule, n);
	size_t wrong;

	for (size_t i = 0; i < n; i++)
		rules[i] = (struct fragment_rule){ list[i].named->name, list[i].named->rule->action,
						   list[i].named->rule->conditions,
						   list[i].named->rule->n };
	if (fragment_make(abi, b->tables[0].abi.token, list[0].named->nr, b->fallback, rules, n,
			  b->arena, ret, &wrong, err))
		return error_at(err, "%s", entry_where(b, list[wrong].named->rule->entry));
	if (b->warned != list[0].named->rule)
		plan_warn(b->warnings, entry_where(b, list[n - 1].named->rule->entry),
			  "contradicts other rules for \"%s\": libseccomp decides between them",
			  list[n - 1].named->name);
	b->warned = list[0].named->rule;
	return 0;
}

static int tree_make(struct builder *b, const struct abi *abi, const struct member *list, size_t n,
		     struct call_tree *ret, struct error *err)
{
	*ret = (struct call_tree){ 0 };
	if (contradict(list, n, abi->wide))
		return ask_library(b, abi, list, n, ret, err);
	for (size_t i = 0; i < n; i++)
		if (!calltree_add(ret, list[i].conditions, list[i].n, abi->wide,
				  list[i].named->rule->action, b->arena))
			return ask_library(b, abi, list, n, ret, err);
	return 0;
}

/* The tree of a number's rules: the first one without conditions decides, whatever others say. */
static int members_tree(struct builder *b, const struct abi *abi, const struct named *named,
			size_t n, struct call_tree **ret, struct error *err)
{
	struct member *list = arena_new_n(b->arena, struct member, n);
	size_t kept = 0;

	*ret = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!named[i].rule)
			continue;
		member_init(&list[kept], &named[i], abi->wide);
		if (list[kept++].always)
			break;
	}
	if (!kept)
		return 0;
	*ret = arena_new(b->arena, struct call_tree);
	if (!list[kept - 1].always)
		return tree_make(b, abi, list, kept, *ret, err);
	/* What came before it may still be refused. */
	if (kept > 1 && tree_make(b, abi, list, kept - 1, *ret, err))
		return -1;
	**ret = (struct call_tree){ .always = true, .action = list[kept - 1].named->rule->action };
	return 0;
}

/* The verdict on one number from its n rules. */
static int verdict_make(struct builder *b, const struct abi *abi, const struct named *named,
			size_t n, struct verdict *ret, struct error *err)
{
	struct call_tree **shared = NULL, *t = NULL;

	if (n == 1 && named->rule && !named->subcall)
		shared = &named->rule->trees[abi->wide];
	if (shared && *shared)
		t = *shared;
	else if (members_tree(b, abi, named, n, &t, err))
		return -1;
	if (shared)
		*shared = t;
	if (!t)
		*ret = (struct verdict){ .action = b->fallback };
	else if (t->always)
		*ret = (struct verdict){ .action = t->action };
	else
		*ret = (struct verdict){ .tree = t };
	return 0;
}

/* ---- ranges -------------------------------------------------------------------------------------------------------- */

static void range_add(struct builder *b, uint32_t first, const struct verdict *v)
{
	struct filter_range *last = b->n_ranges ? &b->ranges[b->n_ranges - 1] : NULL;

	if (last && last->verdict.tree == v->tree && last->verdict.action == v->action)
		return;
	if (b->n_ranges == b->room) {
		size_t room = b->room ? 2 * b->room : 256;

		b->ranges = arena_grow(b->arena, b->ranges, b->n_ranges, room, sizeof(*b->ranges));
		b->room = room;
	}
	b->ranges[b->n_ranges++] = (struct filter_range){ first, *v };
}

static void range_action(struct builder *b, uint32_t first, uint32_t action)
{
	range_add(b, first, &(struct verdict){ .action = action });
}

/* By number, rules of one number in their order: a radix sort over the bits in which the numbers differ at all. */
static void table_sort(struct table *t, struct named *scratch)
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
static int table_ranges(struct builder *b, struct table *t, uint32_t from, uint32_t to,
			struct error *err)
{
	bool enosys = b->enosys && t->knows;
	uint64_t next = from; /* the first number without a verdict yet */
	size_t i = 0;

	while (i < t->n && t->named[i].nr < from)
		i++;
	for (;;) {
		uint64_t nr = i < t->n && t->named[i].nr <= to ? t->named[i].nr : (uint64_t)to + 1;
		struct verdict v;
		size_t n = 0;

		if (next < nr && (!enosys || next <= t->newest))
			range_action(b, (uint32_t)next, b->fallback);
		if (next < nr && enosys && nr > (uint64_t)t->newest + 1)
			range_action(b, (uint32_t)MAX(next, (uint64_t)t->newest + 1),
				     SECCOMP_RET_ERRNO | ENOSYS);
		if (nr > to)
			return 0;
		while (i + n < t->n && t->named[i + n].nr == nr)
			n++;
		if (verdict_make(b, &t->abi, &t->named[i], n, &v, err))
			return -1;
		range_add(b, (uint32_t)nr, &v);
		next = nr + 1;
		i += n;
	}
}

static struct table *table_find(struct builder *b, uint32_t token)
{
	for (size_t i = 0; i < b->n_tables; i++)
		if (b->tables[i].abi.token == token)
			return &b->tables[i];
	return NULL;
}

/*
 * x86_64 and x32 calls differ in bit 30 of the number alone. Where only one of them is listed, the other's numbers are
 * calls of an unknown architecture; -1, which a tracer sets to skip a call, is none of either.
 */
static int x86_ranges(struct builder *b, struct error *err)
{
	struct table *wide = table_find(b, AUDIT_ARCH_X86_64), *x32 = table_find(b, ARCH_X32);
	bool enosys = b->enosys && wide && wide->knows;

	if (!wide)
		range_action(b, 0, SECCOMP_RET_KILL_THREAD);
	else if (table_ranges(b, wide, 0, X32_BIT - 1, err))
		return -1;
	if (!x32)
		range_action(b, X32_BIT, SECCOMP_RET_KILL_THREAD);
	else if (table_ranges(b, x32, X32_BIT, 2 * X32_BIT - 1, err))
		return -1;
	if (enosys)
		range_action(b, 2 * X32_BIT, SECCOMP_RET_ERRNO | ENOSYS);
	else
		range_action(b, 2 * X32_BIT, x32 ? b->fallback : SECCOMP_RET_KILL_THREAD);
	if (x32)
		return table_ranges(b, x32, 3 * X32_BIT, UINT32_MAX, err);
	range_action(b, 3 * X32_BIT, SECCOMP_RET_KILL_THREAD);
	range_action(b, UINT32_MAX, b->fallback);
	return 0;
}

static int build(struct builder *b, struct seccomp_plan *plan, struct error *err)
{
	struct filter_arch *archs = arena_new_n(b->arena, struct filter_arch, b->n_tables);
	struct named *scratch;
	bool x86_done = false;
	size_t n = 0, most = 0;

	for (size_t i = 0; i < b->n_tables; i++)
		most = MAX(most, b->tables[i].n);
	scratch = arena_new_n(b->arena, struct named, most);
	for (size_t i = 0; i < b->n_tables; i++)
		table_sort(&b->tables[i], scratch);
	for (size_t i = 0; i < b->n_tables; i++) {
		struct table *t = &b->tables[i];
		bool x86 = abi_kernel_arch(&t->abi) == AUDIT_ARCH_X86_64;

		if (x86 && x86_done)
			continue;
		x86_done |= x86;
		b->ranges = NULL;
		b->n_ranges = b->room = 0;
		if (x86 ? x86_ranges(b, err) : table_ranges(b, t, 0, UINT32_MAX, err))
			return -1;
		archs[n++] =
			(struct filter_arch){ abi_kernel_arch(&t->abi), b->ranges, b->n_ranges };
	}
	return filter_build(archs, n, SECCOMP_RET_KILL_THREAD, b->fallback, b->arena, &plan->code,
			    &plan->n_code, err);
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

static int read_listener(const struct builder *b, struct seccomp_plan *plan, struct error *err)
{
	const struct oci_seccomp *p = b->profile;

	plan->notify = b->notify;
	plan->listener_path = p->listener_path && *p->listener_path ? p->listener_path : NULL;
	plan->listener_metadata = p->listener_metadata;
	if (p->listener_metadata && *p->listener_metadata && !plan->listener_path)
		return error_config(err, "/linux/seccomp/listenerMetadata",
				    "must not be set without listenerPath");
	if (plan->notify && !plan->listener_path)
		return error_config(err, "/linux/seccomp/listenerPath",
				    "SCMP_ACT_NOTIFY needs a listener");
	if (plan->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && !plan->notify)
		return error_config(err, "/linux/seccomp/flags",
				    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs a rule with "
				    "SCMP_ACT_NOTIFY");
	/* The kernel wants to know which of its two answers is a descriptor. */
	if (plan->notify && plan->flags & SECCOMP_FILTER_FLAG_TSYNC)
		plan->flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	return 0;
}

int plan_seccomp_for(uint32_t native, const struct oci_seccomp *p, const struct pair *annotations,
		     size_t n_annotations, struct arena *a, struct plan_warnings *warnings,
		     const struct seccomp_plan **ret, struct error *err)
{
	struct seccomp_plan *plan = arena_new(a, struct seccomp_plan);
	struct builder b = { .arena = a, .profile = p, .warnings = warnings };

	b.strict_names = is_annotated(annotations, n_annotations, ANNOTATION_STRICT_CALLS);
	if (seccomp_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret,
			   "/linux/seccomp/defaultAction", "/linux/seccomp/defaultErrnoRet",
			   &b.fallback, err))
		return -1;
	if (b.fallback == SECCOMP_RET_USER_NOTIF)
		return error_config(err, "/linux/seccomp/defaultAction",
				    "SCMP_ACT_NOTIFY cannot be the default action");
	b.enosys = seccomp_has_enosys(b.fallback, annotations, n_annotations);
	if (read_flags(p, a, &plan->flags, err) || read_architectures(&b, native, err) ||
	    read_rules(&b, err) || read_listener(&b, plan, err) || build(&b, plan, err))
		return -1;
	if (is_annotated(annotations, n_annotations, ANNOTATION_SECCOMP_LOG))
		plan->flags |= SECCOMP_FILTER_FLAG_LOG;
	*ret = plan;
	return 0;
}

int plan_seccomp(const struct oci_seccomp *profile, const struct pair *annotations,
		 size_t n_annotations, struct arena *a, struct plan_warnings *warnings,
		 const struct seccomp_plan **ret, struct error *err)
{
	*ret = NULL;
	return profile ? plan_seccomp_for(abi_native(), profile, annotations, n_annotations, a,
					  warnings, ret, err)
		       : 0;
}
