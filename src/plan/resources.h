/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container may use, in one vocabulary for both versions of cgroups: a limit is a kind, a value and its place in
 * config.json. Values that mean "leave alone" have no limit here. Which file a kind is written to, and whether this host
 * has it, is the business of cgroup/.
 */
#pragma once

#include "base/error.h"
#include "plan/types.h"

struct oci_linux;

enum limit_kind {
	LIMIT_CPU_SHARES,
	LIMIT_CPU_PERIOD,
	LIMIT_CPU_QUOTA,
	LIMIT_CPU_BURST,
	LIMIT_CPU_RT_PERIOD,
	LIMIT_CPU_RT_RUNTIME,
	LIMIT_CPU_IDLE,
	LIMIT_CPUSET_CPUS, /* text */
	LIMIT_CPUSET_MEMS, /* text */
	LIMIT_MEMORY,	   /* bytes, -1: unlimited */
	LIMIT_MEMORY_SWAP, /* memory and swap, bytes, -1: unlimited */
	LIMIT_MEMORY_RESERVATION,
	LIMIT_MEMORY_KERNEL_TCP,
	LIMIT_MEMORY_SWAPPINESS,
	LIMIT_MEMORY_OOM_DISABLE,
	LIMIT_MEMORY_HIERARCHY,
	LIMIT_PIDS, /* -1: unlimited */
	LIMIT_BLKIO_WEIGHT,
	LIMIT_BLKIO_LEAF_WEIGHT,
	LIMIT_BLKIO_WEIGHT_DEVICE, /* major, minor */
	LIMIT_BLKIO_LEAF_WEIGHT_DEVICE,
	LIMIT_BLKIO_READ_BPS,
	LIMIT_BLKIO_WRITE_BPS,
	LIMIT_BLKIO_READ_IOPS,
	LIMIT_BLKIO_WRITE_IOPS,
	LIMIT_HUGETLB, /* text: the page size, "2MB" */
	LIMIT_NET_CLASS,
	LIMIT_NET_PRIORITY, /* text: the interface */
	LIMIT_RDMA,	    /* text: the device and its limits, as the kernel takes them */
	LIMIT_KINDS
};

struct limit {
	enum limit_kind kind;
	const char *where; /* JSON pointer */
	const char *text;
	int64_t value; /* unsigned kinds fit: larger values are refused */
	unsigned major, minor;
};

#define DEVICE_ANY (-1)
enum device_access { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4 };

/* One rule; a later one overrides. */
struct device_rule {
	bool allow;
	char type; /* 'a', 'b' or 'c' */
	int64_t major, minor;
	unsigned access; /* enum device_access bits */
};

struct cgroup_plan {
	const char *id;
	enum cgroup_manager manager;
	const char
		*path; /* below the root of each hierarchy, begins with '/'; NULL: none is made */
	const struct limit *limits;
	size_t n_limits;
	const struct device_rule *
		devices; /* complete: from "deny all" or "allow all" on; none: no device is judged */
	size_t n_devices;
	const struct pair *unified; /* cgroup v2: file and content */
	size_t n_unified;
};

int plan_cgroup(const struct oci_linux *os, const char *id, const struct host *host,
		struct arena *a, struct plan_warnings *warnings, struct cgroup_plan *ret,
		struct error *err);
