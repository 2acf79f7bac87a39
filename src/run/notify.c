/* SPDX-License-Identifier: Apache-2.0 */
#include "run/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/tty.h"

#define BARRIER_SECONDS 10

const char *notify_wanted(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	/* An abstract socket ("@name") is reached as well as one with a path. */
	return path && (path[0] == '/' || path[0] == '@') && path[1] &&
			       strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path)
		       ? path
		       : NULL;
}

int notify_make(const struct state *s, struct error *err)
{
	if (mkdirat(s->fd, STATE_NOTIFY, 0755) < 0 && errno != EEXIST)
		return error_sys(err, "mkdir \"%s/%s/" STATE_NOTIFY "\"", s->root, s->id);
	/* The program may be of any user; nobody else reaches the directory above. */
	if (fchmodat(s->fd, STATE_NOTIFY, 0755, 0) < 0)
		return error_sys(err, "chmod \"%s/%s/" STATE_NOTIFY "\"", s->root, s->id);
	return 0;
}

int notify_bind(const struct state *s, pid_t pid, struct notify *ret, struct error *err)
{
	static const char name[] = STATE_NOTIFY "/" STATE_NOTIFY_SOCKET;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_fd int sock = -1;

	*ret = (struct notify){ .sock = -1, .host = notify_wanted(), .pid = pid };
	if (!ret->host || faccessat(s->fd, STATE_NOTIFY, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return error_sys(err, "socket AF_UNIX");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", s->fd, name);
	(void)unlinkat(s->fd, name, 0);
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return error_sys(err, "bind \"%s/%s/%s\"", s->root, s->id, name);
	if (fchmodat(s->fd, name, 0777, 0) < 0)
		return error_sys(err, "chmod \"%s/%s/%s\"", s->root, s->id, name);
	ret->sock = fd_take(&sock);
	return 0;
}

static int send_to_host(const struct notify *n, const char *text, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(n->host);
	struct error unused;

	memcpy(addr.sun_path, n->host, len);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	if (sock < 0 || connect(sock, (struct sockaddr *)&addr,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -1;
	if (fd >= 0)
		return socket_send_fd(sock, text, fd, &unused);
	return send(sock, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/*
 * The service manager may be gone; the container is none the worse for it. It closes the descriptor of the barrier when it
 * has dealt with what came before (sd_notify_barrier(3)): until then our exit could make it forget who we were.
 */
static void tell_host(const struct notify *n)
{
	auto_fd int waits = -1, closed_by_host = -1;
	char text[48];
	int ends[2];

	snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", (int)n->pid);
	if (send_to_host(n, text, -1) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return;
	waits = ends[0];
	closed_by_host = ends[1];
	if (send_to_host(n, "BARRIER=1", closed_by_host) < 0)
		return;
	fd_close(&closed_by_host);
	(void)fd_wait(waits, POLLHUP, deadline_in(BARRIER_SECONDS));
}

bool notify_step(struct notify *n)
{
	char text[4096], *line, *rest = text;
	ssize_t len = recv(n->sock, text, sizeof(text) - 1, 0);

	if (len < 0)
		return errno != EAGAIN && errno != EINTR;
	text[len] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (strcmp(line, "READY=1") == 0) {
			tell_host(n);
			return true;
		}
	return false;
}

void notify_wait(struct notify *n, int pidfd)
{
	while (n->sock >= 0) {
		struct pollfd fds[] = { { .fd = n->sock, .events = POLLIN },
					{ .fd = pidfd, .events = POLLIN } };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		if ((fds[0].revents && notify_step(n)) || fds[1].revents)
			return;
	}
}

void notify_close(struct notify *n)
{
	fd_close(&n->sock);
}
