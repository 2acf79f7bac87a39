/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as any of the documents. What is refused names a place within the text; what is accepted is written, read
 * again and written again, and both texts are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "oci_spec.h"

static const enum oci_table_index documents[] = { OCI_TABLE_CONFIG,    OCI_TABLE_PROCESS,
						  OCI_TABLE_RESOURCES, OCI_TABLE_STATE,
						  OCI_TABLE_FEATURES,  OCI_TABLE_PROCESS_STATE };

static const char *write_text(const struct oci_table *table, const void *value, struct arena *a)
{
	struct json_writer to;

	json_begin(&to, a, NULL);
	oci_write(table, value, &to);
	return to.text;
}

static void try(const struct oci_table *table, const char *text, size_t size, struct arena *a)
{
	struct oci_warnings warnings = { 0 };
	const char *first, *second;
	const void *value;
	struct error err;

	if (oci_parse(table, text, size, a, &value, &warnings, &err)) {
		if (!err.text[0] || err.line < 1 || err.column < 1 || err.line > size + 1 ||
		    err.column > size + 1)
			abort();
		return;
	}
	if (warnings.n > OCI_WARNINGS_MAX)
		abort();
	first = write_text(table, value, a);
	if (oci_parse(table, first, strlen(first), a, &value, &warnings, &err))
		abort();
	second = write_text(table, value, a);
	if (strcmp(first, second) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		try(&oci_tables[documents[i]], (const char *)data, size, &arena);
	arena_release(&arena);
	return 0;
}
