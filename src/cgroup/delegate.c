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

int delegate_make(struct hierarchy *h, const struct cgroup_plan *plan, struct error *err)
{
	auto_fd int dir = -1, leaf = -1;
	int result;

	if (!plan->delegate && !plan->has_owner)
		return 0;
	dir = hierarchy_open(h, h->path, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return error_sys(err, "open cgroup \"%s%s\"", h->mount, h->path);
	if (plan->delegate) {
		if (mkdirat(dir, plan->delegate, 0755) < 0 && errno != EEXIST)
			return error_sys(err, "mkdir \"%s%s/%s\"", h->mount, h->path,
					 plan->delegate);
		leaf = openat(dir, plan->delegate, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		h->leaf_join = leaf < 0 ? -1 : openat(leaf, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (h->leaf_join < 0)
			return error_sys(err, "open \"%s%s/%s/cgroup.procs\"", h->mount, h->path,
					 plan->delegate);
		h->leaf = plan->delegate;
	}
	if (!plan->has_owner)
		return 0;
	result = give(leaf < 0 ? dir : leaf, h->path, plan->owner, err);
	/* Who is not root has nothing to give away, and already owns what it made. */
	return result && err->errnum == EPERM && geteuid() != 0 ? 0 : result;
}
