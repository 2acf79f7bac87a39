/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/clone.h"
#include "sys/syscalls.h"

#define OUTPUT_MAX ((size_t)64 << 20)

/* One of the descriptors 1 and 2 is the end of a pipe, the other stays ours or, with `quiet`, leads nowhere. */
struct tool {
	const char *path; /* NULL: args[0] is looked for in PATH */
	const char *const *args;
	int taken;
	bool quiet;
};

static int spawn(const struct tool *t, int out, pid_t *ret_pid, struct error *err)
{
	char *const *args = (char *const *)(uintptr_t)t->args;
	posix_spawn_file_actions_t actions;
	int errnum;

	if (posix_spawn_file_actions_init(&actions))
		return error_errno(err, ENOMEM, "run %s", args[0]);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (t->quiet)
		(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
						       O_WRONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, out, t->taken);
	errnum = t->path ? posix_spawn(ret_pid, t->path, &actions, NULL, args, environ)
			 : posix_spawnp(ret_pid, args[0], &actions, NULL, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	return errnum ? error_errno(err, errnum, "run %s", t->path ? t->path : args[0]) : 0;
}

static int fail_late(const char *name, unsigned seconds, struct error *err)
{
	return error_set(err, ERR_TIMEOUT, "%s did not end within %u seconds", name, seconds);
}

/* All that it prints, until it closes its end: 1, or 0 at the deadline. */
static int take_output(int fd, const char *name, uint64_t deadline, struct arena *a, char **ret,
		       struct error *err)
{
	size_t used = 0, room = 1 << 14;
	char *text = arena_alloc(a, room);

	for (;;) {
		int events = fd_wait(fd, POLLIN, deadline);
		ssize_t n = events > 0 ? read(fd, text + used, room - used - 1) : -1;

		if (events == 0)
			return 0;
		if (n < 0)
			return error_sys(err, "read from %s", name);
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > OUTPUT_MAX)
			return error_set(err, ERR_CHILD, "%s prints too much", name);
		if (room - used < 4096) {
			text = arena_grow(a, text, used, 2 * room, 1);
			room *= 2;
		}
	}
	text[used] = '\0';
	*ret = text;
	return 1;
}

/* Runs it to its end; *ret_status as waitpid(2) gives it, the text in any case. */
static int run(const struct tool *t, unsigned seconds, struct arena *a, char **ret_text,
	       int *ret_status, struct error *err)
{
	const uint64_t deadline = deadline_in(seconds);
	auto_fd int from = -1, to = -1, pidfd = -1;
	int ends[2], result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "pipe2");
	from = ends[0];
	to = ends[1];
	if (spawn(t, to, &pid, err))
		return -1;
	fd_close(&to);
	pidfd = sys_pidfd_open(pid, 0);
	if (pidfd < 0) {
		error_sys(err, "pidfd_open of %s", t->args[0]);
		(void)kill(pid, SIGKILL);
		return -1;
	}
	/* What it started may go on with its end of the pipe, and it may go on without. */
	result = take_output(from, t->args[0], deadline, a, ret_text, err);
	if (result > 0 && process_wait(pidfd, deadline, ret_status) == 0)
		return 0;
	if (result > 0 && errno != ETIMEDOUT)
		error_sys(err, "wait for %s", t->args[0]);
	else if (result >= 0)
		fail_late(t->args[0], seconds, err);
	process_end(pidfd);
	return -1;
}

static int explain_status(const char *name, int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ERR_CHILD, "%s was killed by signal %d", name,
				 WTERMSIG(status));
	return error_set(err, ERR_CHILD, "%s failed with status %d", name, WEXITSTATUS(status));
}

int tool_read(const char *const *args, unsigned seconds, struct arena *a, char **ret,
	      struct error *err)
{
	const struct tool t = { .args = args, .taken = STDOUT_FILENO };
	int status;

	if (run(&t, seconds, a, ret, &status, err))
		return -1;
	return status == 0 ? 0 : explain_status(args[0], status, err);
}

int tool_run(const char *path, const char *const *args, unsigned seconds, struct arena *a,
	     struct error *err)
{
	const struct tool t = { .path = path, .args = args, .taken = STDERR_FILENO, .quiet = true };
	char *text, shown[256];
	int status;

	if (run(&t, seconds, a, &text, &status, err))
		return -1;
	if (status == 0)
		return 0;
	(void)explain_status(args[0], status, err);
	text[strcspn(text, "\n")] = '\0';
	return *text ? error_hint(err, "%s", str_printable(text, shown, sizeof(shown))) : -1;
}

const char *tool_find(const char *name, struct arena *a)
{
	/* The last one is where NixOS has what runs with privileges. */
	static const char *const directories[] = { "/usr/bin",	       "/bin",	"/usr/local/bin",
						   "/usr/sbin",	       "/sbin", "/usr/local/sbin",
						   "/run/wrappers/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		const char *path = arena_printf(a, "%s/%s", directories[i], name);

		if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
			return path;
	}
	return NULL;
}
