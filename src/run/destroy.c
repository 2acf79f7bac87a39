/* SPDX-License-Identifier: Apache-2.0 */
#include "run/destroy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/fd.h"
#include "base/log.h"
#include "cgroup/freezer.h"
#include "run/cgroups.h"
#include "run/container.h"
#include "run/hooks.h"
#include "run/outcome.h"
#include "run/rdtgroup.h"
#include "run/report.h"
#include "run/rootfs.h"
#include "sys/clone.h"

/* How long killed processes may take to go: one in an uninterruptible sleep takes as long as its device. */
#define KILL_SECONDS 30

static bool is_alive(const struct record *r)
{
	struct process init = { (pid_t)record_get_u64(r, RECORD_PID),
				record_get_u64(r, RECORD_START) };

	return process_alive(&init);
}

static int kill_init(const struct record *r, struct cgroup *cgroup, struct error *err)
{
	struct process init = { (pid_t)record_get_u64(r, RECORD_PID),
				record_get_u64(r, RECORD_START) };
	auto_fd int pidfd = process_open(&init);

	if (pidfd >= 0 && process_kill(pidfd, SIGKILL) < 0 && errno != ESRCH)
		return error_sys(err, "kill container init %d", (int)init.pid);
	/* A frozen process dies only when it runs again. */
	if (cgroup && cgroup_frozen(cgroup) && cgroup_thaw(cgroup, err))
		return -1;
	if (cgroup && cgroup_signal(cgroup, SIGKILL, err))
		return -1;
	if (pidfd < 0)
		return 0;
	/* It is another's child as a rule: readable is dead, whether reaped or not. */
	if (fd_wait(pidfd, POLLIN, deadline_in(KILL_SECONDS)) <= 0)
		return error_set(err, ERR_TIMEOUT,
				 "container init %d did not die within %d seconds", (int)init.pid,
				 KILL_SECONDS);
	return 0;
}

/* Before the cgroup goes, which alone knows it. */
static void note_outcome(struct record *r, const struct cgroup *cgroup)
{
	struct outcome o;

	if (!hooks_from_record(r, HOOK_POSTSTOP, r->arena).n)
		return;
	o = outcome_read(r, cgroup);
	outcome_to_record(&o, r);
}

static int kill_all(struct record *r, struct cgroup *cgroup, struct error *err)
{
	if (kill_init(r, cgroup, err) ||
	    (cgroup && cgroup_wait_empty(cgroup, deadline_in(KILL_SECONDS), err)))
		return -1;
	note_outcome(r, cgroup);
	return cgroup ? cgroup_remove(cgroup, err) : 0;
}

int destroy(const struct state *s, struct record *r, struct error *err)
{
	struct cgroup *cgroup = NULL;
	bool alive = is_alive(r);

	if (r->n && cgroup_from_record(r->arena, r, &cgroup, err))
		return -1;
	if (cgroup && !cgroup_keep_own(cgroup))
		log_warn("the name of the container's unit is another's by now, who is left alone");
	if (!alive)
		note_outcome(r, cgroup);
	/* A container that has ended leaves empty cgroups as a rule: then there is nobody to look for. */
	if ((alive || !cgroup || !cgroup_remove_empty(cgroup)) && kill_all(r, cgroup, err))
		return -1;
	if (rdtgroup_undo(r, err) || rootfs_undo(r, err))
		return -1;
	return state_remove(s, err);
}

void destroy_poststop(const char *id, const struct record *r, struct arena *a)
{
	struct hooks hooks = hooks_from_record(r, HOOK_POSTSTOP, a);
	struct container c = { .id = id, .arena = a, .record = *r };
	struct hook_run run = { .kind = HOOK_POSTSTOP,
				.output = record_get(r, RECORD_HOOKS_STDOUT),
				.errors = record_get(r, RECORD_HOOKS_STDERR) };
	const struct pair *annotations;
	struct outcome outcome;
	struct error err;
	size_t n;

	if (!hooks.n)
		return;
	outcome = outcome_read(r, NULL);
	annotations = container_annotations(&c, &n);
	run.state = report_state(id, "stopped", 0, record_get(r, RECORD_BUNDLE), annotations, n,
				 &outcome, a);
	for (size_t i = 0; i < hooks.n; i++) {
		struct hooks one = { &hooks.list[i], 1 };

		if (hooks_run(&one, &run, &err))
			log_warn("%s", err.text);
	}
}
