/* SPDX-License-Identifier: Apache-2.0 */
/* create and run: from a bundle to a container. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "run/container.h"
#include "run/host.h"
#include "run/launch.h"
#include "run/notify.h"
#include "run/report.h"
#include "run/timeline.h"
#include "run/wait.h"
#include "spec/load.h"

#define CREATE_OPTIONS                                                                             \
	OPTION(OPTION_VALUE, "bundle", 'b', bundle, "DIR",                                         \
	       "the bundle (default: the current directory)"),                                     \
		OPTION(OPTION_VALUE, "config", 'f', config, "FILE",                                \
		       "the configuration (default: config.json in the bundle)"),                  \
		OPTION(OPTION_VALUE, "console-socket", 0, console_socket, "PATH",                  \
		       "AF_UNIX socket that gets the terminal's primary end"),                     \
		OPTION(OPTION_VALUE, "pidfd-socket", 0, pidfd_socket, "PATH",                      \
		       "AF_UNIX socket that gets a pidfd of init"),                                \
		OPTION(OPTION_VALUE, "pid-file", 0, pid_file, "FILE", "write init's pid to FILE"), \
		OPTION(OPTION_FLAG, "no-pivot", 0, no_pivot, NULL,                                 \
		       "do not use pivot_root (for hosts that run from a ramdisk)"),               \
		OPTION(OPTION_FLAG, "no-new-keyring", 0, no_new_keyring, NULL,                     \
		       "keep the caller's session keyring"),                                       \
		OPTION(OPTION_VALUE, "preserve-fds", 0, preserve_fds, "N",                         \
		       "pass N descriptors beginning with 3"),                                     \
		OPTION(OPTION_FLAG, "no-subreaper", 0, no_subreaper, NULL,                         \
		       "do not adopt the container's orphans"),                                    \
		TIMELINE_OPTIONS

/* One start, from the options to what the launch needs. */
struct start {
	struct invocation *in;
	struct plan_options plan;
	struct launch_options launch;
	struct host host;
	struct timeline timeline;
	unsigned preserve;
};

static int read_activation(struct start *s, struct error *err)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t n, number;

	if (invocation_preserve_fds(s->in, &s->preserve, err))
		return -1;
	if (!fds || !str_to_u64(fds, &n) || n == 0 || n > 10000)
		return 0;
	/* Set for somebody else, it is none of our business. */
	if (pid && (!str_to_u64(pid, &number) || number != (uint64_t)getpid()))
		return 0;
	s->plan.listen_fds = (unsigned)n;
	s->plan.listen_fdnames = getenv("LISTEN_FDNAMES");
	s->preserve += (unsigned)n;
	return 0;
}

static int read_settings(struct start *s, struct error *err)
{
	struct invocation *in = s->in;
	const struct settings *set = &in->set;

	if (state_check_id(in->args[0], err) || invocation_host(in, &s->host, err) ||
	    invocation_root(in, &s->launch.root, err) ||
	    invocation_bundle(in, set->bundle, &s->plan.bundle, err))
		return -1;
	s->plan.id = in->args[0];
	s->plan.state_dir = arena_printf(in->arena, "%s/%s", s->launch.root, in->args[0]);
	s->plan.no_pivot = set->no_pivot;
	if (!set->no_new_keyring &&
	    host_keyring_name(in->args[0], in->arena, &s->plan.keyring, err))
		return -1;
	s->plan.preserve_fds = s->preserve;
	s->plan.notify = s->launch.notify = notify_wanted() != NULL;
	s->launch.console_socket = set->console_socket;
	s->launch.pidfd_socket = set->pidfd_socket;
	if (set->pid_file)
		s->launch.pid_file = invocation_path(in, set->pid_file);
	return 0;
}

static void log_warnings(const struct plan_warnings *warnings)
{
	for (const struct plan_warning *w = warnings->first; w; w = w->next)
		log_warn("%s%s%s%s", *w->where ? "config.json " : "", w->where,
			 *w->where ? ": " : "", w->text);
}

/* After a start, or as far as it came. */
static void end_timeline(const struct start *s, const struct launch *l)
{
	timeline_print(&s->timeline, l->parent.progress, s->in->args[0], s->in->arena);
}

static int check_terminal(const struct start *s, const struct plan *plan, bool detached,
			  struct error *err)
{
	if (!plan->process.exists)
		return 0;
	if (detached && plan->process.terminal && !s->launch.console_socket)
		return error_config(err, "/process/terminal", PHRASE_NO_CONSOLE);
	if (s->launch.console_socket && (!detached || !plan->process.terminal))
		return error_set(err, ERR_USAGE, PHRASE_ODD_CONSOLE);
	return 0;
}

/* A later 1.x only adds to what we know (X.Y.Z of plan_build()); what it added is ignored. */
static void note_version(const char *version)
{
	unsigned minor, ours;

	if (sscanf(version, "1.%u.", &minor) == 1 && sscanf(SPEC_VERSION, "1.%u.", &ours) == 1 &&
	    minor > ours)
		log_debug("config.json is of version %s, this runtime knows " SPEC_VERSION,
			  version);
}

