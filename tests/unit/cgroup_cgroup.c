/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a cgroup: made, entered, removed; what is there already; hosts that lack something. */
#include "cgroup/cgroup.h"
#include "cgroup/enter.h"

#include <sched.h>
#include <sys/mount.h>

#include "base/str.h"
#include "cgroup/events.h"
#include "cgroup/freezer.h"
#include "cgroup_host.h"
#include "refuse.h"

/* ---- the life -------------------------------------------------------------------------------------------------------- */

/* CG-05, CG-10, CG-12: the directories are there, and the process is in each of them. */
static void test_life(void)
{
	struct cgroup_plan plan = plan_of("/a/b");
	struct cgroup *cg = made(&plan), *later;
	const char *membership;
	const pid_t *pids;
	struct error err;
	size_t n, in = 0;
	pid_t pid;

	CHECK(cg->n > 0);
	CHECK_INT(count_dirs(cg, plan.path), cg->n);
	pid = start(cg, NULL);
	membership = read_text(arena_printf(&arena, "/proc/%d/cgroup", (int)pid));
	for (const char *p = membership; (p = strstr(p, plan.path)); p++)
		in++;
	CHECK_INT(in, cg->n);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	cgroup_close(cg);

	later = reloaded(cg);
	CHECK_INT(cgroup_pids(later, &arena, &pids, &n, &err), 0);
	CHECK_INT(n, 1);
	CHECK_INT(n ? pids[0] : 0, pid);
	CHECK(!cgroup_remove_empty(later));
	CHECK(is_alive(pid));
	end(later);
	/* The directories above were made for it. */
	CHECK_INT(count_dirs(cg, top), 0);
	CHECK_INT(cgroup_remove(later, &err), 0);
	CHECK(cgroup_remove_empty(later));
}

/* A further process enters by what the record says, as exec does. */
static void test_second_process(void)
{
	struct cgroup_plan plan = plan_of("/second");
	struct cgroup *cg = made(&plan), *later = reloaded(cg);
	const pid_t *pids;
	struct error err;
	size_t n;

	start(cg, NULL);
	CHECK(succeeded(cgroup_enter_open(later, 0, &err), &err));
	start(later, NULL);
	CHECK_INT(cgroup_pids(later, &arena, &pids, &n, &err), 0);
	CHECK_INT(n, 2);
	end(later);
}

/* A runtime that died left a part of them, or none. */
static void test_half_made(void)
{
	struct cgroup_plan plan = plan_of("/half/x");
	struct cgroup *cg = opened(&plan), *later = reloaded(cg);
	struct error err;

	CHECK_INT(count_dirs(cg, plan.path), 0);
	CHECK(succeeded(cgroup_remove(later, &err), &err));
	for (size_t i = 0; i < cg->n; i += 2)
		CHECK(succeeded(hierarchy_make(&cg->list[i], &err), &err));
	/* And of one only the directories above. */
	CHECK_INT(rmdir(dir_of(&cg->list[0], "")), 0);
	CHECK(succeeded(cgroup_remove(reloaded(cg), &err), &err));
	CHECK_INT(count_dirs(cg, top), 0);
}

static void test_lines(void)
{
	static const char *const broken[] = {
		"",
		"1",
		"1 0 19 pids",
		"3 0 19 pids /sys/fs/cgroup/pids/x",
		"1 0 19 pids sys/fs/cgroup/pidss/x",
		"1 99 19 pids /sys/fs/cgroup/pids/x",
		"1 0 19 pids /sys/fs/cgroup/pids",
		"1 0 19 pids /sys/fs/cgroup/pids/",
		"1 0 19 pids /sys/fs/cgroup/pids/a/../../x",
		"1 0 19 pids /sys/fs/cgroup/pids/..",
		"1 0 99 pids /sys/fs/cgroup/pids/x",
		"1 0 -1 pids /sys/fs/cgroup/pids/x",
	};
	const char *good = "1 4 24 cpu,cpuacct /sys/fs/cgroup/cpu,cpuac/a b/c";
	struct cgroup *cg;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		err = (struct error){ 0 };
		CHECK_INT(cgroup_from_lines(&arena, &broken[i], 1, &cg, &err), -1);
		CHECK_INT(err.kind, ERR_STATE);
	}
	CHECK_INT(cgroup_from_lines(&arena, &good, 1, &cg, &err), 0);
	CHECK_STR(cg->list[0].mount, "/sys/fs/cgroup/cpu,cpuac");
	CHECK_STR(cg->list[0].path, "/a b/c");
	CHECK_INT(cg->list[0].controllers, 1u << CONTROLLER_CPU | 1u << CONTROLLER_CPUACCT);
	CHECK_STR(cgroup_line(cg, 0), good);
}

/* ---- what is there already ------------------------------------------------------------------------------------------- */

