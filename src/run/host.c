/* SPDX-License-Identifier: Apache-2.0 */
#include "run/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/buslib.h"
#include "sys/file.h"
#include "sys/lsm.h"
#include "sys/security.h"
#include "sys/selfexe.h"
#include "sys/syscalls.h"

/* The initial user namespace has the same inode number on every machine (PROC_USER_INIT_INO). */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDu

static bool in_user_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != INITIAL_USER_NAMESPACE;
}

/* Lines "inside outside size"; nothing where it cannot be read. */
static void read_map(const char *path, struct arena *a, const struct id_map **ret, size_t *ret_n)
{
	const char *text = file_read_regular(path, 64 << 10, a, NULL);
	struct id_map *map;
	size_t room = 0, n = 0;

	for (const char *p = text; p && *p; p++)
		room += *p == '\n';
	map = arena_new_n(a, struct id_map, room);
	for (const char *p = text; n < room; p = strchr(p, '\n') + 1)
		if (sscanf(p, "%u %u %u", &map[n].container, &map[n].host, &map[n].size) != 3)
			room--;
		else
			n++;
	*ret = map;
	*ret_n = n;
}

int host_read(struct host *ret, struct arena *a, struct error *err)
{
	struct inheritance own;
	char cwd[4096];

	*ret = (struct host){ .euid = geteuid(), .egid = getegid() };
	if (inheritance_read(&own, err))
		return -1;
	ret->bounding = own.bounding;
	ret->permitted = own.permitted;
	ret->last_capability = own.last_capability;
	ret->ignored_signals = own.ignored_signals;
	ret->in_userns = in_user_namespace();
	if (ret->in_userns) {
		read_map("/proc/self/uid_map", a, &ret->own_maps.uid, &ret->own_maps.n_uid);
		read_map("/proc/self/gid_map", a, &ret->own_maps.gid, &ret->own_maps.n_gid);
	}
	ret->apparmor = lsm_apparmor_is_enabled();
	ret->selinux = lsm_selinux_is_enabled();
	ret->cwd = getcwd(cwd, sizeof(cwd)) ? arena_strdup(a, cwd) : "/";
	return 0;
}

int host_check_program(struct error *err)
{
	return selfexe_check_path(err);
}

bool host_reads_once(const char *path)
{
	return path && !file_is_regular(path);
}

int host_protect_program(char **argv, struct error *err)
{
	return selfexe_protect(argv, err);
}

int host_reach_systemd(char **argv, struct error *err)
{
	return buslib_reach(argv, err);
}

bool host_takes_filter_flag(unsigned flag)
{
	return filter_flag_is_known(flag);
}

int host_guard_descriptors(unsigned preserve, struct error *err)
{
	if (stdio_fill(err))
		return -1;
	if (sys_close_range(3 + preserve, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return error_sys(err, "close_range");
	/* Holes in the preserved range are filled, lest a descriptor of ours land there and be passed on. */
	for (unsigned fd = 3; fd < 3 + preserve; fd++) {
		auto_fd int null = -1;
		int flags = fcntl((int)fd, F_GETFD);

		if (flags >= 0) {
			(void)fcntl((int)fd, F_SETFD, flags & ~FD_CLOEXEC);
			continue;
		}
		if (fd == 2 + preserve)
			return error_set(err, ERR_USAGE,
					 "descriptor %u of --preserve-fds %u is not open", fd,
					 preserve);
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0 || (null != (int)fd && dup3(null, (int)fd, O_CLOEXEC) < 0))
			return error_sys(err, "fill descriptor %u", fd);
		if (null == (int)fd)
			fd_take(&null);
	}
	return 0;
}

int host_keyring_name(const char *id, struct arena *a, const char **ret, struct error *err)
{
	uint64_t number[2];

	if (getrandom(number, sizeof(number), 0) != sizeof(number))
		return error_sys(err, "getrandom");
	*ret = arena_printf(a, "_ses.%s.%016jx%016jx", id, (uintmax_t)number[0],
			    (uintmax_t)number[1]);
	return 0;
}
