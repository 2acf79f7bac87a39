/* SPDX-License-Identifier: Apache-2.0 */
/* events: what a container uses, and what happens to it. */
#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "cgroup/stats.h"
#include "cmd/cmd.h"
#include "run/container.h"
#include "run/rdtgroup.h"
#include "run/watch.h"

static void begin_line(const struct container *c, const char *type, struct json_writer *w,
		       struct arena *a)
{
	json_begin(w, a, NULL);
	json_open_object(w);
	json_member_string(w, "type", type);
	json_member_string(w, "id", c->id);
}

/* A reader gets each line at once; without a reader there is nothing more to do. */
static int end_line(struct json_writer *w, struct error *err)
{
	json_close_object(w);
	if (puts(w->text) < 0 || fflush(stdout) != 0)
		return error_sys(err, "write to standard output");
	return 0;
}

static int print_stats(const struct container *c, struct error *err)
{
	/* Of its own: a stream may go on for months. */
	struct arena a = { 0 };
	struct json_writer w;
	int result;

	begin_line(c, "stats", &w, &a);
	json_key(&w, "data");
	json_open_object(&w);
	stats_write(c->cgroup, &a, &w);
	json_key(&w, "intel_rdt");
	json_open_object(&w);
	rdtgroup_write_stats(&c->record, &a, &w);
	json_close_object(&w);
	json_key(&w, "network_interfaces");
	json_null(&w);
	json_close_object(&w);
	result = end_line(&w, err);
	arena_release(&a);
	return result;
}

static int print_oom(const struct container *c, struct error *err)
{
	struct arena a = { 0 };
	struct json_writer w;
	int result;

	begin_line(c, "oom", &w, &a);
	result = end_line(&w, err);
	arena_release(&a);
	return result;
}

static int stream(const struct container *c, uint64_t interval, struct error *err)
{
	auto_watch struct watch watch = WATCH_INIT;
	enum watch_event event;

	if (watch_open(c, interval, &watch, err))
		return -1;
	for (;;) {
		if (watch_next(&watch, &event, err))
			return -1;
		if (event == WATCH_END)
			return 0;
		if (event == WATCH_OOM ? print_oom(c, err) : print_stats(c, err))
			return -1;
	}
}

static int events(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	const char *text = in->set.interval ? in->set.interval : "5s";
	uint64_t interval;

	if (!str_to_duration(text, &interval) || interval == 0)
		return error_set(
			err, ERR_USAGE,
			"invalid duration \"%s\" of option --interval: 500ms, 5s, 1m30s, or "
			"seconds, more than 0",
			text);
	if (invocation_open(in, false, &c, err))
		return -1;
	if (c.status == CONTAINER_STOPPED || c.status == CONTAINER_CREATING)
		return error_set(err, ERR_STATE, "container with id %s is not running", c.id);
	return in->set.stats ? print_stats(&c, err) : stream(&c, interval, err);
}

static const struct option events_options[] = {
	OPTION(OPTION_FLAG, "stats", 0, stats, NULL, "print the statistics once"),
	OPTION(OPTION_VALUE, "interval", 0, interval, "TIME", "between statistics (default: 5s)"),
};

const struct command command_events = {
	.name = "events",
	.args = "ID",
	.help = "Print statistics of a container and what happens to it",
	.min_args = 1,
	.max_args = 1,
	.options = events_options,
	.n_options = ARRAY_SIZE(events_options),
	.run = events,
};
