/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/freezer.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/enter.h"
#include "cgroup/events.h"
#include "cgroup/hierarchy.h"

#define FREEZE_SECONDS 10

static struct hierarchy *freezer(const struct cgroup *cg)
{
	struct cgroup *c = (struct cgroup *)(uintptr_t)cg;

	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].controllers & 1u << CONTROLLER_FREEZER)
			return &c->list[i];
	return cgroup_find_v2(c);
}

bool cgroup_frozen(const struct cgroup *cg)
{
	struct hierarchy *h = freezer(cg);
	char text[256];

	if (!h)
		return false;
	if (h->version == 1)
		return hierarchy_read(h, "freezer.state", text, sizeof(text)) &&
		       !str_eq(text, "THAWED");
	return (hierarchy_read(h, "cgroup.events", text, sizeof(text)) &&
		strstr(text, "frozen 1")) ||
	       (hierarchy_read(h, "cgroup.freeze", text, sizeof(text)) && str_eq(text, "1"));
}

static int write_state(struct hierarchy *h, bool frozen)
{
	if (h->version == 1)
		return hierarchy_write(h, "freezer.state", frozen ? "FROZEN" : "THAWED");
	return hierarchy_write(h, "cgroup.freeze", frozen ? "1" : "0");
}

/* v1 has no event for it, and goes on freezing when the state is read. */
static int wait_frozen1(struct hierarchy *h, uint64_t deadline)
{
	char text[32];

	for (int pause = 1; hierarchy_read(h, "freezer.state", text, sizeof(text));
	     pause = MIN(2 * pause, 20)) {
		if (str_eq(text, "FROZEN"))
			return 1;
		if (clock_now() >= deadline)
			return 0;
		(void)poll(NULL, 0, pause);
		/* Who was forked meanwhile is told, too. */
		if (write_state(h, true) < 0)
			return -1;
	}
	return -1;
}

int cgroup_freeze(const struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = freezer(cg);
	const uint64_t deadline = deadline_in(FREEZE_SECONDS);
	struct error unused;
	int result;

	if (!h)
		return error_set(err, ERR_SYSTEM, "the container has no cgroup that can be frozen");
	if (write_state(h, true) < 0)
		return error_sys(err, "freeze cgroup \"%s%s\"", h->mount, h->path);
	result = h->version == 1 ? wait_frozen1(h, deadline)
				 : events_wait_line(h, "cgroup.events", "frozen 1", deadline);
	if (result > 0)
		return 0;
	if (result < 0)
		error_sys(err, "freeze cgroup \"%s%s\"", h->mount, h->path);
	else
		error_set(err, ERR_TIMEOUT, "cgroup \"%s%s\" did not freeze within %d seconds",
			  h->mount, h->path, FREEZE_SECONDS);
	(void)cgroup_thaw(cg, &unused);
	return -1;
}

int cgroup_thaw(const struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = freezer(cg);

	if (!h)
		return 0;
	if (write_state(h, false) < 0 && errno != ENOENT && errno != ENODEV)
		return error_sys(err, "thaw cgroup \"%s%s\"", h->mount, h->path);
	return 0;
}

int cgroup_resume(const struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = freezer(cg);
	size_t length;

	if (cgroup_thaw(cg, err) || !h)
		return h ? -1 : 0;
	length = hierarchy_frozen(h, strlen(h->path));
	if (length)
		return error_set(err, ERR_STATE,
				 "the container stays paused: cgroup \"%s%.*s\" is frozen",
				 h->mount, (int)length, h->path);
	/* v1 lets them go on before the write returns. */
	if (h->version == 1)
		return 0;
	switch (events_wait_line(h, "cgroup.events", "frozen 0", deadline_in(FREEZE_SECONDS))) {
	case -1:
		return error_sys(err, "thaw cgroup \"%s%s\"", h->mount, h->path);
	case 0:
		return error_set(err, ERR_TIMEOUT, "cgroup \"%s%s\" did not thaw within %d seconds",
				 h->mount, h->path, FREEZE_SECONDS);
	default:
		return 0;
	}
}
