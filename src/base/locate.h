/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a JSON pointer (RFC 6901) leads in a text, for messages about a document and for trying it without a part.
 *
 * The text is '\0'-terminated and should be valid JSON; in one that is not, the wrong place may be found, or none. Keys with
 * escapes other than \" \\ and \/ are not found.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct json_place {
	size_t begin, end; /* of the value, as byte offsets */
	size_t member;	   /* where its key begins; the value itself in an array */
	size_t before,
		next; /* after the comma before it, or the bracket; past the comma behind it, or `end` */
	bool first, in_array;
};

/* False if there is no such place. The root ("") is the whole value. */
bool json_locate(const char *text, const char *pointer, struct json_place *ret);

/* The text without the member or entry; the root cannot be cut. */
char *json_cut(const char *text, const struct json_place *place, struct arena *a);

/* The text with another value in the place. */
char *json_replace(const char *text, const struct json_place *place, const char *value,
		   struct arena *a);

/* Line and column of an offset, both from 1; the column counts bytes. */
void json_position(const char *text, size_t offset, uint32_t *ret_line, uint32_t *ret_column);
