/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of a start, in order: parent_create().
 *
 * Whatever is about to be made stands in the record first. Until the record says "created" a failure, and a runtime that
 * was killed, leave something that destroy() takes away: here at once, or at the next delete.
 */
#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/phrases.h"
#include "base/utc.h"
#include "cgroup/events.h"
#include "run/become.h"
#include "run/cgroups.h"
#include "run/container.h"
#include "run/destroy.h"
#include "run/caller.h"
#include "run/hooks.h"
#include "run/launch.h"
#include "run/limits.h"
#include "run/listener.h"
#include "run/notify.h"
#include "run/outcome.h"
#include "run/report.h"
#include "run/setting.h"
#include "run/usermap.h"
#include "spec/names.h"
#include "sys/clone.h"
#include "sys/proc.h"
#include "sys/relay.h"
#include "sys/selfexe.h"
#include "sys/syscalls.h"
#include "sys/tty.h"

/* How long the child may take for a step that waits for nobody: file systems may be slow. */
#define STEP_SECONDS 240

static bool has_runtime_hooks(const struct plan *plan)
{
	return plan->hooks[HOOK_PRESTART].n || plan->hooks[HOOK_CREATE_RUNTIME].n;
}

/* ---- 1: the claim ---------------------------------------------------------------------------------------------------- */

static int write_claim(struct launch *l, struct error *err)
{
	const struct plan *plan = l->plan;
	struct record *r = &l->record;
	char now[48];

	record_begin(r, l->arena);
	record_add(r, RECORD_STATUS, RECORD_CREATING);
	record_add_u64(r, RECORD_PID, 0);
	record_add_u64(r, RECORD_START, 0);
	record_add(r, RECORD_BUNDLE, plan->bundle);
	record_add(r, RECORD_ROOTFS, plan->fs.rootfs);
	record_add(r, RECORD_TIME, arena_strdup(l->arena, utc_now(9, now, sizeof(now))));
	record_add_u64(r, RECORD_OWNER, l->host->euid);
	if (plan->ns.fresh & CLONE_NEWPID)
		record_add(r, RECORD_OWN_PIDNS, "1");
	if (!plan->process.exists)
		record_add(r, RECORD_NO_PROCESS, "1");
	if (plan->keyring)
		record_add(r, RECORD_KEYRING, plan->keyring);
	for (size_t i = 0; i < plan->n_annotations; i++) {
		record_add(r, RECORD_ANNOTATION, plan->annotations[i].key);
		record_add(r, RECORD_VALUE, plan->annotations[i].value);
	}
	cgroup_to_record(l->cgroup, r);
	rdtgroup_to_record(&l->rdtgroup, false, r);
	rootfs_to_record(&plan->fs, r);
	hooks_to_record(&plan->hooks[HOOK_POSTSTART], HOOK_POSTSTART, r);
	hooks_to_record(&plan->hooks[HOOK_POSTSTOP], HOOK_POSTSTOP, r);
	if (plan->hooks_stdout)
		record_add(r, RECORD_HOOKS_STDOUT, plan->hooks_stdout);
	if (plan->hooks_stderr)
		record_add(r, RECORD_HOOKS_STDERR, plan->hooks_stderr);
	if (plan->hooks[HOOK_START_CONTAINER].n)
		record_add_u64(r, RECORD_START_SECONDS,
			       hooks_seconds(&plan->hooks[HOOK_START_CONTAINER]));
	return record_write(&l->state, r, err);
}

/* The id first: whoever has it is told so. Then what the host cannot do is refused, and the record written. */
static int claim(struct launch *l, struct error *err)
{
	const struct plan *plan = l->plan;

	if (state_claim(l->options->root, plan->id, &l->state, err))
		return -1;
	if (join_open(&plan->ns, l->join_fds, err) || join_check_own(plan, l->join_fds, err) ||
	    cgroup_open(l->arena, &plan->cgroup, l->host, &l->cgroup, err) ||
	    rdtgroup_open(&plan->rdt, &l->rdtgroup, err))
		return -1;
	if (write_claim(l, err))
		return -1;
	return l->options->notify ? notify_make(&l->state, err) : 0;
}

