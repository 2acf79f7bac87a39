/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests on this host's real hierarchies, whatever they are: everything is below one directory of our own, and the
 * tests need root.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"
#include "cgroup/cgroup.h"
#include "cgroup/hierarchy.h"
#include "sys/clone.h"

static struct arena arena;
static const struct host root_host = { .cwd = "/" };
static char top[40]; /* "/teu-unit-PID" */

static inline struct cgroup_plan plan_of(const char *name)
{
	return (struct cgroup_plan){ .id = "unit",
				     .path = arena_printf(&arena, "%s%s", top, name),
				     .path_is_absolute = true };
}

static inline bool succeeded(int result, const struct error *err)
{
	if (result)
		printf("# %s: %s\n", err->where, err->text);
	return result == 0;
}

static inline struct cgroup *opened(const struct cgroup_plan *plan)
{
	struct cgroup *cg = NULL;
	struct error err;

	CHECK(succeeded(cgroup_open(&arena, plan, &root_host, &cg, &err), &err));
	return cg;
}

static inline int make_cgroup(struct cgroup *cg, struct error *err)
{
	return cgroup_make_v2(cg, err) || cgroup_make_v1(cg, err) ? -1 : 0;
}

static inline struct cgroup *made(const struct cgroup_plan *plan)
{
	struct cgroup *cg = opened(plan);
	struct error err;

	CHECK(succeeded(make_cgroup(cg, &err), &err));
	return cg;
}

/* As a later command gets it. */
static inline struct cgroup *reloaded(const struct cgroup *cg)
{
	size_t n = cgroup_count(cg);
	const char **lines = arena_new_n(&arena, const char *, n);
	struct cgroup *copy = NULL;
	struct error err;

	for (size_t i = 0; i < n; i++)
		lines[i] = cgroup_line(cg, i);
	CHECK(succeeded(cgroup_from_lines(&arena, lines, n, &copy, &err), &err));
	return copy;
}

static inline const char *dir_of(const struct hierarchy *h, const char *below)
{
	return arena_printf(&arena, "%s%s%s", h->mount, h->path, below);
}

/* In how many hierarchies a path exists, below their roots. */
static inline size_t count_dirs(const struct cgroup *cg, const char *path)
{
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++)
		n += access(arena_printf(&arena, "%s%s", cg->list[i].mount, path), F_OK) == 0;
	return n;
}

static inline const char *read_text(const char *path)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(&arena, fd, 1 << 20, NULL);

	return text ? text : "";
}

static inline bool write_text(const char *path, const char *text)
{
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) >= 0;
}

/* A process in the cgroup, that runs `body` and then sleeps until it is killed; NULL: sleeps. */
static inline pid_t start(struct cgroup *cg, void (*body)(void))
{
	int pidfd = -1, ready[2];
	struct error err;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = cgroup_clone(cg, 0, &pidfd, &err);
	if (pid == 0) {
		if (cgroup_attach_self(cg, &err)) {
			printf("# %s\n", err.text);
			_exit(1);
		}
		if (body)
			body();
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	fd_close(&pidfd);
	return pid;
}

static inline bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static inline void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static inline void end(struct cgroup *cg)
{
	struct error err;

	CHECK(succeeded(cgroup_signal(cg, SIGKILL, &err), &err));
	CHECK(succeeded(cgroup_wait_empty(cg, deadline_in(10), &err), &err));
	CHECK(succeeded(cgroup_remove(cg, &err), &err));
	CHECK_INT(count_dirs(cg, cg->list[0].path), 0);
	reap();
}

static inline bool has_controller(enum controller controller)
{
	struct cgroup_plan plan = plan_of("/probe");
	struct hierarchy *h = NULL;
	struct cgroup *cg;
	struct error err;

	return cgroup_open(&arena, &plan, &root_host, &cg, &err) == 0 &&
	       cgroup_find_controller(cg, controller, &h, &err) == 0 && h;
}

/* Whether the test can run; says why not. */
static inline bool can_run(void)
{
	struct cgroup_plan plan;
	struct cgroup *cg;
	struct error err;

	snprintf(top, sizeof(top), "/teu-unit-%d", (int)getpid());
	plan = plan_of("/writable");
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return false;
	}
	if (cgroup_open(&arena, &plan, &root_host, &cg, &err) || make_cgroup(cg, &err) ||
	    cgroup_remove(cg, &err)) {
		printf("1..0 # SKIP cgroups may not be made here: %s\n", err.text);
		return false;
	}
	return true;
}
