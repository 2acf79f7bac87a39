/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ranges of system call numbers to the program that the kernel runs for every call.
 *
 * The program loads the architecture of the call and looks for it among those it knows; an unknown one gets its own
 * verdict. Per architecture it loads the number and halves the ranges until one is left, so that no call costs more
 * than log2(ranges) jumps. A range decides at once or begins with the comparisons of a call tree, which stand inline
 * and end in a decision each; falling out of a tree is the default action.
 *
 * Instructions are emitted from the last to the first. BPF jumps forward only, so every target exists before the jump
 * to it and distances are known: a conditional jump reaches 255 instructions, what is farther is reached over a second
 * decision or an unconditional jump emitted in between. At the end what nothing reaches is taken out.
 *
 * Pure; seccomp(2), Documentation/networking/filter.rst of the kernel.
 */
#pragma once

#include <linux/filter.h>

#include "base/error.h"
#include "plan/calltree.h"

/* What becomes of a call: `tree` decides, NULL: `action` (SECCOMP_RET_* with its value). */
struct verdict {
	uint32_t action;
	struct call_tree *tree;
};

/* The numbers from `first` up to the next range's `first` - 1. The first range begins at 0, the last one has no end. */
struct filter_range {
	uint32_t first;
	struct verdict verdict;
};

/* What the kernel calls an architecture (AUDIT_ARCH_*). */
struct filter_arch {
	uint32_t arch;
	const struct filter_range *ranges;
	size_t n_ranges;
};

/*
 * The program for these architectures, most likely one first. `bad_arch` is the action for all others, `fallback` the
 * one of calls that a tree does not decide. All have one byte order; a tree may serve several of them, but only one
 * program. A program above the kernel's BPF_MAXINSNS instructions is refused.
 */
int filter_build(const struct filter_arch *archs, size_t n, uint32_t bad_arch, uint32_t fallback,
		 struct arena *a, const struct sock_filter **ret_code, uint16_t *ret_n,
		 struct error *err);
