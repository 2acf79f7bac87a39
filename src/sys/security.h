/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process may do: capability sets, no_new_privs, the session keyring, the seccomp filter. capabilities(7),
 * prctl(2), keyctl(2), seccomp(2). Each call checks that what was asked for has been done.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What the caller has left to us, as bit masks, proc_pid_status(5). */
struct inheritance {
	uint64_t bounding, permitted;
	unsigned last_capability; /* the highest this kernel knows */
	uint64_t ignored_signals; /* bit n - 1 for signal n */
};

int inheritance_read(struct inheritance *ret, struct error *err);

/* Drops every capability outside `keep` from the bounding set (those that are in it now). */
int caps_limit_bounding(uint64_t keep, unsigned last, struct error *err);

/* Keeps the permitted set over a change of user id (PR_SET_KEEPCAPS). */
int caps_keep(bool keep, struct error *err);

/* Raises the effective set to all that is permitted. */
int caps_raise(struct error *err);

/* Sets the three sets of capset(2): capget and capset are all the calls that it makes. */
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct error *err);

/* The same, then the ambient set to exactly `ambient`. */
int caps_apply(uint64_t effective, uint64_t permitted, uint64_t inheritable, uint64_t ambient,
	       struct error *err);

int no_new_privileges_set(struct error *err);

/*
 * Whether a hidden process (PR_SET_DUMPABLE 0) is seen again when it becomes another user, proc_sys_fs(5), suid_dumpable.
 */
bool changed_user_is_dumpable(void);

/*
 * Joins the session keyring of that name, which is made if there is none; whoever does not know the name does not get into it.
 */
int keyring_join(const char *name, struct error *err);

/*
 * Loads the program with SECCOMP_FILTER_FLAG_* flags. Returns the listener's descriptor where the flags ask for one
 * (SECCOMP_FILTER_FLAG_NEW_LISTENER), else 0; -1 on failure.
 */
int filter_load(const struct sock_filter *code, uint16_t n, unsigned flags, struct error *err);

/* Whether the kernel knows the flag; nothing is loaded. */
bool filter_flag_is_known(unsigned flag);
