/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/hierarchy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/syscalls.h"

/* ---- controllers ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *name2;
} controllers[CONTROLLERS] = {
	[CONTROLLER_CPU] = { "cpu", "cpu" },
	[CONTROLLER_CPUACCT] = { "cpuacct", NULL },
	[CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
	[CONTROLLER_MEMORY] = { "memory", "memory" },
	[CONTROLLER_DEVICES] = { "devices", NULL },
	[CONTROLLER_FREEZER] = { "freezer", NULL },
	[CONTROLLER_BLKIO] = { "blkio", "io" },
	[CONTROLLER_NET_CLS] = { "net_cls", NULL },
	[CONTROLLER_NET_PRIO] = { "net_prio", NULL },
	[CONTROLLER_PIDS] = { "pids", "pids" },
	[CONTROLLER_HUGETLB] = { "hugetlb", "hugetlb" },
	[CONTROLLER_RDMA] = { "rdma", "rdma" },
};

const char *controller_name(enum controller controller, int version)
{
	return version == 2 ? controllers[controller].name2 : controllers[controller].name;
}

unsigned controllers_parse(const char *list, const char *separators, int version)
{
	unsigned bits = 0;

	while (*list) {
		size_t n = strcspn(list, separators);

		for (unsigned i = 0; i < CONTROLLERS; i++) {
			const char *name = controller_name((enum controller)i, version);

			if (name && strlen(name) == n && strncmp(name, list, n) == 0)
				bits |= 1u << i;
		}
		list += n + (list[n] != '\0');
	}
	return bits;
}

int hierarchy_read_controllers(struct hierarchy *h, struct error *err)
{
	auto_fd int fd = -1;
	char text[512];
	ssize_t n;

	fd = hierarchy_open(h, "cgroup.controllers", O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return error_sys(err, "read \"%s/cgroup.controllers\"", h->mount);
	text[n] = '\0';
	h->controllers = controllers_parse(text, " \n", 2);
	return 0;
}

struct hierarchy *cgroup_find_v2(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->list[i].version == 2)
			return &cg->list[i];
	return NULL;
}

int cgroup_find_controller(struct cgroup *cg, enum controller controller, struct hierarchy **ret,
			   struct error *err)
{
	struct hierarchy *v2 = NULL;

	*ret = NULL;
	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (h->version == 2)
			v2 = h;
		else if (h->controllers & 1u << controller)
			*ret = h;
	}
	if (*ret || !v2 || !controller_name(controller, 2))
		return 0;
	if (!v2->controllers && hierarchy_read_controllers(v2, err))
		return -1;
	if (v2->controllers & 1u << controller)
		*ret = v2;
	return 0;
}

/* ---- finding them ---------------------------------------------------------------------------------------------------- */

static struct hierarchy *add(struct cgroup *cg, int version, const char *name, const char *own)
{
	struct hierarchy *h;

	if (cg->n == CGROUP_HIERARCHIES)
		return NULL;
	h = &cg->list[cg->n++];
	*h = HIERARCHY_CLOSED;
	h->version = version;
	h->name = name;
	h->own = own;
	if (version == 1)
		h->controllers = controllers_parse(name, ",", 1);
	return h;
}

static bool try_mount(struct hierarchy *h, const char *mount)
{
	h->mount = mount;
	return hierarchy_open_root(h) == 0;
}

