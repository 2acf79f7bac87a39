/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/subtree.h"

#define DELEGATE_FILE "/sys/kernel/cgroup/delegate"

/* What kernels before 4.15, which have no list, take for a delegated cgroup's own. */
static const char default_files[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

static const char *read_files(char *buf, size_t size)
{
	auto_fd int fd = open(DELEGATE_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return default_files;
	buf[n] = '\0';
	return buf;
}

/* A file that this cgroup does not have is none to be given. */
static int give_file(int dir, const char *name, uid_t owner)
{
	if (fchownat(dir, name, owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return 0;
	return -1;
}

static int give(int dir, const char *shown, uid_t owner, struct error *err)
{
	char buf[4096], name[NAME_MAX + 1];

	if (fchown(dir, owner, (gid_t)-1) < 0)
		return error_sys(err, "chown cgroup \"%s\" to user %u", shown, owner);
	for (const char *p = read_files(buf, sizeof(buf)); *p; p += strspn(p, "\n")) {
		size_t n = strcspn(p, "\n");

		if (n > 0 && n <= NAME_MAX && !memchr(p, '/', n)) {
			memcpy(name, p, n);
			name[n] = '\0';
			if (give_file(dir, name, owner) < 0)
				return error_sys(err, "chown \"%s/%s\" to user %u", shown, name,
						 owner);
		}
		p += n;
	}
	return 0;
}

const char *delegate_leaf(const struct cgroup_plan *plan, struct arena *a)
{
	if (plan->subgroup && plan->delegate)
		return arena_printf(a, "%s/%s", plan->subgroup, plan->delegate);
	return plan->subgroup ? plan->subgroup : plan->delegate;
}

/* Makes a directory in `dir`, which becomes that one, and opens its cgroup.procs. */
static int descend(int *dir, const char *name, const struct hierarchy *h, int *ret_procs,
		   struct error *err)
{
	auto_fd int below = -1;

	if (mkdirat(*dir, name, 0755) < 0 && errno != EEXIST)
		return error_sys(err, "mkdir \"%s\" in cgroup \"%s%s\"", name, h->mount, h->path);
	below = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*ret_procs = below < 0 ? -1 : openat(below, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (*ret_procs < 0)
		return error_sys(err, "open \"%s/cgroup.procs\" in cgroup \"%s%s\"", name, h->mount,
				 h->path);
	fd_close(dir);
	*dir = fd_take(&below);
	return 0;
}

int delegate_make(struct hierarchy *h, const struct cgroup_plan *plan, struct arena *a,
		  struct error *err)
{
	auto_fd int dir = -1;
	int result;

	if (!plan->subgroup && !plan->delegate && !plan->has_owner)
		return 0;
	dir = hierarchy_open(h, h->path, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return error_sys(err, "open cgroup \"%s%s\"", h->mount, h->path);
	if ((plan->subgroup && descend(&dir, plan->subgroup, h, &h->procs, err)) ||
	    (plan->delegate && descend(&dir, plan->delegate, h, &h->leaf_join, err)))
		return error_at(err, "/annotations");
	h->leaf = delegate_leaf(plan, a);
	if (!plan->has_owner)
		return 0;
	result = give(dir, h->path, plan->owner, err);
	/* Who is not root has nothing to give away, and already owns what it made. */
	return result && err->errnum == EPERM && geteuid() != 0 ? 0 : result;
}

void delegate_pass_on(struct hierarchy *h, struct arena *a)
{
	const char *slash = strchr(h->leaf, '/'), *path = h->path;

	subtree_pass_on(h);
	if (!slash)
		return;
	h->path = arena_printf(a, "%s/%.*s", path, (int)(slash - h->leaf), h->leaf);
	subtree_pass_on(h);
	h->path = path;
}