/* An init that has ended meanwhile is the reason for a failure to do something with it, and knows more of it. */
static int blame_init(struct launch *l, struct error *err)
{
	if (fd_wait(l->pidfd, POLLIN, deadline_in(0)) > 0)
		return channel_reason(&l->parent, err);
	return -1;
}

static void warn_of_no_cgroup(const struct launch *l)
{
	const struct plan *plan = l->plan;

	if (!plan->cgroup.path || cgroup_count(l->cgroup))
		return;
	log_warn("the container has no cgroup, since none may be written: it cannot be limited or "
		 "paused%s",
		 plan->ns.fresh & CLONE_NEWPID
			 ? ""
			 : ", and without a pid namespace of its own not all of its processes can "
			   "be found to end them");
}

/* A hierarchy that was left out must not be asked for the container's processes later, another's group not removed. */
static int make_groups(struct launch *l, struct error *err)
{
	int result;

	if (cgroup_place(l->cgroup, l->pid, err)) {
		cgroup_to_record(l->cgroup, &l->record);
		return blame_init(l, err);
	}
	if (cgroup_make_v1(l->cgroup, err))
		return -1;
	cgroup_to_record(l->cgroup, &l->record);
	warn_of_no_cgroup(l);
	result = rdtgroup_make(&l->rdtgroup, err);
	rdtgroup_to_record(&l->rdtgroup, false, &l->record);
	return result;
}

/* ---- 4: the clone ---------------------------------------------------------------------------------------------------- */

static bool may_relay(const struct launch *l)
{
	const struct plan *plan = l->plan;

	return l->options->starts && plan->ns.fresh & CLONE_NEWPID && plan->process.exists &&
	       !plan->hooks[HOOK_CREATE_CONTAINER].n && !plan->hooks[HOOK_START_CONTAINER].n &&
	       become_may_relay(plan, l->host);
}

int parent_protect(struct launch *l, char **argv, struct error *err)
{
	l->relay = -1;
	if (selfexe_is_safe())
		return 0;
	if (may_relay(l))
		l->relay = relay_open();
	return l->relay < 0 ? selfexe_prepare(argv, err) : 0;
}

/* ---- 5: id maps, devices ------------------------------------------------------------------------------------------------------ */

static int give_ids(struct launch *l, struct error *err)
{
	const struct id_maps *maps = &l->plan->ns.maps;
	auto_proc struct proc proc = { .fd = -1 };

	if (!(l->plan->ns.fresh & CLONE_NEWUSER))
		return sources_idmap(&l->sources, &l->plan->fs, l->pid, err);
	if (proc_open(&proc, PROC_PIDS, err) ||
	    usermap_write(&proc, l->pid, maps, l->host, l->arena, err) ||
	    rlimits_raise(&l->plan->process, "/process", l->pid, err) ||
	    sources_idmap(&l->sources, &l->plan->fs, l->pid, err))
		return -1;
	return 0;
}

/* In init's network namespace as it was cloned, or the one it is about to join. */
static int move_net_devices(struct launch *l, struct error *err)
{
	const struct ns_plan *ns = &l->plan->ns;
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int own = -1;
	char path[40];
	int fd = -1;

	if (!l->plan->n_net_devices)
		return 0;
	for (size_t i = 0; i < ns->n_joins; i++)
		if (ns->joins[i].flag == CLONE_NEWNET)
			fd = l->join_fds[i];
	if (fd < 0) {
		snprintf(path, sizeof(path), "%d/ns/net", (int)l->pid);
		if (proc_open(&proc, PROC_PIDS, err))
			return -1;
		own = proc_follow(&proc, path, O_RDONLY, err);
		if (own < 0)
			return -1;
		fd = own;
	}
	return net_devices_move(l->plan, fd, l->arena, &l->net_devices, err);
}

static int write_pid(struct launch *l, struct error *err)
{
	record_set_u64(&l->record, RECORD_PID, (uint64_t)l->pid);
	return container_note_start(&l->record, l->pid, err) ||
			       record_write(&l->state, &l->record, err)
		       ? -1
		       : 0;
}

/*
 * Until its record has the pid an init is found by its cgroup, and one without a cgroup by nothing: it must not come as far
 * as the gate, where it no longer ends with us.
 */
static int give_pid(struct launch *l, struct error *err)
{
	return cgroup_is_entered_late(l->cgroup) ? write_pid(l, err) : 0;
}

