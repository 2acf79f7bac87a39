/* SPDX-License-Identifier: Apache-2.0 */
/* ps: the processes of a container, as the host numbers them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "run/container.h"
#include "run/tool.h"

/* ps(1) reads the command lines of all processes of the host, and waits for one whose memory is locked. */
#define PS_SECONDS 30

struct pids {
	const pid_t *list; /* ascending */
	size_t n;
};

static bool holds(const struct pids *pids, uint64_t pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if ((uint64_t)pids->list[i] == pid)
			return true;
	return false;
}

static void print_json(struct invocation *in, const struct pids *pids)
{
	struct json_writer w;

	json_begin(&w, in->arena, NULL);
	json_open_array(&w);
	for (size_t i = 0; i < pids->n; i++)
		json_int(&w, pids->list[i]);
	json_close_array(&w);
	puts(w.text);
}

/* ---- the table ------------------------------------------------------------------------------------------------------- */

/* The word of a line with that number, counted from 0; NULL if it has fewer. */
static const char *word_at(const char *line, size_t number, size_t *ret_length)
{
	static const char blanks[] = " \t";

	for (line += strspn(line, blanks); *line; line += strspn(line, blanks)) {
		*ret_length = strcspn(line, blanks);
		if (number-- == 0)
			return line;
		line += *ret_length;
	}
	return NULL;
}

static bool find_column(const char *header, size_t *ret)
{
	const char *word;
	size_t length;

	for (size_t i = 0; (word = word_at(header, i, &length)); i++)
		if (length == 3 && memcmp(word, "PID", 3) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

/* The next line of *text, which goes on behind it; NULL at its end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchrnul(line, '\n');
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

static int print_lines(struct invocation *in, char *text, const struct pids *pids,
		       struct error *err)
{
	const char *line = next_line(&text), *word;
	size_t column, length;

	if (!line || !find_column(line, &column))
		return error_set(err, ERR_USAGE, PHRASE_NO_PID_FIELD);
	puts(line);
	while ((line = next_line(&text))) {
		uint64_t pid;

		word = word_at(line, column, &length);
		if (!word)
			continue;
		if (!str_to_u64(arena_strndup(in->arena, word, length), &pid))
			return error_set(err, ERR_USAGE,
					 "unexpected pid \"%.*s\" in ps output: options that put "
					 "blanks into a column before PID cannot be used",
					 (int)MIN(length, (size_t)40), word);
		if (holds(pids, pid))
			puts(line);
	}
	return 0;
}

static int print_table(struct invocation *in, const struct pids *pids, struct error *err)
{
	const char **args = arena_new_n(in->arena, const char *, (size_t)in->n_args + 2);
	char *text;
	size_t n = 0;

	args[n++] = "ps";
	for (int i = 1; i < in->n_args; i++)
		args[n++] = in->args[i];
	if (n == 1)
		args[n++] = "-ef";
	if (tool_read(args, PS_SECONDS, in->arena, &text, err) == 0)
		return print_lines(in, text, pids, err);
	/* A host without ps(1). */
	if (err->errnum != ENOENT || in->n_args > 1)
		return -1;
	puts("PID");
	for (size_t i = 0; i < pids->n; i++)
		printf("%d\n", (int)pids->list[i]);
	return 0;
}

static int ps(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	const char *format = in->set.format ? in->set.format : "table";
	bool json = str_eq(format, "json");
	struct pids pids = { 0 };

	if (!json && !str_eq(format, "table"))
		return error_set(err, ERR_USAGE, PHRASE_FORMAT, format);
	if (invocation_open(in, false, &c, err))
		return -1;
	if (c.status != CONTAINER_STOPPED && (!c.cgroup || !cgroup_count(c.cgroup)))
		return error_set(err, ERR_STATE,
				 "the container has no cgroup that knows its processes");
	if (c.cgroup && cgroup_pids(c.cgroup, in->arena, &pids.list, &pids.n, err))
		return -1;
	if (!json)
		return print_table(in, &pids, err);
	print_json(in, &pids);
	return 0;
}

static const struct option ps_options[] = {
	OPTION(OPTION_VALUE, "format", 'f', format, "FORMAT", "table (default) or json"),
};

const struct command command_ps = {
	.name = "ps",
	.args = "ID [PS-OPTION...]",
	.help = "List the processes of a container",
	.min_args = 1,
	.max_args = -1,
	.own_words = true,
	.options = ps_options,
	.n_options = ARRAY_SIZE(ps_options),
	.run = ps,
};
