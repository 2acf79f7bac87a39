/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/events.h"
#include "cgroup/members.h"
#include "cgroup/unitlimits.h"
#include "sys/bus.h"

/* How long a unit that is going may keep its name, and a process may be on its way into it. */
#define PATIENCE_SECONDS 2
#define PAUSE_MS 20

/* How long an init may take to end whose runtime has ended. */
#define ORPHAN_SECONDS 10

/* ---- whose unit it is ------------------------------------------------------------------------------------------------ */

static struct hierarchy *scope_of(const struct cgroup *cg)
{
	return cgroup_find_v2((struct cgroup *)(uintptr_t)cg);
}

/* Numbers of directories are not given twice (64 bits since Linux 5.5); 0: there is none, or it cannot be seen. */
static uint64_t directory_number(struct hierarchy *h)
{
	auto_fd int fd = hierarchy_open(h, h->path, O_PATH | O_DIRECTORY);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

bool systemd_is_there(const struct cgroup *cg)
{
	struct hierarchy *h = scope_of(cg);
	uint64_t number = h ? directory_number(h) : 0;

	return number && (!cg->unit_number || number == cg->unit_number);
}

bool systemd_is_anothers(const struct cgroup *cg)
{
	struct hierarchy *h = scope_of(cg);
	uint64_t number = h ? directory_number(h) : 0;

	if (!number || cg->unit_number)
		return number && number != cg->unit_number;
	/* An init that its runtime has not seen in there ends with it, so that nobody of ours stays. */
	return events_wait_line(h, "cgroup.events", "populated 0", deadline_in(ORPHAN_SECONDS)) <=
	       0;
}

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
	struct hierarchy *h = scope_of(cg);
	const char *path = hierarchy_path_of(cg->arena, pid);
	const char *name = path ? strrchr(path, '/') : NULL;

	if (!name || !str_eq(name + 1, cg->unit))
		return false;
	h->path = path;
	h->kept = (size_t)(name - path);
	cg->unit_number = directory_number(h);
	return cg->unit_number;
}

/* The process itself is the witness where systemd says nothing more; no event tells of its move. */
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

static bool is_empty(struct hierarchy *h)
{
	char events[256];

	return hierarchy_read(h, "cgroup.events", events, sizeof(events)) &&
	       strstr(events, "populated 0");
}

/* What has been done about a unit that has the name. */
struct way {
	bool watched, stopped;
	bool replaced; /* units came and went: the one that is there may be new */
	uint64_t deadline;
};

/*
 * The name is taken, mostly by what goes by itself: the unit of a container that has just been deleted. One that is being
 * started is empty for a moment, too, so only one that stays so is a dead one that systemd has not noticed.
 */
static int make_way(struct bus *bus, struct cgroup *cg, struct way *way, struct error *err)
{
	struct hierarchy *h = scope_of(cg);
	enum bus_answer answer;
	struct error unused;
	int gone;

	if (hierarchy_refuse_busy(cg, h, err))
		return -1;
	if (!way->watched) {
		way->watched = true;
		way->deadline = deadline_in(PATIENCE_SECONDS);
		if (bus_watch_removal(bus, cg->unit, err))
			return -1;
		/* It may have gone before we listened, or be there only because it has failed. */
		(void)ask(bus, "ResetFailedUnit", cg->unit, NULL, &answer, NULL, &unused);
		return 0;
	}
	gone = bus_wait_removal(bus, way->deadline, err);
	if (gone < 0)
		return -1;
	way->replaced |= gone;
	if (gone && clock_now() < way->deadline)
		return 0;
	if (hierarchy_refuse_busy(cg, h, err))
		return -1;
	if (way->stopped || way->replaced || !is_empty(h))
		return error_set(err, ERR_TIMEOUT,
				 "unit %s exists already, and has not gone within %d seconds",
				 cg->unit, PATIENCE_SECONDS);
	way->stopped = true;
	way->deadline = deadline_in(PATIENCE_SECONDS);
	(void)ask(bus, "StopUnit", cg->unit, "replace", &answer, NULL, &unused);
	return 0;
}

static int start_unit(struct bus *bus, struct cgroup *cg, const struct start *start,
		      const char **ret_job, struct error *err)
{
	size_t n = start->properties.n;
	enum bus_answer answer;
	struct way way = { 0 };

	while (call_start(bus, cg, start, n, &answer, ret_job, err)) {
		if (answer == BUS_NOT_SUPPORTED && n > start->first_recent) {
			n = start->first_recent;
			continue;
		}
		if (answer != BUS_UNIT_EXISTS)
			return -1;
		/* Whatever happens until the next call, it is not ours. */
		cg->foreign = true;
		if (make_way(bus, cg, &way, err))
			return -1;
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
	struct hierarchy *h = scope_of(cg);
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
	return bus_wait_job(bus, job, cg->unit, err);
}

/* What has no cgroup any more may only be remembered because it has failed; another unit of the name is not stopped. */
static int forget(struct bus *bus, const struct cgroup *cg, struct error *err)
{
	enum bus_answer answer;

	return ask(bus, "ResetFailedUnit", cg->unit, NULL, &answer, NULL, err) &&
			       answer != BUS_NO_SUCH_UNIT
		       ? -1
		       : 0;
}

int systemd_stop(const struct cgroup *cg, struct error *err)
{
	struct bus *bus = NULL;
	struct error unused;
	int result;

	/* systemd would ask them to end, and wait for long. */
	if (systemd_is_there(cg) && cgroup_signal(cg, SIGKILL, &unused) == 0)
		(void)cgroup_wait_empty(cg, deadline_in(PATIENCE_SECONDS), &unused);
	result = bus_open(cg->arena, cg->unit_user, cg->unit_seconds, &bus, err);
	if (result == 0 && systemd_is_there(cg))
		result = stop(bus, cg, err);
	if (result == 0)
		result = forget(bus, cg, err);
	bus_close(bus);
	/* Its cgroup is gone: there is nothing that systemd could still stop, and it forgets the unit by itself. */
	return result && !systemd_is_there(cg) ? 0 : result;
}
