/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/syscalls.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* The inode number of ptmx in every devpts instance. */
#define PTMX_INODE 2

static int verify_ptmx(int fd, struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "fstat /dev/pts/ptmx");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || st.st_ino != PTMX_INODE || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(5, 2))
		return error_set(
			err, ERR_CONFIG,
			"/dev/pts/ptmx in the container is not the multiplexer of a devpts: "
			"a terminal needs a devpts mount on /dev/pts");
	return 0;
}

int terminal_open(int root_fd, struct terminal *ret, struct error *err)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	auto_fd int handle = sys_openat2(root_fd, "dev/pts/ptmx", &how);
	auto_fd int primary = -1, peer = -1;
	struct termios tio;
	int unlock = 0;

	if (handle < 0 && errno == ENOSYS)
		handle = openat(root_fd, "dev/pts/ptmx", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (handle < 0)
		return error_sys(err, "open /dev/pts/ptmx in the container");
	if (verify_ptmx(handle, err))
		return -1;
	/* The handle has proved to be a device of the kernel, so opening it by its name again costs nothing. */
	how.flags = O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
	primary = sys_openat2(root_fd, "dev/pts/ptmx", &how);
	if (primary < 0 && errno == ENOSYS)
		primary =
			openat(root_fd, "dev/pts/ptmx", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (primary < 0)
		return error_sys(err, "open /dev/pts/ptmx in the container");
	if (verify_ptmx(primary, err))
		return -1;
	if (ioctl(primary, TIOCSPTLCK, &unlock) < 0)
		return error_sys(err, "ioctl TIOCSPTLCK");
	peer = ioctl(primary, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return error_sys(err, "ioctl TIOCGPTPEER");
	/* Readers of a container's output do not expect carriage returns that the program did not write. */
	if (tcgetattr(peer, &tio) < 0)
		return error_sys(err, "tcgetattr on the container's terminal");
	tio.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(peer, TCSANOW, &tio) < 0)
		return error_sys(err, "tcsetattr on the container's terminal");
	ret->primary = fd_take(&primary);
	ret->peer = fd_take(&peer);
	return 0;
}

int terminal_resize(int fd, uint16_t rows, uint16_t columns, struct error *err)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (!rows && !columns)
		return 0;
	if (ioctl(fd, TIOCSWINSZ, &size) < 0)
		return error_sys(err, "ioctl TIOCSWINSZ");
	return 0;
}

void terminal_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		(void)ioctl(to, TIOCSWINSZ, &size);
}

int terminal_adopt(int peer, uid_t uid, struct error *err)
{
	if (fchown(peer, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EROFS)
		return error_sys(err, "fchown of the container's terminal to uid %u", uid);
	for (int fd = 0; fd < 3; fd++)
		if (dup3(peer, fd, 0) < 0)
			return error_sys(err, "dup3 of the container's terminal");
	return 0;
}

int terminal_control(struct error *err)
{
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return error_sys(err, "ioctl TIOCSCTTY");
	return 0;
}

bool terminal_raw(int fd, struct termios *saved)
{
	struct termios raw;

	if (tcgetattr(fd, saved) < 0)
		return false;
	raw = *saved;
	cfmakeraw(&raw);
	return tcsetattr(fd, TCSANOW, &raw) == 0;
}

void terminal_restore(int fd, const struct termios *saved)
{
	(void)tcsetattr(fd, TCSANOW, saved);
}

int socket_connect(const char *path, struct error *err)
{
	const struct timeval limit = { .tv_sec = SOCKET_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd int dir = -1;

	if (sock < 0)
		return error_sys(err, "socket AF_UNIX");
	if (strlen(path) < sizeof(addr.sun_path)) {
		memcpy(addr.sun_path, path, strlen(path) + 1);
	} else {
		/* Too long for an address: name the socket itself by a descriptor. */
		dir = open(path, O_PATH | O_CLOEXEC);
		if (dir < 0)
			return error_sys(err, "open socket \"%s\"", path);
		snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", dir);
	}
	/* A queue that nobody empties would hold us for ever. */
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd_take(&sock);
	if (errno == EAGAIN)
		return error_set(err, ERR_TIMEOUT,
				 "socket \"%s\": nobody accepted within %d seconds", path,
				 SOCKET_SECONDS);
	return error_sys(err, "connect to socket \"%s\"", path);
}

/* Sends some of a message once there is room; -1 with EAGAIN when the deadline has passed. */
static ssize_t send_some(int sock, const struct msghdr *msg, uint64_t deadline)
{
	for (;;) {
		ssize_t n = sendmsg(sock, msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return n;
		if (errno == EAGAIN && fd_wait(sock, POLLOUT, deadline) == 0) {
			errno = EAGAIN;
			return -1;
		}
	}
}

int socket_send_fd(int sock, const char *text, int fd, struct error *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	uint64_t deadline = deadline_in(SOCKET_SECONDS);
	ssize_t n;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	do {
		n = send_some(sock, &msg, deadline);
		if (n < 0)
			break;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
	} while (iov.iov_len > 0);
	if (n < 0 && errno == EAGAIN)
		return error_set(err, ERR_TIMEOUT,
				 "sendmsg of a descriptor: nobody read it within %d seconds",
				 SOCKET_SECONDS);
	if (n < 0)
		return error_sys(err, "sendmsg of a descriptor");
	return 0;
}

int socket_receive_fd(int sock, struct error *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char text[64];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg;
	ssize_t n;
	int fd;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, "recvmsg of a descriptor");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS || cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return error_set(err, ERR_CHILD, "no descriptor came with the message");
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}
