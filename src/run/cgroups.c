/* SPDX-License-Identifier: Apache-2.0 */
#include "run/cgroups.h"

#define RECORD_CGROUP "cgroup"

void cgroup_to_record(const struct cgroup *cg, struct record *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (!str_eq(r->lines[i].key, RECORD_CGROUP))
			r->lines[n++] = r->lines[i];
	r->n = n;
	for (size_t i = 0; i < cgroup_count(cg); i++)
		record_add(r, RECORD_CGROUP, cgroup_line(cg, i));
}

int cgroup_from_record(struct arena *a, const struct record *r, struct cgroup **ret,
		       struct error *err)
{
	const char **lines = arena_new_n(a, const char *, r->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->lines[i].key, RECORD_CGROUP))
			lines[n++] = r->lines[i].value;
	return cgroup_from_lines(a, lines, n, ret, err);
}
