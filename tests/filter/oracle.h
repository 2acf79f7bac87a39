/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call deserves, found without any code of the runtime: the program that libseccomp exports for a profile, given
 * its rules as other runtimes give them, and ENOSYS for calls newer than the profile by the rule that runc publishes.
 */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_seccomp;

struct oracle {
	struct oracle_program {
		struct sock_filter *code; /* malloc'ed */
		size_t n;
	} program;
	/*
	 * The program from where it has found an architecture, and with the number loaded: libseccomp 2.5 forgets to load it
	 * in front of a conditional rule on a call that some of the architectures lack, so that it is never given one.
	 */
	struct oracle_part {
		uint32_t arch;
		struct oracle_program program;
	} parts[32];
	size_t n_parts;
	uint32_t fallback;
	uint32_t arches[32]; /* tokens of libseccomp, native first */
	size_t n_arches;
	struct {
		bool knows;
		uint32_t newest;
	} newest[32];
	bool enosys;
	const struct oci_seccomp *profile;
};

/*
 * 0, or the negative errno with which libseccomp refuses the profile (*ret_entry: in which rule). `apart`: every architecture
 * gets the rules on the calls that it has; otherwise all get all of them, and rules that contradict each other are refused
 * even for a call that only another architecture has.
 */
int oracle_make(struct oracle *o, uint32_t native, const struct oci_seccomp *profile, bool apart,
		int *ret_entry);
void oracle_free(struct oracle *o);

/* The verdict on a call of these architectures. */
uint32_t oracle_ask(const struct oracle *o, const struct seccomp_data *call);

/* Whether the call is newer than the profile: no rule can speak of it. */
bool oracle_is_newer(const struct oracle *o, const struct seccomp_data *call);

/*
 * What the rules say of one number, read as they stand: the conditions of a rule are all true, or it says nothing.
 * Rules whose action is the default's are left aside, and all but the first one without conditions if there is one.
 */
#define MEANING_MAX 96

struct meaning {
	const struct oracle *oracle;
	uint32_t token;
	bool wide;
	struct meaning_rule {
		const struct oci_syscall *entry;
		const char *name;
		uint32_t action;
		const struct oci_syscall_arg *args;
		size_t n;
		uint32_t subcall; /* argument 0 has to be this one; 0: it is an argument */
	} rules[MEANING_MAX];
	size_t n;
};

void meaning_make(struct meaning *m, const struct oracle *o, uint32_t token, uint32_t nr);

/* Whether `verdict` is what a rule that holds says, or the default if none holds. */
bool meaning_allows(const struct meaning *m, const struct seccomp_data *call, uint32_t verdict);
