/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: the BPF program and the list for the v1 controller must answer every request as the rules do. The rules
 * are the oracle: each kind of access is decided by the last rule that names it and the device.
 */
#include "cgroup/devrules.h"

#include "check.h"

#define ALL (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

static struct arena arena;

/* ---- the oracle ------------------------------------------------------------------------------------------------------ */

static bool names_device(const struct device_rule *r, char type, int64_t major, int64_t minor)
{
	return (r->type == 'a' || r->type == type) &&
	       (r->major == DEVICE_ANY || r->major == major) &&
	       (r->minor == DEVICE_ANY || r->minor == minor);
}

static bool expected(const struct cgroup_plan *plan, char type, int64_t major, int64_t minor,
		     unsigned access)
{
	for (unsigned bit = 1; bit <= DEVICE_MKNOD; bit <<= 1) {
		bool allowed = false;

		if (!(access & bit))
			continue;
		for (size_t i = 0; i < plan->n_devices; i++)
			if (names_device(&plan->devices[i], type, major, minor) &&
			    plan->devices[i].access & bit)
				allowed = plan->devices[i].allow;
		if (!allowed)
			return false;
	}
	return true;
}

/* ---- the program, run -------------------------------------------------------------------------------------------------- */

/* The instructions that a program of ours has; -1 for anything else, and for a jump out of it. */
static int run_program(const struct bpf_insn *code, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[11] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &code[pc];
		uint64_t *dst = &reg[i->dst_reg];

		switch (i->code) {
		case BPF_LDX | BPF_W | BPF_MEM:
			*dst = *(const uint32_t *)(const void *)((const char *)ctx + i->off);
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*dst = reg[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*dst = (uint64_t)(int64_t)i->imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*dst &= (uint64_t)(int64_t)i->imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*dst >>= i->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			pc += *dst != (uint64_t)(int64_t)i->imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += *dst == (uint64_t)(int64_t)i->imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)reg[0];
		default:
			return -1;
		}
	}
	return -1;
}

static int ask_program(const struct bpf_insn *code, size_t n, char type, int64_t major,
		       int64_t minor, unsigned access)
{
	struct bpf_cgroup_dev_ctx ctx = { .major = (unsigned)major, .minor = (unsigned)minor };

	ctx.access_type = (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0) |
			  (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
			  (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
	ctx.access_type =
		ctx.access_type << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	return run_program(code, n, &ctx);
}

/* ---- the list, asked as the kernel does -------------------------------------------------------------------------------- */

/* Of denials any that meets the request counts, of permissions one must hold it all. */
static bool ask_list(const struct device_list *list, char type, int64_t major, int64_t minor,
		     unsigned access)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct device_rule *e = &list->except[i];

		if (!names_device(e, type, major, minor))
			continue;
		if (list->allow ? (access & e->access) != 0 : !(access & ~e->access))
			return !list->allow;
	}
	return list->allow;
}

/* ---- comparing --------------------------------------------------------------------------------------------------------- */

static unsigned seed = 1;

