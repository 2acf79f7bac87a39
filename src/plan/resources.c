/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources of config.json -> limits and device rules. Zero means "leave alone" where engines send it so: weights, shares,
 * sizes of memory, times.
 */
#include "plan/resources.h"

#include <stdio.h>
#include <string.h>

#include "oci_spec.h"
#include "plan/placement.h"
#include "plan/plan.h"
#include "plan/rules.h"

#define RESOURCES "/linux/resources"
#define CPU RESOURCES "/cpu/"
#define MEMORY RESOURCES "/memory/"
#define BLOCK RESOURCES "/blockIO/"

/* What is collected, and what for. */
struct build {
	struct arena *arena;
	const struct oci_resources
		*now; /* of an update: what holds before it; NULL for a new container */
	const struct oci_resources *whole; /* what holds afterwards */
	struct limit *limits;
	size_t n, room;
	struct error *err;
};

static struct limit *add(struct build *b, enum limit_kind kind, const char *where, int64_t value)
{
	if (b->n == b->room) {
		b->room = MAX(2 * b->room, (size_t)16);
		b->limits = arena_grow(b->arena, b->limits, b->n, b->room, sizeof(*b->limits));
	}
	b->limits[b->n] = (struct limit){ .kind = kind, .where = where, .value = value };
	return &b->limits[b->n++];
}

/* ---- cpu ------------------------------------------------------------------------------------------------------------- */

static int add_unsigned(struct build *b, enum limit_kind kind, const char *where, bool has,
			uint64_t value)
{
	if (!has || value == 0)
		return 0;
	if (value > INT64_MAX)
		return error_config(b->err, where, "%ju is too large", (uintmax_t)value);
	add(b, kind, where, (int64_t)value);
	return 0;
}

static int add_list(struct build *b, enum limit_kind kind, const char *where, const char *list)
{
	unsigned long bits;

	if (!list || !*list)
		return 0;
	if (plan_list_bits(list, b->arena, NULL, &bits))
		return error_config(b->err, where, "\"%s\" is no list of numbers like 0-3,7", list);
	add(b, kind, where, 0)->text = list;
	return 0;
}

static int check_burst(struct build *b, const struct oci_cpu *cpu)
{
	if (cpu->has_quota && cpu->quota > 0 && cpu->has_burst && cpu->burst > (uint64_t)cpu->quota)
		return error_config(b->err, CPU "burst", "%ju is greater than the quota %jd",
				    (uintmax_t)cpu->burst, (intmax_t)cpu->quota);
	return 0;
}

/*
 * What an update must say again of values that hold: the kernel forgets the weight of a cgroup that becomes idle, and
 * systemd knows quota and period as one share.
 */
static void add_partners(const struct oci_cpu *whole, struct oci_cpu *cpu)
{
	bool weight = (cpu->has_shares && cpu->shares) || cpu->has_idle,
	     quota = (cpu->has_quota && cpu->quota) || (cpu->has_period && cpu->period);

	if (weight) {
		cpu->has_shares = whole->has_shares;
		cpu->shares = whole->shares;
		cpu->has_idle = whole->has_idle;
		cpu->idle = whole->idle;
	}
	if (quota) {
		cpu->has_quota = whole->has_quota;
		cpu->quota = whole->quota;
		cpu->has_period = whole->has_period;
		cpu->period = whole->period;
	}
}

static int plan_cpu(struct build *b, const struct oci_cpu *given)
{
	struct oci_cpu both = *given, *cpu = &both;

	if (b->now)
		add_partners(b->whole->cpu, cpu);
	if ((cpu->has_quota || cpu->has_burst) && check_burst(b, b->whole->cpu))
		return -1;
	if (add_unsigned(b, LIMIT_CPU_RT_PERIOD, CPU "realtimePeriod", cpu->has_realtime_period,
			 cpu->realtime_period))
		return -1;
	if (cpu->has_realtime_runtime && cpu->realtime_runtime)
		add(b, LIMIT_CPU_RT_RUNTIME, CPU "realtimeRuntime",
		    MAX(cpu->realtime_runtime, (int64_t)-1));
	if (add_unsigned(b, LIMIT_CPU_SHARES, CPU "shares", cpu->has_shares, cpu->shares) ||
	    add_unsigned(b, LIMIT_CPU_PERIOD, CPU "period", cpu->has_period, cpu->period))
		return -1;
	if (cpu->has_quota && cpu->quota)
		add(b, LIMIT_CPU_QUOTA, CPU "quota", MAX(cpu->quota, (int64_t)-1));
	if (cpu->has_burst && cpu->burst > INT64_MAX)
		return error_config(b->err, CPU "burst", "%ju is too large", (uintmax_t)cpu->burst);
	/* A burst of 0 takes an earlier one away. */
	if (cpu->has_burst)
		add(b, LIMIT_CPU_BURST, CPU "burst", (int64_t)cpu->burst);
	if (cpu->has_idle && cpu->idle != 0 && cpu->idle != 1)
		return error_config(b->err, CPU "idle", "%jd is neither 0 nor 1",
				    (intmax_t)cpu->idle);
	if (cpu->has_idle)
		add(b, LIMIT_CPU_IDLE, CPU "idle", cpu->idle);
	if (add_list(b, LIMIT_CPUSET_CPUS, CPU "cpus", cpu->cpus) ||
	    add_list(b, LIMIT_CPUSET_MEMS, CPU "mems", cpu->mems))
		return -1;
	return 0;
}

