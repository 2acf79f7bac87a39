/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "plan/bpf.h"
#include "oci_spec.h"

#define X32_BIT 0x40000000u

static uint32_t action_of(const char *name, bool has_errno, uint32_t errnum)
{
	static const struct {
		const char *name;
		uint32_t action;
	} rows[] = {
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
		{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].action;
	errnum = has_errno ? errnum : EPERM;
	return strcmp(name, "SCMP_ACT_TRACE") == 0 ? SCMP_ACT_TRACE(errnum)
						   : SCMP_ACT_ERRNO(errnum);
}

static enum scmp_compare op_of(const char *name)
{
	static const char *const names[] = { "", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };

	for (int i = 1; i < 8; i++)
		if (strcmp(names[i], name + strlen("SCMP_CMP_")) == 0)
			return (enum scmp_compare)i;
	abort();
}

static uint32_t arch_of(const char *name)
{
	char lower[32] = { 0 };

	name += strlen("SCMP_ARCH_");
	for (size_t i = 0; name[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return seccomp_arch_resolve_name(lower);
}

static int add_rule(scmp_filter_ctx ctx, const struct oci_syscall *s, const char *name)
{
	uint32_t action = action_of(s->action, s->has_errno_ret, s->errno_ret);
	struct scmp_arg_cmp args[64];
	int nr = seccomp_syscall_resolve_name(name), result = 0;
	unsigned seen = 0;
	bool twice = false;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < s->n_args; i++) {
		args[i] = (struct scmp_arg_cmp){ s->args[i].index, op_of(s->args[i].op),
						 s->args[i].value, s->args[i].value_two };
		twice |= seen >> s->args[i].index & 1;
		seen |= 1u << s->args[i].index;
	}
	if (!twice)
		return seccomp_rule_add_array(ctx, action, nr, (unsigned)s->n_args, args);
	for (size_t i = 0; i < s->n_args && result == 0; i++)
		result = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
	return result;
}

static void see_names(struct oracle *o, const struct oci_syscall *s)
{
	for (size_t i = 0; i < s->n_names; i++)
		for (size_t k = 0; k < o->n_arches; k++) {
			int nr = seccomp_syscall_resolve_name_arch(o->arches[k], s->names[i]);

			if (nr < 0)
				continue;
			if (!o->newest[k].knows || (uint32_t)nr > o->newest[k].newest)
				o->newest[k].newest = (uint32_t)nr;
			o->newest[k].knows = true;
		}
}

/* In programs for the other byte order libseccomp forgets some "return" instructions that it doubles for far jumps. */
static uint32_t swap_action(uint32_t k)
{
	switch (k & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_USER_NOTIF:
		return k;
	default:
		return __builtin_bswap32(k);
	}
}

static int export(struct oracle_program *program, scmp_filter_ctx ctx, bool foreign)
{
	int fd = memfd_create("oracle", MFD_CLOEXEC), result = seccomp_export_bpf(ctx, fd);
	off_t size = lseek(fd, 0, SEEK_END);

	program->n = (size_t)size / sizeof(struct sock_filter);
	program->code = malloc((size_t)size + 1);
	if (result == 0 && pread(fd, program->code, (size_t)size, 0) != size)
		result = -EIO;
	close(fd);
	/* Programs for the other byte order are written in it. */
	for (size_t i = 0; foreign && i < program->n; i++) {
		program->code[i].code = __builtin_bswap16(program->code[i].code);
		program->code[i].k = program->code[i].code == (BPF_RET | BPF_K)
					     ? swap_action(program->code[i].k)
					     : __builtin_bswap32(program->code[i].k);
	}
	return result;
}

static uint32_t kernel_arch(uint32_t token)
{
	return token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token;
}

/* Rules for calls that no architecture has decide nothing, but libseccomp may refuse them. */
static bool has_call(const uint32_t *arches, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (seccomp_syscall_resolve_name_rewrite(arches[i], name) >= 0)
			return true;
	return false;
}

/* The filter for these architectures; NULL: *ret is how libseccomp refuses rule *ret_entry. */
static scmp_filter_ctx filter_make(const struct oracle *o, const uint32_t *arches, size_t n_arches,
				   int *ret, int *ret_entry)
{
	const struct oci_seccomp *p = o->profile;
	scmp_filter_ctx ctx = seccomp_init(o->fallback);
	int result = 0;

	(void)seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	for (size_t i = 0; i < n_arches && result == 0; i++)
		result = seccomp_arch_add(ctx, arches[i]);
	for (size_t i = 0; i < p->n_syscalls && result == 0; i++) {
		const struct oci_syscall *s = &p->syscalls[i];

		*ret_entry = (int)i;
		if (action_of(s->action, s->has_errno_ret, s->errno_ret) == o->fallback)
			continue;
		for (size_t k = 0; k < s->n_names && result == 0; k++)
			if (has_call(arches, n_arches, s->names[k]))
				result = add_rule(ctx, s, s->names[k]);
	}
	*ret = result;
	if (result == 0)
		return ctx;
	seccomp_release(ctx);
	return NULL;
}

static int program_make(struct oracle *o, bool apart, int *ret_entry)
{
	size_t at_once = apart ? 1 : o->n_arches;
	int result = 0;
	scmp_filter_ctx ctx = filter_make(o, o->arches, at_once, &result, ret_entry);

	for (size_t i = at_once; i < o->n_arches && result == 0; i++) {
		scmp_filter_ctx more = filter_make(o, &o->arches[i], 1, &result, ret_entry);

		if (more)
			result = seccomp_merge(ctx, more);
	}
	if (result == 0)
		result = export(&o->program, ctx,
				(o->arches[0] ^ seccomp_arch_native()) & __AUDIT_ARCH_LE);
	if (ctx)
		seccomp_release(ctx);
	return result;
}

/* Where the program goes on when it has found this architecture; 0: it does not know it. */
static size_t find_entry(const struct oracle_program *program, uint32_t arch)
{
	size_t at = 0;

	while (at < program->n) {
		const struct sock_filter *i = &program->code[at];

		if (i->code == (BPF_JMP | BPF_JA))
			at += 1 + i->k;
		else if (i->code == (BPF_JMP | BPF_JEQ | BPF_K) && i->k == arch)
			return at + 1 + i->jt;
		else if (i->code == (BPF_JMP | BPF_JEQ | BPF_K))
			at += 1 + i->jf;
		else if (i->code == (BPF_LD | BPF_W | BPF_ABS) &&
			 i->k == offsetof(struct seccomp_data, arch))
			at++;
		else
			return 0;
	}
	return 0;
}

/* The part of the program for an architecture, which begins with the number of the call. */
static void part_make(struct oracle *o, uint32_t arch)
{
	size_t entry = find_entry(&o->program, arch);
	struct oracle_part *part = &o->parts[o->n_parts];

	if (!entry)
		return;
	o->n_parts++;
	part->arch = arch;
	part->program.n = o->program.n - entry + 1;
	part->program.code = calloc(part->program.n, sizeof(struct sock_filter));
	part->program.code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							     offsetof(struct seccomp_data, nr));
	memcpy(&part->program.code[1], &o->program.code[entry],
	       (part->program.n - 1) * sizeof(struct sock_filter));
}

static void add_arch(struct oracle *o, uint32_t arch)
{
	for (size_t i = 0; i < o->n_arches; i++)
		if (o->arches[i] == arch)
			return;
	o->arches[o->n_arches++] = arch;
}

int oracle_make(struct oracle *o, uint32_t native, const struct oci_seccomp *p, bool apart,
		int *ret_entry)
{
	int result = 0;

	*ret_entry = -1;
	*o = (struct oracle){ .profile = p };
	o->fallback = action_of(p->default_action, p->has_default_errno_ret, p->default_errno_ret);
	o->enosys = o->fallback != SCMP_ACT_ALLOW && o->fallback != SCMP_ACT_LOG &&
		    (o->fallback & 0xffff0000) != SCMP_ACT_TRACE(0);
	add_arch(o, native);
	for (size_t i = 0; i < p->n_architectures; i++)
		add_arch(o, arch_of(p->architectures[i]));
	for (size_t i = 0; i < p->n_syscalls; i++)
		see_names(o, &p->syscalls[i]);
	result = program_make(o, apart, ret_entry);
	for (size_t i = 0; i < o->n_arches && result == 0; i++) {
		bool done = false;

		for (size_t k = 0; k < o->n_parts; k++)
			done |= o->parts[k].arch == kernel_arch(o->arches[i]);
		if (!done)
			part_make(o, kernel_arch(o->arches[i]));
	}
	return result;
}

void oracle_free(struct oracle *o)
{
	for (size_t i = 0; i < o->n_parts; i++)
		free(o->parts[i].program.code);
	free(o->program.code);
	o->program.code = NULL;
	o->n_parts = 0;
}

/* Whether some rule names the call that has this number, or one that comes through it. */
static bool is_named(const struct oracle *o, uint32_t arch, uint32_t nr)
{
	char *name = seccomp_syscall_resolve_num_arch(arch, (int)nr);
	bool found = false;

	for (size_t i = 0; name && i < o->profile->n_syscalls && !found; i++)
		for (size_t k = 0; k < o->profile->syscalls[i].n_names && !found; k++) {
			const char *named = o->profile->syscalls[i].names[k];

			found = strcmp(named, name) == 0 ||
				seccomp_syscall_resolve_name_rewrite(arch, named) == (int)nr;
		}
	free(name);
	return found;
}

bool oracle_is_newer(const struct oracle *o, const struct seccomp_data *call)
{
	uint32_t nr = (uint32_t)call->nr, arch = call->arch;

	if (arch == SCMP_ARCH_X32)
		return false;
	if (arch == SCMP_ARCH_X86_64 && nr & X32_BIT)
		arch = SCMP_ARCH_X32;
	for (size_t i = 0; i < o->n_arches; i++)
		if (o->arches[i] == arch)
			return o->newest[i].knows && nr > o->newest[i].newest &&
			       !is_named(o, arch, nr);
	return false;
}

uint32_t oracle_ask(const struct oracle *o, const struct seccomp_data *call)
{
	const struct oracle_program *p = &o->program;
	uint32_t verdict;

	if (o->enosys && oracle_is_newer(o, call))
		return SCMP_ACT_ERRNO(ENOSYS);
	for (size_t i = 0; i < o->n_parts; i++)
		if (o->parts[i].arch == call->arch)
			p = &o->parts[i].program;
	if (!bpf_run(p->code, p->n, call, &verdict, NULL)) {
		fprintf(stderr,
			"libseccomp's program (%zu instructions) gives call %d of %#x no verdict\n",
			p->n, call->nr, call->arch);
		abort();
	}
	return verdict;
}

/* ---- the meaning of rules ------------------------------------------------------------------------------------------ */

static bool is_void(const struct meaning *m, const struct oci_syscall_arg *arg)
{
	return op_of(arg->op) == SCMP_CMP_MASKED_EQ &&
	       (m->wide ? arg->value : (uint32_t)arg->value) == 0;
}

static void meaning_add(struct meaning *m, const struct oci_syscall *s, const char *name,
			uint32_t subcall)
{
	struct meaning_rule rule = { .entry = s,
				     .name = name,
				     .action = action_of(s->action, s->has_errno_ret, s->errno_ret),
				     .args = s->args,
				     .n = s->n_args,
				     .subcall = subcall };
	unsigned seen = 0;
	bool twice = false;

	for (size_t i = 0; i < s->n_args; i++) {
		twice |= seen >> s->args[i].index & 1;
		seen |= 1u << s->args[i].index;
	}
	for (size_t i = 0; i < (twice ? s->n_args : 1) && m->n < MEANING_MAX; i++) {
		if (twice) {
			rule.args = &s->args[i];
			rule.n = 1;
		}
		m->rules[m->n++] = rule;
	}
}

static bool has_conditions(const struct meaning *m, const struct meaning_rule *rule)
{
	bool has = rule->subcall != 0;

	for (size_t i = 0; i < rule->n; i++)
		has |= !is_void(m, &rule->args[i]);
	return has;
}

void meaning_make(struct meaning *m, const struct oracle *o, uint32_t token, uint32_t nr)
{
	const struct oci_seccomp *p = o->profile;
	char *own = seccomp_syscall_resolve_num_arch(token, (int)nr);

	*m = (struct meaning){ .oracle = o, .token = token };
	m->wide = token & __AUDIT_ARCH_64BIT && token != SCMP_ARCH_MIPS64N32 &&
		  token != SCMP_ARCH_MIPSEL64N32;
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct oci_syscall *s = &p->syscalls[i];

		if (action_of(s->action, s->has_errno_ret, s->errno_ret) == o->fallback)
			continue;
		for (size_t k = 0; k < s->n_names; k++) {
			int named = seccomp_syscall_resolve_name_arch(token, s->names[k]);
			int through = seccomp_syscall_resolve_name_rewrite(token, s->names[k]);

			if (named != (int)nr && through == (int)nr)
				meaning_add(m, s, s->names[k], (uint32_t)-named % 100);
			else if (own && strcmp(own, s->names[k]) == 0)
				meaning_add(m, s, s->names[k], 0);
		}
	}
	free(own);
	for (size_t i = 0; i < m->n; i++)
		if (!has_conditions(m, &m->rules[i])) {
			m->rules[0] = m->rules[i];
			m->n = 1;
		}
}

