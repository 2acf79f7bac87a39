/* SPDX-License-Identifier: Apache-2.0 */
#include "run/graft.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "base/str.h"
#include "run/become.h"
#include "run/channel.h"
#include "run/join.h"
#include "run/tree.h"
#include "sys/syscalls.h"

/* File systems may be slow, and whoever serves one may be in the container. */
#define STEP_SECONDS 240

enum graft_work { GRAFT_ADD, GRAFT_REMOVE };

struct graft {
	enum graft_work work;
	struct container *container;
	const struct host *host;
	const struct plan *plan;
	struct sources sources;
	struct channel parent, child;
	int init; /* pidfd */
	int namespaces;
};

/* ---- inside ------------------------------------------------------------------------------------------------------------- */

static int open_tree_root(const struct graft *g, struct tree *t, struct error *err)
{
	struct statx st;

	t->root.fd = mount_open_path("/", 0);
	if (t->root.fd < 0 || statx(t->root.fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st))
		return error_sys(err, "open the container's root");
	t->fs = &g->plan->fs;
	t->root_mnt = st.stx_mnt_id;
	t->root_inode = st.stx_ino;
	t->arena = g->container->arena;
	return 0;
}

/* What has just been mounted, to be able to take it away; -1 where somebody has changed it already. */
static int find_new(const struct tree *t, const struct fs_mount *m)
{
	auto_fd int fd =
		root_find(&t->root, m->target, m->target_nofollow ? ROOT_NOFOLLOW : ROOT_ANY);

	return fd >= 0 && mount_is_root(fd) ? fd_take(&fd) : -1;
}

static void take_back(struct tree *t, const int *handles, size_t n)
{
	struct error unused;
	const struct proc *proc = tree_proc(t, &unused);

	while (proc && n-- > 0)
		if (handles[n] >= 0)
			(void)mount_remove(proc, handles[n], &unused);
}

static int add_all(struct tree *t, struct error *err)
{
	int *handles = arena_new_n(t->arena, int, t->fs->n_mounts);
	size_t late = 0;

	for (size_t i = 0; i < t->fs->n_mounts; i++) {
		const struct fs_mount *m = &t->fs->mounts[i];
		int result = tree_mount(t, m, err);

		handles[i] = result ? -1 : find_new(t, m);
		if (result || tree_close_late(t, m, &late, err)) {
			take_back(t, handles, i + 1);
			return -1;
		}
	}
	return 0;
}

/* Whether a mount is one that hides or protects a path: the container must not lose those. */
static bool protects(const struct tree *t, int mnt, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_fd int fd = root_find(&t->root, paths[i], ROOT_ANY);

		if (fd >= 0 && root_is_same(fd, mnt) && mount_id(fd) == mount_id(mnt))
			return true;
	}
	return false;
}

static int find_old(const struct tree *t, const struct fs_mount *m, struct error *err)
{
	const struct fs_plan *fs = t->fs;
	auto_fd int fd = root_open(&t->root, m->target, ROOT_ANY, err);

	if (fd < 0)
		return -1;
	if (mount_id(fd) == t->root_mnt && root_is_same(fd, t->root.fd))
		return error_set(err, ERR_CONFIG, "\"%s\" is the container's root", m->target);
	if (!mount_is_root(fd))
		return error_set(err, ERR_CONFIG, "nothing is mounted on \"%s\"", m->target);
	if (protects(t, fd, fs->masked, fs->n_masked) ||
	    protects(t, fd, fs->readonly_paths, fs->n_readonly_paths))
		return error_set(err, ERR_CONFIG,
				 "\"%s\" is a masked or read-only path of the configuration",
				 m->target);
	return fd_take(&fd);
}

static int remove_all(struct tree *t, struct error *err)
{
	size_t n = t->fs->n_mounts;
	int *handles = arena_new_n(t->arena, int, n);
	const struct proc *proc;

	for (size_t i = 0; i < n; i++) {
		handles[i] = find_old(t, &t->fs->mounts[i], err);
		if (handles[i] < 0)
			return error_at(err, "/mounts/%u/destination", t->fs->mounts[i].index);
	}
	proc = tree_proc(t, err);
	if (!proc)
		return -1;
	while (n-- > 0)
		if (mount_remove(proc, handles[n], err)) {
			error_in(err, "unmount \"%s\"", t->fs->mounts[n].target);
			return error_at(err, "/mounts/%u/destination", t->fs->mounts[n].index);
		}
	return 0;
}

static int work(struct graft *g, struct error *err)
{
	struct tree t = { .sources = &g->sources, .root = { -1, "container" } };

	if ((g->namespaces & CLONE_NEWUSER && become_root(&g->plan->ns, err)) ||
	    open_tree_root(g, &t, err))
		return -1;
	(void)umask(0);
	return g->work == GRAFT_ADD ? add_all(&t, err) : remove_all(&t, err);
}

/* The kernel shows the pid namespace of whoever mounts procfs. */
static bool mounts_procfs(const struct graft *g)
{
	const struct fs_plan *fs = &g->plan->fs;

	for (size_t i = 0; i < fs->n_mounts; i++)
		if (g->work == GRAFT_ADD && fs->mounts[i].kind == FS_NEW &&
		    str_eq(fs->mounts[i].type, "proc"))
			return true;
	return false;
}

