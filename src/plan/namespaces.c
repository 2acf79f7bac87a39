/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: which are made, which are joined, the id maps and the time offsets.
 *
 * Only what config.json says is judged here; the order in which namespaces are entered is the business of run/, since
 * the kernel demands it of the processes.
 */
#include <sched.h>
#include <stdio.h>

#include "oci_spec.h"
#include "base/phrases.h"
#include "plan/plan.h"
#include "spec/names.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* The kernel takes no more lines in a uid_map (UID_GID_MAP_MAX_EXTENTS). */
#define MAX_EXTENTS 340

static int plan_list(const struct oci_linux *os, struct arena *a, struct ns_plan *ns,
		     struct error *err)
{
	for (size_t i = 0; i < os->n_namespaces; i++) {
		const struct oci_namespace *n = &os->namespaces[i];
		const struct ns_type *type = ns_type_find(n->type);
		const char *where = arena_printf(a, "/linux/namespaces/%zu", i);

		if (ns->listed & type->flag)
			return error_config(err, where, PHRASE_DUPLICATE_NAMESPACE, n->type);
		ns->listed |= type->flag;
		if (!n->path || !*n->path) {
			ns->fresh |= type->flag;
			continue;
		}
		if (n->path[0] != '/')
			return error_config(err, where, "namespace path \"%s\" must be absolute",
					    n->path);
		ns->joins[ns->n_joins++] = (struct ns_join){ .flag = type->flag,
							     .path = n->path,
							     .index = (unsigned)i };
	}
	return 0;
}

static int check_overlap(const struct id_map *map, size_t n, const char *where, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			uint64_t a = map[i].container, b = map[j].container;

			if (a < b + map[j].size && b < a + map[i].size)
				return error_config(err, where, "entries %zu and %zu overlap", j,
						    i);
			a = map[i].host;
			b = map[j].host;
			if (a < b + map[j].size && b < a + map[i].size)
				return error_config(err, where,
						    "entries %zu and %zu overlap on the host", j,
						    i);
		}
	return 0;
}

static int plan_map(const struct oci_id_mapping *from, size_t n, const char *where, struct arena *a,
		    const struct id_map **ret, size_t *ret_n, struct error *err)
{
	struct id_map *map = arena_new_n(a, struct id_map, n);

	if (n > MAX_EXTENTS)
		return error_config(err, where, "%zu entries, the kernel takes %d", n, MAX_EXTENTS);
	for (size_t i = 0; i < n; i++) {
		map[i] = (struct id_map){ from[i].container_id, from[i].host_id, from[i].size };
		if (map[i].size == 0)
			return error_config(err, where, "entry %zu has size 0", i);
		if ((uint64_t)map[i].container + map[i].size > UINT32_MAX ||
		    (uint64_t)map[i].host + map[i].size > UINT32_MAX)
			return error_config(err, where, "entry %zu goes beyond the last id", i);
	}
	if (check_overlap(map, n, where, err))
		return -1;
	*ret = map;
	*ret_n = n;
	return 0;
}

static int plan_maps(const struct oci_linux *os, const struct host *host, struct arena *a,
		     struct plan_warnings *warnings, struct ns_plan *ns, struct error *err)
{
	static const struct id_map identity = { 0, 0, UINT32_MAX };

	if (plan_map(os->uid_mappings, os->n_uid_mappings, "/linux/uidMappings", a, &ns->maps.uid,
		     &ns->maps.n_uid, err) ||
	    plan_map(os->gid_mappings, os->n_gid_mappings, "/linux/gidMappings", a, &ns->maps.gid,
		     &ns->maps.n_gid, err))
		return -1;
	if (!(ns->listed & CLONE_NEWUSER)) {
		if (ns->maps.n_uid || ns->maps.n_gid)
			return error_config(
				err, ns->maps.n_uid ? "/linux/uidMappings" : "/linux/gidMappings",
				"id mappings need a user namespace in linux.namespaces");
		return 0;
	}
	if (!(ns->fresh & CLONE_NEWUSER)) {
		/* containerd and Podman send a joined user namespace together with mappings, some of them dummies. */
		if (ns->maps.n_uid || ns->maps.n_gid)
			plan_warn(warnings, "/linux/uidMappings",
				  "a joined user namespace keeps its own id mappings");
		return 0;
	}
	if (!ns->maps.n_uid != !ns->maps.n_gid)
		return error_config(err, "/linux",
				    "uidMappings and gidMappings must be given together");
	if (ns->maps.n_uid)
		return 0;
	if (host->euid != 0)
		return error_config(err, "/linux/uidMappings",
				    "a user namespace made by an ordinary user needs id mappings");
	ns->maps = (struct id_maps){ &identity, &identity, 1, 1 };
	return 0;
}

static int plan_offsets(const struct oci_linux *os, struct arena *a, struct ns_plan *ns,
			struct error *err)
{
	for (size_t i = 0; i < os->n_time_offsets; i++) {
		const struct oci_time_offset *offset = &os->time_offsets[i].value;
		const char *clock = os->time_offsets[i].key;
		const char *where = arena_printf(a, "/linux/timeOffsets/%s", clock);

		if (!str_eq(clock, "monotonic") && !str_eq(clock, "boottime"))
			return error_config(err, "/linux/timeOffsets",
					    "unknown clock \"%s\", expected monotonic or boottime",
					    clock);
		if (!(ns->fresh & CLONE_NEWTIME))
			return error_config(err, "/linux/timeOffsets",
					    "time offsets need a new time namespace");
		if (offset->nanosecs >= 1000000000)
			return error_config(err, where, "nanosecs %u is not below 1000000000",
					    offset->nanosecs);
		ns->offsets[ns->n_offsets++] =
			(struct time_offset){ clock, offset->secs, offset->nanosecs };
	}
	return 0;
}

int plan_namespaces(const struct oci_config *config, const struct host *host, struct arena *a,
		    struct plan_warnings *warnings, struct ns_plan *ret, struct error *err)
{
	const struct oci_linux *os = config->linux_;

	*ret = (struct ns_plan){ 0 };
	if (!os)
		return 0;
	if (plan_list(os, a, ret, err) || plan_maps(os, host, a, warnings, ret, err) ||
	    plan_offsets(os, a, ret, err))
		return -1;
	return 0;
}
