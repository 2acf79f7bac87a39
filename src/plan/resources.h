/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container may use, and where its cgroup is, in one vocabulary for both versions of cgroups: a limit is a kind, a
 * value and its place in config.json. Values that mean "leave alone" have no limit here. Which file a kind is written to,
 * and whether this host has it, is the business of cgroup/.
 */
#pragma once

#include "base/error.h"
#include "plan/properties.h"
#include "plan/types.h"

struct oci_linux;
struct oci_resources;

/* In the order in which they are written: a memory limit comes after all that may need memory. */
enum limit_kind {
	LIMIT_CPU_RT_PERIOD,  /* microseconds */
	LIMIT_CPU_RT_RUNTIME, /* microseconds, -1: unlimited */
	LIMIT_CPU_SHARES,     /* the weight of v1, 2..262144 */
	LIMIT_CPU_PERIOD,     /* microseconds */
	LIMIT_CPU_QUOTA,      /* microseconds, -1: unlimited */
	LIMIT_CPU_BURST,      /* microseconds */
	LIMIT_CPU_IDLE,	      /* 0 or 1 */
	LIMIT_CPUSET_CPUS,    /* text: a list */
	LIMIT_CPUSET_MEMS,    /* text: a list */
	LIMIT_PIDS,	      /* -1: unlimited */
	LIMIT_BLKIO_WEIGHT,   /* 10..1000 */
	LIMIT_BLKIO_LEAF_WEIGHT,
	LIMIT_BLKIO_WEIGHT_DEVICE, /* major, minor */
	LIMIT_BLKIO_LEAF_WEIGHT_DEVICE,
	LIMIT_BLKIO_READ_BPS, /* major, minor; bytes per second, 0: unlimited; so are the next three */
	LIMIT_BLKIO_WRITE_BPS,
	LIMIT_BLKIO_READ_IOPS,
	LIMIT_BLKIO_WRITE_IOPS,
	LIMIT_HUGETLB,	    /* text: the page size, "2MB"; bytes */
	LIMIT_NET_CLASS,    /* a class id of net_cls */
	LIMIT_NET_PRIORITY, /* text: the interface */
	LIMIT_RDMA,	    /* text: the device and its limits, as the kernel takes them */
	LIMIT_MEMORY_HIERARCHY,
	LIMIT_MEMORY_SWAPPINESS, /* 0..100 */
	LIMIT_MEMORY_OOM_DISABLE,
	LIMIT_MEMORY_KERNEL, /* bytes, -1: unlimited; so are the next four */
	LIMIT_MEMORY_KERNEL_TCP,
	LIMIT_MEMORY_RESERVATION,
	LIMIT_MEMORY,
	LIMIT_MEMORY_SWAP, /* memory and swap together */
	LIMIT_KINDS
};

struct limit {
	enum limit_kind kind;
	const char *where; /* JSON pointer */
	const char *text;
	int64_t value; /* unsigned values of the spec fit: the kernel's counters are no wider */
	unsigned major, minor;
};

#define DEVICE_ANY (-1)
#define DEVICE_RULE_OWN UINT32_MAX
enum device_access { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4 };

struct device_rule {
	bool allow;
	char type;	      /* 'a' (every device, every access), 'b' or 'c' */
	int64_t major, minor; /* or DEVICE_ANY */
	unsigned access;      /* enum device_access bits */
	uint32_t index; /* resources.devices[index], DEVICE_RULE_OWN for what every container has */
};

/* The scope that systemd makes for a container (systemd.scope(5)). */
struct unit_plan {
	const char *name;			/* "PREFIX-NAME.scope" */
	const char *slice;			/* the unit that it is in */
	bool user;				/* of the caller's user manager, not the system's */
	const struct unit_property *properties; /* what annotations ask for */
	size_t n_properties;
	unsigned seconds; /* how long systemd may take for an answer */
};

struct cgroup_plan {
	const char *id;
	enum cgroup_manager manager;
	/*
	 * Below the root of each hierarchy, begins with '/', has no ".", ".." or empty parts. NULL: no cgroup is made. Unless
	 * config.json gave it as absolute, it moves to where the caller may write.
	 */
	const char *path;
	bool path_is_absolute;
	const struct limit *limits; /* in the order in which they are written */
	size_t n_limits;
	/* A later rule overrides; the first one is for all devices. None: devices are not judged at all. */
	const struct device_rule *devices;
	size_t n_devices;
	const struct pair *unified; /* cgroup v2: file and content */
	size_t n_unified;
	const struct unit_plan *unit; /* CGROUP_SYSTEMD; NULL otherwise */
	/* The container may write to its cgroups, so that it needs every controller. */
	bool delegated;
	/* v2: the container's directory is given to this user of the host (plan_delegation()). */
	bool has_owner;
	uid_t owner;
	/* v2: a directory in it which the container lives in and owns; limits stay above. NULL: none. */
	const char *delegate;
	/* With systemd: one between that and the scope, where the container's cgroup namespace begins. NULL: none. */
	const char *subgroup;
	bool check_usage; /* an update: a limit of memory below what is used is refused */
};

/* os may be NULL; host->manager says who makes the cgroup. */
int plan_cgroup(const struct oci_linux *os, const char *id, const struct host *host,
		struct arena *a, struct plan_warnings *warnings, struct cgroup_plan *ret,
		struct error *err);

/* The limit of this kind, NULL if the plan has none; of a kind that several devices have, the first. */
const struct limit *plan_find_limit(const struct cgroup_plan *plan, enum limit_kind kind);

/*
 * Fills limits and unified of *plan from r. `whole` is what holds afterwards, where values that belong together are compared;
 * `now` what holds before an update, NULL for a new container, where both are the same.
 */
int plan_resources(const struct oci_resources *r, const struct oci_resources *whole,
		   const struct oci_resources *now, struct arena *a, struct plan_warnings *warnings,
		   struct cgroup_plan *plan, struct error *err);
