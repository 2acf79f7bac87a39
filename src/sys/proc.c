/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/root.h"
#include "sys/syscalls.h"

#define PROC_ROOT_INODE 1

uint64_t mount_id(int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID,
		  &st) ||
	    !(st.stx_mask & STATX_MNT_ID))
		return 0;
	return st.stx_mnt_id;
}

bool proc_holds(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_proc_root(int fd)
{
	struct stat st;

	return proc_holds(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

/* A new instance of procfs, attached nowhere. */
static int make_instance(enum proc_scope scope)
{
	auto_fd int fs = sys_fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	/* Kernels before 5.8 know neither; the instance then shows more than is needed, to us alone. */
	if (scope == PROC_PIDS)
		(void)sys_fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0);
	(void)sys_fsconfig(fs, FSCONFIG_SET_STRING, "hidepid", "ptraceable", 0);
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return sys_fsmount(fs, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID);
}

int proc_open(struct proc *ret, enum proc_scope scope, struct error *err)
{
	auto_fd int fd = make_instance(scope);
	bool own = true;

	/* Copied without what is mounted below: nothing covers its files, and nobody else has it. */
	if (fd < 0)
		fd = sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0) {
		fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		own = false;
	}
	if (fd < 0)
		return error_sys(err, "open /proc");
	if (!is_proc_root(fd))
		return error_set(err, ERR_SYSTEM, "/proc is not the root of a proc file system");
	ret->mnt_id = mount_id(fd);
	ret->own = own;
	ret->fd = fd_take(&fd);
	return 0;
}

void proc_close(struct proc *proc)
{
	fd_close(&proc->fd);
}

/* Kernels before 5.8 tell the mount of a descriptor only in a file of procfs. */
static uint64_t mount_id_in_fdinfo(const struct proc *proc, const char *self, int fd)
{
	char path[64], buf[1024], *line;
	auto_fd int info = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/fdinfo/%d", self, fd);
	info = openat(proc->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, buf, sizeof(buf) - 1);
	if (n <= 0 || !proc_holds(info))
		return 0;
	buf[n] = '\0';
	line = strstr(buf, "mnt_id:");
	return line ? strtoull(line + strlen("mnt_id:"), NULL, 10) : 0;
}

/* Whether what was found is on procfs, and on the mount that was opened where others could mount over it. */
static bool is_genuine(const struct proc *proc, const char *self, int fd)
{
	if (!proc_holds(fd))
		return false;
	if (proc->own)
		return true;
	if (proc->mnt_id)
		return mount_id(fd) == proc->mnt_id;
	return mount_id_in_fdinfo(proc, self, fd) == mount_id_in_fdinfo(proc, self, proc->fd);
}

/* The pid by which this instance knows us, from its own link; it need not be getpid(). */
static int find_self(const struct proc *proc, char *buf, size_t size)
{
	ssize_t n = readlinkat(proc->fd, "self", buf, size - 1);

	if (n <= 0)
		return -1;
	buf[n] = '\0';
	if (strspn(buf, "0123456789") != (size_t)n) {
		errno = ENOTSUP;
		return -1;
	}
	return 0;
}

/* The path without links: "self/..." and "thread-self/..." by number. */
static int expand(const char *path, const char *self, char *buf, size_t size)
{
	int n;

	if (str_starts(path, "self/"))
		n = snprintf(buf, size, "%s%s", self, path + strlen("self"));
	else if (str_starts(path, "thread-self/"))
		n = snprintf(buf, size, "%s/task/%s%s", self, self, path + strlen("thread-self"));
	else
		n = snprintf(buf, size, "%s", path);
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/*
 * Splits the path and opens the directory, checked, which leaves one name to open below it. ROOT_REAL_DIRECTORY takes
 * no link, and a directory on the same mount as the root cannot have been reached through another mount.
 */
static int open_parent(const struct proc *proc, const char *path, char *self, char *buf,
		       const char **ret_name)
{
	const struct root root = { proc->fd, "proc file system" };
	char *slash;
	auto_fd int dir = -1;

	if (find_self(proc, self, 16) || expand(path, self, buf, PATH_MAX))
		return -1;
	slash = strrchr(buf, '/');
	if (slash)
		*slash = '\0';
	*ret_name = slash ? slash + 1 : buf;
	if (!**ret_name || str_eq(*ret_name, ".") || str_eq(*ret_name, "..")) {
		errno = EINVAL;
		return -1;
	}
	dir = root_find(&root, slash ? buf : ".", ROOT_REAL_DIRECTORY);
	if (dir >= 0 && !is_genuine(proc, self, dir)) {
		errno = EXDEV;
		return -1;
	}
	return fd_take(&dir);
}

static int find_walking(const struct proc *proc, const char *path, int flags)
{
	char self[16], buf[PATH_MAX];
	const char *name;
	auto_fd int dir = open_parent(proc, path, self, buf, &name);
	auto_fd int fd = dir < 0 ? -1 : openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && !is_genuine(proc, self, fd)) {
		errno = EXDEV;
		return -1;
	}
	return fd_take(&fd);
}

int proc_find_file(const struct proc *proc, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	auto_fd int fd = -1;

	/* In an instance of our own "self" is the kernel's link and nobody else's. */
	if (!proc->own)
		return find_walking(proc, path, flags);
	fd = sys_openat2(proc->fd, path, &how);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
		return find_walking(proc, path, flags);
	if (fd >= 0 && !proc_holds(fd)) {
		errno = EXDEV;
		return -1;
	}
	return fd_take(&fd);
}

int proc_open_file(const struct proc *proc, const char *path, int flags, struct error *err)
{
	int fd = proc_find_file(proc, path, flags);

	if (fd < 0)
		return error_sys(err, "open \"/proc/%s\"", path);
	return fd;
}

int proc_write(const struct proc *proc, const char *path, const char *data, struct error *err)
{
	auto_fd int fd = proc_open_file(proc, path, O_WRONLY, err);
	size_t size = strlen(data);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, data, size);
	if (n < 0)
		return error_sys(err, "write \"%.64s\" to \"/proc/%s\"", data, path);
	if ((size_t)n != size)
		return error_errno(err, EIO, "write \"%.64s\" to \"/proc/%s\": taken in part", data,
				   path);
	return 0;
}

