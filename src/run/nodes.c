/* SPDX-License-Identifier: Apache-2.0 */
#include "run/nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/syscalls.h"

/* The host's node can be used, and neither its mode, owner nor times be changed. */
static const struct mount_set bound_node = {
	.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	.clear = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	.propagation = MS_PRIVATE,
};
static const struct mount_set nothing = { 0 };

/* Whether a directory of the container is one of the host's: it lies on a mount that was bound. */
static bool is_bound(const struct tree *t, int dir)
{
	uint64_t id = mount_id(dir);

	for (size_t i = 0; id && i < t->fs->n_mounts; i++) {
		const struct fs_mount *m = &t->fs->mounts[i];

		if (m->kind == FS_BIND && t->sources->list[m->opened].mnt_id == id)
			return true;
	}
	return false;
}

/* A kernel that does not number mounts, or none that we could attach: by name, then. */
static bool is_bound_by_name(const struct tree *t, const char *dir)
{
	bool bound = false;

	for (size_t i = 0; i < t->fs->n_mounts; i++) {
		const struct fs_mount *m = &t->fs->mounts[i];

		if (str_eq(m->target, dir))
			bound = m->kind == FS_BIND && !t->sources->list[m->opened].mnt_id;
	}
	return bound;
}

/* ---- devices ------------------------------------------------------------------------------------------------------- */

static bool is_node(const struct stat *st, const struct fs_device *d)
{
	return (st->st_mode & S_IFMT) == (d->mode & S_IFMT) &&
	       (S_ISFIFO(d->mode) || st->st_rdev == makedev(d->major, d->minor));
}

