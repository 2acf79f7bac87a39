/* SPDX-License-Identifier: Apache-2.0 */
#include "verdicts.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "oci_spec.h"
#include "oracle.h"
#include "plan/abi.h"
#include "plan/bpf.h"
#include "plan/explain.h"
#include "plan/seccomp.h"
#include "random.h"

#define KNOWN 1100  /* numbers per table that are asked, from its base on */
#define SAMPLES 800 /* calls per number whose arguments matter */
#define VALUES 64   /* values of one argument */
#define CALL_ARGS_MAX 6
#define REASONS 8    /* calls per profile whose verdict is explained */
#define BROKEN_MAX 3 /* differences shown per profile */

struct totals *totals;
bool verbose;

/* ---- the names of an architecture's numbers ------------------------------------------------------------------------ */

struct table {
	uint32_t arch, base;
	char *names[KNOWN];
};

static const struct table *table_of(uint32_t arch)
{
	static struct table tables[32];
	static size_t n;
	struct table *t;

	for (size_t i = 0; i < n; i++)
		if (tables[i].arch == arch)
			return &tables[i];
	t = &tables[n++];
	t->arch = arch;
	t->base = (uint32_t)seccomp_syscall_resolve_name_arch(arch, "read") & ~X32_BIT;
	t->base = t->base / 1000 * 1000 + (arch == SCMP_ARCH_X32 ? X32_BIT : 0);
	for (uint32_t i = 0; i < KNOWN; i++)
		t->names[i] = seccomp_syscall_resolve_num_arch(arch, (int)(t->base + i));
	return t;
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

struct values {
	uint64_t list[CALL_ARGS_MAX][VALUES];
	size_t n[CALL_ARGS_MAX];
	bool any;
};

static void value_add(struct values *v, unsigned arg, uint64_t value)
{
	for (size_t i = 0; i < v->n[arg]; i++)
		if (v->list[arg][i] == value)
			return;
	if (v->n[arg] < VALUES)
		v->list[arg][v->n[arg]++] = value;
}

static void value_around(struct values *v, unsigned arg, uint64_t c)
{
	const uint64_t high = UINT64_C(1) << 32;

	value_add(v, arg, c);
	value_add(v, arg, c - 1);
	value_add(v, arg, c + 1);
	value_add(v, arg, c + high);
	value_add(v, arg, c - high);
	value_add(v, arg, (uint32_t)c);
	value_add(v, arg, c | ~(high - 1));
	value_add(v, arg, c << 32 | c >> 32);
	value_add(v, arg, (c & ~(high - 1)) | (uint32_t)(c - 1));
	value_add(v, arg, (c & ~(high - 1)) | (uint32_t)(c + 1));
}

static void values_of(struct values *v, const struct oci_syscall *s)
{
	for (size_t i = 0; i < s->n_args; i++) {
		const struct oci_syscall_arg *a = &s->args[i];

		v->any = true;
		if (strcmp(a->op, "SCMP_CMP_MASKED_EQ") == 0) {
			value_around(v, a->index, a->value & a->value_two);
			value_add(v, a->index, a->value_two);
			value_add(v, a->index, (a->value & a->value_two) | ~a->value);
			value_add(v, a->index, ~(a->value & a->value_two));
		} else {
			value_around(v, a->index, a->value);
		}
	}
}

/* The values that rules on this call, or on calls that come through it, make interesting. */
static void values_collect(struct values *v, const struct oci_seccomp *p, uint32_t arch,
			   const char *name)
{
	bool socketcall = strcmp(name, "socketcall") == 0, ipc = strcmp(name, "ipc") == 0;

	memset(v, 0, sizeof(*v));
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct oci_syscall *s = &p->syscalls[i];
		bool here = false;

		for (size_t k = 0; k < s->n_names && !here; k++) {
			here = strcmp(s->names[k], name) == 0;
			if (!here && (socketcall || ipc)) {
				int nr = seccomp_syscall_resolve_name_arch(arch, s->names[k]);

				here = socketcall ? nr <= -100 && nr > -200
						  : nr <= -200 && nr > -300;
				v->any |= here;
			}
		}
		if (here)
			values_of(v, s);
	}
	if (!v->any)
		return;
	for (unsigned arg = 0; arg < CALL_ARGS_MAX; arg++) {
		value_add(v, arg, 0);
		if (v->n[arg] > 1)
			value_add(v, arg, UINT64_MAX);
	}
	for (unsigned i = 1; (socketcall || ipc) && i < 25; i++)
		value_add(v, 0, i);
}