/* ---- memory ---------------------------------------------------------------------------------------------------------- */

static int add_size(struct build *b, enum limit_kind kind, const char *where, bool has,
		    int64_t value)
{
	if (!has || value == 0)
		return 0;
	if (value < -1)
		return error_config(b->err, where, "%jd is no size: bytes, or -1 for no limit",
				    (intmax_t)value);
	add(b, kind, where, value);
	return 0;
}

/* The spec's swap is the sum of both, so it says nothing without the other. */
static int check_swap(struct build *b, const struct oci_memory *m)
{
	if (!m->has_swap || m->swap <= 0)
		return 0;
	/* A limit that an update does not know of is the kernel's to compare with. */
	if (b->now && (!m->has_limit || m->limit == 0))
		return 0;
	if (!m->has_limit || m->limit == 0)
		return error_config(b->err, MEMORY "swap",
				    "a limit of memory and swap needs a limit of memory");
	if (m->limit > m->swap)
		return error_config(b->err, MEMORY "swap",
				    "%jd is less than the limit of memory, %jd, which it includes",
				    (intmax_t)m->swap, (intmax_t)m->limit);
	return 0;
}

static bool was_oom_disabled(const struct build *b)
{
	const struct oci_memory *now = b->now ? b->now->memory : NULL;

	return now && now->has_disable_oom_killer && now->disable_oom_killer;
}

/* cgroup v2 has a limit of swap alone, so that of both together is kept by setting it anew. */
static bool keeps_total(const struct build *b, const struct oci_memory *m)
{
	const struct oci_memory *now = b->now ? b->now->memory : NULL;

	return now && now->has_swap && now->swap > 0 && m->has_limit && m->limit > 0 &&
	       m->limit <= now->swap;
}

static int plan_memory(struct build *b, const struct oci_memory *m, struct plan_warnings *warnings)
{
	bool no_swap_value = !m->has_swap || m->swap == 0;

	if (m->has_swap && check_swap(b, b->whole->memory))
		return -1;
	if (m->has_use_hierarchy)
		add(b, LIMIT_MEMORY_HIERARCHY, MEMORY "useHierarchy", m->use_hierarchy);
	if (m->has_swappiness && m->swappiness > 100)
		return error_config(b->err, MEMORY "swappiness", "%ju is not within 0 to 100",
				    (uintmax_t)m->swappiness);
	if (m->has_swappiness)
		add(b, LIMIT_MEMORY_SWAPPINESS, MEMORY "swappiness", (int64_t)m->swappiness);
	/* To be killed is what everybody is from the start, and all that cgroup v2 knows. */
	if (m->has_disable_oom_killer && (m->disable_oom_killer || was_oom_disabled(b)))
		add(b, LIMIT_MEMORY_OOM_DISABLE, MEMORY "disableOOMKiller", m->disable_oom_killer);
	if (m->has_kernel && m->kernel)
		plan_warn(warnings, MEMORY "kernel",
			  "the kernel no longer limits its own memory by itself, it is part of the "
			  "memory limit");
	if (add_size(b, LIMIT_MEMORY_KERNEL, MEMORY "kernel", m->has_kernel, m->kernel) ||
	    add_size(b, LIMIT_MEMORY_KERNEL_TCP, MEMORY "kernelTCP", m->has_kernel_tcp,
		     m->kernel_tcp) ||
	    add_size(b, LIMIT_MEMORY_RESERVATION, MEMORY "reservation", m->has_reservation,
		     m->reservation) ||
	    add_size(b, LIMIT_MEMORY, MEMORY "limit", m->has_limit, m->limit))
		return -1;
	/* Without a limit of memory one of both together would be left from before. */
	if (no_swap_value && m->has_limit && m->limit == -1)
		return add_size(b, LIMIT_MEMORY_SWAP, MEMORY "limit", true, -1);
	if (no_swap_value && keeps_total(b, m))
		return add_size(b, LIMIT_MEMORY_SWAP, MEMORY "swap", true, b->now->memory->swap);
	return add_size(b, LIMIT_MEMORY_SWAP, MEMORY "swap", m->has_swap, m->swap);
}

