/* SPDX-License-Identifier: Apache-2.0 */
#include "run/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "run/join.h"
#include "run/rdtgroup.h"
#include "run/runnable.h"
#include "run/setting.h"
#include "run/sources.h"
#include "run/usermap.h"
#include "run/view.h"
#include "spec/names.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/proc.h"

#define MAX_LIST ((size_t)4 << 20)

static void add_sys(struct findings *f, int errnum, const char *where, const char *what,
		    const char *name)
{
	struct error err;

	error_errno(&err, errnum, "%s \"%s\"", what, name);
	error_at(&err, "%s", where);
	findings_add(f, &err);
}

/* ---- files ----------------------------------------------------------------------------------------------------------- */

static bool check_root(const struct fs_plan *fs, struct findings *f)
{
	auto_fd int fd = mount_open_path(fs->rootfs, 0);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	add_sys(f, fd < 0 ? errno : ENOTDIR, "/root/path", "root directory", fs->rootfs);
	return false;
}

/* What is at the target, where that is known, must be of the source's kind; else it is made. */
static void check_target(const struct view *v, const struct fs_mount *m, const struct stat *source,
			 struct findings *f)
{
	struct view_place place = view_find(v, m->target);
	struct stat st;
	struct error err;

	if (place.kind == VIEW_FOUND && fstat(place.fd, &st) == 0 &&
	    S_ISDIR(st.st_mode) != S_ISDIR(source->st_mode)) {
		error_errno(&err, ENOTDIR, "the source is %s, the destination \"%s\" is %s",
			    S_ISDIR(source->st_mode) ? "a directory" : "a file", m->target,
			    S_ISDIR(st.st_mode) ? "a directory" : "a file");
		error_at(&err, "/mounts/%u", m->index);
		findings_add(f, &err);
	}
	fd_close(&place.fd);
}

static void check_bind(const struct view *v, const struct fs_mount *m, struct findings *f)
{
	bool link = m->source_nofollow || m->copy_symlink;
	auto_fd int fd = mount_open_path(m->source, link ? MOUNT_NOFOLLOW : 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		add_sys(f, errno, arena_printf(f->arena, "/mounts/%u/source", m->index),
			"mount source", m->source);
		return;
	}
	if (!S_ISLNK(st.st_mode) && !m->target_nofollow)
		check_target(v, m, &st, f);
}

static bool host_has_type(const char *list, const char *type)
{
	size_t n = strlen(type);

	/* "nodev<TAB>tmpfs", "<TAB>ext4" */
	for (const char *p = list; (p = strstr(p, type)); p += n)
		if (p > list && p[-1] == '\t' && p[n] == '\n')
			return true;
	return false;
}

static void check_new(const struct fs_mount *m, const char *types, struct findings *f)
{
	if (types && *m->type && !host_has_type(types, m->type))
		findings_warn(
			f, arena_printf(f->arena, "/mounts/%u/type", m->index),
			"the kernel does not have the file system \"%s\" now; it has to load a "
			"module for it",
			m->type);
	for (size_t i = 0; i < m->n_options; i++)
		if (m->options[i].nearest)
			findings_warn(f,
				      arena_printf(f->arena, "/mounts/%u/options/%u", m->index,
						   m->options[i].index),
				      "\"%s\" is handed to the file system; did you mean \"%s\"?",
				      m->options[i].key, m->options[i].nearest);
}

static void check_devices(const struct fs_plan *fs, struct findings *f)
{
	const struct sources looking = { .arena = f->arena, .old_calls = true };
	struct error err;

	for (size_t i = 0; i < fs->n_devices; i++) {
		struct source source = { .fd = -1 };

		if (fs->devices[i].opened == FS_NO_SOURCE)
			continue;
		if (sources_open_device(&looking, &fs->devices[i], &source, &err))
			findings_add(f, &err);
		source_close(&source);
	}
}

