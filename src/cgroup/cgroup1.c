/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup1.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

enum format {
	FORMAT_NUMBER, /* 5 */
	FORMAT_MAX,    /* 5, "max" for -1 */
	FORMAT_DEVICE, /* 8:0 5 */
	FORMAT_TEXT,   /* the text */
	FORMAT_NAMED,  /* TEXT 5 */
	FORMAT_PAGES,  /* 5, %s in the file's name is the text */
};

struct knob {
	const char *controller, *file;
	const char *
		other; /* the file's name where the first does not exist, or a second file to write */
	enum format format;
	bool both;  /* `other` is written too, where it exists */
	bool check; /* the kernel may take another value in silence */
};

static const struct knob knobs[] = {
	[LIMIT_CPU_SHARES] = { "cpu", "cpu.shares", .check = true },
	[LIMIT_CPU_PERIOD] = { "cpu", "cpu.cfs_period_us" },
	[LIMIT_CPU_QUOTA] = { "cpu", "cpu.cfs_quota_us" },
	[LIMIT_CPU_BURST] = { "cpu", "cpu.cfs_burst_us" },
	[LIMIT_CPU_RT_PERIOD] = { "cpu", "cpu.rt_period_us" },
	[LIMIT_CPU_RT_RUNTIME] = { "cpu", "cpu.rt_runtime_us" },
	[LIMIT_CPU_IDLE] = { "cpu", "cpu.idle" },
	[LIMIT_CPUSET_CPUS] = { "cpuset", "cpuset.cpus", "cpus", FORMAT_TEXT },
	[LIMIT_CPUSET_MEMS] = { "cpuset", "cpuset.mems", "mems", FORMAT_TEXT },
	[LIMIT_MEMORY] = { "memory", "memory.limit_in_bytes" },
	[LIMIT_MEMORY_SWAP] = { "memory", "memory.memsw.limit_in_bytes" },
	[LIMIT_MEMORY_RESERVATION] = { "memory", "memory.soft_limit_in_bytes" },
	[LIMIT_MEMORY_KERNEL_TCP] = { "memory", "memory.kmem.tcp.limit_in_bytes" },
	[LIMIT_MEMORY_SWAPPINESS] = { "memory", "memory.swappiness" },
	[LIMIT_MEMORY_OOM_DISABLE] = { "memory", "memory.oom_control" },
	[LIMIT_MEMORY_HIERARCHY] = { "memory", "memory.use_hierarchy" },
	[LIMIT_PIDS] = { "pids", "pids.max", .format = FORMAT_MAX },
	[LIMIT_BLKIO_WEIGHT] = { "blkio", "blkio.weight", "blkio.bfq.weight" },
	[LIMIT_BLKIO_LEAF_WEIGHT] = { "blkio", "blkio.leaf_weight" },
	[LIMIT_BLKIO_WEIGHT_DEVICE] = { "blkio", "blkio.weight_device", "blkio.bfq.weight_device",
					FORMAT_DEVICE },
	[LIMIT_BLKIO_LEAF_WEIGHT_DEVICE] = { "blkio", "blkio.leaf_weight_device",
					     .format = FORMAT_DEVICE },
	[LIMIT_BLKIO_READ_BPS] = { "blkio", "blkio.throttle.read_bps_device",
				   .format = FORMAT_DEVICE },
	[LIMIT_BLKIO_WRITE_BPS] = { "blkio", "blkio.throttle.write_bps_device",
				    .format = FORMAT_DEVICE },
	[LIMIT_BLKIO_READ_IOPS] = { "blkio", "blkio.throttle.read_iops_device",
				    .format = FORMAT_DEVICE },
	[LIMIT_BLKIO_WRITE_IOPS] = { "blkio", "blkio.throttle.write_iops_device",
				     .format = FORMAT_DEVICE },
	/* By default reservations are limited, and page faults as well. */
	[LIMIT_HUGETLB] = { "hugetlb", "hugetlb.%s.limit_in_bytes",
			    "hugetlb.%s.rsvd.limit_in_bytes", FORMAT_PAGES, .both = true },
	[LIMIT_NET_CLASS] = { "net_cls", "net_cls.classid" },
	[LIMIT_NET_PRIORITY] = { "net_prio", "net_prio.ifpriomap", .format = FORMAT_NAMED },
	[LIMIT_RDMA] = { "rdma", "rdma.max", .format = FORMAT_TEXT },
};
_Static_assert(ARRAY_SIZE(knobs) == LIMIT_KINDS, "every limit has a knob");