/* ---- blockIO --------------------------------------------------------------------------------------------------------- */

static int add_device(struct build *b, enum limit_kind kind, const char *where, int64_t major,
		      int64_t minor, int64_t value)
{
	struct limit *limit;

	if (major < 0 || major > MAX_MAJOR || minor < 0 || minor > MAX_MINOR)
		return error_config(b->err, where, "device number %jd:%jd is out of range",
				    (intmax_t)major, (intmax_t)minor);
	limit = add(b, kind, where, value);
	limit->major = (unsigned)major;
	limit->minor = (unsigned)minor;
	return 0;
}

static int check_weight(struct build *b, const char *where, const char *name, bool has,
			unsigned weight)
{
	if (has && weight && (weight < 10 || weight > 1000))
		return error_config(b->err, where, "%s %u is not within 10 to 1000", name, weight);
	return 0;
}

static int plan_weights(struct build *b, const struct oci_block_io *io)
{
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct oci_weight_device *d = &io->weight_device[i];
		const char *where = arena_printf(b->arena, BLOCK "weightDevice/%zu", i);

		if (!d->has_weight && !d->has_leaf_weight)
			return error_config(b->err, where,
					    "neither weight nor leafWeight is given");
		if (check_weight(b, where, "weight", d->has_weight, d->weight) ||
		    check_weight(b, where, "leafWeight", d->has_leaf_weight, d->leaf_weight))
			return -1;
		if (d->has_weight &&
		    add_device(b, LIMIT_BLKIO_WEIGHT_DEVICE, where, d->major, d->minor, d->weight))
			return -1;
		if (d->has_leaf_weight && add_device(b, LIMIT_BLKIO_LEAF_WEIGHT_DEVICE, where,
						     d->major, d->minor, d->leaf_weight))
			return -1;
	}
	return 0;
}

static int plan_throttle(struct build *b, enum limit_kind kind, const char *member,
			 const struct oci_throttle_device *devices, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *where = arena_printf(b->arena, BLOCK "%s/%zu", member, i);

		if (devices[i].rate > INT64_MAX)
			return error_config(b->err, where, "rate %ju is too large",
					    (uintmax_t)devices[i].rate);
		if (add_device(b, kind, where, devices[i].major, devices[i].minor,
			       (int64_t)devices[i].rate))
			return -1;
	}
	return 0;
}

static int plan_block(struct build *b, const struct oci_block_io *io)
{
	if (check_weight(b, BLOCK "weight", "weight", io->has_weight, io->weight) ||
	    check_weight(b, BLOCK "leafWeight", "leafWeight", io->has_leaf_weight, io->leaf_weight))
		return -1;
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

/* ---- pids, hugetlb, network, rdma ------------------------------------------------------------------------------------ */

/* The page size becomes part of a file name: the schema has seen to its form. */
static void plan_huge_pages(struct build *b, const struct oci_resources *r)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const struct oci_hugepage_limit *h = &r->hugepage_limits[i];
		const char *where = arena_printf(b->arena, RESOURCES "/hugepageLimits/%zu", i);

		add(b, LIMIT_HUGETLB, where, (int64_t)MIN(h->limit, (uint64_t)INT64_MAX))->text =
			h->page_size;
	}
}

/* A name within a line that the kernel takes apart at blanks and line ends. */
static bool is_one_word(const char *s)
{
	if (!s || !*s || strlen(s) > 63)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '/')
			return false;
	return true;
}

static int plan_network(struct build *b, const struct oci_network *network)
{
	if (network->has_class_id)
		add(b, LIMIT_NET_CLASS, RESOURCES "/network/classID", network->class_id);
	for (size_t i = 0; i < network->n_priorities; i++) {
		const struct oci_interface_priority *p = &network->priorities[i];
		const char *where = arena_printf(b->arena, RESOURCES "/network/priorities/%zu", i);

		if (!is_one_word(p->name))
			return error_config(b->err, where, "no interface can have this name");
		add(b, LIMIT_NET_PRIORITY, where, p->priority)->text = p->name;
	}
	return 0;
}

