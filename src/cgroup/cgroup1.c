/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup1.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cpuset.h"

#define PERIOD_FILE "cpu.cfs_period_us"

/* ---- exceptions ------------------------------------------------------------------------------------------------------ */

/* The kernel takes any number and uses the nearest one that it can. */
static int write_shares(struct hierarchy *h, const struct limit *limit,
			const struct cgroup_plan *plan, struct error *err)
{
	char value[32], now[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	if (knob_write_weight(h, "cpu.shares", value, limit, plan, err))
		return -1;
	if (!hierarchy_read(h, "cpu.shares", now, sizeof(now)) || str_eq(now, value))
		return 0;
	return error_config(err, limit->where, "%s is not possible, the kernel made %s of it",
			    value, now);
}

/* A share of real time is part of what the cgroup above has, and one that was made for ours has none. */
static int write_realtime(struct hierarchy *h, const struct limit *limit,
			  const struct cgroup_plan *plan UNUSED, struct error *err)
{
	const char *file =
		limit->kind == LIMIT_CPU_RT_PERIOD ? "cpu.rt_period_us" : "cpu.rt_runtime_us";
	char value[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	for (size_t length = h->kept; h->path[length];) {
		auto_fd int fd = -1;
		char path[PATH_MAX];

		length++;
		length += strcspn(h->path + length, "/");
		if (!h->path[length])
			break;
		snprintf(path, sizeof(path), "%.*s/%s", (int)length, h->path, file);
		fd = hierarchy_open(h, path, O_WRONLY);
		if (fd < 0 || write(fd, value, strlen(value)) < 0) {
			error_sys(err, "write \"%s\" to \"%s%s\"", value, h->mount, path);
			return error_at(err, "%s", limit->where);
		}
	}
	return knob_write(h, file, value, limit, err);
}

/* What is charged now, for a limit that is refused because it is less. */
#define LIMIT_TRIES 16

static int explain_usage(struct hierarchy *h, const struct limit *limit, const char *file,
			 struct error *err)
{
	char usage[32];
	struct error why;

	if (errno != EBUSY || !hierarchy_read(h, file, usage, sizeof(usage)))
		return -1;
	error_errno(&why, EBUSY, "the limit of %jd bytes is less than what is in use already, %s",
		    (intmax_t)limit->value, usage);
	(void)error_at(&why, "%s", limit->where);
	*err = why;
	return -1;
}

static int write_memory(struct hierarchy *h, const struct limit *limit,
			const struct cgroup_plan *plan UNUSED, struct error *err)
{
	char value[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	/*
	 * What each CPU holds in reserve counts as used, up to 256 KiB. A write that does not fit has every CPU give it back,
	 * but does not wait for them.
	 */
	for (int tries = 0; tries < LIMIT_TRIES; tries++) {
		if (knob_write(h, "memory.limit_in_bytes", value, limit, err) == 0)
			return 0;
		if (errno != EBUSY)
			break;
		sched_yield();
	}
	return explain_usage(h, limit, "memory.usage_in_bytes", err);
}

static int write_swap(struct hierarchy *h, const struct limit *limit,
		      const struct cgroup_plan *plan UNUSED, struct error *err)
{
	char value[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	if (knob_write(h, "memory.memsw.limit_in_bytes", value, limit, err) == 0)
		return 0;
	if (errno != ENOENT)
		return explain_usage(h, limit, "memory.memsw.usage_in_bytes", err);
	if (limit->value < 0)
		return 0;
	*err = (struct error){ 0 };
	return error_config(err, limit->where,
			    "this kernel does not account for swap (swapaccount=1 on its command "
			    "line makes it)");
}

/* Newer kernels have the one value only, and refuse to be told the other. */
static int write_hierarchy(struct hierarchy *h, const struct limit *limit,
			   const struct cgroup_plan *plan UNUSED, struct error *err)
{
	const char *value = limit->value ? "1" : "0";
	char now[32];

	if (hierarchy_read(h, "memory.use_hierarchy", now, sizeof(now)) && str_eq(now, value))
		return 0;
	return knob_write(h, "memory.use_hierarchy", value, limit, err);
}

/* Both, as huge pages can be reserved before they are touched; older kernels cannot limit that. */
static int write_huge_pages(struct hierarchy *h, const struct limit *limit,
			    const struct cgroup_plan *plan UNUSED, struct error *err)
{
	char file[64], value[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	snprintf(file, sizeof(file), "hugetlb.%s.limit_in_bytes", limit->text);
	if (knob_write(h, file, value, limit, err)) {
		if (errno != ENOENT)
			return -1;
		*err = (struct error){ 0 };
		return error_config(err, limit->where, "this host has no huge pages of %s",
				    limit->text);
	}
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.limit_in_bytes", limit->text);
	return knob_write(h, file, value, limit, err) && errno != ENOENT ? -1 : 0;
}

/* ---- the files ------------------------------------------------------------------------------------------------------- */

#define KNOB(kind_, controller_, ...)                                                      \
	{                                                                                  \
		.kind = LIMIT_##kind_, .controller = CONTROLLER_##controller_, __VA_ARGS__ \
	}

static const struct knob knobs[] = {
	KNOB(CPU_RT_PERIOD, CPU, .write = write_realtime),
	KNOB(CPU_RT_RUNTIME, CPU, .write = write_realtime),
	KNOB(CPU_SHARES, CPU, .write = write_shares),
	KNOB(CPU_PERIOD, CPU, .file = PERIOD_FILE),
	KNOB(CPU_QUOTA, CPU, .file = "cpu.cfs_quota_us"),
	KNOB(CPU_BURST, CPU, .file = "cpu.cfs_burst_us", .missing = KNOB_WHEN_OFF),
	KNOB(CPU_IDLE, CPU, .file = "cpu.idle", .missing = KNOB_WHEN_OFF),
	KNOB(CPUSET_CPUS, CPUSET, .write = cpuset_write),
	KNOB(CPUSET_MEMS, CPUSET, .write = cpuset_write),
	KNOB(PIDS, PIDS, .file = "pids.max", .format = KNOB_NUMBER_OR_MAX),
	/* The scheduler CFQ had the first names, BFQ has the second. */
	KNOB(BLKIO_WEIGHT, BLKIO, .file = "blkio.weight", .other = "blkio.bfq.weight"),
	KNOB(BLKIO_LEAF_WEIGHT, BLKIO, .file = "blkio.leaf_weight"),
	KNOB(BLKIO_WEIGHT_DEVICE, BLKIO, .file = "blkio.weight_device",
	     .other = "blkio.bfq.weight_device", .format = KNOB_DEVICE),
	KNOB(BLKIO_LEAF_WEIGHT_DEVICE, BLKIO, .file = "blkio.leaf_weight_device",
	     .format = KNOB_DEVICE),
	KNOB(BLKIO_READ_BPS, BLKIO, .file = "blkio.throttle.read_bps_device",
	     .format = KNOB_DEVICE),
	KNOB(BLKIO_WRITE_BPS, BLKIO, .file = "blkio.throttle.write_bps_device",
	     .format = KNOB_DEVICE),
	KNOB(BLKIO_READ_IOPS, BLKIO, .file = "blkio.throttle.read_iops_device",
	     .format = KNOB_DEVICE),
	KNOB(BLKIO_WRITE_IOPS, BLKIO, .file = "blkio.throttle.write_iops_device",
	     .format = KNOB_DEVICE),
	KNOB(HUGETLB, HUGETLB, .write = write_huge_pages),
	KNOB(NET_CLASS, NET_CLS, .file = "net_cls.classid"),
	KNOB(NET_PRIORITY, NET_PRIO, .file = "net_prio.ifpriomap", .format = KNOB_TEXT_NUMBER),
	KNOB(RDMA, RDMA, .file = "rdma.max", .format = KNOB_TEXT),
	KNOB(MEMORY_HIERARCHY, MEMORY, .write = write_hierarchy),
	KNOB(MEMORY_SWAPPINESS, MEMORY, .file = "memory.swappiness"),
	KNOB(MEMORY_OOM_DISABLE, MEMORY, .file = "memory.oom_control"),
	KNOB(MEMORY_KERNEL, MEMORY, .file = "memory.kmem.limit_in_bytes", .missing = KNOB_FINE),
	KNOB(MEMORY_KERNEL_TCP, MEMORY, .file = "memory.kmem.tcp.limit_in_bytes",
	     .missing = KNOB_FINE),
	KNOB(MEMORY_RESERVATION, MEMORY, .file = "memory.soft_limit_in_bytes"),
	KNOB(MEMORY, MEMORY, .write = write_memory),
	KNOB(MEMORY_SWAP, MEMORY, .write = write_swap),
};

const struct knob_table cgroup1_knobs = { knobs, ARRAY_SIZE(knobs) };

bool cgroup1_quota_first(struct hierarchy *h, const struct limit *period)
{
	char text[32];
	int64_t now;

	return hierarchy_read(h, PERIOD_FILE, text, sizeof(text)) && str_to_i64(text, &now) &&
	       period->value < now;
}
