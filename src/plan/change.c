/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/change.h"

#include <string.h>

#include "oci_spec.h"
#include "plan/rules.h"

/* ---- options --------------------------------------------------------------------------------------------------------- */

enum value_type {
	VALUE_SIZE, /* int64_t: bytes, with a unit, or -1 */
	VALUE_SIGNED,
	VALUE_UNSIGNED,
	VALUE_WEIGHT, /* uint16_t */
	VALUE_TEXT,
};

enum part { PART_MEMORY, PART_CPU, PART_PIDS, PART_BLOCK_IO, PARTS };

/* One option: the member of which part of the resources it is. */
struct row {
	const char *option, *where;
	enum part part;
	enum value_type type;
	size_t value_at, presence_at;
};

#define WHERE "/linux/resources/"
#define ROW(option_, place, part_, type_, struct_, member)                                   \
	{                                                                                    \
		.option = (option_), .where = WHERE place, .part = (part_), .type = (type_), \
		.value_at = offsetof(struct struct_, member),                                \
		.presence_at = offsetof(struct struct_, has_##member)                        \
	}
#define TEXT(option_, place, part_, struct_, member)                                            \
	{                                                                                       \
		.option = (option_), .where = WHERE place, .part = (part_), .type = VALUE_TEXT, \
		.value_at = offsetof(struct struct_, member)                                    \
	}

static const struct row rows[] = {
	ROW("blkio-weight", "blockIO/weight", PART_BLOCK_IO, VALUE_WEIGHT, oci_block_io, weight),
	ROW("cpu-burst", "cpu/burst", PART_CPU, VALUE_UNSIGNED, oci_cpu, burst),
	ROW("cpu-idle", "cpu/idle", PART_CPU, VALUE_SIGNED, oci_cpu, idle),
	ROW("cpu-period", "cpu/period", PART_CPU, VALUE_UNSIGNED, oci_cpu, period),
	ROW("cpu-quota", "cpu/quota", PART_CPU, VALUE_SIGNED, oci_cpu, quota),
	ROW("cpu-rt-period", "cpu/realtimePeriod", PART_CPU, VALUE_UNSIGNED, oci_cpu,
	    realtime_period),
	ROW("cpu-rt-runtime", "cpu/realtimeRuntime", PART_CPU, VALUE_SIGNED, oci_cpu,
	    realtime_runtime),
	ROW("cpu-share", "cpu/shares", PART_CPU, VALUE_UNSIGNED, oci_cpu, shares),
	TEXT("cpuset-cpus", "cpu/cpus", PART_CPU, oci_cpu, cpus),
	TEXT("cpuset-mems", "cpu/mems", PART_CPU, oci_cpu, mems),
	ROW("memory", "memory/limit", PART_MEMORY, VALUE_SIZE, oci_memory, limit),
	ROW("memory-reservation", "memory/reservation", PART_MEMORY, VALUE_SIZE, oci_memory,
	    reservation),
	ROW("memory-swap", "memory/swap", PART_MEMORY, VALUE_SIZE, oci_memory, swap),
	ROW("pids-limit", "pids/limit", PART_PIDS, VALUE_SIGNED, oci_pids, limit),
};

static const struct row *find_row(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].option, option))
			return &rows[i];
	return NULL;
}

const char *plan_update_option(const char *where)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].where, where))
			return rows[i].option;
	return NULL;
}

/* False for what is no such value. */
static bool store(const struct row *row, const char *text, char *part)
{
	void *at = part + row->value_at;
	uint64_t number;

	switch (row->type) {
	case VALUE_SIZE:
		return str_to_bytes(text, at);
	case VALUE_SIGNED:
		return str_to_i64(text, at);
	case VALUE_UNSIGNED:
		return str_to_u64(text, at);
	case VALUE_WEIGHT:
		if (!str_to_u64(text, &number) || number > UINT16_MAX)
			return false;
		*(uint16_t *)at = (uint16_t)number;
		return true;
	case VALUE_TEXT:
		*(const char **)at = text;
		return true;
	}
	return false;
}

