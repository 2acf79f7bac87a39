/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt: which group of the resctrl file system, and what is written there. config-linux.md, "IntelRdt". */
#include <string.h>

#include "oci_spec.h"
#include "plan/plan.h"

#define WHERE "/linux/intelRdt"

/* What a group cannot be called: the kernel's own directories. */
static bool is_reserved(const char *name)
{
	return str_eq(name, "info") || str_eq(name, "mon_groups") || str_eq(name, "mon_data");
}

static int plan_group(const char *clos, const char *id, struct rdt_plan *ret, struct error *err)
{
	ret->named = clos && *clos;
	if (!ret->named) {
		ret->group = id;
		return is_reserved(id)
			       ? error_config(err, WHERE,
					      "the container's id \"%s\" cannot be the name "
					      "of a resctrl group",
					      id)
			       : 0;
	}
	ret->group = str_eq(clos, "/") ? "" : clos;
	if (str_eq(clos, ".") || str_eq(clos, "..") || strchr(ret->group, '/') ||
	    strchr(clos, '\n') || is_reserved(clos))
		return error_config(err, WHERE "/closID",
				    "\"%s\" cannot be the name of a resctrl group", clos);
	return 0;
}

static void add_line(struct rdt_plan *p, const char *line)
{
	if (line)
		p->lines[p->n_lines++] = line;
}

static int plan_lines(const struct oci_intel_rdt *from, struct arena *a,
		      struct plan_warnings *warnings, struct rdt_plan *ret, struct error *err)
{
	const char *l3 = from->l3_cache_schema, *mb = from->mem_bw_schema;

	ret->l3 = l3 && *l3 ? l3 : NULL;
	ret->mb = mb && *mb ? mb : NULL;
	ret->lines = arena_new_n(a, const char *, from->n_schemata + 2);
	/* The order is the specification's. */
	add_line(ret, ret->l3);
	add_line(ret, ret->mb);
	if (ret->l3 && (!str_starts(ret->l3, "L3:") || strchr(ret->l3, '\n')))
		plan_warn(warnings, WHERE "/l3CacheSchema",
			  "should be one line that begins with L3:");
	for (size_t i = 0; i < from->n_schemata; i++) {
		if (strchr(from->schemata[i], '\n'))
			return error_config(err, arena_printf(a, WHERE "/schemata/%zu", i),
					    "must be one line");
		add_line(ret, from->schemata[i]);
	}
	return 0;
}

int plan_rdt(const struct oci_linux *os, const char *id, struct arena *a,
	     struct plan_warnings *warnings, struct rdt_plan *ret, struct error *err)
{
	const struct oci_intel_rdt *from = os->intel_rdt;

	*ret = (struct rdt_plan){ .set = from };
	if (!from)
		return 0;
	if (plan_group(from->clos_id, id, ret, err) || plan_lines(from, a, warnings, ret, err))
		return -1;
	if (from->enable_monitoring)
		ret->monitor = *ret->group ? arena_printf(a, "%s/mon_groups/%s", ret->group, id)
					   : arena_printf(a, "mon_groups/%s", id);
	if (from->enable_cmt || from->enable_mbm)
		plan_warn(
			warnings, WHERE,
			"enableCMT and enableMBM have no effect, enableMonitoring took their place");
	return 0;
}