/* The usual places: a directory named after the hierarchy, or after one of its controllers. */
static bool find_below(struct cgroup *cg, struct hierarchy *h)
{
	const char *name = str_starts(h->name, "name=") ? h->name + 5 : h->name;

	if (!*name || strchr(name, '/'))
		return false;
	if (try_mount(h, arena_printf(cg->arena, "/sys/fs/cgroup/%s", name)))
		return true;
	for (const char *p = name; strchr(name, ',') && *p;) {
		size_t n = strcspn(p, ",");

		if (try_mount(h, arena_printf(cg->arena, "/sys/fs/cgroup/%.*s", (int)n, p)))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

/* Undoes the \ooo of the mount table. */
static char *unescape(char *s)
{
	char *to = s;

	for (const char *p = s; *p; p++)
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	*to = '\0';
	return s;
}

/* One line of /proc/self/mountinfo (proc_pid_mountinfo(5)): the mount point if it is of the hierarchy. */
static char *match_mount(char *line, const struct hierarchy *h)
{
	char *dash = strstr(line, " - "), *point = line, *type, *options, *end;

	if (!dash)
		return NULL;
	for (int field = 0; field < 4 && point; field++)
		point = strchr(point + 1, ' ');
	type = dash + 3;
	options = strrchr(type, ' ');
	if (!point || point >= dash || !options)
		return NULL;
	if (!str_starts(type, h->version == 2 ? "cgroup2 " : "cgroup "))
		return NULL;
	if (h->version == 1 && controllers_parse(options + 1, ",", 1) != h->controllers)
		return NULL;
	end = strchr(++point, ' ');
	if (end)
		*end = '\0';
	return unescape(point);
}

static bool find_in_mount_table(struct cgroup *cg, struct hierarchy *h, const char *table)
{
	while (*table) {
		size_t n = strcspn(table, "\n");
		const char *point = match_mount(arena_strndup(cg->arena, table, n), h);

		if (point && try_mount(h, point))
			return true;
		table += n + (table[n] == '\n');
	}
	return false;
}

/*
 * v2 is alone at /sys/fs/cgroup, or beside v1 hierarchies in a directory there. A named hierarchy without a mount has no
 * use; one with a controller may be mounted anywhere.
 */
static int find_mounts(struct cgroup *cg, struct error *err)
{
	const char *table = NULL;
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];
		bool found;

		if (h->version == 2)
			found = (n && try_mount(h, "/sys/fs/cgroup/unified")) ||
				try_mount(h, "/sys/fs/cgroup");
		else
			found = find_below(cg, h);
		if (!found && (h->version == 2 ? n == 0 : h->controllers != 0)) {
			auto_fd int fd = -1;

			if (!table) {
				fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
				table = fd < 0 ? NULL : fd_read_all(cg->arena, fd, 64 << 20, NULL);
			}
			if (!table)
				return error_sys(err, "read /proc/self/mountinfo");
			found = find_in_mount_table(cg, h, table);
		}
		h->alone = h->version == 2 && str_eq(h->mount, "/sys/fs/cgroup");
		if (found)
			cg->list[n++] = *h;
	}
	cg->n = n;
	return 0;
}

int hierarchy_find_all(struct cgroup *cg, struct error *err)
{
	auto_fd int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(cg->arena, fd, 1 << 20, NULL);
	char *line = text, *next;

	if (!text)
		return error_sys(err, "read /proc/self/cgroup");
	/* Lines of cgroups(7): "id:controllers:path", of v2 "0::path"; v2 is the last one. */
	for (; *line; line = next) {
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!path)
			continue;
		*path++ = '\0';
		if (!add(cg, list[1] ? 1 : 2, list + 1, path))
			return error_set(err, ERR_SYSTEM, "more than %d cgroup hierarchies",
					 CGROUP_HIERARCHIES);
	}
	return find_mounts(cg, err);
}

