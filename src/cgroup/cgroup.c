/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cgroup2.h"
#include "cgroup/cpuset.h"
#include "cgroup/devrules.h"
#include "cgroup/enter.h"
#include "cgroup/hierarchy.h"

/* ---- looking --------------------------------------------------------------------------------------------------------- */

/*
 * A path that config.json did not give as absolute begins at the root, where it is the same each time; a caller who may not
 * write there makes a sibling of its own cgroup instead.
 */
static void choose_path(struct cgroup *cg, struct hierarchy *h, const struct host *host)
{
	const char *slash = strrchr(h->own, '/');

	h->path = cg->plan->path;
	if (cg->plan->path_is_absolute || (host->euid == 0 && !host->in_userns))
		return;
	if (faccessat(h->root, ".", W_OK, AT_EACCESS) == 0)
		return;
	/* One outside our cgroup namespace is shown as "/../x". */
	if (slash && slash != h->own && !strstr(h->own, "/.."))
		h->path = arena_printf(cg->arena, "%.*s%s", (int)(slash - h->own), h->own,
				       cg->plan->path);
}

static int refuse_busy(struct cgroup *cg, struct hierarchy *h, struct error *err)
{
	struct cgroup one = { .arena = cg->arena, .n = 1 };
	const pid_t *pids;
	size_t n;

	one.list[0] = *h;
	if (cgroup_pids(&one, cg->arena, &pids, &n, err))
		return -1;
	if (!n)
		return 0;
	return error_config(err, "/linux/cgroupsPath",
			    "cgroup \"%s%s\" holds processes already (%zu, one is %d)", h->mount,
			    h->path, n, (int)pids[0]);
}

/* Nobody may enter where the container would stop at once: the directory itself or one above is frozen. */
static int refuse_frozen(struct hierarchy *h, struct error *err)
{
	size_t length = hierarchy_frozen(h, h->kept);

	if (!length)
		return 0;
	return error_config(err, "/linux/cgroupsPath", "cgroup \"%s%.*s\" is frozen", h->mount,
			    (int)length, h->path);
}

int cgroup_open(struct arena *a, const struct cgroup_plan *plan, const struct host *host,
		struct cgroup **ret, struct error *err)
{
	struct cgroup *cg = arena_new(a, struct cgroup);

	cg->arena = a;
	cg->plan = plan;
	cg->rootless = host->rootless;
	/* The container of an ordinary user is always in a user namespace. */
	cg->in_userns = host->in_userns || host->euid != 0;
	*ret = cg;
	if (!plan->path)
		return 0;
	if (hierarchy_find_all(cg, err))
		return -1;
	if (!cg->n && !cg->rootless)
		return error_set(err, ERR_SYSTEM, "no cgroup hierarchy is mounted on this host");
	if (knob_check(cg, plan, err) || devrules_check(cg, plan, err))
		return -1;
	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		h->number = i;
		choose_path(cg, h, host);
		if (hierarchy_probe(h, err) || refuse_frozen(h, err) ||
		    (h->existed && refuse_busy(cg, h, err)))
			return -1;
	}
	return 0;
}

/* ---- the record ------------------------------------------------------------------------------------------------------ */

size_t cgroup_count(const struct cgroup *cg)
{
	return cg->n;
}

/* "VERSION KEPT LENGTH NAME MOUNT PATH": the mount may hold blanks, so its length is told. */
const char *cgroup_line(const struct cgroup *cg, size_t i)
{
	const struct hierarchy *h = &cg->list[i];

	return arena_printf(cg->arena, "%d %zu %zu %s %s%s", h->version, h->kept, strlen(h->mount),
			    *h->name ? h->name : "-", h->mount, h->path);
}

static bool is_clean_path(const char *path)
{
	return path[0] == '/' && path[1] && !str_ends(path, "/") && strlen(path) < PATH_MAX &&
	       !strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") &&
	       !str_ends(path, "/..") && !str_ends(path, "/.");
}

static bool parse_line(const char *line, struct arena *a, struct hierarchy *h)
{
	size_t length, end;
	int at = 0;

	*h = (struct hierarchy){ .root = -1, .join = -1 };
	if (sscanf(line, "%d %zu %zu %n", &h->version, &h->kept, &length, &at) != 3 || !at)
		return false;
	line += at;
	end = strcspn(line, " ");
	if (!line[end] || strlen(line + end + 1) < length || line[end + 1] != '/')
		return false;
	h->name = arena_strndup(a, line, end);
	if (str_eq(h->name, "-"))
		h->name = "";
	h->mount = arena_strndup(a, line + end + 1, length);
	h->path = line + end + 1 + length;
	if (h->version == 1)
		h->controllers = controllers_parse(h->name, ",", 1);
	h->alone = h->version == 2 && str_eq(h->mount, "/sys/fs/cgroup");
	return (h->version == 1 || h->version == 2) && is_clean_path(h->path) &&
	       h->kept <= strlen(h->path);
}

int cgroup_from_lines(struct arena *a, const char *const *lines, size_t n, struct cgroup **ret,
		      struct error *err)
{
	struct cgroup *cg = arena_new(a, struct cgroup);

