/* SPDX-License-Identifier: Apache-2.0 */
#include "run/cgroupfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/syscalls.h"

static int bind_hierarchy(struct tree *t, const struct fs_mount *m, struct cgroup_source *c,
			  int target, const char *path, struct error *err)
{
	const uint64_t readonly = m->writable_cgroups && !c->shared ? 0 : MOUNT_ATTR_RDONLY;
	const struct mount_set nothing = { 0 };
	const struct mount_set top = { .set = m->top.set | readonly,
				       .clear = m->top.clear | readonly,
				       .propagation = MS_PRIVATE };

	if (tree_attach(t, &c->source, target, path, 0, &nothing, &top, err))
		return error_in(err, "cgroup \"%s\"", c->shared ? c->own : c->path);
	return 0;
}

/* "cpu,cpuacct" is found as "cpu" and "cpuacct", too. */
static int link_controllers(int dir, const char *name, struct error *err)
{
	if (!strchr(name, ','))
		return 0;
	for (const char *p = name; *p;) {
		char part[NAME_MAX + 1];
		size_t n = strcspn(p, ",");

		if (n > 0 && n < sizeof(part)) {
			memcpy(part, p, n);
			part[n] = '\0';
			if (root_symlink(dir, part, name, NULL, err))
				return -1;
		}
		p += n + (p[n] == ',');
	}
	return 0;
}

static int fill(struct tree *t, const struct fs_mount *m, int dir, struct error *err)
{
	for (size_t i = 0; i < t->sources->n_cgroups; i++) {
		struct cgroup_source *c = &t->sources->cgroups[i];
		auto_fd int target = -1;
		char path[4096];

		if (c->left_out)
			continue;
		snprintf(path, sizeof(path), "%s/%s", m->target, c->name);
		if (mkdirat(dir, c->name, 0755))
			return error_sys(err, "mkdir \"%s\"", path);
		target = openat(dir, c->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (target < 0)
			return error_sys(err, "open \"%s\"", path);
		if (bind_hierarchy(t, m, c, target, path, err) ||
		    link_controllers(dir, c->name, err))
			return -1;
	}
	return 0;
}

int cgroupfs_mount(struct tree *t, const struct fs_mount *m, int target, struct error *err)
{
	static const struct fs_option options[] = { { .key = "mode", .value = "755" },
						    { .key = "size", .value = "64k" } };
	struct sources *s = t->sources;
	auto_fd int dir = -1;
	bool attached;

	/* One hierarchy without a name is the whole view. */
	if (s->n_cgroups == 1 && !*s->cgroups[0].name && !s->cgroups[0].left_out) {
		if (m->late_readonly)
			tree_note_late(t, NULL);
		return bind_hierarchy(t, m, &s->cgroups[0], target, m->target, err);
	}
	dir = tree_tmpfs(t, target, m->target, m->top.set, options, ARRAY_SIZE(options), &attached,
			 err);
	if (dir < 0 || (!attached && mount_attach(dir, target, err)) || fill(t, m, dir, err))
		return -1;
	/* What the configuration mounts below it needs places to be made. */
	if (m->late_readonly)
		tree_note_late(t, &dir);
	return 0;
}