ssize_t proc_read(const struct proc *proc, const char *path, char *buf, size_t size,
		  struct error *err)
{
	auto_fd int fd = proc_open_file(proc, path, O_RDONLY, err);
	size_t used = 0;

	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t n = read(fd, buf + used, size - used);

		if (n < 0)
			return error_sys(err, "read \"/proc/%s\"", path);
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == size)
			return error_errno(err, EFBIG, "read \"/proc/%s\"", path);
	}
	buf[used] = '\0';
	return (ssize_t)used;
}

static int follow(const struct proc *proc, const char *path, int flags)
{
	char self[16], buf[PATH_MAX];
	const char *name;
	auto_fd int dir = open_parent(proc, path, self, buf, &name);

	if (dir < 0)
		return -1;
	if (!proc->own) {
		auto_fd int link = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (link < 0 || !is_genuine(proc, self, link)) {
			errno = link < 0 ? errno : EXDEV;
			return -1;
		}
	}
	return openat(dir, name, flags | O_CLOEXEC);
}

int proc_follow(const struct proc *proc, const char *path, int flags, struct error *err)
{
	int fd = follow(proc, path, flags);

	if (fd < 0)
		return error_sys(err, "open \"/proc/%s\"", path);
	return fd;
}

int proc_reopen(const struct proc *proc, int fd, int flags, struct error *err)
{
	char path[32];

	snprintf(path, sizeof(path), "self/fd/%d", fd);
	return proc_follow(proc, path, flags | O_NONBLOCK | O_NOCTTY, err);
}

int proc_chmod(int fd, mode_t mode)
{
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int dir = -1;
	char self[16], buf[PATH_MAX], path[32];
	const char *name;
	struct error err;

	if (sys_fchmodat2(fd, "", mode, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return -1;
	if (proc_open(&proc, PROC_PIDS, &err))
		return -1;
	snprintf(path, sizeof(path), "self/fd/%d", fd);
	dir = open_parent(&proc, path, self, buf, &name);
	return dir < 0 ? -1 : fchmodat(dir, name, mode, 0);
}
