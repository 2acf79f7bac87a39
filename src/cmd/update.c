/* SPDX-License-Identifier: Apache-2.0 */
/* update: what a container may use from now on. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "plan/change.h"
#include "run/container.h"
#include "run/host.h"
#include "spec/load.h"

#define LIMIT_OPTION(name, member, value, help) OPTION(OPTION_VALUE, name, 0, member, value, help)

static const struct option update_options[] = {
	OPTION(OPTION_VALUE, "resources", 'r', resources, "FILE",
	       "limits as under /linux/resources in config.json (-: standard input)"),
	/* Those of the plan's table, which have the same names. */
	LIMIT_OPTION("blkio-weight", blkio_weight, "N", "weight of block I/O, 10 to 1000"),
	LIMIT_OPTION("cpu-burst", cpu_burst, "USECS", "what may be saved up of the quota"),
	LIMIT_OPTION("cpu-idle", cpu_idle, "N", "1: only what others leave of the CPU"),
	LIMIT_OPTION("cpu-period", cpu_period, "USECS", "period of the quota"),
	LIMIT_OPTION("cpu-quota", cpu_quota, "USECS", "time in a period (-1: no limit)"),
	LIMIT_OPTION("cpu-rt-period", cpu_rt_period, "USECS", "period of real-time tasks"),
	LIMIT_OPTION("cpu-rt-runtime", cpu_rt_runtime, "USECS", "time of real-time tasks"),
	LIMIT_OPTION("cpu-share", cpu_share, "N", "weight of the CPU, 2 to 262144"),
	LIMIT_OPTION("cpuset-cpus", cpuset_cpus, "LIST", "CPUs"),
	LIMIT_OPTION("cpuset-mems", cpuset_mems, "LIST", "memory nodes"),
	LIMIT_OPTION("memory", memory, "SIZE", "memory (-1: no limit)"),
	LIMIT_OPTION("memory-reservation", memory_reservation, "SIZE",
		     "memory that is not taken away"),
	LIMIT_OPTION("memory-swap", memory_swap, "SIZE", "memory and swap together"),
	LIMIT_OPTION("pids-limit", pids_limit, "N", "processes (-1: no limit)"),
	/* These are not. */
	LIMIT_OPTION("kernel-memory", kernel_memory, "SIZE", "ignored with a warning"),
	LIMIT_OPTION("kernel-memory-tcp", kernel_memory_tcp, "SIZE", "ignored with a warning"),
	LIMIT_OPTION("l3-cache-schema", l3_cache_schema, "LINE", "share of the L3 cache"),
	LIMIT_OPTION("mem-bw-schema", mem_bw_schema, "LINE", "share of the memory bandwidth"),
};

#define FIRST_LIMIT 1
#define LIMITS (ARRAY_SIZE(update_options) - FIRST_LIMIT - 4)

/* The options of the plan's table that were given. */
static size_t given_options(const struct invocation *in, struct pair *ret)
{
	size_t n = 0;

	for (size_t i = FIRST_LIMIT; i < FIRST_LIMIT + LIMITS; i++) {
		const char *value = *(const char *const *)(const void *)((const char *)&in->set +
									 update_options[i].offset);

		if (value)
			ret[n++] = (struct pair){ update_options[i].name, value };
	}
	return n;
}

/* What is to be changed: the file, and above it the options. */
static int read_change(struct invocation *in, const struct oci_resources **ret, struct error *err)
{
	const struct oci_resources *change = arena_new(in->arena, struct oci_resources);
	struct pair options[LIMITS];
	struct oci_warnings unknown = { 0 };
	size_t n = given_options(in, options);
	const char *path = in->set.resources;

	if (path && spec_load_resources(path, in->arena, &change, &unknown, err))
		return -1;
	for (size_t i = 0; i < unknown.n; i++)
		log_warn("%s:%u:%u %s: unknown key, did you mean \"%s\"?",
			 str_eq(path, "-") ? "standard input" : path, unknown.list[i].line,
			 unknown.list[i].column, unknown.list[i].where, unknown.list[i].suggestion);
	if (in->set.kernel_memory || in->set.kernel_memory_tcp)
		log_warn(
			"kernel memory is not limited by itself any more, the options are ignored");
	if (plan_update_options(options, n, in->arena, &change, err))
		return -1;
	*ret = change;
	return 0;
}

