/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cgroup1.h"
#include "sys/syscalls.h"

#define MOUNT_ROOT "/sys/fs/cgroup"

/* ---- finding the hierarchies ------------------------------------------------------------------------------------------ */

static bool is_hierarchy(const char *path, long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == magic;
}

/* One line of /proc/self/cgroup: "4:memory:/path", "9:name=systemd:/path", "0::/path" for version 2. */
static void add_hierarchy(struct cgroup *cg, char *line, const char *path)
{
	char *controllers = strchr(line, ':'), *end;
	struct hierarchy *h = &cg->list[cg->n];
	const char *name;

	if (!controllers++ || !(end = strchr(controllers, ':')) || end == controllers)
		return;
	*end = '\0';
	name = str_starts(controllers, "name=") ? controllers + 5 : controllers;
	*h = (struct hierarchy){ .name = name,
				 .mount = arena_printf(cg->arena, MOUNT_ROOT "/%s", name),
				 .path = path,
				 .made = "",
				 .fd = -1,
				 .tasks = -1 };
	/* It may exist without being mounted: then nobody uses it here. */
	if (is_hierarchy(h->mount, CGROUP_SUPER_MAGIC))
		cg->n++;
}

static int find_hierarchies(struct cgroup *cg, const char *path, struct error *err)
{
	auto_fd int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(cg->arena, fd, (size_t)1 << 20, NULL), *line;
	size_t lines = 1;

	if (!text)
		return error_sys(err, "read /proc/self/cgroup");
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	cg->list = arena_new_n(cg->arena, struct hierarchy, lines);
	while ((line = strsep(&text, "\n")))
		add_hierarchy(cg, line, path);
	if (cg->n || cg->tolerant)
		return 0;
	return error_set(err, ERR_SYSTEM,
			 "no cgroup hierarchy of version 1 is mounted below " MOUNT_ROOT
			 " (--cgroup-manager disabled does without cgroups)");
}