const char *hierarchy_path_of(struct arena *a, pid_t pid)
{
	auto_fd int fd = open(arena_printf(a, "/proc/%d/cgroup", (int)pid), O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(a, fd, 1 << 20, NULL);
	char *line = text && str_starts(text, "0::") ? text : text ? strstr(text, "\n0::") : NULL;

	if (!line)
		return NULL;
	line = strchr(line, '/');
	if (line)
		line[strcspn(line, "\n")] = '\0';
	return line;
}

/* ---- below the root -------------------------------------------------------------------------------------------------- */

int hierarchy_open_root(struct hierarchy *h)
{
	auto_fd int fd = -1;
	struct statfs fs;

	if (h->root >= 0)
		return 0;
	fd = open(h->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	if (fs.f_type != (h->version == 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC)) {
		errno = ENODEV;
		return -1;
	}
	h->root = fd_take(&fd);
	return 0;
}

/* What a removed directory answers: kernfs says ENODEV where a name led to it before. */
static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENODEV;
}

/* Where openat2(2) is missing or filtered: part by part, none of which may be a link or lie on another file system. */
static int open_by_parts(int root, const char *path, int flags)
{
	auto_fd int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat top, st;

	if (at < 0 || fstat(at, &top) < 0)
		return -1;
	for (;;) {
		size_t n = strcspn(path, "/");
		bool last = !path[n];
		char part[NAME_MAX + 1];
		auto_fd int next = -1;

		if (n > NAME_MAX || (n == 2 && str_starts(path, ".."))) {
			errno = EXDEV;
			return -1;
		}
		memcpy(part, path, n);
		part[n] = '\0';
		next = openat(at, n ? part : ".",
			      (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 || fstat(next, &st) < 0)
			return -1;
		if (st.st_dev != top.st_dev) {
			errno = EXDEV;
			return -1;
		}
		if (last)
			return fd_take(&next);
		fd_close(&at);
		at = fd_take(&next);
		path += n + 1;
	}
}

int hierarchy_open(struct hierarchy *h, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
				.resolve =
					RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	int fd;

	if (hierarchy_open_root(h) < 0)
		return -1;
	path += strspn(path, "/");
	fd = sys_openat2(h->root, *path ? path : ".", &how);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_by_parts(h->root, path, flags);
	return fd;
}

int hierarchy_open_file(struct hierarchy *h, const char *file, int flags)
{
	char path[PATH_MAX];

	/* Paths are short enough by plan_cgroup(). */
	snprintf(path, sizeof(path), "%s/%s", h->path, file);
	return hierarchy_open(h, path, flags);
}

bool hierarchy_read(struct hierarchy *h, const char *file, char *buf, size_t size)
{
	auto_fd int fd = hierarchy_open_file(h, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return false;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return true;
}

int hierarchy_write(struct hierarchy *h, const char *file, const char *value)
{
	auto_fd int fd = hierarchy_open_file(h, file, O_WRONLY);

	if (fd < 0)
		return -1;
	return write(fd, value, strlen(value)) < 0 ? -1 : 0;
}

/* ---- making ---------------------------------------------------------------------------------------------------------- */

/* The length of the part of the path that ends before its last component, without the '/'; 0: the root. */
static size_t parent_length(const char *path, size_t length)
{
	while (length > 0 && path[length - 1] != '/')
		length--;
	return length ? length - 1 : 0;
}

static int open_prefix(struct hierarchy *h, size_t length)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s", (int)length, h->path);
	return hierarchy_open(h, path, O_PATH | O_DIRECTORY);
}

int hierarchy_probe(struct hierarchy *h, struct error *err)
{
	size_t length = strlen(h->path);

	h->existed = true;
	for (;;) {
		auto_fd int fd = length ? open_prefix(h, length) : 0;

		if (length == 0)
			fd_take(&fd);
		if (length == 0 || fd >= 0)
			break;
		if (errno != ENOENT)
			return error_sys(err, "open cgroup \"%s%.*s\"", h->mount, (int)length,
					 h->path);
		h->existed = false;
		length = parent_length(h->path, length);
	}
	h->kept = length;
	return 0;
}

/* Makes path[0..length), whose parent exists. */
static int make_one(struct hierarchy *h, size_t length)
{
	size_t parent = parent_length(h->path, length);
	auto_fd int at = parent ? open_prefix(h, parent) : -1;
	char name[NAME_MAX + 1];

	if (parent && at < 0)
		return -1;
	snprintf(name, sizeof(name), "%.*s", (int)(length - parent - 1), h->path + parent + 1);
	return mkdirat(parent ? at : h->root, name, 0755);
}

/* One attempt, from the part that exists on. */
static int make_rest(struct hierarchy *h, size_t from, struct error *err)
{
	for (size_t length = from; h->path[length];) {
		length++;
		length += strcspn(h->path + length, "/");
		/* Parents are shared; the container's own was not there when we looked. */
		if (make_one(h, length) < 0 && (errno != EEXIST || !h->path[length]))
			return error_sys(err, "mkdir \"%s%.*s\"", h->mount, (int)length, h->path);
	}
	return 0;
}

int hierarchy_make(struct hierarchy *h, struct error *err)
{
	if (h->existed)
		return 0;
	/* A parent may be removed under us by whoever removes the last container in it . */
	for (int attempt = 0; attempt < 8; attempt++) {
		if (make_rest(h, attempt ? 0 : h->kept, err) == 0)
			return 0;
		if (!is_gone(err->errnum))
			break;
	}
	return -1;
}

/* ---- removing -------------------------------------------------------------------------------------------------------- */

/* A directory below that rmdir(2) refuses, to go on in: its descriptor, -1 if all are gone, -2 on error. */
static int remove_children(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), busy = -1;
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!stream) {
		fd_close(&copy);
		return is_gone(errno) ? -1 : -2;
	}
	while (busy == -1 && (entry = readdir(stream))) {
		struct stat st;

		if (entry->d_type != DT_DIR || str_eq(entry->d_name, ".") ||
		    str_eq(entry->d_name, ".."))
			continue;
		if (unlinkat(dir, entry->d_name, AT_REMOVEDIR) == 0 || is_gone(errno))
			continue;
		busy = -2;
		if (errno != EBUSY && errno != ENOTEMPTY)
			break;
		/* Without directories in it, it is processes that keep it (kernfs counts directories in the links). */
		if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_nlink <= 2) {
			errno = EBUSY;
			break;
		}
		busy = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (busy < 0)
			busy = is_gone(errno) ? -1 : -2;
	}
	(void)closedir(stream);
	return busy;
}

