/* SPDX-License-Identifier: Apache-2.0 */
/* Limits in this host's files, in an order that the kernel takes, and device rules in force. */
#include "cgroup/knob.h"

#include <sys/sysmacros.h>

#include "cgroup/cgroup2.h"
#include "cgroup/events.h"
#include "cgroup_host.h"

/* ---- limits ---------------------------------------------------------------------------------------------------------- */

static void check_file(struct cgroup *cg, enum controller controller, const char *file1,
		       const char *file2, const char *want1, const char *want2)
{
	struct hierarchy *h = NULL;
	struct error err;

	CHECK_INT(cgroup_find_controller(cg, controller, &h, &err), 0);
	CHECK_STR(read_text(dir_of(h, h->version == 1 ? file1 : file2)),
		  h->version == 1 ? want1 : want2);
}

static void test_limits(void)
{
	const struct limit limits[] = {
		{ .kind = LIMIT_CPU_SHARES, .where = "/shares", .value = 512 },
		{ .kind = LIMIT_CPU_PERIOD, .where = "/period", .value = 50000 },
		{ .kind = LIMIT_CPU_QUOTA, .where = "/quota", .value = 20000 },
		{ .kind = LIMIT_CPUSET_CPUS, .where = "/cpus", .text = "0" },
		{ .kind = LIMIT_CPUSET_MEMS, .where = "/mems", .text = "0" },
		{ .kind = LIMIT_PIDS, .where = "/pids", .value = 20 },
		{ .kind = LIMIT_MEMORY_RESERVATION, .where = "/reservation", .value = 8 << 20 },
		{ .kind = LIMIT_MEMORY, .where = "/memory", .value = 64 << 20 },
	};
	struct cgroup_plan plan = plan_of("/limits/x");
	struct cgroup *cg;
	struct error err;
	uint64_t kills;

	if (!has_controller(CONTROLLER_CPU) || !has_controller(CONTROLLER_CPUSET) ||
	    !has_controller(CONTROLLER_PIDS) || !has_controller(CONTROLLER_MEMORY)) {
		printf("ok %d # SKIP not all of cpu, cpuset, pids, memory are here\n",
		       ++check_count);
		return;
	}
	plan.limits = limits;
	plan.n_limits = ARRAY_SIZE(limits);
	cg = made(&plan);
	start(cg, NULL);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	check_file(cg, CONTROLLER_CPU, "/cpu.shares", "/cpu.weight", "512\n", "59\n");
	check_file(cg, CONTROLLER_CPU, "/cpu.cfs_quota_us", "/cpu.max", "20000\n", "20000 50000\n");
	check_file(cg, CONTROLLER_CPUSET, "/cpuset.cpus", "/cpuset.cpus", "0\n", "0\n");
	check_file(cg, CONTROLLER_PIDS, "/pids.max", "/pids.max", "20\n", "20\n");
	check_file(cg, CONTROLLER_MEMORY, "/memory.limit_in_bytes", "/memory.max", "67108864\n",
		   "67108864\n");
	check_file(cg, CONTROLLER_MEMORY, "/memory.soft_limit_in_bytes", "/memory.low", "8388608\n",
		   "8388608\n");
	CHECK(cgroup_oom_kills(cg, &kills));
	CHECK_INT(kills, 0);
	end(cg);
}

/* CPU-11 and the order of memory and swap: values that contradict the old ones until all are written. */
static void test_order(void)
{
	static const int64_t sizes[][2] = { { 64 << 20, 96 << 20 },
					    { 128 << 20, 128 << 20 },
					    { 32 << 20, 40 << 20 },
					    { 1 << 30, INT64_C(2) << 30 } };
	static const int64_t times[][3] = { { 100000, 50000, 50000 },
					    { 20000, 10000, 10000 },
					    { 1000000, 900000, 0 },
					    { 1000000, 900000, 900000 },
					    { 5000, 2000, 1000 } };
	struct cgroup_plan plan = plan_of("/order");
	struct cgroup *cg = made(&plan), *later = reloaded(cg);
	struct hierarchy *h = NULL;
	struct error err;

	CHECK_INT(cgroup_find_controller(cg, CONTROLLER_MEMORY, &h, &err), 0);
	for (size_t i = 0; h && i < ARRAY_SIZE(sizes); i++) {
		const struct limit limits[] = {
			{ .kind = LIMIT_MEMORY, .where = "/memory", .value = sizes[i][0] },
			{ .kind = LIMIT_MEMORY_SWAP, .where = "/swap", .value = sizes[i][1] },
		};

		if (access(dir_of(h, h->version == 1 ? "/memory.memsw.limit_in_bytes"
						     : "/memory.swap.max"),
			   F_OK) < 0)
			break;
		plan.limits = limits;
		plan.n_limits = ARRAY_SIZE(limits);
		CHECK(succeeded(cgroup_apply(later, &plan, &err), &err));
		check_file(later, CONTROLLER_MEMORY, "/memory.memsw.limit_in_bytes",
			   "/memory.swap.max", arena_printf(&arena, "%jd\n", (intmax_t)sizes[i][1]),
			   arena_printf(&arena, "%jd\n", (intmax_t)(sizes[i][1] - sizes[i][0])));
	}
	for (size_t i = 0; has_controller(CONTROLLER_CPU) && i < ARRAY_SIZE(times); i++) {
		const struct limit limits[] = {
			{ .kind = LIMIT_CPU_PERIOD, .where = "/period", .value = times[i][0] },
			{ .kind = LIMIT_CPU_QUOTA, .where = "/quota", .value = times[i][1] },
			{ .kind = LIMIT_CPU_BURST, .where = "/burst", .value = times[i][2] },
		};

		plan.limits = limits;
		plan.n_limits = ARRAY_SIZE(limits);
		CHECK(succeeded(cgroup_apply(later, &plan, &err), &err));
		check_file(later, CONTROLLER_CPU, "/cpu.cfs_burst_us", "/cpu.max.burst",
			   arena_printf(&arena, "%jd\n", (intmax_t)times[i][2]),
			   arena_printf(&arena, "%jd\n", (intmax_t)times[i][2]));
	}
	CHECK(succeeded(cgroup_remove(later, &err), &err));
}

