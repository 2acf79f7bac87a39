/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a cgroup: its processes are listed, signalled and waited for, then its directories go.
 *
 * Version 1 tells nobody when a cgroup becomes empty. But processes can be waited for by descriptor, so each round opens
 * those it finds, looks whether they are still listed (a pid may have been handed on meanwhile), signals, and waits for
 * them; a new round finds who was forked in between.
 */
#include "cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/clone.h"
#include "sys/syscalls.h"

/* More rounds than this only a fork bomb needs, and it is caught by its own limits. */
#define MAX_ROUNDS 200

/* Processes opened at once: descriptors are limited. */
#define BATCH 64

struct pids {
	struct arena *arena;
	pid_t *list;
	size_t n, room;
};

static void add_pid(struct pids *p, pid_t pid)
{
	if (p->n == p->room) {
		p->room = MAX(2 * p->room, (size_t)64);
		p->list = arena_grow(p->arena, p->list, p->n, p->room, sizeof(*p->list));
	}
	p->list[p->n++] = pid;
}

static int read_procs(int dir, struct pids *p)
{
	auto_fd int fd = openat(dir, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(p->arena, fd, (size_t)64 << 20, NULL), *line;

	if (!text)
		return -1;
	while ((line = strsep(&text, "\n")))
		if (*line)
			add_pid(p, (pid_t)strtol(line, NULL, 10));
	return 0;
}

/* Calls itself for every directory below; `fd` is taken over. */
static int read_tree(int fd, struct pids *p)
{
	struct dirent *entry;
	DIR *dir;

	if (read_procs(fd, p) < 0 || !(dir = fdopendir(fd))) {
		fd_close(&fd);
		return errno == ENOENT || errno == ENODEV ? 0 : -1;
	}
	while ((entry = readdir(dir))) {
		int below;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(dirfd(dir), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && read_tree(below, p) < 0) {
			closedir(dir);
			return -1;
		}
	}
	closedir(dir);
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* Every hierarchy is asked: a process may have been moved in one of them. */
int cgroup_pids(const struct cgroup *cg, struct arena *a, pid_t **ret, size_t *ret_n,
		struct error *err)
{
	struct pids p = { .arena = a };
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		int fd = open(arena_printf(a, "%s%s", h->mount, h->path),
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && (errno == ENOENT || errno == ENODEV))
			continue;
		if (fd < 0 || read_tree(fd, &p) < 0)
			return error_sys(err, "read the processes of cgroup \"%s%s\"", h->mount,
					 h->path);
	}
	if (p.n)
		qsort(p.list, p.n, sizeof(*p.list), compare_pids);
	for (size_t i = 0; i < p.n; i++)
		if (n == 0 || p.list[n - 1] != p.list[i])
			p.list[n++] = p.list[i];
	*ret = p.list;
	*ret_n = n;
	return 0;
}

/* One round over at most BATCH processes: *ret_n of them were there. */
static int round_of(const struct cgroup *cg, int sig, uint64_t deadline, size_t *ret_n,
		    struct error *err)
{
	struct arena scratch = { 0 };
	struct pollfd fds[BATCH];
	pid_t *pids, *again;
	size_t n, n_again;
	int result = -1;

	for (size_t i = 0; i < BATCH; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (cgroup_pids(cg, &scratch, &pids, &n, err) == 0) {
		*ret_n = n;
		n = MIN(n, (size_t)BATCH);
		for (size_t i = 0; i < n; i++)
			fds[i].fd = sys_pidfd_open(pids[i], 0);
		if (n == 0 || cgroup_pids(cg, &scratch, &again, &n_again, err) == 0)
			result = 0;
		for (size_t i = 0; i < n && result == 0; i++) {
			if (fds[i].fd < 0 ||
			    !bsearch(&pids[i], again, n_again, sizeof(*again), compare_pids))
				continue;
			if (sig)
				(void)process_kill(fds[i].fd, sig);
			if (deadline)
				(void)fd_wait(fds[i].fd, POLLIN, deadline);
		}
	}
	for (size_t i = 0; i < BATCH; i++)
		fd_close(&fds[i].fd);
	arena_release(&scratch);
	return result;
}

int cgroup_signal(const struct cgroup *cg, int sig, struct error *err)
{
	struct arena scratch = { 0 };
	size_t n = 1;
	pid_t *pids;

	if (sig == SIGKILL) {
		for (int round = 0; n && round < MAX_ROUNDS; round++)
			if (round_of(cg, SIGKILL, deadline_in(10), &n, err))
				return -1;
		return 0;
	}
	if (cgroup_pids(cg, &scratch, &pids, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		auto_fd int fd = sys_pidfd_open(pids[i], 0);

		if (fd >= 0)
			(void)process_kill(fd, sig);
	}
	arena_release(&scratch);
	return 0;
}

int cgroup_wait_empty(const struct cgroup *cg, uint64_t deadline, struct error *err)
{
	size_t n = 1;

	while (n) {
		if (round_of(cg, 0, deadline, &n, err))
			return -1;
		if (n && deadline_left(deadline) == 0)
			return error_set(err, ERR_TIMEOUT,
					 "%zu processes in cgroup \"%s\" did not end", n,
					 cg->list[0].path);
	}
	return 0;
}

/* ---- removal ---------------------------------------------------------------------------------------------------------- */

static int remove_tree(int parent, const char *name)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return errno == ENOENT ? 0 : -1;
	}
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			(void)remove_tree(dirfd(dir), entry->d_name);
	closedir(dir);
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

/* A process that has ended is still counted for a moment: the kernel says EBUSY meanwhile, and has no event for its end. */
static int remove_patiently(const char *path)
{
	for (int wait = 0; remove_tree(AT_FDCWD, path) < 0; wait = MIN(2 * wait + 1, 100)) {
		static int waited;

		if (errno != EBUSY || waited > 10000)
			return -1;
		waited += wait;
		(void)poll(NULL, 0, wait);
	}
	return 0;
}

/* Directories above may have found other users since: then they stay. */
static void remove_above(const struct hierarchy *h, char *path)
{
	size_t top = strlen(h->mount) + strlen(h->made);

	while (strlen(path) > top) {
		*strrchr(path, '/') = '\0';
		if (strlen(path) < top || rmdir(path) < 0)
			return;
	}
}

bool cgroup_remove_empty(const struct cgroup *cg)
{
	bool gone = true;

	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		char *path = arena_printf(cg->arena, "%s%s", h->mount, h->path);

		if (!*h->made)
			gone = false;
		else if (rmdir(path) == 0 || errno == ENOENT)
			remove_above(h, path);
		else
			gone = false;
	}
	return gone;
}

int cgroup_remove(const struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		char *path = arena_printf(cg->arena, "%s%s", h->mount, h->path);

		if (!*h->made)
			continue;
		if (remove_patiently(path) < 0)
			return error_sys(err, "rmdir cgroup \"%s\"", path);
		remove_above(h, path);
	}
	return 0;
}