/*
 * A container may have made a tree of any depth, so it is walked down and up with one descriptor. Whoever adds to it
 * meanwhile is a living process, which is seen as EBUSY.
 */
static int remove_below(int top)
{
	auto_fd int at = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t depth = 0;

	while (at >= 0) {
		int next = remove_children(at);

		if (next == -2)
			return -1;
		if (next >= 0) {
			depth++;
		} else {
			if (depth == 0)
				return 0;
			depth--;
			next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
		fd_close(&at);
		at = next;
	}
	return -1;
}

static int remove_prefix(struct hierarchy *h, size_t length)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s", (int)length - 1, h->path + 1);
	return unlinkat(h->root, path, AT_REMOVEDIR);
}

/* Those above are shared: what is in use stays. */
static void remove_above(struct hierarchy *h)
{
	size_t length = parent_length(h->path, strlen(h->path));

	for (; length > h->kept; length = parent_length(h->path, length))
		if (remove_prefix(h, length) < 0 && errno != ENOENT)
			break;
}

bool hierarchy_remove_empty(struct hierarchy *h)
{
	size_t length = strlen(h->path);

	/* A hierarchy that is mounted no more has nothing of ours. */
	if (hierarchy_open_root(h) < 0)
		return errno == ENOENT || errno == ENODEV;
	if (h->kept == length || (remove_prefix(h, length) < 0 && !is_gone(errno)))
		return false;
	remove_above(h);
	return true;
}

int hierarchy_remove(struct hierarchy *h)
{
	size_t length = strlen(h->path);
	auto_fd int dir = -1;

	if (hierarchy_remove_empty(h))
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY && h->kept < length)
		return -1;
	dir = open_prefix(h, length);
	if (dir < 0)
		return is_gone(errno) ? 0 : -1;
	if (remove_below(dir) < 0)
		return -1;
	if (h->kept == length)
		return 0;
	if (remove_prefix(h, length) < 0 && !is_gone(errno))
		return -1;
	remove_above(h);
	return 0;
}
