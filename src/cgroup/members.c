/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/systemd.h"
#include "cgroup/events.h"
#include "sys/clone.h"
#include "sys/syscalls.h"

#define REMOVE_SECONDS 10
#define MAX_ROUNDS 200

/* ---- who ------------------------------------------------------------------------------------------------------------- */

struct pid_list {
	struct arena *arena;
	pid_t *pids;
	size_t n, room;
};

static void add_pid(struct pid_list *list, pid_t pid)
{
	if (list->n == list->room) {
		list->room = MAX(2 * list->room, (size_t)64);
		list->pids = arena_grow(list->arena, list->pids, list->n, list->room,
					sizeof(*list->pids));
	}
	list->pids[list->n++] = pid;
}

static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENODEV;
}

/* The processes of one directory. */
static int read_procs(int dir, struct pid_list *list)
{
	auto_fd int fd = openat(dir, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char buf[4096];
	size_t kept = 0;
	ssize_t n;

	if (fd < 0)
		return is_gone(errno) ? 0 : -1;
	while ((n = read(fd, buf + kept, sizeof(buf) - 1 - kept)) > 0) {
		char *p = buf, *end;

		buf[kept + (size_t)n] = '\0';
		for (; (end = strchr(p, '\n')); p = end + 1) {
			pid_t pid = (pid_t)strtol(p, NULL, 10);

			if (pid > 0)
				add_pid(list, pid);
		}
		kept = strlen(p);
		memmove(buf, p, kept);
	}
	/* Of a threaded v2 cgroup the processes stand further up. */
	return n < 0 && !is_gone(errno) && errno != EOPNOTSUPP ? -1 : 0;
}

struct level {
	const char **names;
	size_t n, next;
};

/* The directories in a directory. */
static int read_level(int dir, struct arena *a, struct level *ret)
{
	size_t room = 0;
	struct dirent *entry;
	struct stat st;
	DIR *stream;
	int copy;

	*ret = (struct level){ 0 };
	/* kernfs counts them in the links: mostly there are none, and nothing to be read. */
	if (fstat(dir, &st) == 0 && st.st_nlink == 2)
		return 0;
	copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		fd_close(&copy);
		return is_gone(errno) ? 0 : -1;
	}
	while ((entry = readdir(stream))) {
		if (entry->d_type != DT_DIR || str_eq(entry->d_name, ".") ||
		    str_eq(entry->d_name, ".."))
			continue;
		if (ret->n == room) {
			room = MAX(2 * room, (size_t)16);
			ret->names = arena_grow(a, ret->names, ret->n, room, sizeof(char *));
		}
		ret->names[ret->n++] = arena_strdup(a, entry->d_name);
	}
	(void)closedir(stream);
	return 0;
}

