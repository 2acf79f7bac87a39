/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <string.h>

#include "oci_spec.h"

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed;
}

uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % n);
}

static const char *pick(const char *const *list, size_t n)
{
	return list[random_below((uint32_t)n)];
}
#define PICK(list) pick(list, ARRAY_SIZE(list))

static uint64_t random_value(const uint64_t *constants)
{
	switch (random_below(8)) {
	case 0:
		return constants[random_below(4)] + 1;
	case 1:
		return constants[random_below(4)] ^ UINT64_C(0x100000000);
	default:
		return constants[random_below(4)];
	}
}

static void random_args(struct oci_syscall *s, const uint64_t *constants, unsigned n_max,
			struct arena *a)
{
	static const char *const ops[] = { "SCMP_CMP_NE",	"SCMP_CMP_LT", "SCMP_CMP_LE",
					   "SCMP_CMP_EQ",	"SCMP_CMP_GE", "SCMP_CMP_GT",
					   "SCMP_CMP_MASKED_EQ" };
	static const uint64_t masks[] = { 0xf, 0xff, 0xf00000000, UINT64_MAX, 0, 0x7e020000 };
	size_t n = random_below(n_max + 1);
	struct oci_syscall_arg *args = arena_new_n(a, struct oci_syscall_arg, n);
	bool equal_only = random_below(3) == 0;

	for (size_t i = 0; i < n; i++) {
		unsigned index = random_below(8) ? random_below(3) : random_below(6);

		args[i] = (struct oci_syscall_arg){ .has_index = true,
						    .index = index,
						    .has_value = true,
						    .value = random_value(constants),
						    .op = equal_only ? ops[3 * random_below(2)]
								     : PICK(ops) };
		if (strcmp(args[i].op, "SCMP_CMP_MASKED_EQ") == 0) {
			args[i].has_value_two = true;
			args[i].value_two = args[i].value;
			args[i].value = masks[random_below(ARRAY_SIZE(masks))];
		}
	}
	s->args = args;
	s->n_args = n;
}

static void random_action(const char **ret, bool *ret_has, uint32_t *ret_errno, bool few)
{
	static const char *const actions[] = { "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW",
					       "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
					       "SCMP_ACT_LOG",	 "SCMP_ACT_KILL",
					       "SCMP_ACT_TRAP",	 "SCMP_ACT_KILL_PROCESS" };

	*ret = actions[random_below(few ? 2 : ARRAY_SIZE(actions))];
	*ret_has = (strcmp(*ret, "SCMP_ACT_ERRNO") == 0 || strcmp(*ret, "SCMP_ACT_TRACE") == 0) &&
		   random_below(2);
	if (*ret_has)
		*ret_errno = random_below(few ? 2 : 40);
}

const struct oci_seccomp *random_profile(struct arena *a, const char *const *names, size_t n_names,
					 const char *const *archs, size_t n_archs)
{
	struct oci_seccomp *p = arena_new(a, struct oci_seccomp);
	size_t n = 1 + random_below(random_below(4) ? 6 : 14);
	struct oci_syscall *list = arena_new_n(a, struct oci_syscall, n);
	const char **arch_list = arena_new_n(a, const char *, n_archs);
	const char *pool[6];
	uint64_t constants[4];
	unsigned n_args = random_below(3) ? 2 : 3;
	bool few = random_below(2);

	for (size_t i = 0; i < ARRAY_SIZE(pool); i++)
		pool[i] = pick(names, n_names);
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		constants[i] = (uint64_t)(random_below(3) ? 0 : random_below(3)) << 32 |
			       (random_below(6) ? random_below(9) : (uint32_t)-1 - random_below(2));
	random_action(&p->default_action, &p->has_default_errno_ret, &p->default_errno_ret, false);
	for (size_t i = 0; i < n; i++) {
		const char **named = arena_new_n(a, const char *, 3);

		list[i].n_names = 1 + random_below(2);
		for (size_t k = 0; k < list[i].n_names; k++)
			named[k] = pool[random_below(few ? 2 : ARRAY_SIZE(pool))];
		list[i].names = named;
		random_action(&list[i].action, &list[i].has_errno_ret, &list[i].errno_ret, few);
		if (random_below(5))
			random_args(&list[i], constants, n_args, a);
	}
	p->syscalls = list;
	p->n_syscalls = n;
	for (size_t i = 0; i < n_archs; i++)
		if (random_below(2))
			arch_list[p->n_architectures++] = archs[i];
	p->architectures = arch_list;
	return p;
}
