/* SPDX-License-Identifier: Apache-2.0 */
/* state, list: what there is. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "run/container.h"

static int state(struct invocation *in, struct error *err)
{
	auto_container struct container c = CONTAINER_INIT;
	struct json_writer w;

	if (invocation_open(in, false, &c, err))
		return -1;
	json_begin(&w, in->arena, "  ");
	container_report(&c, &w);
	return json_print(&w, err);
}

/* ---- list ------------------------------------------------------------------------------------------------------------ */

enum { COLUMN_ID, COLUMN_PID, COLUMN_STATUS, COLUMN_BUNDLE, COLUMN_CREATED, COLUMN_OWNER, COLUMNS };

static const char *const column_names[COLUMNS] = { "ID",     "PID",	"STATUS",
						   "BUNDLE", "CREATED", "OWNER" };

struct row {
	const char *cells[COLUMNS];
};

static struct row table_row(const struct container *c)
{
	pid_t pid = c->status == CONTAINER_STOPPED ? 0 : c->init.pid;
	const char *bundle = record_get(&c->record, RECORD_BUNDLE);
	const char *created = record_get(&c->record, RECORD_TIME);

	return (struct row){ {
		c->id,
		arena_printf(c->arena, "%d", (int)pid),
		container_status_name(c->status),
		bundle ? bundle : "",
		created ? created : "",
		container_owner(c),
	} };
}

/* Columns are as wide as their longest cell and three blanks, twelve at least; the last is not padded. */
static void print_table(const struct row *rows, size_t n)
{
	size_t widths[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++) {
		widths[i] = strlen(column_names[i]);
		for (size_t j = 0; j < n; j++)
			widths[i] = MAX(widths[i], strlen(rows[j].cells[i]));
		widths[i] = MAX(widths[i] + 3, (size_t)12);
	}
	for (size_t j = 0; j <= n; j++) {
		const char *const *cells = j ? rows[j - 1].cells : column_names;

		for (size_t i = 0; i < COLUMNS - 1; i++)
			printf("%-*s", (int)widths[i], cells[i]);
		puts(cells[COLUMNS - 1]);
	}
}

static int list_ids(struct invocation *in, const char *const **ret, size_t *ret_n,
		    struct error *err)
{
	const char *root;

	if (invocation_root(in, &root, err))
		return -1;
	if (state_list(root, in->arena, ret, ret_n, err) == 0)
		return 0;
	/* Nobody has made a container here yet; a directory that was named is another matter. */
	if (err->kind != ERR_NOT_FOUND || in->set.root)
		return -1;
	*ret_n = 0;
	return 0;
}

static int list(struct invocation *in, struct error *err)
{
	const char *format = in->set.format ? in->set.format : "table", *root;
	bool json = str_eq(format, "json");
	const char *const *ids = NULL;
	struct json_writer w;
	struct row *rows;
	size_t n, n_rows = 0;

	if (!json && !str_eq(format, "table"))
		return error_set(err, ERR_USAGE, PHRASE_FORMAT, format);
	if (list_ids(in, &ids, &n, err) || invocation_root(in, &root, err))
		return -1;
	rows = arena_new_n(in->arena, struct row, n);
	json_begin(&w, in->arena, NULL);
	json_open_array(&w);
	for (size_t i = 0; i < n; i++) {
		auto_container struct container c = CONTAINER_INIT;
		struct error broken;

		if (in->set.quiet) {
			puts(ids[i]);
		} else if (container_open(root, ids[i], false, in->arena, &c, &broken)) {
			/* One that is deleted meanwhile is no news. */
			if (broken.kind != ERR_NOT_FOUND)
				fprintf(stderr, "load container %s: %s\n", ids[i], broken.text);
		} else if (json) {
			container_report(&c, &w);
		} else {
			rows[n_rows++] = table_row(&c);
		}
	}
	json_close_array(&w);
	if (json && !in->set.quiet)
		return json_print(&w, err);
	if (!json && !in->set.quiet)
		print_table(rows, n_rows);
	return 0;
}

static const struct option list_options[] = {
	OPTION(OPTION_VALUE, "format", 'f', format, "FORMAT", "table (default) or json"),
	OPTION(OPTION_FLAG, "quiet", 'q', quiet, NULL, "print the ids only"),
};

const struct command command_state = {
	.name = "state",
	.args = "ID",
	.help = "Print the state of a container",
	.min_args = 1,
	.max_args = 1,
	.run = state,
};

const struct command command_list = {
	.name = "list",
	.args = "",
	.help = "List the containers",
	.min_args = 0,
	.max_args = 0,
	.options = list_options,
	.n_options = ARRAY_SIZE(list_options),
	.run = list,
};
