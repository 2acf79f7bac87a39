/* SPDX-License-Identifier: Apache-2.0 */
#include "run/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "base/str.h"
#include "run/nodes.h"
#include "run/tree.h"
#include "state/state.h"
#include "sys/clone.h"
#include "sys/file.h"
#include "sys/selfexe.h"
#include "sys/syscalls.h"

/* How long an unmount in another namespace may take. */
#define DETACH_SECONDS 60

#define RECORD_MOUNT_PATH "mount-path"
#define RECORD_MOUNT_ID "mount-id"
#define RECORD_MOUNT_NAMESPACE "mount-namespace"

static const struct mount_set nothing = { 0 };

/* ---- build --------------------------------------------------------------------------------------------------------- */

/*
 * Before anything is mounted: what happens in this namespace stays in it. Where "/" is no mount point (we run in a chroot)
 * the mount that holds the rootfs is found by going up.
 */
static int isolate(const struct fs_plan *fs, struct arena *a, struct error *err)
{
	char *path;

	if (mount_propagate("/", MS_SLAVE) == 0)
		return 0;
	path = arena_strdup(a, fs->rootfs);
	while (errno == EINVAL && *path) {
		if (mount_propagate(path, MS_SLAVE) == 0)
			return 0;
		*strrchr(path, '/') = '\0';
	}
	return error_sys(err, "make the mounts of the new namespace slaves of the host's");
}

/* The copy is attached over the original, where hooks look for it; from now on it is the root, by its own handle. */
static int attach_root(struct tree *t, struct error *err)
{
	struct source *root = &t->sources->root;
	auto_fd int target = mount_open_path(t->fs->rootfs, 0);
	auto_fd int mounted = -1;

	if (target < 0)
		return error_sys(err, "open root directory \"%s\"", t->fs->rootfs);
	if (!root_is_same(target, root->fd))
		return error_set(err, ERR_SYSTEM, "root directory \"%s\" is another than before",
				 t->fs->rootfs);
	if (tree_attach(t, root, target, t->fs->rootfs, MOUNT_TREE, &nothing, &nothing, err))
		return -1;
	if (root->detached)
		return 0;
	mounted = mount_open_path(t->fs->rootfs, 0);
	if (mounted < 0 || !root_is_same(mounted, root->fd) || !mount_is_root(mounted))
		return error_set(err, ERR_SYSTEM, "root directory \"%s\" is another than before",
				 t->fs->rootfs);
	source_close(root);
	root->fd = fd_take(&mounted);
	return 0;
}

/*
 * What is mounted below the rootfs, and what will be, does not reach the host. "shared" and "unbindable" come at the end:
 * pivot_root(2) takes no shared root, and read-only paths are binds.
 */
static int set_propagation(struct tree *t, struct error *err)
{
	const struct mount_set change = { .propagation = t->fs->propagation == MS_SLAVE &&
									 t->fs->enter != FS_CHROOT
								 ? MS_SLAVE
								 : MS_PRIVATE };

	return tree_set(t, t->root.fd, MOUNT_TREE, &change, err);
}

static int build_root(struct tree *t, struct error *err)
{
	struct statx st;

	if ((t->fs->enter != FS_CHROOT && isolate(t->fs, t->arena, err)) ||
	    sources_open_late(t->sources, t->fs, err))
		return -1;
	if (t->fs->enter == FS_PIVOT)
		selfexe_leave_behind();
	selfexe_release();
	if (attach_root(t, err))
		return error_at(err, "/root/path");
	t->root.fd = t->sources->root.fd;
	if (statx(t->root.fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st))
		return error_sys(err, "stat the root");
	t->root_mnt = st.stx_mnt_id;
	t->root_inode = st.stx_ino;
	return set_propagation(t, err);
}

static int build(struct tree *t, struct error *err)
{
	if (build_root(t, err))
		return -1;
	for (size_t i = 0; i < t->fs->n_mounts; i++)
		if (tree_mount(t, &t->fs->mounts[i], err))
			return -1;
	return nodes_make(t, err);
}

int rootfs_build(const struct fs_plan *fs, struct sources *s, struct arena *a, struct error *err)
{
	struct tree t = { .fs = fs, .sources = s, .arena = a, .root = { -1, "rootfs" } };
	mode_t mask = umask(0);
	int result = build(&t, err);

	umask(mask);
	return result;
}

/* ---- enter --------------------------------------------------------------------------------------------------------- */

int rootfs_enter(const struct fs_plan *fs, struct sources *s, struct error *err)
{
	if (fs->enter == FS_PIVOT)
		return mount_pivot(s->root.fd, err);
	if (fs->enter == FS_CHROOT)
		return mount_chroot(s->root.fd, err);
	if (s->proc.fd < 0 && proc_open(&s->proc, PROC_PIDS, err))
		return -1;
	return mount_move_root(&s->proc, s->root.fd, s->arena, err);
}

