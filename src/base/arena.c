/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIGN 16
#define BLOCK_SIZE ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *older;
	size_t room; /* of what follows, which this keeps aligned */
};
_Static_assert(sizeof(struct arena_block) % ALIGN == 0, "what follows a block's head is aligned");

static NORETURN void out_of_memory(void)
{
	static const char text[] = "teu: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		/* nobody is left to tell */
	}
	_exit(1);
}

void arena_init(struct arena *a, void *first, size_t size)
{
	uintptr_t start = ((uintptr_t)first + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);

	a->blocks = NULL;
	a->next = (char *)start;
	a->end = (char *)first + size;
	a->first = first;
	a->first_size = size;
}

static size_t round_up(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *block;
	size_t room;
	void *p;

	if (size > SIZE_MAX / 2)
		out_of_memory();
	size = round_up(size);
	if (a->next && size <= (size_t)(a->end - a->next)) {
		p = a->next;
		a->next += size;
		return p;
	}

	/* A large object gets a block of its own, so that the rest of the current one stays in use. */
	room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
	block = calloc(1, sizeof(*block) + room);
	if (!block)
		out_of_memory();
	block->older = a->blocks;
	block->room = room;
	a->blocks = block;
	p = block + 1;
	if (room != size) {
		a->next = (char *)p + size;
		a->end = (char *)p + room;
	}
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		out_of_memory();
	return arena_alloc(a, bytes);
}

void *arena_grow(struct arena *a, const void *old, size_t old_n, size_t new_n, size_t size)
{
	void *p = arena_array(a, new_n, size);

	if (old_n)
		memcpy(p, old, old_n * size);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

/* Most texts find room where the next object will stand, so that they need not be measured first. */
char *arena_printf(struct arena *a, const char *fmt, ...)
{
	size_t room = (size_t)(a->end - a->next);
	va_list args;
	char *p;
	int n;

	va_start(args, fmt);
	n = vsnprintf(a->next, room, fmt, args);
	va_end(args);
	if (n < 0)
		out_of_memory();
	if (round_up((size_t)n + 1) <= room)
		return arena_alloc(a, (size_t)n + 1);
	/* What is handed out is zeroed. */
	if (room)
		memset(a->next, 0, room);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(args, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, args);
	va_end(args);
	return p;
}

void arena_wipe(struct arena *a)
{
	for (struct arena_block *block = a->blocks; block; block = block->older)
		explicit_bzero(block + 1, block->room);
	if (a->first)
		explicit_bzero(a->first, a->first_size);
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *block = a->blocks;

		a->blocks = block->older;
		free(block);
	}
	a->next = a->end = NULL;
}
