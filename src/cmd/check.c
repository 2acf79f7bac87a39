/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: what is wrong with a bundle on this host, all of it, without making anything.
 *
 * The configuration is judged by the same parser and the same plan as a start. Each of them stops at its first error. So the
 * place of the error is taken out of the text and the rest is judged again, until nothing is found. Places in what is left
 * are counted back to those of the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/findings.h"
#include "base/json.h"
#include "base/locate.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "plan/plan.h"
#include "run/host.h"
#include "run/preflight.h"
#include "run/report.h"
#include "spec/load.h"

/* A document with more errors than that is beyond help. */
#define ROUNDS_MAX 200

/* What was taken out, as it is called in the file: an entry of an array, or a member. */
struct removed {
	const char *where; /* of the array or the member */
	uint64_t index;
	struct removed *next;
};

struct check {
	struct invocation *in;
	struct arena *arena;
	struct plan_options options;
	struct host host;
	const char *file;	     /* name of the configuration, "" for config.json */
	const char *original, *text; /* the file, and what is left of it */
	size_t size;		     /* of the latter */
	struct removed *removed;
	struct removed *missing; /* members that were taken out */
	struct findings findings;
	bool no_program; /* there is no root or no program to look at */
	bool complete;	 /* nothing kept us from looking at all of it */
};

/* ---- places ---------------------------------------------------------------------------------------------------------- */

static bool is_removed(const struct check *c, const char *array, uint64_t index)
{
	for (const struct removed *r = c->removed; r; r = r->next)
		if (r->index == index && str_eq(r->where, array))
			return true;
	return false;
}

static uint64_t original_index(const struct check *c, const char *array, uint64_t index)
{
	uint64_t i = 0;

	for (;; i++) {
		if (is_removed(c, array, i))
			continue;
		if (index-- == 0)
			return i;
	}
}

/* Where that place of the present text is in the file. */
static const char *original_place(const struct check *c, const char *where)
{
	const char *path = "";
	struct json_place place;

	while (*where == '/') {
		size_t n = strcspn(++where, "/");
		const char *token = arena_strndup(c->arena, where, n);
		uint64_t index;

		if (str_to_u64(token, &index) && json_locate(c->original, path, &place) &&
		    c->original[place.begin] == '[')
			path = arena_printf(c->arena, "%s/%ju", path,
					    (uintmax_t)original_index(c, path, index));
		else
			path = arena_printf(c->arena, "%s/%s", path, token);
		where += n;
	}
	return path;
}

static bool was_taken(const struct check *c, const char *where)
{
	const char *there = original_place(c, where);

	for (const struct removed *r = c->missing; r; r = r->next)
		if (str_eq(r->where, there))
			return true;
	return false;
}

/* Puts place, line and column of the file into an error about the present text. */
static void place_error(const struct check *c, struct error *err)
{
	const char *where = original_place(c, err->where);
	struct json_place place;

	if (!*err->where)
		return;
	snprintf(err->where, sizeof(err->where), "%s", where);
	snprintf(err->file, sizeof(err->file), "%s", c->file);
	if (json_locate(c->original, where, &place))
		json_position(c->original, place.begin, &err->line, &err->column);
}

/* ---- taking out -------------------------------------------------------------------------------------------------------- */

static const char *parent_of(const struct check *c, const char *where)
{
	const char *slash = strrchr(where, '/');

	return slash ? arena_strndup(c->arena, where, (size_t)(slash - where)) : NULL;
}

