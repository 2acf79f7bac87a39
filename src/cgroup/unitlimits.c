/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/unitlimits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/cgroup2.h"
#include "plan/plan.h"

#define NO_LIMIT UINT64_MAX
#define SECOND 1000000
/* systemd keeps whole percents of a second in its files, and comes back to them at a reload. */
#define QUOTA_STEP (SECOND / 100)
#define DEFAULT_PERIOD 100000

/* ---- the list -------------------------------------------------------------------------------------------------------- */

void unit_put(struct unit_list *to, const struct unit_property *property)
{
	if (to->n == to->room) {
		to->room = MAX(2 * to->room, (size_t)16);
		to->list = arena_grow(to->arena, to->list, to->n, to->room, sizeof(*to->list));
	}
	to->list[to->n++] = *property;
}

void unit_put_number(struct unit_list *to, const char *name, const char *type, uint64_t number)
{
	const struct unit_property p = { name, { .signature = type, .number = number } };

	unit_put(to, &p);
}

void unit_put_text(struct unit_list *to, const char *name, const char *text)
{
	const struct unit_property p = { name, { .signature = "s", .text = text } };

	unit_put(to, &p);
}

/* ---- limits ---------------------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(int64_t value)
{
	return value < 0 ? NO_LIMIT : (uint64_t)value;
}

/* The spec's value is that of memory and swap together. */
static uint64_t swap_of(const struct cgroup_plan *plan, int64_t value)
{
	const struct limit *memory = plan_find_limit(plan, LIMIT_MEMORY);

	if (value > 0 && memory && memory->value > 0)
		value -= memory->value;
	return bytes_of(value);
}

/* A bit for each, the lowest first. */
static void put_set(struct unit_list *to, const char *name, const char *list)
{
	struct unit_property p = { name, { .signature = "ay" } };
	const unsigned long *words;
	struct unit_value *bytes;
	unsigned long bits;

	if (plan_list_bits(list, to->arena, &words, &bits))
		return;
	p.value.n = (bits + 7) / 8;
	p.value.items = bytes = arena_new_n(to->arena, struct unit_value, p.value.n);
	for (size_t i = 0; i < p.value.n; i++) {
		unsigned long word = words[i / sizeof(long)];

		bytes[i].signature = "y";
		bytes[i].number = word >> 8 * (i % sizeof(long)) & 0xff;
	}
	unit_put(to, &p);
}

