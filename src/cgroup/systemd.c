/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/members.h"
#include "cgroup/unitlimits.h"
#include "sys/bus.h"

/* How long a unit that is going may keep its name, and a process may be on its way into it. */
#define PATIENCE_SECONDS 2
#define PAUSE_MS 20

/* ---- messages -------------------------------------------------------------------------------------------------------- */

static void put_value(struct bus_call *c, const struct unit_value *v, struct arena *a)
{
	const char *type = v->signature;
	bool tuple = *type == '(';

	if (*type == 'a' || tuple) {
		size_t n = strlen(type + 1) - tuple;

		bus_begin(c, tuple ? 'r' : 'a', arena_strndup(a, type + 1, n));
		for (size_t i = 0; i < v->n; i++)
			put_value(c, &v->items[i], a);
		bus_end(c);
	} else if (strchr("sog", *type)) {
		bus_put_text(c, *type, v->text);
	} else if (*type == 'd') {
		bus_put_real(c, v->real);
	} else {
		bus_put_number(c, *type, v->number);
	}
}

static void put_properties(struct bus_call *c, const struct unit_property *list, size_t n,
			   struct arena *a)
{
	bus_begin(c, 'a', "(sv)");
	for (size_t i = 0; i < n; i++) {
		bus_begin(c, 'r', "sv");
		bus_put_text(c, 's', list[i].name);
		bus_begin(c, 'v', list[i].value.signature);
		put_value(c, &list[i].value, a);
		bus_end(c);
		bus_end(c);
	}
	bus_end(c);
}

/* Calls that take the name of a unit, and perhaps a mode. */
static int ask(struct bus *bus, const char *method, const char *unit, const char *mode,
	       enum bus_answer *ret_answer, const char **ret_job, struct error *err)
{
	struct bus_call c;

	bus_call_begin(bus, method, unit, &c);
	bus_put_text(&c, 's', unit);
	if (mode)
		bus_put_text(&c, 's', mode);
	return bus_call(&c, ret_answer, ret_job, err);
}

/* ---- start ----------------------------------------------------------------------------------------------------------- */

/* What stands in the call: from `first_recent` on what may have to be left out. */
struct start {
	struct unit_list properties;
	size_t first_recent;
};

static void compose(const struct cgroup *cg, pid_t pid, struct start *ret)
{
	static const char *const accounting[] = { "MemoryAccounting", "CPUAccounting",
						  "IOAccounting", "TasksAccounting" };
	const struct cgroup_plan *plan = cg->plan;
	struct unit_list *to = &ret->properties;
	struct unit_value *item = arena_new(cg->arena, struct unit_value);
	const struct unit_property pids = { "PIDs", { .signature = "au", .items = item, .n = 1 } };

	*ret = (struct start){ .properties.arena = cg->arena };
	item->signature = "u";
	item->number = (uint64_t)pid;
	unit_put_text(to, "Description", arena_printf(cg->arena, "container %s", plan->id));
	unit_put_text(to, "Slice", plan->unit->slice);
	unit_put(to, &pids);
	unit_put_number(to, "Delegate", "b", true);
	/* It does not end with the host's services, but when its engine says so. */
	unit_put_number(to, "DefaultDependencies", "b", false);
	unit_put_text(to, "CollectMode", "inactive-or-failed");
	for (size_t i = 0; i < ARRAY_SIZE(accounting); i++)
		unit_put_number(to, accounting[i], "b", true);
	/* The default is a share of what the host can have, which nobody asked for. */
	unit_put_number(to, "TasksMax", "t", UINT64_MAX);
	unitlimits_put(to, plan);
	for (size_t i = 0; i < plan->unit->n_properties; i++)
		unit_put(to, &plan->unit->properties[i]);
	ret->first_recent = to->n;
	unitlimits_put_recent(to, plan);
}

static int call_start(struct bus *bus, const struct cgroup *cg, const struct start *start, size_t n,
		      enum bus_answer *ret_answer, const char **ret_job, struct error *err)
{
	struct bus_call c;

