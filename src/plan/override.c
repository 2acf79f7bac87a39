/* SPDX-License-Identifier: Apache-2.0 */
/* The process object of exec: config.json's or a file's, and what the command line says instead. */
#include <ctype.h>
#include <string.h>
#include <sys/capability.h>

#include "oci_spec.h"
#include "base/phrases.h"
#include "plan/plan.h"

static int refuse_value(struct error *err, const char *option, const char *value, const char *why)
{
	char shown[64];

	return error_set(err, ERR_USAGE, "invalid value \"%s\" of option --%s: %s",
			 str_quote(value, shown, sizeof(shown)), option, why);
}

/* Both lists in one; n_b is not 0. */
static const char *const *join_lists(const char *const *a, size_t n_a, const char *const *b,
				     size_t n_b, struct arena *arena)
{
	const char **list = arena_grow(arena, a, n_a, n_a + n_b + 1, sizeof(*list));

	memcpy(list + n_a, b, n_b * sizeof(*list));
	return list;
}

/* ---- who ------------------------------------------------------------------------------------------------------------- */

/* Digits are a number and never looked up, so that no image can give the name "1000" to root. */
static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

/* -1 is no id: to setresuid(2) it means "leave alone", and the program would stay root. */
static bool to_id(const char *s, uint32_t *ret)
{
	uint64_t number;

	if (!is_number(s) || !str_to_u64(s, &number) || number >= UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static bool is_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-$", *s))
			return false;
	return true;
}

static int override_user(const char *text, struct arena *a, struct oci_user *user,
			 struct process_plan *names, struct error *err)
{
	const char *colon = strchr(text, ':'), *group = colon ? colon + 1 : NULL;
	const char *name = colon ? arena_strndup(a, text, (size_t)(colon - text)) : text;

	if (is_name(name)) {
		names->user_name = name;
		/* The groups of another user are not its own. */
		user->n_additional_gids = 0;
	} else if (!to_id(name, &user->uid)) {
		return refuse_value(err, "user", text,
				    "UID[:GID] or a name in the container is expected");
	}
	if (!group)
		return 0;
	names->keep_gid = true;
	if (is_name(group))
		names->group_name = group;
	else if (!to_id(group, &user->gid))
		return refuse_value(err, "user", text, "the group is neither a number nor a name");
	return 0;
}

static int add_groups(const struct process_options *options, struct arena *a, struct oci_user *user,
		      struct error *err)
{
	size_t n = user->n_additional_gids;
	uint32_t *list =
		arena_grow(a, user->additional_gids, n, n + options->n_groups + 1, sizeof(*list));

	for (size_t i = 0; i < options->n_groups; i++)
		if (!to_id(options->groups[i], &list[n++]))
			return refuse_value(err, "additional-gids", options->groups[i],
					    "no group id");
	user->additional_gids = list;
	user->n_additional_gids = n;
	return 0;
}

/* ---- what it may ------------------------------------------------------------------------------------------------------- */

static bool holds(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], word))
			return true;
	return false;
}

/*
 * As in runc: bounding, effective and permitted; ambient only what is inheritable already, since nothing shall become
 * inheritable that a file of the image could pick up.
 */
static int add_capabilities(const struct process_options *options, struct arena *a,
			    struct oci_capabilities *caps, struct error *err)
{
	const char **ambient = arena_grow(a, caps->ambient, caps->n_ambient,
					  caps->n_ambient + options->n_caps, sizeof(*ambient));

