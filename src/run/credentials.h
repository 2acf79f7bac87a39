/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last mile of every process we make, init and exec alike: from the runtime's privileges to the process's own.
 *
 * The order is the kernel's: the bounding set and the keyring while we are privileged; groups before ids, since an ordinary
 * user may not set them; the working directory by root first, by the user where root may not; capabilities last. A filter
 * without no_new_privs needs CAP_SYS_ADMIN and is loaded just before the capabilities go; with no_new_privs it is left to
 * the caller, for as late as possible.
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
};

/*
 * The AppArmor profile and the SELinux label that the next execve(2) of this process, or of a child of it, gives the
 * program. We are in the process's pid namespace. credentials_become() does it, too.
 */
int credentials_label(const struct process_plan *p, const char *where, struct error *err);

/*
 * The session keyring and the labels, then up to the user, the working directory, the umask and no_new_privs; capabilities
 * are still the runtime's.
 */
int credentials_become(const struct credentials *c, struct error *err);

/*
 * The filter, if it has to be loaded with privileges, and the capabilities. *ret_listener is the seccomp listener's
 * descriptor or -1; *ret_filter_pending says that the caller has to load the filter.
 */
int credentials_drop(const struct credentials *c, int *ret_listener, bool *ret_filter_pending,
		     struct error *err);

/* Loads the filter; returns the listener or -1 in *ret_listener. */
int credentials_load_filter(const struct seccomp_plan *seccomp, int *ret_listener,
			    struct error *err);
