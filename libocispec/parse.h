/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the JSON documents of the OCI runtime specification, driven by tables (table.h).
 *
 * One engine serves all documents. Reading streams yajl's events straight into the structs of oci_spec.h: a stack of
 * {object, its table} is the only state, no tree is built, and everything lives in the caller's arena. The first error
 * ends it and names line, column and place (a JSON pointer, RFC 6901), what was expected and what was found.
 *
 * Stricter than JSON asks: a key may stand once in an object, text is UTF-8 without NUL and without half surrogate
 * pairs, integers are written as integers and exact to 64 bits, nesting ends at OCI_DEPTH_MAX, a document at
 * OCI_SIZE_MAX. Keys that the specification does not know are accepted and skipped (config.md, "Extensibility"); one
 * that looks like a misspelt known key is reported as a warning.
 *
 * Callers use the typed functions of oci_spec.h (oci_config_parse(), oci_state_write(), ...), not this file.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec/table.h"
#include "libocispec/write.h"

#define OCI_SIZE_MAX ((size_t)16 * 1024 * 1024) /* bytes of a document */
#define OCI_DEPTH_MAX 128			/* objects and arrays inside each other */
#define OCI_COUNT_MAX ((size_t)1 << 20)		/* entries of one array or object */
#define OCI_WARNINGS_MAX 64			/* later ones are dropped */

/* A key nobody knows, near one that the object has. */
struct oci_warning {
	const char *where;	/* JSON pointer of the unknown key */
	const char *suggestion; /* the known key */
	uint32_t line, column;
};

/* Starts as { 0 }. */
struct oci_warnings {
	struct oci_warning *list;
	size_t n;
};

/*
 * Reads one document of `size` bytes, whose root is an object of this table. The text may go afterwards. Warnings are
 * added to *w. On an error, -1: err->where, err->line and err->column tell the place.
 */
int oci_parse(const struct oci_table *table, const char *text, size_t size, struct arena *a,
	      const void **ret, struct oci_warnings *w, struct error *err);
