/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stats.h"

#include "cgroup/sample.h"
#include "cgroup_host.h"

static void check_pressure(const char *line, const char *want)
{
	struct json_writer w;

	json_begin(&w, &arena, NULL);
	sample_write_pressure(line, &w);
	CHECK_STR(w.text, want);
}

static const char *stats_of(const struct cgroup *cg)
{
	struct json_writer w;

	json_begin(&w, &arena, NULL);
	json_open_object(&w);
	stats_write(cg, &arena, &w);
	json_close_object(&w);
	return w.text;
}

/* A cgroup without hierarchies has nothing to tell, in the same shape. */
static void test_nothing(void)
{
	static const struct cgroup none = { .arena = &arena };

	CHECK_STR(stats_of(&none),
		  "{\"cpu\":{},\"cpuset\":{\"cpu_exclusive\":0,\"mem_hardwall\":0,"
		  "\"mem_exclusive\":0,\"memory_migrate\":0,\"memory_spread_page\":0,"
		  "\"memory_spread_slab\":0,\"memory_pressure\":0,\"sched_load_balance\":0,"
		  "\"sched_relax_domain_level\":0},\"memory\":{},\"pids\":{},\"blkio\":{},"
		  "\"hugetlb\":{}}");
}

static void test_this_host(void)
{
	struct cgroup_plan plan = plan_of("/stats");
	struct cgroup *cg = made(&plan);

	start(cg, NULL);
	if (has_controller(CONTROLLER_PIDS))
		CHECK_CONTAINS(stats_of(reloaded(cg)), "\"pids\":{\"current\":1}");
	else
		CHECK_CONTAINS(stats_of(reloaded(cg)), "\"pids\":{}");
	end(cg);
}

int main(void)
{
	if (!can_run())
		return 0;
	check_pressure("some avg10=1.50 avg60=0.00 avg300=10.07 total=123\nfull avg10=3.00",
		       "{\"avg10\":1.5,\"avg60\":0,\"avg300\":10.07,\"total\":123}");
	check_pressure("some avg10=1.50\nfull avg10=3.00 avg60=4.00",
		       "{\"avg10\":1.5,\"avg60\":0,\"avg300\":0,\"total\":0}");
	check_pressure("", "{\"avg10\":0,\"avg60\":0,\"avg300\":0,\"total\":0}");
	test_nothing();
	test_this_host();
	arena_release(&arena);
	return check_done();
}
