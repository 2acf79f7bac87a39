/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last mile of every process we make, init and exec alike: from the runtime's privileges to the process's own.
 *
 * The order is the kernel's: the bounding set and the keyring while we are privileged; groups before ids, since an ordinary
 * user may not set them; the working directory by root first, by the user where root may not; then capabilities.
 *
 * The filter comes last, by filter_enter(): it may forbid whatever we would still have to do. Without no_new_privs the
 * kernel wants CAP_SYS_ADMIN for it, which is why credentials_drop() keeps that one: it ends at execve, which computes
 * the sets anew from the inheritable, ambient and bounding ones and looks at no other.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

struct credentials {
	const struct process_plan *process;
	const struct seccomp_plan *seccomp; /* NULL: none */
	const char *keyring;		    /* session keyring to join, NULL: none */
	unsigned last_capability;
	const char *where; /* JSON pointer of the process object */
	const struct proc *
		proc; /* one in which we are ourselves; NULL: that at /proc is, as we are in the pid namespace */
};

/*
 * The session keyring and the labels, then up to the user, the working directory, the umask and no_new_privs; capabilities
 * are still the runtime's.
 */
int credentials_become(const struct credentials *c, struct error *err);

/*
 * Where others may trace us, the filter comes while we still cannot be seen: the capabilities, then the filter, then
 * CAP_SYS_ADMIN, if that was only for the filter. Two calls of it are made under the filter: capget and capset.
 */
int credentials_drop_filtered(const struct credentials *c, struct error *err);

/* The capabilities. Nothing but the filter and execve may come after it. */
int credentials_drop(const struct credentials *c, struct error *err);

/*
 * For a filter that notifies: the descriptor that its listener will have, if nothing is opened in between, so that it
 * can be told before the filter is loaded (run/listener.h). -1 for any other filter.
 */
int filter_announce(const struct seccomp_plan *seccomp, int *ret_listener, struct error *err);

/* Loads the filter (NULL: none). From here on no call may be taken for granted. */
int filter_enter(const struct seccomp_plan *seccomp, struct error *err);
