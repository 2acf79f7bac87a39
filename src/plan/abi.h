/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of an architecture's system calls: what libseccomp knows, in the form that a filter needs.
 *
 * Most calls have one number. On some architectures a few are, or were, made through another call that takes the real
 * one's number as its first argument: socketcall(2), ipc(2). Such a call has that way (`through`, `subcall`), since later
 * kernels mostly a number of its own as well, and a filter has to speak of both. x32 is an architecture here, though
 * the kernel reports its calls as x86_64 ones.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define X32_BIT 0x40000000u /* set in the number of every x32 call */

struct abi {
	uint32_t token; /* AUDIT_ARCH_* or ARCH_X32 */
	bool wide;	/* arguments have 64 bits */

	/* The own numbers of multiplexed calls, by libseccomp's number of the name; looked up at the first one. */
	bool direct_known;
	uint16_t direct[300];
};

struct abi_call {
	bool known; /* libseccomp knows the name, though this architecture may lack the call */
	bool has_nr, has_direct, has_through;
	uint32_t nr;	  /* the one number, of a call that is not multiplexed */
	uint32_t direct;  /* the own number, of one that is */
	uint32_t through; /* the number of socketcall or ipc */
	uint32_t subcall; /* its first argument */
};

/* `token` may be any AUDIT_ARCH_*; false: libseccomp has no table for it. */
bool abi_init(struct abi *abi, uint32_t token, const char *name);

/* What the kernel calls this architecture. */
uint32_t abi_kernel_arch(const struct abi *abi);

void abi_find(struct abi *abi, const char *name, struct abi_call *ret);

/* The name of a number, or NULL. */
const char *abi_name(const struct abi *abi, uint32_t nr, struct arena *a);

/* This machine's architecture. */
uint32_t abi_native(void);
