/* SPDX-License-Identifier: Apache-2.0 */
/* Callers that a runtime may have: root of a user namespace, a user who can have no more keys. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	return 125;
}

static int run(char **argv)
{
	execvp(argv[0], argv);
	return failed(argv[0]);
}

static int write_map(pid_t pid, const char *file, const char *first, const char *count)
{
	char path[64], text[64];
	int fd, n = snprintf(text, sizeof(text), "0 %s %s\n", first, count);
	ssize_t written;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd < 0 ? -1 : write(fd, text, (size_t)n);
	close(fd);
	return written == n ? 0 : failed(path);
}

static int become_root(int made, int mapped, char **argv)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return failed("unshare");
	if (write(made, &byte, 1) != 1 || read(mapped, &byte, 1) != 1)
		return failed("pipe");
	if (setgroups(0, NULL) || setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return failed("become root");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return failed("mount --make-rprivate /");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return run(argv);
}

static int in_userns(const char *first, const char *count, char **argv)
{
	int made[2], mapped[2], status;
	char byte;
	pid_t pid;

	if (pipe2(made, O_CLOEXEC) || pipe2(mapped, O_CLOEXEC))
		return failed("pipe2");
	pid = fork();
	if (pid < 0)
		return failed("fork");
	if (pid == 0)
		_exit(become_root(made[1], mapped[0], argv));
	close(made[1]);
	if (read(made[0], &byte, 1) == 1) {
		status = write_map(pid, "uid_map", first, count);
		if (status == 0)
			status = write_map(pid, "gid_map", first, count);
		if (status == 0 && write(mapped[1], "", 1) != 1)
			status = failed("pipe");
		if (status)
			kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return failed("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The keys belong to a session keyring of this process, which its program has until the end. */
static int without_keys(char **argv)
{
	char name[32];

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return failed("keyctl");
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "probe%d", i);
		if (syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
			return errno == EDQUOT ? run(argv) : failed("add_key");
	}
	return failed("no quota of keys");
}

int probe_caller(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[0], "in-userns") == 0)
		return in_userns(argv[1], argv[2], argv + 3);
	if (argc > 1 && strcmp(argv[0], "without-keys") == 0)
		return without_keys(argv + 1);
	return 2;
}
