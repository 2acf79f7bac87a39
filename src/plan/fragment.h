/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of one system call that contradict each other, as libseccomp understands them.
 *
 * Profiles are written against what libseccomp makes of such rules, and no document says what that is. So it is asked: it
 * gets the rules of this one call for this one architecture, and the part of its program that decides the call becomes a
 * call tree (calltree.h), which has the same verdict for all arguments.
 */
#pragma once

#include "base/error.h"
#include "plan/abi.h"
#include "plan/calltree.h"

struct fragment_rule {
	const char *name;
	uint32_t action;
	const struct call_condition *conditions;
	size_t n;
};

/*
 * The tree for call number `nr`, whose other rules do not matter. A profile whose rules libseccomp refuses is refused, with
 * the number of the rule in *ret_rule. `native` is the architecture that the filter is for.
 */
int fragment_make(const struct abi *abi, uint32_t native, uint32_t nr, uint32_t fallback,
		  const struct fragment_rule *rules, size_t n, struct arena *a,
		  struct call_tree *ret, size_t *ret_rule, struct error *err);
