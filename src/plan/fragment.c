/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/fragment.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "spec/names.h"

#define PROGRAM_MAX (1 << 20) /* bytes; more than the kernel takes, but only parts of it are used */

/* ---- libseccomp's program -------------------------------------------------------------------------------------------- */

static int add_rule(scmp_filter_ctx ctx, const struct fragment_rule *rule, struct arena *a)
{
	static const enum scmp_compare operators[] = {
		[COMPARE_NE] = SCMP_CMP_NE,
		[COMPARE_LT] = SCMP_CMP_LT,
		[COMPARE_LE] = SCMP_CMP_LE,
		[COMPARE_EQ] = SCMP_CMP_EQ,
		[COMPARE_GE] = SCMP_CMP_GE,
		[COMPARE_GT] = SCMP_CMP_GT,
		[COMPARE_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};
	struct scmp_arg_cmp *args = arena_new_n(a, struct scmp_arg_cmp, rule->n);

	for (size_t i = 0; i < rule->n; i++) {
		const struct call_condition *c = &rule->conditions[i];
		bool masked = c->op == COMPARE_MASKED_EQ;

		args[i] =
			(struct scmp_arg_cmp){ c->arg, operators[c->op],
					       masked ? c->mask : c->value, masked ? c->value : 0 };
	}
	/* A call has the number of this machine, wherever it is filtered. */
	return seccomp_rule_add_array(ctx, rule->action, seccomp_syscall_resolve_name(rule->name),
				      (unsigned)rule->n, args);
}

static int add_archs(scmp_filter_ctx ctx, const uint32_t *archs, size_t n, struct error *err)
{
	/* First: others may have another byte order. */
	(void)seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	for (size_t i = 0; i < n; i++) {
		int result = seccomp_arch_add(ctx, archs[i]);

		if (result < 0)
			return error_errno(err, -result,
					   "libseccomp does not take the architecture %#x",
					   archs[i]);
	}
	return 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct fragment_rule *rules, size_t n,
		     struct arena *a, size_t *ret_rule, struct error *err)
{
	for (*ret_rule = 0; *ret_rule < n; ++*ret_rule) {
		const struct fragment_rule *rule = &rules[*ret_rule];
		int result = add_rule(ctx, rule, a);

		if (result == -EEXIST)
			return error_set(err, ERR_CONFIG, "contradicts an earlier rule for \"%s\"",
					 rule->name);
		if (result < 0)
			return error_errno(err, -result,
					   "libseccomp does not take a rule for \"%s\"",
					   rule->name);
	}
	*ret_rule = 0;
	return 0;
}

/* Whether a rule can have this verdict: only some actions come with data. */
static bool is_verdict(uint32_t k)
{
	uint32_t action = k & SECCOMP_RET_ACTION_FULL;

	if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE)
		return true;
	return k == action && word_name(seccomp_action_words.table, seccomp_action_words.n, action);
}

/*
 * A program for the other byte order, as a comparison of both makes them, is written in it. libseccomp forgets some
 * "return" instructions then.
 */
static void swap_program(struct sock_filter *code, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t swapped = __builtin_bswap32(code[i].k);

		code[i].code = __builtin_bswap16(code[i].code);
		if (code[i].code != (BPF_RET | BPF_K) || is_verdict(swapped))
			code[i].k = swapped;
	}
}

static struct sock_filter *export_program(scmp_filter_ctx ctx, struct arena *a, size_t *ret_n,
					  struct error *err)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int result = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);
	size_t size = 0;
	char *code = NULL;

	if (result == 0 && lseek(fd, 0, SEEK_SET) == 0)
		code = fd_read_all(a, fd, PROGRAM_MAX, &size);
	if (!code) {
		error_errno(err, result ? -result : errno, "export of a program by libseccomp");
		return NULL;
	}
	*ret_n = size / sizeof(struct sock_filter);
	return (struct sock_filter *)(void *)code;
}

/* ---- from its program to a tree ---------------------------------------------------------------------------------------- */

/* What the accumulator holds: a constant, or a half of an argument of which only the bits of `mask` are left. */
struct holds {
	bool constant;
	uint32_t value; /* a constant's */
	uint8_t arg;
	bool high;
	uint32_t mask;
};

struct reading {
	const struct sock_filter *code;
	size_t n;
	uint32_t arch, nr;
	bool big_endian;
	struct arena *arena;
	/* The last node that was made of each instruction, and what the accumulator held. */
	struct made {
		struct call_node *node;
		struct holds holds;
	} * made;
};