/* A pid namespace is entered by children only: a process that works there. It is killed with us. */
static int work_inside(struct graft *g, struct error *err)
{
	auto_fd int pidfd = -1;
	pid_t pid = process_clone(0, -1, &pidfd, err);
	int status;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		if (become_session(g->host, true, "teu: mounts", err) || work(g, err)) {
			channel_fail(&g->child, err);
			_exit(1);
		}
		_exit(0);
	}
	if (process_wait(pidfd, 0, &status) < 0 || status)
		return error_set(err, ERR_CHILD, "the process that mounts has failed");
	return 0;
}

/*
 * Enters the namespaces. Whoever may trace everything in the container could take us over, with all that we have, so we are
 * seen there only where we have to; then /proc has to be one in which we are ourselves.
 */
static int enter_and_work(struct graft *g, struct error *err)
{
	bool inside = mounts_procfs(g);

	/* No directory of the host goes along. */
	state_close(&g->container->state);
	if (become_session(g->host, true, "teu: mounts", err) ||
	    (!inside && proc_open(&g->sources.proc, PROC_PIDS, err)) ||
	    join_process(g->container->init.pid, g->init,
			 inside ? g->namespaces : g->namespaces & ~CLONE_NEWPID, err))
		return -1;
	return inside ? work_inside(g, err) : work(g, err);
}

static NORETURN void work_main(struct graft *g)
{
	struct error err;

	fd_close(&g->parent.fd);
	if (enter_and_work(g, &err) || channel_send(&g->child, MSG_READY, 0, &err)) {
		if (!g->child.progress->failed)
			channel_fail(&g->child, &err);
		_exit(1);
	}
	_exit(0);
}

/* ---- outside ------------------------------------------------------------------------------------------------------------ */

static int run(struct graft *g, struct error *err)
{
	auto_fd int pidfd = -1;
	int status, result;
	pid_t pid = process_clone(0, -1, &pidfd, err);

	if (pid < 0)
		return -1;
	if (pid == 0)
		work_main(g);
	fd_close(&g->child.fd);
	result = channel_expect(&g->parent, MSG_READY, STEP_SECONDS, NULL, err);
	if (result && err->kind == ERR_TIMEOUT)
		(void)process_kill(pidfd, SIGKILL);
	(void)process_wait(pidfd, deadline_in(10), &status);
	return result;
}

static int begin(struct graft *g, struct error *err)
{
	const struct container *c = g->container;

	if (c->status == CONTAINER_STOPPED || c->status == CONTAINER_CREATING)
		return error_set(err, ERR_STATE, PHRASE_NOT_RUNNING);
	if (!(g->plan->ns.fresh & CLONE_NEWNS))
		return error_set(err, ERR_STATE, "the container has no mount namespace of its own");
	g->namespaces = join_needed(c->init.pid, g->plan->ns.listed);
	g->init = process_open(&c->init);
	if (g->init < 0)
		return error_set(err, ERR_STATE, PHRASE_NOT_RUNNING);
	return channel_open(&g->parent, &g->child, err);
}

static int open_sources(struct graft *g, struct error *err)
{
	const struct fs_plan *fs = &g->plan->fs;
	const struct container *c = g->container;

	if (sources_prepare(fs, c->cgroup, c->arena, &g->sources, err) ||
	    sources_open(&g->sources, fs, c->cgroup, err))
		return -1;
	if (g->sources.late)
		return error_set(err, ERR_SYSTEM,
				 "mounts in a running container need the privilege to copy mounts "
				 "of the host, and Linux 5.12");
	return sources_idmap(&g->sources, fs, c->init.pid, err);
}

static int graft(struct graft *g, struct error *err)
{
	int result = begin(g, err);

	g->parent.peer = "the process inside";
	if (result == 0 && g->work == GRAFT_ADD)
		result = open_sources(g, err);
	if (result == 0)
		result = run(g, err);
	if (g->work == GRAFT_ADD)
		sources_close(&g->sources);
	fd_close(&g->parent.fd);
	fd_close(&g->child.fd);
	fd_close(&g->init);
	return result;
}

#define CLOSED                             \
	{                                  \
		.fd = -1, .peer_pidfd = -1 \
	}
#define GRAFT(what)                                                                              \
	{                                                                                        \
		.work = what, .container = c, .host = host, .plan = plan, .init = -1,            \
		.parent = CLOSED, .child = CLOSED,                                               \
		.sources = { .root = { .fd = -1 }, .null = { .fd = -1 }, .proc = { .fd = -1 } }, \
	}

int graft_add(struct container *c, const struct host *host, const struct plan *plan,
	      struct error *err)
{
	struct graft g = GRAFT(GRAFT_ADD);

	return graft(&g, err);
}

int graft_remove(struct container *c, const struct host *host, const struct plan *plan,
		 struct error *err)
{
	struct graft g = GRAFT(GRAFT_REMOVE);

	return graft(&g, err);
}
