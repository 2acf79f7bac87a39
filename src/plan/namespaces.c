/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: which are made, which are joined, the id maps and the time offsets.
 *
 * Only what config.json says is judged here; the order in which namespaces are entered is the business of run/, since
 * the kernel demands it of the processes.
 */
#include <linux/capability.h>
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

bool host_can_map_ids(const struct host *host)
{
	const uint64_t needed = UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID;

	return (host->permitted & needed) == needed;
}

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

/* Our own ids as they are, each extent of the map apart: the kernel maps none across two of them. */
static const struct id_map *identity(const struct id_map *own, size_t n, struct arena *a)
{
	struct id_map *map = arena_new_n(a, struct id_map, n);

	for (size_t i = 0; i < n; i++)
		map[i] = (struct id_map){ own[i].container, own[i].container, own[i].size };
	return map;
}

static void map_all(const struct host *host, struct arena *a, struct id_maps *ret)
{
	static const struct id_map all = { 0, 0, UINT32_MAX };
	const struct id_maps *own = &host->own_maps;

	*ret = (struct id_maps){ &all, &all, 1, 1 };
	if (own->n_uid && own->n_gid)
		*ret = (struct id_maps){ identity(own->uid, own->n_uid, a),
					 identity(own->gid, own->n_gid, a), own->n_uid,
					 own->n_gid };
}

static int plan_maps(const struct oci_linux *os, const struct host *host, struct arena *a,
		     struct plan_warnings *warnings, struct ns_plan *ns, struct error *err)
{
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
	if (!host_can_map_ids(host))
		return error_config(err, "/linux/uidMappings",
				    "a user namespace made by an ordinary user needs id mappings");
	map_all(host, a, &ns->maps);
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

bool id_map_holds(const struct id_map *map, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= map[i].container && id - map[i].container < map[i].size)
			return true;
	return false;
}

/* The kernel lets an ordinary user map its own group only where nobody can drop a group that is denied something. */
static bool denies_groups(const struct ns_plan *ns, const struct host *host)
{
	return !host_can_map_ids(host) && ns->maps.n_gid == 1 && ns->maps.gid[0].size == 1 &&
	       ns->maps.gid[0].host == host->egid;
}

int plan_check_ids(const struct process_plan *p, const struct ns_plan *ns, const struct host *host,
		   struct error *err)
{
	const bool fresh = ns->fresh & CLONE_NEWUSER;
	const struct id_maps *maps = fresh ? &ns->maps : &host->own_maps;
	const char *user = fresh ? "by linux.uidMappings" : "in the runtime's own user namespace";
	const char *group = fresh ? "by linux.gidMappings" : "in the runtime's own user namespace";

	/* A joined one has maps that nobody has read. */
	if (!fresh && (ns->listed & CLONE_NEWUSER || !maps->n_uid || !maps->n_gid))
		return 0;
	if (!id_map_holds(maps->uid, maps->n_uid, p->uid))
		return error_config(err, "/process/user/uid", "user id %u is not mapped %s", p->uid,
				    user);
	if (!id_map_holds(maps->gid, maps->n_gid, p->gid))
		return error_config(err, "/process/user/gid", "group id %u is not mapped %s",
				    p->gid, group);
	if (fresh && p->n_groups && !p->keep_groups && denies_groups(ns, host))
		return error_config(
			err, "/process/user/additionalGids",
			"cannot be set: where an ordinary user maps only its own group, "
			"setgroups is denied");
	for (size_t i = 0; i < p->n_groups && !p->keep_groups; i++)
		if (!id_map_holds(maps->gid, maps->n_gid, p->groups[i])) {
			error_set(err, ERR_CONFIG, "group id %u is not mapped %s", p->groups[i],
				  group);
			return error_at(err, "/process/user/additionalGids/%zu", i);
		}
	return 0;
}

/* Without CAP_SYS_ADMIN nothing can be had but a user namespace, and in that the rest. */
static int check_power(const struct ns_plan *ns, const struct host *host, struct error *err)
{
	if (ns->listed & CLONE_NEWUSER || host->permitted & UINT64_C(1) << CAP_SYS_ADMIN)
		return 0;
	return error_config(err, "/linux/namespaces",
			    "%s can only make a container with a user namespace: add {\"type\": "
			    "\"user\"} here, and linux.uidMappings and gidMappings (\"teu spec "
			    "--rootless\" shows how)",
			    host->euid ? "an ordinary user" : "a caller without CAP_SYS_ADMIN");
}

int plan_namespaces(const struct oci_config *config, const struct host *host, struct arena *a,
		    struct plan_warnings *warnings, struct ns_plan *ret, struct error *err)
{
	const struct oci_linux *os = config->linux_;

	*ret = (struct ns_plan){ 0 };
	if (!os)
		return check_power(ret, host, err);
	if (plan_list(os, a, ret, err) || check_power(ret, host, err) ||
	    plan_maps(os, host, a, warnings, ret, err) || plan_offsets(os, a, ret, err))
		return -1;
	return 0;
}
