/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a running container. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "run/exec.h"
#include "run/host.h"
#include "run/timeline.h"
#include "run/wait.h"
#include "spec/load.h"

static void read_options(const struct invocation *in, struct process_options *process,
			 struct exec_options *options)
{
	const struct settings *set = &in->set;

	process->args = (const char *const *)(in->args + 1);
	process->n_args = (size_t)in->n_args - 1;
	process->env = set->env.list;
	process->n_env = set->env.n;
	process->caps = set->caps.list;
	process->n_caps = set->caps.n;
	process->groups = set->groups.list;
	process->n_groups = set->groups.n;
	process->cwd = set->cwd;
	process->user = set->user;
	process->apparmor = set->apparmor;
	process->selinux = set->process_label;
	process->terminal = set->tty;
	process->no_new_privileges = set->no_new_privileges;

	options->console_socket = set->console_socket;
	options->pidfd_socket = set->pidfd_socket;
	options->pid_file = set->pid_file;
	options->argv = in->argv;
	options->cgroups = set->cgroups.list;
	options->n_cgroups = set->cgroups.n;
	options->attached = !set->detach;
	options->ignore_paused = set->ignore_paused;
}

static int read_process(struct invocation *in, struct process_options *process, struct error *err)
{
	struct oci_warnings unknown = { 0 };

	if (!in->set.process)
		return 0;
	if (spec_load_process(in->set.process, in->arena, &process->file, &unknown, err))
		return -1;
	for (size_t i = 0; i < unknown.n; i++)
		log_warn("%s:%u:%u %s: unknown key, did you mean \"%s\"?", in->set.process,
			 unknown.list[i].line, unknown.list[i].column, unknown.list[i].where,
			 unknown.list[i].suggestion);
	return 0;
}

/* Places are those of config.json, but what is meant stands in the process file or on the command line. */
static void name_place(const struct invocation *in, struct error *err)
{
	const char *path = in->set.process, *slash = path ? strrchr(path, '/') : NULL;
	char where[sizeof(err->where)];

	if (*err->file || !str_starts(err->where, "/process"))
		return;
	if (path) {
		memcpy(where, err->where, sizeof(where));
		snprintf(err->where, sizeof(err->where), "%s", where + strlen("/process"));
		snprintf(err->file, sizeof(err->file), "%s", slash ? slash + 1 : path);
	} else if (str_starts(err->where, "/process/args") ||
		   (in->set.cwd && str_eq(err->where, "/process/cwd")) ||
		   (in->set.user && str_starts(err->where, "/process/user")) ||
		   (in->set.process_label && str_eq(err->where, "/process/selinuxLabel")) ||
		   (in->set.apparmor && str_eq(err->where, "/process/apparmorProfile")) ||
		   (in->set.tty && str_eq(err->where, "/process/terminal"))) {
		err->where[0] = '\0';
	}
}

static int make_plan(struct exec *e, const struct process_options *process, unsigned preserve,
		     struct plan_warnings *warnings, struct error *err)
{
	struct container *c = e->container;
	struct plan_options options = { .id = c->id,
					.bundle = record_get(&c->record, RECORD_BUNDLE),
					.preserve_fds = preserve,
					.keyring = record_get(&c->record, RECORD_KEYRING) };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	size_t size;
	const char *text = state_read_file(&c->state, STATE_CONFIG, c->arena, &size, err);

	if (!text || oci_config_parse(text, size, c->arena, &config, &unknown, err))
		return -1;
	return plan_exec(config, process, &options, e->host, c->arena, warnings, &e->plan, err);
}

static int check_terminal(const struct exec *e, struct error *err)
{
	bool terminal = e->plan->process.terminal, detached = !e->options->attached;

	if (detached && terminal && !e->options->console_socket)
		return error_set(err, ERR_USAGE, PHRASE_NO_CONSOLE);
	if (e->options->console_socket && (!detached || !terminal))
		return error_set(err, ERR_USAGE, PHRASE_ODD_CONSOLE);
	return 0;
}

static int prepare(struct exec *e, const struct timeline *t, struct error *err)
{
	if (exec_prepare(e, err) == 0)
		return 0;
	timeline_print(t, e->parent.progress, e->container->id, e->arena);
	return -1;
}

static int go(struct exec *e, const struct timeline *t, struct error *err)
{
	int result = exec_go(e, err);

	timeline_print(t, e->parent.progress, e->container->id, e->arena);
	return result;
}

/* From the terminal to the end of the process; its exit status. */
static int attend(struct exec *e, struct foreground *f, const struct timeline *t, struct error *err)
{
	const struct process_plan *p = &e->plan->process;
	int code;

	if (p->terminal && foreground_terminal(f, e->console_peer, p->rows || p->columns, err)) {
		exec_abandon(e);
		return -1;
	}
	if (go(e, t, err) || foreground_wait(f, e->pid, e->pidfd, &code, err))
		return -1;
	if (code == 128 + SIGKILL)
		exec_explain_kill(e);
	return code;
}