/* ---- one profile --------------------------------------------------------------------------------------------------- */

struct pair_of {
	const struct oci_seccomp *profile;
	const struct seccomp_plan *plan;
	struct oracle oracle;
	unsigned differences;
};

static void profile_print(const struct oci_seccomp *p)
{
	const struct oci_linux linux_ = { .seccomp = p };
	const struct oci_config config = { .linux_ = &linux_ };
	struct arena a = { 0 };
	struct json_writer w;

	json_begin(&w, &a, NULL);
	oci_config_write(&w, &config);
	printf("# %s\n", w.text);
	arena_release(&a);
}

static void differ(struct pair_of *p, const struct seccomp_data *call, const char *what,
		   uint32_t ours, uint32_t theirs)
{
	if (p->differences++ == 0)
		profile_print(p->profile);
	if (p->differences <= BROKEN_MAX)
		printf("# arch %#x call %u (%#llx, %#llx, %#llx, %#llx, %#llx, %#llx): %s%#x, libseccomp %#x\n",
		       call->arch, (unsigned)call->nr, (unsigned long long)call->args[0],
		       (unsigned long long)call->args[1], (unsigned long long)call->args[2],
		       (unsigned long long)call->args[3], (unsigned long long)call->args[4],
		       (unsigned long long)call->args[5], what, ours, theirs);
}

/* `m` is given where rules look at arguments. */
static void ask(struct pair_of *p, const struct meaning *m, const struct seccomp_data *call)
{
	uint32_t ours = 0, theirs = oracle_ask(&p->oracle, call);

	totals->asked++;
	if (!bpf_run(p->plan->code, p->plan->n_code, call, &ours, NULL))
		differ(p, call, "no verdict ", ours, theirs);
	/* Theirs may be wrong, ours must be right then: no rule says theirs, and ours is what the rules say. */
	else if (ours != theirs && m && meaning_allows(m, call, ours) &&
		 !meaning_allows(m, call, theirs))
		totals->unfounded++;
	else if (ours != theirs)
		differ(p, call, "", ours, theirs);
}

static void ask_values(struct pair_of *p, uint32_t token, struct seccomp_data *call,
		       const struct values *v)
{
	struct meaning m;
	bool newer = p->oracle.enosys && oracle_is_newer(&p->oracle, call);
	const struct meaning *rules = newer ? NULL : &m;
	uint64_t product = 1;

	for (unsigned arg = 0; arg < CALL_ARGS_MAX; arg++)
		product = product > SAMPLES ? product : product * v->n[arg];
	meaning_make(&m, &p->oracle, token, (uint32_t)call->nr);
	for (uint64_t i = 0; i < MIN(product, SAMPLES); i++) {
		uint64_t rest = i;

		for (unsigned arg = 0; arg < CALL_ARGS_MAX; arg++) {
			uint32_t n = (uint32_t)v->n[arg];

			call->args[arg] =
				v->list[arg][product > SAMPLES ? random_below(n) : rest % n];
			rest /= n;
		}
		ask(p, rules, call);
	}
}

static bool is_listed(const struct pair_of *p, uint32_t token)
{
	for (size_t i = 0; i < p->oracle.n_arches; i++)
		if (p->oracle.arches[i] == token)
			return true;
	return false;
}