/* The configuration that the container was made with, and what an earlier update made of its resources. */
static int read_present(const struct container *c, const struct oci_config **ret,
			const struct oci_resources **ret_now, const char **ret_text,
			struct error *err)
{
	struct oci_warnings unknown = { 0 };
	const char *text;
	size_t size;

	text = state_read_file(&c->state, STATE_CONFIG, c->arena, &size, err);
	if (!text || oci_config_parse(text, size, c->arena, ret, &unknown, err))
		return -1;
	*ret_now = (*ret)->linux_ ? (*ret)->linux_->resources : NULL;
	*ret_text = text = state_read_file(&c->state, STATE_RESOURCES, c->arena, &size, err);
	if (!text)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	return oci_resources_parse(text, size, c->arena, ret_now, &unknown, err);
}

/* The device rules that are in force, should those of the change have to be taken back. */
static int plan_before(const struct container *c, const struct oci_config *config,
		       const struct oci_resources *now, struct cgroup_plan *ret, struct error *err)
{
	struct plan_warnings unused = { .arena = c->arena };
	struct oci_linux os = { 0 };
	struct host host;

	if (host_read(&host, c->arena, err))
		return -1;
	if (config->linux_)
		os = *config->linux_;
	os.resources = now;
	return plan_cgroup(&os, c->id, &host, c->arena, &unused, ret, err);
}

/* Places are those of config.json; what is meant is an option, or stands in the file. */
static void name_place(const struct invocation *in, struct error *err)
{
	const char *option = plan_update_option(err->where);
	struct pair options[LIMITS];
	size_t n = given_options(in, options);

	for (size_t i = 0; !*err->file && option && i < n; i++)
		if (str_eq(options[i].key, option)) {
			err->where[0] = '\0';
			error_in(err, "--%s", option);
			return;
		}
	if (in->set.resources)
		(void)spec_place_in_file(err, "/linux/resources", in->set.resources);
}

static int change_container(struct invocation *in, struct container *c,
			    const struct oci_resources *given, struct error *err)
{
	struct plan_warnings warnings = { .arena = in->arena };
	const struct oci_resources *now, *whole;
	const struct oci_config *config;
	struct cgroup_plan plan, before = { 0 };
	struct container_change change = { .plan = &plan, .before = &before };
	struct json_writer w;

	if (read_present(c, &config, &now, &change.resources_before, err) ||
	    plan_update(given, now, c->id, in->arena, &warnings, &plan, &whole, err) ||
	    (plan.n_devices && plan_before(c, config, now, &before, err)))
		return -1;
	for (const struct plan_warning *p = warnings.first; p; p = p->next)
		log_warn("%s%s%s", p->where, *p->where ? ": " : "", p->text);
	json_begin(&w, in->arena, NULL);
	oci_resources_write(&w, whole);
	change.resources = w.text;
	change.l3 = in->set.l3_cache_schema;
	change.mb = in->set.mem_bw_schema;
	return container_update(c, &change, err);
}

/* Before a file is read that may be one to be read only once. */
static int reach_manager(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;

	return invocation_open(in, false, &c, err) || invocation_reach_manager(in, &c, err) ? -1
											    : 0;
}

static int update(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	const struct oci_resources *given;

	if ((in->set.resources && reach_manager(in, err)) || read_change(in, &given, err) ||
	    invocation_open(in, true, &c, err) || invocation_reach_manager(in, &c, err))
		return -1;
	if (change_container(in, &c, given, err) == 0)
		return 0;
	name_place(in, err);
	return -1;
}

const struct command command_update = {
	.name = "update",
	.args = "ID",
	.help = "Change what a container may use",
	.min_args = 1,
	.max_args = 1,
	.options = update_options,
	.n_options = ARRAY_SIZE(update_options),
	.run = update,
};
