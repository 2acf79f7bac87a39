/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup2.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/journal.h"
#include "cgroup/subtree.h"

/* ---- conversions ----------------------------------------------------------------------------------------------------- */

/* Bit by bit: squaring doubles the logarithm. libm would be a second library for this one place. */
static double log2_of(double x)
{
	double result = 0, bit = 1;

	while (x >= 2) {
		x /= 2;
		result++;
	}
	for (int i = 0; i < 45; i++) {
		bit /= 2;
		x *= x;
		if (x >= 2) {
			x /= 2;
			result += bit;
		}
	}
	return result;
}

static double power_of_10(double x)
{
	const double ln10 = 2.302585092994045684;
	double whole = 1, sum = 1, term = 1;

	for (; x >= 1; x--)
		whole *= 10;
	for (int i = 1; i < 40; i++) {
		term *= x * ln10 / i;
		sum += term;
	}
	return whole * sum;
}

unsigned cgroup2_cpu_weight(uint64_t shares)
{
	double l, weight;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2_of((double)shares);
	weight = power_of_10((l * l + 125 * l) / 612 - 7.0 / 34);
	/* Rounded up, but 1024 is 100 exactly whatever the last bits say. */
	return (unsigned)(weight + 1 - 1e-9);
}

unsigned cgroup2_io_weight(unsigned weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

static int write_weight(struct hierarchy *h, const struct limit *limit,
			const struct cgroup_plan *plan, struct error *err)
{
	char value[32];

	snprintf(value, sizeof(value), "%u", cgroup2_cpu_weight((uint64_t)limit->value));
	return knob_write_weight(h, "cpu.weight", value, limit, plan, err);
}

/* BFQ takes the value as it is; the other scheme has its own scale. */
static int write_io_weight(struct hierarchy *h, const struct limit *limit,
			   const struct cgroup_plan *plan UNUSED, struct error *err)
{
	char value[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	if (knob_write(h, "io.bfq.weight", value, limit, err) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	snprintf(value, sizeof(value), "default %u", cgroup2_io_weight((unsigned)limit->value));
	if (knob_write(h, "io.weight", value, limit, err) == 0)
		return 0;
	if (errno == ENOENT)
		error_hint(err, "nor has this kernel io.bfq.weight: neither scheme is loaded");
	return -1;
}

static int write_io_max(struct hierarchy *h, const struct limit *limit,
			const struct cgroup_plan *plan UNUSED, struct error *err)
{
	static const struct word keys[] = { { "rbps", LIMIT_BLKIO_READ_BPS },
					    { "wbps", LIMIT_BLKIO_WRITE_BPS },
					    { "riops", LIMIT_BLKIO_READ_IOPS },
					    { "wiops", LIMIT_BLKIO_WRITE_IOPS } };
	const char *key = word_name(keys, ARRAY_SIZE(keys), limit->kind);
	char value[80];

	if (limit->value)
		snprintf(value, sizeof(value), "%u:%u %s=%jd", limit->major, limit->minor, key,
			 (intmax_t)limit->value);
	else
		snprintf(value, sizeof(value), "%u:%u %s=max", limit->major, limit->minor, key);
	return knob_write(h, "io.max", value, limit, err);
}

/* "quota period": what is not given keeps its value, as a short write leaves the period alone. */
static int write_bandwidth(struct hierarchy *h, const struct limit *limit,
			   const struct cgroup_plan *plan, struct error *err)
{
	const struct limit *quota = plan_find_limit(plan, LIMIT_CPU_QUOTA),
			   *period = plan_find_limit(plan, LIMIT_CPU_PERIOD);
	char value[80], now[80] = "max", first[32] = "";

	/* Both in one write: that of the first of them. */
	if (limit == quota && period)
		return 0;
	if (!quota && hierarchy_read(h, "cpu.max", now, sizeof(now)))
		now[strcspn(now, " ")] = '\0';
	if (quota && quota->value > 0)
		snprintf(first, sizeof(first), "%jd", (intmax_t)quota->value);
	else
		snprintf(first, sizeof(first), "%.31s", quota ? "max" : now);
	if (period)
		snprintf(value, sizeof(value), "%s %jd", first, (intmax_t)period->value);
	else
		snprintf(value, sizeof(value), "%s", first);
	return knob_write(h, "cpu.max", value, limit, err);
}

/* The spec's value is that of memory and swap together. */
static int write_swap(struct hierarchy *h, const struct limit *limit,
		      const struct cgroup_plan *plan, struct error *err)
{
	const struct limit *memory = plan_find_limit(plan, LIMIT_MEMORY);
	int64_t swap = limit->value, known;
	char value[32] = "max", now[32];

	if (swap >= 0 && memory && memory->value > 0)
		swap -= memory->value;
	else if (swap >= 0 && !memory && hierarchy_read(h, "memory.max", now, sizeof(now)) &&
		 str_to_i64(now, &known))
		swap -= known;
	if (swap < 0 && limit->value >= 0)
		return error_config(err, limit->where,
				    "%jd is less than the limit of memory, which it includes",
				    (intmax_t)limit->value);
	if (swap >= 0)
		snprintf(value, sizeof(value), "%jd", (intmax_t)swap);
	if (knob_write(h, "memory.swap.max", value, limit, err) == 0)
		return 0;
	/* Without accounting for swap there is no other limit than none, and none to use where there is no swap. */
	if (errno != ENOENT || swap > 0)
		return -1;
	return 0;
}

static int write_huge_pages(struct hierarchy *h, const struct limit *limit,
			    const struct cgroup_plan *plan UNUSED, struct error *err)
{
	char file[64], value[32];

	snprintf(value, sizeof(value), "%jd", (intmax_t)limit->value);
	snprintf(file, sizeof(file), "hugetlb.%s.max", limit->text);
	if (knob_write(h, file, value, limit, err)) {
		if (errno != ENOENT)
			return -1;
		*err = (struct error){ 0 };
		return error_config(err, limit->where, "this host has no huge pages of %s",
				    limit->text);
	}
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", limit->text);
	return knob_write(h, file, value, limit, err) && errno != ENOENT ? -1 : 0;
}

/* True is what v2 always does. */
static int check_hierarchy(struct hierarchy *h UNUSED, const struct limit *limit,
			   const struct cgroup_plan *plan UNUSED, struct error *err)
{
	return limit->value
		       ? 0
		       : error_config(err, limit->where,
				      "cgroup v2 has no limits that do not hold for all below");
}

static int ignore(struct hierarchy *h UNUSED, const struct limit *limit UNUSED,
		  const struct cgroup_plan *plan UNUSED, struct error *err UNUSED)
{
	return 0;
}

/* ---- the files ------------------------------------------------------------------------------------------------------- */

#define KNOB(kind_, controller_, ...)                                                      \
	{                                                                                  \
		.kind = LIMIT_##kind_, .controller = CONTROLLER_##controller_, __VA_ARGS__ \
	}

/* What has no row cannot be done with v2. */
static const struct knob knobs[] = {
	KNOB(CPU_SHARES, CPU, .write = write_weight),
	KNOB(CPU_PERIOD, CPU, .write = write_bandwidth),
	KNOB(CPU_QUOTA, CPU, .write = write_bandwidth),
	KNOB(CPU_BURST, CPU, .file = "cpu.max.burst", .missing = KNOB_WHEN_OFF),
	KNOB(CPU_IDLE, CPU, .file = "cpu.idle", .missing = KNOB_WHEN_OFF),
	KNOB(CPUSET_CPUS, CPUSET, .file = "cpuset.cpus", .format = KNOB_TEXT),
	KNOB(CPUSET_MEMS, CPUSET, .file = "cpuset.mems", .format = KNOB_TEXT),
	KNOB(PIDS, PIDS, .file = "pids.max", .format = KNOB_NUMBER_OR_MAX),
	KNOB(BLKIO_WEIGHT, BLKIO, .write = write_io_weight),
	KNOB(BLKIO_WEIGHT_DEVICE, BLKIO, .file = "io.bfq.weight", .format = KNOB_DEVICE),
	KNOB(BLKIO_READ_BPS, BLKIO, .write = write_io_max),
	KNOB(BLKIO_WRITE_BPS, BLKIO, .write = write_io_max),
	KNOB(BLKIO_READ_IOPS, BLKIO, .write = write_io_max),
	KNOB(BLKIO_WRITE_IOPS, BLKIO, .write = write_io_max),
	KNOB(HUGETLB, HUGETLB, .write = write_huge_pages),
	KNOB(RDMA, RDMA, .file = "rdma.max", .format = KNOB_TEXT),
	KNOB(MEMORY_HIERARCHY, MEMORY, .write = check_hierarchy),
	KNOB(MEMORY_KERNEL, MEMORY, .write = ignore),
	KNOB(MEMORY_KERNEL_TCP, MEMORY, .write = ignore),
	KNOB(MEMORY_RESERVATION, MEMORY, .file = "memory.low", .format = KNOB_NUMBER_OR_MAX),
	KNOB(MEMORY, MEMORY, .file = "memory.max", .format = KNOB_NUMBER_OR_MAX),
	KNOB(MEMORY_SWAP, MEMORY, .write = write_swap),
};

const struct knob_table cgroup2_knobs = { knobs, ARRAY_SIZE(knobs) };

/* ---- controllers ----------------------------------------------------------------------------------------------------- */

int cgroup2_enable(struct hierarchy *h, enum controller controller, struct error *err)
{
	if (h->enabled & 1u << controller)
		return 0;
	if (subtree_enable(h, controller_name(controller, 2), err))
		return -1;
	h->enabled |= 1u << controller;
	return 0;
}

void cgroup2_enable_first(struct hierarchy *h, bool all)
{
	const unsigned accounting = 1u << CONTROLLER_CPU | 1u << CONTROLLER_MEMORY |
				    1u << CONTROLLER_BLKIO | 1u << CONTROLLER_PIDS;
	char names[256] = "", *p = names;
	struct error unused;
	unsigned wanted;

	if (!h->controllers && hierarchy_read_controllers(h, &unused))
		return;
	wanted = all ? h->controllers : h->controllers & accounting;
	for (unsigned i = 0; i < CONTROLLERS; i++)
		if (wanted & 1u << i)
			p += snprintf(p, sizeof(names) - (size_t)(p - names), "%s%s",
				      p > names ? " " : "", controller_name((enum controller)i, 2));
	if (subtree_enable(h, names, &unused) == 0) {
		h->enabled |= wanted;
		return;
	}
	/* One that is refused must not keep the others away. */
	for (unsigned i = 0; i < CONTROLLERS; i++)
		if (wanted & 1u << i)
			(void)cgroup2_enable(h, (enum controller)i, &unused);
}

/* ---- unified --------------------------------------------------------------------------------------------------------- */

static int write_unified(struct hierarchy *h, const char *file, const char *content,
			 struct arena *a, struct error *err)
{
	/* The kernel takes a line for each write. */
	do {
		size_t n = strcspn(content, "\n");
		const char *line = arena_strndup(a, content, n);

		if (journal_write(h, file, line) < 0)
			return error_sys(err, "write \"%.200s\" to \"%s%s/%s\"", line, h->mount,
					 h->path, file);
		content += n + (content[n] == '\n');
	} while (*content);
	return 0;
}

/* "memory.high" needs the controller memory; cgroup.* files, and those of pressure, are in every directory. */
static int enable_for(struct hierarchy *h, const char *file, struct error *err)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	if (str_eq(name, "cgroup") || str_ends(file, ".pressure"))
		return 0;
	if (subtree_enable(h, name, err) == 0)
		return 0;
	return error_in(err, "\"%s\"", file);
}

int cgroup2_apply_unified(struct hierarchy *h, const struct cgroup_plan *plan, struct arena *a,
			  struct error *err)
{
	for (size_t i = 0; i < plan->n_unified; i++)
		if (enable_for(h, plan->unified[i].key, err) ||
		    write_unified(h, plan->unified[i].key, plan->unified[i].value, a, err))
			return error_at(err, "/linux/resources/unified");
	return 0;
}