/* Down and up with one descriptor, as a container may have made a tree of any depth. */
static int read_tree(int top, struct arena *a, struct pid_list *list)
{
	auto_fd int at = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct level *levels = NULL;
	size_t depth = 0, room = 0;
	bool fresh = true;

	while (at >= 0) {
		struct level *l;
		int next = -1;

		if (depth == room) {
			room = MAX(2 * room, (size_t)8);
			levels = arena_grow(a, levels, depth, room, sizeof(*levels));
		}
		l = &levels[depth];
		if (fresh && (read_procs(at, list) < 0 || read_level(at, a, l) < 0))
			return -1;
		while (next < 0 && l->next < l->n) {
			next = openat(at, l->names[l->next++],
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (next < 0 && !is_gone(errno))
				return -1;
		}
		fresh = next >= 0;
		if (fresh) {
			depth++;
		} else {
			if (depth-- == 0)
				return 0;
			next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
		fd_close(&at);
		at = next;
	}
	return -1;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int members_list(struct hierarchy *h, struct arena *a, const pid_t **ret, size_t *ret_n,
		 struct error *err)
{
	struct pid_list list = { .arena = a };
	size_t n = 0;
	int result = -1;

	/* Who removes directories while we walk through them may take the way back from us. */
	for (int attempt = 0; attempt < 5 && result < 0; attempt++) {
		auto_fd int dir = hierarchy_open(h, h->path, O_RDONLY | O_DIRECTORY);

		list.n = 0;
		if (dir < 0)
			result = is_gone(errno) ? 0 : -1;
		else
			result = read_tree(dir, a, &list);
		if (result < 0 && !is_gone(errno))
			break;
	}
	if (result < 0)
		return error_sys(err, "list the processes in cgroup \"%s%s\"", h->mount, h->path);
	/* The threads of a process may be in several directories of v1. */
	if (list.n)
		qsort(list.pids, list.n, sizeof(pid_t), compare_pids);
	for (size_t i = 0; i < list.n; i++)
		if (n == 0 || list.pids[n - 1] != list.pids[i])
			list.pids[n++] = list.pids[i];
	*ret = list.pids;
	*ret_n = n;
	return 0;
}

/* The hierarchy that is asked: v2 knows when it is empty; of v1 one that hosts always have. */
static struct hierarchy *asked(const struct cgroup *cg)
{
	static const enum controller order[] = { CONTROLLER_PIDS, CONTROLLER_FREEZER,
						 CONTROLLER_DEVICES, CONTROLLER_MEMORY };
	struct cgroup *c = (struct cgroup *)(uintptr_t)cg;
	struct hierarchy *h = cgroup_find_v2(c);

	for (size_t k = 0; !h && k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; !h && i < c->n; i++)
			if (c->list[i].controllers & 1u << order[k])
				h = &c->list[i];
	return h || !c->n ? h : &c->list[0];
}

int cgroup_pids(const struct cgroup *cg, struct arena *a, const pid_t **ret, size_t *ret_n,
		struct error *err)
{
	struct hierarchy *h = asked(cg);

	*ret = NULL;
	*ret_n = 0;
	return h ? members_list(h, a, ret, ret_n, err) : 0;
}

/* ---- signals --------------------------------------------------------------------------------------------------------- */

static bool holds(const pid_t *pids, size_t n, pid_t pid)
{
	return n && bsearch(&pid, pids, n, sizeof(pid_t), compare_pids);
}

/* Processes held by pidfds, so that a number that went to another process cannot mislead us. */
struct held {
	int fds[64];
	pid_t pids[64];
	size_t n;
};

static void held_close(struct held *held)
{
	while (held->n)
		fd_close(&held->fds[--held->n]);
}

/* Holds as many of pids[*next..n) as fit, but not ourselves; afterwards drops those that are members no more. */
static int held_open(struct held *held, struct hierarchy *h, const pid_t *pids, size_t n,
		     size_t *next, struct arena *a, struct error *err)
{
	const pid_t *now;
	size_t n_now, kept = 0;

	held->n = 0;
	for (; *next < n && held->n < ARRAY_SIZE(held->fds); ++*next) {
		int fd = pids[*next] == getpid() ? -1 : sys_pidfd_open(pids[*next], 0);

		if (fd < 0)
			continue;
		held->fds[held->n] = fd;
		held->pids[held->n++] = pids[*next];
	}
	if (!held->n)
		return 0;
	if (members_list(h, a, &now, &n_now, err)) {
		held_close(held);
		return -1;
	}
	for (size_t i = 0; i < held->n; i++) {
		if (!holds(now, n_now, held->pids[i])) {
			fd_close(&held->fds[i]);
			continue;
		}
		held->fds[kept] = held->fds[i];
		held->pids[kept++] = held->pids[i];
	}
	held->n = kept;
	return 0;
}

static int signal_all(struct hierarchy *h, const pid_t *pids, size_t n, int sig, struct arena *a,
		      struct error *err)
{
	for (size_t next = 0; next < n;) {
		struct held held;
		int result = held_open(&held, h, pids, n, &next, a, err);

		for (size_t i = 0; result == 0 && i < held.n; i++)
			if (process_kill(held.fds[i], sig) < 0 && errno != ESRCH)
				result = error_sys(err, "send signal %d to process %d", sig,
						   (int)held.pids[i]);
		held_close(&held);
		if (result)
			return -1;
	}
	return 0;
}

/* Signals whoever has not been yet; one that dies slowly must not keep us busy. */
static int signal_rounds(struct hierarchy *h, int sig, struct arena *a, struct error *err)
{
	const pid_t *before = NULL;
	size_t n_before = 0;

	for (int round = 0; round < MAX_ROUNDS; round++) {
		const pid_t *pids;
		pid_t *todo;
		size_t n, n_todo = 0;

		if (members_list(h, a, &pids, &n, err))
			return -1;
		todo = arena_new_n(a, pid_t, n);
		for (size_t i = 0; i < n; i++)
			if (!holds(before, n_before, pids[i]))
				todo[n_todo++] = pids[i];
		if (!n_todo)
			return 0;
		if (signal_all(h, todo, n_todo, sig, a, err))
			return -1;
		if (sig != SIGKILL)
			return 0;
		before = pids;
		n_before = n;
	}
	return error_set(err, ERR_TIMEOUT,
			 "the processes in cgroup \"%s%s\" multiply faster than they can be killed",
			 h->mount, h->path);
}

static int signal_hierarchy(struct hierarchy *h, int sig, struct error *err)
{
	struct arena a = { 0 };
	int result;

	/* The kernel kills the whole tree at once, also what is being forked (5.14). */
	if (sig == SIGKILL && h->version == 2) {
		if (hierarchy_write(h, "cgroup.kill", "1") == 0)
			return 0;
	}
	result = signal_rounds(h, sig, &a, err);
	arena_release(&a);
	return result;
}

int cgroup_signal(const struct cgroup *cg, int sig, struct error *err)
{
	struct hierarchy *h = asked(cg);

	return h ? signal_hierarchy(h, sig, err) : 0;
}

/* ---- until nobody is left -------------------------------------------------------------------------------------------- */

static int fail_busy(struct hierarchy *h, struct arena *a, struct error *err)
{
	char names[256] = "", *p = names;
	const pid_t *pids;
	size_t n;

	if (members_list(h, a, &pids, &n, err))
		return -1;
	for (size_t i = 0; i < n && i < 8; i++) {
		uint64_t start;
		char state = '?';

		(void)process_stat(pids[i], &start, &state);
		p += snprintf(p, sizeof(names) - (size_t)(p - names), "%s%d (%c)", i ? ", " : "",
			      (int)pids[i], state);
	}
	return error_set(err, ERR_TIMEOUT, "cgroup \"%s%s\" is still in use, processes: %s%s",
			 h->mount, h->path, n ? names : "none that we see", n > 8 ? " ..." : "");
}

/* v1 tells nothing, but each process tells its end. */
static int wait_processes(struct hierarchy *h, struct arena *a, uint64_t deadline,
			  struct error *err)
{
	for (;;) {
		const uint64_t slice = clock_now() + 1000000000;
		struct held held;
		const pid_t *pids;
		size_t n, next = 0;

		if (members_list(h, a, &pids, &n, err))
			return -1;
		if (!n)
			return 0;
		if (clock_now() >= deadline)
			return fail_busy(h, a, err);
		if (held_open(&held, h, pids, n, &next, a, err))
			return -1;
		for (size_t i = 0; i < held.n; i++)
			(void)fd_wait(held.fds[i], POLLIN, MIN(slice, deadline));
		/* Ended between the two looks, or nobody that we may wait for. */
		if (!held.n)
			(void)poll(NULL, 0, 1);
		held_close(&held);
	}
}

static int wait_empty(struct hierarchy *h, struct arena *a, uint64_t deadline, struct error *err)
{
	int result;

	if (h->version == 1)
		return wait_processes(h, a, deadline, err);
	result = events_wait_line(h, "cgroup.events", "populated 0", deadline);
	if (result < 0)
		return error_sys(err, "wait for the end of cgroup \"%s%s\"", h->mount, h->path);
	return result ? 0 : fail_busy(h, a, err);
}

int cgroup_wait_empty(const struct cgroup *cg, uint64_t deadline, struct error *err)
{
	struct hierarchy *h = asked(cg);
	struct arena a = { 0 };
	int result = h ? wait_empty(h, &a, deadline, err) : 0;

	arena_release(&a);
	return result;
}

/* ---- removing -------------------------------------------------------------------------------------------------------- */

/* Whoever is a member of this hierarchy alone was put there; it has to go like the others. */
static int remove_hierarchy(struct hierarchy *h, struct arena *a, uint64_t deadline,
			    struct error *err)
{
	int pause = 1;

	while (hierarchy_remove(h) < 0) {
		if (errno != EBUSY && errno != ENOTEMPTY)
			return error_sys(err, "remove cgroup \"%s%s\"", h->mount, h->path);
		if (clock_now() >= deadline)
			return fail_busy(h, a, err);
		if (signal_hierarchy(h, SIGKILL, err) || wait_empty(h, a, deadline, err))
			return -1;
		/*
		 * Of v1 a process that has ended leaves its cgroup a moment later than its name, and of no version does anybody tell
		 * that a directory has been removed while others make new ones.
		 */
		(void)poll(NULL, 0, pause);
		pause = MIN(2 * pause, 50);
	}
	return 0;
}

int cgroup_remove(const struct cgroup *cg, struct error *err)
{
	struct cgroup *c = (struct cgroup *)(uintptr_t)cg;
	uint64_t deadline = deadline_in(REMOVE_SECONDS);
	struct arena a = { 0 };
	struct error failure;
	int result = c->unit ? systemd_stop(c, err) : 0;

	/* systemd has removed it, and whoever comes next may have the name already. */
	if (c->unit && !systemd_is_there(c))
		return result;
	/* One that cannot be removed does not keep the others. */
	for (size_t i = 0; i < c->n; i++) {
		if (remove_hierarchy(&c->list[i], &a, deadline, &failure)) {
			if (result == 0)
				*err = failure;
			result = -1;
		}
		fd_close(&c->list[i].root);
	}
	arena_release(&a);
	return result;
}

bool cgroup_remove_empty(const struct cgroup *cg)
{
	struct cgroup *c = (struct cgroup *)(uintptr_t)cg;
	bool gone = true;

	if (c->unit)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		gone &= hierarchy_remove_empty(&c->list[i]);
		fd_close(&c->list[i].root);
	}
	return gone;
}
