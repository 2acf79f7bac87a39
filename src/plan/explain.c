/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/explain.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "oci_spec.h"
#include "plan/abi.h"
#include "plan/bpf.h"
#include "plan/calltree.h"
#include "plan/seccomp.h"
#include "spec/names.h"

struct asking {
	const struct oci_seccomp *profile;
	const struct seccomp_plan *plan;
	const struct explain_question *question;
	struct arena *arena;
	uint32_t fallback;
	bool enosys, has_x32;
	struct explanation *list;
	size_t n, room;
};

/* One architecture of the profile. */
struct table {
	struct abi abi;
	const char *name;
};

static uint64_t truncated(const struct table *t, uint64_t value)
{
	return t->abi.wide ? value : (uint32_t)value;
}

static bool condition_holds(const struct table *t, const struct oci_syscall_arg *arg,
			    const struct seccomp_data *call)
{
	uint64_t got = call->args[arg->index], value = truncated(t, arg->value), op;

	if (!word_find(seccomp_op_words.table, seccomp_op_words.n, arg->op, &op))
		return false;
	switch ((enum compare_op)op) {
	case COMPARE_NE:
		return got != value;
	case COMPARE_LT:
		return got < value;
	case COMPARE_LE:
		return got <= value;
	case COMPARE_EQ:
		return got == value;
	case COMPARE_GE:
		return got >= value;
	case COMPARE_GT:
		return got > value;
	case COMPARE_MASKED_EQ:
		return (got & value) == (arg->value_two & value);
	}
	return false;
}

/* All conditions hold; where two are on one argument any of them is enough, each being a rule of its own. */
static bool conditions_hold(const struct table *t, const struct oci_syscall *s, bool subcall,
			    const struct seccomp_data *call)
{
	bool all = true, any = false, twice = false;
	unsigned seen = 0;

	for (size_t i = 0; i < s->n_args; i++) {
		const struct oci_syscall_arg *arg = &s->args[i];
		/* What is the first argument of the call is in memory where it comes through another one. */
		bool holds = (subcall && arg->index == 0) || condition_holds(t, arg, call);

		all &= holds;
		any |= holds;
		twice |= seen >> arg->index & 1;
		seen |= 1u << arg->index;
	}
	return twice ? any : all;
}

enum naming { NOT_NAMED, NAMED, NAMED_SUBCALL, NAMED_OTHER_SUBCALL };

/* Whether a rule with this name speaks of the number, or of what comes through it. */
static enum naming names(struct table *t, const char *name, uint32_t nr, uint64_t subcall)
{
	struct abi_call call;

	abi_find(&t->abi, name, &call);
	if ((call.has_nr && call.nr == nr) || (call.has_direct && call.direct == nr))
		return NAMED;
	if (!call.has_through || call.through != nr)
		return NOT_NAMED;
	return call.subcall == subcall ? NAMED_SUBCALL : NAMED_OTHER_SUBCALL;
}

static uint32_t action_of(const struct oci_syscall *s)
{
	uint32_t action = SECCOMP_RET_KILL_THREAD;
	struct error unused;

	/* The profile has become a program, so this cannot fail. */
	(void)seccomp_action(s->action, s->has_errno_ret, s->errno_ret, "", "", &action, &unused);
	return action;
}

/* Whether one of the rule's names speaks of the number, and whether the rule holds for the call by one of them. */
static bool speaks_of(struct table *t, const struct oci_syscall *s, uint32_t nr,
		      const struct seccomp_data *call, bool *ret_holds)
{
	bool speaks = false;

	*ret_holds = false;
	for (size_t i = 0; i < s->n_names; i++) {
		enum naming naming = names(t, s->names[i], nr, call->args[0]);

		speaks |= naming != NOT_NAMED;
		*ret_holds |= (naming == NAMED || naming == NAMED_SUBCALL) &&
			      conditions_hold(t, s, naming == NAMED_SUBCALL, call);
	}
	return speaks;
}

/* Finds the rules that hold, and among them the one that says the verdict: the first, or first without conditions. */
static bool find_rule(const struct asking *q, struct table *t, const struct seccomp_data *call,
		      struct explanation *e, bool *ret_contested)
{
	unsigned *holding = arena_new_n(q->arena, unsigned, q->profile->n_syscalls), kept = 0;
	uint32_t first = q->fallback;
	size_t n = 0, decides = SIZE_MAX;
	bool without = false, holds;

	for (size_t i = 0; i < q->profile->n_syscalls; i++) {
		const struct oci_syscall *s = &q->profile->syscalls[i];
		uint32_t action = action_of(s);

		if (!speaks_of(t, s, e->nr, call, &holds))
			continue;
		/* Rules of different actions for one number may contradict each other. */
		*ret_contested |= first != q->fallback && action != q->fallback && action != first;
		first = first == q->fallback ? action : first;
		for (size_t k = 0; k < s->n_args; k++)
			e->missing |= 1u << s->args[k].index;
		if (!holds)
			continue;
		if (action == e->verdict && (decides == SIZE_MAX || (!without && s->n_args == 0))) {
			decides = i;
			without = s->n_args == 0;
		}
		holding[n++] = (unsigned)i;
	}
	for (size_t i = 0; i < n; i++)
		if (holding[i] != decides)
			holding[kept++] = holding[i];
	e->others = holding;
	e->n_others = kept;
	e->entry = (unsigned)decides;
	return decides != SIZE_MAX;
}

static bool is_newer(const struct asking *q, struct table *t, uint32_t nr)
{
	bool knows = false;

	for (size_t i = 0; i < q->profile->n_syscalls; i++)
		for (size_t k = 0; k < q->profile->syscalls[i].n_names; k++) {
			struct abi_call call;

			abi_find(&t->abi, q->profile->syscalls[i].names[k], &call);
			if (call.has_nr && call.nr >= nr)
				return false;
			knows |= call.has_nr;
		}
	return knows;
}

