/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/phrases.h"
#include "cgroup/freezer.h"
#include "cgroup/journal.h"
#include "run/channel.h"
#include "run/destroy.h"
#include "run/hooks.h"
#include "run/notify.h"
#include "run/outcome.h"
#include "run/rdtgroup.h"
#include "run/report.h"
#include "sys/file.h"

/* How long a started init may take to its execve where no hook delays it. */
#define START_SECONDS 60

const char *container_status_name(enum container_status status)
{
	static const char *const names[] = {
		[CONTAINER_CREATING] = "creating", [CONTAINER_CREATED] = "created",
		[CONTAINER_RUNNING] = "running",   [CONTAINER_PAUSED] = "paused",
		[CONTAINER_STOPPED] = "stopped",
	};

	return names[status];
}

/* A pid means nothing after a reboot; the state directory may outlive one. */
static const char *boot_id(struct arena *a)
{
	auto_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char *id = fd < 0 ? NULL : fd_read_all(a, fd, 64, NULL);

	if (id)
		id[strcspn(id, "\n")] = '\0';
	return id ? id : "";
}

int container_note_start(struct record *r, pid_t pid, struct error *err)
{
	uint64_t start;
	char state;

	if (!process_stat(pid, &start, &state))
		return error_set(err, ERR_GONE, "container init is gone");
	record_set_u64(r, RECORD_START, start);
	record_set(r, RECORD_BOOT, boot_id(r->arena));
	return 0;
}

static enum container_status find_status(struct container *c)
{
	const char *word = record_get(&c->record, RECORD_STATUS);

	if (word && str_eq(word, RECORD_CREATING)) {
		if (state_is_locked(&c->state))
			return CONTAINER_CREATING;
		c->aborted = true;
		return CONTAINER_STOPPED;
	}
	if (!process_alive(&c->init))
		return CONTAINER_STOPPED;
	if (c->cgroup && cgroup_frozen(c->cgroup))
		return CONTAINER_PAUSED;
	return gate_is_closed(&c->state) ? CONTAINER_CREATED : CONTAINER_RUNNING;
}

static void load_init(struct container *c)
{
	const char *boot = record_get(&c->record, RECORD_BOOT);

	c->init.pid = (pid_t)record_get_u64(&c->record, RECORD_PID);
	c->init.start = record_get_u64(&c->record, RECORD_START);
	if (c->init.pid && boot && !state_is_volatile(&c->state) &&
	    !str_eq(boot, boot_id(c->arena)))
		c->init = (struct process){ 0 };
}

int container_open(const char *root, const char *id, bool lock, struct arena *a,
		   struct container *ret, struct error *err)
{
	struct container c = { .id = id, .arena = a, .state = STATE_INIT };

	if (state_open(root, id, &c.state, err))
		return -1;
	if ((lock && state_lock(&c.state, err))) {
		container_close(&c);
		return -1;
	}
	if (record_read(&c.state, a, &c.record, err)) {
		/* A creator that died in its very first steps leaves a directory without a record. */
		if (err->kind != ERR_NOT_FOUND || (!lock && state_is_locked(&c.state))) {
			container_close(&c);
			return -1;
		}
		record_begin(&c.record, a);
		c.aborted = true;
		c.status = CONTAINER_STOPPED;
		*ret = c;
		return 0;
	}
	load_init(&c);
	if (cgroup_from_record(a, &c.record, &c.cgroup, err)) {
		container_close(&c);
		return -1;
	}
	/* Our own lock says nothing about the creator's. */
	if (lock && str_eq(record_get(&c.record, RECORD_STATUS), RECORD_CREATING)) {
		c.aborted = true;
		c.status = CONTAINER_STOPPED;
	} else {
		c.status = find_status(&c);
	}
	*ret = c;
	return 0;
}

void container_close(struct container *c)
{
	state_close(&c->state);
}

bool container_has_unit(const struct container *c)
{
	return c->cgroup && cgroup_has_unit(c->cgroup);
}

const struct pair *container_annotations(const struct container *c, size_t *ret_n)
{
	const struct record *r = &c->record;
	struct pair *pairs = arena_new_n(c->arena, struct pair, r->n + 1);
	size_t n = 0;

	for (size_t i = 0; i + 1 < r->n; i++)
		if (str_eq(r->lines[i].key, RECORD_ANNOTATION))
			pairs[n++] = (struct pair){ r->lines[i].value, r->lines[i + 1].value };
	*ret_n = n;
	return pairs;
}

