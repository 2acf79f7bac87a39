/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/proc.h"
#include "sys/syscalls.h"

/*
 * Theory of the walk, which stands in for openat2 and makes what is missing. It holds one handle, of a directory at or
 * below the root, and only ever opens a single name below it with O_NOFOLLOW: no step goes up, so no step can leave.
 * Links are read and put in front of what is left of the path; an absolute one begins again at the root. For ".." the
 * link-free path walked so far (`done`) loses its last name and is walked again from the root: the kernel is never asked
 * for a "..", which a directory renamed under our feet would take somewhere else.
 */

#define MAX_LINKS 40	 /* MAXSYMLINKS of the kernel */
#define EAGAIN_TRIES 128 /* a rename anywhere in the system can cause one */

/* Inode numbers of procfs from here on belong to ordinary links (self, mounts, net); links that jump are below. */
#define PROC_FIRST_FIXED_INODE 0xf0000000u

struct walk {
	const struct root *root;
	enum root_look look;
	mode_t make; /* type of the last inode where it is missing, 0 to make nothing */
	bool made;   /* the last inode is new */
	int at;	     /* the directory reached */
	unsigned links;
	char todo[2 * PATH_MAX]; /* what is left of the path */
	char done[2 * PATH_MAX]; /* the way to `at`, free of links, "" for the root */
};

static int open_below(int dirfd, const char *name, int flags)
{
	return openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);
}

static int walk_to_root(struct walk *w)
{
	fd_close(&w->at);
	w->done[0] = '\0';
	w->at = open_below(w->root->fd, ".", O_DIRECTORY);
	return w->at < 0 ? -1 : 0;
}

