/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `update`: what a container may use from now on. config-linux.md, "Control groups".
 *
 * A value that is not given stays as it is. Of those that are, 0 leaves alone what config.json leaves alone with 0 (weights,
 * shares, sizes, times; a burst of 0 and a pids limit of 0 are values), and -1 means no limit where there is such a thing.
 */
#pragma once

#include "base/str.h"
#include "plan/resources.h"

/*
 * Options of the command line, as name and value, become members of *inout, which may hold those of a file already. Of a value
 * that is none the error names the option.
 */
int plan_update_options(const struct pair *options, size_t n, struct arena *a,
			const struct oci_resources **inout, struct error *err);

/* The option that stands for the place of an error in config.json ("memory" for "/linux/resources/memory/limit"), or NULL. */
const char *plan_update_option(const char *where);

/*
 * The plan of a change to what holds now (NULL: nothing), and what holds afterwards. Lists whose entries name devices,
 * interfaces or page sizes are merged by these; device rules are replaced as a whole, and the plan has none if the change has
 * none.
 */
int plan_update(const struct oci_resources *given, const struct oci_resources *now, const char *id,
		struct arena *a, struct plan_warnings *warnings, struct cgroup_plan *ret,
		const struct oci_resources **ret_whole, struct error *err);
