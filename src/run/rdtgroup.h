/* SPDX-License-Identifier: Apache-2.0 */
/* The container's resctrl groups in the record: what was made and goes with the container, and what later commands need. */
#pragma once

#include "cgroup/resctrl.h"
#include "plan/plan.h"
#include "state/state.h"

/* A start's groups. */
struct rdtgroup {
	const struct rdt_plan *plan;
	struct resctrl found; /* its root is -1 where the container asks for no group */
};

#define RDTGROUP_INIT                    \
	{                                \
		.found = { .root = -1 }, \
	}

/* Looks and refuses; nothing is changed. Without linux.intelRdt nothing is touched. */
int rdtgroup_open(const struct rdt_plan *plan, struct rdtgroup *ret, struct error *err);

/*
 * Replaces the group's lines. Until the container is `created` they name all that may come to exist; from then on only what
 * goes with it, which a named group does not.
 */
void rdtgroup_to_record(const struct rdtgroup *g, bool created, struct record *r);

/* A group that another made in the meantime is no longer ours to remove: after a failure the lines may be other ones. */
int rdtgroup_make(struct rdtgroup *g, struct error *err);
int rdtgroup_attach(const struct rdtgroup *g, pid_t pid, struct error *err);
void rdtgroup_close(struct rdtgroup *g);

/* ---- later commands, by the record ------------------------------------------------------------------------------ */

/* Whether the container is in a group. */
bool rdtgroup_is_used(const struct record *r);

/* Puts a further process into the container's groups; one without groups is fine. */
int rdtgroup_join(const struct record *r, pid_t pid, struct error *err);

/* Changes the schemata of the container's group; either may be NULL. A container without intelRdt is an error. */
int rdtgroup_update(const struct record *r, const char *l3, const char *mb, struct error *err);

/* What the container's groups may use and have used, as members of an open object; nothing for one without groups. */
struct json_writer;
void rdtgroup_write_stats(const struct record *r, struct arena *a, struct json_writer *w);

/* Removes what the record says was made for the container, when its processes are gone. */
int rdtgroup_undo(const struct record *r, struct error *err);