static int walk_enter(struct walk *w, int *dir, const char *name)
{
	size_t used = strlen(w->done), n = strlen(name);

	if (used + n + 2 > sizeof(w->done)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	w->done[used] = '/';
	memcpy(w->done + used + 1, name, n + 1);
	fd_close(&w->at);
	w->at = fd_take(dir);
	return 0;
}

static int walk_up(struct walk *w)
{
	char again[sizeof(w->done)], *name, *rest = again;

	memcpy(again, w->done, strlen(w->done) + 1);
	if (strrchr(again, '/'))
		*strrchr(again, '/') = '\0';
	if (walk_to_root(w))
		return -1;
	while ((name = strsep(&rest, "/"))) {
		auto_fd int dir = -1;

		if (!*name)
			continue;
		dir = open_below(w->at, name, O_DIRECTORY);
		if (dir < 0 || walk_enter(w, &dir, name))
			return -1;
	}
	return 0;
}

static bool is_magic(int link, const struct stat *st)
{
	struct statfs fs;

	return fstatfs(link, &fs) != 0 ||
	       (fs.f_type == PROC_SUPER_MAGIC && st->st_ino < PROC_FIRST_FIXED_INODE);
}

static int walk_link(struct walk *w, int link, const struct stat *st)
{
	char text[PATH_MAX];
	ssize_t n;
	size_t rest = strlen(w->todo);

	if (w->look == ROOT_REAL || w->look == ROOT_REAL_DIRECTORY || w->links++ >= MAX_LINKS ||
	    is_magic(link, st)) {
		errno = ELOOP;
		return -1;
	}
	n = root_read_link(link, text, sizeof(text));
	if (n <= 0) {
		errno = n == 0 ? ENOENT : errno;
		return -1;
	}
	if ((size_t)n + rest + 1 > sizeof(w->todo)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* What is left begins with a '/' or is empty. */
	memmove(w->todo + n, w->todo, rest + 1);
	memcpy(w->todo, text, (size_t)n);
	return text[0] == '/' ? walk_to_root(w) : 0;
}

/* A missing inode is made; one that somebody else makes meanwhile will do if it is of the right type. */
static int walk_make(struct walk *w, const char *name, bool last)
{
	bool directory = !last || w->make == S_IFDIR;
	int made = directory ? mkdirat(w->at, name, 0755) : mknodat(w->at, name, S_IFREG | 0644, 0);

	if (made && errno != EEXIST)
		return -1;
	w->made = last && made == 0;
	return open_below(w->at, name, directory ? O_DIRECTORY : 0);
}

/* Takes one name. *ret_fd is the result if it was the last one. */
static int walk_step(struct walk *w, const char *name, bool last, int *ret_fd)
{
	auto_fd int fd = open_below(w->at, name, 0);
	struct stat st;

	if (fd < 0 && errno == ENOENT && w->make)
		fd = walk_make(w, name, last);
	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (S_ISLNK(st.st_mode) && !(last && w->look == ROOT_NOFOLLOW))
		return walk_link(w, fd, &st);
	if ((!last || w->look == ROOT_DIRECTORY || w->look == ROOT_REAL_DIRECTORY) &&
	    !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (!last)
		return walk_enter(w, &fd, name);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int walk_path(struct walk *w)
{
	int fd = -1;

	if (walk_to_root(w))
		return -1;
	while (fd < 0) {
		char name[NAME_MAX + 1];
		size_t skip = strspn(w->todo, "/"), n = strcspn(w->todo + skip, "/"),
		       end = skip + n;
		bool last = !w->todo[end]; /* a slash at the end asks for a directory */

		if (n == 0)
			return fd_take(&w->at);
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, w->todo + skip, n);
		name[n] = '\0';
		memmove(w->todo, w->todo + end, strlen(w->todo + end) + 1);
		if (str_eq(name, "."))
			continue;
		if (str_eq(name, "..") ? walk_up(w) : walk_step(w, name, last, &fd))
			return -1;
	}
	return fd;
}

static int walk(const struct root *root, const char *path, enum root_look look, mode_t make,
		bool *ret_made)
{
	struct walk w = { .root = root, .look = look, .make = make, .at = -1 };
	int fd;

	if (!*path || strlen(path) >= PATH_MAX) {
		errno = *path ? ENAMETOOLONG : ENOENT;
		return -1;
	}
	memcpy(w.todo, path, strlen(path) + 1);
	fd = walk_path(&w);
	fd_close(&w.at);
	if (fd >= 0 && ret_made)
		*ret_made = w.made;
	return fd;
}

int root_find(const struct root *root, const char *path, enum root_look look)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	if (look == ROOT_DIRECTORY || look == ROOT_REAL_DIRECTORY)
		how.flags |= O_DIRECTORY;
	if (look == ROOT_NOFOLLOW)
		how.flags |= O_NOFOLLOW;
	if (look == ROOT_REAL || look == ROOT_REAL_DIRECTORY)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	for (int tries = 0; tries < EAGAIN_TRIES; tries++) {
		fd = sys_openat2(root->fd, path, &how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	/* An O_PATH open never gives EPERM: that is a filter which does not know the call. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk(root, path, look, 0, NULL);
	return fd;
}

int root_open(const struct root *root, const char *path, enum root_look look, struct error *err)
{
	int fd = root_find(root, path, look);

	if (fd < 0)
		return error_sys(err, "open \"%s\" in the %s", path, root->name);
	return fd;
}

static bool is_leaf(const char *name)
{
	return *name && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, "..");
}

/* The common case: only the last name is missing. Anything unusual is left to the walk. */
static int make_leaf(const struct root *root, const char *path, enum root_look look, mode_t type,
		     bool *ret_made)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	auto_fd int dir = -1;

	if (!slash || !is_leaf(slash + 1) || (size_t)(slash - path) + 2 > sizeof(parent))
		return -1;
	memcpy(parent, path, (size_t)(slash + 1 - path));
	parent[slash + 1 - path] = '\0';
	dir = root_find(root, parent,
			look == ROOT_REAL || look == ROOT_REAL_DIRECTORY ? ROOT_REAL_DIRECTORY
									 : ROOT_DIRECTORY);
	if (dir < 0 || (type == S_IFDIR ? mkdirat(dir, slash + 1, 0755)
					: mknodat(dir, slash + 1, S_IFREG | 0644, 0)))
		return -1;
	if (ret_made)
		*ret_made = true;
	return open_below(dir, slash + 1, type == S_IFDIR ? O_DIRECTORY : 0);
}

int root_make(const struct root *root, const char *path, enum root_look look, mode_t type,
	      bool *ret_made, struct error *err)
{
	int fd = root_find(root, path, look);

	if (ret_made)
		*ret_made = false;
	if (fd < 0 && errno == ENOENT) {
		fd = make_leaf(root, path, look, type, ret_made);
		if (fd < 0)
			fd = walk(root, path, look, type, ret_made);
	}
	if (fd < 0)
		return error_sys(err, "make \"%s\" in the %s", path, root->name);
	return fd;
}

/* Gives a node that we made its mode and owner, on the handle. */
static int finish_node(int fd, const struct stat *st, mode_t mode, uid_t uid, gid_t gid)
{
	if ((st->st_uid != uid || st->st_gid != gid) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH))
		return -1;
	/* Less than asked for where the directory has a default ACL; S_ISUID and S_ISGID fall with a chown. */
	if ((st->st_mode & 07777) != (mode & 07777) || (mode & 06000))
		return proc_chmod(fd, mode & 07777);
	return 0;
}

int root_mknod(int dirfd, const char *name, mode_t mode, dev_t device, uid_t uid, gid_t gid,
	       struct error *err)
{
	auto_fd int fd = -1;
	bool made;
	struct stat st;

	if (!is_leaf(name))
		return error_set(err, ERR_CONFIG, "\"%s\" is no file name", name);
	made = mknodat(dirfd, name, mode, device) == 0;
	if (!made && errno != EEXIST)
		return error_sys(err, "mknod \"%s\"", name);
	/* Ours as a rule is as it should be, and nothing is to be done on it. */
	if (made && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mode == mode &&
	    (S_ISFIFO(mode) || st.st_rdev == device) && st.st_uid == uid && st.st_gid == gid)
		return 0;
	fd = open_below(dirfd, name, 0);
	if (fd < 0 || fstat(fd, &st))
		return error_sys(err, "open \"%s\"", name);
	if ((st.st_mode & S_IFMT) != (mode & S_IFMT) || (!S_ISFIFO(mode) && st.st_rdev != device))
		return error_errno(err, EEXIST,
				   "mknod \"%s\": something else than the device is there", name);
	if (made && finish_node(fd, &st, mode, uid, gid))
		return error_sys(err, "set mode and owner of \"%s\"", name);
	return 0;
}

int root_symlink(int dirfd, const char *name, const char *target, bool *ret_made, struct error *err)
{
	bool made;

	if (!is_leaf(name))
		return error_set(err, ERR_CONFIG, "\"%s\" is no file name", name);
	made = symlinkat(target, dirfd, name) == 0;
	if (!made && errno != EEXIST)
		return error_sys(err, "symlink \"%s\" to \"%s\"", name, target);
	if (ret_made)
		*ret_made = made;
	return 0;
}

ssize_t root_read_link(int fd, char *buf, size_t size)
{
	ssize_t n = readlinkat(fd, "", buf, size);

	if (n >= 0 && (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

bool root_is_same(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}