/* `per_second` of CPU time, in microseconds. */
static void put_quota(struct unit_list *to, int64_t quota, int64_t period)
{
	uint64_t per_second = NO_LIMIT;

	if (period <= 0)
		period = DEFAULT_PERIOD;
	if (quota > 0) {
		per_second = (uint64_t)((double)quota * SECOND / (double)period);
		per_second = (per_second + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
	}
	unit_put_number(to, "CPUQuotaPerSecUSec", "t", per_second);
}

static void put_bandwidth(struct unit_list *to, const struct cgroup_plan *plan)
{
	const struct limit *quota = plan_find_limit(plan, LIMIT_CPU_QUOTA),
			   *period = plan_find_limit(plan, LIMIT_CPU_PERIOD);

	if (period)
		unit_put_number(to, "CPUQuotaPeriodUSec", "t", (uint64_t)period->value);
	if (quota)
		put_quota(to, quota->value, period ? period->value : 0);
}

/* a(st): the device, and what it is given. */
static void put_device(struct unit_list *to, const char *name, const struct limit *limit,
		       uint64_t value)
{
	struct unit_value *pair = arena_new_n(to->arena, struct unit_value, 3);
	const struct unit_property p = { name, { .signature = "a(st)", .items = pair, .n = 1 } };

	pair[0] = (struct unit_value){ .signature = "(st)", .items = pair + 1, .n = 2 };
	pair[1].signature = "s";
	pair[1].text = arena_printf(to->arena, "/dev/block/%u:%u", limit->major, limit->minor);
	pair[2].signature = "t";
	pair[2].number = value;
	unit_put(to, &p);
}

static void put_limit(struct unit_list *to, const struct cgroup_plan *plan,
		      const struct limit *limit)
{
	static const struct word throttles[] = {
		{ "IOReadBandwidthMax", LIMIT_BLKIO_READ_BPS },
		{ "IOWriteBandwidthMax", LIMIT_BLKIO_WRITE_BPS },
		{ "IOReadIOPSMax", LIMIT_BLKIO_READ_IOPS },
		{ "IOWriteIOPSMax", LIMIT_BLKIO_WRITE_IOPS },
	};
	const uint64_t value = (uint64_t)limit->value;
	const char *throttle = word_name(throttles, ARRAY_SIZE(throttles), limit->kind);

	if (throttle)
		put_device(to, throttle, limit, value ? value : NO_LIMIT);
	else if (limit->kind == LIMIT_MEMORY)
		unit_put_number(to, "MemoryMax", "t", bytes_of(limit->value));
	else if (limit->kind == LIMIT_MEMORY_RESERVATION)
		unit_put_number(to, "MemoryLow", "t", bytes_of(limit->value));
	else if (limit->kind == LIMIT_MEMORY_SWAP)
		unit_put_number(to, "MemorySwapMax", "t", swap_of(plan, limit->value));
	else if (limit->kind == LIMIT_CPU_SHARES)
		unit_put_number(to, "CPUWeight", "t", cgroup2_cpu_weight(value));
	else if (limit->kind == LIMIT_CPUSET_CPUS)
		put_set(to, "AllowedCPUs", limit->text);
	else if (limit->kind == LIMIT_CPUSET_MEMS)
		put_set(to, "AllowedMemoryNodes", limit->text);
	/* There is no unit for nobody: the file gets the 0. */
	else if (limit->kind == LIMIT_PIDS)
		unit_put_number(to, "TasksMax", "t", limit->value < 0 ? NO_LIMIT : MAX(value, 1));
	else if (limit->kind == LIMIT_BLKIO_WEIGHT)
		unit_put_number(to, "IOWeight", "t", cgroup2_io_weight((unsigned)value));
	else if (limit->kind == LIMIT_BLKIO_WEIGHT_DEVICE)
		put_device(to, "IODeviceWeight", limit, cgroup2_io_weight((unsigned)value));
}

/* ---- unified --------------------------------------------------------------------------------------------------------- */

static bool parse_size(const char *text, uint64_t *ret)
{
	int64_t bytes;

	*ret = NO_LIMIT;
	if (str_eq(text, "max"))
		return true;
	if (!str_to_bytes(text, &bytes) || bytes < 0)
		return false;
	*ret = (uint64_t)bytes;
	return true;
}

/* cpu.max: "QUOTA [PERIOD]". */
static void put_cpu_max(struct unit_list *to, const char *text)
{
	size_t n = strcspn(text, " \n");
	const char *first = arena_strndup(to->arena, text, n);
	const char *second = text + n + strspn(text + n, " ");
	int64_t quota = -1, period = 0;

	second = arena_strndup(to->arena, second, strcspn(second, " \n"));
	if ((!str_eq(first, "max") && !str_to_i64(first, &quota)) ||
	    (*second && !str_to_i64(second, &period)))
		return;
	if (period > 0)
		unit_put_number(to, "CPUQuotaPeriodUSec", "t", (uint64_t)period);
	put_quota(to, quota, period);
}

static void put_unified(struct unit_list *to, const char *file, const char *content)
{
	static const struct {
		const char *file, *property;
	} sizes[] = {
		{ "memory.min", "MemoryMin" },	 { "memory.low", "MemoryLow" },
		{ "memory.high", "MemoryHigh" }, { "memory.max", "MemoryMax" },
		{ "pids.max", "TasksMax" },	 { "memory.swap.max", "MemorySwapMax" },
		{ "cpu.weight", "CPUWeight" },
	};
	const char *text = arena_strndup(to->arena, content, strcspn(content, "\n"));
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		if (str_eq(file, sizes[i].file) && parse_size(text, &value))
			unit_put_number(to, sizes[i].property, "t", value);
	if (str_eq(file, "cpu.max"))
		put_cpu_max(to, text);
	else if (str_eq(file, "cpuset.cpus"))
		put_set(to, "AllowedCPUs", text);
	else if (str_eq(file, "cpuset.mems"))
		put_set(to, "AllowedMemoryNodes", text);
}

/* ---- all of them ----------------------------------------------------------------------------------------------------- */

void unitlimits_put(struct unit_list *to, const struct cgroup_plan *plan)
{
	for (size_t i = 0; i < plan->n_limits; i++)
		put_limit(to, plan, &plan->limits[i]);
	put_bandwidth(to, plan);
	for (size_t i = 0; i < plan->n_unified; i++)
		put_unified(to, plan->unified[i].key, plan->unified[i].value);
}

static bool has_unified(const struct cgroup_plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->n_unified; i++)
		if (str_eq(plan->unified[i].key, key))
			return true;
	return false;
}

void unitlimits_put_recent(struct unit_list *to, const struct cgroup_plan *plan)
{
	const struct limit *idle = plan_find_limit(plan, LIMIT_CPU_IDLE);

	/* Version 252. What is idle no more has the weight it is given, or the usual one: systemd would make it idle again. */
	if (idle && idle->value)
		unit_put_number(to, "CPUWeight", "t", 0);
	else if (idle && !plan_find_limit(plan, LIMIT_CPU_SHARES) &&
		 !has_unified(plan, "cpu.weight"))
		unit_put_number(to, "CPUWeight", "t", UINT64_MAX);
	/* Version 253. */
	for (size_t i = 0; i < plan->n_unified; i++)
		if (str_eq(plan->unified[i].key, "memory.oom.group"))
			unit_put_text(to, "OOMPolicy",
				      *plan->unified[i].value == '1' ? "kill" : "continue");
}
