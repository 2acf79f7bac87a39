/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers, comparisons, tables of words, and the nearest known word. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

struct pair {
	const char *key, *value;
};

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Whole-string decimal numbers: digits only (one leading '-' for i64), no blanks, no overflow. */
bool str_to_u64(const char *s, uint64_t *ret);
bool str_to_i64(const char *s, int64_t *ret);

/* A number with an optional unit k, m or g (powers of 1024, any case, optional trailing b); -1 is accepted. */
bool str_to_bytes(const char *s, int64_t *ret);

/*
 * A duration in nanoseconds, as Go writes it: numbers with units ns, us, ms, s, m, h, added up ("1m30s", "1.5s"); a bare number
 * is seconds.
 */
bool str_to_duration(const char *s, uint64_t *ret);

/* For qsort(3): strings in an array of pointers, by their bytes. */
int str_order(const void *x, const void *y);

/* A word and what it stands for; tables of them translate the spec's vocabulary. */
struct word {
	const char *name;
	uint64_t value;
};

bool word_find(const struct word *table, size_t n, const char *name, uint64_t *ret);

/* The name of a value, or NULL. */
const char *word_name(const struct word *table, size_t n, uint64_t value);

/*
 * The edit distance (insertions, deletions, substitutions and swaps of neighbours) of two strings, counted up to
 * `limit`: a greater one is reported as limit + 1. Strings over 63 bytes count as far apart.
 */
unsigned str_distance(const char *a, const char *b, unsigned limit);

/* The word of the table nearest to `name` within distance 2 (and less than its length), or NULL. */
const char *word_nearest(const struct word *table, size_t n, const char *name);

/*
 * Writes s for a human on one line: control bytes and bytes that are not UTF-8 as \xNN, quotes and backslashes
 * escaped; cut with "..." to fit size (>= 8). Returns buf.
 */
char *str_quote(const char *s, char *buf, size_t size);

/* The same, but quotes and backslashes stay as they are: for a line that stands in no quotes. */
char *str_printable(const char *s, char *buf, size_t size);

/* Length of the valid UTF-8 sequence at s (of at most n bytes), 0 if there is none. */
size_t utf8_length(const unsigned char *s, size_t n);
