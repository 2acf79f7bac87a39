/* SPDX-License-Identifier: Apache-2.0 */
#include "run/outcome.h"

#include <sys/wait.h>

#include "cgroup/events.h"
#include "run/container.h"
#include "sys/clone.h"

#define RECORD_EXIT "exit-status"
#define RECORD_KILLS "oom-kills"

struct outcome outcome_read(const struct record *r, const struct cgroup *cg)
{
	const struct process init = { (pid_t)record_get_u64(r, RECORD_PID),
				      record_get_u64(r, RECORD_START) };
	struct outcome o = { .has_status = record_get(r, RECORD_EXIT),
			     .has_kills = record_get(r, RECORD_KILLS) };

	o.status = (int)record_get_u64(r, RECORD_EXIT);
	o.kills = record_get_u64(r, RECORD_KILLS);
	if (!o.has_status)
		o.has_status = process_exit_status(&init, &o.status);
	if (!o.has_kills && cg)
		o.has_kills = cgroup_oom_kills(cg, &o.kills);
	return o;
}

void outcome_to_record(const struct outcome *o, struct record *r)
{
	if (o->has_status)
		record_set_u64(r, RECORD_EXIT, (uint64_t)o->status);
	if (o->has_kills)
		record_set_u64(r, RECORD_KILLS, o->kills);
}

void outcome_write(const struct outcome *o, struct json_writer *w)
{
	if (o->has_status) {
		json_key(w, "exit");
		json_open_object(w);
		if (WIFSIGNALED(o->status))
			json_member_int(w, "signal", WTERMSIG(o->status));
		else
			json_member_int(w, "code", WEXITSTATUS(o->status));
		json_close_object(w);
	}
	if (o->has_kills) {
		json_key(w, "oomKills");
		json_uint(w, o->kills);
	}
}