/* CG-02: one with processes is refused, before anything is made, and they live on. */
static void test_occupied(void)
{
	struct cgroup_plan plan = plan_of("/taken"), below = plan_of("/taken/below");
	struct cgroup *cg = made(&plan), *second;
	pid_t pid = start(cg, NULL);
	struct error err;

	CHECK_INT(cgroup_open(&arena, &plan, &root_host, &second, &err), -1);
	CHECK_STR(err.where, "/linux/cgroupsPath");
	CHECK_CONTAINS(err.text, "holds processes already");
	CHECK(is_alive(pid));
	/* One below a cgroup in use is fine. */
	second = made(&below);
	CHECK(succeeded(cgroup_remove(second, &err), &err));
	CHECK_INT(count_dirs(cg, plan.path), cg->n);
	end(cg);
}

/* CG-02: so is one that is frozen, or below one that is. */
static void test_frozen_place(void)
{
	struct cgroup_plan plan = plan_of("/ice"), below = plan_of("/ice/below/x");
	struct cgroup *cg = made(&plan), *second;
	struct error err;
	pid_t pid = start(cg, NULL);

	if (cgroup_freeze(cg, &err)) {
		printf("ok %d # SKIP no freezer: %s\n", ++check_count, err.text);
		end(cg);
		return;
	}
	CHECK(cgroup_frozen(reloaded(cg)));
	CHECK_INT(cgroup_open(&arena, &below, &root_host, &second, &err), -1);
	CHECK_STR(err.where, "/linux/cgroupsPath");
	CHECK_CONTAINS(err.text, "is frozen");
	CHECK_CONTAINS(err.text, "/ice\"");
	CHECK(succeeded(cgroup_resume(cg, &err), &err));
	CHECK(!cgroup_frozen(cg));
	CHECK(is_alive(pid));
	end(cg);
}

/* CG-11: one that is there and empty is used as it is, and stays; what the container made in it does not. */
static void test_existing(void)
{
	struct cgroup_plan plan = plan_of("/mine/own");
	struct cgroup *admin = made(&plan), *cg;
	struct hierarchy *pids = NULL;
	struct error err;

	CHECK_INT(cgroup_find_controller(admin, CONTROLLER_PIDS, &pids, &err), 0);
	if (pids)
		CHECK_INT(hierarchy_write(pids, "pids.max", "77"), 0);
	cg = made(&plan);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	start(cg, NULL);
	CHECK_INT(mkdir(dir_of(&cg->list[0], "/inner"), 0755), 0);
	CHECK(succeeded(cgroup_signal(cg, SIGKILL, &err), &err));
	CHECK(succeeded(cgroup_wait_empty(cg, deadline_in(10), &err), &err));
	CHECK(succeeded(cgroup_remove(reloaded(cg), &err), &err));
	reap();
	CHECK_INT(count_dirs(cg, plan.path), cg->n);
	CHECK(access(dir_of(&cg->list[0], "/inner"), F_OK) < 0);
	if (pids)
		CHECK_STR(read_text(dir_of(pids, "/pids.max")), "77\n");
	CHECK(succeeded(cgroup_remove(admin, &err), &err));
	CHECK_INT(count_dirs(cg, top), 0);
}

/* Two in one directory that the first has made: it stays as long as it is used. */
static void test_shared_parent(void)
{
	struct cgroup_plan one = plan_of("/pod/one"), two = plan_of("/pod/two");
	struct cgroup *first = made(&one), *second = made(&two);
	struct error err;

	CHECK(succeeded(cgroup_remove(first, &err), &err));
	CHECK_INT(count_dirs(second, two.path), second->n);
	/* The one who made it is gone, so nobody removes it but us. */
	CHECK(succeeded(cgroup_remove(second, &err), &err));
	CHECK_INT(count_dirs(second, two.path), 0);
	for (size_t i = 0; i < second->n; i++) {
		CHECK_INT(rmdir(arena_printf(&arena, "%s%s/pod", second->list[i].mount, top)), 0);
		CHECK_INT(rmdir(arena_printf(&arena, "%s%s", second->list[i].mount, top)), 0);
	}
}

/* ---- other hosts ----------------------------------------------------------------------------------------------------- */

/* Ends a child with how many of its checks failed; the counting goes on in the parent. */
static void in_child(int (*body)(void), const char *what)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(body());
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (status)
		printf("# %s: status %#x\n", what, (unsigned)status);
	CHECK_INT(status, 0);
}

static int without_openat2(int errnum)
{
	static const int calls[] = { __NR_openat2 };
	struct cgroup_plan plan = plan_of("/old/a");
	struct cgroup *cg;
	struct error err;

	if (!refuse_calls(calls, 1, errnum))
		return 2;
	if (!succeeded(cgroup_open(&arena, &plan, &root_host, &cg, &err), &err) ||
	    !succeeded(make_cgroup(cg, &err), &err) ||
	    !succeeded(cgroup_attach_self(cg, &err), &err) || count_dirs(cg, plan.path) != cg->n)
		return 3;
	if (hierarchy_open(&cg->list[0], "/../x", O_PATH) >= 0 || errno != EXDEV)
		return 4;
	/* Out again, to be able to remove it. */
	for (size_t i = 0; i < cg->n; i++)
		if (!write_text(arena_printf(&arena, "%s/cgroup.procs", cg->list[i].mount), "0"))
			return 5;
	if (!succeeded(cgroup_remove(cg, &err), &err) || count_dirs(cg, top))
		return 6;
	return 0;
}

