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
#include "plan/bpf.h"
#include "plan/ranges.h"
#include "spec/names.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define ERRNO_MAX 4095u

struct builder {
	struct ranges r;
	const struct oci_seccomp *profile;
	bool strict_names, notify;
};

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
	for (size_t i = 0; i < b->r.n_tables; i++)
		if (b->r.tables[i].abi.token == token)
			return true;
	return abi_init(&b->r.tables[b->r.n_tables++].abi, token, name);
}

static int read_architectures(struct builder *b, uint32_t native, struct error *err)
{
	const struct oci_seccomp *p = b->profile;

	b->r.tables = arena_new_n(b->r.arena, struct call_table, p->n_architectures + 1);
	table_add(b, native, NULL);
	for (size_t i = 0; i < p->n_architectures; i++) {
		const char *where = arena_printf(b->r.arena, "/linux/seccomp/architectures/%zu", i);
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
			return error_at(err, "%s/args/%zu/index", ranges_entry(&b->r, entry), i);
		}
		if (!arg->op ||
		    !word_find(seccomp_op_words.table, seccomp_op_words.n, arg->op, &op)) {
			error_set(err, ERR_CONFIG, "unknown operator \"%s\"",
				  arg->op ? arg->op : "");
			return error_at(err, "%s/args/%zu/op", ranges_entry(&b->r, entry), i);
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
	where = ranges_entry(&b->r, entry);
	return seccomp_action(s->action, s->has_errno_ret, s->errno_ret,
			      arena_printf(b->r.arena, "%s/action", where),
			      arena_printf(b->r.arena, "%s/errnoRet", where), ret, err);
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
		return error_config(err,
				    arena_printf(b->r.arena, "%s/names",
						 ranges_entry(&b->r, entry)),
				    "must name a system call");
	if (read_action(b, s, entry, &action, err))
		return -1;
	conditions = arena_new_n(b->r.arena, struct call_condition, s->n_args);
	if (read_conditions(b, s, entry, conditions, &twice, err))
		return -1;
	*ret_rule = NULL;
	if (action == SECCOMP_RET_USER_NOTIF)
		b->notify = true;
	if (action == b->r.fallback)
		return 0;
	rules = arena_new_n(b->r.arena, struct rule, twice ? s->n_args : 1);
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

static void table_name(struct builder *b, struct call_table *t, uint32_t nr, unsigned subcall,
		       struct rule *rule)
{
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 512;

		t->named = arena_grow(b->r.arena, t->named, t->n, room, sizeof(*t->named));
		t->room = room;
	}
	t->named[t->n++] = (struct named){ nr, subcall, rule };
}

static void table_call(struct builder *b, struct call_table *t, const struct abi_call *call,
		       struct rule *rules)
{
	if (call->has_nr) {
		t->newest = t->knows ? MAX(t->newest, call->nr) : call->nr;
		t->knows = true;
	}
	/* A rule that says what the default says keeps its calls from being newer than the profile. */
	if (!rules && call->has_direct)
		table_name(b, t, call->direct, 0, NULL);
	if (!rules && call->has_through)
		table_name(b, t, call->through, 0, NULL);
	for (struct rule *rule = rules; rule; rule = rule->next) {
		if (call->has_nr)
			table_name(b, t, call->nr, 0, rule);
		if (call->has_through)
			table_name(b, t, call->through, call->subcall, rule);
		if (call->has_direct)
			table_name(b, t, call->direct, 0, rule);
	}
}

static void name_add(struct ranges *r, const char *name, const struct rule *rules)
{
	if (r->n_names == r->names_room) {
		size_t room = r->names_room ? 2 * r->names_room : 512;

		r->names = arena_grow(r->arena, r->names, r->n_names, room, sizeof(*r->names));
		r->names_room = room;
	}
	r->names[r->n_names++] = (struct call_name){ name, rules };
}

static int read_unknown(const struct builder *b, const char *name, unsigned entry, size_t index,
			struct error *err)
{
	const char *where =
		arena_printf(b->r.arena, "%s/names/%zu", ranges_entry(&b->r, entry), index);

	if (b->strict_names)
		return error_config(err, where, "unknown system call \"%s\"", name);
	plan_warn(b->r.warnings, where, "unknown system call \"%s\" is left out", name);
	return 0;
}

static int read_name(struct builder *b, const char *name, unsigned entry, size_t index,
		     struct rule *rules, struct error *err)
{
	bool exists = false;

	for (size_t i = 0; i < b->r.n_tables; i++) {
		struct abi_call call;

		abi_find(&b->r.tables[i].abi, name, &call);
		/* A name is known of all architectures or of none. */
		if (!call.known)
			return read_unknown(b, name, entry, index, err);
		table_call(b, &b->r.tables[i], &call, rules);
		exists |= call.has_nr || call.has_direct || call.has_through;
	}
	/* Rules for calls that nobody has contradict nothing. */
	if (rules && exists)
		name_add(&b->r, name, rules);
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
	struct builder b = { .r = { .arena = a, .warnings = warnings }, .profile = p };

	b.strict_names = is_annotated(annotations, n_annotations, ANNOTATION_STRICT_CALLS);
	if (seccomp_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret,
			   "/linux/seccomp/defaultAction", "/linux/seccomp/defaultErrnoRet",
			   &b.r.fallback, err))
		return -1;
	if (b.r.fallback == SECCOMP_RET_USER_NOTIF)
		return error_config(err, "/linux/seccomp/defaultAction",
				    "SCMP_ACT_NOTIFY cannot be the default action");
	b.r.enosys = seccomp_has_enosys(b.r.fallback, annotations, n_annotations);
	if (read_flags(p, a, &plan->flags, err) || read_architectures(&b, native, err) ||
	    read_rules(&b, err) || read_listener(&b, plan, err) ||
	    ranges_build(&b.r, &plan->code, &plan->n_code, err))
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

bool seccomp_permits(const struct seccomp_plan *plan, long nr, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)nr, .arch = abi_native() };
	uint32_t verdict;

	memcpy(data.args, args, sizeof(data.args));
	if (!bpf_run(plan->code, plan->n_code, &data, &verdict, NULL))
		return false;
	verdict &= SECCOMP_RET_ACTION_FULL;
	return verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_LOG;
}
