/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources of config.json -> limits and device rules. Zero means "leave alone" where engines send it so: weights, shares,
 * memory sizes.
 */
#include "plan/resources.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "oci_spec.h"
#include "plan/plan.h"

#define MAX_MAJOR 4095
#define MAX_MINOR 1048575

/* What is collected, and what for. */
struct build {
	struct arena *arena;
	struct limit *limits;
	size_t n, room;
	struct error *err;
};

static struct limit *add(struct build *b, enum limit_kind kind, const char *where, int64_t value)
{
	struct limit *limit;

	if (b->n == b->room) {
		b->room = MAX(2 * b->room, (size_t)16);
		b->limits = arena_grow(b->arena, b->limits, b->n, b->room, sizeof(*b->limits));
	}
	limit = &b->limits[b->n++];
	*limit = (struct limit){ .kind = kind, .where = where, .value = value };
	return limit;
}

/* Unsigned values beyond what the kernel's own counters hold make no sense anywhere. */
static int add_unsigned(struct build *b, enum limit_kind kind, const char *where, uint64_t value)
{
	if (value > INT64_MAX)
		return error_config(b->err, where, "%ju is too large", (uintmax_t)value);
	add(b, kind, where, (int64_t)value);
	return 0;
}

/* Every size: -1 is unlimited, 0 leaves the kernel's value, other negative numbers are mistakes. */
static int add_size(struct build *b, enum limit_kind kind, const char *where, bool has,
		    int64_t value)
{
	if (!has || value == 0)
		return 0;
	if (value < -1)
		return error_config(b->err, where, "%jd is no size", (intmax_t)value);
	add(b, kind, where, value);
	return 0;
}

#define CPU "/linux/resources/cpu/"

static int plan_cpu(struct build *b, const struct oci_cpu *cpu)
{
	unsigned long bits;

	if (cpu->has_quota && cpu->quota > 0 && cpu->has_burst && cpu->burst > (uint64_t)cpu->quota)
		return error_config(b->err, CPU "burst", "%ju is greater than the quota %jd",
				    (uintmax_t)cpu->burst, (intmax_t)cpu->quota);
	if (cpu->has_shares && cpu->shares &&
	    add_unsigned(b, LIMIT_CPU_SHARES, CPU "shares", cpu->shares))
		return -1;
	if (cpu->has_period && cpu->period &&
	    add_unsigned(b, LIMIT_CPU_PERIOD, CPU "period", cpu->period))
		return -1;
	if (cpu->has_quota && cpu->quota)
		add(b, LIMIT_CPU_QUOTA, CPU "quota", cpu->quota < 0 ? -1 : cpu->quota);
	if (cpu->has_burst && add_unsigned(b, LIMIT_CPU_BURST, CPU "burst", cpu->burst))
		return -1;
	if (cpu->has_realtime_period && cpu->realtime_period &&
	    add_unsigned(b, LIMIT_CPU_RT_PERIOD, CPU "realtimePeriod", cpu->realtime_period))
		return -1;
	if (cpu->has_realtime_runtime && cpu->realtime_runtime)
		add(b, LIMIT_CPU_RT_RUNTIME, CPU "realtimeRuntime", cpu->realtime_runtime);
	if (cpu->has_idle) {
		if (cpu->idle != 0 && cpu->idle != 1)
			return error_config(b->err, CPU "idle", "%jd is neither 0 nor 1",
					    (intmax_t)cpu->idle);
		add(b, LIMIT_CPU_IDLE, CPU "idle", cpu->idle);
	}
	if (cpu->cpus && *cpu->cpus) {
		if (plan_list_bits(cpu->cpus, b->arena, NULL, &bits))
			return error_config(b->err, CPU "cpus", "\"%s\" is no list of CPUs",
					    cpu->cpus);
		add(b, LIMIT_CPUSET_CPUS, CPU "cpus", 0)->text = cpu->cpus;
	}
	if (cpu->mems && *cpu->mems) {
		if (plan_list_bits(cpu->mems, b->arena, NULL, &bits))
			return error_config(b->err, CPU "mems", "\"%s\" is no list of nodes",
					    cpu->mems);
		add(b, LIMIT_CPUSET_MEMS, CPU "mems", 0)->text = cpu->mems;
	}
	return 0;
}

#define MEMORY "/linux/resources/memory/"