int rootfs_console(const struct fs_plan *fs, int peer, struct error *err)
{
	struct root root = { mount_open_path("/", 0), "container" };
	int result;

	(void)fs;
	if (root.fd < 0)
		return error_sys(err, "open the container's root");
	result = nodes_console(&root, peer, err);
	fd_close(&root.fd);
	return result;
}

/* ---- finish -------------------------------------------------------------------------------------------------------- */

/* What is put over a masked path: one mount for all files, one for all directories, copied for each further path. */
struct mask {
	struct source null, empty;
};

#define MASK_ATTRIBUTES \
	((uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC))

/*
 * Only the first path gets a file system of its own. It is attached there and then, as a copy can be made of an attached
 * mount only (before Linux 6.15).
 */
static int mask_directory(struct tree *t, struct mask *mask, int target, const char *path,
			  struct error *err)
{
	static const struct fs_option options[] = { { .key = "mode", .value = "555" },
						    { .key = "size", .value = "4k" },
						    { .key = "nr_inodes", .value = "2" } };
	bool attached;

	if (mask->empty.fd >= 0)
		return tree_attach(t, &mask->empty, target, path, 0, &nothing, &nothing, err);
	mask->empty.fd = tree_tmpfs(t, target, path, MASK_ATTRIBUTES, options, ARRAY_SIZE(options),
				    &attached, err);
	if (mask->empty.fd < 0)
		return -1;
	mask->empty.used = mask->empty.detached = !attached;
	return attached ? 0 : mount_attach(mask->empty.fd, target, err);
}

/* Where the host's null device could not be taken along as a mount, the container's will do if it is one. */
static int find_null(struct tree *t, struct mask *mask, struct error *err)
{
	mask->null = t->sources->null;
	t->sources->null.fd = -1;
	if (mask->null.fd >= 0 && mask->null.detached)
		return 0;
	source_close(&mask->null);
	mask->null.fd = root_open(&t->root, "/dev/null", ROOT_NOFOLLOW, err);
	if (mask->null.fd < 0)
		return -1;
	if (!file_is_null(mask->null.fd))
		return error_set(err, ERR_CONFIG, PHRASE_BAD_NULL);
	return 0;
}

static int mask_file(struct tree *t, struct mask *mask, int target, const char *path,
		     struct error *err)
{
	/* Nobody may change the host's node through a mask; a device can be opened for writing all the same. */
	static const struct mount_set top = {
		.set = MASK_ATTRIBUTES & ~(uint64_t)MOUNT_ATTR_NODEV,
		.clear = MASK_ATTRIBUTES,
		.propagation = MS_PRIVATE,
	};

	return tree_attach(t, &mask->null, target, path, 0, &nothing,
			   mask->null.used ? &nothing : &top, err);
}

/* A path that does not exist needs no mask; every other trouble ends the start. */
static int mask_path(struct tree *t, struct mask *mask, const char *path, struct error *err)
{
	auto_fd int target = root_find(&t->root, path, ROOT_ANY);
	struct stat st;

	if (target < 0 && errno == ENOENT)
		return 0;
	if (target < 0 || fstat(target, &st))
		return error_sys(err, "open");
	return S_ISDIR(st.st_mode) ? mask_directory(t, mask, target, path, err)
				   : mask_file(t, mask, target, path, err);
}

static int mask_paths(struct tree *t, struct error *err)
{
	struct mask mask = { { .fd = -1 }, { .fd = -1 } };
	int result = 0;

	if (!t->fs->n_masked)
		return 0;
	result = find_null(t, &mask, err);
	for (size_t i = 0; result == 0 && i < t->fs->n_masked; i++) {
		result = mask_path(t, &mask, t->fs->masked[i], err);
		if (result) {
			error_in(err, "mask \"%s\"", t->fs->masked[i]);
			error_at(err, "/linux/maskedPaths/%zu", i);
		}
	}
	source_close(&mask.null);
	source_close(&mask.empty);
	return result;
}

static int make_readonly(struct tree *t, const char *path, bool new_set, struct error *err)
{
	const struct mount_set readonly = { MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0 };
	auto_fd int target = root_find(&t->root, path, ROOT_ANY), copy = -1;
	struct source source = { .fd = -1, .detached = true };

	if (target < 0 && errno == ENOENT)
		return 0;
	if (target < 0)
		return error_sys(err, "open");
	source.fd = copy = t->sources->old_calls ? -1 : mount_clone(target, MOUNT_TREE);
	if (copy >= 0 && new_set)
		return tree_attach(t, &source, target, path, MOUNT_TREE, &readonly, &nothing, err);
	if (copy < 0 && !t->sources->old_calls && !mount_call_is_missing(errno))
		return error_sys(err, "open_tree");
	/* The old calls reach the path itself, and not what is mounted below it. */
	source.fd = copy >= 0 ? copy : target;
	source.detached = copy >= 0;
	return tree_attach(t, &source, target, path, MOUNT_TREE, &nothing, &readonly, err);
}

