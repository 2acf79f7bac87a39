/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes the JSON documents of the OCI runtime specification, driven by tables.
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"

#define OCI_SIZE_MAX ((size_t)16 * 1024 * 1024) /* bytes of a document */
#define OCI_DEPTH_MAX 128			/* objects and arrays inside each other */
#define OCI_COUNT_MAX ((size_t)1 << 20)		/* entries of one array or object */
#define OCI_WARNINGS_MAX 64			/* later ones are dropped */

struct oci_pair {
	const char *key, *value;
};

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

/* ---- the tables ------------------------------------------------------------------------------------------------ */

#define OCI_KEY_MAX 36
#define OCI_WORD_MAX 40

enum oci_type {
	OCI_IGNORED, /* known by name, skipped */
	OCI_STRING,
	OCI_BOOL,
	OCI_INT32,
	OCI_INT64,
	OCI_UINT16,
	OCI_UINT32,
	OCI_UINT64,
	OCI_OBJECT,
};

enum oci_shape { OCI_ONE, OCI_LIST, OCI_MAP };

enum oci_check { OCI_ANY, OCI_WORDS, OCI_PATTERN, OCI_RANGE };

#define OCI_REQUIRED 1u
#define OCI_NULLABLE 2u /* null counts as absent */
#define OCI_FILLED 4u	/* an empty string or array is an error */

/* One member of an object. No pointers, so that the tables need no relocation when the program starts. */
struct oci_member {
	char key[OCI_KEY_MAX];
	uint8_t key_size;
	uint8_t type, shape, flags;
	uint8_t check;	      /* what else the value must satisfy */
	uint8_t check_index;  /* in oci_word_lists, oci_patterns or oci_ranges */
	uint8_t table;	      /* of an OCI_OBJECT, in oci_tables */
	uint32_t count_max;   /* of a list or map, 0: OCI_COUNT_MAX */
	uint16_t offset;      /* of the value in its struct */
	uint16_t presence_at; /* of has_x or n_x */
};

struct oci_table {
	uint64_t required; /* a bit per member */
	uint32_t size;	   /* of the struct */
	uint16_t first, n; /* its members, in oci_members */
};

struct oci_word_list {
	uint16_t first, n; /* in oci_words */
};

struct oci_pattern {
	char form[24], meaning[40];
};

struct oci_range {
	int64_t low, high;
};

extern const struct oci_member oci_members[];
extern const struct oci_table oci_tables[];
extern const char oci_words[][OCI_WORD_MAX];
extern const struct oci_word_list oci_word_lists[];
extern const struct oci_pattern oci_patterns[];
extern const struct oci_range oci_ranges[];

/* ---- the engine ------------------------------------------------------------------------------------------------ */

/*
 * Reads one document of `size` bytes, whose root is an object of this table. The text may go afterwards. Warnings are
 * added to *w. On an error, -1: err->where, err->line and err->column tell the place.
 */
int oci_parse(const struct oci_table *table, const char *text, size_t size, struct arena *a,
	      const void **ret, struct oci_warnings *w, struct error *err);

/* Writes a struct as an object: what is absent is left out, what was null is null. */
void oci_write(const struct oci_table *table, const void *value, struct json_writer *to);
