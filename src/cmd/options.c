/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"

static const struct option global_options[] = {
	OPTION(OPTION_VALUE, "root", 0, root, "DIR",
	       "directory of the containers' state (default: $XDG_RUNTIME_DIR/teu or /run/teu)"),
	OPTION(OPTION_VALUE, "log", 0, log, "FILE",
	       "append log records to FILE instead of standard error"),
	OPTION(OPTION_VALUE, "log-format", 0, log_format, "FORMAT", "text (default) or json"),
	OPTION(OPTION_VALUE, "log-level", 0, log_level, "LEVEL",
	       "error (default), warning, info or debug"),
	OPTION(OPTION_FLAG, "debug", 0, debug, NULL, "the same as --log-level debug"),
	OPTION(OPTION_FLAG, "systemd-cgroup", 0, systemd_cgroup, NULL,
	       "have systemd make the cgroups (the same as --cgroup-manager systemd)"),
	OPTION(OPTION_VALUE, "cgroup-manager", 0, cgroup_manager, "MANAGER",
	       "cgroupfs (default), systemd or disabled"),
	OPTION(OPTION_VALUE, "rootless", 0, rootless, "BOOL",
	       "true, false or auto (default): tolerate cgroups that may not be written"),
	OPTION(OPTION_VALUE, "criu", 0, criu, "PATH", "accepted and ignored"),
	OPTION(OPTION_FLAG, "version", 'v', version, NULL, "print the version"),
	OPTION(OPTION_FLAG, "help", 'h', help, NULL, "print help"),
};

static const struct command *const commands[] = {
	&command_create,  &command_start,  &command_state,  &command_kill,   &command_delete,
	&command_run,	  &command_exec,   &command_pause,  &command_resume, &command_update,
	&command_ps,	  &command_events, &command_list,   &command_spec,   &command_features,
	&command_seccomp, &command_check,  &command_mounts,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static const struct option *find_name(const struct option *table, size_t n, const char *name,
				      size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
			return &table[i];
	return NULL;
}

static const struct option *find_letter(const struct option *table, size_t n, char letter)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].letter == letter)
			return &table[i];
	return NULL;
}

/* A command's own options come before the global ones. */
static const struct option *find_long(const struct command *c, const char *name, size_t len)
{
	const struct option *o = c ? find_name(c->options, c->n_options, name, len) : NULL;

	return o ? o : find_name(global_options, ARRAY_SIZE(global_options), name, len);
}

static const struct option *find_short(const struct command *c, char letter)
{
	const struct option *o = c ? find_letter(c->options, c->n_options, letter) : NULL;

	if (!o && letter == 'V')
		letter = 'v';
	return o ? o : find_letter(global_options, ARRAY_SIZE(global_options), letter);
}

static const char **value_of(struct settings *set, const struct option *o)
{
	return (const char **)(void *)((char *)set + o->offset);
}

static int set_flag(struct settings *set, const struct option *o, const char *value,
		    struct error *err)
{
	void *member = (char *)set + o->offset;
	bool on = !value || str_eq(value, "true") || str_eq(value, "1");

	if (!on && !str_eq(value, "false") && !str_eq(value, "0"))
		return error_set(err, ERR_USAGE,
				 "invalid value \"%s\" of option --%s: true or false", value,
				 o->name);
	if (o->kind == OPTION_SWITCH)
		*(int *)member = on ? 1 : -1;
	else
		*(bool *)member = on;
	return 0;
}

static void add_value(struct invocation *in, const struct option *o, const char *value)
{
	struct values *v = (struct values *)(void *)((char *)&in->set + o->offset);
	const char **list;

	/* Before the command is known nothing is kept. */
	if (!in->arena)
		return;
	list = arena_grow(in->arena, v->list, v->n, v->n + 1, sizeof(*list));
	list[v->n++] = value;
	v->list = list;
}

static bool takes_value(const struct option *o)
{
	return o->kind == OPTION_VALUE || o->kind == OPTION_VALUES;
}

/* Sets one option; takes the next word where its value is there. */
static int set_option(struct invocation *in, const struct option *o, const char *value,
		      char ***next, struct error *err)
{
	if (!takes_value(o))
		return set_flag(&in->set, o, value, err);
	if (!value) {
		if (!**next)
			return error_set(err, ERR_USAGE, PHRASE_NEEDS_VALUE, o->name);
		value = *(*next)++;
	}
	if (o->kind == OPTION_VALUES)
		add_value(in, o, value);
	else
		*value_of(&in->set, o) = value;
	return 0;
}

static int unknown_option(const struct invocation *in, const char *word, struct error *err)
{
	return error_set(err, ERR_USAGE, "unknown option \"%s\"%s%s", word,
			 in->command ? " of command " : "", in->command ? in->command->name : "");
}

