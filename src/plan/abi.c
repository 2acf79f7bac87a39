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

/*
 * The library tells the number inside socketcall or ipc from the name, but a number of its own, which most of those
 * calls have too, only the other way round. They stand in two places of every architecture's table.
 */
static void find_direct(struct abi *abi)
{
	static const struct {
		unsigned first, last;
	} places[] = { { 160, 190 }, { 326, 405 } };
	int base = seccomp_syscall_resolve_name_arch(abi->token, "read") / 1000 * 1000;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (unsigned n = places[i].first; n <= places[i].last; n++) {
			char *name = seccomp_syscall_resolve_num_arch(abi->token, base + (int)n);
			int nr = name ? seccomp_syscall_resolve_name_arch(abi->token, name) : 0;

			if (IS_MULTIPLEXED(nr))
				abi->direct[-nr] = (uint16_t)(base + (int)n);
			free(name);
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