static void ask_arch(struct pair_of *p, uint32_t token)
{
	static const uint32_t edges[] = { 0x0fffffff,	   X32_BIT - 1,	   X32_BIT,
					  2 * X32_BIT - 1, 2 * X32_BIT,	   3 * X32_BIT - 1,
					  3 * X32_BIT,	   UINT32_MAX - 1, UINT32_MAX };
	const struct table *t = table_of(token);
	struct seccomp_data call = { .arch = token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token };
	struct values v;

	for (uint32_t i = 0; i < KNOWN; i++) {
		call.nr = (int)(t->base + i);
		memset(&v, 0, sizeof(v));
		if (t->names[i] && is_listed(p, token))
			values_collect(&v, p->profile, token, t->names[i]);
		if (v.any) {
			ask_values(p, token, &call, &v);
			continue;
		}
		memset(call.args, 0, sizeof(call.args));
		ask(p, NULL, &call);
		memset(call.args, 0xa5, sizeof(call.args));
		ask(p, NULL, &call);
	}
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		call.nr = (int)edges[i];
		/* The first call of x32, if there is one. */
		if (edges[i] != X32_BIT || !is_listed(p, SCMP_ARCH_X32))
			ask(p, NULL, &call);
	}
}

static void ask_all(struct pair_of *p)
{
	static const uint32_t unknown[] = { 0, 0xffffffff, SCMP_ARCH_X32, SCMP_ARCH_S390,
					    SCMP_ARCH_ARM };

	for (size_t i = 0; i < p->oracle.n_arches; i++)
		ask_arch(p, p->oracle.arches[i]);
	/* Numbers of x32 where nobody listed it. */
	if (p->oracle.arches[0] == SCMP_ARCH_X86_64)
		ask_arch(p, SCMP_ARCH_X32);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		for (int nr = -1; nr < 3; nr++)
			ask(p, NULL, &(struct seccomp_data){ .arch = unknown[i], .nr = nr });
}

/* Every reason that is given has to be one: explain_call() fails where its own reading of the rules knows none. */
static void ask_reasons(struct pair_of *p)
{
	struct arena a = { 0 };

	for (unsigned i = 0; i < REASONS; i++) {
		const struct oci_syscall *s =
			&p->profile->syscalls[random_below((uint32_t)p->profile->n_syscalls)];
		struct explain_question question = {
			.call = s->names[random_below((uint32_t)s->n_names)], .n_args = 6
		};
		const struct explanation *list;
		struct values v = { 0 };
		struct error err;
		size_t n;

		values_of(&v, s);
		for (unsigned k = 0; k < CALL_ARGS_MAX; k++)
			question.args[k] = v.n[k] ? v.list[k][random_below((uint32_t)v.n[k])] : 0;
		if (strcmp(question.call, "no_such_call") != 0 &&
		    explain_call(p->oracle.arches[0], p->profile, NULL, 0, &question, &a, &list, &n,
				 &err) &&
		    strstr(err.text, "unknown system call") == NULL) {
			if (p->differences++ == 0)
				profile_print(p->profile);
			printf("# %s: %s\n", question.call, err.text);
		}
		totals->reasons++;
	}
	arena_release(&a);
}

bool verdicts_compare(uint32_t native, const struct oci_seccomp *profile, const char *what)
{
	struct arena a = { 0 };
	struct plan_warnings warnings = { .arena = &a };
	struct pair_of p = { .profile = profile };
	struct error err = { 0 };
	int entry, theirs, ours;
	bool ok;

	totals->profiles++;
	totals->oracle_at_work = true;
	theirs = oracle_make(&p.oracle, native, profile, false, &entry);
	totals->oracle_at_work = false;
	ours = plan_seccomp_for(native, profile, NULL, 0, &a, &warnings, &p.plan, &err);
	if (theirs == -EEXIST && ours == 0) {
		oracle_free(&p.oracle);
		totals->oracle_at_work = true;
		theirs = oracle_make(&p.oracle, native, profile, true, &entry);
		totals->oracle_at_work = false;
		totals->lacking++;
	}
	ok = (ours != 0) == (theirs != 0);
	if (!ok) {
		profile_print(profile);
		printf("# ours: %s %s; libseccomp: %s in syscalls/%d\n", ours ? err.where : "built",
		       ours ? err.text : "", theirs ? strerror(-theirs) : "built", entry);
	} else if (ours) {
		totals->refused++;
	} else {
		ask_all(&p);
		if (profile->n_syscalls)
			ask_reasons(&p);
		ok = p.differences == 0;
		if (verbose)
			printf("# %s: %u instructions, libseccomp %zu\n", what, p.plan->n_code,
			       p.oracle.program.n);
	}
	oracle_free(&p.oracle);
	arena_release(&a);
	return ok;
}
