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
#include "cgroup/delegate.h"
#include "cgroup/cpuset.h"
#include "cgroup/devrules.h"
#include "cgroup/enter.h"
#include "cgroup/hierarchy.h"
#include "cgroup/subtree.h"
#include "cgroup/systemd.h"
#include "sys/clone.h"

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

int hierarchy_refuse_busy(struct cgroup *cg, struct hierarchy *h, struct error *err)
{
	struct cgroup one = { .arena = cg->arena, .n = 1 };
	const pid_t *pids;
	size_t n;

	one.list[0] = *h;
	if (cgroup_pids(&one, cg->arena, &pids, &n, err))
		return -1;
	if (!n)
		return 0;
	if (cg->unit)
		return error_config(err, "/linux/cgroupsPath",
				    "unit %s exists already and holds processes (%zu, one is %d)",
				    cg->unit, n, (int)pids[0]);
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

/* The user's manager lives in its own cgroup, which is ours as well or beside it. */
static const char *user_manager(const struct cgroup *cg, const struct hierarchy *h)
{
	const char *service = strstr(h->own, "/user@");

	if (service)
		return arena_printf(cg->arena, "%.*s",
				    (int)(service - h->own) + 1 + (int)strcspn(service + 1, "/"),
				    h->own);
	return arena_printf(cg->arena, "/user.slice/user-%u.slice/user@%u.service", geteuid(),
			    geteuid());
}

/* Where the scope will be as a rule; cgroup_place() sees where it is. */
static int open_unit(struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = cgroup_find_v2(cg);

	if (!SYSTEMD_IS_BUILT_IN)
		return systemd_start(cg, 0, err);
	if (!h || !h->alone)
		return error_set(err, ERR_USAGE,
				 "systemd can make cgroups on hosts with cgroup v2 alone, and this "
				 "host has v1: use --cgroup-manager cgroupfs");
	if (knob_check(cg, cg->plan, err) || devrules_check(cg, cg->plan, err))
		return -1;
	cg->unit = cg->plan->unit->name;
	cg->unit_user = cg->plan->unit->user;
	cg->unit_seconds = cg->plan->unit->seconds;
	cg->list[0] = *h;
	cg->n = 1;
	h = &cg->list[0];
	h->path = cg->plan->path;
	if (cg->unit_user)
		h->path = arena_printf(cg->arena, "%s%s", user_manager(cg, h), h->path);
	h->kept = (size_t)(strrchr(h->path, '/') - h->path);
	return hierarchy_refuse_busy(cg, h, err);
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
	if (plan->unit)
		return open_unit(cg, err);
	if (knob_check(cg, plan, err) || devrules_check(cg, plan, err))
		return -1;
	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		h->number = i;
		choose_path(cg, h, host);
		if (hierarchy_probe(h, err) || refuse_frozen(h, err) ||
		    (h->existed && hierarchy_refuse_busy(cg, h, err)))
			return -1;
	}
	return 0;
}

/* ---- the record ------------------------------------------------------------------------------------------------------ */

bool cgroup_has_unit(const struct cgroup *cg)
{
	return cg->unit;
}

size_t cgroup_count(const struct cgroup *cg)
{
	return cg->n + (cg->unit != NULL);
}

#define UNIT_LINE "systemd "

/* "systemd system|user SECONDS NUMBER UNIT". */
static const char *unit_line(const struct cgroup *cg)
{
	return arena_printf(cg->arena, UNIT_LINE "%s %u %" PRIu64 " %s",
			    cg->unit_user ? "user" : "system", cg->unit_seconds, cg->unit_number,
			    cg->unit);
}

static bool parse_unit(const char *line, struct cgroup *cg)
{
	char whose[8];
	int at = 0;

	if (sscanf(line, UNIT_LINE "%7s %u %" SCNu64 " %n", whose, &cg->unit_seconds,
		   &cg->unit_number, &at) != 3 ||
	    !at)
		return false;
	cg->unit = line + at;
	cg->unit_user = str_eq(whose, "user");
	return *cg->unit && !strchr(cg->unit, '/') && (cg->unit_user || str_eq(whose, "system"));
}

/* "VERSION KEPT LENGTH NAME MOUNT PATH": the mount may hold blanks, so its length is told; v2's name tells the leaf. */
const char *cgroup_line(const struct cgroup *cg, size_t i)
{
	const struct hierarchy *h = &cg->list[i];

	const char *name = i < cg->n && *h->name ? h->name : "-";

	if (i == cg->n)
		return unit_line(cg);
	if (h->leaf)
		name = arena_printf(cg->arena, "leaf=%s", h->leaf);
	return arena_printf(cg->arena, "%d %zu %zu %s %s%s", h->version, h->kept, strlen(h->mount),
			    name, h->mount, h->path);
}

