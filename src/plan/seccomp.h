/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp -> the program that the kernel runs for every system call. */
#pragma once

#include <linux/filter.h>

#include "base/error.h"
#include "plan/types.h"

struct oci_seccomp;

struct seccomp_plan {
	const struct sock_filter *code;
	uint16_t n_code;
	unsigned flags; /* SECCOMP_FILTER_FLAG_*, without NEW_LISTENER */
	bool notify;	/* some call is judged by a listener */
	const char *listener_path, *listener_metadata;
};

#ifdef HAVE_SECCOMP
/* *ret is NULL without a profile. */
int plan_seccomp(const struct oci_seccomp *profile, const struct pair *annotations,
		 size_t n_annotations, struct arena *a, struct plan_warnings *warnings,
		 const struct seccomp_plan **ret, struct error *err);
#else
static inline int plan_seccomp(const struct oci_seccomp *profile,
			       const struct pair *annotations UNUSED, size_t n_annotations UNUSED,
			       struct arena *a UNUSED, struct plan_warnings *warnings UNUSED,
			       const struct seccomp_plan **ret, struct error *err)
{
	*ret = NULL;
	return profile ? error_config(err, "/linux/seccomp",
				      "this runtime was built without seccomp")
		       : 0;
}
#endif