const char *container_owner(const struct container *c)
{
	uint64_t uid = record_get_u64(&c->record, RECORD_OWNER);
	char *line;

	/* Whose name everybody knows. */
	if (uid == 0)
		return "root";
	line = file_read_regular("/etc/passwd", (size_t)1 << 20, c->arena, NULL);
	/* No name service: a library that loads others has no place here. */
	while (line && *line) {
		char *next = strchrnul(line, '\n'), *colon, *number;
		bool more = *next;
		uint64_t found;

		*next = '\0';
		colon = strchr(line, ':');
		number = colon ? strchr(colon + 1, ':') : NULL;
		if (number) {
			*colon = '\0';
			number++;
			number[strcspn(number, ":")] = '\0';
			if (str_to_u64(number, &found) && found == uid)
				return line;
		}
		line = next + more;
	}
	return arena_printf(c->arena, "#%ju", (uintmax_t)uid);
}

void container_report(const struct container *c, struct json_writer *w)
{
	bool stopped = c->status == CONTAINER_STOPPED;
	const char *rootfs = record_get(&c->record, RECORD_ROOTFS);
	const char *bundle = record_get(&c->record, RECORD_BUNDLE);
	const char *created = record_get(&c->record, RECORD_TIME);
	const struct pair *annotations;
	size_t n;

	annotations = container_annotations(c, &n);
	json_open_object(w);
	json_member_string(w, "ociVersion", SPEC_VERSION);
	json_member_string(w, "id", c->id);
	json_member_int(w, "pid", stopped ? 0 : c->init.pid);
	json_member_string(w, "status", container_status_name(c->status));
	json_member_string(w, "bundle", bundle ? bundle : "/");
	json_member_string(w, "rootfs", rootfs ? rootfs : "/");
	json_member_string(w, "created", created ? created : "0001-01-01T00:00:00Z");
	report_annotations(w, annotations, n);
	json_member_string(w, "owner", container_owner(c));
	if (stopped && !c->aborted) {
		struct outcome o = outcome_read(&c->record, c->cgroup);

		outcome_write(&o, w);
	}
	json_close_object(w);
}

/* ---- start ----------------------------------------------------------------------------------------------------------- */

static int run_poststart(struct container *c, struct error *err)
{
	struct hooks hooks = hooks_from_record(&c->record, HOOK_POSTSTART, c->arena);
	struct hook_run run = { .kind = HOOK_POSTSTART,
				.output = record_get(&c->record, RECORD_HOOKS_STDOUT),
				.errors = record_get(&c->record, RECORD_HOOKS_STDERR) };
	const struct pair *annotations;
	size_t n;

	if (!hooks.n)
		return 0;
	annotations = container_annotations(c, &n);
	run.state =
		report_state(c->id, "running", c->init.pid, record_get(&c->record, RECORD_BUNDLE),
			     annotations, n, NULL, c->arena);
	return hooks_run(&hooks, &run, err);
}

static void abandon(struct container *c)
{
	struct error unused;

	if (destroy(&c->state, &c->record, &unused) == 0)
		destroy_poststop(c->id, &c->record, c->arena);
}

static int pass_gate(const struct container *c, struct error *err)
{
	unsigned seconds =
		START_SECONDS + (unsigned)record_get_u64(&c->record, RECORD_START_SECONDS);
	struct gate gate;
	int result;

	if (c->executed)
		return 0;
	if (gate_find(&c->state, &gate, err))
		return -1;
	result = gate_open(&gate, &c->state, err) || gate_expect(&gate, seconds, err) ? -1 : 0;
	gate_close(&gate);
	return result;
}

static int open_gate(struct container *c, struct notify *notify, struct error *err)
{
	/* The socket is there before the program is. */
	if (notify_bind(&c->state, c->init.pid, notify, err))
		return -1;
	if (pass_gate(c, err) == 0) {
		(void)unlinkat(c->state.fd, STATE_GATE, 0);
		(void)unlinkat(c->state.fd, STATE_ANSWER, 0);
		(void)unlinkat(c->state.fd, STATE_PAGE, 0);
		if (run_poststart(c, err) == 0)
			return 0;
	}
	notify_close(notify);
	abandon(c);
	return -1;
}

