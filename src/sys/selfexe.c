/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/selfexe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/syscalls.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Set for the second start, so that a protection that does not show ends in an error and not in a loop. */
#define MARK "_TEU_PROTECTED"

/* Judged by the file itself: anybody can set a variable. */
static bool is_protected(void)
{
	auto_fd int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct statvfs fs;
	int seals;

	if (fd < 0)
		return false;
	if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & SEALS) == SEALS;
}

static int clone_read_only(void)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						   MOUNT_ATTR_NODEV };
	auto_fd int fd =
		sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		return -1;
	return fd_take(&fd);
}

static int copy_sealed(struct error *err)
{
	auto_fd int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int to = -1;
	struct stat st;

	to = memfd_create("teu", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (to < 0 && errno == EINVAL)
		to = memfd_create("teu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return error_sys(err, "make a copy of the runtime's own program");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return error_sys(err, "copy the runtime's own program");
		left -= n;
	}
	if (fchmod(to, 0555) < 0 || fcntl(to, F_ADD_SEALS, SEALS) < 0)
		return error_sys(err, "seal the copy of the runtime's own program");
	return fd_take(&to);
}

int selfexe_protect(char **argv, struct error *err)
{
	bool again = getenv(MARK);
	auto_fd int fd = -1;

	if (is_protected()) {
		unsetenv(MARK);
		/* Executed through a descriptor, we would be called by its number. */
		prctl(PR_SET_NAME, "teu");
		return 0;
	}
	if (!again)
		fd = clone_read_only();
	if (fd < 0)
		fd = copy_sealed(err);
	if (fd < 0)
		return -1;
	if (setenv(MARK, "1", 1) < 0)
		return error_sys(err, "setenv");
	execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return error_sys(err, "execute the protected copy of the runtime's own program");
}

int selfexe_check_path(struct error *err)
{
	const char *path = (const char *)getauxval(AT_EXECFN);

	if (path && str_starts(path, "/proc/"))
		return error_set(err, ERR_USAGE, "started through \"%s\": refused", path);
	return 0;
}