static struct explanation *add(struct asking *q, const struct table *t)
{
	struct explanation *e;

	if (q->n == q->room) {
		q->list = arena_grow(q->arena, q->list, q->n, q->room + 16, sizeof(*q->list));
		q->room += 16;
	}
	e = &q->list[q->n++];
	*e = (struct explanation){ .arch = t->name };
	return e;
}

/* The call by this number; `subcall`: as the first argument of socketcall or ipc. */
static int explain(struct asking *q, struct table *t, uint32_t nr, uint32_t subcall,
		   struct error *err)
{
	struct seccomp_data call = { .nr = (int)nr, .arch = abi_kernel_arch(&t->abi) };
	unsigned told = subcall ? 1 : q->question->n_args;
	struct explanation *e = add(q, t);
	bool found, contested = false;

	e->exists = true;
	e->nr = nr;
	e->name = abi_name(&t->abi, nr, q->arena);
	e->through = subcall ? e->name : NULL;
	for (unsigned i = 0; i < told; i++)
		call.args[i] = subcall ? subcall : truncated(t, q->question->args[i]);
	if (!bpf_run(q->plan->code, q->plan->n_code, &call, &e->verdict, NULL))
		return error_set(err, ERR_SYSTEM, "the program of the profile is broken");
	found = find_rule(q, t, &call, e, &contested);
	e->missing &= ~((1u << told) - 1);
	if (found)
		e->reason = EXPLAIN_RULE;
	else if (q->enosys && e->verdict == (SECCOMP_RET_ERRNO | ENOSYS) && is_newer(q, t, nr))
		e->reason = EXPLAIN_NEWER;
	else if (e->verdict == q->fallback && e->n_others == 0)
		e->reason = EXPLAIN_DEFAULT;
	else if (contested)
		e->reason = EXPLAIN_LIBRARY;
	else if (t->abi.token == AUDIT_ARCH_X86_64 && nr & X32_BIT && !q->has_x32)
		e->reason = EXPLAIN_ARCH;
	else
		return error_set(
			err, ERR_SYSTEM,
			"the profile does not say what its program does with call %u of %s: %#x",
			nr, t->name, e->verdict);
	return 0;
}

static int explain_on(struct asking *q, struct table *t, const struct abi_call *call,
		      struct error *err)
{
	if (!call->has_nr && !call->has_direct && !call->has_through)
		add(q, t)->name = q->question->call;
	if ((call->has_nr && explain(q, t, call->nr, 0, err)) ||
	    (call->has_direct && explain(q, t, call->direct, 0, err)) ||
	    (call->has_through && explain(q, t, call->through, call->subcall, err)))
		return -1;
	return 0;
}

/* A number is one of every architecture. */
static int find_call(const struct asking *q, struct table *t, struct abi_call *ret,
		     struct error *err)
{
	const char *text = q->question->call;
	char *end;
	unsigned long nr = strtoul(text, &end, 0);

	if (*text >= '0' && *text <= '9') {
		if (*end || nr > UINT32_MAX)
			return error_set(err, ERR_USAGE, "\"%s\" is no number of a system call",
					 text);
		*ret = (struct abi_call){ .known = true, .has_nr = true, .nr = (uint32_t)nr };
		if (t->abi.token == ARCH_X32)
			ret->nr |= X32_BIT;
		return 0;
	}
	abi_find(&t->abi, text, ret);
	return ret->known ? 0 : error_set(err, ERR_USAGE, "unknown system call \"%s\"", text);
}

static int explain_arch(struct asking *q, uint32_t token, struct error *err)
{
	struct table *t = arena_new(q->arena, struct table);
	struct abi_call call;

	t->name = word_name(seccomp_arch_words.table, seccomp_arch_words.n, token);
	abi_init(&t->abi, token, NULL);
	return find_call(q, t, &call, err) || explain_on(q, t, &call, err) ? -1 : 0;
}

static uint64_t arch_at(const struct asking *q, size_t i)
{
	uint64_t token = 0;

	(void)word_find(seccomp_arch_words.table, seccomp_arch_words.n,
			q->profile->architectures[i], &token);
	return token;
}

int explain_call(uint32_t native, const struct oci_seccomp *profile, const struct pair *annotations,
		 size_t n_annotations, const struct explain_question *question, struct arena *a,
		 const struct explanation **ret, size_t *ret_n, struct error *err)
{
	struct asking q = { .profile = profile, .question = question, .arena = a };
	struct plan_warnings ignored = { .arena = a };

	native = native ? native : abi_native();
	if (plan_seccomp_for(native, profile, annotations, n_annotations, a, &ignored, &q.plan,
			     err) ||
	    seccomp_action(profile->default_action, profile->has_default_errno_ret,
			   profile->default_errno_ret, "", "", &q.fallback, err))
		return -1;
	q.enosys = seccomp_has_enosys(q.fallback, annotations, n_annotations);
	for (size_t i = 0; i < profile->n_architectures; i++)
		q.has_x32 |= arch_at(&q, i) == ARCH_X32;
	if (explain_arch(&q, native, err))
		return -1;
	for (size_t i = 0; i < profile->n_architectures; i++) {
		bool before = arch_at(&q, i) == native;

		for (size_t k = 0; k < i; k++)
			before |= arch_at(&q, k) == arch_at(&q, i);
		if (!before && explain_arch(&q, (uint32_t)arch_at(&q, i), err))
			return -1;
	}
	*ret = q.list;
	*ret_n = q.n;
	return 0;
}