static int serve_init(struct launch *l, struct error *err)
{
	if (give_ids(l, err) || give_pid(l, err) || move_net_devices(l, err))
		return blame_init(l, err);
	if (l->relay >= 0 && relay_write(l->relay, l->gate.answer, MSG_REFUSED, err))
		return -1;
	cgroup_give_joins(l->cgroup, &l->handover->joins);
	sources_give(&l->sources, l->handover->sources);
	return channel_send(&l->parent, MSG_GO, 0, err);
}

/* The child has descriptors of its own: now ours can go. */
static void settle(struct launch *l)
{
	if (l->settled)
		return;
	fd_close(&l->child.fd);
	fd_close(&l->console);
	fd_close(&l->own_pidfd);
	if (l->ahead)
		gate_settle(&l->gate);
	else
		gate_close(&l->gate);
	fd_close(&l->relay);
	selfexe_release();
	l->settled = true;
}

/* Waits for the child, whose first message says so. */
static int expect(struct launch *l, enum message_type type, unsigned seconds, struct error *err)
{
	if (channel_expect(&l->parent, type, seconds, NULL, err))
		return -1;
	settle(l);
	return 0;
}

/* ---- 6: hooks of the runtime's namespaces ------------------------------------------------------------------------------ */

static int apply_groups(struct launch *l, struct error *err)
{
	if (l->limited)
		return 0;
	l->limited = true;
	if (cgroup_apply(l->cgroup, &l->plan->cgroup, err))
		return -1;
	return rdtgroup_attach(&l->rdtgroup, l->pid, err);
}

static int run_runtime_hooks(struct launch *l, struct error *err)
{
	struct hook_run run = { .state = report_hook_state(l->plan, "creating", l->pid, l->arena),
				.output = l->plan->hooks_stdout,
				.errors = l->plan->hooks_stderr };
	static const enum hook_kind kinds[] = { HOOK_PRESTART, HOOK_CREATE_RUNTIME };

	if (expect(l, MSG_MOUNTED, STEP_SECONDS, err))
		return -1;
	/* Hooks may look at the cgroup, and at `state`. */
	if (phase_enter(&l->parent, PHASE_RUNTIME_HOOKS, err) || apply_groups(l, err))
		return -1;
	if (write_pid(l, err))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		run.kind = kinds[i];
		l->hooked = true;
		if (hooks_run(&l->plan->hooks[kinds[i]], &run, err))
			return -1;
	}
	return channel_send(&l->parent, MSG_HOOKED, 0, err);
}

/* ---- 7, 8: ready ------------------------------------------------------------------------------------------------------- */

static int wait_ready(struct launch *l, struct error *err)
{
	unsigned seconds = STEP_SECONDS + hooks_seconds(&l->plan->hooks[HOOK_CREATE_CONTAINER]);

	if (phase_enter(&l->parent, PHASE_WAIT, err))
		return -1;
	if (l->plan->hooks[HOOK_CREATE_CONTAINER].n)
		l->hooked = true;
	/* Init has enough to do meanwhile. */
	if (!has_runtime_hooks(l->plan))
		cgroup_prepare(l->cgroup, &l->plan->cgroup);
	if (expect(l, MSG_READY, seconds, err))
		return -1;
	return listener_give(&l->parent, l->pidfd, l->plan, "creating", l->pid, l->pid, &l->agent,
			     l->arena, err);
}

static int write_created(struct launch *l, struct error *err)
{
	record_set(&l->record, RECORD_STATUS, RECORD_CREATED);
	rdtgroup_to_record(&l->rdtgroup, true, &l->record);
	return write_pid(l, err);
}

static int apply_limits(struct launch *l, struct error *err)
{
	struct process_plan p = l->plan->process;

	if (limits_are_own(l->plan, l->host))
		p = limits_of_others(&p);
	return limits_apply(&p, "/process", l->pid, false, err);
}

static int finish(struct launch *l, struct error *err)
{
	if (phase_enter(&l->parent, PHASE_LIMITS, err))
		return -1;
	if (apply_groups(l, err))
		return -1;
	if (l->plan->process.exists && apply_limits(l, err))
		return -1;
	if (phase_enter(&l->parent, PHASE_RECORD, err))
		return -1;
	if (!l->options->starts && write_created(l, err))
		return -1;
	return caller_give_pidfd(l->options->pidfd_socket, "standard", l->pidfd, err) ||
			       caller_give_pid(l->options->pid_file, l->pid, l->arena, err)
		       ? -1
		       : 0;
}

