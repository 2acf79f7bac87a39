/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop-watch of tests/bench. It is small and static on purpose: a command's ru_maxrss
 * starts at the size of the process that executed it, so an interpreter would measure itself.
 *
 *	probe PIDFD-TIMEOUT-MS
 *		reads one request per line from standard input; fields are separated by tabs:
 *		x CMD ARG...	executes, prints `NANOSECONDS MAXRSS-KIB STATUS`
 *		w FILE		waits until the process whose pid is in FILE has ended, reaps it when
 *				it has become ours, prints `0` or an errno
 *	probe load N SECONDS
 *		N processes that fork and reap empty children, until the time or our parent ends
 *
 * Commands get /dev/null as standard input and output; standard error is inherited.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS 64

extern char **environ;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void execute(char **argv, const posix_spawn_file_actions_t *actions)
{
	long long begin = now(), end;
	struct rusage usage = { 0 };
	int status = 0, error;
	pid_t pid;

	error = posix_spawn(&pid, argv[0], actions, NULL, argv, environ);
	if (error) {
		printf("0 0 %d\n", 127);
		return;
	}
	while (wait4(pid, &status, 0, &usage) == -1 && errno == EINTR)
		;
	end = now();
	printf("%lld %ld %d\n", end - begin, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void wait_end(const char *path, int timeout)
{
	struct pollfd end = { .events = POLLIN };
	FILE *file = fopen(path, "re");
	pid_t pid = 0;
	int error = 0;

	if (!file || fscanf(file, "%d", &pid) != 1)
		error = errno ? errno : EINVAL;
	if (file)
		fclose(file);
	end.fd = error ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (end.fd >= 0) {
		if (poll(&end, 1, timeout) != 1)
			error = ETIMEDOUT;
		close(end.fd);
	}
	if (pid > 0 && !error)
		(void)waitpid(pid, NULL, 0); /* fails where somebody else is the parent */
	printf("%d\n", error);
}

static int serve(int timeout)
{
	static char line[65536];
	posix_spawn_file_actions_t actions;
	char *argv[ARGUMENTS + 1];
	int argc;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		argc = 0;
		for (char *at = strtok(line, "\t"); at && argc < ARGUMENTS; at = strtok(NULL, "\t"))
			argv[argc++] = at;
		argv[argc] = NULL;
		if (argc < 2)
			return 2;
		if (*argv[0] == 'x')
			execute(argv + 1, &actions);
		else
			wait_end(argv[1], timeout);
	}
	return 0;
}

static int load(int processes, int seconds)
{
	pid_t parent = getpid(), pid;

	for (int i = 0; i < processes; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			return 0;
		for (long long end = now() + seconds * 1000000000LL; now() < end;) {
			pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
		return 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "load") == 0)
		return load(atoi(argv[2]), atoi(argv[3]));
	if (argc == 2)
		return serve(atoi(argv[1]));
	return 2;
}
