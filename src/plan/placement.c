/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/placement.h"

#include <sched.h>
#include <string.h>

#include "plan/plan.h"
#include "spec/names.h"

/* How long systemd may take for an answer. */
#define SYSTEMD_SECONDS 30

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

/* ---- units ----------------------------------------------------------------------------------------------------------- */

/* What systemd.unit(5) does not allow in a name becomes \xNN, as systemd-escape(1) has it. */
static const char *escape(const char *s, size_t n, struct arena *a)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(a, 4 * n + 1), *to = text;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr(":_-.\\@", c);

		if (plain && !(i == 0 && c == '.')) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return text;
}

/* "a-b.slice" lies in "a.slice", and "-.slice" is the root of all. */
static int plan_slice(const char *slice, size_t n, struct arena *a, struct unit_plan *unit,
		      const char **ret_path, struct error *err)
{
	const char *name = escape(slice, n, a), *path = "";

	if (n == 0)
		name = unit->user ? "user.slice" : "system.slice";
	else if (str_eq(name, "-") || str_eq(name, "-.slice"))
		name = "-.slice";
	else if (!str_ends(name, ".slice") || *name == '-' || strstr(name, "--") ||
		 str_ends(name, "-.slice") || strlen(name) > 255)
		return error_config(err, "/linux/cgroupsPath", "\"%s\" is no name of a slice",
				    name);
	unit->slice = name;
	*ret_path = "";
	if (*name == '-')
		return 0;
	for (const char *dash = name; (dash = strchr(dash, '-')); dash++)
		path = arena_printf(a, "%s/%.*s.slice", path, (int)(dash - name), name);
	*ret_path = arena_printf(a, "%s/%s", path, name);
	return 0;
}

static int refuse_form(const char *path, struct error *err)
{
	return error_config(
		err, "/linux/cgroupsPath",
		"with systemd it has the form slice:prefix:name, and \"%s\" has another", path);
}

static int plan_unit(const char *path, const struct host *host, struct arena *a,
		     struct cgroup_plan *plan, struct error *err)
{
	struct unit_plan *unit = arena_new(a, struct unit_plan);
	const char *prefix, *name, *slice = "";

	unit->user = host->euid != 0 || host->in_userns;
	unit->seconds = host->systemd_seconds ? host->systemd_seconds : SYSTEMD_SECONDS;
	if (!path || !*path)
		path = ":teu:";
	prefix = strchr(path, ':');
	name = prefix ? strchr(prefix + 1, ':') : NULL;
	/* A slice holds no processes of its own. */
	if (!name || strchr(name + 1, ':') || strchr(path, '/') || str_ends(name, ".slice"))
		return refuse_form(path, err);
	if (plan_slice(path, (size_t)(prefix - path), a, unit, &slice, err))
		return -1;
	prefix = escape(prefix + 1, (size_t)(name - prefix - 1), a);
	name = name[1] ? name + 1 : plan->id;
	name = escape(name, strlen(name), a);
	unit->name = arena_printf(a, "%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	if (strlen(unit->name) > 255)
		return refuse_path("the name of the unit has more than 255 bytes", err);
	plan->unit = unit;
	plan->path = arena_printf(a, "%s/%s", slice, unit->name);
	plan->path_is_absolute = true;
	return 0;
}

int plan_placement(const char *path, const struct host *host, struct arena *a,
		   struct cgroup_plan *plan, struct error *err)
{
	return host->manager == CGROUP_SYSTEMD ? plan_unit(path, host, a, plan, err)
					       : plan_path(path, a, plan, err);
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

int plan_delegation(struct plan *plan, struct arena *a, struct error *err)
{
	struct cgroup_plan *cg = &plan->cgroup;
	const char *delegate = annotation(plan, ANNOTATION_DELEGATE);
	const char *subgroup = cg->unit ? annotation(plan, ANNOTATION_SUBGROUP) : NULL;
	bool writable = false;

	for (size_t i = 0; i < plan->fs.n_mounts; i++)
		writable |= plan->fs.mounts[i].kind == FS_CGROUP &&
			    plan->fs.mounts[i].writable_cgroups &&
			    str_eq(plan->fs.mounts[i].target, "/sys/fs/cgroup");
	cg->delegated = writable || delegate;
	if (delegate && !is_name(delegate))
		return error_config(err, "/annotations", "%s: \"%s\" is no name of a directory",
				    ANNOTATION_DELEGATE, delegate);
	cg->delegate = delegate;
	if (subgroup && *subgroup && !is_name(subgroup))
		return error_config(err, "/annotations", "%s: \"%s\" is no name of a directory",
				    ANNOTATION_SUBGROUP, subgroup);
	cg->subgroup = subgroup && *subgroup ? subgroup : NULL;
	if (cg->unit) {
		struct unit_plan *unit = (struct unit_plan *)(uintptr_t)cg->unit;

		if (plan_properties(plan->annotations, plan->n_annotations, a, &unit->properties,
				    &unit->n_properties, err))
			return -1;
	}
	/* Without a namespace of its own the container would own what the host's cgroups hang on. */
	if ((writable || delegate) && plan->ns.fresh & CLONE_NEWCGROUP)
		cg->has_owner = map_user(&plan->ns, plan->process.uid, &cg->owner);
	return 0;
}