static int missing_call(void)
{
	return without_openat2(ENOSYS);
}

static int filtered_call(void)
{
	return without_openat2(EPERM);
}

/* An ordinary user may make none of them: that is tolerated, but not a limit that would be needed. */
static int ordinary_user(void)
{
	const struct limit limit = { .kind = LIMIT_PIDS, .where = "/pids", .value = 5 };
	struct host host = { .euid = 65534, .rootless = true, .cwd = "/" };
	struct cgroup_plan plan = plan_of("/user");
	struct cgroup *cg;
	struct error err;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 2;
	plan.path_is_absolute = false;
	if (!succeeded(cgroup_open(&arena, &plan, &host, &cg, &err), &err) ||
	    !succeeded(make_cgroup(cg, &err), &err) || cgroup_count(cg) ||
	    !succeeded(cgroup_attach_self(cg, &err), &err) ||
	    !succeeded(cgroup_apply(cg, &plan, &err), &err))
		return 3;
	host.rootless = false;
	if (cgroup_open(&arena, &plan, &host, &cg, &err) || make_cgroup(cg, &err) == 0 ||
	    err.errnum != EACCES)
		return 4;
	host.rootless = true;
	plan.limits = &limit;
	plan.n_limits = 1;
	if (has_controller(CONTROLLER_PIDS) &&
	    (cgroup_open(&arena, &plan, &host, &cg, &err) || make_cgroup(cg, &err) == 0))
		return 5;
	return 0;
}

/* A mount within a hierarchy is not walked into, nor is a link's worth of path. */
static int covered_cgroup(void)
{
	struct cgroup_plan plan = plan_of("/cover/x");
	struct cgroup *cg;
	struct error err;
	int result = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 2;
	if (cgroup_open(&arena, &plan, &root_host, &cg, &err) || make_cgroup(cg, &err))
		return 3;
	if (mount("none", dir_of(&cg->list[0], ""), "tmpfs", 0, NULL) < 0)
		return 4;
	if (hierarchy_open(&cg->list[0], cg->list[0].path, O_PATH) >= 0 || errno != EXDEV)
		result = 5;
	if (umount2(dir_of(&cg->list[0], ""), MNT_DETACH) < 0 || cgroup_remove(cg, &err))
		result = 6;
	return result;
}

static void test_no_cgroup(void)
{
	struct cgroup_plan plan = { .id = "unit", .manager = CGROUP_DISABLED };
	const struct cgroup_mount *mounts;
	const pid_t *pids;
	struct cgroup *cg;
	struct error err;
	uint64_t kills;
	size_t n;

	CHECK_INT(cgroup_open(&arena, &plan, &root_host, &cg, &err), 0);
	CHECK_INT(cgroup_count(cg), 0);
	CHECK_INT(make_cgroup(cg, &err), 0);
	CHECK(cgroup_is_entered_late(cg));
	CHECK_INT(cgroup_attach_self(cg, &err), 0);
	CHECK_INT(cgroup_apply(cg, &plan, &err), 0);
	CHECK_INT(cgroup_mounts(cg, &arena, &mounts), 0);
	CHECK_INT(cgroup_pids(cg, &arena, &pids, &n, &err), 0);
	CHECK_INT(n, 0);
	CHECK_INT(cgroup_signal(cg, SIGKILL, &err), 0);
	CHECK_INT(cgroup_wait_empty(cg, deadline_in(1), &err), 0);
	CHECK(!cgroup_frozen(cg));
	CHECK(!cgroup_oom_kills(cg, &kills));
	CHECK_INT(cgroup_resume(cg, &err), 0);
	CHECK_INT(cgroup_freeze(cg, &err), -1);
	CHECK_INT(cgroup_remove(cg, &err), 0);
}

static void test_mounts(void)
{
	struct cgroup_plan plan = plan_of("/view");
	struct cgroup *cg = opened(&plan);
	const struct cgroup_mount *mounts;
	size_t n = cgroup_mounts(cg, &arena, &mounts), v1 = 0;

	for (size_t i = 0; i < cg->n; i++)
		v1 += cg->list[i].version == 1;
	CHECK_INT(n, cg->list[cg->n - 1].alone ? 1 : v1);
	for (size_t i = 0; i < n; i++) {
		CHECK(str_ends(mounts[i].path, plan.path));
		CHECK(!strchr(mounts[i].name, '='));
	}
}

int main(void)
{
	if (!can_run())
		return 0;
	test_life();
	test_second_process();
	test_half_made();
	test_lines();
	test_occupied();
	test_frozen_place();
	test_existing();
	test_shared_parent();
	in_child(missing_call, "openat2 missing");
	in_child(filtered_call, "openat2 filtered");
	in_child(ordinary_user, "ordinary user");
	in_child(covered_cgroup, "covered cgroup");
	test_no_cgroup();
	test_mounts();
	return check_done();
}
