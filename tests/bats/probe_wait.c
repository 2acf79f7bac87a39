/* SPDX-License-Identifier: Apache-2.0 */
/* The waits of the test probe: pidfd, inotify and sigtimedwait in place of sleeping loops. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int wait_pid(const char *pid, const char *seconds)
{
	int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return errno == ESRCH ? 0 : 1;
	return poll(&p, 1, (int)(strtod(seconds, NULL) * 1000)) == 1 ? 0 : 1;
}

static int file_is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_size > 0 || !S_ISREG(st.st_mode));
}

static int wait_file(const char *path, const char *seconds)
{
	long long end = now_ms() + (long long)(strtod(seconds, NULL) * 1000);
	char copy[PATH_MAX], events[4096];
	int fd = inotify_init1(IN_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	snprintf(copy, sizeof(copy), "%s", path);
	if (inotify_add_watch(fd, dirname(copy), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0) {
		perror("probe: inotify_add_watch");
		return 1;
	}
	while (!file_is_there(path)) {
		long long left = end - now_ms();

		if (left <= 0 || poll(&p, 1, (int)left) < 0)
			return 1;
		if (p.revents && read(fd, events, sizeof(events)) < 0)
			return 1;
		p.revents = 0;
	}
	return 0;
}

/* Raw system calls: libc keeps two real-time signals to itself. */
static int wait_signals(int count)
{
	uint64_t all = ~0ULL;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof(all));
	puts("ready");
	fflush(stdout);
	while (count != 0) {
		int sig = (int)syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof(all));

		if (sig < 0)
			continue;
		printf("signal=%d\n", sig);
		fflush(stdout);
		if (count > 0)
			count--;
		else if (sig == SIGTERM)
			break;
	}
	return 0;
}

int probe_wait(int argc, char **argv)
{
	if (strcmp(argv[0], "wait-pid") == 0 && argc == 3)
		return wait_pid(argv[1], argv[2]);
	if (strcmp(argv[0], "wait-file") == 0 && argc == 3)
		return wait_file(argv[1], argv[2]);
	if (strcmp(argv[0], "wait-signals") == 0)
		return wait_signals(argc > 1 ? atoi(argv[1]) : -1);
	fprintf(stderr, "probe: what is to be waited for?\n");
	return 2;
}
