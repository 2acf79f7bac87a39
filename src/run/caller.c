/* SPDX-License-Identifier: Apache-2.0 */
#include "run/caller.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/tty.h"

int caller_console(const char *path, bool attached, int *ret_socket, int *ret_peer,
		   struct error *err)
{
	int pair[2];

	if (path) {
		*ret_socket = socket_connect(path, err);
		return *ret_socket < 0 ? error_in(err, "console socket") : 0;
	}
	if (!attached)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "socketpair for the terminal");
	*ret_socket = pair[0];
	*ret_peer = pair[1];
	return 0;
}

int caller_give_pidfd(const char *path, const char *text, int pidfd, struct error *err)
{
	auto_fd int sock = -1;

	if (!path)
		return 0;
	sock = socket_connect(path, err);
	if (sock < 0 || socket_send_fd(sock, text, pidfd, err))
		return error_in(err, "pidfd socket");
	return 0;
}

int caller_give_pid(const char *path, pid_t pid, struct arena *a, struct error *err)
{
	const char *slash, *name, *temp;
	auto_fd int fd = -1;
	char text[16];

	if (!path)
		return 0;
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	temp = arena_printf(a, "%.*s.%s", (int)(name - path), path, name);
	/* A left-over of a runtime that died is replaced. */
	(void)unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_sys(err, "open pid file \"%s\"", temp);
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (fd_write_all(fd, text, strlen(text)) < 0 || rename(temp, path) < 0) {
		error_sys(err, "write pid file \"%s\"", path);
		(void)unlink(temp);
		return -1;
	}
	return 0;
}