int plan_update_options(const struct pair *options, size_t n, struct arena *a,
			const struct oci_resources **inout, struct error *err)
{
	struct oci_resources *given = arena_new(a, struct oci_resources);
	void *parts[PARTS] = { arena_new(a, struct oci_memory), arena_new(a, struct oci_cpu),
			       arena_new(a, struct oci_pids), arena_new(a, struct oci_block_io) };
	bool used[PARTS] = { false };

	for (size_t i = 0; i < n; i++) {
		const struct row *row = find_row(options[i].key);
		char shown[64];

		if (!row || !store(row, options[i].value, parts[row->part]))
			return error_set(err, ERR_USAGE, "invalid value \"%s\" of option --%s",
					 str_quote(options[i].value, shown, sizeof(shown)),
					 options[i].key);
		if (row->type != VALUE_TEXT)
			*(bool *)((char *)parts[row->part] + row->presence_at) = true;
		used[row->part] = true;
	}
	given->memory = used[PART_MEMORY] ? parts[PART_MEMORY] : NULL;
	given->cpu = used[PART_CPU] ? parts[PART_CPU] : NULL;
	given->pids = used[PART_PIDS] ? parts[PART_PIDS] : NULL;
	given->block_io = used[PART_BLOCK_IO] ? parts[PART_BLOCK_IO] : NULL;
	*inout = oci_resources_merge(*inout, given, a);
	return 0;
}

/* ---- what holds afterwards ------------------------------------------------------------------------------------------- */

/* A copy without the zeros that leave alone, so that they do not take the place of what holds. */
static const struct oci_resources *without_zeros(const struct oci_resources *from, struct arena *a)
{
	struct oci_resources *r = arena_new(a, struct oci_resources);
	struct oci_memory *m = arena_new(a, struct oci_memory);
	struct oci_cpu *c = arena_new(a, struct oci_cpu);
	struct oci_block_io *b = arena_new(a, struct oci_block_io);

	*r = *from;
	if (r->memory) {
		*m = *r->memory;
		m->has_limit &= m->limit != 0;
		m->has_reservation &= m->reservation != 0;
		m->has_swap &= m->swap != 0;
		m->has_kernel &= m->kernel != 0;
		m->has_kernel_tcp &= m->kernel_tcp != 0;
		r->memory = m;
	}
	if (r->cpu) {
		*c = *r->cpu;
		c->has_shares &= c->shares != 0;
		c->has_quota &= c->quota != 0;
		c->has_period &= c->period != 0;
		c->has_realtime_runtime &= c->realtime_runtime != 0;
		c->has_realtime_period &= c->realtime_period != 0;
		c->cpus = c->cpus && *c->cpus ? c->cpus : NULL;
		c->mems = c->mems && *c->mems ? c->mems : NULL;
		r->cpu = c;
	}
	if (r->block_io) {
		*b = *r->block_io;
		b->has_weight &= b->weight != 0;
		b->has_leaf_weight &= b->leaf_weight != 0;
		r->block_io = b;
	}
	return r;
}

/* Whether the second entry takes the place of the first. */
static bool same_throttled(const void *x, const void *y)
{
	const struct oci_throttle_device *a = x, *b = y;

	return a->major == b->major && a->minor == b->minor;
}

static bool same_weighted(const void *x, const void *y)
{
	const struct oci_weight_device *a = x, *b = y;

	return a->major == b->major && a->minor == b->minor && a->has_weight <= b->has_weight &&
	       a->has_leaf_weight <= b->has_leaf_weight;
}

static bool same_page(const void *x, const void *y)
{
	const struct oci_hugepage_limit *a = x, *b = y;

	return str_eq(a->page_size, b->page_size);
}

static bool same_interface(const void *x, const void *y)
{
	const struct oci_interface_priority *a = x, *b = y;

	return str_eq(a->name, b->name);
}

struct list {
	const void *entries;
	size_t n;
};