int container_start(struct container *c, struct notify *ret_notify, struct error *err)
{
	struct notify notify;
	auto_fd int pidfd = -1;

	switch (c->status) {
	case CONTAINER_CREATED:
		break;
	case CONTAINER_STOPPED:
	case CONTAINER_CREATING:
		return error_set(err, ERR_STATE, PHRASE_HAS_STOPPED);
	case CONTAINER_PAUSED:
		return error_set(err, ERR_STATE, "cannot start a paused container");
	case CONTAINER_RUNNING:
		return error_set(err, ERR_STATE, PHRASE_IS_RUNNING);
	}
	if (record_get(&c->record, RECORD_NO_PROCESS))
		return error_config(err, "/process", PHRASE_NO_PROCESS);
	if (open_gate(c, &notify, err))
		return -1;
	if (ret_notify) {
		*ret_notify = notify;
		return 0;
	}
	if (notify.sock >= 0) {
		pidfd = process_open(&c->init);
		if (pidfd >= 0)
			notify_wait(&notify, pidfd);
		notify_close(&notify);
	}
	return 0;
}

/* ---- kill, delete ------------------------------------------------------------------------------------------------------ */

static int not_running(struct error *err)
{
	return error_set(err, ERR_STATE, PHRASE_NOT_RUNNING);
}

static int kill_init(const struct container *c, int sig, struct error *err)
{
	auto_fd int pidfd = process_open(&c->init);

	if (pidfd < 0)
		return not_running(err);
	if (process_kill(pidfd, sig) < 0)
		return errno == ESRCH ? not_running(err)
				      : error_sys(err, "send signal %d to process %d", sig,
						  (int)c->init.pid);
	return 0;
}

int container_kill(struct container *c, int sig, bool all, struct error *err)
{
	bool running = c->status != CONTAINER_STOPPED && c->status != CONTAINER_CREATING;
	/* Without a pid namespace of its own the death of init ends nobody else. */
	bool every = all || (sig == SIGKILL && !record_get(&c->record, RECORD_OWN_PIDNS));

	if (!running && !all)
		return not_running(err);
	if (every && c->cgroup && cgroup_count(c->cgroup)) {
		if (cgroup_signal(c->cgroup, sig, err))
			return -1;
	} else if (running && kill_init(c, sig, err)) {
		return -1;
	}
	/* A frozen process dies of SIGKILL only when it runs again. */
	return sig == SIGKILL && c->status == CONTAINER_PAUSED ? cgroup_thaw(c->cgroup, err) : 0;
}

int container_pause(const struct container *c, struct error *err)
{
	if (c->status != CONTAINER_CREATED && c->status != CONTAINER_RUNNING)
		return not_running(err);
	return cgroup_freeze(c->cgroup, err);
}

int container_resume(const struct container *c, struct error *err)
{
	if (c->status == CONTAINER_STOPPED || c->status == CONTAINER_CREATING)
		return not_running(err);
	if (c->status != CONTAINER_PAUSED)
		return error_set(err, ERR_STATE, PHRASE_NOT_PAUSED);
	return cgroup_resume(c->cgroup, err);
}

static int write_resources(const struct container *c, const char *text, struct error *err)
{
	if (text)
		return state_write_file(&c->state, STATE_RESOURCES, text, strlen(text), err);
	return unlinkat(c->state.fd, STATE_RESOURCES, 0) < 0
		       ? error_sys(err, "unlink \"%s/" STATE_RESOURCES "\"", c->id)
		       : 0;
}

int container_update(struct container *c, const struct container_change *change, struct error *err)
{
	struct journal journal;
	struct error unused;

	if (c->status == CONTAINER_STOPPED || c->status == CONTAINER_CREATING)
		return not_running(err);
	if (cgroup_update(c->cgroup, change->plan, change->before, &journal, err))
		return -1;
	if (write_resources(c, change->resources, err)) {
		cgroup_undo(&journal, err);
		return -1;
	}
	if ((change->l3 || change->mb) &&
	    rdtgroup_update(&c->record, change->l3, change->mb, err)) {
		(void)write_resources(c, change->resources_before, &unused);
		cgroup_undo(&journal, err);
		return -1;
	}
	return 0;
}

int container_end(struct container *c, int status, bool keep, struct error *err)
{
	const struct outcome o = { .has_status = true, .status = status };

	if (state_lock(&c->state, err))
		return -1;
	c->status = CONTAINER_STOPPED;
	outcome_to_record(&o, &c->record);
	return keep ? record_write(&c->state, &c->record, err) : 0;
}

int container_delete(struct container *c, bool force, struct error *err)
{
	if (!force && (c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED ||
		       c->status == CONTAINER_CREATING))
		return error_set(err, ERR_STATE, PHRASE_NOT_STOPPED, c->id,
				 container_status_name(c->status));
	if (destroy(&c->state, &c->record, err))
		return -1;
	destroy_poststop(c->id, &c->record, c->arena);
	return 0;
}
