/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/placement.h"

#include <sched.h>
#include <string.h>

#include "plan/plan.h"

/* The name is Podman's users' from the runtime that brought it in. */
#define DELEGATE "run.oci.delegate-cgroup"

static int refuse_path(const char *why, struct error *err)
{
	return error_config(err, "/linux/cgroupsPath", "%s", why);
}

static int plan_path(const char *path, struct arena *a, struct cgroup_plan *plan, struct error *err)
{
	char *clean, *to;

	if (!path || !*path)
		path = plan->id;
	plan->path_is_absolute = path[0] == '/';
	clean = to = arena_alloc(a, strlen(path) + 2);
	while (*path) {
		size_t n = strcspn(path, "/");

		if ((n == 1 && path[0] == '.') || (n == 2 && str_starts(path, "..")))
			return refuse_path("\".\" and \"..\" are not allowed in it", err);
		if (memchr(path, '\n', n))
			return refuse_path("a name in it holds a line end", err);
		if (n > 255)
			return refuse_path("a name in it has more than 255 bytes", err);
		if (n) {
			*to++ = '/';
			to = mempcpy(to, path, n);
		}
		path += n + strspn(path + n, "/");
	}
	if (to == clean)
		return refuse_path("the root of a hierarchy is no place for a container", err);
	if (to - clean > 3000)
		return refuse_path("it has more than 3000 bytes", err);
	plan->path = clean;
	return 0;
}

int plan_placement(const char *path, const struct host *host, struct arena *a,
		   struct cgroup_plan *plan, struct error *err)
{
	if (host->manager == CGROUP_SYSTEMD)
		return error_set(err, ERR_USAGE,
				 "this build cannot have systemd make cgroups: use "
				 "--cgroup-manager cgroupfs");
	return plan_path(path, a, plan, err);
}

/* ---- delegation ------------------------------------------------------------------------------------------------------ */

/* The user of the host that a user of the container is; false where there is none. */
static bool map_user(const struct ns_plan *ns, uid_t uid, uid_t *ret)
{
	if (!(ns->listed & CLONE_NEWUSER)) {
		*ret = uid;
		return true;
	}
	for (size_t i = 0; i < ns->maps.n_uid; i++) {
		const struct id_map *m = &ns->maps.uid[i];

		if (uid >= m->container && uid - m->container < m->size) {
			*ret = m->host + (uid - m->container);
			return true;
		}
	}
	return false;
}

static const char *annotation(const struct plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->n_annotations; i++)
		if (str_eq(plan->annotations[i].key, key))
			return plan->annotations[i].value;
	return NULL;
}

static bool is_name(const char *name)
{
	return *name && *name != '.' && strlen(name) <= 255 && !strpbrk(name, "/\n") &&
	       !strchr(name, ' ');
}

int plan_delegation(struct plan *plan, struct error *err)
{
	struct cgroup_plan *cg = &plan->cgroup;
	const char *delegate = annotation(plan, DELEGATE);
	bool writable = false;

	for (size_t i = 0; i < plan->fs.n_mounts; i++)
		writable |= plan->fs.mounts[i].kind == FS_CGROUP &&
			    plan->fs.mounts[i].writable_cgroups &&
			    str_eq(plan->fs.mounts[i].target, "/sys/fs/cgroup");
	cg->delegated = writable || delegate;
	if (delegate && !is_name(delegate))
		return error_config(err, "/annotations", "%s: \"%s\" is no name of a directory",
				    DELEGATE, delegate);
	cg->delegate = delegate;
	/* Without a namespace of its own the container would own what the host's cgroups hang on. */
	if ((writable || delegate) && plan->ns.fresh & CLONE_NEWCGROUP)
		cg->has_owner = map_user(&plan->ns, plan->process.uid, &cg->owner);
	return 0;
}