/* Reads the bundle and makes the plan; refuses here whatever can be refused. */
static int prepare(struct start *s, struct launch *l, bool detached, struct error *err)
{
	struct plan_warnings warnings = { .arena = s->in->arena };
	struct spec_file file;
	int result;

	if (invocation_timeline(s->in, "init", &s->timeline, err) || read_activation(s, err) ||
	    host_guard_descriptors(s->preserve, err) ||
	    invocation_reach_manager(s->in, NULL, err) || read_settings(s, err))
		return -1;
	if (spec_load(s->plan.bundle,
		      s->in->set.config ? invocation_path(s->in, s->in->set.config) : NULL,
		      s->in->arena, &file, err))
		return -1;
	s->launch.timed = s->timeline.on;
	*l = (struct launch){ .host = &s->host,
			      .options = &s->launch,
			      .config = file.text,
			      .config_size = file.size,
			      .arena = s->in->arena };
	timeline_note(&s->timeline, PHASE_PLAN);
	result =
		plan_build(file.config, &s->plan, &s->host, s->in->arena, &warnings, &l->plan, err);
	/* Nothing has been said or made until here, since the program may begin anew. */
	if (result == 0 && parent_protect(l, s->in->argv, err))
		return -1;
	for (size_t i = 0; i < file.warnings.n; i++)
		log_warn("config.json:%u:%u %s: unknown key, did you mean \"%s\"?",
			 file.warnings.list[i].line, file.warnings.list[i].column,
			 file.warnings.list[i].where, file.warnings.list[i].suggestion);
	if (result)
		return -1;
	note_version(file.config->oci_version);
	log_warnings(&warnings);
	return check_terminal(s, l->plan, detached, err);
}

/* parent_create() with its timeline where that is the end of it. */
static int make(const struct start *s, struct launch *l, struct error *err)
{
	if (parent_create(l, err) == 0)
		return 0;
	end_timeline(s, l);
	return -1;
}

static int create(struct invocation *in, struct error *err)
{
	struct start s = { .in = in };
	struct launch l;

	if (prepare(&s, &l, true, err) || make(&s, &l, err))
		return -1;
	end_timeline(&s, &l);
	return 0;
}

/* ---- run ------------------------------------------------------------------------------------------------------------- */

static struct container as_container(const struct launch *l)
{
	return (struct container){ .id = l->plan->id,
				   .arena = l->arena,
				   .state = l->state,
				   .record = l->record,
				   .init = { l->pid, record_get_u64(&l->record, RECORD_START) },
				   .cgroup = l->cgroup,
				   .status = CONTAINER_CREATED,
				   .executed = l->executed };
}

static int start_program(struct start *s, const struct launch *l, struct container *c,
			 struct notify *ret_notify, struct error *err)
{
	int result;

	/* The program may have been executed already, which nobody had to be told. */
	if (!l->executed)
		timeline_note(&s->timeline, PHASE_START);
	result = container_start(c, ret_notify, err);
	end_timeline(s, l);
	return result;
}

/* Between create and the end of the program; the exit status. */
static int attend(struct start *s, struct launch *l, struct foreground *f, struct error *err)
{
	struct container c = as_container(l);
	const struct process_plan *p = &l->plan->process;
	struct error failure;
	int code;

	if ((p->terminal && foreground_terminal(f, l->console_peer, p->rows || p->columns, err)) ||
	    start_program(s, l, &c, &f->notify, err)) {
		(void)container_delete(&c, true, &failure);
		return -1;
	}
	/* For as long as it runs, others may change it. */
	state_unlock(&c.state);
	if (foreground_wait(f, l->pid, l->pidfd, &code, err)) {
		if (state_lock(&c.state, &failure) == 0)
			(void)container_delete(&c, true, &failure);
		return -1;
	}
	if (container_end(&c, f->status, s->in->set.keep, err))
		return err->kind == ERR_NOT_FOUND ? code : -1;
	if (!s->in->set.keep && container_delete(&c, true, err))
		return -1;
	return code;
}

static int run_foreground(struct start *s, struct error *err)
{
	struct foreground f;
	struct launch l;
	int code = -1;

	s->launch.attached = s->launch.starts = true;
	if (prepare(s, &l, false, err))
		return -1;
	if (!l.plan->process.exists)
		return error_config(err, "/process", PHRASE_NO_PROCESS);
	if (foreground_prepare(&f, !s->in->set.no_subreaper, err) == 0 && make(s, &l, err) == 0)
		code = attend(s, &l, &f, err);
	foreground_end(&f);
	return code;
}

static int run_detached(struct start *s, struct error *err)
{
	struct container c;
	struct launch l;

	s->launch.starts = true;
	if (prepare(s, &l, true, err))
		return -1;
	if (!l.plan->process.exists)
		return error_config(err, "/process", PHRASE_NO_PROCESS);
	if (make(s, &l, err))
		return -1;
	c = as_container(&l);
	return start_program(s, &l, &c, NULL, err);
}

static int run(struct invocation *in, struct error *err)
{
	struct start s = { .in = in };

	return in->set.detach ? run_detached(&s, err) : run_foreground(&s, err);
}

static const struct option create_options[] = { CREATE_OPTIONS };
static const struct option run_options[] = {
	CREATE_OPTIONS,
	OPTION(OPTION_FLAG, "detach", 'd', detach, NULL, "return when the program runs"),
	OPTION(OPTION_FLAG, "keep", 0, keep, NULL, "do not delete the container when it has ended"),
};

const struct command command_create = {
	.name = "create",
	.args = "ID",
	.help = "Create a container from a bundle",
	.min_args = 1,
	.max_args = 1,
	.options = create_options,
	.n_options = ARRAY_SIZE(create_options),
	.run = create,
};

const struct command command_run = {
	.name = "run",
	.args = "ID",
	.help = "Create a container, run its program and delete it",
	.min_args = 1,
	.max_args = 1,
	.options = run_options,
	.n_options = ARRAY_SIZE(run_options),
	.run = run,
};