/* Each mount is looked at in the tree that those before it make. */
static void check_mounts(const struct view *v, const char *types, struct findings *f)
{
	struct view before = *v;

	for (size_t i = 0; i < v->n; i++) {
		const struct fs_mount *m = v->mounts[i].mount;

		before.n = i;
		if (m->kind == FS_NEW)
			check_new(m, types, f);
		else if (m->kind == FS_BIND)
			check_bind(&before, m, f);
	}
}

static void check_cwd(const struct view *v, const struct process_plan *p, struct findings *f)
{
	struct view_place place = view_find(v, p->cwd);
	struct stat st;

	/* A missing one is made. */
	if ((place.kind == VIEW_MISSING && place.errnum != ENOENT) ||
	    (place.kind == VIEW_FOUND && fstat(place.fd, &st) == 0 && !S_ISDIR(st.st_mode)))
		add_sys(f, place.kind == VIEW_MISSING ? place.errnum : ENOTDIR, "/process/cwd",
			"chdir to cwd", p->cwd);
	fd_close(&place.fd);
}

/* Those of startContainer are programs of the container, all others of the host. */
static void check_hooks(const struct plan *plan, const struct view *container, struct findings *f)
{
	struct view host;

	if (view_open_host(f->arena, &host))
		return;
	for (unsigned kind = 0; kind < HOOK_KINDS; kind++) {
		const struct hooks *hooks = &plan->hooks[kind];
		const char *name = word_name(hook_words.table, hook_words.n, kind);

		for (size_t i = 0; i < hooks->n; i++)
			runnable_file(kind == HOOK_START_CONTAINER ? container : &host,
				      hooks->list[i].path, "hook",
				      arena_printf(f->arena, "/hooks/%s/%zu", name, i), f);
	}
	view_close(&host);
}

static void check_tree(const struct plan *plan, struct findings *f)
{
	const char *types = file_read_regular("/proc/filesystems", MAX_LIST, f->arena, NULL);
	struct view v;

	check_devices(&plan->fs, f);
	if (!check_root(&plan->fs, f) || view_open(&plan->fs, f->arena, &v))
		return;
	check_mounts(&v, types, f);
	if (plan->process.exists) {
		check_cwd(&v, &plan->process, f);
		runnable_process(&v, &plan->process, "/process", f);
	}
	check_hooks(plan, &v, f);
	view_close(&v);
}

/* ---- the kernel -------------------------------------------------------------------------------------------------------- */

static void check_namespaces(const struct plan *plan, struct findings *f)
{
	int fds[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	struct plan opened = *plan;
	struct error err;
	size_t n = 0;

	/* One at a time, so that each is looked at. */
	for (size_t i = 0; i < plan->ns.n_joins; i++) {
		struct ns_plan one = { .n_joins = 1, .joins = { plan->ns.joins[i] } };

		if (join_open(&one, &fds[n], &err))
			findings_add(f, &err);
		else
			opened.ns.joins[n++] = plan->ns.joins[i];
	}
	opened.ns.n_joins = n;
	if (join_check_own(&opened, fds, &err))
		findings_add(f, &err);
	for (size_t i = 0; i < n; i++)
		fd_close(&fds[i]);
}

static void check_user_namespace(const struct plan *plan, const struct host *host,
				 struct findings *f)
{
	const uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;

	setting_check(plan->ns.fresh, host->in_userns || !(host->permitted & admin), f);
	if (plan->ns.fresh & CLONE_NEWUSER)
		usermap_check(&plan->ns.maps, host, f);
}

/* Leaves out the limits of one place; false if there are none. */
static bool leave_out(struct cgroup_plan *plan, const char *where, struct arena *a)
{
	struct limit *kept = arena_new_n(a, struct limit, plan->n_limits);
	size_t n = 0;
	bool found = false;

	for (size_t i = 0; i < plan->n_limits; i++)
		if (!str_eq(plan->limits[i].where, where))
			kept[n++] = plan->limits[i];
	found = n < plan->n_limits;
	plan->limits = kept;
	plan->n_limits = n;
	if (!found && plan->n_unified && str_starts(where, "/linux/resources/unified")) {
		plan->n_unified = 0;
		found = true;
	}
	return found;
}

static void check_cgroup(const struct plan *plan, const struct host *host, struct findings *f)
{
	struct cgroup_plan rest = plan->cgroup;
	struct cgroup *cg;
	struct error err;

	while (cgroup_open(f->arena, &rest, host, &cg, &err)) {
		findings_add(f, &err);
		if (!leave_out(&rest, err.where, f->arena))
			return;
	}
	cgroup_close(cg);
}

static void check_rdt(const struct plan *plan, struct findings *f)
{
	struct rdtgroup group = RDTGROUP_INIT;
	struct error err;

	if (rdtgroup_open(&plan->rdt, &group, &err))
		findings_add(f, &err);
	rdtgroup_close(&group);
}

/* A hard limit can be raised by who has the privilege where the limits are from. */
static void check_rlimits(const struct process_plan *p, const struct host *host, struct findings *f)
{
	struct rlimit now;
	struct error err;

	if (!host->in_userns && host->permitted >> CAP_SYS_RESOURCE & 1)
		return;
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct rlimit_plan *r = &p->rlimits[i];

		if (getrlimit((__rlimit_resource_t)r->resource, &now) || now.rlim_max >= r->hard)
			continue;
		error_errno(&err, EPERM,
			    "%s: the hard limit is %ju here, and may not be raised to %ju",
			    word_name(rlimit_words.table, rlimit_words.n, (uint64_t)r->resource),
			    (uintmax_t)now.rlim_max, (uintmax_t)r->hard);
		error_at(&err, "/process/rlimits/%u", r->index);
		findings_add(f, &err);
	}
}

