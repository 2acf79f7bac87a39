/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/abi.h"

#include <ctype.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "spec/names.h"

/* The library's numbers for calls that some architectures reach through socketcall(2) or ipc(2). */
#define IS_MULTIPLEXED(nr) ((nr) <= -101 && (nr) > -300)
#define SUBCALL(nr) ((unsigned)-(nr) % 100)

bool abi_init(struct abi *abi, uint32_t token, const char *name)
{
	char lower[32] = { 0 };

	memset(abi, 0, sizeof(*abi));
	abi->token = token;
	abi->wide = token & __AUDIT_ARCH_64BIT && token != AUDIT_ARCH_MIPS64N32 &&
		    token != AUDIT_ARCH_MIPSEL64N32;
	if (!name)
		return true;
	name += strlen("SCMP_ARCH_");
	for (size_t i = 0; name[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return seccomp_arch_resolve_name(lower) == token;
}

uint32_t abi_kernel_arch(const struct abi *abi)
{
	return abi->token == ARCH_X32 ? AUDIT_ARCH_X86_64 : abi->token;
}

/* Where in their tables machines have numbers of their own for calls that are multiplexed as well. */
static const struct {
	uint32_t machine; /* EM_*, 0: others */
	unsigned first, last;
} direct_places[] = {
	{ EM_386, 337, 345 },  { EM_386, 359, 373 },  { EM_386, 393, 402 }, { EM_S390, 357, 373 },
	{ EM_S390, 392, 402 }, { EM_PPC, 326, 349 },  { EM_PPC, 393, 402 }, { EM_MIPS, 168, 191 },
	{ EM_MIPS, 334, 343 }, { EM_MIPS, 393, 402 }, { 0, 160, 190 },	    { 0, 326, 405 },
};

static bool is_place_of(uint32_t machine, size_t place)
{
	bool named = false;

	for (size_t i = 0; i < ARRAY_SIZE(direct_places); i++)
		named |= direct_places[i].machine == machine;
	return direct_places[place].machine == (named ? machine : 0);
}

/*
 * The library tells the number inside socketcall or ipc from the name, but a number of its own, which most of those
 * calls have too, only the other way round, and slowly.
 */
static void find_direct(struct abi *abi)
{
	int base = seccomp_syscall_resolve_name_arch(abi->token, "read") / 1000 * 1000;

	for (size_t i = 0; i < ARRAY_SIZE(direct_places); i++) {
		if (!is_place_of(abi->token & 0xffff, i))
			continue;
		for (unsigned n = direct_places[i].first; n <= direct_places[i].last; n++) {
			char *name = seccomp_syscall_resolve_num_arch(abi->token, base + (int)n);
			int nr = name ? seccomp_syscall_resolve_name_arch(abi->token, name) : 0;

			if (IS_MULTIPLEXED(nr))
				abi->direct[-nr] = (uint16_t)(base + (int)n);
			free(name);
		}
	}
	abi->direct_known = true;
}

void abi_find(struct abi *abi, const char *name, struct abi_call *ret)
{
	int nr = seccomp_syscall_resolve_name_arch(abi->token, name), through;

	*ret = (struct abi_call){ .known = nr != __NR_SCMP_ERROR };
	if (nr >= 0) {
		ret->has_nr = true;
		ret->nr = (uint32_t)nr;
	}
	if (!IS_MULTIPLEXED(nr))
		return;
	through = seccomp_syscall_resolve_name_rewrite(abi->token, name);
	if (through < 0)
		return;
	ret->has_through = true;
	ret->through = (uint32_t)through;
	ret->subcall = SUBCALL(nr);
	if (!abi->direct_known)
		find_direct(abi);
	ret->has_direct = abi->direct[-nr] != 0;
	ret->direct = abi->direct[-nr];
}

const char *abi_name(const struct abi *abi, uint32_t nr, struct arena *a)
{
	char *name = seccomp_syscall_resolve_num_arch(abi->token, (int)nr);
	const char *kept = name ? arena_strdup(a, name) : NULL;

	free(name);
	return kept;
}

uint32_t abi_native(void)
{
	return seccomp_arch_native();
}
