/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_file KIND FILE: reads one document and prints what was understood of it, for scripts. Exits with 1 and the error,
 * as a user would see it, on stderr when the document is refused. "-n COUNT" before KIND reads it so often and prints
 * the microseconds that one reading takes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci_spec.h"

static const struct {
	const char *name;
	enum oci_table_index table;
} kinds[] = {
	{ "config", OCI_TABLE_CONFIG },	      { "process", OCI_TABLE_PROCESS },
	{ "resources", OCI_TABLE_RESOURCES }, { "state", OCI_TABLE_STATE },
	{ "features", OCI_TABLE_FEATURES },   { "process_state", OCI_TABLE_PROCESS_STATE },
};

static const struct oci_table *kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(kinds[i].name, name))
			return &oci_tables[kinds[i].table];
	fprintf(stderr, "no kind of document is called %s\n", name);
	exit(2);
}

/* Microseconds that one reading takes, on average. */
static double measure(const struct oci_table *table, const char *text, size_t size, int count)
{
	uint64_t start = clock_now();
	struct arena a = { 0 };

	for (int i = 0; i < count; i++) {
		struct oci_warnings warnings = { 0 };
		struct error err;
		const void *value;

		arena_release(&a);
		if (oci_parse(table, text, size, &a, &value, &warnings, &err))
			exit(1);
	}
	arena_release(&a);
	return (double)(clock_now() - start) / 1000 / count;
}

static int show(const struct oci_table *table, const char *text, size_t size, struct arena *a)
{
	struct oci_warnings warnings = { 0 };
	char message[sizeof(struct error)];
	struct json_writer to;
	const void *value;
	struct error err;

	if (oci_parse(table, text, size, a, &value, &warnings, &err)) {
		fprintf(stderr, "%s\n", error_format(&err, message, sizeof(message)));
		return 1;
	}
	for (size_t i = 0; i < warnings.n; i++)
		fprintf(stderr, "warning: config.json:%u:%u %s: unknown, did you mean \"%s\"?\n",
			warnings.list[i].line, warnings.list[i].column, warnings.list[i].where,
			warnings.list[i].suggestion);
	json_begin(&to, a, "  ");
	oci_write(table, value, &to);
	puts(to.text);
	return 0;
}

int main(int argc, char **argv)
{
	int count = argc == 5 && str_eq(argv[1], "-n") ? atoi(argv[2]) : 0, code = 0;
	const struct oci_table *table;
	struct arena a = { 0 };
	size_t size;
	char *text;

	if (argc != (count ? 5 : 3)) {
		fprintf(stderr, "usage: oci_file [-n COUNT] KIND FILE\n");
		return 2;
	}
	table = kind_find(argv[argc - 2]);
	auto_fd int fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC);
	text = fd >= 0 ? fd_read_all(&a, fd, OCI_SIZE_MAX + 1, &size) : NULL;
	if (!text) {
		perror(argv[argc - 1]);
		return 2;
	}
	if (count)
		printf("%.2f\n", measure(table, text, size, count));
	else
		code = show(table, text, size, &a);
	arena_release(&a);
	return code;
}
