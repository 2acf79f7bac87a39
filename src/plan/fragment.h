/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that contradict each other, as libseccomp understands them.
 *
 * Profiles are written against what libseccomp makes of such rules, and no document says what that is. So it is asked: it
 * gets the whole profile, since what it makes of one call may hang on others, and the part of its program that decides one
 * call becomes a call tree (calltree.h), which has the same verdict for all arguments.
 */
#pragma once

#include <linux/filter.h>

#include "base/error.h"
#include "plan/abi.h"
#include "plan/calltree.h"

struct fragment_rule {
	const char *name;
	uint32_t action;
	const struct call_condition *conditions;
	size_t n;
};

struct fragment_program {
	const struct sock_filter *code;
	size_t n;
	bool big_endian;
};

/*
 * The program for these architectures, the one that the filter is for first. Rules that libseccomp refuses are refused,
 * with the number of the rule in *ret_rule.
 */
int fragment_export(const uint32_t *archs, size_t n_archs, uint32_t fallback,
		    const struct fragment_rule *rules, size_t n, struct arena *a,
		    struct fragment_program *ret, size_t *ret_rule, struct error *err);

/* What the program does with call number `nr`. */
int fragment_tree(const struct fragment_program *program, const struct abi *abi, uint32_t nr,
		  struct arena *a, struct call_tree *ret, struct error *err);