/* Members that must be there: another value takes the place of a wrong one. */
static const char *harmless_value(const char *where)
{
	static const struct pair values[] = {
		{ "/ociVersion", "\"" SPEC_VERSION "\"" },
		{ "/process/cwd", "\"/\"" },
		{ "/process/args", "[\"/\"]" },
		{ "/process/user", "{}" },
		{ "/root", "{\"path\": \"/\"}" },
		{ "/root/path", "\"/\"" },
		{ "/linux/seccomp/defaultAction", "\"SCMP_ACT_ALLOW\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (str_eq(values[i].key, where))
			return values[i].value;
	return NULL;
}

static void note_removed(struct check *c, const char *where, bool in_array)
{
	struct removed *removed = arena_new(c->arena, struct removed);
	struct removed **list = in_array ? &c->removed : &c->missing;
	const char *there = original_place(c, where);

	*removed =
		(struct removed){ .where = in_array ? parent_of(c, there) : there, .next = *list };
	if (in_array)
		(void)str_to_u64(strrchr(there, '/') + 1, &removed->index);
	*list = removed;
}

/* A member that has to be there gets a value. */
static bool put_in(struct check *c, const char *where, const char *value)
{
	const char *parent = parent_of(c, where), *key = strrchr(where, '/') + 1, *rest;
	struct json_place place;

	if (!json_locate(c->text, parent, &place) || c->text[place.begin] != '{')
		return false;
	rest = c->text + place.begin + 1;
	c->text = arena_printf(c->arena, "%.*s\"%s\": %s%s%s", (int)(rest - c->text), c->text, key,
			       value, rest[strspn(rest, " \t\r\n")] == '}' ? "" : ",", rest);
	return true;
}

/* False if it cannot be: there is nothing left then. */
static bool take_out(struct check *c, const char *where)
{
	const char *value;
	struct json_place place;

	for (; where && *where; where = parent_of(c, where)) {
		value = harmless_value(where);
		if (value && (str_starts(where, "/root") || str_eq(where, "/process/args")))
			c->no_program = true;
		if (!json_locate(c->text, where, &place)) {
			if (value && put_in(c, where, value))
				return true;
			/* What is not there and has to be takes its object along. */
			continue;
		}
		if (value) {
			char *changed = json_replace(c->text, &place, value, c->arena);

			/* That value was no better: the whole object is in the way. */
			if (str_eq(changed, c->text))
				continue;
			c->text = changed;
			return true;
		}
		note_removed(c, where, place.in_array);
		c->text = json_cut(c->text, &place, c->arena);
		return true;
	}
	return false;
}

/* A namespace that cannot be joined is still one: only its path is taken out. */
static const char *what_to_take(struct check *c, const char *where)
{
	const char *path;
	struct json_place place;

	if (!str_starts(where, "/linux/namespaces/"))
		return where;
	path = arena_printf(c->arena, "%s/path", where);
	return json_locate(c->text, path, &place) ? path : where;
}

/* ---- the configuration -------------------------------------------------------------------------------------------------- */

static void take_warnings(struct check *c, const struct oci_warnings *unknown,
			  const struct plan_warnings *warnings)
{
	for (size_t i = 0; i < unknown->n; i++)
		findings_warn(&c->findings, original_place(c, unknown->list[i].where),
			      "unknown key, did you mean \"%s\"?", unknown->list[i].suggestion);
	for (const struct plan_warning *w = warnings->first; w; w = w->next)
		findings_warn(&c->findings, original_place(c, w->where), "%s", w->text);
}

/* One look at what is left: 0 with the plan, or -1 with the first error. *ret_parsed: it is a configuration. */
static int judge(struct check *c, const struct plan **ret, bool *ret_parsed, struct error *err)
{
	struct plan_warnings warnings = { .arena = c->arena };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	int result;

	*ret_parsed = oci_config_parse(c->text, c->size, c->arena, &config, &unknown, err) == 0;
	result = *ret_parsed
			 ? plan_build(config, &c->options, &c->host, c->arena, &warnings, ret, err)
			 : -1;
	take_warnings(c, &unknown, &warnings);
	return result;
}

/* The plan of all that is right; NULL if there is no such thing. */
static const struct plan *judge_all(struct check *c)
{
	const struct plan *plan;
	struct error err;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool parsed, own_doing;
		const char *where;

		if (judge(c, &plan, &parsed, &err) == 0)
			return plan;
		/* That it is missing now is our own doing. */
		own_doing = !parsed && was_taken(c, err.where);
		where = what_to_take(c, arena_strdup(c->arena, err.where));
		if (!own_doing) {
			place_error(c, &err);
			findings_add(&c->findings, &err);
		}
		if (err.kind == ERR_SYNTAX || !take_out(c, where))
			return NULL;
		c->size = strlen(c->text);
	}
	return NULL;
}

/* ---- the report ---------------------------------------------------------------------------------------------------------- */

static const char *level_name(const struct finding *f)
{
	return f->warning ? "warning" : "error";
}

static int print_json(const struct check *c, struct error *err)
{
	struct json_writer w;

	json_begin(&w, c->arena, "  ");
	json_open_object(&w);
	json_member_string(&w, "bundle", c->options.bundle);
	json_member_int(&w, "errors", (int64_t)c->findings.n_errors);
	json_member_int(&w, "warnings", (int64_t)c->findings.n_warnings);
	json_member_bool(&w, "complete", c->complete);
	json_key(&w, "findings");
	json_open_array(&w);
	for (const struct finding *f = c->findings.first; f; f = f->next) {
		json_open_object(&w);
		json_member_string(&w, "level", level_name(f));
		json_member_string(&w, "where", f->error.where);
		if (f->error.line) {
			json_member_int(&w, "line", f->error.line);
			json_member_int(&w, "column", f->error.column);
		}
		json_member_string(&w, "text", f->error.text);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	return json_print(&w, err);
}

static void print_text(const struct check *c)
{
	char line[1200];

	for (const struct finding *f = c->findings.first; f; f = f->next)
		printf("%s: %s\n", level_name(f), error_format(&f->error, line, sizeof(line)));
	if (!c->complete)
		printf("the rest could not be looked at until this is mended\n");
	printf("%zu error%s, %zu warning%s\n", c->findings.n_errors,
	       c->findings.n_errors == 1 ? "" : "s", c->findings.n_warnings,
	       c->findings.n_warnings == 1 ? "" : "s");
}

/* ---- the command --------------------------------------------------------------------------------------------------------- */

static int read_settings(struct check *c, struct error *err)
{
	struct invocation *in = c->in;
	const char *format = in->set.format, *bundle = in->n_args ? in->args[0] : in->set.bundle;

	if (format && !str_eq(format, "text") && !str_eq(format, "json"))
		return error_set(err, ERR_USAGE, PHRASE_FORMAT, format);
	if (in->n_args && in->set.bundle)
		return error_set(err, ERR_USAGE, "the bundle is given twice");
	if (invocation_bundle(in, bundle, &c->options.bundle, err) ||
	    invocation_host(in, &c->host, err))
		return -1;
	/* The name of no container: it decides where the cgroup is if nothing else does. */
	c->options.id = "check";
	c->options.state_dir = "/run/teu/check";
	return 0;
}

/* Reads the file; one that is no JSON is all there is to say. */
static int read_text(struct check *c, struct error *err)
{
	const char *path = c->in->set.config ? invocation_path(c->in, c->in->set.config) : NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;

	c->file = path ? (slash ? slash + 1 : path) : "";
	c->original = c->text = spec_read(c->options.bundle, path, c->arena, &c->size, err);
	return c->text ? 0 : -1;
}

static void look(struct check *c)
{
	struct findings found = { .arena = c->arena };
	const struct plan *all = judge_all(c);
	struct plan plan;

	c->complete = all;
	if (!all)
		return;
	plan = *all;
	if (c->no_program) {
		plan.process.exists = false;
		plan.hooks[HOOK_START_CONTAINER].n = 0;
	}
	preflight(&plan, &c->host, &found);
	for (const struct finding *f = found.first; f; f = f->next) {
		struct error err = f->error;

		place_error(c, &err);
		if (f->warning)
			findings_warn(&c->findings, err.where, "%s", err.text);
		else
			findings_add(&c->findings, &err);
	}
}

/* Warnings come without line and column. */
static void place_warnings(struct check *c)
{
	struct json_place place;

	for (struct finding *f = c->findings.first; f; f = f->next) {
		struct error *err = &f->error;

		if (!f->warning || !*err->where)
			continue;
		snprintf(err->file, sizeof(err->file), "%s", c->file);
		if (json_locate(c->original, err->where, &place))
			json_position(c->original, place.begin, &err->line, &err->column);
	}
}

static int check(struct invocation *in, struct error *err)
{
	struct check c = { .in = in, .arena = in->arena, .findings = { .arena = in->arena } };
	size_t bad;

	if (read_settings(&c, err))
		return -1;
	if (read_text(&c, err))
		findings_add(&c.findings, err);
	else
		look(&c);
	place_warnings(&c);
	if (!in->set.format || str_eq(in->set.format, "text"))
		print_text(&c);
	else if (print_json(&c, err))
		return -1;
	bad = c.findings.n_errors + (in->set.strict ? c.findings.n_warnings : 0);
	if (bad)
		return error_set(err, ERR_CONFIG, "bundle \"%s\": %zu finding%s", c.options.bundle,
				 bad, bad == 1 ? "" : "s");
	return 0;
}

static const struct option check_options[] = {
	OPTION(OPTION_VALUE, "bundle", 'b', bundle, "DIR", "the bundle, as the argument"),
	OPTION(OPTION_VALUE, "config", 0, config, "FILE",
	       "the configuration (default: config.json in the bundle)"),
	OPTION(OPTION_VALUE, "format", 'f', format, "FORMAT", "text (default) or json"),
	OPTION(OPTION_FLAG, "strict", 0, strict, NULL, "fail for warnings, too"),
};

const struct command command_check = {
	.name = "check",
	.args = "[BUNDLE]",
	.help = "Say what is wrong with a bundle on this host, without making anything",
	.min_args = 0,
	.max_args = 1,
	.options = check_options,
	.n_options = ARRAY_SIZE(check_options),
	.run = check,
};