/* Those of `now` whose place no entry of `change` takes, and then all of `change`. */
static const void *join(struct list now, struct list change, size_t size,
			bool (*same)(const void *, const void *), struct arena *a, size_t *ret_n)
{
	char *joined = arena_array(a, now.n + change.n + 1, size), *to = joined;

	for (size_t i = 0; i < now.n; i++) {
		const char *entry = (const char *)now.entries + i * size;
		bool replaced = false;

		for (size_t k = 0; k < change.n && !replaced; k++)
			replaced = same(entry, (const char *)change.entries + k * size);
		if (!replaced)
			to = mempcpy(to, entry, size);
	}
	if (change.n)
		to = mempcpy(to, change.entries, change.n * size);
	*ret_n = (size_t)(to - joined) / size;
	return to == joined ? NULL : joined;
}

#define JOIN(whole, now, change, member, same)                                          \
	(whole)->member = join((struct list){ (now)->member, (now)->n_##member },       \
			       (struct list){ (change)->member, (change)->n_##member }, \
			       sizeof(*(whole)->member), same, a, &(whole)->n_##member)

static void join_lists(const struct oci_resources *now, const struct oci_resources *change,
		       struct oci_resources *whole, struct arena *a)
{
	JOIN(whole, now, change, hugepage_limits, same_page);
	if (now->network && change->network) {
		struct oci_network *n = arena_new(a, struct oci_network);

		*n = *whole->network;
		JOIN(n, now->network, change->network, priorities, same_interface);
		whole->network = n;
	}
	if (now->block_io && change->block_io) {
		const struct oci_block_io *from = now->block_io, *by = change->block_io;
		struct oci_block_io *b = arena_new(a, struct oci_block_io);

		*b = *whole->block_io;
		JOIN(b, from, by, weight_device, same_weighted);
		JOIN(b, from, by, throttle_read_bps_device, same_throttled);
		JOIN(b, from, by, throttle_write_bps_device, same_throttled);
		JOIN(b, from, by, throttle_read_iops_device, same_throttled);
		JOIN(b, from, by, throttle_write_iops_device, same_throttled);
		whole->block_io = b;
	}
}

/* Where memory alone gets a limit above that of both together, cgroup v2 leaves the part of swap as it was. */
static void keep_swap(const struct oci_memory *now, const struct oci_memory *change,
		      struct oci_resources *whole, struct arena *a)
{
	struct oci_memory *m;

	if (!now || !change || !now->has_swap || !now->has_limit || !change->has_limit ||
	    change->has_swap || now->swap <= 0 || now->limit <= 0 || change->limit <= now->swap)
		return;
	m = arena_new(a, struct oci_memory);
	*m = *whole->memory;
	if (__builtin_add_overflow(change->limit, now->swap - now->limit, &m->swap))
		m->swap = -1;
	whole->memory = m;
}

static const struct oci_resources *merge(const struct oci_resources *now,
					 const struct oci_resources *change, struct arena *a)
{
	struct oci_resources *whole = arena_new(a, struct oci_resources);

	*whole = *oci_resources_merge(now, change, a);
	join_lists(now, change, whole, a);
	keep_swap(now->memory, change->memory, whole, a);
	return whole;
}

/* ---- the plan -------------------------------------------------------------------------------------------------------- */

int plan_update(const struct oci_resources *given, const struct oci_resources *now, const char *id,
		struct arena *a, struct plan_warnings *warnings, struct cgroup_plan *ret,
		const struct oci_resources **ret_whole, struct error *err)
{
	const struct oci_resources *change = without_zeros(given, a), *whole;
	struct cgroup_plan plan = { .id = id };

	if (!now)
		now = arena_new(a, struct oci_resources);
	whole = merge(now, change, a);
	if (plan_resources(change, whole, now, a, warnings, &plan, err) ||
	    (change->n_devices && plan_rules(change, a, &plan, err)))
		return -1;
	plan.check_usage = whole->memory && whole->memory->has_check_before_update &&
			   whole->memory->check_before_update;
	*ret = plan;
	*ret_whole = whole;
	return 0;
}
