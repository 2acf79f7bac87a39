/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int errnum = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = errnum;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

char *fd_read_all(struct arena *a, int fd, size_t max, size_t *ret_size)
{
	size_t room = MIN((size_t)16 * 1024, max + 1), used = 0;
	char *buf = arena_alloc(a, room + 1);

	for (;;) {
		ssize_t n;

		if (used == room) {
			if (used > max) {
				errno = EFBIG;
				return NULL;
			}
			room = MIN(room * 4, max + 1);
			buf = arena_grow(a, buf, used, room + 1, 1);
		}
		n = read(fd, buf + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	if (used > max) {
		errno = EFBIG;
		return NULL;
	}
	buf[used] = '\0';
	if (ret_size)
		*ret_size = used;
	return buf;
}

uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_cpu(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

uint64_t deadline_in(unsigned seconds)
{
	return clock_now() + (uint64_t)seconds * 1000000000u;
}

int deadline_left(uint64_t deadline)
{
	uint64_t now, left;

	if (!deadline)
		return -1;
	now = clock_now();
	left = deadline > now ? (deadline - now + 999999) / 1000000 : 0;
	return (int)MIN(left, (uint64_t)INT_MAX);
}

int fd_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int n = poll(&p, 1, deadline_left(deadline));

		if (n > 0)
			return p.revents;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			return 0;
	}
}
