/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#define FILE_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

char *file_read_regular(const char *path, size_t max, struct arena *a, size_t *ret_size)
{
	auto_fd int fd = -1;
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	if ((uintmax_t)st.st_size > max) {
		errno = EFBIG;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	/* It may have been exchanged in between. */
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	return fd_read_all(a, fd, max, ret_size);
}

bool file_is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

bool file_is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && is_null(&st);
}

int stdio_adopt(unsigned uid, struct error *err)
{
	auto_fd int null = -1;
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st) < 0)
			return error_sys(err, "fstat of descriptor %d", fd);
		if (is_null(&st)) {
			if (null < 0)
				null = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK |
								 O_NOCTTY | O_CLOEXEC);
			/* An image may have put anything there: then the host's stays. */
			if (null >= 0 && file_is_null(null) && dup3(null, fd, 0) < 0)
				return error_sys(err, "dup3 of /dev/null");
			continue;
		}
		if (st.st_uid == uid ||
		    !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd)))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EROFS &&
		    errno != EINVAL)
			return error_sys(err, "fchown of descriptor %d to uid %u", fd, uid);
	}
	return 0;
}

int stdio_fill(struct error *err)
{
	struct pollfd list[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(list, ARRAY_SIZE(list), 0) < 0)
		return error_sys(err, "poll of the standard descriptors");
	for (int fd = 0; fd < 3; fd++)
		if (list[fd].revents & POLLNVAL && open("/dev/null", O_RDWR) != fd)
			return error_sys(err, "open /dev/null as descriptor %d", fd);
	return 0;
}

int file_make_sealed(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	/* Kernels before 6.3 know no other. */
	return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

int file_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, FILE_SEALS);
}

bool file_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & FILE_SEALS) == FILE_SEALS;
}