static bool holds(const struct meaning *m, const struct meaning_rule *rule,
		  const struct seccomp_data *call)
{
	const uint64_t all = m->wide ? UINT64_MAX : UINT32_MAX;

	if (rule->subcall && (call->args[0] & all) != rule->subcall)
		return false;
	for (size_t i = 0; i < rule->n; i++) {
		const struct oci_syscall_arg *arg = &rule->args[i];
		uint64_t got = call->args[arg->index] & all, value = arg->value & all;
		bool ok = false;

		if (rule->subcall && arg->index == 0)
			continue;
		switch (op_of(arg->op)) {
		case SCMP_CMP_NE:
			ok = got != value;
			break;
		case SCMP_CMP_LT:
			ok = got < value;
			break;
		case SCMP_CMP_LE:
			ok = got <= value;
			break;
		case SCMP_CMP_EQ:
			ok = got == value;
			break;
		case SCMP_CMP_GE:
			ok = got >= value;
			break;
		case SCMP_CMP_GT:
			ok = got > value;
			break;
		case SCMP_CMP_MASKED_EQ:
			ok = (got & value) == (arg->value_two & value);
			break;
		case _SCMP_CMP_MIN:
		case _SCMP_CMP_MAX:
			break;
		}
		if (!ok)
			return false;
	}
	return true;
}

bool meaning_allows(const struct meaning *m, const struct seccomp_data *call, uint32_t verdict)
{
	bool any = false;

	for (size_t i = 0; i < m->n; i++)
		if (holds(m, &m->rules[i], call)) {
			if (m->rules[i].action == verdict)
				return true;
			any = true;
		}
	return !any && verdict == m->oracle->fallback;
}