	bus_call_begin(bus, "StartTransientUnit", cg->unit, &c);
	bus_put_text(&c, 's', cg->unit);
	bus_put_text(&c, 's', "replace");
	put_properties(&c, start->properties.list, n, cg->arena);
	bus_begin(&c, 'a', "(sa(sv))");
	bus_end(&c);
	return bus_call(&c, ret_answer, ret_job, err);
}

/* Takes the place of h->path from where the process is, if that is the unit. */
static bool is_placed(struct cgroup *cg, pid_t pid)
{
	struct hierarchy *h = cgroup_find_v2(cg);
	const char *path = hierarchy_path_of(cg->arena, pid);
	const char *name = path ? strrchr(path, '/') : NULL;

	if (!name || !str_eq(name + 1, cg->unit))
		return false;
	h->path = path;
	h->kept = (size_t)(name - path);
	return true;
}

/* The process itself is the witness where systemd says nothing more. */
static bool wait_placed(struct cgroup *cg, pid_t pid)
{
	uint64_t deadline = deadline_in(PATIENCE_SECONDS);

	while (!is_placed(cg, pid)) {
		if (clock_now() >= deadline)
			return false;
		(void)poll(NULL, 0, PAUSE_MS);
	}
	return true;
}

/*
 * The name is taken. A container that has just been deleted may leave its unit for a moment, and a create that was killed
 * one without processes.
 */
static int make_way(struct bus *bus, struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = cgroup_find_v2(cg);
	enum bus_answer answer;
	struct error unused;
	char events[256];

	if (hierarchy_refuse_busy(cg, h, err))
		return -1;
	if (hierarchy_read(h, "cgroup.events", events, sizeof(events)) &&
	    strstr(events, "populated 0"))
		(void)ask(bus, "StopUnit", cg->unit, "replace", &answer, NULL, &unused);
	(void)ask(bus, "ResetFailedUnit", cg->unit, NULL, &answer, NULL, &unused);
	(void)poll(NULL, 0, PAUSE_MS);
	return 0;
}

static int start_unit(struct bus *bus, struct cgroup *cg, const struct start *start,
		      const char **ret_job, struct error *err)
{
	uint64_t deadline = deadline_in(PATIENCE_SECONDS);
	size_t n = start->properties.n;
	enum bus_answer answer;

	while (call_start(bus, cg, start, n, &answer, ret_job, err)) {
		struct error failure;

		if (answer == BUS_NOT_SUPPORTED && n > start->first_recent) {
			n = start->first_recent;
			continue;
		}
		if (answer != BUS_UNIT_EXISTS)
			return -1;
		cg->foreign = true;
		if (clock_now() >= deadline)
			return -1;
		if (make_way(bus, cg, &failure)) {
			*err = failure;
			return -1;
		}
		cg->foreign = false;
	}
	return 0;
}

int systemd_start(struct cgroup *cg, pid_t pid, struct error *err)
{
	struct start start;
	struct bus *bus;
	const char *job;
	int result;

	if (bus_open(cg->arena, cg->unit_user, cg->unit_seconds, &bus, err))
		return -1;
	compose(cg, pid, &start);
	result = bus_watch(bus, cg->unit, err) || start_unit(bus, cg, &start, &job, err) ||
				 bus_wait_job(bus, job, cg->unit, err)
			 ? -1
			 : 0;
	bus_close(bus);
	/* A systemd that was exchanged for a newer one goes on with what it was asked. */
	if (result && !cg->foreign && (err->errnum == ECONNRESET || err->kind == ERR_TIMEOUT) &&
	    wait_placed(cg, pid))
		return 0;
	if (result)
		return error_at(err, "/linux/cgroupsPath");
	if (!wait_placed(cg, pid))
		return error_set(err, ERR_SYSTEM,
				 "systemd has started %s, but the container's init is in \"%s\"",
				 cg->unit, hierarchy_path_of(cg->arena, pid));
	return 0;
}

/* ---- update, stop ---------------------------------------------------------------------------------------------------- */

