/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of parse.c: the stack of open objects and arrays, what is known of their keys, and the place of an error.
 * Nobody but parse.c includes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yajl/yajl_parse.h>

#include "libocispec/parse.h"
#include "libocispec/text.h"

enum place {
	IN_OBJECT, /* a struct with a table */
	IN_LIST,   /* an array of a member */
	IN_MAP,	   /* an object with free keys */
	IN_SKIPPED_OBJECT,
	IN_SKIPPED_LIST,
};

/* One object or array that is open. */
struct frame {
	enum place place;
	const struct oci_table *table; /* IN_OBJECT */
	const struct oci_member
		*member; /* whose value comes next, or whose entries these are; NULL: skipped */
	char *base;	 /* the struct, or the entries so far */
	size_t n, room;	 /* entries */
	size_t entry_size;
	uint64_t seen;	  /* IN_OBJECT: members that stood here */
	unsigned next;	  /* IN_OBJECT: where the next key is looked for first */
	const char *key;  /* the current one, for the place of an error; NULL: none */
	size_t key_size;  /* in bytes */
	size_t first_key; /* in parser.keys */
	size_t at;	  /* offset of the bracket */
};

/* A key that has no bit in frame.seen. */
struct seen_key {
	const char *key;
	uint32_t size, end; /* end: offset behind the key */
};

struct parser {
	yajl_handle yajl;
	struct arena *arena;
	const char *text;
	size_t size;
	const struct oci_table *root;
	void *ret;
	char *copies;	 /* room for what is left to copy: no string outgrows its text */
	size_t fault_at; /* see text_find_fault() */
	const char *fault;
	struct seen_key *keys; /* of all open objects, outermost first */
	size_t n_keys, keys_room;
	unsigned strange; /* unknown keys compared so far */
	struct oci_warnings *warnings;
	struct error *err;
	bool failed;
	size_t value_end; /* offset behind the last value that is complete, 0 before */
	unsigned depth;
	struct frame stack[OCI_DEPTH_MAX];
};

static inline struct frame *frame_top(struct parser *p)
{
	return &p->stack[p->depth - 1];
}

/* The offset behind the current token, and that of its first byte. */
size_t token_end(const struct parser *p);
size_t token_start(const struct parser *p);

/* Names the current token for a message. */
const char *token_name(const struct parser *p, char buf[TEXT_TOKEN_MAX]);

/* Ends the reading with an error at this offset. Returns false, which stops yajl. */
bool refuse(struct parser *p, size_t at, const char *fmt, ...) PRINTF(3, 4);

/* The same for a key that its object has already. `end` is the offset behind it. */
bool refuse_duplicate(struct parser *p, struct frame *f, const char *key, size_t size, size_t end);

/* Opens a frame for the bracket that yajl has just read; NULL when they are nested too deep. */
struct frame *frame_push(struct parser *p, enum place place);

/* Remembers a key that has no bit in frame.seen, as the current one. It must stay where it is. */
bool frame_add_key(struct parser *p, struct frame *f, const char *key, size_t size);

/* Looks for duplicates among the keys that were remembered for this frame, and forgets them. */
bool frame_close_keys(struct parser *p, struct frame *f);

/* The current key is unknown: adds a warning if it is near a known one. */
void frame_warn(struct parser *p, const struct frame *f);

/* Copies text of the document to where it stays, '\0' appended. */
char *text_keep(struct parser *p, const char *s, size_t n);
