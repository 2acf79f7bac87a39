/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All memory of one command: a one-way allocator.
 *
 * What it hands out is zeroed, aligned to 16 bytes and lives until arena_release(), which few callers need: a
 * command ends soon. Running out of memory ends the process here and nowhere else, so no function returns NULL.
 */
#pragma once

#include <stddef.h>

#include "base/util.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next, *end;	    /* free part of the newest block */
	void *first;		    /* memory of the caller's */
	size_t first_size;
};

/* An arena whose first bytes come from `first`, zeroed memory that it never frees (a static buffer). */
void arena_init(struct arena *a, void *first, size_t size);

void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));

/* n objects of `size` bytes; an overflowing product counts as out of memory. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));

/* A zero-filled array of new_n objects that begins with the old_n ones of `old` (which stays valid). */
void *arena_grow(struct arena *a, const void *old, size_t old_n, size_t new_n, size_t size)
	__attribute__((returns_nonnull));

char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3)
	__attribute__((returns_nonnull));

/* Overwrites all that it has handed out, which is zeroed again; the memory stays in use. */
void arena_wipe(struct arena *a);

/* Gives all memory back; the arena is empty and usable again. */
void arena_release(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_n(a, type, n) ((type *)arena_array((a), (n), sizeof(type)))
