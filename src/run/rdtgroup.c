/* SPDX-License-Identifier: Apache-2.0 */
#include "run/rdtgroup.h"

#include "base/fd.h"
#include "cgroup/rdtstats.h"

#define RECORD_RDT_GROUP "resctrl-group"     /* the one it is in, relative to the root */
#define RECORD_RDT_MONITOR "resctrl-monitor" /* the monitoring group it is in */
#define RECORD_RDT_MADE "resctrl-made"	     /* goes with the container */
#define RECORD_RDT_NEW "resctrl-new"	     /* goes if the container is never created */

int rdtgroup_open(const struct rdt_plan *plan, struct rdtgroup *ret, struct error *err)
{
	struct resctrl found;
	auto_fd int root = -1;

	if (!plan->set)
		return 0;
	root = resctrl_root(err);
	if (root < 0 || resctrl_open(root, plan, &found, err))
		return -1;
	*ret = (struct rdtgroup){ plan, found };
	(void)fd_take(&root);
	return 0;
}

void rdtgroup_to_record(const struct rdtgroup *g, bool created, struct record *r)
{
	size_t n = 0;

	if (g->found.root < 0)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (!str_starts(r->lines[i].key, "resctrl-"))
			r->lines[n++] = r->lines[i];
	r->n = n;
	record_add(r, RECORD_RDT_GROUP, g->plan->group);
	if (g->plan->monitor)
		record_add(r, RECORD_RDT_MONITOR, g->plan->monitor);
	/* They are removed in this order. */
	if (g->found.new_monitor)
		record_add(r, RECORD_RDT_MADE, g->plan->monitor);
	if (g->found.new_group && !g->plan->named)
		record_add(r, RECORD_RDT_MADE, g->plan->group);
	else if (g->found.new_group && !created)
		record_add(r, RECORD_RDT_NEW, g->plan->group);
}

int rdtgroup_make(struct rdtgroup *g, struct error *err)
{
	return g->found.root < 0 ? 0 : resctrl_make(&g->found, g->plan, err);
}

int rdtgroup_attach(const struct rdtgroup *g, pid_t pid, struct error *err)
{
	int root = g->found.root;

	if (root < 0)
		return 0;
	if (resctrl_attach(root, g->plan->group, pid, err))
		return -1;
	return g->plan->monitor ? resctrl_attach(root, g->plan->monitor, pid, err) : 0;
}

void rdtgroup_close(struct rdtgroup *g)
{
	fd_close(&g->found.root);
}

bool rdtgroup_is_used(const struct record *r)
{
	return record_get(r, RECORD_RDT_GROUP);
}

int rdtgroup_join(const struct record *r, pid_t pid, struct error *err)
{
	const char *group = record_get(r, RECORD_RDT_GROUP);
	const char *monitor = record_get(r, RECORD_RDT_MONITOR);
	auto_fd int root = -1;

	if (!group)
		return 0;
	root = resctrl_root(err);
	if (root < 0 || resctrl_attach(root, group, pid, err))
		return -1;
	return monitor ? resctrl_attach(root, monitor, pid, err) : 0;
}

int rdtgroup_update(const struct record *r, const char *l3, const char *mb, struct error *err)
{
	const char *const lines[] = { l3, mb };
	const char *group = record_get(r, RECORD_RDT_GROUP);
	auto_fd int root = -1;

	if (!group)
		return error_set(err, ERR_STATE,
				 "the container has no resctrl group (linux.intelRdt)");
	root = resctrl_root(err);
	return root < 0 ? -1 : resctrl_write(root, group, lines, ARRAY_SIZE(lines), err);
}

void rdtgroup_write_stats(const struct record *r, struct arena *a, struct json_writer *w)
{
	const char *group = record_get(r, RECORD_RDT_GROUP);
	const char *monitor = record_get(r, RECORD_RDT_MONITOR);
	struct error unused;
	auto_fd int root = group ? resctrl_root(&unused) : -1;

	if (root >= 0)
		rdtstats_write(root, group, monitor ? monitor : group, a, w);
}

int rdtgroup_undo(const struct record *r, struct error *err)
{
	auto_fd int root = -1;
	struct error unused;

	if (!record_get(r, RECORD_RDT_MADE) && !record_get(r, RECORD_RDT_NEW))
		return 0;
	/* A file system that is no longer there took its groups along. */
	root = resctrl_root(&unused);
	for (size_t i = 0; i < r->n && root >= 0; i++) {
		bool made = str_eq(r->lines[i].key, RECORD_RDT_MADE);

		if ((made || str_eq(r->lines[i].key, RECORD_RDT_NEW)) &&
		    resctrl_remove(root, r->lines[i].value, !made, err))
			return -1;
	}
	return 0;
}