	for (size_t i = 0; i < options->n_caps; i++) {
		const char *cap = options->caps[i];
		cap_value_t value;

		if (!str_starts(cap, "CAP_") || cap_from_name(cap, &value) < 0)
			return refuse_value(err, "cap", cap, "no such capability");
		if (holds(caps->inheritable, caps->n_inheritable, cap))
			ambient[caps->n_ambient++] = cap;
	}
	caps->ambient = ambient;
	caps->bounding =
		join_lists(caps->bounding, caps->n_bounding, options->caps, options->n_caps, a);
	caps->n_bounding += options->n_caps;
	caps->effective =
		join_lists(caps->effective, caps->n_effective, options->caps, options->n_caps, a);
	caps->n_effective += options->n_caps;
	caps->permitted =
		join_lists(caps->permitted, caps->n_permitted, options->caps, options->n_caps, a);
	caps->n_permitted += options->n_caps;
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------------------------------------- */

/* What confines the container confines its further processes, unless the file says something else. */
static void inherit(struct oci_process *p, const struct oci_process *from)
{
	if (!p->capabilities)
		p->capabilities = from->capabilities;
	if (!p->n_rlimits) {
		p->rlimits = from->rlimits;
		p->n_rlimits = from->n_rlimits;
	}
	if (!p->has_no_new_privileges) {
		p->has_no_new_privileges = from->has_no_new_privileges;
		p->no_new_privileges = from->no_new_privileges;
	}
	if (!p->apparmor_profile || !*p->apparmor_profile)
		p->apparmor_profile = from->apparmor_profile;
	if (!p->selinux_label || !*p->selinux_label)
		p->selinux_label = from->selinux_label;
	if (!p->has_oom_score_adj) {
		p->has_oom_score_adj = from->has_oom_score_adj;
		p->oom_score_adj = from->oom_score_adj;
	}
	if (!p->scheduler)
		p->scheduler = from->scheduler;
	if (!p->io_priority)
		p->io_priority = from->io_priority;
	if (!p->exec_cpu_affinity)
		p->exec_cpu_affinity = from->exec_cpu_affinity;
}

static int check_options(const struct process_options *options, struct error *err)
{
	for (size_t i = 0; i < options->n_env; i++) {
		const char *equal = strchr(options->env[i], '=');

		if (!equal || equal == options->env[i])
			return refuse_value(err, "env", options->env[i], "NAME=VALUE is expected");
	}
	if (options->cwd && options->cwd[0] != '/')
		return refuse_value(err, "cwd", options->cwd, PHRASE_RELATIVE_CWD);
	if (options->file && options->n_args)
		return error_set(err, ERR_USAGE,
				 "a command and --process are given, only one of them can be");
	return 0;
}

int plan_override(const struct oci_process *base, const struct process_options *options,
		  struct arena *a, struct oci_process *ret, struct process_plan *ret_names,
		  struct error *err)
{
	struct oci_process *p = ret;
	struct oci_capabilities *caps = arena_new(a, struct oci_capabilities);
	struct oci_user *user = arena_new(a, struct oci_user);

	if (check_options(options, err))
		return -1;
	*p = *(options->file ? options->file : base);
	if (!options->file) {
		p->terminal = false;
		p->console_size = NULL;
		p->args = options->args;
		p->n_args = options->n_args;
	} else if (base) {
		inherit(p, base);
	}
	if (p->user)
		*user = *p->user;
	if (base && base->user && !user->has_umask) {
		user->has_umask = base->user->has_umask;
		user->umask = base->user->umask;
	}
	p->user = user;
	if (options->user && override_user(options->user, a, user, ret_names, err))
		return -1;
	if (options->n_groups && add_groups(options, a, user, err))
		return -1;
	if (p->capabilities)
		*caps = *p->capabilities;
	if (options->n_caps) {
		p->capabilities = caps;
		if (add_capabilities(options, a, caps, err))
			return -1;
	}
	if (options->n_env) {
		p->env = join_lists(p->env, p->n_env, options->env, options->n_env, a);
		p->n_env += options->n_env;
	}
	if (options->cwd)
		p->cwd = options->cwd;
	if (options->apparmor)
		p->apparmor_profile = options->apparmor;
	if (options->selinux)
		p->selinux_label = options->selinux;
	if (options->terminal)
		p->terminal = options->terminal > 0;
	if (options->no_new_privileges)
		p->no_new_privileges = options->no_new_privileges > 0;
	return 0;
}