/* An error tells place, file and value; what the host lacks is said before anything is made. */
static void test_refused_limits(void)
{
	struct limit limit = { .kind = LIMIT_PIDS, .where = "/pids", .value = INT64_MAX };
	struct cgroup_plan plan = plan_of("/refused");
	struct cgroup *cg;
	struct error err = { 0 };

	plan.limits = &limit;
	plan.n_limits = 1;
	if (has_controller(CONTROLLER_PIDS)) {
		cg = made(&plan);
		CHECK_INT(cgroup_apply(cg, &plan, &err), -1);
		CHECK_STR(err.where, "/pids");
		CHECK_CONTAINS(err.text, "pids.max\": invalid argument");
		CHECK_CONTAINS(err.text, "9223372036854775807");
		CHECK(succeeded(cgroup_remove(cg, &err), &err));
	}
	if (!has_controller(CONTROLLER_NET_CLS)) {
		limit = (struct limit){ .kind = LIMIT_NET_CLASS, .where = "/network/classID" };
		CHECK_INT(cgroup_open(&arena, &plan, &root_host, &cg, &err), -1);
		CHECK_STR(err.where, "/network/classID");
		CHECK_CONTAINS(err.text, "net_cls");
	}
	if (has_controller(CONTROLLER_HUGETLB)) {
		limit = (struct limit){ .kind = LIMIT_HUGETLB, .where = "/huge", .text = "3MB" };
		cg = made(&plan);
		CHECK_INT(cgroup_apply(cg, &plan, &err), -1);
		CHECK_STR(err.where, "/huge");
		CHECK_CONTAINS(err.text, "no huge pages of 3MB");
		CHECK(succeeded(cgroup_remove(cg, &err), &err));
		CHECK_INT(count_dirs(cg, top), 0);
	}
}

static void test_unified(void)
{
	const struct pair good = { "cgroup.max.depth", "5" }, bad = { "nosuch.max", "5" };
	struct cgroup_plan plan = plan_of("/unified");
	struct hierarchy *h;
	struct cgroup *cg;
	struct error err;

	plan.unified = &good;
	plan.n_unified = 1;
	cg = NULL;
	if (cgroup_open(&arena, &plan, &root_host, &cg, &err)) {
		CHECK_STR(err.where, "/linux/resources/unified");
		CHECK_CONTAINS(err.text, "no cgroup v2");
		return;
	}
	CHECK(succeeded(make_cgroup(cg, &err), &err));
	h = cgroup_find_v2(cg);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	CHECK_STR(read_text(dir_of(h, "/cgroup.max.depth")), "5\n");
	plan.unified = &bad;
	CHECK_INT(cgroup_apply(cg, &plan, &err), -1);
	CHECK_STR(err.where, "/linux/resources/unified");
	CHECK_CONTAINS(err.text, "nosuch");
	CHECK(succeeded(cgroup_remove(cg, &err), &err));
}

