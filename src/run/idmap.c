/* SPDX-License-Identifier: Apache-2.0 */
#include "run/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "run/usermap.h"
#include "sys/clone.h"
#include "sys/mount.h"

/* The namespace is made by a process that only waits to be killed, by us or by our end. */
static NORETURN void wait_for_end(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		while (getppid() == parent)
			pause();
	_exit(0);
}

static int make_namespace(const struct proc *proc, pid_t pid, const struct id_maps *maps,
			  struct error *err)
{
	char path[32];

	if (usermap_write_own(proc, pid, maps, err))
		return -1;
	snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	return proc_follow(proc, path, O_RDONLY, err);
}

int idmap_namespace(const struct proc *proc, const struct id_maps *maps, struct error *err)
{
	auto_fd int pidfd = -1;
	pid_t parent = getpid(), pid;
	int fd;

	pid = process_clone(CLONE_NEWUSER, -1, &pidfd, err);
	if (pid == 0)
		wait_for_end(parent);
	if (pid < 0)
		return -1;
	fd = make_namespace(proc, pid, maps, err);
	process_end(pidfd);
	return fd < 0 ? error_in(err, "user namespace for an id-mapped mount") : fd;
}

int idmap_open_namespace(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool is_same_map(const struct id_map *a, size_t n_a, const struct id_map *b, size_t n_b)
{
	return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * sizeof(*a)) == 0);
}

bool idmap_is_same(const struct id_maps *a, const struct id_maps *b)
{
	return is_same_map(a->uid, a->n_uid, b->uid, b->n_uid) &&
	       is_same_map(a->gid, a->n_gid, b->gid, b->n_gid);
}

void idmap_explain(int mnt, struct error *err)
{
	static const struct id_map all[] = { { 0, 0, UINT32_MAX } };
	const struct id_maps everything = { all, all, 1, 1 };
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int copy = -1, user_namespace = -1;
	size_t used = strlen(err->text);
	struct error unused;
	struct statfs fs;

	if (err->errnum == EPERM)
		(void)error_hint(err, "it takes CAP_SYS_ADMIN in the user namespace that the file "
				      "system belongs to");
	if (err->errnum != EINVAL || fstatfs(mnt, &fs) || proc_open(&proc, PROC_PIDS, &unused))
		return;
	user_namespace = idmap_namespace(&proc, &everything, &unused);
	copy = mount_clone(mnt, 0);
	if (user_namespace < 0 || copy < 0 || mount_map_ids(copy, 0, user_namespace) == 0 ||
	    errno != EINVAL)
		return;
	snprintf(err->text + used, sizeof(err->text) - used,
		 " (its file system, magic %#jx, does not support id-mapped mounts on this kernel)",
		 (uintmax_t)fs.f_type);
}
