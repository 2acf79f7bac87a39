/* SPDX-License-Identifier: Apache-2.0 */
/* One value and the row of the table that it belongs to: what fits, how it is stored, how a message calls it. */
#pragma once

#include <stdbool.h>

#include "libocispec/table.h"

/* Bytes of one entry of a list or map, and where in a map's entry the value stands. */
size_t oci_entry_size(const struct oci_member *m);
size_t oci_value_offset(const struct oci_member *m);

/* Stores the number that these n characters spell as an integer; false when it is none or does not fit. */
bool oci_store_integer(const struct oci_member *m, const char *digits, size_t n, void *at);

/* Whether a string satisfies the member: a word of its list, a form of its pattern. */
bool oci_string_fits(const struct oci_member *m, const char *s);

/* The word of the member's list nearest to s, or NULL. */
const char *oci_word_nearest(const struct oci_member *m, const char *s);

/* The key of the table nearest to an unknown one (within distance 2), or NULL. */
const char *oci_key_nearest(const struct oci_table *table, const char *key);

/* What a reader should have found: the member itself, or (entry) one of its entries. */
void oci_describe(const struct oci_member *m, bool entry, char *buf, size_t size);