	cg->arena = a;
	for (cg->n = 0; cg->n < n; cg->n++)
		if (cg->n == CGROUP_HIERARCHIES || !parse_line(lines[cg->n], a, &cg->list[cg->n]))
			return error_set(err, ERR_STATE,
					 "the container's record is broken: cgroup \"%s\"",
					 lines[cg->n]);
	*ret = cg;
	return 0;
}

/* ---- making and entering --------------------------------------------------------------------------------------------- */

static int open_join(struct hierarchy *h, struct error *err)
{
	if (h->version == 2)
		h->join = hierarchy_open(h, h->path, O_RDONLY | O_DIRECTORY);
	else
		h->join = hierarchy_open_file(h, "tasks", O_WRONLY);
	if (h->join < 0)
		return error_sys(err, "open \"%s%s%s\"", h->mount, h->path,
				 h->version == 2 ? "" : "/tasks");
	return 0;
}

/* What of config.json is a limit for this hierarchy, so that it is needed; NULL: nothing. */
static const char *needed_by(struct cgroup *cg, const struct hierarchy *h)
{
	struct hierarchy *place;
	struct error unused;

	if (h->version == 2 && cg->plan->n_unified)
		return "/linux/resources/unified";
	for (size_t i = 0; i < cg->plan->n_limits; i++)
		if (knob_find_place(cg, &cg->plan->limits[i], &place, &unused) || place == h)
			return cg->plan->limits[i].where;
	return NULL;
}

static int make_one(struct hierarchy *h, struct error *err)
{
	if (hierarchy_make(h, err) || (h->version == 1 && cpuset_fill(h, err)) ||
	    (h->alone && cgroup2_enable_all(h, err)))
		return -1;
	return open_join(h, err);
}

/*
 * What may not be written is left out where that is tolerated: for a rootless caller, and of v2 beside v1, which is there
 * for our convenience.
 */
static bool is_dispensable(struct cgroup *cg, const struct hierarchy *h, int errnum)
{
	if (errnum != EACCES && errnum != EPERM && errnum != EROFS)
		return false;
	return (cg->rootless || (h->version == 2 && !h->alone)) && !needed_by(cg, h);
}

static int make_all(struct cgroup *cg, int version, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (h->version == version) {
			int result = make_one(h, err);

			/* Descriptors may be few, and most hierarchies have no limit. */
			fd_close(&h->root);
			if (result && !is_dispensable(cg, h, err->errnum)) {
				const char *limit = cg->rootless ? needed_by(cg, h) : NULL;

				return error_at(err, "%s", limit ? limit : "/linux/cgroupsPath");
			}
			if (result)
				continue;
		}
		cg->list[n++] = *h;
	}
	cg->n = n;
	return 0;
}

int cgroup_make_v2(struct cgroup *cg, struct error *err)
{
	return make_all(cg, 2, err);
}

int cgroup_make_v1(struct cgroup *cg, struct error *err)
{
	if (make_all(cg, 1, err))
		return -1;
	cg->made = true;
	return cg->n ? knob_apply(cg, cg->plan, true, err) : 0;
}

int cgroup_clone_fd(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->list[i].version == 2)
			return cg->list[i].join;
	return -1;
}

void cgroup_give_joins(const struct cgroup *cg, int ret[CGROUP_HIERARCHIES])
{
	for (size_t i = 0; i < CGROUP_HIERARCHIES; i++)
		ret[i] = -1;
	for (size_t i = 0; i < cg->n; i++)
		if (cg->list[i].version == 1)
			ret[cg->list[i].number] = cg->list[i].join;
}

void cgroup_take_joins(struct cgroup *cg, const int joins[CGROUP_HIERARCHIES])
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->list[i].version == 1)
			cg->list[i].join = joins[cg->list[i].number];
}

int cgroup_attach_self(const struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];

		if (h->version == 1 && h->join >= 0 && write(h->join, "0", 1) < 0)
			return error_sys(err, "enter cgroup \"%s%s\": write \"0\" to its tasks",
					 h->mount, h->path);
	}
	return 0;
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		fd_close(&cg->list[i].join);
		fd_close(&cg->list[i].root);
	}
}

/* ---- limits ---------------------------------------------------------------------------------------------------------- */

int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	struct hierarchy *v2 = cgroup_find_v2(cg);

	if (!cg->n)
		return 0;
	if (devrules_apply(cg, plan, err) || (!cg->made && knob_apply(cg, plan, true, err)) ||
	    knob_apply(cg, plan, false, err))
		return -1;
	/* Last, so that it has the last word on what other members say. */
	return v2 && plan->n_unified ? cgroup2_apply_unified(v2, plan, cg->arena, err) : 0;
}

size_t cgroup_mounts(const struct cgroup *cg, struct arena *a, const struct cgroup_mount **ret)
{
	struct cgroup_mount *mounts = arena_new_n(a, struct cgroup_mount, cg->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		struct cgroup_mount m = { h->name, arena_printf(a, "%s%s", h->mount, h->path) };

		if (str_starts(m.name, "name="))
			m.name += 5;
		if (h->alone) {
			mounts[0] = m;
			n = 1;
			break;
		}
		if (h->version == 1 && *m.name && !strchr(m.name, '/'))
			mounts[n++] = m;
	}
	*ret = mounts;
	return n;
}
