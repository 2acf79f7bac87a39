/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#define OUTPUT_MAX ((size_t)64 << 20)

static int spawn(const char *const *args, int out, pid_t *ret_pid, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int errnum;

	if (posix_spawn_file_actions_init(&actions))
		return error_errno(err, ENOMEM, "run %s", args[0]);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	errnum = posix_spawnp(ret_pid, args[0], &actions, NULL, (char *const *)(uintptr_t)args,
			      environ);
	posix_spawn_file_actions_destroy(&actions);
	return errnum ? error_errno(err, errnum, "run %s", args[0]) : 0;
}

/* All that it prints, until it closes its end. */
static int take_output(int fd, const char *name, uint64_t deadline, struct arena *a, char **ret,
		       struct error *err)
{
	size_t used = 0, room = 1 << 14;
	char *text = arena_alloc(a, room);

	for (;;) {
		int events = fd_wait(fd, POLLIN, deadline);
		ssize_t n = events > 0 ? read(fd, text + used, room - used - 1) : -1;

		if (events == 0)
			return error_set(err, ERR_TIMEOUT, "%s takes too long", name);
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
	return 0;
}

int tool_read(const char *const *args, unsigned seconds, struct arena *a, char **ret,
	      struct error *err)
{
	auto_fd int from = -1, to = -1;
	int ends[2], status, result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "pipe2");
	from = ends[0];
	to = ends[1];
	if (spawn(args, to, &pid, err))
		return -1;
	fd_close(&to);
	result = take_output(from, args[0], deadline_in(seconds), a, ret, err);
	if (result)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for %s", args[0]);
	if (result || status == 0)
		return result;
	if (WIFSIGNALED(status))
		return error_set(err, ERR_CHILD, "%s was killed by signal %d", args[0],
				 WTERMSIG(status));
	return error_set(err, ERR_CHILD, "%s failed with status %d", args[0], WEXITSTATUS(status));
}
