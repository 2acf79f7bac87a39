/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/userns.h"

#include <sched.h>

#include "plan/plan.h"

/* What such a file system shows of a namespace that is the host's can be had from the host's own mount of it. */
static const struct {
	const char *type;
	int flag;
	const char *path;
} shown[] = {
	{ "sysfs", CLONE_NEWNET, "/sys" },
	{ "proc", CLONE_NEWPID, "/proc" },
	{ "mqueue", CLONE_NEWIPC, "/dev/mqueue" },
};

static int check_option(const struct fs_mount *m, const struct fs_option *o,
			const struct id_maps *maps, struct error *err)
{
	bool user = str_eq(o->key, "uid");
	uint64_t id;

	if ((!user && !str_eq(o->key, "gid")) || !o->value || !str_to_u64(o->value, &id))
		return 0;
	if (id > UINT32_MAX || (user ? id_map_holds(maps->uid, maps->n_uid, (uint32_t)id)
				     : id_map_holds(maps->gid, maps->n_gid, (uint32_t)id)))
		return 0;
	error_set(err, ERR_CONFIG, "\"%s=%s\": the id is not mapped by linux.%sMappings", o->key,
		  o->value, o->key);
	return error_at(err, "/mounts/%u/options/%u", m->index, o->index);
}

int plan_in_user_namespace(struct fs_mount *m, const struct host *host, const struct ns_plan *ns,
			   struct error *err)
{
	if (m->kind != FS_NEW || !(ns->listed & CLONE_NEWUSER || host->in_userns))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (str_eq(m->type, shown[i].type) && !(ns->fresh & shown[i].flag))
			m->instead = shown[i].path;
	for (size_t i = 0; ns->fresh & CLONE_NEWUSER && i < m->n_options; i++)
		if (check_option(m, &m->options[i], &ns->maps, err))
			return -1;
	return 0;
}
