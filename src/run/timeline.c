/* SPDX-License-Identifier: Apache-2.0 */
#include "run/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"

void timeline_note(struct timeline *t, enum phase phase)
{
	if (t->on)
		t->noted[phase] = moment_now();
}

static int compare_steps(const void *a, const void *b)
{
	const struct timeline_step *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->phase > y->phase) - (x->phase < y->phase);
}

static bool is_init(enum phase phase)
{
	return phase >= PHASE_JOIN;
}

/* Ends each step where the next one of the same process begins. */
static void close_steps(struct timeline_step *steps, size_t n, const struct moment *end)
{
	for (size_t i = 0; i < n; i++) {
		struct timeline_step *step = &steps[i];
		const struct timeline_step *next = NULL;

		for (size_t j = i + 1; j < n && !next; j++)
			if (is_init(steps[j].phase) == is_init(step->phase))
				next = &steps[j];
		step->wall = (next ? next->begin : end->wall) - step->begin;
		/* Whose end nobody noted, since its process or the other one failed, has none. */
		if (next)
			step->has_cpu &= next->has_cpu && next->cpu >= step->cpu;
		else
			step->has_cpu &= !is_init(step->phase);
		if (step->has_cpu)
			step->cpu = (next ? next->cpu : end->cpu) - step->cpu;
	}
}

size_t timeline_steps(const struct timeline *t, const struct progress *page,
		      const struct moment *end, struct timeline_step *ret)
{
	size_t n = 0;

	for (unsigned phase = PHASE_NONE + 1; phase < PHASES; phase++) {
		struct moment m = t->noted[phase];

		if (!m.wall && page)
			m = (struct moment){ page->stamps[phase].wall, page->stamps[phase].cpu };
		if (m.wall)
			ret[n++] = (struct timeline_step){
				.phase = (enum phase)phase,
				.has_cpu = !is_init((enum phase)phase) || phase <= PHASE_GATE,
				.begin = m.wall,
				.cpu = m.cpu,
			};
	}
	qsort(ret, n, sizeof(ret[0]), compare_steps);
	close_steps(ret, n, end);
	for (size_t i = n; i-- > 0;)
		ret[i].begin -= ret[0].begin;
	return n;
}

/* ---- printing -------------------------------------------------------------------------------------------------------- */

static const char *process_name(const struct timeline *t, enum phase phase)
{
	return is_init(phase) ? t->process : "runtime";
}

static uint64_t total_cpu(const struct timeline_step *steps, size_t n, bool init)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (is_init(steps[i].phase) == init && steps[i].has_cpu)
			sum += steps[i].cpu;
	return sum;
}

static const char *milliseconds(uint64_t nanoseconds, struct arena *a)
{
	return arena_printf(a, "%" PRIu64 ".%03" PRIu64, nanoseconds / 1000000,
			    nanoseconds / 1000 % 1000);
}

static const char *as_text(const struct timeline *t, const struct timeline_step *steps, size_t n,
			   uint64_t wall, const char *id, struct arena *a)
{
	char *text = arena_printf(a, "timeline of %s, in milliseconds\n%9s %9s %9s  %-8s %s\n", id,
				  "begin", "wall", "cpu", "process", "phase");

	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%9s %9s %9s  %-8s %s\n", text,
				    milliseconds(steps[i].begin, a), milliseconds(steps[i].wall, a),
				    steps[i].has_cpu ? milliseconds(steps[i].cpu, a) : "-",
				    process_name(t, steps[i].phase), phase_name(steps[i].phase));
	return arena_printf(a,
			    "%s%9s %9s %9s  runtime\n%9s %9s %9s  %s, until it may be confined\n",
			    text, "total", milliseconds(wall, a),
			    milliseconds(total_cpu(steps, n, false), a), "", "",
			    milliseconds(total_cpu(steps, n, true), a), t->process);
}

static const char *as_json(const struct timeline *t, const struct timeline_step *steps, size_t n,
			   uint64_t wall, const char *id, struct arena *a)
{
	struct json_writer w;

	json_begin(&w, a, NULL);
	json_open_object(&w);
	json_member_string(&w, "timeline", id);
	json_key(&w, "steps");
	json_open_array(&w);
	for (size_t i = 0; i < n; i++) {
		json_open_object(&w);
		json_member_string(&w, "phase", phase_name(steps[i].phase));
		json_member_string(&w, "process", process_name(t, steps[i].phase));
		json_member_int(&w, "begin", (int64_t)steps[i].begin);
		json_member_int(&w, "wall", (int64_t)steps[i].wall);
		if (steps[i].has_cpu)
			json_member_int(&w, "cpu", (int64_t)steps[i].cpu);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_member_int(&w, "wall", (int64_t)wall);
	json_member_int(&w, "cpuRuntime", (int64_t)total_cpu(steps, n, false));
	json_member_int(&w, "cpuProcess", (int64_t)total_cpu(steps, n, true));
	json_close_object(&w);
	json_raw(&w, "\n");
	return w.text;
}

void timeline_print(const struct timeline *t, const struct progress *page, const char *id,
		    struct arena *a)
{
	struct timeline_step steps[PHASES];
	struct moment end;
	uint64_t wall = 0;
	const char *text;
	size_t n;

	if (!t->on)
		return;
	end = moment_now();
	n = timeline_steps(t, page, &end, steps);
	for (size_t i = 0; i < n; i++)
		wall = MAX(wall, steps[i].begin + steps[i].wall);
	text = t->json ? as_json(t, steps, n, wall, id, a) : as_text(t, steps, n, wall, id, a);
	/* It is a by-product: a closed standard error must not fail the start. */
	(void)fd_write_all(STDERR_FILENO, text, strlen(text));
}