static int plan_memory(struct build *b, const struct oci_memory *m, struct plan_warnings *warnings)
{
	if (m->has_swap && m->swap > 0) {
		if (!m->has_limit || m->limit == 0)
			return error_config(b->err, MEMORY "swap",
					    "a limit of memory and swap needs a limit of memory");
		if (m->limit > m->swap)
			return error_config(
				b->err, MEMORY "swap",
				"%jd is less than the memory limit %jd, which it includes",
				(intmax_t)m->swap, (intmax_t)m->limit);
	}
	if (add_size(b, LIMIT_MEMORY, MEMORY "limit", m->has_limit, m->limit) ||
	    add_size(b, LIMIT_MEMORY_SWAP, MEMORY "swap", m->has_swap, m->swap) ||
	    add_size(b, LIMIT_MEMORY_RESERVATION, MEMORY "reservation", m->has_reservation,
		     m->reservation) ||
	    add_size(b, LIMIT_MEMORY_KERNEL_TCP, MEMORY "kernelTCP", m->has_kernel_tcp,
		     m->kernel_tcp))
		return -1;
	if (m->has_kernel && m->kernel)
		plan_warn(warnings, MEMORY "kernel",
			  "kernel memory is part of the memory limit and has none of its own");
	if (m->has_swappiness) {
		if (m->swappiness > 100)
			return error_config(b->err, MEMORY "swappiness", "%ju is not within 0..100",
					    (uintmax_t)m->swappiness);
		add(b, LIMIT_MEMORY_SWAPPINESS, MEMORY "swappiness", (int64_t)m->swappiness);
	}
	if (m->has_disable_oom_killer && m->disable_oom_killer)
		add(b, LIMIT_MEMORY_OOM_DISABLE, MEMORY "disableOOMKiller", 1);
	if (m->has_use_hierarchy)
		add(b, LIMIT_MEMORY_HIERARCHY, MEMORY "useHierarchy", m->use_hierarchy);
	return 0;
}

#define BLOCK "/linux/resources/blockIO/"

static int check_device(struct build *b, const char *where, int64_t major, int64_t minor)
{
	if (major < 0 || major > MAX_MAJOR || minor < 0 || minor > MAX_MINOR)
		return error_config(b->err, where, "%jd:%jd is no device number", (intmax_t)major,
				    (intmax_t)minor);
	return 0;
}

static void add_device(struct build *b, enum limit_kind kind, const char *where, int64_t major,
		       int64_t minor, int64_t value)
{
	struct limit *limit = add(b, kind, where, value);

	limit->major = (unsigned)major;
	limit->minor = (unsigned)minor;
}

static int plan_weights(struct build *b, const struct oci_block_io *io)
{
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct oci_weight_device *d = &io->weight_device[i];
		const char *where = arena_printf(b->arena, BLOCK "weightDevice/%zu", i);

		if (check_device(b, where, d->major, d->minor))
			return -1;
		if (!d->has_weight && !d->has_leaf_weight)
			return error_config(b->err, where,
					    "neither weight nor leafWeight is given");
		if (d->has_weight)
			add_device(b, LIMIT_BLKIO_WEIGHT_DEVICE, where, d->major, d->minor,
				   d->weight);
		if (d->has_leaf_weight)
			add_device(b, LIMIT_BLKIO_LEAF_WEIGHT_DEVICE, where, d->major, d->minor,
				   d->leaf_weight);
	}
	return 0;
}

static int plan_throttle(struct build *b, enum limit_kind kind, const char *member,
			 const struct oci_throttle_device *devices, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *where = arena_printf(b->arena, BLOCK "%s/%zu", member, i);

		if (check_device(b, where, devices[i].major, devices[i].minor))
			return -1;
		if (devices[i].rate > INT64_MAX)
			return error_config(b->err, where, "rate %ju is too large",
					    (uintmax_t)devices[i].rate);
		add_device(b, kind, where, devices[i].major, devices[i].minor,
			   (int64_t)devices[i].rate);
	}
	return 0;
}

static int plan_block(struct build *b, const struct oci_block_io *io)
{
	if (io->has_weight && io->weight)
		add(b, LIMIT_BLKIO_WEIGHT, BLOCK "weight", io->weight);
	if (io->has_leaf_weight && io->leaf_weight)
		add(b, LIMIT_BLKIO_LEAF_WEIGHT, BLOCK "leafWeight", io->leaf_weight);
	if (plan_weights(b, io) ||
	    plan_throttle(b, LIMIT_BLKIO_READ_BPS, "throttleReadBpsDevice",
			  io->throttle_read_bps_device, io->n_throttle_read_bps_device) ||
	    plan_throttle(b, LIMIT_BLKIO_WRITE_BPS, "throttleWriteBpsDevice",
			  io->throttle_write_bps_device, io->n_throttle_write_bps_device) ||
	    plan_throttle(b, LIMIT_BLKIO_READ_IOPS, "throttleReadIOPSDevice",
			  io->throttle_read_iops_device, io->n_throttle_read_iops_device) ||
	    plan_throttle(b, LIMIT_BLKIO_WRITE_IOPS, "throttleWriteIOPSDevice",
			  io->throttle_write_iops_device, io->n_throttle_write_iops_device))
		return -1;
	return 0;
}

