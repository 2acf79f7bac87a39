/* SPDX-License-Identifier: Apache-2.0 */
#include "run/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/mount.h"
#include "sys/root.h"

#define LINKS_MAX 40

/* A walk: what is done, and what is left of the path. */
struct walk {
	const struct view *view;
	struct arena *arena;
	const char *done; /* "" is the root */
	const char *rest;
	int fd; /* of what `done` leads to, -1: not known */
	const struct fs_mount *on;
	unsigned links;
	int errnum;
};

static const struct view_mount *mount_at(const struct view *v, const char *path)
{
	for (size_t i = v->n; i-- > 0;)
		if (str_eq(v->mounts[i].target, path))
			return &v->mounts[i];
	return NULL;
}

/* Goes over to what a mount shows; nothing is known of a file system that does not exist yet. */
static void enter_mount(struct walk *w, const struct fs_mount *m)
{
	fd_close(&w->fd);
	w->on = m;
	if (m->kind == FS_BIND && !m->copy_symlink)
		w->fd = mount_open_path(m->source, m->source_nofollow ? MOUNT_NOFOLLOW : 0);
}

static void begin_at_root(struct walk *w)
{
	const struct view_mount *m = mount_at(w->view, "");

	fd_close(&w->fd);
	w->done = "";
	w->on = NULL;
	w->fd = fcntl(w->view->root, F_DUPFD_CLOEXEC, 3);
	if (m)
		enter_mount(w, m->mount);
}

/* ".." is what the path without its last part leads to: it holds no links any more. */
static void go_up(struct walk *w)
{
	const char *slash = strrchr(w->done, '/');

	w->rest = arena_printf(w->arena, "%.*s/%s", slash ? (int)(slash - w->done) : 0, w->done,
			       w->rest);
	begin_at_root(w);
}

/* The target of a link takes the place of its name. */
static int follow(struct walk *w, int link)
{
	char target[4096];

	if (++w->links > LINKS_MAX) {
		w->errnum = ELOOP;
		return -1;
	}
	if (root_read_link(link, target, sizeof(target)) < 0) {
		w->errnum = errno;
		return -1;
	}
	w->rest = arena_printf(w->arena, "%s/%s", target, w->rest);
	if (target[0] == '/')
		begin_at_root(w);
	return 0;
}

/* One component that is neither "." nor ".."; `last` ones are followed too. */
static int step(struct walk *w, const char *name)
{
	const char *path = arena_printf(w->arena, "%s/%s", w->done, name);
	const struct view_mount *m = mount_at(w->view, path);
	const struct root here = { w->fd, "container" };
	auto_fd int next = -1;
	struct stat st;

	if (m) {
		w->done = path;
		enter_mount(w, m->mount);
		return 0;
	}
	if (w->fd < 0) {
		w->done = path;
		return 0;
	}
	next = root_find(&here, name, ROOT_NOFOLLOW);
	if (next < 0 || fstat(next, &st)) {
		w->errnum = errno;
		return -1;
	}
	if (S_ISLNK(st.st_mode))
		return follow(w, next);
	w->done = path;
	fd_close(&w->fd);
	w->fd = fd_take(&next);
	return 0;
}

/* Up to the end of the path, or to what is missing: -1 with errnum. */
static int go(struct walk *w)
{
	for (;;) {
		size_t n;
		const char *name;

		w->rest += strspn(w->rest, "/");
		n = strcspn(w->rest, "/");
		if (!n)
			return 0;
		name = arena_strndup(w->arena, w->rest, n);
		w->rest += n;
		if (str_eq(name, "."))
			continue;
		if (str_eq(name, "..")) {
			go_up(w);
		} else if (step(w, name)) {
			/* What would be made here keeps its name. */
			w->done = arena_printf(w->arena, "%s/%s", w->done, name);
			return -1;
		}
	}
}

struct view_place view_find(const struct view *v, const char *path)
{
	struct walk w = { .view = v, .arena = v->arena, .rest = path, .fd = -1 };
	struct view_place place = { .fd = -1 };

	begin_at_root(&w);
	if (go(&w)) {
		place.kind = VIEW_MISSING;
		place.errnum = w.errnum;
		place.path = fs_clean_path(arena_printf(w.arena, "%s%s", w.done, w.rest), w.arena);
		fd_close(&w.fd);
		return place;
	}
	place.kind = w.fd < 0 ? VIEW_UNKNOWN : VIEW_FOUND;
	place.fd = w.fd;
	place.path = w.done;
	place.on = w.on;
	return place;
}

int view_open_host(struct arena *a, struct view *ret)
{
	*ret = (struct view){ .arena = a, .root = mount_open_path("/", 0) };
	return ret->root < 0 ? -1 : 0;
}

int view_open(const struct fs_plan *fs, struct arena *a, struct view *ret)
{
	*ret = (struct view){ .arena = a, .root = mount_open_path(fs->rootfs, 0) };
	if (ret->root < 0)
		return -1;
	ret->mounts = arena_new_n(a, struct view_mount, fs->n_mounts);
	for (size_t i = 0; i < fs->n_mounts; i++) {
		const struct fs_mount *m = &fs->mounts[i];
		struct view_place place;

		if (m->kind == FS_REMOUNT)
			continue;
		/* Each in the tree that those before it have made. */
		place = view_find(ret, m->target);
		fd_close(&place.fd);
		ret->mounts[ret->n++] = (struct view_mount){ place.path, m };
	}
	return 0;
}

void view_close(struct view *v)
{
	fd_close(&v->root);
}
