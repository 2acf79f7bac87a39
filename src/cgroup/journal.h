/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the limits of a container that runs: all of them or none.
 *
 * Before a file is written, what would put it back is noted; when a later write is refused, everything is put back in the
 * opposite order. Device rules come last, and are put back by those that were in force.
 */
#pragma once

#include "cgroup/cgroup.h"

struct hierarchy;
struct note;

struct journal {
	struct cgroup *cg;
	const struct cgroup_plan
		*before;   /* its device rules are in force; NULL if the change has none */
	struct note *last; /* newest first */
	bool devices;	   /* their rules are changed, or a part of them */
	bool told;	   /* systemd knows */
};

/*
 * Changes what `plan` names. `before` is needed where it has device rules: a plan of those that are in force. On failure
 * everything is as it was, or the error says what is not. *journal is for a later cgroup_undo().
 */
int cgroup_update(struct cgroup *cg, const struct cgroup_plan *plan,
		  const struct cgroup_plan *before, struct journal *journal, struct error *err);

/* Puts everything back, and adds to *err, which tells why, how that went. */
void cgroup_undo(struct journal *journal, struct error *err);

/* ---- inside cgroup/ ------------------------------------------------------------------------------------------------ */

/*
 * Writes a value to a file of the container's directory, or to one named by its path below the root of the hierarchy, and
 * notes what was there if the hierarchy has a journal. -1 with errno.
 */
int journal_write(struct hierarchy *h, const char *file, const char *value);
int journal_write_path(struct hierarchy *h, const char *path, const char *value);

/* What written to `file` puts back `now`, its content, when `value` has been written to it. */
const char *journal_reverse(const char *file, const char *now, const char *value, struct arena *a);