static void test_conversions(void)
{
	static const unsigned weights[][2] = {
		{ 1, 1 },
		{ 2, 1 },
		{ 3, 2 },
		{ 10, 4 },
		{ 50, 10 },
		{ 100, 17 },
		{ 102, 17 },
		{ 128, 21 },
		{ 256, 35 },
		{ 512, 59 },
		{ 1000, 99 },
		{ 1023, 100 },
		{ 1024, 100 },
		{ 1025, 101 },
		{ 2000, 170 },
		{ 2048, 174 },
		{ 4096, 303 },
		{ 8192, 532 },
		{ 10000, 627 },
		{ 16384, 942 },
		{ 65536, 3023 },
		{ 131072, 5478 },
		{ 262143, 10000 },
		{ 262144, 10000 },
		{ 1u << 30, 10000 },
	};
	static const unsigned io[][2] = { { 10, 1 },	 { 11, 11 },	{ 100, 910 },
					  { 500, 4950 }, { 750, 7475 }, { 1000, 10000 } };

	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		CHECK_INT(cgroup2_cpu_weight(weights[i][0]), weights[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(io); i++)
		CHECK_INT(cgroup2_io_weight(io[i][0]), io[i][1]);
}

/* ---- devices --------------------------------------------------------------------------------------------------------- */

static int device_results[4];

/* What an image with its own nodes can do: the usual ones, the host's memory, a disk. */
static void try_devices(void)
{
	static const struct {
		mode_t type;
		unsigned major, minor;
	} nodes[4] = { { S_IFCHR, 1, 3 }, { S_IFCHR, 1, 1 }, { S_IFBLK, 7, 0 }, { S_IFCHR, 1, 5 } };
	char name[] = "/tmp/teu-unit-XXXXXX", path[64];

	if (!mkdtemp(name))
		_exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/n", name);
		if (mknod(path, nodes[i].type | 0600, makedev(nodes[i].major, nodes[i].minor)) <
		    0) {
			device_results[i] = -errno;
			continue;
		}
		fd = open(path, O_RDWR | O_NONBLOCK);
		device_results[i] = fd < 0 && (errno == EPERM || errno == EACCES) ? errno : 0;
		fd_close(&fd);
		unlink(path);
	}
	rmdir(name);
}

/* Runs it in the cgroup; the results go through a pipe. */
static void check_devices(struct cgroup *cg, const int want[4], const char *what)
{
	int fds[2], got[4] = { -1, -1, -1, -1 }, pidfd = -1, status;
	struct error err;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = cgroup_clone(cg, 0, &pidfd, &err);
	if (pid == 0) {
		if (cgroup_attach_self(cg, &err))
			_exit(1);
		try_devices();
		_exit(write(fds[1], device_results, sizeof(device_results)) < 0);
	}
	close(fds[1]);
	CHECK(read(fds[0], got, sizeof(got)) == sizeof(got));
	close(fds[0]);
	CHECK_INT(process_wait(pidfd, deadline_in(10), &status), 0);
	fd_close(&pidfd);
	for (int i = 0; i < 4; i++) {
		if (got[i] != want[i])
			printf("# %s, device %d\n", what, i);
		CHECK_INT(got[i], want[i]);
	}
}

#define RULE(allow, type, major, minor, access)      \
	{                                            \
		allow, type, major, minor, access, 0 \
	}

static void check_rules(struct cgroup *cg, const char *what)
{
	static const struct device_rule none[] = {
		RULE(false, 'a', DEVICE_ANY, DEVICE_ANY, 7),
		RULE(true, 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD),
		RULE(true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD),
		RULE(true, 'c', 1, 3, 7),
	};
	static const struct device_rule memory[] = {
		RULE(false, 'a', DEVICE_ANY, DEVICE_ANY, 7),
		RULE(true, 'c', DEVICE_ANY, DEVICE_ANY, 7),
	};
	static const struct device_rule but_null[] = {
		RULE(true, 'a', DEVICE_ANY, DEVICE_ANY, 7),
		RULE(false, 'c', 1, 3, 7),
	};
	static const struct device_rule every[] = {
		RULE(true, 'a', DEVICE_ANY, DEVICE_ANY, 7),
	};
	struct cgroup_plan plan = { .devices = none, .n_devices = ARRAY_SIZE(none) };
	struct error err;

	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	check_devices(cg, (const int[]){ 0, EPERM, EPERM, EPERM }, what);
	/* Again, with others in their place: what an update does. */
	plan.devices = memory;
	plan.n_devices = ARRAY_SIZE(memory);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	check_devices(cg, (const int[]){ 0, 0, -EPERM, 0 }, what);
	plan.devices = but_null;
	plan.n_devices = ARRAY_SIZE(but_null);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	check_devices(cg, (const int[]){ -EPERM, 0, 0, 0 }, what);
	plan.devices = every;
	plan.n_devices = ARRAY_SIZE(every);
	CHECK(succeeded(cgroup_apply(cg, &plan, &err), &err));
	check_devices(cg, (const int[]){ 0, 0, 0, 0 }, what);
}

/* CDV-08: in force on v1, and on v2 where this host has that, too. */
static void test_devices(void)
{
	struct cgroup_plan plan = plan_of("/devices");
	struct cgroup *cg = made(&plan), alone = { .arena = &arena };
	struct hierarchy *v1 = NULL, *v2 = cgroup_find_v2(cg);
	struct error err;

	CHECK_INT(cgroup_find_controller(cg, CONTROLLER_DEVICES, &v1, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		struct hierarchy *h = i ? v2 : v1;

		if (!h) {
			printf("ok %d # SKIP no cgroup v%zu for devices here\n", ++check_count,
			       i + 1);
			continue;
		}
		alone.list[0] = *h;
		alone.n = 1;
		check_rules(&alone, i ? "v2" : "v1");
	}
	CHECK(succeeded(cgroup_remove(cg, &err), &err));
	CHECK_INT(count_dirs(cg, top), 0);
}

int main(void)
{
	if (!can_run())
		return 0;
	test_limits();
	test_order();
	test_refused_limits();
	test_unified();
	test_conversions();
	test_devices();
	return check_done();
}