static int plan_rdma(struct build *b, const struct oci_resources *r)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct oci_rdma *d = &r->rdma[i].value;
		char handles[40] = "", objects[40] = "";

		if (!is_one_word(r->rdma[i].key))
			return error_config(b->err, RESOURCES "/rdma",
					    "no device can have the name of member %zu", i);
		if (!d->has_hca_handles && !d->has_hca_objects)
			return error_config(b->err, RESOURCES "/rdma",
					    "device \"%s\" has neither hcaHandles nor hcaObjects",
					    r->rdma[i].key);
		if (d->has_hca_handles)
			snprintf(handles, sizeof(handles), " hca_handle=%u", d->hca_handles);
		if (d->has_hca_objects)
			snprintf(objects, sizeof(objects), " hca_object=%u", d->hca_objects);
		add(b, LIMIT_RDMA, RESOURCES "/rdma", 0)->text =
			arena_printf(b->arena, "%s%s%s", r->rdma[i].key, handles, objects);
	}
	return 0;
}

static int plan_limits(struct build *b, const struct oci_resources *r,
		       struct plan_warnings *warnings)
{
	if (r->cpu && plan_cpu(b, r->cpu))
		return -1;
	if (r->pids && r->pids->has_limit)
		add(b, LIMIT_PIDS, RESOURCES "/pids/limit", MAX(r->pids->limit, (int64_t)-1));
	if (r->block_io && plan_block(b, r->block_io))
		return -1;
	plan_huge_pages(b, r);
	if ((r->network && plan_network(b, r->network)) || plan_rdma(b, r) ||
	    (r->memory && plan_memory(b, r->memory, warnings)))
		return -1;
	return 0;
}

/* ---- unified ---------------------------------------------------------------------------------------------------------- */

/*
 * A file of the container's cgroup and no other; of those that move, kill or stop processes none, as what they take are the
 * host's processes.
 */
static bool is_unified_file(const char *key)
{
	static const char *const refused[] = { "cgroup.procs", "cgroup.threads", "cgroup.kill",
					       "cgroup.freeze" };

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_eq(key, refused[i]))
			return false;
	return key[0] != '.' && strchr(key, '.') && strlen(key) <= 100 &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
		       strlen(key);
}

static int plan_unified(const struct oci_resources *r, struct arena *a, struct cgroup_plan *plan,
			struct error *err)
{
	struct pair *unified = arena_new_n(a, struct pair, r->n_unified);

	for (size_t i = 0; i < r->n_unified; i++) {
		const char *key = r->unified[i].key;

		char shown[80];

		if (!is_unified_file(key))
			return error_config(err, RESOURCES "/unified",
					    "\"%s\" is no cgroup file to be set",
					    str_quote(key, shown, sizeof(shown)));
		unified[i] = (struct pair){ key, r->unified[i].value };
	}
	plan->unified = unified;
	plan->n_unified = r->n_unified;
	return 0;
}

const struct limit *plan_find_limit(const struct cgroup_plan *plan, enum limit_kind kind)
{
	for (size_t i = 0; i < plan->n_limits; i++)
		if (plan->limits[i].kind == kind)
			return &plan->limits[i];
	return NULL;
}

int plan_resources(const struct oci_resources *r, const struct oci_resources *whole,
		   const struct oci_resources *now, struct arena *a, struct plan_warnings *warnings,
		   struct cgroup_plan *plan, struct error *err)
{
	struct build b = { .arena = a, .now = now, .whole = whole, .err = err };

	if (plan_limits(&b, r, warnings) || plan_unified(r, a, plan, err))
		return -1;
	plan->limits = b.limits;
	plan->n_limits = b.n;
	return 0;
}

int plan_cgroup(const struct oci_linux *os, const char *id, const struct host *host,
		struct arena *a, struct plan_warnings *warnings, struct cgroup_plan *ret,
		struct error *err)
{
	const struct oci_resources *r = os ? os->resources : NULL;
	struct cgroup_plan plan = { .id = id, .manager = host->manager };

	/* What is wrong is refused whoever makes the cgroup, also where nobody does. */
	if ((r && plan_resources(r, r, NULL, a, warnings, &plan, err)) ||
	    plan_placement(os ? os->cgroups_path : NULL, host, a, &plan, err) ||
	    (plan_rules_needed(os, host) && plan_rules(r, a, &plan, err)))
		return -1;
	*ret = plan;
	if (host->manager != CGROUP_DISABLED)
		return 0;
	if (plan.n_limits || plan.n_unified)
		plan_warn(warnings, RESOURCES, "without a cgroup nothing is limited");
	*ret = (struct cgroup_plan){ .id = id, .manager = host->manager };
	return 0;
}
