/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp explain: what a bundle's filter does with a call, and which part of its profile says so. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "plan/explain.h"
#include "plan/seccomp.h"
#include "spec/load.h"
#include "spec/names.h"

static int read_question(const struct invocation *in, struct explain_question *ret,
			 struct error *err)
{
	if (!str_eq(in->args[0], "explain"))
		return error_set(err, ERR_USAGE, "seccomp knows \"explain\" only, not \"%s\"",
				 in->args[0]);
	*ret = (struct explain_question){ .call = in->args[1], .n_args = (unsigned)in->n_args - 2 };
	for (unsigned i = 0; i < ret->n_args; i++) {
		const char *text = in->args[i + 2];
		char *end;

		errno = 0;
		ret->args[i] = strtoull(text, &end, 0);
		if (errno || end == text || *end)
			return error_set(err, ERR_USAGE, "argument \"%s\" is no number", text);
	}
	return 0;
}

static const struct pair *read_annotations(const struct oci_config *config, struct arena *a)
{
	struct pair *pairs = arena_new_n(a, struct pair, config->n_annotations);

	for (size_t i = 0; i < config->n_annotations; i++)
		pairs[i] =
			(struct pair){ config->annotations[i].key, config->annotations[i].value };
	return pairs;
}

/* ---- answers --------------------------------------------------------------------------------------------------------- */

static const char *action_name(uint32_t verdict)
{
	return word_name(seccomp_action_words.table, seccomp_action_words.n,
			 verdict & SECCOMP_RET_ACTION_FULL);
}

static bool has_errno(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
}

static const char *place(const struct explanation *e, struct arena *a)
{
	switch (e->reason) {
	case EXPLAIN_RULE:
		return arena_printf(a, "/linux/seccomp/syscalls/%u", e->entry);
	case EXPLAIN_ARCH:
		return "/linux/seccomp/architectures";
	case EXPLAIN_LIBRARY:
		return "/linux/seccomp/syscalls";
	case EXPLAIN_NEWER:
	case EXPLAIN_DEFAULT:
		break;
	}
	return "/linux/seccomp/defaultAction";
}

static const char *reason_text(const struct explanation *e, struct arena *a)
{
	switch (e->reason) {
	case EXPLAIN_LIBRARY:
		return "what libseccomp makes of rules that contradict each other";
	case EXPLAIN_ARCH:
		return "its architecture is not listed in /linux/seccomp/architectures";
	case EXPLAIN_NEWER:
		return "newer than every call that the profile names (annotation " ANNOTATION_NO_ENOSYS
		       " turns this off)";
	case EXPLAIN_RULE:
	case EXPLAIN_DEFAULT:
		break;
	}
	return place(e, a);
}

static void print_text(const struct explanation *e, struct arena *a)
{
	uint32_t data = e->verdict & SECCOMP_RET_DATA;

	if (!e->exists) {
		printf("%s: no such call\n", e->arch);
		return;
	}
	printf("%s: %s (%u)%s: %s", e->arch, e->name ? e->name : "unnamed", e->nr,
	       e->through ? " with this call inside" : "", action_name(e->verdict));
	if (has_errno(e->verdict))
		printf(" %u (%s)", data, error_text((int)data));
	printf(": %s\n", reason_text(e, a));
	for (size_t i = 0; i < e->n_others; i++)
		printf("    /linux/seccomp/syscalls/%u holds for the call too, and does not decide\n",
		       e->others[i]);
	for (unsigned i = 0; i < EXPLAIN_ARGS; i++)
		if (e->missing >> i & 1)
			printf("    rules look at argument %u, taken as 0\n", i);
}

static void write_json(struct json_writer *w, const struct explanation *e, struct arena *a)
{
	static const char *const reasons[] = { [EXPLAIN_RULE] = "rule",
					       [EXPLAIN_DEFAULT] = "default",
					       [EXPLAIN_NEWER] = "newer",
					       [EXPLAIN_LIBRARY] = "contradiction",
					       [EXPLAIN_ARCH] = "architecture" };

	json_open_object(w);
	json_member_string(w, "architecture", e->arch);
	json_member_bool(w, "exists", e->exists);
	if (e->exists) {
		json_member_string(w, "call", e->name);
		json_member_int(w, "number", e->nr);
		json_member_string(w, "through", e->through);
		json_member_string(w, "action", action_name(e->verdict));
		if (has_errno(e->verdict))
			json_member_int(w, "errno", e->verdict & SECCOMP_RET_DATA);
		json_member_string(w, "reason", reasons[e->reason]);
		json_member_string(w, "place", place(e, a));
		json_key(w, "others");
		json_open_array(w);
		for (size_t i = 0; i < e->n_others; i++)
			json_string(w, arena_printf(a, "/linux/seccomp/syscalls/%u", e->others[i]));
		json_close_array(w);
		json_key(w, "missing");
		json_open_array(w);
		for (unsigned i = 0; i < EXPLAIN_ARGS; i++)
			if (e->missing >> i & 1)
				json_int(w, i);
		json_close_array(w);
	}
	json_close_object(w);
}

static int print_all(const struct explanation *list, size_t n, bool json, struct arena *a,
		     struct error *err)
{
	struct json_writer w;

	if (!json) {
		for (size_t i = 0; i < n; i++)
			print_text(&list[i], a);
		return 0;
	}
	json_begin(&w, a, "  ");
	json_open_array(&w);
	for (size_t i = 0; i < n; i++)
		write_json(&w, &list[i], a);
	json_close_array(&w);
	return json_print(&w, err);
}

static int seccomp(struct invocation *in, struct error *err)
{
	const char *format = in->set.format ? in->set.format : "text";
	const struct explanation *list = NULL;
	const struct oci_seccomp *profile;
	struct explain_question question;
	struct spec_file file;
	size_t n = 0;

	if (!str_eq(format, "text") && !str_eq(format, "json"))
		return error_set(err, ERR_USAGE, PHRASE_FORMAT, format);
	if (read_question(in, &question, err) ||
	    spec_load(invocation_path(in, in->set.bundle ? in->set.bundle : "."),
		      in->set.config ? invocation_path(in, in->set.config) : NULL, in->arena, &file,
		      err))
		return -1;
	profile = file.config->linux_ ? file.config->linux_->seccomp : NULL;
	if (!profile)
		return error_config(err, "/linux/seccomp",
				    "is not there: without a profile every call is allowed");
	if (explain_call(0, profile, read_annotations(file.config, in->arena),
			 file.config->n_annotations, &question, in->arena, &list, &n, err))
		return -1;
	return print_all(list, n, str_eq(format, "json"), in->arena, err);
}

static const struct option seccomp_options[] = {
	OPTION(OPTION_VALUE, "bundle", 'b', bundle, "DIR",
	       "the bundle (default: the current directory)"),
	OPTION(OPTION_VALUE, "config", 'f', config, "FILE",
	       "the configuration (default: config.json in the bundle)"),
	OPTION(OPTION_VALUE, "format", 0, format, "FORMAT", "text (default) or json"),
};

const struct command command_seccomp = {
	.name = "seccomp",
	.args = "explain CALL [ARG...]",
	.help = "Say what a bundle's filter does with a system call, and why",
	.min_args = 2,
	.max_args = 2 + EXPLAIN_ARGS,
	.options = seccomp_options,
	.n_options = ARRAY_SIZE(seccomp_options),
	.run = seccomp,
};
