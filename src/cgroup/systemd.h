/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope that holds a container where systemd makes the cgroups (systemd.scope(5), org.freedesktop.systemd1(5)).
 *
 * systemd is asked three times in the life of a container: to start the scope with init in it and with every limit that
 * systemd knows, so that a reload of systemd does not take it back; to change limits at an update; to stop it. The files of
 * the cgroup are written all the same, as systemd rounds some values and does not know all; the cgroup is delegated, so it
 * leaves the rest alone. Device rules never go through systemd: their program is attached to the cgroup by us, and stays
 * there whatever systemd does.
 */
#pragma once

#include "cgroup/hierarchy.h"

#ifdef HAVE_SYSTEMD
#define SYSTEMD_IS_BUILT_IN true

/*
 * Starts the scope of cg->plan with process `pid` in it and waits until it is there. A unit of that name that has failed,
 * is going or stays empty makes way; any other is an error, and cg->foreign is set: nothing was done to it.
 */
int systemd_start(struct cgroup *cg, pid_t pid, struct error *err);

/*
 * Tells systemd of the limits in the plan that it knows, and waits until it has written them; asks nothing if there are
 * none.
 */
int systemd_update(const struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);

/* The same for what the files of the cgroup say, as far as these are sizes, CPUs and memory nodes. */
int systemd_tell_files(const struct cgroup *cg, struct error *err);

/*
 * Whether the scope's cgroup is there and the one that init was put into, and whether another's is in its place: the name
 * of a unit that has ended is free. Where init has not been seen in it, which is noted at the start, what somebody is in is
 * another's; that takes its time to be sure of.
 */
bool systemd_is_there(const struct cgroup *cg);
bool systemd_is_anothers(const struct cgroup *cg);

/*
 * Kills who is in the scope, stops it, and has systemd forget that it failed, if it did. One that is not there is fine; not
 * for one that is another's.
 */
int systemd_stop(const struct cgroup *cg, struct error *err);
#else
#define SYSTEMD_IS_BUILT_IN false

static inline int systemd_start(struct cgroup *cg UNUSED, pid_t pid UNUSED, struct error *err)
{
	return error_set(
		err, ERR_USAGE,
		"this build cannot have systemd make cgroups: use --cgroup-manager cgroupfs");
}

static inline int systemd_update(const struct cgroup *cg UNUSED,
				 const struct cgroup_plan *plan UNUSED, struct error *err)
{
	return systemd_start(NULL, 0, err);
}

static inline int systemd_tell_files(const struct cgroup *cg UNUSED, struct error *err)
{
	return systemd_start(NULL, 0, err);
}

static inline bool systemd_is_there(const struct cgroup *cg UNUSED)
{
	return true;
}

static inline bool systemd_is_anothers(const struct cgroup *cg UNUSED)
{
	return false;
}

static inline int systemd_stop(const struct cgroup *cg UNUSED, struct error *err)
{
	return systemd_start(NULL, 0, err);
}
#endif
