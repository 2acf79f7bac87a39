/* SPDX-License-Identifier: Apache-2.0 */
/* mounts: mounts of a running container. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "plan/plan.h"
#include "run/container.h"
#include "run/graft.h"
#include "run/host.h"
#include "spec/load.h"

static int make_plan(struct container *c, const struct host *host, struct oci_config *wanted,
		     struct plan_warnings *warnings, const struct plan **ret, struct error *err)
{
	const struct plan_options options = { .id = c->id,
					      .bundle = record_get(&c->record, RECORD_BUNDLE) };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	struct oci_config changed;
	size_t size;
	const char *text = state_read_file(&c->state, STATE_CONFIG, c->arena, &size, err);

	if (!text || oci_config_parse(text, size, c->arena, &config, &unknown, err))
		return -1;
	changed = *config;
	changed.mounts = wanted->mounts;
	changed.n_mounts = wanted->n_mounts;
	return plan_graft(&changed, &options, host, c->arena, warnings, ret, err);
}

/* Of a mount to remove the destination is enough, and all that counts. */
static void keep_destinations(struct oci_config *wanted, struct arena *a)
{
	struct oci_mount *list = arena_new_n(a, struct oci_mount, wanted->n_mounts);

	for (size_t i = 0; i < wanted->n_mounts; i++)
		list[i] = (struct oci_mount){ .destination = wanted->mounts[i].destination,
					      .type = "tmpfs",
					      .source = "none" };
	wanted->mounts = list;
}

static int change(struct invocation *in, bool add, struct container *c, struct error *err)
{
	struct plan_warnings warnings = { .arena = in->arena };
	struct oci_warnings unknown = { 0 };
	struct oci_config wanted = { 0 };
	const struct plan *plan;
	struct host host;

	if (spec_load_mounts(in->args[2], in->arena, &wanted.mounts, &wanted.n_mounts, &unknown,
			     err))
		return -1;
	for (size_t i = 0; i < unknown.n; i++)
		log_warn("%s: %s: unknown key, did you mean \"%s\"?", in->args[2],
			 unknown.list[i].where + strlen("/mounts"), unknown.list[i].suggestion);
	if (!add)
		keep_destinations(&wanted, in->arena);
	if (host_read(&host, in->arena, err) || make_plan(c, &host, &wanted, &warnings, &plan, err))
		return -1;
	for (const struct plan_warning *w = warnings.first; w; w = w->next)
		log_warn("%s%s%s", w->where, *w->where ? ": " : "", w->text);
	return add ? graft_add(c, &host, plan, err) : graft_remove(c, &host, plan, err);
}

static int mounts(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	const char *word = in->args[0];
	bool add = str_eq(word, "add");

	if (!add && !str_eq(word, "remove"))
		return error_set(err, ERR_USAGE, "unknown action \"%s\": add or remove", word);
	if (host_guard_descriptors(0, err))
		return -1;
	/* The id is where other commands have it. */
	in->args++;
	in->n_args--;
	if (invocation_open(in, true, &c, err))
		return -1;
	in->args--;
	in->n_args++;
	if (change(in, add, &c, err) == 0)
		return 0;
	/* Places in a plan are those of config.json. */
	(void)spec_place_in_file(err, "/mounts", in->args[2]);
	return -1;
}

const struct command command_mounts = {
	.name = "mounts",
	.args = "add|remove ID FILE",
	.help = "Add mounts to a running container, or remove them",
	.min_args = 3,
	.max_args = 3,
	.run = mounts,
};