static bool is_plain_name(const char *s)
{
	return *s &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-@") ==
		       strlen(s);
}

static int plan_others(struct build *b, const struct oci_resources *r)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const struct oci_hugepage_limit *h = &r->hugepage_limits[i];
		const char *where =
			arena_printf(b->arena, "/linux/resources/hugepageLimits/%zu", i);
		int64_t value = (int64_t)MIN(h->limit, (uint64_t)INT64_MAX);

		add(b, LIMIT_HUGETLB, where, value)->text = h->page_size;
	}
	if (r->network && r->network->has_class_id)
		add(b, LIMIT_NET_CLASS, "/linux/resources/network/classID", r->network->class_id);
	for (size_t i = 0; r->network && i < r->network->n_priorities; i++) {
		const struct oci_interface_priority *p = &r->network->priorities[i];
		const char *where =
			arena_printf(b->arena, "/linux/resources/network/priorities/%zu", i);

		if (!is_plain_name(p->name))
			return error_config(b->err, where, "\"%s\" is no interface name", p->name);
		add(b, LIMIT_NET_PRIORITY, where, p->priority)->text = p->name;
	}
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct oci_rdma *d = &r->rdma[i].value;
		char handles[40] = "", objects[40] = "";

		if (!is_plain_name(r->rdma[i].key))
			return error_config(b->err, "/linux/resources/rdma",
					    "\"%s\" is no device name", r->rdma[i].key);
		if (!d->has_hca_handles && !d->has_hca_objects)
			return error_config(b->err, "/linux/resources/rdma",
					    "device \"%s\" has neither hcaHandles nor hcaObjects",
					    r->rdma[i].key);
		if (d->has_hca_handles)
			snprintf(handles, sizeof(handles), " hca_handle=%u", d->hca_handles);
		if (d->has_hca_objects)
			snprintf(objects, sizeof(objects), " hca_object=%u", d->hca_objects);
		add(b, LIMIT_RDMA, "/linux/resources/rdma", 0)->text =
			arena_printf(b->arena, "%s%s%s", r->rdma[i].key, handles, objects);
	}
	if (r->pids && r->pids->has_limit)
		add(b, LIMIT_PIDS, "/linux/resources/pids/limit",
		    r->pids->limit < 0 ? -1 : r->pids->limit);
	return 0;
}

/* ---- devices --------------------------------------------------------------------------------------------------------- */

/*
 * What every container may use: making nodes of any kind (opening them is another matter), the default devices, terminals,
 * and the tunnel device, which container images have come to expect.
 */
static const struct device_rule default_rules[] = {
	{ true, 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ true, 'c', 1, 3, 7 },		   /* null */
	{ true, 'c', 1, 5, 7 },		   /* zero */
	{ true, 'c', 1, 7, 7 },		   /* full */
	{ true, 'c', 1, 8, 7 },		   /* random */
	{ true, 'c', 1, 9, 7 },		   /* urandom */
	{ true, 'c', 5, 0, 7 },		   /* tty */
	{ true, 'c', 5, 1, 7 },		   /* console */
	{ true, 'c', 5, 2, 7 },		   /* ptmx */
	{ true, 'c', 136, DEVICE_ANY, 7 }, /* pts */
	{ true, 'c', 10, 200, 7 },	   /* net/tun */
};

static int parse_rule(const struct oci_device_rule *from, const char *where, struct device_rule *to,
		      struct error *err)
{
	const char *type = from->type && *from->type ? from->type : "a";

	*to = (struct device_rule){ .allow = from->allow,
				    .type = type[0],
				    .major = from->has_major ? from->major : DEVICE_ANY,
				    .minor = from->has_minor ? from->minor : DEVICE_ANY };
	if (type[1] || !strchr("abc", type[0]))
		return error_config(err, where, "unknown device type \"%s\": a, b or c", type);
	if (to->major < -1 || to->major > MAX_MAJOR || to->minor < -1 || to->minor > MAX_MINOR)
		return error_config(err, where, "%jd:%jd is no device number", (intmax_t)to->major,
				    (intmax_t)to->minor);
	if (!from->access || !*from->access)
		return error_config(err, where, "access is required: letters of \"rwm\"");
	for (const char *p = from->access; *p; p++) {
		const char *at = strchr("rwm", *p);

		if (!at)
			return error_config(err, where, "unknown access \"%s\": letters of \"rwm\"",
					    from->access);
		to->access |= 1u << (at - "rwm");
	}
	/* The kernel knows "all" as one rule for every type, number and access. */
	if (to->type == 'a' && (to->major >= 0 || to->minor >= 0 || to->access != 7))
		return error_config(err, where,
				    "a rule for all types takes no number and the access \"rwm\"");
	return 0;
}

