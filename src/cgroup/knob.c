/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/knob.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/cgroup1.h"
#include "cgroup/cgroup2.h"
#include "cgroup/journal.h"

#define VALUE_MAX 4096

static const struct knob *find_knob(const struct hierarchy *h, enum limit_kind kind)
{
	const struct knob_table *table = h->version == 2 ? &cgroup2_knobs : &cgroup1_knobs;

	for (size_t i = 0; i < table->n; i++)
		if (table->rows[i].kind == kind)
			return &table->rows[i];
	return NULL;
}

/* Both versions have a kind in the same controller, if they have it. */
static enum controller controller_of(enum limit_kind kind)
{
	for (size_t i = 0; i < cgroup1_knobs.n; i++)
		if (cgroup1_knobs.rows[i].kind == kind)
			return cgroup1_knobs.rows[i].controller;
	return CONTROLLERS;
}

static int find_target(struct cgroup *cg, const struct limit *limit, struct hierarchy **ret,
		       const struct knob **ret_knob, struct error *err)
{
	enum controller controller = controller_of(limit->kind);
	const char *name = controller_name(controller, 1);
	const struct hierarchy *v2 = cgroup_find_v2(cg);
	struct hierarchy *h;

	if (cgroup_find_controller(cg, controller, &h, err))
		return -1;
	/* A controller that v2 does not have at all. */
	if (!h && !controller_name(controller, 2) && v2)
		return error_config(err, limit->where,
				    "the cgroup controller %s is not mounted, and cgroup v2 has no "
				    "such limit",
				    name);
	if (v2 && v2->alone)
		name = controller_name(controller, 2);
	if (!h)
		return error_config(err, limit->where,
				    "this host has no cgroup controller %s to limit it with", name);
	*ret_knob = find_knob(h, limit->kind);
	if (!*ret_knob)
		return error_config(err, limit->where,
				    "cgroup v2, where this host has the controller %s, has no such "
				    "limit",
				    name);
	*ret = h;
	return 0;
}

int knob_find_place(struct cgroup *cg, const struct limit *limit, struct hierarchy **ret,
		    struct error *err)
{
	const struct knob *unused;

	return find_target(cg, limit, ret, &unused, err);
}

int knob_check(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	const struct knob *knob;
	struct hierarchy *h;

	for (size_t i = 0; i < plan->n_limits; i++)
		if (find_target(cg, &plan->limits[i], &h, &knob, err))
			return -1;
	if (plan->n_unified && !cgroup_find_v2(cg))
		return error_config(err, "/linux/resources/unified",
				    "this host has no cgroup v2, which it is for");
	return 0;
}

/* ---- one limit ------------------------------------------------------------------------------------------------------- */

int knob_write(struct hierarchy *h, const char *file, const char *value, const struct limit *limit,
	       struct error *err)
{
	int errnum;

	if (journal_write(h, file, value) == 0)
		return 0;
	errnum = errno;
	error_sys(err, "write \"%s\" to \"%s%s/%s\"", value, h->mount, h->path, file);
	error_at(err, "%s", limit->where);
	errno = errnum;
	return -1;
}

int knob_write_weight(struct hierarchy *h, const char *file, const char *value,
		      const struct limit *limit, const struct cgroup_plan *plan, struct error *err)
{
	const struct limit *idle = plan_find_limit(plan, LIMIT_CPU_IDLE);

	if (knob_write(h, file, value, limit, err) == 0)
		return 0;
	if (errno != EINVAL || !idle || knob_write(h, "cpu.idle", "0", idle, err))
		return -1;
	return knob_write(h, file, value, limit, err);
}

static void format_value(const struct knob *knob, const struct limit *limit, char *buf, size_t size)
{
	switch (knob->format) {
	case KNOB_NUMBER_OR_MAX:
		if (limit->value < 0) {
			snprintf(buf, size, "max");
			return;
		}
		break;
	case KNOB_TEXT:
		snprintf(buf, size, "%s", limit->text);
		return;
	case KNOB_TEXT_NUMBER:
		snprintf(buf, size, "%s %jd", limit->text, (intmax_t)limit->value);
		return;
	case KNOB_DEVICE:
		snprintf(buf, size, "%u:%u %jd", limit->major, limit->minor,
			 (intmax_t)limit->value);
		return;
	case KNOB_NUMBER:
		break;
	}
	snprintf(buf, size, "%jd", (intmax_t)limit->value);
}