static unsigned draw(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static struct device_rule random_rule(void)
{
	static const int64_t numbers[] = { DEVICE_ANY, 1, 8, 10 };

	return (struct device_rule){ .allow = draw(2),
				     .type = draw(2) ? 'b' : 'c',
				     .major = numbers[draw(4)],
				     .minor = numbers[draw(4)],
				     .access = 1 + draw(ALL),
				     .index = draw(100) };
}

static const int64_t tried[] = { 0, 1, 8, 10, 4095 };

/* How many requests the program and, where `list` is there, the list answer otherwise than the rules. */
static unsigned count_differences(const struct cgroup_plan *plan, const struct device_list *list,
				  bool program)
{
	unsigned wrong = 0;
	size_t n;
	const struct bpf_insn *code = devrules_compile(plan, &arena, &n);

	for (size_t k = 0; k < 2 * 25 * ALL; k++) {
		char type = k % 2 ? 'b' : 'c';
		int64_t major = tried[k / 2 % 5], minor = tried[k / 10 % 5];
		unsigned access = 1 + (unsigned)(k / 50);
		bool want = expected(plan, type, major, minor, access);

		if (program)
			wrong += ask_program(code, n, type, major, minor, access) != want;
		/* Partly overlapping permissions do not add up in the kernel: less than asked is fine, more is not. */
		if (list) {
			bool got = ask_list(list, type, major, minor, access);
			bool single = !(access & (access - 1));

			wrong += single ? got != want : got && !want;
		}
	}
	return wrong;
}

static void test_random(void)
{
	unsigned programs = 0, lists = 0, reduced = 0;

	for (int round = 0; round < 2000; round++) {
		struct device_rule rules[7] = { { draw(2), 'a', DEVICE_ANY, DEVICE_ANY, ALL,
						  DEVICE_RULE_OWN } };
		struct cgroup_plan plan = { .devices = rules, .n_devices = 1 + draw(7) };
		struct device_list list;
		struct error err;

		for (size_t i = 1; i < plan.n_devices; i++)
			rules[i] = random_rule();
		programs += count_differences(&plan, NULL, true);
		if (devrules_reduce(&plan, &arena, &list, &err))
			continue;
		reduced++;
		lists += count_differences(&plan, &list, false);
		arena_release(&arena);
	}
	CHECK_INT(programs, 0);
	CHECK_INT(lists, 0);
	/* Enough of them can be said in the old form to have tested it. */
	CHECK(reduced > 500);
}

/* ---- known answers ----------------------------------------------------------------------------------------------------- */

static const char *print_list(const struct device_list *list)
{
	const char *text = list->allow ? "all but" : "none but";
	char line[64];

	for (size_t i = 0; i < list->n; i++)
		text = arena_printf(&arena, "%s; %s", text,
				    devrules_line(&list->except[i], line, sizeof(line)));
	return text;
}

#define RULE(allow, type, major, minor, access)      \
	{                                            \
		allow, type, major, minor, access, 7 \
	}
#define OWN(type, major, minor, access)                           \
	{                                                         \
		true, type, major, minor, access, DEVICE_RULE_OWN \
	}
#define NONE RULE(false, 'a', DEVICE_ANY, DEVICE_ANY, ALL)
#define EVERY RULE(true, 'a', DEVICE_ANY, DEVICE_ANY, ALL)

static void test_reduction(void)
{
	static const struct {
		struct device_rule rules[5];
		size_t n;
		const char *list;
	} cases[] = {
		{ { NONE }, 1, "none but" },
		{ { EVERY }, 1, "all but" },
		{ { NONE, RULE(true, 'c', 1, 3, ALL) }, 2, "none but; c 1:3 rwm" },
		{ { EVERY, RULE(false, 'b', 8, DEVICE_ANY, DEVICE_READ) }, 2, "all but; b 8:* r" },
		/* CDV-02: allowed, then denied again. */
		{ { NONE, RULE(true, 'c', 1, 3, ALL), RULE(false, 'c', 1, 3, ALL) },
		  3,
		  "none but" },
		{ { NONE, RULE(true, 'c', 1, 3, ALL), RULE(false, 'c', 1, 3, DEVICE_WRITE) },
		  3,
		  "none but; c 1:3 rm" },
		{ { NONE, RULE(true, 'c', 1, 3, ALL), RULE(true, 'c', 1, 5, ALL),
		    RULE(false, 'c', 1, DEVICE_ANY, ALL) },
		  4,
		  "none but" },
		{ { NONE, RULE(true, 'c', 1, 3, 1), RULE(true, 'c', 1, 3, 2) },
		  3,
		  "none but; c 1:3 rw" },
		/* The kernel wants all that is asked at once in one line. */
		{ { NONE, RULE(true, 'c', 1, 3, DEVICE_READ),
		    RULE(true, 'c', 1, DEVICE_ANY, DEVICE_WRITE) },
		  3,
		  "none but; c 1:3 rw; c 1:* w" },
		/* What everybody may do is not taken for one device alone. */
		{ { NONE, OWN('c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD),
		    RULE(true, 'c', 10, 229, DEVICE_READ), RULE(false, 'c', 10, 229, ALL) },
		  4,
		  "none but; c *:* m" },
		{ { NONE, OWN('c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD),
		    RULE(false, 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD) },
		  3,
		  "none but" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_plan plan = { .devices = cases[i].rules, .n_devices = cases[i].n };
		struct device_list list;
		struct error err;

		CHECK_INT(devrules_reduce(&plan, &arena, &list, &err), 0);
		CHECK_STR(print_list(&list), cases[i].list);
	}
}

/* What v1 cannot say must not become something else. */
static void test_unsayable(void)
{
	static const struct device_rule rules[][3] = {
		{ NONE, RULE(true, 'c', 1, DEVICE_ANY, ALL), RULE(false, 'c', 1, 3, ALL) },
		{ EVERY, RULE(false, 'b', DEVICE_ANY, DEVICE_ANY, ALL), RULE(true, 'b', 8, 0, 1) },
		{ NONE, RULE(true, 'c', 1, DEVICE_ANY, 1), RULE(false, 'c', DEVICE_ANY, 3, 1) },
		{ NONE, OWN('c', 136, DEVICE_ANY, ALL), RULE(false, 'c', 136, 5, ALL) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct cgroup_plan plan = { .devices = rules[i], .n_devices = 3 };
		struct device_list list;
		struct error err = { 0 };

		CHECK_INT(devrules_reduce(&plan, &arena, &list, &err), -1);
		CHECK_STR(err.where, "/linux/resources/devices/7");
		CHECK_CONTAINS(err.text, "cgroup v1 cannot");
	}
}

int main(void)
{
	test_reduction();
	test_unsayable();
	test_random();
	return check_done();
}
