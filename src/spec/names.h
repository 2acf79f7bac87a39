/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the spec and what the kernel calls them, one table per kind. `features` prints these tables, so a word
 * that is understood is also announced.
 */
#pragma once

#include <linux/audit.h>

#include "base/str.h"

/* A namespace type: the spec's word, its name under /proc/PID/ns, its CLONE_NEW* flag. */
struct ns_type {
	const char *name, *file;
	int flag;
};

#define NS_TYPES 8
extern const struct ns_type ns_types[NS_TYPES];

const struct ns_type *ns_type_find(const char *name);
const struct ns_type *ns_type_of(int flag);

/* A table and its length. */
struct words {
	const struct word *table;
	size_t n;
};

/*
 * The value of a word that the schema has let through: those lists and these tables name the same, which
 * tests/unit/libocispec_schema.py checks.
 */
uint64_t words_value(const struct words *words, const char *name);

extern const struct words rlimit_words;		/* RLIMIT_* -> resource */
extern const struct words sched_policy_words;	/* SCHED_* -> policy */
extern const struct words sched_flag_words;	/* SCHED_FLAG_* -> bit */
extern const struct words ioprio_class_words;	/* IOPRIO_CLASS_* -> class */
extern const struct words personality_words;	/* LINUX, LINUX32 */
extern const struct words mempolicy_mode_words; /* MPOL_* -> mode */
extern const struct words mempolicy_flag_words; /* MPOL_F_* -> bit */
extern const struct words hook_words; /* hook kinds in lifecycle order -> enum hook_kind */

/* The operators of linux.seccomp; COMPARE_MASKED_EQ: argument & value == valueTwo & value. */
enum compare_op {
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_EQ,
	COMPARE_GE,
	COMPARE_GT,
	COMPARE_MASKED_EQ
};

extern const struct words seccomp_action_words; /* SCMP_ACT_* -> SECCOMP_RET_* */
extern const struct words seccomp_op_words;	/* SCMP_CMP_* -> enum compare_op */
extern const struct words seccomp_flag_words;	/* SECCOMP_FILTER_FLAG_* -> bit */
extern const struct words seccomp_arch_words;	/* SCMP_ARCH_* -> AUDIT_ARCH_*, ARCH_X32 */

/* The architecture of x32 calls, which the kernel itself reports as x86_64 ones with bit 30 of the number set. */
#define ARCH_X32 (EM_X86_64 | __AUDIT_ARCH_LE)

/* Annotations that change what is done. `features` prints the table; a key that ends with a dot is a prefix. */
#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"
#define ANNOTATION_HOOKS_STDOUT "run.oci.hooks.stdout"
#define ANNOTATION_HOOKS_STDERR "run.oci.hooks.stderr"
#define ANNOTATION_CONTEXT_TYPE "run.oci.mount_context_type"
#define ANNOTATION_DELEGATE "run.oci.delegate-cgroup"
#define ANNOTATION_SUBGROUP "run.oci.systemd.subgroup"
#define ANNOTATION_PROPERTY "org.systemd.property."

#define ANNOTATION_STRICT_CALLS "run.oci.seccomp_fail_unknown_syscall"
#define ANNOTATION_NO_ENOSYS "teu.seccomp.no_enosys"
#define ANNOTATION_SECCOMP_LOG "teu.seccomp.log"

extern const struct words annotation_words;

/* A signal by number ("9", 0..64), name ("KILL", "sigkill") or real-time name ("RTMIN+3"); -1 if unknown. */
int signal_find(const char *name);
