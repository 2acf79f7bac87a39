/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"

#include <assert.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/personality.h>
#include <sys/resource.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define SCHED_POLICY_DEADLINE 6

const struct ns_type ns_types[NS_TYPES] = {
	{ "user", "user", CLONE_NEWUSER },	 { "pid", "pid", CLONE_NEWPID },
	{ "network", "net", CLONE_NEWNET },	 { "mount", "mnt", CLONE_NEWNS },
	{ "ipc", "ipc", CLONE_NEWIPC },		 { "uts", "uts", CLONE_NEWUTS },
	{ "cgroup", "cgroup", CLONE_NEWCGROUP }, { "time", "time", CLONE_NEWTIME },
};

const struct ns_type *ns_type_find(const char *name)
{
	for (size_t i = 0; i < NS_TYPES; i++)
		if (str_eq(ns_types[i].name, name))
			return &ns_types[i];
	return NULL;
}

const struct ns_type *ns_type_of(int flag)
{
	for (size_t i = 0; i < NS_TYPES; i++)
		if (ns_types[i].flag == flag)
			return &ns_types[i];
	return NULL;
}

#define WORDS(name, ...)                                           \
	static const struct word name##_table[] = { __VA_ARGS__ }; \
	const struct words name = { name##_table, ARRAY_SIZE(name##_table) }

WORDS(rlimit_words, { "RLIMIT_AS", RLIMIT_AS }, { "RLIMIT_CORE", RLIMIT_CORE },
      { "RLIMIT_CPU", RLIMIT_CPU }, { "RLIMIT_DATA", RLIMIT_DATA },
      { "RLIMIT_FSIZE", RLIMIT_FSIZE }, { "RLIMIT_LOCKS", RLIMIT_LOCKS },
      { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK }, { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
      { "RLIMIT_NICE", RLIMIT_NICE }, { "RLIMIT_NOFILE", RLIMIT_NOFILE },
      { "RLIMIT_NPROC", RLIMIT_NPROC }, { "RLIMIT_RSS", RLIMIT_RSS },
      { "RLIMIT_RTPRIO", RLIMIT_RTPRIO }, { "RLIMIT_RTTIME", RLIMIT_RTTIME },
      { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING }, { "RLIMIT_STACK", RLIMIT_STACK });

WORDS(sched_policy_words, { "SCHED_OTHER", SCHED_OTHER }, { "SCHED_FIFO", SCHED_FIFO },
      { "SCHED_RR", SCHED_RR }, { "SCHED_BATCH", SCHED_BATCH }, { "SCHED_IDLE", SCHED_IDLE },
      { "SCHED_DEADLINE", SCHED_POLICY_DEADLINE });

WORDS(sched_flag_words, { "SCHED_FLAG_RESET_ON_FORK", 0x01 }, { "SCHED_FLAG_RECLAIM", 0x02 },
      { "SCHED_FLAG_DL_OVERRUN", 0x04 }, { "SCHED_FLAG_KEEP_POLICY", 0x08 },
      { "SCHED_FLAG_KEEP_PARAMS", 0x10 }, { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
      { "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 });

WORDS(ioprio_class_words, { "IOPRIO_CLASS_RT", 1 }, { "IOPRIO_CLASS_BE", 2 },
      { "IOPRIO_CLASS_IDLE", 3 });

WORDS(personality_words, { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 });

WORDS(mempolicy_mode_words, { "MPOL_DEFAULT", 0 }, { "MPOL_PREFERRED", 1 }, { "MPOL_BIND", 2 },
      { "MPOL_INTERLEAVE", 3 }, { "MPOL_LOCAL", 4 }, { "MPOL_PREFERRED_MANY", 5 },
      { "MPOL_WEIGHTED_INTERLEAVE", 6 });

WORDS(mempolicy_flag_words, { "MPOL_F_NUMA_BALANCING", 1 << 13 },
      { "MPOL_F_RELATIVE_NODES", 1 << 14 }, { "MPOL_F_STATIC_NODES", 1 << 15 });

WORDS(hook_words, { "prestart", 0 }, { "createRuntime", 1 }, { "createContainer", 2 },
      { "startContainer", 3 }, { "poststart", 4 }, { "poststop", 5 });

/* Headers of the oldest supported kernel lack these. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef AUDIT_ARCH_LOONGARCH64
#define AUDIT_ARCH_LOONGARCH64 (258 | __AUDIT_ARCH_64BIT | __AUDIT_ARCH_LE)
#endif

WORDS(seccomp_action_words, { "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
      { "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
      { "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD }, { "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
      { "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO }, { "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
      { "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW }, { "SCMP_ACT_LOG", SECCOMP_RET_LOG },
      { "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF });

WORDS(seccomp_op_words, { "SCMP_CMP_NE", COMPARE_NE }, { "SCMP_CMP_LT", COMPARE_LT },
      { "SCMP_CMP_LE", COMPARE_LE }, { "SCMP_CMP_EQ", COMPARE_EQ }, { "SCMP_CMP_GE", COMPARE_GE },
      { "SCMP_CMP_GT", COMPARE_GT }, { "SCMP_CMP_MASKED_EQ", COMPARE_MASKED_EQ });

WORDS(seccomp_flag_words, { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
      { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
      { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
      { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV });

WORDS(seccomp_arch_words, { "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
      { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 }, { "SCMP_ARCH_X32", ARCH_X32 },
      { "SCMP_ARCH_ARM", AUDIT_ARCH_ARM }, { "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
      { "SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS }, { "SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64 },
      { "SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64N32 }, { "SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL },
      { "SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64 },
      { "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32 }, { "SCMP_ARCH_PPC", AUDIT_ARCH_PPC },
      { "SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64 }, { "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE },
      { "SCMP_ARCH_S390", AUDIT_ARCH_S390 }, { "SCMP_ARCH_S390X", AUDIT_ARCH_S390X },
      { "SCMP_ARCH_PARISC", AUDIT_ARCH_PARISC }, { "SCMP_ARCH_PARISC64", AUDIT_ARCH_PARISC64 },
      { "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64 },
      { "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 }, { "SCMP_ARCH_M68K", AUDIT_ARCH_M68K },
      { "SCMP_ARCH_SH", AUDIT_ARCH_SHEL }, { "SCMP_ARCH_SHEB", AUDIT_ARCH_SH });

WORDS(annotation_words, { ANNOTATION_PROPERTY, 0 }, { ANNOTATION_DELEGATE, 0 },
      { ANNOTATION_SUBGROUP, 0 }, { ANNOTATION_HOOKS_STDERR, 0 }, { ANNOTATION_HOOKS_STDOUT, 0 },
      { ANNOTATION_KEEP_GROUPS, 0 }, { ANNOTATION_CONTEXT_TYPE, 0 }, { ANNOTATION_STRICT_CALLS, 0 },
      { ANNOTATION_NO_ENOSYS, 0 }, { ANNOTATION_SECCOMP_LOG, 0 });

uint64_t words_value(const struct words *words, const char *name)
{
	uint64_t value = 0;

	if (!word_find(words->table, words->n, name, &value))
		assert(!"the schema has a word that no table knows");
	return value;
}

/* Real-time signals are counted as the kernel counts them: glibc keeps the first two for itself. */
#define KERNEL_RTMIN 34
#define KERNEL_RTMAX 64

int signal_find(const char *name)
{
	uint64_t number;

	if (str_to_u64(name, &number))
		return number <= KERNEL_RTMAX ? (int)number : -1;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	if (strncasecmp(name, "RTMIN", 5) == 0) {
		number = 0;
		if (name[5] && (name[5] != '+' || !str_to_u64(name + 6, &number)))
			return -1;
		return number <= KERNEL_RTMAX - KERNEL_RTMIN ? KERNEL_RTMIN + (int)number : -1;
	}
	if (strncasecmp(name, "RTMAX", 5) == 0) {
		number = 0;
		if (name[5] && (name[5] != '-' || !str_to_u64(name + 6, &number)))
			return -1;
		return number <= KERNEL_RTMAX - KERNEL_RTMIN ? KERNEL_RTMAX - (int)number : -1;
	}
	for (int sig = 1; sig < 32; sig++) {
		const char *known = sigabbrev_np(sig);

		if (known && strcasecmp(known, name) == 0)
			return sig;
	}
	/* Other names of the same signals. */
	if (strcasecmp(name, "IOT") == 0)
		return SIGABRT;
	if (strcasecmp(name, "CLD") == 0)
		return SIGCHLD;
	if (strcasecmp(name, "IO") == 0)
		return SIGIO;
	return -1;
}