static int parse_bundle(struct invocation *in, const char *word, char ***next, struct error *err)
{
	for (const char *p = word + 1; *p; p++) {
		const struct option *o = find_short(in->command, *p);

		if (!o)
			return unknown_option(in, word, err);
		if (takes_value(o)) {
			/* What follows the letter is its value: -bDIR, -b=DIR. */
			const char *value = p[1] == '=' ? p + 2 : p[1] ? p + 1 : NULL;

			return set_option(in, o, value, next, err);
		}
		if (p[1] == '=')
			return set_option(in, o, p + 2, next, err);
		if (set_option(in, o, NULL, next, err))
			return -1;
	}
	return 0;
}

static int parse_option(struct invocation *in, char ***next, struct error *err)
{
	const char *word = *(*next)++, *name = word + 1 + (word[1] == '-');
	size_t len = strcspn(name, "=");
	const struct option *o = find_long(in->command, name, len);

	if (o && (word[1] == '-' || len > 1))
		return set_option(in, o, name[len] ? name + len + 1 : NULL, next, err);
	if (word[1] == '-')
		return unknown_option(in, word, err);
	return parse_bundle(in, word, next, err);
}

/* Words that only some commands need are judged by all. */
static int check_words(const struct settings *set, struct error *err)
{
	const char *manager = set->cgroup_manager, *rootless = set->rootless;

	if (manager && !str_eq(manager, "cgroupfs") && !str_eq(manager, "systemd") &&
	    !str_eq(manager, "disabled"))
		return error_set(err, ERR_USAGE,
				 "invalid cgroup-manager \"%s\": cgroupfs, systemd or disabled",
				 manager);
	if (rootless && !str_eq(rootless, "auto") && !str_eq(rootless, "true") &&
	    !str_eq(rootless, "false"))
		return error_set(err, ERR_USAGE,
				 "invalid value \"%s\" of option --rootless: true, false or auto",
				 rootless);
	return 0;
}

static int check_count(const struct invocation *in, struct error *err)
{
	const struct command *c = in->command;

	if (c->min_args == c->max_args && in->n_args != c->min_args)
		return error_set(err, ERR_USAGE, PHRASE_EXACTLY, c->name, c->min_args);
	if (in->n_args < c->min_args)
		return error_set(err, ERR_USAGE, PHRASE_AT_LEAST, c->name, c->min_args);
	if (c->max_args >= 0 && in->n_args > c->max_args)
		return error_set(err, ERR_USAGE, PHRASE_AT_MOST, c->name, c->max_args);
	return 0;
}

static int help_command(struct invocation *in, char **next, struct error *err)
{
	in->set.help = true;
	if (*next && **next != '-') {
		in->command = command_find(*next);
		if (!in->command)
			return error_set(err, ERR_USAGE, "unknown command \"%s\"", *next);
	}
	return 0;
}

int options_parse(struct invocation *in, int argc, char **argv, struct error *err)
{
	char **next = argv + (argc > 0);
	bool options = true;

	in->args = arena_new_n(in->arena, char *, (size_t)argc + 1);
	while (*next) {
		if (options && str_eq(*next, "--")) {
			options = false;
			next++;
		} else if (options && (*next)[0] == '-' && (*next)[1]) {
			if (parse_option(in, &next, err))
				return -1;
		} else if (!in->command) {
			if (str_eq(*next, "help"))
				return help_command(in, next + 1, err);
			in->command = command_find(*next);
			if (!in->command)
				return error_set(err, ERR_USAGE, "unknown command \"%s\"", *next);
			next++;
		} else {
			in->args[in->n_args++] = *next++;
			if (in->command->own_words)
				options = false;
		}
	}
	if (in->set.help || in->set.version)
		return 0;
	if (!in->command)
		return error_set(err, ERR_USAGE, "no command given; `teu --help` lists them");
	return check_words(&in->set, err) || check_count(in, err) ? -1 : 0;
}

void options_find_log(struct settings *set, int argc, char **argv)
{
	struct invocation in = { 0 };
	struct error unused;

	for (char **next = argv + (argc > 0); *next && (*next)[0] == '-' && !str_eq(*next, "--");)
		(void)parse_option(&in, &next, &unused);
	set->log = in.set.log;
	set->log_format = in.set.log_format;
	set->log_level = in.set.log_level;
	set->debug = in.set.debug;
}

static void print_options(const struct option *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct option *o = &table[i];
		char left[48];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ",
			 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		printf("  %-28s %s\n", left, o->help);
	}
}

void options_help(const struct command *command)
{
	if (command) {
		printf("Usage: teu [GLOBAL OPTIONS] %s%s %s\n\n%s.\n", command->name,
		       command->n_options ? " [OPTIONS]" : "", command->args, command->help);
		if (command->n_options)
			printf("\nOptions:\n");
		print_options(command->options, command->n_options);
	} else {
		printf("Usage: teu [GLOBAL OPTIONS] COMMAND [OPTIONS] ARGS\n\n"
		       "Runs containers from OCI bundles.\n\nCommands:\n");
		for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
			printf("  %-28s %s\n", commands[i]->name, commands[i]->help);
		printf("  %-28s %s\n", "help", "Print help for a command");
	}
	printf("\nGlobal options:\n");
	print_options(global_options, ARRAY_SIZE(global_options));
}
