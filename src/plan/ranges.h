/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rules by number to a program: per architecture the rules are sorted by number, the rules of one number become a
 * verdict, neighbours with the same verdict a range, and the ranges a program (filter.h).
 *
 * Of several rules of a number the first one without conditions decides. Without one they make a call tree; where they
 * contradict each other libseccomp decides (fragment.h). Numbers that no rule speaks of get the default action, or
 * ENOSYS where they are newer than all that the profile names.
 */
#pragma once

#include "plan/abi.h"
#include "plan/filter.h"
#include "plan/fragment.h"
#include "plan/types.h"

/* One entry of syscalls, or one condition of it; action is not the default one. */
struct rule {
	uint32_t action;
	const struct call_condition *conditions;
	size_t n;
	unsigned entry; /* syscalls[entry] */
	/* Calls that no other rule speaks of share these, for arguments of 32 and of 64 bits. */
	struct call_tree *trees[2];
	struct rule *next; /* further conditions of the entry */
};

/*
 * A call that a rule speaks of. Without a rule it is one whose rule has the default action, which only keeps it from being
 * newer than the profile.
 */
struct named {
	uint32_t nr;
	unsigned subcall; /* of socketcall or ipc, 0: none */
	struct rule *rule;
};

/* A name of the profile and its rules, in the profile's order: as libseccomp would get them. */
struct call_name {
	const char *name;
	const struct rule *rules;
};

/* All that the profile says of one architecture. */
struct call_table {
	struct abi abi;
	struct named *named;
	size_t n, room;
	bool knows; /* some name has a number */
	uint32_t newest;
};

struct ranges {
	struct arena *arena;
	struct plan_warnings *warnings;
	uint32_t fallback;	   /* the default action */
	bool enosys;		   /* what is newer than the profile fails with ENOSYS */
	struct call_table *tables; /* the native one first */
	size_t n_tables;
	struct call_name *names;
	size_t n_names, names_room;

	/* libseccomp's program for the whole profile, made when it is first needed. */
	struct fragment_program library;

	/* The ranges of one architecture, while it is worked on. */
	struct filter_range *list;
	size_t n, room;
};

/* The place of an entry of syscalls. */
const char *ranges_entry(const struct ranges *r, unsigned entry);

int ranges_build(struct ranges *r, const struct sock_filter **ret_code, uint16_t *ret_n,
		 struct error *err);
