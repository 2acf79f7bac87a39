/* SPDX-License-Identifier: Apache-2.0 */
/* One profile, two programs: asks both for their verdict on every call worth asking. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct oci_seccomp;

/* Kept in memory that the processes of a run share. */
struct totals {
	unsigned long long profiles, refused, asked;
	unsigned long long
		lacking; /* profiles that libseccomp refuses for a call that is not there */
	unsigned long long
		unfounded;	    /* calls on which no rule says what libseccomp's program says */
	unsigned long long endless; /* profiles that libseccomp never gets ready with */
	unsigned long long reasons;
	bool oracle_at_work;
};

extern struct totals *totals;
extern bool verbose;

/*
 * True: both programs give every call the same verdict, or both sides refuse the profile; what differs is printed. A verdict
 * of libseccomp that no rule says is counted instead, if ours is the one that the rules say.
 */
bool verdicts_compare(uint32_t native, const struct oci_seccomp *profile, const char *what);