static int make_paths_readonly(struct tree *t, struct error *err)
{
	bool new_set = t->fs->n_readonly_paths && mount_set_is_there();

	for (size_t i = 0; i < t->fs->n_readonly_paths; i++)
		if (make_readonly(t, t->fs->readonly_paths[i], new_set, err)) {
			error_in(err, "make \"%s\" read-only", t->fs->readonly_paths[i]);
			return error_at(err, "/linux/readonlyPaths/%zu", i);
		}
	return 0;
}

/* Mounts that had to stay writable while the tree was made. */
static int close_late(struct tree *t, struct error *err)
{
	size_t at = 0;

	for (size_t i = 0; i < t->fs->n_mounts; i++)
		if (tree_close_late(t, &t->fs->mounts[i], &at, err))
			return -1;
	return 0;
}

static int close_root(struct tree *t, struct error *err)
{
	const struct mount_set readonly = { MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0 };
	const struct mount_set propagation = { .propagation = t->fs->propagation };
	bool late = t->fs->propagation == MS_SHARED || t->fs->propagation == MS_UNBINDABLE;

	if (t->fs->readonly && tree_set(t, t->root.fd, 0, &readonly, err)) {
		error_in(err, "make the root read-only");
		return error_at(err, "/root/readonly");
	}
	if (late &&
	    tree_set(t, t->root.fd, t->fs->propagation_tree ? MOUNT_TREE : 0, &propagation, err))
		return error_at(err, "/linux/rootfsPropagation");
	return 0;
}

static int make_cwd(const struct tree *t, const char *cwd, struct error *err)
{
	auto_fd int fd = -1;

	if (!cwd)
		return 0;
	fd = root_make(&t->root, cwd, ROOT_DIRECTORY, S_IFDIR, NULL, err);
	return fd < 0 ? error_at(err, "/process/cwd") : 0;
}

int rootfs_finish(const struct fs_plan *fs, struct sources *s, const char *cwd, struct error *err)
{
	struct tree t = { .fs = fs, .sources = s, .root = { s->root.fd, "container" } };
	mode_t mask = umask(022);
	int result = make_cwd(&t, cwd, err) || close_late(&t, err) || mask_paths(&t, err) ||
				     make_paths_readonly(&t, err) || close_root(&t, err)
			     ? -1
			     : 0;

	umask(mask);
	sources_close(s);
	if (result == 0 && chdir("/"))
		return error_sys(err, "chdir to the root");
	return result;
}

/* ---- undo ---------------------------------------------------------------------------------------------------------- */

bool rootfs_to_record(const struct fs_plan *fs, struct record *r)
{
	if (!fs->undo)
		return false;
	record_add(r, RECORD_MOUNT_PATH, fs->rootfs);
	if (fs->joined)
		record_add(r, RECORD_MOUNT_NAMESPACE, fs->joined);
	return true;
}

bool rootfs_mount_to_record(const struct fs_plan *fs, const struct sources *s, struct record *r)
{
	if (!fs->undo || s->root.fd < 0)
		return false;
	record_set_u64(r, RECORD_MOUNT_ID, mount_unique_id(s->root.fd));
	return true;
}

/* In the joined namespace, by a process of its own: ours keeps the caller's. */
static int detach_in(const char *namespace, const char *path, uint64_t id, struct error *err)
{
	auto_fd int pidfd = -1;
	int status = 0;
	pid_t pid = process_clone(0, -1, &pidfd, err);

	if (pid < 0)
		return -1;
	if (pid == 0) {
		int fd = open(namespace, O_RDONLY | O_CLOEXEC);

		/* A namespace that is gone has taken its mounts along. */
		if (fd < 0)
			_exit(errno != ENOENT);
		_exit(setns(fd, CLONE_NEWNS) || mount_detach(path, id, err));
	}
	/* The file system may be one that waits for its server. */
	if (process_wait(pidfd, deadline_in(DETACH_SECONDS), &status) < 0) {
		error_sys(err, "wait %d seconds for the process that unmounts \"%s\"",
			  DETACH_SECONDS, path);
		(void)process_kill(pidfd, SIGKILL);
		return -1;
	}
	if (status)
		return error_set(err, ERR_CHILD, "cannot unmount \"%s\" in the namespace \"%s\"",
				 path, namespace);
	return 0;
}

int rootfs_undo(const struct record *r, struct error *err)
{
	const char *path = record_get(r, RECORD_MOUNT_PATH);
	const char *namespace = record_get(r, RECORD_MOUNT_NAMESPACE);
	uint64_t id = record_get_u64(r, RECORD_MOUNT_ID);

	if (!path || !id)
		return 0;
	return namespace ? detach_in(namespace, path, id, err) : mount_detach(path, id, err);
}
