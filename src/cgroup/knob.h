/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits -> files. A knob says which file of which controller holds a kind of limit, and how the value is written there;
 * each version of cgroups has one table of them (cgroup1.c, cgroup2.c), and the few exceptions are functions in it. A new
 * limit is a row.
 */
#pragma once

#include "cgroup/hierarchy.h"

enum knob_format {
	KNOB_NUMBER,
	KNOB_NUMBER_OR_MAX, /* -1 is written as "max" */
	KNOB_TEXT,
	KNOB_TEXT_NUMBER, /* "eth0 5" */
	KNOB_DEVICE,	  /* "8:0 100" */
};

/* Where neither file exists: */
enum knob_missing {
	KNOB_REFUSE,   /* an error */
	KNOB_WHEN_OFF, /* fine if the value is 0 or -1, which is what there is without the file */
	KNOB_FINE,     /* fine: what is limited is no longer there either */
};

struct knob {
	enum limit_kind kind;
	enum controller controller;
	enum knob_format format;
	enum knob_missing missing;
	const char *file, *other; /* the second is tried where the first does not exist */
	/* Does it all instead; `plan` for limits that depend on each other. */
	int (*write)(struct hierarchy *h, const struct limit *limit, const struct cgroup_plan *plan,
		     struct error *err);
};

struct knob_table {
	const struct knob *rows;
	size_t n;
};

/* Refuses limits that this host cannot set, before anything is changed. */
int knob_check(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);

/* The hierarchy in which a limit is set; -1 if there is none. */
int knob_find_place(struct cgroup *cg, const struct limit *limit, struct hierarchy **ret,
		    struct error *err);

/* Sets the early limits, which decide who may enter and come with the directory, or the others. */
int knob_apply(struct cgroup *cg, const struct cgroup_plan *plan, bool early, struct error *err);

/* Writes a value for a limit; the error names place, file and value. errno is that of the failing call. */
int knob_write(struct hierarchy *h, const char *file, const char *value, const struct limit *limit,
	       struct error *err);

/*
 * The same for a weight of CPU time, which an idle cgroup does not take: one that is idle and in a plan that says whether it
 * shall be (LIMIT_CPU_IDLE, which is written later) is not idle for a moment.
 */
int knob_write_weight(struct hierarchy *h, const char *file, const char *value,
		      const struct limit *limit, const struct cgroup_plan *plan, struct error *err);