static bool is_clean_path(const char *path)
{
	return path[0] == '/' && path[1] && !str_ends(path, "/") && strlen(path) < PATH_MAX &&
	       !strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") &&
	       !str_ends(path, "/..") && !str_ends(path, "/.");
}

/* A number and the blank behind it. There are many lines, and each command reads them: sscanf(3) takes ten times as long. */
static bool take_number(const char **at, size_t *ret)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*ret = strtoul(*at, &end, 10);
	*at = end + 1;
	return *end == ' ';
}

static bool parse_line(const char *line, struct arena *a, struct hierarchy *h)
{
	size_t version, length, end;

	*h = HIERARCHY_CLOSED;
	if (!take_number(&line, &version) || !take_number(&line, &h->kept) ||
	    !take_number(&line, &length))
		return false;
	h->version = version == 1 || version == 2 ? (int)version : 0;
	end = strcspn(line, " ");
	if (!line[end] || strlen(line + end + 1) < length || line[end + 1] != '/')
		return false;
	h->name = arena_strndup(a, line, end);
	if (h->version == 2 && str_starts(h->name, "leaf=")) {
		h->leaf = h->name + 5;
		if (!is_clean_path(arena_printf(a, "/%s", h->leaf)))
			return false;
	}
	if (h->version == 2 || str_eq(h->name, "-"))
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
	for (size_t i = 0; i < n; i++) {
		if (str_starts(lines[i], UNIT_LINE) && parse_unit(lines[i], cg))
			continue;
		if (cg->n == CGROUP_HIERARCHIES || !parse_line(lines[i], a, &cg->list[cg->n++]))
			return error_set(err, ERR_STATE,
					 "the container's record is broken: cgroup \"%s\"",
					 lines[i]);
	}
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

static int make_one(struct hierarchy *h, const struct cgroup_plan *plan, struct arena *a,
		    struct error *err)
{
	if (hierarchy_make(h, err) || (h->version == 1 && cpuset_fill(h, err)))
		return -1;
	if (h->alone && !h->existed)
		cgroup2_enable_first(h, plan->delegated);
	if (h->alone && delegate_make(h, plan, a, err))
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

/* Our own directory; ".." leads out of our cgroup namespace, where no mount of ours reaches. */
static const char *own_directory(const struct hierarchy *h, struct arena *a)
{
	if (!h->own || str_starts(h->own, "/.."))
		return NULL;
	return arena_printf(a, "%s%s", h->mount, h->own);
}

static int make_all(struct cgroup *cg, int version, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (h->version == version) {
			int result = make_one(h, cg->plan, cg->arena, err);

			/* Descriptors may be few, and most hierarchies have no limit. */
			fd_close(&h->root);
			if (result && !is_dispensable(cg, h, err->errnum)) {
				const char *limit = cg->rootless ? needed_by(cg, h) : NULL;

				return error_at(err, "%s", limit ? limit : "/linux/cgroupsPath");
			}
			if (result) {
				if (h->alone)
					cg->shared = own_directory(h, cg->arena);
				continue;
			}
		}
		cg->list[n++] = *h;
	}
	cg->n = n;
	return 0;
}

int cgroup_make_v2(struct cgroup *cg, struct error *err)
{
	return cg->unit ? 0 : make_all(cg, 2, err);
}

static void forget(struct cgroup *cg)
{
	cg->unit = NULL;
	cg->n = 0;
}

bool cgroup_keep_own(struct cgroup *cg)
{
	if (!cg->unit || !systemd_is_anothers(cg))
		return true;
	forget(cg);
	return false;
}

int cgroup_place(struct cgroup *cg, pid_t pid, struct error *err)
{
	if (!cg->unit)
		return 0;
	if (systemd_start(cg, pid, err)) {
		if (cg->foreign)
			forget(cg);
		return -1;
	}
	return delegate_make(&cg->list[0], cg->plan, cg->arena, err);
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

static bool is_worth_writing(int errnum)
{
	static const int refusals[] = { EINVAL, E2BIG, ENOSYS, EPERM, EACCES, EBUSY, EOPNOTSUPP };

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (errnum == refusals[i])
			return true;
	return false;
}

/* What the kernel calls the directory says why no process may be in it. */
static int explain_refusal(struct hierarchy *h, struct error *err)
{
	char type[64];

	if (err->errnum == EOPNOTSUPP && hierarchy_read(h, "cgroup.type", type, sizeof(type)))
		error_hint(err, "it is \"%s\", as a cgroup above it is threaded", type);
	if (err->errnum == EBUSY)
		error_hint(err, "it passes controllers on, so processes are for those below it");
	return error_in(err, "enter cgroup \"%s%s\"", h->mount, h->path);
}

pid_t cgroup_clone(struct cgroup *cg, uint64_t flags, int *ret_pidfd, struct error *err)
{
	struct hierarchy *h = cgroup_find_v2(cg);
	pid_t pid;

	if (!h || h->join < 0)
		return process_clone(flags, -1, ret_pidfd, err);
	pid = process_clone(flags, h->join, ret_pidfd, err);
	if (pid >= 0 || !is_worth_writing(err->errnum))
		return pid;
	/* A kernel before 5.7, or a filter that does not know the flag. */
	if (err->errnum == EOPNOTSUPP || err->errnum == EBUSY)
		return explain_refusal(h, err);
	h->procs = openat(h->join, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (h->procs < 0)
		return error_sys(err, "open \"%s%s/cgroup.procs\"", h->mount, h->path);
	return process_clone(flags, -1, ret_pidfd, err);
}

bool cgroup_is_entered_late(const struct cgroup *cg)
{
	const struct hierarchy *h = cgroup_find_v2((struct cgroup *)(uintptr_t)cg);

	return !cg->n || (h && (h->join < 0 || h->procs >= 0));
}

void cgroup_give_joins(const struct cgroup *cg, struct cgroup_joins *ret)
{
	ret->procs = -1;
	for (size_t i = 0; i < CGROUP_HIERARCHIES; i++)
		ret->list[i] = -1;
	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];

		ret->list[h->number] = h->version == 1 ? h->join : h->leaf_join;
		if (h->version == 2)
			ret->procs = h->procs;
	}
}

void cgroup_take_joins(struct cgroup *cg, const struct cgroup_joins *joins)
{
	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (h->version == 1) {
			h->join = joins->list[h->number];
			continue;
		}
		h->procs = joins->procs;
		h->leaf_join = joins->list[h->number];
		if (h->leaf_join >= 0)
			h->leaf = delegate_leaf(cg->plan, cg->arena);
	}
}

