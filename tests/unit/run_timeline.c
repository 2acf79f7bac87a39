/* SPDX-License-Identifier: Apache-2.0 */
#include "run/timeline.h"

#include <string.h>

#include "check.h"

static struct timeline_step steps[PHASES];

static void set(struct progress *page, enum phase phase, uint64_t wall, uint64_t cpu)
{
	page->stamps[phase].wall = wall;
	page->stamps[phase].cpu = cpu;
}

static const struct timeline_step *find(size_t n, enum phase phase)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i].phase == phase)
			return &steps[i];
	return NULL;
}

static void test_both_processes(void)
{
	struct timeline t = { .on = true };
	struct progress page;
	const struct moment end = { 2000, 90 };
	size_t n;

	memset(&page, 0, sizeof(page));
	t.noted[PHASE_LOAD] = (struct moment){ 1000, 10 };
	set(&page, PHASE_CLAIM, 1100, 30);
	set(&page, PHASE_CLONE, 1300, 50);
	set(&page, PHASE_JOIN, 1400, 0);
	set(&page, PHASE_WAIT, 1500, 70);
	set(&page, PHASE_CREDENTIALS, 1600, 20);
	set(&page, PHASE_GATE, 1700, 45);
	set(&page, PHASE_EXEC, 1800, 0);

	n = timeline_steps(&t, &page, &end, steps);
	CHECK_INT(n, 8);
	for (size_t i = 1; i < n; i++)
		CHECK(steps[i - 1].begin <= steps[i].begin);
	CHECK_INT(steps[0].phase, PHASE_LOAD);
	CHECK_INT(steps[0].begin, 0);
	CHECK_INT(steps[0].wall, 100);
	CHECK_INT(steps[0].cpu, 20);
	/* A phase ends with the next one of its own process. */
	CHECK_INT(find(n, PHASE_CLONE)->wall, 200);
	CHECK_INT(find(n, PHASE_CLONE)->cpu, 20);
	CHECK_INT(find(n, PHASE_JOIN)->wall, 200);
	CHECK_INT(find(n, PHASE_JOIN)->cpu, 20);
	CHECK_INT(find(n, PHASE_CREDENTIALS)->cpu, 25);
	CHECK_INT(find(n, PHASE_WAIT)->wall, 500);
	CHECK_INT(find(n, PHASE_WAIT)->cpu, 20);
	/* Behind the gate nobody knows. */
	CHECK(!find(n, PHASE_GATE)->has_cpu);
	CHECK(!find(n, PHASE_EXEC)->has_cpu);
	CHECK_INT(find(n, PHASE_EXEC)->wall, 200);
}

static void test_cut_short(void)
{
	struct timeline t = { .on = true };
	struct progress page;
	const struct moment end = { 500, 60 };
	size_t n;

	memset(&page, 0, sizeof(page));
	CHECK_INT(timeline_steps(&t, NULL, &end, steps), 0);
	set(&page, PHASE_CLAIM, 100, 10);
	set(&page, PHASE_FINISH, 200, 15);
	/* Init came to the gate, but the runtime did not live to look at its clock. */
	set(&page, PHASE_GATE, 300, 0);
	n = timeline_steps(&t, &page, &end, steps);
	CHECK_INT(n, 3);
	CHECK_INT(find(n, PHASE_CLAIM)->wall, 400);
	CHECK_INT(find(n, PHASE_CLAIM)->cpu, 50);
	CHECK(!find(n, PHASE_FINISH)->has_cpu);
	CHECK_INT(find(n, PHASE_FINISH)->wall, 100);
}

static void test_off(void)
{
	struct timeline t = { .on = false };

	timeline_note(&t, PHASE_LOAD);
	CHECK_INT(t.noted[PHASE_LOAD].wall, 0);
	t.on = true;
	timeline_note(&t, PHASE_LOAD);
	CHECK(t.noted[PHASE_LOAD].wall > 0);
	CHECK(t.noted[PHASE_LOAD].cpu > 0);
}

int main(void)
{
	test_both_processes();
	test_cut_short();
	test_off();
	return check_done();
}
