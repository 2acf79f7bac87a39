/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.seccomp -> the program that the kernel runs for every system call.
 *
 * libseccomp knows the numbers of names, and decides between rules that contradict each other; the program is made here
 * (ranges.h, filter.h).
 * A call gets the verdict that libseccomp's own program would give it, with one addition: where the default action is
 * a refusal (errno, trap, kill), calls with numbers above every call that the profile names for their architecture
 * fail with ENOSYS, so that programs fall back to older calls as on an older kernel. Rules win over that. The
 * annotation ANNOTATION_NO_ENOSYS (spec/names.h) turns it off.
 *
 * Refused: words that the specification does not know, an errno for an action without one or above 4095, argument
 * indices above 5, rules that contradict each other, NOTIFY as the default or without listenerPath, listenerMetadata
 * without listenerPath, WAIT_KILLABLE_RECV without NOTIFY, an architecture that libseccomp does not know or of
 * the other byte order. Names that libseccomp does not know are left out with a warning, unless the annotation
 * ANNOTATION_STRICT_CALLS is there. Several conditions on one argument in one rule: each condition of that rule is a rule
 * of its own, as other runtimes have it. ANNOTATION_SECCOMP_LOG has the kernel log what is not simply allowed; each of the
 * three counts unless its value is "0" or "false". config-linux.md, "Seccomp".
 */
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

/* The same for a machine of architecture `native` (AUDIT_ARCH_*); profile is not NULL. */
int plan_seccomp_for(uint32_t native, const struct oci_seccomp *profile,
		     const struct pair *annotations, size_t n_annotations, struct arena *a,
		     struct plan_warnings *warnings, const struct seccomp_plan **ret,
		     struct error *err);

/* Whether this machine's call is let pass without anybody being asked; pointers among the arguments are just numbers. */
bool seccomp_permits(const struct seccomp_plan *plan, long nr, const uint64_t args[6]);

/* An action and its errno as SECCOMP_RET_*; `where` and `errno_where` are their places. */
int seccomp_action(const char *name, bool has_errno, uint32_t errnum, const char *where,
		   const char *errno_where, uint32_t *ret, struct error *err);

/* Whether calls newer than a profile with this default action fail with ENOSYS. */
bool seccomp_has_enosys(uint32_t fallback, const struct pair *annotations, size_t n_annotations);
#else
static inline bool seccomp_permits(const struct seccomp_plan *plan UNUSED, long nr UNUSED,
				   const uint64_t args[6] UNUSED)
{
	return false;
}

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
