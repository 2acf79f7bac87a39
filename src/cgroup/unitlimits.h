/* SPDX-License-Identifier: Apache-2.0 */
/* Limits -> properties of a unit (systemd.resource-control(5)); knob.h for systemd instead of files. No call is made. */
#pragma once

#include "plan/resources.h"

/* A list that grows. */
struct unit_list {
	struct arena *arena;
	struct unit_property *list;
	size_t n, room;
};

void unit_put_number(struct unit_list *to, const char *name, const char *type, uint64_t number);
void unit_put_text(struct unit_list *to, const char *name, const char *text);
void unit_put(struct unit_list *to, const struct unit_property *property);

/* What has no property is left to the files. `unified` comes last and so has the last word. */
void unitlimits_put(struct unit_list *to, const struct cgroup_plan *plan);

/* Those that some versions of systemd refuse, although they have a property of that name. */
void unitlimits_put_recent(struct unit_list *to, const struct cgroup_plan *plan);