static bool has_controller(const char *list, const char *controller)
{
	size_t n = strlen(controller);

	for (const char *p = list; (p = strstr(p, controller)); p += n)
		if ((p == list || p[-1] == ',') && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

struct hierarchy *cgroup_find(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (has_controller(cg->list[i].name, controller))
			return &cg->list[i];
	return NULL;
}

/* The first directory on the way that does not exist, "" if all do. */
static const char *topmost_missing(const struct hierarchy *h, struct arena *a)
{
	char *path = arena_printf(a, "%s%s", h->mount, h->path);
	size_t mount = strlen(h->mount);

	if (access(path, F_OK) == 0)
		return "";
	for (char *p = path + mount + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (access(path, F_OK) < 0)
			break;
		*p = '/';
	}
	return path + mount;
}

static int check_limits(const struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->n_limits; i++) {
		const char *controller = cgroup1_controller(plan->limits[i].kind);

		if (!cgroup_find(cg, controller))
			return error_config(
				err, plan->limits[i].where,
				"the cgroup controller %s is not available on this host",
				controller);
	}
	if (plan->n_unified)
		return error_config(err, "/linux/resources/unified",
				    "\"%s\" is of cgroup v2, this host's controllers are of v1",
				    plan->unified[0].key);
	if (plan->n_devices > 1 && !cg->tolerant && !cgroup_find(cg, "devices"))
		return error_config(err, "/linux/resources/devices",
				    "the cgroup controller devices is not available on this host");
	return 0;
}

int cgroup_open(struct arena *a, const struct cgroup_plan *plan, const struct host *host,
		struct cgroup **ret, struct error *err)
{
	struct cgroup *cg = arena_new(a, struct cgroup);

	cg->arena = a;
	cg->tolerant = host->rootless;
	*ret = cg;
	if (!plan->path)
		return 0;
	if (find_hierarchies(cg, plan->path, err) || check_limits(cg, plan, err))
		return -1;
	for (size_t i = 0; i < cg->n; i++)
		cg->list[i].made = topmost_missing(&cg->list[i], a);
	return 0;
}

/* ---- the record ------------------------------------------------------------------------------------------------------- */

/* "MOUNT PATH MADE": paths may hold blanks, so each is preceded by its length. */
const char *cgroup_line(const struct cgroup *cg, size_t i)
{
	const struct hierarchy *h = &cg->list[i];

	return arena_printf(cg->arena, "%zu %zu %s%s%s", strlen(h->mount), strlen(h->path),
			    h->mount, h->path, h->made);
}

int cgroup_from_lines(struct arena *a, const char *const *lines, size_t n, struct cgroup **ret,
		      struct error *err)
{
	struct cgroup *cg = arena_new(a, struct cgroup);

	cg->arena = a;
	cg->list = arena_new_n(a, struct hierarchy, n);
	cg->n = n;
	for (size_t i = 0; i < n; i++) {
		struct hierarchy *h = &cg->list[i];
		size_t mount, path;
		int at = 0;

		if (sscanf(lines[i], "%9zu %9zu %n", &mount, &path, &at) != 2 || !at ||
		    strlen(lines[i] + at) < mount + path || mount < sizeof(MOUNT_ROOT))
			return error_set(err, ERR_STATE, "the record of the cgroups is broken");
		h->mount = arena_strndup(a, lines[i] + at, mount);
		h->path = arena_strndup(a, lines[i] + at + mount, path);
		h->made = lines[i] + at + mount + path;
		h->name = h->mount + sizeof(MOUNT_ROOT);
		h->fd = h->tasks = -1;
	}
	*ret = cg;
	return 0;
}

/* ---- making ----------------------------------------------------------------------------------------------------------- */

int hierarchy_open(struct hierarchy *h)
{
	char path[4096];

	if (h->fd >= 0)
		return h->fd;
	if (snprintf(path, sizeof(path), "%s%s", h->mount, h->path) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	h->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return h->fd;
}

/*
 * Makes one directory after the other, each below a handle of the one before. cgroupfs knows no links, and the root's kind
 * has been checked, so no name can lead elsewhere.
 */
static int make_path(struct hierarchy *h, struct arena *a, struct error *err)
{
	bool cpuset = has_controller(h->name, "cpuset");
	char *path = arena_strdup(a, h->path + 1), *part;
	auto_fd int dir = open(h->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_sys(err, "open \"%s\"", h->mount);
	while ((part = strsep(&path, "/"))) {
		auto_fd int next = -1;

		if (mkdirat(dir, part, 0755) < 0 && errno != EEXIST)
			return error_sys(err, "mkdir \"%s\" of \"%s%s\"", part, h->mount, h->path);
		next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return error_sys(err, "open \"%s\" of \"%s%s\"", part, h->mount, h->path);
		if (cpuset && cgroup1_fill_cpuset(dir, next, err))
			return error_in(err, "cgroup \"%s%s\"", h->mount, h->path);
		fd_close(&dir);
		dir = fd_take(&next);
	}
	h->fd = fd_take(&dir);
	return 0;
}

static int check_unused(const struct hierarchy *h, struct error *err)
{
	char text[64];

	if (cgroup_read_file(h->fd, "cgroup.procs", text, sizeof(text)) > 0 && *text) {
		error_set(err, ERR_CONFIG, "cgroup \"%s%s\" is not empty: process %s is in it",
			  h->mount, h->path, text);
		return error_at(err, "/linux/cgroupsPath");
	}
	if (cgroup_read_file(h->fd, "freezer.state", text, sizeof(text)) > 0 &&
	    !str_eq(text, "THAWED")) {
		error_set(err, ERR_CONFIG, "cgroup \"%s%s\" is frozen", h->mount, h->path);
		return error_at(err, "/linux/cgroupsPath");
	}
	return 0;
}

static bool is_refusal(int errnum)
{
	return errnum == EACCES || errnum == EPERM || errnum == EROFS;
}

int cgroup_make(struct cgroup *cg, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (make_path(h, cg->arena, err)) {
			if (cg->tolerant && is_refusal(err->errnum))
				continue;
			return -1;
		}
		if (!*h->made && check_unused(h, err))
			return -1;
		h->tasks = openat(h->fd, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
		if (h->tasks < 0)
			return error_sys(err, "open tasks of \"%s%s\"", h->mount, h->path);
		cg->list[kept++] = *h;
	}
	cg->n = kept;
	return 0;
}

int cgroup_clone_fd(const struct cgroup *cg UNUSED)
{
	return -1;
}

int cgroup_attach_self(const struct cgroup *cg, struct error *err)
{
	/* A single thread that moves itself spares the kernel's global lock, which "cgroup.procs" takes. */
	for (size_t i = 0; i < cg->n; i++)
		if (write(cg->list[i].tasks, "0", 1) < 0)
			return error_sys(err, "join cgroup \"%s%s\"", cg->list[i].mount,
					 cg->list[i].path);
	return 0;
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	if (cgroup1_apply_limits(cg, plan->limits, plan->n_limits, err))
		return -1;
	if (cg->tolerant && !cgroup_find(cg, "devices"))
		return 0;
	return cgroup1_apply_devices(cg, plan->devices, plan->n_devices, err);
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		fd_close(&cg->list[i].fd);
		fd_close(&cg->list[i].tasks);
	}
}

size_t cgroup_mounts(const struct cgroup *cg, struct arena *a, const struct cgroup_mount **ret)
{
	struct cgroup_mount *mounts = arena_new_n(a, struct cgroup_mount, cg->n);

	for (size_t i = 0; i < cg->n; i++)
		mounts[i] = (struct cgroup_mount){
			cg->list[i].name,
			arena_printf(a, "%s%s", cg->list[i].mount, cg->list[i].path),
		};
	*ret = mounts;
	return cg->n;
}

/* ---- asking ----------------------------------------------------------------------------------------------------------- */

bool cgroup_frozen(const struct cgroup *cg)
{
	struct hierarchy *h = cgroup_find(cg, "freezer");
	char text[32];

	return h && hierarchy_open(h) >= 0 &&
	       cgroup_read_file(h->fd, "freezer.state", text, sizeof(text)) > 0 &&
	       !str_eq(text, "THAWED");
}

int cgroup_thaw(const struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = cgroup_find(cg, "freezer");

	if (!h || hierarchy_open(h) < 0)
		return 0;
	return cgroup_write_file(h->fd, "freezer.state", "THAWED", err);
}

bool cgroup_oom_killed(const struct cgroup *cg)
{
	struct hierarchy *h = cgroup_find(cg, "memory");
	auto_fd int fd = -1;
	char text[256], *p;
	ssize_t n;

	if (!h || hierarchy_open(h) < 0)
		return false;
	fd = openat(h->fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	p = strstr(text, "oom_kill ");
	return p && strtoul(p + 9, NULL, 10) > 0;
}
