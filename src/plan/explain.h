/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which part of a seccomp profile decides a call.
 *
 * The verdict is what the profile's own program says (plan/bpf.h runs it); the reason is looked for in the profile as it
 * stands, rule by rule. A verdict for which the profile gives no reason is an error: a fault of ours. Pure.
 */
#pragma once

#include "base/error.h"
#include "plan/types.h"

struct oci_seccomp;

#define EXPLAIN_ARGS 6

struct explain_question {
	const char *call; /* a name, or a number in decimal or 0x... */
	uint64_t args[EXPLAIN_ARGS];
	unsigned n_args; /* the others are taken as 0 */
};

enum explain_reason {
	EXPLAIN_RULE,	 /* syscalls[entry] */
	EXPLAIN_DEFAULT, /* defaultAction */
	EXPLAIN_NEWER,	 /* the call is newer than all that the profile names: ENOSYS */
	EXPLAIN_LIBRARY, /* rules contradict each other, and that is what libseccomp makes of them */
	EXPLAIN_ARCH,	 /* a number of an architecture that the profile does not list */
};

/* One way of making the call. */
struct explanation {
	const char *arch; /* SCMP_ARCH_* */
	bool exists;	  /* the architecture has the call; nothing below counts otherwise */
	const char *name, *through; /* through: socketcall or ipc; NULL: by a number of its own */
	uint32_t nr;
	uint32_t verdict; /* SECCOMP_RET_* with its value */
	enum explain_reason reason;
	unsigned entry;
	const unsigned *others; /* further rules that hold for the call */
	size_t n_others;
	unsigned missing; /* a bit per argument that rules look at and the question does not tell */
};

#ifdef HAVE_SECCOMP
/* For every architecture that the profile lists, the native one (AUDIT_ARCH_*; 0: this machine's) first. */
int explain_call(uint32_t native, const struct oci_seccomp *profile, const struct pair *annotations,
		 size_t n_annotations, const struct explain_question *question, struct arena *a,
		 const struct explanation **ret, size_t *ret_n, struct error *err);
#else
static inline int explain_call(uint32_t native UNUSED, const struct oci_seccomp *profile UNUSED,
			       const struct pair *annotations UNUSED, size_t n_annotations UNUSED,
			       const struct explain_question *question UNUSED,
			       struct arena *a UNUSED, const struct explanation **ret UNUSED,
			       size_t *ret_n UNUSED, struct error *err)
{
	return error_set(err, ERR_SYSTEM, "this runtime was built without seccomp");
}
#endif
