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

static void tell_host(const struct notify *n, const char *text)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(n->host);

	memcpy(addr.sun_path, n->host, len);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	/* The service manager may be gone; the container is none the worse for it. */
	if (sock >= 0)
		(void)sendto(sock, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&addr,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

bool notify_step(struct notify *n)
{
	char text[4096], out[4352], *line, *rest = text;
	bool ready = false;
	size_t size = 0;
	ssize_t len = recv(n->sock, text, sizeof(text) - 1, 0);

	if (len < 0)
		return errno != EAGAIN && errno != EINTR;
	text[len] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (strcmp(line, "READY=1") == 0)
			ready = true;
		else if (strncmp(line, "STATUS=", 7) != 0)
			continue;
		size += (size_t)snprintf(out + size, sizeof(out) - size, "%s\n", line);
	}
	if (ready)
		snprintf(out + size, sizeof(out) - size, "MAINPID=%d\n", (int)n->pid);
	if (size)
		tell_host(n, out);
	return ready;
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