/* File systems that are made of nothing. */
static bool needs_no_device(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(type, types[i]))
			return true;
	return false;
}

/*
 * What judges the container must not judge its set-up, who is told of the container is told when it stands, and controllers
 * are passed on to a cgroup of the container's own once init has gone down to it. Where there is none of that, as in `run` of
 * a bundle without limits, all is done while init works, which then finds the gate open and does not say READY. The device
 * rules that every container has let init make its nodes; it opens no device, unless it mounts one.
 */
static bool may_open_ahead(const struct launch *l)
{
	const struct launch_options *o = l->options;
	const struct plan *plan = l->plan;
	const struct process_plan *p = &plan->process;
	const struct cgroup_plan *c = &plan->cgroup;

	if (!o->starts || o->notify || o->pidfd_socket || o->pid_file || !p->exists ||
	    p->terminal || p->has_oom_score_adj || p->sched.set || p->ioprio >= 0 ||
	    (plan->seccomp && plan->seccomp->notify) || plan->rdt.set || c->n_limits ||
	    c->n_unified || c->delegate || c->subgroup || has_runtime_hooks(plan) ||
	    plan->hooks[HOOK_CREATE_CONTAINER].n)
		return false;
	for (size_t i = 1; i < c->n_devices; i++)
		if (c->devices[i].index != DEVICE_RULE_OWN)
			return false;
	for (size_t i = 0; i < plan->fs.n_mounts; i++)
		if (plan->fs.mounts[i].kind == FS_NEW && !needs_no_device(plan->fs.mounts[i].type))
			return false;
	return true;
}

/*
 * Until the program has been executed. The end of the answer tells of all else, too: what failed before the gate is in the
 * shared page. The sources go first, since no mount of the container may be held by us when its own programs run.
 */
static int start_ahead(struct launch *l, struct error *err)
{
	unsigned seconds = STEP_SECONDS + hooks_seconds(&l->plan->hooks[HOOK_START_CONTAINER]);
	enum phase phase;

	if (phase_enter(&l->parent, PHASE_WAIT, err) || expect(l, MSG_APART, STEP_SECONDS, err))
		return -1;
	sources_close(&l->sources);
	if (gate_open(&l->gate, &l->state, err))
		return -1;
	if (gate_expect(&l->gate, seconds, err) == 0) {
		l->executed = true;
		return 0;
	}
	phase = (enum phase)l->child.progress->child_phase;
	/* What fails behind the gate is the start of a container that was created. */
	l->hooked = phase > PHASE_GATE;
	if (err->kind == ERR_TIMEOUT && !l->hooked)
		return error_set(err, ERR_TIMEOUT,
				 "init was not ready for its program within %u seconds (phase %s)",
				 seconds, phase_name(phase));
	return l->hooked ? -1 : channel_reason(&l->parent, err);
}

/* ---- failure ------------------------------------------------------------------------------------------------------------ */

/* A child that ended without a word: what the kernel says of it is better than that. */
static void explain_death(struct launch *l, int status, struct error *err)
{
	const char *phase = phase_name((enum phase)l->child.progress->child_phase);
	uint64_t kills;

	if (err->kind != ERR_GONE || !WIFSIGNALED(status))
		return;
	if (WTERMSIG(status) == SIGKILL && cgroup_oom_kills(l->cgroup, &kills) && kills)
		error_set(err, ERR_CHILD, PHRASE_OOM);
	else
		error_set(err, ERR_CHILD, "container init was killed by signal %d (%s) in phase %s",
			  WTERMSIG(status), strsignal(WTERMSIG(status)), phase);
}