static int call_update(struct bus *bus, const struct cgroup *cg, const struct unit_list *list,
		       size_t n, enum bus_answer *ret_answer, struct error *err)
{
	struct bus_call c;

	bus_call_begin(bus, "SetUnitProperties", cg->unit, &c);
	bus_put_text(&c, 's', cg->unit);
	bus_put_number(&c, 'b', true);
	put_properties(&c, list->list, n, cg->arena);
	return bus_call(&c, ret_answer, NULL, err);
}

/* `n` of them are known to every version. */
static int update(const struct cgroup *cg, const struct unit_list *list, size_t n,
		  struct error *err)
{
	enum bus_answer answer;
	const char *path;
	struct bus *bus;
	int result;

	if (!list->n)
		return 0;
	if (bus_open(cg->arena, cg->unit_user, cg->unit_seconds, &bus, err))
		return -1;
	result = call_update(bus, cg, list, list->n, &answer, err);
	if (result && answer == BUS_NOT_SUPPORTED && n < list->n)
		result = n ? call_update(bus, cg, list, n, &answer, err) : 0;
	/* It writes the files when it has answered, and before it takes the next call. */
	if (!result)
		result = ask(bus, "GetUnit", cg->unit, NULL, &answer, &path, err);
	bus_close(bus);
	return result;
}

int systemd_update(const struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	struct unit_list list = { .arena = cg->arena };
	size_t n;

	unitlimits_put(&list, plan);
	n = list.n;
	unitlimits_put_recent(&list, plan);
	return update(cg, &list, n, err);
}

int systemd_tell_files(const struct cgroup *cg, struct error *err)
{
	static const char *const files[] = { "memory.max",  "memory.low", "memory.swap.max",
					     "pids.max",    "cpu.weight", "cpu.max",
					     "cpuset.cpus", "cpuset.mems" };
	struct hierarchy *h = cgroup_find_v2((struct cgroup *)(uintptr_t)cg);
	struct pair unified[ARRAY_SIZE(files)];
	struct cgroup_plan plan = { .unified = unified };
	struct unit_list list = { .arena = cg->arena };
	char text[512];

	for (size_t i = 0; h && i < ARRAY_SIZE(files); i++)
		if (hierarchy_read(h, files[i], text, sizeof(text)))
			unified[plan.n_unified++] =
				(struct pair){ files[i], arena_strdup(cg->arena, text) };
	unitlimits_put(&list, &plan);
	return update(cg, &list, list.n, err);
}

static int stop(struct bus *bus, const struct cgroup *cg, struct error *err)
{
	enum bus_answer answer;
	const char *job;

	if (bus_watch(bus, cg->unit, err))
		return -1;
	if (ask(bus, "StopUnit", cg->unit, "replace", &answer, &job, err))
		return answer == BUS_NO_SUCH_UNIT ? 0 : -1;
	if (bus_wait_job(bus, job, cg->unit, err))
		return -1;
	return ask(bus, "ResetFailedUnit", cg->unit, NULL, &answer, NULL, err) &&
			       answer != BUS_NO_SUCH_UNIT
		       ? -1
		       : 0;
}

int systemd_stop(const struct cgroup *cg, struct error *err)
{
	struct hierarchy *h = cgroup_find_v2((struct cgroup *)(uintptr_t)cg);
	struct bus *bus = NULL;
	struct error unused;
	char events[256];
	int result;

	/* systemd would ask them to end, and wait for long. */
	if (cgroup_signal(cg, SIGKILL, &unused) == 0)
		(void)cgroup_wait_empty(cg, deadline_in(PATIENCE_SECONDS), &unused);
	result = bus_open(cg->arena, cg->unit_user, cg->unit_seconds, &bus, err) ||
				 stop(bus, cg, err)
			 ? -1
			 : 0;
	bus_close(bus);
	/* Its cgroup is gone: there is nothing that systemd could still stop, and it forgets the unit by itself. */
	if (result && h && !hierarchy_read(h, "cgroup.events", events, sizeof(events)))
		return 0;
	return result;
}
