/* SPDX-License-Identifier: Apache-2.0 */
/* start, kill, pause, resume, delete: changes to a container that exists. */
#include <signal.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "run/container.h"
#include "run/host.h"
#include "spec/names.h"

static int start(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;

	if (host_guard_descriptors(0, err) || invocation_open(in, true, &c, err) ||
	    invocation_reach_manager(in, &c, err))
		return -1;
	return container_start(&c, NULL, err);
}

static int send_signal(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	const char *name = in->n_args > 1 ? in->args[1] : in->set.signal ? in->set.signal : "TERM";
	int sig = signal_find(name);
	char shown[64];

	if (sig < 0)
		return error_set(err, ERR_USAGE, PHRASE_UNKNOWN_SIGNAL,
				 str_quote(name, shown, sizeof(shown)));
	if (invocation_open(in, false, &c, err))
		return -1;
	return container_kill(&c, sig, in->set.all, err);
}

static int pause_container(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;

	return invocation_open(in, true, &c, err) ? -1 : container_pause(&c, err);
}

static int resume(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;

	return invocation_open(in, true, &c, err) ? -1 : container_resume(&c, err);
}

static int delete_container(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;

	if (host_guard_descriptors(0, err))
		return -1;
	if (invocation_open(in, true, &c, err)) {
		/* Engines delete what may never have been made, or be gone already. */
		return in->set.force && err->kind == ERR_NOT_FOUND ? 0 : -1;
	}
	if (invocation_reach_manager(in, &c, err))
		return -1;
	return container_delete(&c, in->set.force, err);
}

static const struct option kill_options[] = {
	OPTION(OPTION_FLAG, "all", 'a', all, NULL, "signal every process of the container"),
	OPTION(OPTION_VALUE, "signal", 0, signal, "SIGNAL", "the signal, as the second argument"),
};

static const struct option delete_options[] = {
	OPTION(OPTION_FLAG, "force", 'f', force, NULL, "kill it first; a missing one is fine"),
};

const struct command command_start = {
	.name = "start",
	.args = "ID",
	.help = "Run the program of a created container",
	.min_args = 1,
	.max_args = 1,
	.run = start,
};

const struct command command_kill = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.help = "Send a signal (default TERM) to a container's init",
	.min_args = 1,
	.max_args = 2,
	.options = kill_options,
	.n_options = ARRAY_SIZE(kill_options),
	.run = send_signal,
};

const struct command command_pause = {
	.name = "pause",
	.args = "ID",
	.help = "Stop all processes of a container until it is resumed",
	.min_args = 1,
	.max_args = 1,
	.run = pause_container,
};

const struct command command_resume = {
	.name = "resume",
	.args = "ID",
	.help = "Let a paused container go on",
	.min_args = 1,
	.max_args = 1,
	.run = resume,
};

const struct command command_delete = {
	.name = "delete",
	.args = "ID",
	.help = "Delete a container and everything that was made for it",
	.min_args = 1,
	.max_args = 1,
	.options = delete_options,
	.n_options = ARRAY_SIZE(delete_options),
	.run = delete_container,
};
