/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that generate.py makes from the schema: what each object may hold and where it goes in its struct. They
 * hold no pointers, so that they need no relocation when the program starts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct oci_pair {
	const char *key, *value;
};

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

/* One member of an object. */
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
