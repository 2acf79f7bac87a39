/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a cgroup, and in those that the container makes itself; what keeps one from being removed. */
#include "cgroup/members.h"

#include "cgroup_host.h"

static void fork_many(void)
{
	for (int i = 0; i < 100; i++)
		if (fork() == 0)
			for (;;)
				pause();
}

static void test_many(void)
{
	struct cgroup_plan plan = plan_of("/many");
	struct cgroup *cg = made(&plan);
	const pid_t *pids;
	struct error err;
	size_t n;

	start(cg, fork_many);
	CHECK_INT(cgroup_pids(cg, &arena, &pids, &n, &err), 0);
	CHECK_INT(n, 101);
	CHECK(succeeded(cgroup_signal(cg, 0, &err), &err));
	end(cg);
}

/* The container may make cgroups itself, and put processes there. */
static void test_tree(void)
{
	struct cgroup_plan plan = plan_of("/tree");
	struct cgroup *cg = made(&plan);
	const pid_t *pids;
	struct error err;
	size_t n;

	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];

		CHECK_INT(mkdir(dir_of(h, "/inner"), 0755), 0);
		CHECK_INT(mkdir(dir_of(h, "/inner/leaf"), 0755), 0);
		CHECK_INT(mkdir(dir_of(h, "/other"), 0755), 0);
		if (!(h->controllers & 1u << CONTROLLER_CPUSET)) {
			CHECK(write_text(dir_of(h, "/inner/leaf/cgroup.procs"),
					 arena_printf(&arena, "%d", (int)start(cg, NULL))));
		}
	}
	for (size_t i = 0; i < cg->n; i++) {
		CHECK_INT(members_list(&cg->list[i], &arena, &pids, &n, &err), 0);
		CHECK(n == cg->n || n == cg->n - 1);
	}
	end(reloaded(cg));
}

/* Deeper than descriptors reach, and than a path may be long. */
static void test_deep(void)
{
	struct cgroup_plan plan = plan_of("/deep");
	struct cgroup *cg = made(&plan), one = *cg;
	struct hierarchy *h = &one.list[0];
	int at = open(dir_of(h, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC), depth = 0;
	struct error err;

	for (; depth < 1500; depth++) {
		int next;

		if (mkdirat(at, "name-of-some-length", 0755) < 0)
			break;
		next = openat(at, "name-of-some-length", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fd_close(&at);
		at = next;
	}
	fd_close(&at);
	CHECK(depth > 1000);
	CHECK(succeeded(cgroup_remove(cg, &err), &err));
	CHECK_INT(count_dirs(cg, top), 0);
}

/* A process that is in one hierarchy only keeps it from being removed, so it goes, too. */
static void test_stray(void)
{
	struct cgroup_plan plan = plan_of("/stray");
	struct cgroup *cg = made(&plan);
	pid_t pid = fork();
	struct error err;

	if (pid == 0)
		for (;;)
			pause();
	CHECK(write_text(dir_of(&cg->list[cg->n > 1 ? 1 : 0], "/cgroup.procs"),
			 arena_printf(&arena, "%d", (int)pid)));
	CHECK(succeeded(cgroup_remove(reloaded(cg), &err), &err));
	CHECK_INT(count_dirs(cg, top), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
	if (!can_run())
		return 0;
	test_many();
	test_tree();
	test_deep();
	test_stray();
	return check_done();
}