static int write_limit(struct cgroup *cg, const struct cgroup_plan *plan, const struct limit *limit,
		       struct error *err)
{
	const struct knob *knob;
	struct hierarchy *h;
	char value[VALUE_MAX];

	if (find_target(cg, limit, &h, &knob, err))
		return -1;
	if (h->version == 2 && cgroup2_enable(h, knob->controller, err))
		return error_at(err, "%s", limit->where);
	if (knob->write)
		return knob->write(h, limit, plan, err);
	format_value(knob, limit, value, sizeof(value));
	if (knob_write(h, knob->file, value, limit, err) == 0)
		return 0;
	if (errno == ENOENT && knob->other && knob_write(h, knob->other, value, limit, err) == 0)
		return 0;
	if (errno != ENOENT || knob->missing == KNOB_REFUSE)
		return -1;
	return knob->missing == KNOB_FINE || limit->value <= 0 ? 0 : -1;
}

/* ---- all of them ----------------------------------------------------------------------------------------------------- */

/*
 * Limits of which the kernel refuses one as long as it contradicts the old value of another. They follow each other in
 * the order of kinds.
 */
static int group_of(enum limit_kind kind)
{
	static const struct {
		enum limit_kind first, last;
	} groups[] = { { LIMIT_CPU_RT_PERIOD, LIMIT_CPU_RT_RUNTIME },
		       { LIMIT_CPU_PERIOD, LIMIT_CPU_BURST },
		       { LIMIT_MEMORY, LIMIT_MEMORY_SWAP } };

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (kind >= groups[i].first && kind <= groups[i].last)
			return (int)i;
	return -1;
}

/* Where v1 has the period before the quota, which may be the wrong way round. */
static bool is_second_first(struct cgroup *cg, const struct limit *limits, size_t n)
{
	struct hierarchy *h;
	struct error unused;

	return n > 1 && limits[0].kind == LIMIT_CPU_PERIOD && limits[1].kind == LIMIT_CPU_QUOTA &&
	       knob_find_place(cg, &limits[0], &h, &unused) == 0 && h->version == 1 &&
	       cgroup1_quota_first(h, &limits[0]);
}

/* Writes a group; what was refused is tried again as long as another one went through. */
static int write_group(struct cgroup *cg, const struct cgroup_plan *plan,
		       const struct limit *limits, size_t n, struct error *err)
{
	bool done[4] = { false }, swap = is_second_first(cg, limits, n);
	size_t left = n, before;

	do {
		before = left;
		for (size_t k = 0; k < n; k++) {
			size_t i = swap && k < 2 ? 1 - k : k;
			struct error failure;

			if (done[i])
				continue;
			done[i] = write_limit(cg, plan, &limits[i], &failure) == 0;
			if (done[i]) {
				left--;
				continue;
			}
			*err = failure;
			if (failure.errnum != EINVAL)
				return -1;
		}
	} while (left && left < before);
	return left ? -1 : 0;
}

/*
 * On v1 a task that runs in real time may only enter where there is a share for it, and nobody where there are no CPUs or
 * memory nodes.
 */
static bool is_early(enum limit_kind kind)
{
	return kind == LIMIT_CPU_RT_PERIOD || kind == LIMIT_CPU_RT_RUNTIME ||
	       kind == LIMIT_CPUSET_CPUS || kind == LIMIT_CPUSET_MEMS;
}

int knob_apply(struct cgroup *cg, const struct cgroup_plan *plan, bool early, struct error *err)
{
	for (size_t i = 0, n; i < plan->n_limits; i += n) {
		enum limit_kind kind = plan->limits[i].kind;
		int group = group_of(kind);

		for (n = 1; group >= 0 && i + n < plan->n_limits;)
			if (group_of(plan->limits[i + n].kind) == group)
				n++;
			else
				break;
		if (is_early(kind) != early)
			continue;
		if (group >= 0 ? write_group(cg, plan, plan->limits + i, MIN(n, (size_t)4), err)
			       : write_limit(cg, plan, &plan->limits[i], err))
			return -1;
	}
	return 0;
}