/* Something to mount the host's node on: an empty file, a left-over one, or the device itself. */
static int make_node_target(int dir, const struct fs_device *d, struct error *err)
{
	auto_fd int fd = -1;
	struct stat st;

	if (mknodat(dir, d->name, S_IFREG | 0666, 0) && errno != EEXIST)
		return error_sys(err, "create");
	fd = openat(dir, d->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return error_sys(err, "open");
	if (!(S_ISREG(st.st_mode) && st.st_size == 0) && !is_node(&st, d))
		return error_errno(err, EEXIST, "something else than the device is there");
	return fd_take(&fd);
}

static int bind_node(struct tree *t, const struct fs_device *d, int dir, struct source *source,
		     struct error *err)
{
	auto_fd int target = make_node_target(dir, d, err);
	int result;

	if (target < 0)
		return -1;
	result = tree_attach(t, source, target, d->path, 0, &nothing, &bound_node, err);
	source_close(source);
	return result;
}

/* A kernel or filter that refuses mknod(2) may still let us use the host's node. */
static int bind_refused(struct tree *t, const struct fs_device *d, int dir, struct error *err)
{
	struct source source = { .fd = -1 };

	if (sources_open_device(t->sources, d, &source, err))
		return -1;
	return bind_node(t, d, dir, &source, err);
}

static int check_bound_node(int dir, const struct fs_device *d, struct error *err)
{
	struct stat st;

	if (d->index == FS_DEFAULT_DEVICE)
		return 0;
	if (fstatat(dir, d->name, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(err, "\"%s\" is bound from the host, and has no such device",
				 d->dir);
	if (!is_node(&st, d))
		return error_errno(err, EEXIST, "something else than the device is there");
	return 0;
}

static int make_device(struct tree *t, const struct fs_device *d, int dir, bool bound,
		       struct error *err)
{
	if (bound)
		return check_bound_node(dir, d, err);
	if (d->opened != FS_NO_SOURCE)
		return bind_node(t, d, dir, &t->sources->list[d->opened], err);
	if (root_mknod(dir, d->name, d->mode, makedev(d->major, d->minor), d->uid, d->gid, err) ==
	    0)
		return 0;
	return err->errnum == EPERM && !S_ISFIFO(d->mode) ? bind_refused(t, d, dir, err) : -1;
}

static int open_directory(const struct tree *t, const char *path, int *dir, bool *ret_bound,
			  struct error *err)
{
	fd_close(dir);
	*dir = root_make(&t->root, path, ROOT_DIRECTORY, S_IFDIR, NULL, err);
	if (*dir < 0)
		return -1;
	*ret_bound = is_bound(t, *dir) || is_bound_by_name(t, path);
	return 0;
}

static int device_failed(const struct fs_device *d, struct error *err)
{
	error_in(err, "device \"%s\"", d->path);
	return d->index == FS_DEFAULT_DEVICE ? -1 : error_at(err, "/linux/devices/%u", d->index);
}

static int make_devices(struct tree *t, struct error *err)
{
	auto_fd int dir = -1;
	const char *path = NULL;
	bool bound = false;

	for (size_t i = 0; i < t->fs->n_devices; i++) {
		const struct fs_device *d = &t->fs->devices[i];

		/* As a rule they all are in /dev. */
		if (!path || !str_eq(path, d->dir)) {
			path = d->dir;
			if (open_directory(t, path, &dir, &bound, err))
				return device_failed(d, err);
		}
		if (make_device(t, d, dir, bound, err))
			return device_failed(d, err);
	}
	return 0;
}

/* ---- links --------------------------------------------------------------------------------------------------------- */

/* A link is made where what it points to exists; descriptors 0 to 2 are always open. */
static bool exists(const struct tree *t, const char *path)
{
	auto_fd int fd = root_find(&t->root, path, ROOT_NOFOLLOW);

	return fd >= 0;
}

/* The link of every container; what the image has in its place is not a terminal of this container. */
static int link_ptmx(int dir, struct error *err)
{
	char text[16];
	bool made;
	ssize_t n;

	if (root_symlink(dir, "ptmx", "pts/ptmx", &made, err) || made)
		return made ? 0 : -1;
	n = readlinkat(dir, "ptmx", text, sizeof(text));
	if (n == (ssize_t)strlen("pts/ptmx") && memcmp(text, "pts/ptmx", (size_t)n) == 0)
		return 0;
	if (unlinkat(dir, "ptmx", 0))
		return error_sys(err, "replace \"/dev/ptmx\"");
	return root_symlink(dir, "ptmx", "pts/ptmx", NULL, err);
}

static int make_links(struct tree *t, struct error *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};
	auto_fd int dir = -1;
	bool bound;

	if (open_directory(t, "/dev", &dir, &bound, err))
		return -1;
	if (bound)
		return 0;
	if (exists(t, links[0].target))
		for (size_t i = 0; i < ARRAY_SIZE(links); i++)
			if (root_symlink(dir, links[i].name, links[i].target, NULL, err))
				return -1;
	if (exists(t, "/proc/kcore") && root_symlink(dir, "core", "/proc/kcore", NULL, err))
		return -1;
	return link_ptmx(dir, err);
}

int nodes_make(struct tree *t, struct error *err)
{
	return make_devices(t, err) || make_links(t, err) ? -1 : 0;
}

/* ---- console ------------------------------------------------------------------------------------------------------- */

static int attach_console(int peer, int target, struct error *err)
{
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int mnt = mount_can_attach() ? mount_clone(peer, 0) : -1;

	if (mnt >= 0)
		return mount_attach(mnt, target, err);
	if (!mount_call_is_missing(errno))
		return error_sys(err, "open_tree of the terminal");
	if (proc_open(&proc, PROC_PIDS, err) || mount_old_bind(&proc, peer, target, 0, err))
		return -1;
	return chdir("/") ? error_sys(err, "chdir") : 0;
}

int nodes_console(const struct root *root, int peer, struct error *err)
{
	auto_fd int target = root_make(root, "/dev/console", ROOT_NOFOLLOW, S_IFREG, NULL, err);
	struct stat st;

	if (target < 0)
		return -1;
	if (fstat(target, &st))
		return error_sys(err, "stat \"/dev/console\"");
	/* Only what nobody can have put there to be written through. */
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return error_errno(err, EEXIST, "\"/dev/console\" is no file or device");
	if (attach_console(peer, target, err))
		return error_in(err, "bind the terminal on \"/dev/console\"");
	return 0;
}