/*
 * The defaults come before what the user says, so that an explicit denial wins; but after the user's last rule for all
 * devices, which would take them away again. "Allow all" needs no defaults.
 */
static int plan_devices(const struct oci_resources *r, struct arena *a, struct cgroup_plan *plan,
			struct error *err)
{
	size_t n = r ? r->n_devices : 0, base = 0, count = 0;
	struct device_rule *user = arena_new_n(a, struct device_rule, n);
	struct device_rule *rules =
		arena_new_n(a, struct device_rule, n + 1 + ARRAY_SIZE(default_rules));
	bool allow_all = false;

	for (size_t i = 0; i < n; i++) {
		const char *where = arena_printf(a, "/linux/resources/devices/%zu", i);

		if (parse_rule(&r->devices[i], where, &user[i], err))
			return -1;
		if (user[i].type == 'a') {
			base = i + 1;
			allow_all = user[i].allow;
		}
	}
	rules[count++] = (struct device_rule){ allow_all, 'a', DEVICE_ANY, DEVICE_ANY, 7 };
	if (!allow_all) {
		memcpy(rules + count, default_rules, sizeof(default_rules));
		count += ARRAY_SIZE(default_rules);
	}
	memcpy(rules + count, user + base, (n - base) * sizeof(*user));
	plan->devices = rules;
	plan->n_devices = count + n - base;
	return 0;
}

/* ---- the path --------------------------------------------------------------------------------------------------------- */

static int plan_path(const char *path, const char *id, struct arena *a, struct cgroup_plan *plan,
		     struct error *err)
{
	char *clean, *to;

	if (!path || !*path) {
		plan->path = arena_printf(a, "/%s", id);
		return 0;
	}
	clean = to = arena_alloc(a, strlen(path) + 2);
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0)
			break;
		if ((n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.') ||
		    memchr(path, '\n', n) || n > 255)
			return error_config(err, "/linux/cgroupsPath",
					    "a part of the path is \".\", \"..\" or no file name");
		*to++ = '/';
		memcpy(to, path, n);
		to += n;
		path += n;
	}
	if (to == clean)
		return error_config(err, "/linux/cgroupsPath",
				    "the root of a hierarchy is no place for a "
				    "container");
	plan->path = clean;
	return 0;
}

int plan_cgroup(const struct oci_linux *os, const char *id, const struct host *host,
		struct arena *a, struct plan_warnings *warnings, struct cgroup_plan *ret,
		struct error *err)
{
	const struct oci_resources *r = os ? os->resources : NULL;
	struct build b = { .arena = a, .err = err };

	*ret = (struct cgroup_plan){ .id = id, .manager = host->manager };
	if (host->manager == CGROUP_SYSTEMD)
		return error_set(err, ERR_USAGE,
				 "this build cannot have systemd make cgroups: use "
				 "--cgroup-manager cgroupfs");
	if (r && ((r->cpu && plan_cpu(&b, r->cpu)) ||
		  (r->memory && plan_memory(&b, r->memory, warnings)) ||
		  (r->block_io && plan_block(&b, r->block_io)) || plan_others(&b, r)))
		return -1;
	if (host->manager == CGROUP_DISABLED)
		return 0;
	if (plan_path(os ? os->cgroups_path : NULL, id, a, ret, err))
		return -1;
	/* In a user namespace engines send no rules, since none could be enforced there. */
	if ((r && r->n_devices) || !host->in_userns)
		if (plan_devices(r, a, ret, err))
			return -1;
	ret->limits = b.limits;
	ret->n_limits = b.n;
	if (r && r->n_unified) {
		struct pair *unified = arena_new_n(a, struct pair, r->n_unified);

		for (size_t i = 0; i < r->n_unified; i++) {
			unified[i] = (struct pair){ r->unified[i].key, r->unified[i].value };
			if (strchr(unified[i].key, '/') || !is_plain_name(unified[i].key))
				return error_config(err, "/linux/resources/unified",
						    "\"%s\" is no file name", unified[i].key);
		}
		ret->unified = unified;
		ret->n_unified = r->n_unified;
	}
	return 0;
}