/* What exists in one namespace need not in another: those of the network are per interface and per module. */
static void check_sysctl(const struct plan *plan, struct findings *f)
{
	auto_proc struct proc proc = { .fd = -1 };
	struct error unused;

	if (!plan->n_sysctl || proc_open(&proc, PROC_ALL, &unused))
		return;
	for (size_t i = 0; i < plan->n_sysctl; i++) {
		const char *key = plan->sysctl[i].key;
		auto_fd int fd =
			proc_find_file(&proc, arena_printf(f->arena, "sys/%s", key), O_PATH);

		if (fd < 0 && errno == ENOENT)
			findings_warn(f, "/linux/sysctl", "this host has no sysctl \"%s\"", key);
	}
}

static void check_net_devices(const struct plan *plan, struct findings *f)
{
	for (size_t i = 0; i < plan->n_net_devices; i++) {
		const struct net_device *d = &plan->net_devices[i];

		if (!if_nametoindex(d->host) && errno == ENODEV)
			add_sys(f, ENODEV, d->where, "network device", d->host);
	}
}

/* "NAME (MODE)" by lines. Who may not read the list is not told. */
static void check_profile(const struct process_plan *p, struct findings *f)
{
	const char *list, *line;
	size_t n;
	struct error err;

	if (!p->apparmor || str_eq(p->apparmor, "unconfined"))
		return;
	list = file_read_regular("/sys/kernel/security/apparmor/profiles", MAX_LIST, f->arena,
				 NULL);
	if (!list) {
		findings_warn(f, "/process/apparmorProfile",
			      "whether the profile \"%s\" is loaded cannot be read", p->apparmor);
		return;
	}
	n = strlen(p->apparmor);
	for (line = list; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, p->apparmor, n) == 0 && str_starts(line + n, " ("))
			return;
	}
	error_config(&err, "/process/apparmorProfile", "AppArmor profile \"%s\" is not loaded",
		     p->apparmor);
	findings_add(f, &err);
}

void preflight(const struct plan *plan, const struct host *host, struct findings *ret)
{
	check_namespaces(plan, ret);
	check_user_namespace(plan, host, ret);
	check_tree(plan, ret);
	check_cgroup(plan, host, ret);
	check_rdt(plan, ret);
	check_sysctl(plan, ret);
	check_net_devices(plan, ret);
	if (plan->process.exists) {
		check_rlimits(&plan->process, host, ret);
		check_profile(&plan->process, ret);
	}
}
