/* SPDX-License-Identifier: Apache-2.0 */
#include "run/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "run/idmap.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/root.h"

#define CLOSED           \
	{                \
		.fd = -1 \
	}

/* Descriptors that the start needs beside the sources. */
#define OTHER_DESCRIPTORS 64

static void empty(struct sources *s, const struct fs_plan *fs, struct arena *a)
{
	size_t n_late = 0;

	*s = (struct sources){ .arena = a, .root = CLOSED, .null = CLOSED, .proc = CLOSED };
	s->n = fs->n_opened;
	s->list = arena_new_n(a, struct source, s->n);
	for (size_t i = 0; i < s->n; i++)
		s->list[i].fd = -1;
	for (size_t i = 0; i < fs->n_mounts; i++)
		n_late += fs->mounts[i].late_readonly;
	if (n_late)
		s->late_readonly = arena_new_n(a, int, n_late);
}

void source_close(struct source *s)
{
	fd_close(&s->fd);
}

/* Many volumes need many descriptors for a short while; the container's limit is not changed by that. */
static void raise_limit(struct sources *s)
{
	rlim_t need = s->n + s->n_cgroups + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	s->nofile = limit.rlim_cur;
	limit.rlim_cur = MIN(need, limit.rlim_max);
	/* Where it cannot be raised far enough, opening says so. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void lower_limit(struct sources *s)
{
	struct rlimit limit;

	if (!s->nofile || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = s->nofile;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	s->nofile = 0;
}

static void close_opened(struct sources *s)
{
	source_close(&s->root);
	source_close(&s->null);
	for (size_t i = 0; i < s->n; i++)
		source_close(&s->list[i]);
	for (size_t i = 0; i < s->n_cgroups; i++)
		source_close(&s->cgroups[i].source);
}

void sources_close(struct sources *s)
{
	close_opened(s);
	for (size_t i = 0; i < s->n_late_readonly; i++)
		fd_close(&s->late_readonly[i]);
	proc_close(&s->proc);
	lower_limit(s);
}

/*
 * Opens a path of the host: a detached copy, or in the child, where that cannot be had in principle, a handle of the
 * inode. In the parent a handle would be of no use.
 */
static int open_source(const struct sources *s, const char *path, unsigned how, struct source *ret)
{
	struct statx st;

	if (!s->old_calls) {
		ret->fd = mount_clone_path(path, how);
		ret->detached = ret->fd >= 0;
	}
	if (s->old_calls || (ret->fd < 0 && s->late && mount_call_is_missing(errno)))
		ret->fd = mount_open_path(path, how);
	if (ret->fd < 0)
		return -1;
	if (statx(ret->fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT,
		  STATX_TYPE | STATX_MODE | STATX_MNT_ID, &st))
		return -1;
	ret->mode = st.stx_mode;
	if (ret->detached && st.stx_mask & STATX_MNT_ID)
		ret->mnt_id = st.stx_mnt_id;
	return 0;
}

static int open_root(const struct fs_plan *fs, struct sources *s, struct error *err)
{
	if (!fs->rootfs)
		return 0;
	if (open_source(s, fs->rootfs, MOUNT_TREE, &s->root) == 0 && !S_ISDIR(s->root.mode))
		errno = ENOTDIR;
	else if (s->root.fd >= 0)
		return 0;
	error_sys(err, "root directory \"%s\"", fs->rootfs);
	return error_at(err, "/root/path");
}

/* With copy-symlink a source that is a link is made again in the container, whatever it points to. */
static int read_source_link(const struct fs_mount *m, struct arena *a, struct source *ret)
{
	char text[4096];
	auto_fd int fd = mount_open_path(m->source, MOUNT_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (!S_ISLNK(st.st_mode))
		return 0;
	if (root_read_link(fd, text, sizeof(text)) < 0)
		return -1;
	ret->link = arena_strdup(a, text);
	return 0;
}

static int bind_failed(const struct fs_mount *m, struct error *err)
{
	error_sys(err, "mount source \"%s\"", m->source);
	return error_at(err, "/mounts/%u/source", m->index);
}

static int open_bind(const struct fs_mount *m, struct sources *s, struct error *err)
{
	struct source *source = &s->list[m->opened];
	unsigned how = (m->recursive ? MOUNT_TREE : 0) | (m->source_nofollow ? MOUNT_NOFOLLOW : 0);

	return !source->link && open_source(s, m->source, how, source) ? bind_failed(m, err) : 0;
}

/* Where the node of that number is on the host, if it is not at the same path: sysfs knows its name. */
static const char *find_device(const struct fs_device *d, struct arena *a)
{
	const char *path = arena_printf(a, "/sys/dev/%s/%u:%u/uevent",
					S_ISBLK(d->mode) ? "block" : "char", d->major, d->minor);
	const char *text = file_read_regular(path, 4096, a, NULL);
	const char *name = text ? strstr(text, "DEVNAME=") : NULL;

	if (!name)
		return NULL;
	name += strlen("DEVNAME=");
	return arena_printf(a, "/dev/%.*s", (int)strcspn(name, "\n"), name);
}

static bool is_device(const struct source *s, const struct fs_device *d)
{
	struct stat st;

	return s->fd >= 0 && fstat(s->fd, &st) == 0 &&
	       (st.st_mode & S_IFMT) == (d->mode & S_IFMT) &&
	       st.st_rdev == makedev(d->major, d->minor);
}

int sources_open_device(const struct sources *s, const struct fs_device *d, struct source *ret,
			struct error *err)
{
	const char *path = d->path;

	for (int tries = 0; tries < 2 && path; tries++) {
		if (open_source(s, path, 0, ret) && errno != ENOENT && errno != ENOTDIR) {
			error_sys(err, "device \"%s\"", path);
			return error_at(err, "/linux/devices/%u", d->index);
		}
		if (is_device(ret, d))
			return 0;
		source_close(ret);
		path = find_device(d, s->arena);
	}
	error_errno(err, ENOENT, "the host's node for device \"%s\" (%u:%u)", d->path, d->major,
		    d->minor);
	return error_at(err, "/linux/devices/%u", d->index);
}

static int open_null(struct sources *s, struct error *err)
{
	if (open_source(s, "/dev/null", 0, &s->null))
		return error_sys(err, "open the host's /dev/null");
	if (!file_is_null(s->null.fd))
		return error_set(err, ERR_SYSTEM, "the host's /dev/null is not the null device");
	return 0;
}

static int open_cgroups(struct sources *s, struct error *err)
{
	for (size_t i = 0; i < s->n_cgroups; i++) {
		struct cgroup_source *c = &s->cgroups[i];

		if (c->shared)
			c->left_out = !c->own || open_source(s, c->own, 0, &c->source);
		else if (open_source(s, c->path, 0, &c->source))
			return error_sys(err, "cgroup \"%s\"", c->path);
	}
	return 0;
}

static int open_all(const struct fs_plan *fs, struct sources *s, struct error *err)
{
	if (open_root(fs, s, err))
		return -1;
	for (size_t i = 0; i < fs->n_mounts; i++) {
		const struct fs_mount *m = &fs->mounts[i];

		if (m->kind == FS_BIND && open_bind(m, s, err))
			return -1;
		/* What cannot be had cannot stand in for anything. */
		if (m->instead)
			(void)open_source(s, m->instead, MOUNT_TREE, &s->list[m->opened]);
	}
	for (size_t i = 0; i < fs->n_devices; i++)
		if (fs->devices[i].opened != FS_NO_SOURCE &&
		    sources_open_device(s, &fs->devices[i], &s->list[fs->devices[i].opened], err))
			return -1;
	if (open_cgroups(s, err))
		return -1;
	return fs->n_masked ? open_null(s, err) : 0;
}

/* Where the container's cgroups will be, if a mount shows them. */
static void find_cgroups(const struct fs_plan *fs, const struct cgroup *cg, struct sources *s)
{
	const struct cgroup_mount *mounts;
	bool wanted = false;

	for (size_t i = 0; i < fs->n_mounts; i++)
		wanted |= fs->mounts[i].kind == FS_CGROUP;
	if (!wanted)
		return;
	s->n_cgroups = cgroup_mounts(cg, s->arena, &mounts);
	s->cgroups = arena_new_n(s->arena, struct cgroup_source, s->n_cgroups);
	for (size_t i = 0; i < s->n_cgroups; i++)
		s->cgroups[i] = (struct cgroup_source){ .name = mounts[i].name,
							.path = mounts[i].path,
							.own = mounts[i].own,
							.source = CLOSED };
}

/* What has not been made stands no longer in the list, which keeps its order: there the container is in our cgroup. */
static void settle_cgroups(const struct cgroup *cg, struct sources *s)
{
	const struct cgroup_mount *mounts;
	size_t n, made = 0;

	if (!s->n_cgroups)
		return;
	n = cgroup_mounts(cg, s->arena, &mounts);
	/* Where systemd has put it nobody knew before. */
	if (n == 1 && s->n_cgroups == 1)
		s->cgroups[0].path = mounts[0].path;
	for (size_t i = 0; i < s->n_cgroups; i++) {
		struct cgroup_source *c = &s->cgroups[i];

		c->shared = !c->path || made == n || !str_eq(c->path, mounts[made].path);
		made += !c->shared;
	}
}

/* ---- id maps ------------------------------------------------------------------------------------------------------- */

static int map_source(const struct source *source, const struct fs_mount *m, int user_namespace,
		      struct error *err)
{
	if (source->link)
		return 0;
	if (!source->detached) {
		error_errno(err, EPERM,
			    "map the ids of \"%s\": its mount cannot be copied, which takes Linux "
			    "5.12 and CAP_SYS_ADMIN in the user namespace of the file system",
			    m->source);
		return error_at(err, "/mounts/%u", m->index);
	}
	if (mount_map_ids(source->fd, m->idmap_tree ? MOUNT_TREE : 0, user_namespace) == 0)
		return 0;
	error_sys(err, "mount_setattr: map the ids of \"%s\"", m->source);
	idmap_explain(source->fd, err);
	return error_at(err, "/mounts/%u", m->index);
}

/* The user namespace that maps the ids of a mount. */
static int find_namespace(const struct fs_plan *fs, const struct fs_mount *m,
			  const struct proc *proc, pid_t pid, struct error *err)
{
	char path[32];
	int fd;

	if (m->maps.n_uid)
		return idmap_namespace(proc, &m->maps, err);
	if (fs->joined_user) {
		fd = idmap_open_namespace(fs->joined_user);
		return fd < 0 ? error_sys(err, "open \"%s\"", fs->joined_user) : fd;
	}
	snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	return proc_follow(proc, path, 0, err);
}

/* Maps what can be mapped now: pid 0 is before the clone, when a new user namespace does not exist yet. */
static int map_sources(struct sources *s, const struct fs_plan *fs, pid_t pid, struct error *err)
{
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int user_namespace = -1;
	const struct fs_mount *previous = NULL;

	for (size_t i = 0; i < fs->n_mounts; i++) {
		const struct fs_mount *m = &fs->mounts[i];
		bool waits = !m->maps.n_uid && !fs->joined_user;

		if (!m->idmap || waits != (pid != 0))
			continue;
		if (proc.fd < 0 && proc_open(&proc, PROC_PIDS, err))
			return -1;
		/* Volumes of one container have the same mappings as a rule. */
		if (!previous || !idmap_is_same(&previous->maps, &m->maps)) {
			fd_close(&user_namespace);
			user_namespace = find_namespace(fs, m, &proc, pid, err);
			if (user_namespace < 0)
				return error_at(err, "/mounts/%u", m->index);
			previous = m;
		}
		if (map_source(&s->list[m->opened], m, user_namespace, err))
			return -1;
	}
	return 0;
}

int sources_idmap(struct sources *s, const struct fs_plan *fs, pid_t pid, struct error *err)
{
	return fs->idmaps ? map_sources(s, fs, pid, err) : 0;
}

/* ---- opening ------------------------------------------------------------------------------------------------------- */

static bool can_copy(const struct fs_plan *fs)
{
	auto_fd int copy = mount_clone_path(fs->rootfs ? fs->rootfs : "/dev/null", 0);

	return copy >= 0;
}

int sources_prepare(const struct fs_plan *fs, const struct cgroup *cg, struct arena *a,
		    struct sources *ret, struct error *err)
{
	empty(ret, fs, a);
	find_cgroups(fs, cg, ret);
	for (size_t i = 0; i < fs->n_mounts; i++) {
		const struct fs_mount *m = &fs->mounts[i];

		if (m->copy_symlink && read_source_link(m, a, &ret->list[m->opened]))
			return bind_failed(m, err);
	}
	raise_limit(ret);
	return 0;
}

int sources_open(struct sources *s, const struct fs_plan *fs, const struct cgroup *cg,
		 struct error *err)
{
	settle_cgroups(cg, s);
	s->late = !mount_can_attach();
	if (!s->late) {
		if (open_all(fs, s, err) == 0 && (!fs->idmaps || map_sources(s, fs, 0, err) == 0))
			return 0;
		/* Only the absence of a call, or of the privilege, leaves it to the child. */
		s->late = mount_call_is_missing(err->errnum) && !can_copy(fs);
	}
	close_opened(s);
	if (s->late)
		return 0;
	sources_close(s);
	return -1;
}

/* ---- from parent to child ------------------------------------------------------------------------------------------ */

struct handover {
	bool late;
	struct source root, null;
	struct {
		struct source source;
		bool shared, left_out;
	} cgroups[CGROUP_HIERARCHIES];
	struct source list[];
};

size_t sources_size(const struct sources *s)
{
	return sizeof(struct handover) + s->n * sizeof(struct source);
}

void sources_give(const struct sources *s, void *memory)
{
	struct handover *h = memory;

	h->late = s->late;
	h->root = s->root;
	h->null = s->null;
	for (size_t i = 0; i < s->n_cgroups; i++) {
		h->cgroups[i].source = s->cgroups[i].source;
		h->cgroups[i].shared = s->cgroups[i].shared;
		h->cgroups[i].left_out = s->cgroups[i].left_out;
	}
	if (s->n)
		memcpy(h->list, s->list, s->n * sizeof(struct source));
}

void sources_take(struct sources *s, const void *memory)
{
	const struct handover *h = memory;

	s->late = h->late;
	s->root = h->root;
	s->null = h->null;
	for (size_t i = 0; i < s->n_cgroups; i++) {
		s->cgroups[i].source = h->cgroups[i].source;
		s->cgroups[i].shared = h->cgroups[i].shared;
		s->cgroups[i].left_out = h->cgroups[i].left_out;
	}
	if (s->n)
		memcpy(s->list, h->list, s->n * sizeof(struct source));
}

int sources_open_late(struct sources *s, const struct fs_plan *fs, struct error *err)
{
	s->old_calls = !mount_can_attach();
	if (!s->late)
		return 0;
	if (fs->idmaps)
		return error_set(err, ERR_SYSTEM,
				 "id-mapped mounts need a privileged caller and Linux 5.12");
	return open_all(fs, s, err);
}