static int run_process(struct exec *e, const struct timeline *t, struct error *err)
{
	struct foreground f;
	int code = -1;

	if (!e->options->attached)
		return prepare(e, t, err) || go(e, t, err) ? -1 : 0;
	if (foreground_prepare(&f, false, err) == 0 && prepare(e, t, err) == 0)
		code = attend(e, &f, t, err);
	foreground_end(&f);
	return code;
}

static int exec_in(struct invocation *in, struct container *c, unsigned preserve,
		   struct timeline *t, struct error *err)
{
	struct plan_warnings warnings = { .arena = in->arena };
	struct process_options process = { 0 };
	struct exec_options options = { 0 };
	struct host host;
	struct exec e = { .container = c, .host = &host, .options = &options, .arena = in->arena };

	read_options(in, &process, &options);
	options.timed = t->on;
	if (invocation_host(in, &host, err) || read_process(in, &process, err) ||
	    exec_check(c, options.ignore_paused, err))
		return -1;
	timeline_note(t, PHASE_PLAN);
	if (make_plan(&e, &process, preserve, &warnings, err) || check_terminal(&e, err))
		return -1;
	for (const struct plan_warning *w = warnings.first; w; w = w->next)
		log_warn("%s%s%s", w->where, *w->where ? ": " : "", w->text);
	timeline_note(t, PHASE_CGROUP);
	if (exec_open(&e, err) == 0)
		return run_process(&e, t, err);
	timeline_print(t, e.parent.progress, c->id, in->arena);
	return -1;
}

static int execute(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	struct timeline timeline;
	unsigned preserve;
	int code = -1;

	if (!in->set.process && in->n_args < 2)
		return error_set(err, ERR_USAGE, "process args cannot be empty");
	if (invocation_timeline(in, "process", &timeline, err) ||
	    invocation_preserve_fds(in, &preserve, err) || host_guard_descriptors(preserve, err) ||
	    (host_reads_once(in->set.process) && host_protect_program(in->argv, err)) ||
	    invocation_open(in, false, &c, err))
		return -1;
	code = exec_in(in, &c, preserve, &timeline, err);
	if (code < 0)
		name_place(in, err);
	return code;
}

static const struct option exec_options[] = {
	OPTION(OPTION_VALUE, "process", 'p', process, "FILE",
	       "the process, as under /process in config.json"),
	OPTION(OPTION_SWITCH, "tty", 't', tty, NULL, "give it a terminal"),
	OPTION(OPTION_VALUE, "console-socket", 0, console_socket, "PATH",
	       "AF_UNIX socket that gets the terminal's primary end"),
	OPTION(OPTION_VALUE, "pidfd-socket", 0, pidfd_socket, "PATH",
	       "AF_UNIX socket that gets a pidfd of the process"),
	OPTION(OPTION_FLAG, "detach", 'd', detach, NULL, "return when the program runs"),
	OPTION(OPTION_VALUE, "pid-file", 0, pid_file, "FILE", "write its pid to FILE"),
	OPTION(OPTION_VALUE, "cwd", 0, cwd, "DIR", "its working directory"),
	OPTION(OPTION_VALUES, "env", 'e', env, "NAME=VALUE", "set a variable"),
	OPTION(OPTION_VALUE, "user", 'u', user, "USER[:GROUP]",
	       "ids, or names in the container's passwd and group"),
	OPTION(OPTION_VALUES, "additional-gids", 'g', groups, "GID", "add a group"),
	OPTION(OPTION_VALUES, "cap", 'c', caps, "CAP", "add a capability"),
	OPTION(OPTION_SWITCH, "no-new-privs", 0, no_new_privileges, NULL,
	       "programs it executes gain no privileges"),
	OPTION(OPTION_VALUE, "apparmor", 0, apparmor, "PROFILE", "its AppArmor profile"),
	OPTION(OPTION_VALUE, "process-label", 0, process_label, "LABEL", "its SELinux label"),
	OPTION(OPTION_VALUE, "preserve-fds", 0, preserve_fds, "N",
	       "pass N descriptors beginning with 3"),
	OPTION(OPTION_VALUES, "cgroup", 0, cgroups, "PATH",
	       "a cgroup below its own; CTRL,...:PATH for some controllers"),
	OPTION(OPTION_FLAG, "ignore-paused", 0, ignore_paused, NULL,
	       "join a paused container, and wait until it is resumed"),
	TIMELINE_OPTIONS,
};

const struct command command_exec = {
	.name = "exec",
	.args = "ID [COMMAND ARG...]",
	.help = "Run one more program in a running container",
	.min_args = 1,
	.max_args = -1,
	.own_words = true,
	.failure = 255,
	.options = exec_options,
	.n_options = ARRAY_SIZE(exec_options),
	.run = execute,
};
