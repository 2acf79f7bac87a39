/* SPDX-License-Identifier: Apache-2.0 */
#include "run/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/root.h"

#define MAX_DEPTH 100
#define MAX_ENTRIES 1000000
#define CHUNK (16 << 20)

struct copying {
	const struct proc *proc;
	dev_t device; /* of the directory copied */
	unsigned depth;
	size_t entries;
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* What tmpfs cannot hold is left out; it can hold security labels and ACLs where the kernel has them. */
static int copy_xattrs(int from, int to)
{
	char names[4096], value[4096];
	ssize_t size = flistxattr(from, names, sizeof(names));

	if (size < 0)
		return errno == ENOTSUP ? 0 : -1;
	for (const char *name = names; name < names + size; name += strlen(name) + 1) {
		ssize_t n = fgetxattr(from, name, value, sizeof(value));

		if (n < 0)
			return -1;
		if (fsetxattr(to, name, value, (size_t)n, 0) && errno != ENOTSUP && errno != EPERM)
			return -1;
	}
	return 0;
}

/* Of a file or directory, both open for I/O. An owner that has no id in our user namespace cannot be kept. */
static int copy_metadata(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(to, st->st_uid, st->st_gid) && errno != EINVAL)
		return -1;
	if (fchmod(to, st->st_mode & 07777) || copy_xattrs(from, to))
		return -1;
	return futimens(to, times);
}

static int copy_file(struct copying *c, int handle, const struct stat *st, int to, const char *name,
		     struct error *err)
{
	auto_fd int in = proc_reopen(c->proc, handle, O_RDONLY, err), out = -1;
	ssize_t n;

	if (in < 0)
		return -1;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return error_sys(err, "create \"%s\"", name);
	do
		n = sendfile(out, in, NULL, CHUNK);
	while (n > 0);
	if (n < 0 || copy_metadata(in, out, st))
		return error_sys(err, "copy \"%s\"", name);
	return 0;
}

static int copy_link(int handle, const struct stat *st, int to, const char *name, struct error *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char text[PATH_MAX];

	if (root_read_link(handle, text, sizeof(text)) < 0 || symlinkat(text, to, name) ||
	    (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) && errno != EINVAL) ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW))
		return error_sys(err, "copy the link \"%s\"", name);
	return 0;
}

static int copy_directory(struct copying *c, int from, int to, struct error *err);

static int copy_entry(struct copying *c, int from, const char *name, int to, struct error *err)
{
	auto_fd int handle = openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), made = -1;
	struct stat st;

	if (handle < 0 && errno == ENOENT)
		return 0; /* gone meanwhile */
	if (handle < 0 || fstat(handle, &st))
		return error_sys(err, "open \"%s\"", name);
	if (++c->entries > MAX_ENTRIES)
		return error_errno(err, E2BIG, "more than %d files", MAX_ENTRIES);
	if (S_ISREG(st.st_mode))
		return copy_file(c, handle, &st, to, name, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(handle, &st, to, name, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (mkdirat(to, name, 0700))
		return error_sys(err, "mkdir \"%s\"", name);
	made = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0)
		return error_sys(err, "open the copy of \"%s\"", name);
	if (copy_directory(c, handle, made, err))
		return error_in(err, "\"%s\"", name);
	return 0;
}

static int copy_entries(struct copying *c, int from, int to, struct error *err)
{
	auto_fd int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_dir))) DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "open a directory");
	(void)fd_take(&again); /* the stream's now */
	while ((errno = 0, entry = readdir(dir))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (copy_entry(c, from, entry->d_name, to, err))
			return -1;
	}
	return errno ? error_sys(err, "read a directory") : 0;
}

static int copy_directory(struct copying *c, int from, int to, struct error *err)
{
	auto_fd int in = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int out = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (in < 0 || out < 0 || fstat(in, &st))
		return error_sys(err, "open a directory");
	if (++c->depth > MAX_DEPTH)
		return error_errno(err, ELOOP, "more than %d directories deep", MAX_DEPTH);
	/* A mount point shows as an empty directory. */
	if (st.st_dev == c->device && copy_entries(c, in, out, err))
		return -1;
	c->depth--;
	if (copy_metadata(in, out, &st))
		return error_sys(err, "copy owner and mode of a directory");
	return 0;
}

int copyup(const struct proc *proc, int from, int to, bool attributes, struct error *err)
{
	struct copying c = { .proc = proc };
	struct stat st;

	if (!proc)
		return -1;
	if (fstat(from, &st))
		return error_sys(err, "tmpcopyup");
	c.device = st.st_dev;
	if (attributes ? copy_directory(&c, from, to, err) : copy_entries(&c, from, to, err))
		return error_in(err, "tmpcopyup");
	return 0;
}
