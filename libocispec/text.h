/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON document as text: what no string of it may hold, where its tokens begin, and how a message names a place. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The offset of the first byte or escape that no string may hold (NUL, half a surrogate pair, what is not UTF-8), with
 * its name in *ret_what; `size` if there is none. yajl takes the first two, and checks UTF-8 only roughly.
 */
size_t text_find_fault(const char *text, size_t size, const char **ret_what);

/* Where the token that ends at `end` begins. */
size_t text_token_start(const char *text, size_t end);

/* The offset of the first byte at or behind `at` that is no blank. */
size_t text_skip_blanks(const char *text, size_t size, size_t at);

/* Line and column of an offset, counted from 1, columns in characters. */
void text_place(const char *text, size_t at, uint32_t *ret_line, uint32_t *ret_column);

/* Names the token at `at` for a message, cut to fit; returns buf. */
#define TEXT_TOKEN_MAX 160
const char *text_token(const char *text, size_t size, size_t at, char buf[TEXT_TOKEN_MAX]);