int cgroup_attach_self(const struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		int fd = h->version == 1 ? h->join : h->procs;

		if (fd < 0 || write(fd, "0", 1) >= 0)
			continue;
		error_sys(err, "enter cgroup \"%s%s%s%s\": write \"0\" to its %s", h->mount,
			  h->path, cg->plan->subgroup ? "/" : "",
			  cg->plan->subgroup ? cg->plan->subgroup : "",
			  h->version == 1 ? "tasks" : "cgroup.procs");
		if (err->errnum == EACCES && h->version == 2)
			error_hint(err,
				   "an ordinary user enters only from a cgroup that lies with it "
				   "in one which the user may write");
		return -1;
	}
	return 0;
}

int cgroup_attach_leaf(const struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];

		if (h->leaf_join >= 0 && write(h->leaf_join, "0", 1) < 0)
			return error_sys(
				err, "enter cgroup \"%s%s/%s\": write \"0\" to its cgroup.procs",
				h->mount, h->path, h->leaf);
	}
	return 0;
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		fd_close(&cg->list[i].join);
		fd_close(&cg->list[i].procs);
		fd_close(&cg->list[i].leaf_join);
		fd_close(&cg->list[i].root);
	}
	devrules_forget(cg);
}

/* ---- limits ---------------------------------------------------------------------------------------------------------- */

void cgroup_prepare(struct cgroup *cg, const struct cgroup_plan *plan)
{
	if (cg->n && cg->made)
		devrules_prepare(cg, plan);
}

bool cgroup_restricts_at_once(const struct cgroup *cg)
{
	return !cg->n || devrules_are_atomic((struct cgroup *)(uintptr_t)cg);
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	struct hierarchy *v2 = cgroup_find_v2(cg);

	if (!cg->n)
		return 0;
	if (devrules_apply(cg, plan, err) || (!cg->made && knob_apply(cg, plan, true, err)) ||
	    knob_apply(cg, plan, false, err))
		return -1;
	/* Last, so that it has the last word on what other members say. */
	if (v2 && plan->n_unified && cgroup2_apply_unified(v2, plan, cg->arena, err))
		return -1;
	/* As long as a process is there, it can pass on nothing: init has gone down by now. */
	if (v2 && v2->leaf)
		delegate_pass_on(v2, cg->arena);
	return 0;
}

size_t cgroup_mounts(const struct cgroup *cg, struct arena *a, const struct cgroup_mount **ret)
{
	struct cgroup_mount *mounts = arena_new_n(a, struct cgroup_mount, cg->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		struct cgroup_mount m = { h->name, arena_printf(a, "%s%s", h->mount, h->path),
					  own_directory(h, a) };

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
	if (!n && cg->shared)
		mounts[n++] = (struct cgroup_mount){ "", NULL, cg->shared };
	*ret = mounts;
	return n;
}