static bool read_load(const struct reading *r, uint32_t offset, struct holds *ret)
{
	const uint32_t args = offsetof(struct seccomp_data, args);

	*ret = (struct holds){ .constant = true, .mask = UINT32_MAX };
	if (offset == offsetof(struct seccomp_data, nr)) {
		ret->value = r->nr;
	} else if (offset == offsetof(struct seccomp_data, arch)) {
		ret->value = r->arch;
	} else if (offset >= args && offset < sizeof(struct seccomp_data) && offset % 4 == 0) {
		ret->constant = false;
		ret->arg = (uint8_t)((offset - args) / 8);
		ret->high = ((offset - args) % 8 != 0) != r->big_endian;
	} else {
		return false;
	}
	return true;
}

static bool constant_jumps(const struct sock_filter *i, uint32_t value)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return value == i->k;
	case BPF_JGE:
		return value >= i->k;
	default:
		return value > i->k;
	}
}

static bool read_from(struct reading *r, size_t at, struct holds holds, struct call_way *ret);

static bool read_comparison(struct reading *r, size_t at, const struct holds *holds,
			    struct call_way *ret)
{
	const struct sock_filter *i = &r->code[at];
	struct made *made = &r->made[at];
	struct call_node *node;

	if (made->node && made->holds.arg == holds->arg && made->holds.high == holds->high &&
	    made->holds.mask == holds->mask) {
		*ret = (struct call_way){ .next = made->node };
		return true;
	}
	node = arena_new(r->arena, struct call_node);
	node->arg = holds->arg;
	node->high = holds->high;
	node->value = i->k;
	node->mask = holds->mask;
	node->op = BPF_OP(i->code) == BPF_JEQ	? CALL_EQ
		   : BPF_OP(i->code) == BPF_JGE ? CALL_GE
						: CALL_GT;
	if (!read_from(r, at + 1 + i->jt, *holds, &node->yes) ||
	    !read_from(r, at + 1 + i->jf, *holds, &node->no))
		return false;
	*made = (struct made){ node, *holds };
	*ret = (struct call_way){ .next = node };
	return true;
}

/* What becomes of the call from this instruction on; jumps lead forward, so this ends. */
static bool read_from(struct reading *r, size_t at, struct holds holds, struct call_way *ret)
{
	while (at < r->n) {
		const struct sock_filter *i = &r->code[at];
		bool taken;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (!read_load(r, i->k, &holds))
				return false;
			at++;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			holds.value &= i->k;
			holds.mask &= i->k;
			at++;
			break;
		case BPF_JMP | BPF_JA:
			at += (size_t)i->k + 1;
			break;
		case BPF_RET | BPF_K:
			*ret = (struct call_way){ .decides = true, .action = i->k };
			return true;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
			if (!holds.constant)
				return read_comparison(r, at, &holds, ret);
			taken = constant_jumps(i, holds.value);
			at += 1 + (taken ? i->jt : i->jf);
			/* libseccomp 2.5 may forget to load the number when it has found the architecture. */
			if (taken && i->k == r->arch && BPF_OP(i->code) == BPF_JEQ)
				holds.value = r->nr;
			break;
		default:
			return false;
		}
	}
	return false;
}

int fragment_export(const uint32_t *archs, size_t n_archs, uint32_t fallback,
		    const struct fragment_rule *rules, size_t n, struct arena *a,
		    struct fragment_program *ret, size_t *ret_rule, struct error *err)
{
	scmp_filter_ctx ctx = seccomp_init(fallback);
	struct sock_filter *code = NULL;
	size_t size = 0;

	*ret_rule = 0;
	if (!ctx)
		return error_set(err, ERR_SYSTEM, "libseccomp does not begin a filter");
	if (add_archs(ctx, archs, n_archs, err) == 0 &&
	    add_rules(ctx, rules, n, a, ret_rule, err) == 0)
		code = export_program(ctx, a, &size, err);
	seccomp_release(ctx);
	if (!code)
		return -1;
	if ((archs[0] ^ seccomp_arch_native()) & __AUDIT_ARCH_LE)
		swap_program(code, size);
	*ret = (struct fragment_program){ code, size, !(archs[0] & __AUDIT_ARCH_LE) };
	return 0;
}

int fragment_tree(const struct fragment_program *program, const struct abi *abi, uint32_t nr,
		  struct arena *a, struct call_tree *ret, struct error *err)
{
	struct reading r = { .code = program->code,
			     .n = program->n,
			     .arch = abi_kernel_arch(abi),
			     .nr = nr,
			     .big_endian = program->big_endian,
			     .arena = a,
			     .made = arena_new_n(a, struct made, program->n) };
	struct call_way way;

	if (!read_from(&r, 0, (struct holds){ .constant = true }, &way))
		return error_set(err, ERR_SYSTEM,
				 "libseccomp made a program that is not understood");
	*ret = (struct call_tree){ .always = way.decides, .action = way.action, .top = way.next };
	return 0;
}
