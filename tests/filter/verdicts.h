/* SPDX-License-Identifier: Apache-2.0 */
/* One profile, two programs: asks both for their verdict on every call worth asking. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct oci_seccomp;

/* Kept in memory that the processes of a run share. */
struct totals {
	unsigned long long profiles, refused, asked;
	/* Calls on which libseccomp's verdict is wrong: no rule says it; its own order of rules is not kept. */
	unsigned long long unfounded, disordered;
	unsigned long long endless; /* profiles that libseccomp never gets ready with */
	unsigned long long reasons;
	bool oracle_at_work;
};

extern struct totals *totals;
extern bool verbose;

/*
 * True: both programs give every call the same verdict, or both sides refuse the profile; what differs is printed. With
 * `alone` libseccomp is not asked: no verdict may be one that no rule says.
 */
bool verdicts_compare(uint32_t native, const struct oci_seccomp *profile, const char *what,
		      bool alone);