const char *cgroup1_controller(enum limit_kind kind)
{
	return knobs[kind].controller;
}

int cgroup_write_file(int dir, const char *file, const char *text, struct error *err)
{
	auto_fd int fd = openat(dir, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t n = strlen(text);

	if (fd < 0)
		return error_sys(err, "open %s", file);
	if (write(fd, text, n) != (ssize_t)n)
		return error_sys(err, "write \"%.64s\" to %s", text, file);
	return 0;
}

ssize_t cgroup_read_file(int dir, const char *file, char *buf, size_t size)
{
	auto_fd int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return -1;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return n;
}

static const char *format_value(const struct knob *knob, const struct limit *l, char *buf,
				size_t size)
{
	switch (knob->format) {
	case FORMAT_MAX:
		if (l->value < 0)
			return "max";
		__attribute__((fallthrough));
	case FORMAT_NUMBER:
	case FORMAT_PAGES:
		snprintf(buf, size, "%" PRId64, l->value);
		return buf;
	case FORMAT_DEVICE:
		snprintf(buf, size, "%u:%u %" PRId64, l->major, l->minor, l->value);
		return buf;
	case FORMAT_NAMED:
		snprintf(buf, size, "%s %" PRId64, l->text, l->value);
		return buf;
	case FORMAT_TEXT:
		break;
	}
	return l->text;
}

/* The kernel's reasons, where a look at the files can tell them. */
static void explain(int dir, const struct limit *l, struct error *err)
{
	char usage[32], text[sizeof(err->text)];

	if (l->kind == LIMIT_MEMORY && err->errnum == EBUSY &&
	    cgroup_read_file(dir, "memory.usage_in_bytes", usage, sizeof(usage)) > 0) {
		snprintf(text, sizeof(text), "%.400s: %s bytes are in use", err->text, usage);
		memcpy(err->text, text, sizeof(text));
	}
}

static int check_taken(int dir, const char *file, const char *text, struct error *err)
{
	char now[64];

	if (cgroup_read_file(dir, file, now, sizeof(now)) >= 0 && !str_eq(now, text))
		return error_set(err, ERR_CONFIG, "the kernel made %s of %s in %s", now, text,
				 file);
	return 0;
}

static int write_limit(const struct cgroup *cg, const struct limit *l, struct error *err)
{
	const struct knob *knob = &knobs[l->kind];
	struct hierarchy *h = cgroup_find(cg, knob->controller);
	char value[300], file[128], other[128];
	const char *text = format_value(knob, l, value, sizeof(value));
	int dir = h ? hierarchy_open(h) : -1;

	if (dir < 0)
		return error_set(err, ERR_CONFIG,
				 "the container has no cgroup with the controller %s",
				 knob->controller);
	snprintf(file, sizeof(file), "%s", knob->file);
	snprintf(other, sizeof(other), "%s", knob->other ? knob->other : "");
	if (knob->format == FORMAT_PAGES) {
		snprintf(file, sizeof(file), "hugetlb.%s.limit_in_bytes", l->text);
		snprintf(other, sizeof(other), "hugetlb.%s.rsvd.limit_in_bytes", l->text);
	}
	if (cgroup_write_file(dir, file, text, err)) {
		if (err->errnum != ENOENT || !*other || knob->both) {
			explain(dir, l, err);
			return -1;
		}
		return cgroup_write_file(dir, other, text, err);
	}
	if (knob->both && faccessat(dir, other, F_OK, 0) == 0 &&
	    cgroup_write_file(dir, other, text, err))
		return -1;
	return knob->check ? check_taken(dir, file, text, err) : 0;
}

int cgroup1_apply_limits(struct cgroup *cg, const struct limit *limits, size_t n, struct error *err)
{
	bool *refused = arena_new_n(cg->arena, bool, n);
	bool again = false;

	for (size_t i = 0; i < n; i++) {
		if (write_limit(cg, &limits[i], err) == 0)
			continue;
		/* Memory and swap, quota and period are judged against each other. */
		if (err->errnum != EINVAL)
			return error_at(err, "%s", limits[i].where);
		refused[i] = again = true;
	}
	for (size_t i = 0; i < n && again; i++)
		if (refused[i] && write_limit(cg, &limits[i], err))
			return error_at(err, "%s", limits[i].where);
	return 0;
}

static int copy_if_empty(int parent, int dir, const char *file, const char *old_name,
			 struct error *err)
{
	char text[4096];
	const char *name = file;

	if (cgroup_read_file(dir, name, text, sizeof(text)) < 0) {
		name = old_name;
		if (cgroup_read_file(dir, name, text, sizeof(text)) < 0)
			return error_sys(err, "read %s", file);
	}
	if (*text)
		return 0;
	if (cgroup_read_file(parent, name, text, sizeof(text)) < 0)
		return error_sys(err, "read %s", name);
	return *text ? cgroup_write_file(dir, name, text, err) : 0;
}

int cgroup1_fill_cpuset(int parent, int dir, struct error *err)
{
	if (copy_if_empty(parent, dir, "cpuset.cpus", "cpus", err) ||
	    copy_if_empty(parent, dir, "cpuset.mems", "mems", err))
		return -1;
	return 0;
}

/* ---- devices --------------------------------------------------------------------------------------------------------- */

static void format_rule(const struct device_rule *r, char *buf, size_t size)
{
	char major[24] = "*", minor[24] = "*";

	if (r->type == 'a') {
		snprintf(buf, size, "a");
		return;
	}
	if (r->major >= 0)
		snprintf(major, sizeof(major), "%" PRId64, r->major);
	if (r->minor >= 0)
		snprintf(minor, sizeof(minor), "%" PRId64, r->minor);
	snprintf(buf, size, "%c %s:%s %s%s%s", r->type, major, minor,
		 r->access & DEVICE_READ ? "r" : "", r->access & DEVICE_WRITE ? "w" : "",
		 r->access & DEVICE_MKNOD ? "m" : "");
}

int cgroup1_apply_devices(struct cgroup *cg, const struct device_rule *rules, size_t n,
			  struct error *err)
{
	struct hierarchy *h = cgroup_find(cg, "devices");
	auto_fd int allow = -1, deny = -1;
	int dir;

	/* A new cgroup allows what the one above it allows. */
	if (n == 0 || (n == 1 && rules[0].allow))
		return 0;
	dir = h ? hierarchy_open(h) : -1;
	if (dir < 0)
		return error_config(err, "/linux/resources/devices",
				    "the container has no cgroup with the controller devices");
	allow = openat(dir, "devices.allow", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	deny = openat(dir, "devices.deny", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (allow < 0 || deny < 0)
		return error_sys(err, "open devices.allow and devices.deny");
	for (size_t i = rules[0].allow; i < n; i++) {
		char line[96];

		format_rule(&rules[i], line, sizeof(line));
		if (write(rules[i].allow ? allow : deny, line, strlen(line)) < 0) {
			error_sys(err, "write \"%s\" to devices.%s", line,
				  rules[i].allow ? "allow" : "deny");
			return error_at(err, "/linux/resources/devices");
		}
	}
	return 0;
}