static void undo(struct launch *l, struct error *err)
{
	struct error more;
	int status = 0;

	/* A network namespace that ends takes virtual devices with it. */
	net_devices_return(&l->net_devices);
	/* The peer's end of the conversation is ours too until now. */
	if (l->pidfd >= 0) {
		/* One that died by itself shall be seen as it died. */
		if (err->kind != ERR_GONE || fd_wait(l->pidfd, POLLIN, deadline_in(1)) <= 0)
			(void)process_kill(l->pidfd, SIGKILL);
		if (process_wait(l->pidfd, deadline_in(10), &status) == 0) {
			const struct outcome o = { .has_status = true, .status = status };

			explain_death(l, status, err);
			/* Nobody else can ask for it any more. */
			outcome_to_record(&o, &l->record);
		}
	}
	if (l->state.fd < 0)
		return;
	if (destroy(&l->state, &l->record, &more))
		log_warn("undo of the failed create: %s", more.text);
	else if (l->hooked)
		destroy_poststop(l->plan->id, &l->record, l->arena);
}

/* ---- the steps ---------------------------------------------------------------------------------------------------------- */

static int steps(struct launch *l, struct error *err)
{
	const struct plan *plan = l->plan;

	/* 1. The id, and a record that names all that may come to exist. */
	if (phase_enter(&l->parent, PHASE_CLAIM, err) || claim(l, err))
		return -1;

	/* 2. Init, and what it inherits. From here on it works beside us: namespaces and cgroups are slow to make. */
	if (phase_enter(&l->parent, PHASE_CLONE, err) || cgroup_make_v2(l->cgroup, err) ||
	    sources_prepare(&plan->fs, l->cgroup, l->arena, &l->sources, err) ||
	    (plan->process.terminal &&
	     caller_console(l->options->console_socket, l->options->attached, &l->console,
			    &l->console_peer, err)) ||
	    (plan->process.exists && listener_connect(plan->seccomp, &l->agent, err)) ||
	    gate_make(&l->state, l->ahead ? GATE_OWN : GATE_SHARED, &l->gate, err) ||
	    launch_clone(l, err))
		return -1;

	/* 3. What it gets at GO. The cgroup's own directories are mount sources too, so it comes first. */
	if (phase_enter(&l->parent, PHASE_CGROUP, err) || make_groups(l, err))
		return -1;
	if (phase_enter(&l->parent, PHASE_SOURCES, err) ||
	    sources_open(&l->sources, &plan->fs, l->cgroup, err) ||
	    (rootfs_mount_to_record(&plan->fs, &l->sources, &l->record) &&
	     record_write(&l->state, &l->record, err)))
		return -1;

	/* 4. What only the host's privileges can give; then GO. */
	if (phase_enter(&l->parent, PHASE_MAPS, err) ||
	    (l->ahead && !cgroup_restricts_at_once(l->cgroup) && apply_groups(l, err)) ||
	    serve_init(l, err))
		return -1;
	/* It is where it was to be; the rest takes its own time. */
	affinity_reset(l->pid);
	/* Later commands want it, which nobody may give before the container is created. */
	if (state_write_file(&l->state, STATE_CONFIG, l->config, l->config_size, err))
		return -1;
	if (has_runtime_hooks(plan) && run_runtime_hooks(l, err))
		return -1;

	/*
	 * 5. Limits judge the container, not its set-up: they come when init has nothing left to do. The record of a container
	 * that starts at once need not wait for that: without us init does not come as far.
	 */
	if (l->options->starts && write_created(l, err))
		return -1;
	if (l->ahead)
		return finish(l, err) ? blame_init(l, err) : start_ahead(l, err);
	return wait_ready(l, err) || finish(l, err) ? -1 : 0;
}

int parent_create(struct launch *l, struct error *err)
{
	record_begin(&l->record, l->arena);
	l->state.fd = l->parent.fd = l->child.fd = -1;
	l->gate = (struct gate)GATE_INIT;
	l->rdtgroup = (struct rdtgroup)RDTGROUP_INIT;
	l->net_devices = (struct net_devices)NET_DEVICES_INIT;
	l->console = l->console_peer = l->agent = l->pidfd = l->own_pidfd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(l->join_fds); i++)
		l->join_fds[i] = -1;
	if (channel_open(&l->parent, &l->child, err))
		return -1;
	l->parent.progress->timed = l->options->timed;
	l->ahead = may_open_ahead(l);
	if (steps(l, err)) {
		undo(l, err);
		return -1;
	}
	net_devices_close(&l->net_devices);
	rdtgroup_close(&l->rdtgroup);
	sources_close(&l->sources);
	gate_close(&l->gate);
	fd_close(&l->parent.fd);
	return 0;
}
