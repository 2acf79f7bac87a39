/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imitates a resctrl file system for a program that is run with this library in LD_PRELOAD: few machines have one. The
 * file system of the directory $RTB_RESCTRL stands at /sys/fs/resctrl, a new directory in it gets the files of a group,
 * `tasks` shows the living only, and a group is removed with its files.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define RESCTRL_MAGIC 0x7655821
#define SCHEMATA "    MB:0=100;1=100\n    L3:0=fff;1=fff\n"

/* The call behind ours. */
static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static bool is_ours(int fd)
{
	const char *dir = getenv("RTB_RESCTRL");
	struct stat wanted, found;

	return dir && stat(dir, &wanted) == 0 && fstat(fd, &found) == 0 &&
	       wanted.st_dev == found.st_dev;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int open_real(int dir, const char *path, int flags, mode_t mode)
{
	int (*call)(int, const char *, int, ...) =
		(int (*)(int, const char *, int, ...))real("openat");

	return call(dir, path, flags, mode);
}

/* The process that was written last, while it lives. */
static void drop_the_dead(int dir, const char *path)
{
	int fd = open_real(dir, path, O_RDWR | O_CLOEXEC, 0);
	char text[32] = "";

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0 && kill(atoi(text), 0) < 0 && ftruncate(fd, 0) < 0)
		perror("resctrl double");
	close(fd);
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	const char *place = getenv("RTB_RESCTRL");

	if (place && strcmp(path, "/sys/fs/resctrl") == 0)
		path = place;
	else if (ends_with(path, "tasks") && (flags & O_ACCMODE) == O_RDONLY && is_ours(dir))
		drop_the_dead(dir, path);
	return open_real(dir, path, flags, mode);
}

#define MODE_OF(flags, mode)                                       \
	do {                                                       \
		va_list args;                                      \
		va_start(args, flags);                             \
		mode = (flags)&O_CREAT ? va_arg(args, mode_t) : 0; \
		va_end(args);                                      \
	} while (0)

int open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(dir, path, flags, mode);
}

int fstatfs(int fd, struct statfs *fs)
{
	int (*call)(int, struct statfs *) = (int (*)(int, struct statfs *))real("fstatfs");
	int result = call(fd, fs);

	if (result == 0 && is_ours(fd))
		fs->f_type = RESCTRL_MAGIC;
	return result;
}

static void make_file(int group, const char *name, const char *text)
{
	int fd = open_real(group, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror("resctrl double");
	close(fd);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	int (*call)(int, const char *, mode_t) =
		(int (*)(int, const char *, mode_t))real("mkdirat");
	int group;

	if (is_ours(dir) && getenv("RTB_RESCTRL_FULL")) {
		errno = ENOSPC;
		return -1;
	}
	if (call(dir, path, mode) < 0)
		return -1;
	if (!is_ours(dir))
		return 0;
	group = open_real(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	make_file(group, "tasks", "");
	if (!strstr(path, "mon_groups/")) {
		make_file(group, "schemata", SCHEMATA);
		call(group, "mon_groups", 0755);
	}
	return close(group);
}

int unlinkat(int dir, const char *path, int flags)
{
	static const char *const inside[] = { "tasks", "schemata", "mon_groups" };
	int (*call)(int, const char *, int) = (int (*)(int, const char *, int))real("unlinkat");
	char name[512];

	for (size_t i = 0; flags & AT_REMOVEDIR && is_ours(dir) && i < 3; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, inside[i]);
		(void)call(dir, name, i == 2 ? AT_REMOVEDIR : 0);
	}
	return call(dir, path, flags);
}
