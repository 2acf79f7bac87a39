/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/frames.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libocispec/value.h"

/* Unknown keys that are compared with the known ones; a document made of unknown keys shall not cost more. */
#define STRANGE_MAX 1000

size_t token_end(const struct parser *p)
{
	return yajl_get_bytes_consumed(p->yajl);
}

size_t token_start(const struct parser *p)
{
	return text_token_start(p->text, token_end(p));
}

/* The JSON pointer of the innermost key or entry, cut to fit. */
static void pointer_write(const struct parser *p, char *buf, size_t size)
{
	size_t used = 0;

	for (unsigned i = 0; i < p->depth && used + 24 < size; i++) {
		const struct frame *f = &p->stack[i];

		if (f->place == IN_LIST || f->place == IN_SKIPPED_LIST) {
			if (f->n)
				used += (size_t)snprintf(buf + used, size - used, "/%zu", f->n - 1);
			continue;
		}
		if (!f->key)
			continue;
		buf[used++] = '/';
		for (size_t k = 0; k < f->key_size && used + 3 < size; k++) {
			char c = f->key[k];

			if (c == '~' || c == '/') {
				buf[used++] = '~';
				c = c == '~' ? '0' : '1';
			}
			buf[used++] = c;
		}
	}
	buf[used] = '\0';
}

bool refuse(struct parser *p, size_t at, const char *fmt, ...)
{
	char text[sizeof(p->err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_config(p->err, "", "%s", text);
	pointer_write(p, p->err->where, sizeof(p->err->where));
	text_place(p->text, at, &p->err->line, &p->err->column);
	p->failed = true;
	return false;
}

const char *token_name(const struct parser *p, char buf[TEXT_TOKEN_MAX])
{
	return text_token(p->text, p->size, token_start(p), buf);
}

struct frame *frame_push(struct parser *p, enum place place)
{
	struct frame *f;
	size_t at = token_end(p) - 1;

	if (p->depth == OCI_DEPTH_MAX) {
		refuse(p, at, "expected at most %d objects and arrays inside each other",
		       OCI_DEPTH_MAX);
		return NULL;
	}
	f = &p->stack[p->depth++];
	*f = (struct frame){ .place = place, .first_key = p->n_keys, .at = at };
	return f;
}

bool frame_add_key(struct parser *p, struct frame *f, const char *key, size_t size)
{
	if (p->n_keys - f->first_key == OCI_COUNT_MAX)
		return refuse(p, token_start(p), "expected at most %zu members", OCI_COUNT_MAX);
	if (p->n_keys == p->keys_room) {
		size_t room = p->keys_room ? p->keys_room * 2 : 64;

		p->keys = arena_grow(p->arena, p->keys, p->n_keys, room, sizeof(*p->keys));
		p->keys_room = room;
	}
	p->keys[p->n_keys++] = (struct seen_key){ key, (uint32_t)size, (uint32_t)token_end(p) };
	f->key = key;
	f->key_size = size;
	return true;
}

static int key_compare(const void *a, const void *b)
{
	const struct seen_key *x = a, *y = b;
	int order = x->size == y->size ? memcmp(x->key, y->key, x->size) : 0;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	if (order)
		return order;
	return x->end < y->end ? -1 : x->end > y->end;
}

bool refuse_duplicate(struct parser *p, struct frame *f, const char *key, size_t size, size_t end)
{
	f->key = key;
	f->key_size = size;
	return refuse(p, text_token_start(p->text, end), "this key stands twice in its object");
}

bool frame_close_keys(struct parser *p, struct frame *f)
{
	struct seen_key *keys, *twice = NULL;
	size_t n = p->n_keys - f->first_key;

	p->n_keys = f->first_key;
	if (n < 2)
		return true;
	keys = p->keys + f->first_key;
	qsort(keys, n, sizeof(*keys), key_compare);
	for (size_t i = 1; i < n; i++)
		if (keys[i - 1].size == keys[i].size &&
		    memcmp(keys[i - 1].key, keys[i].key, keys[i].size) == 0 &&
		    (!twice || keys[i].end < twice->end))
			twice = &keys[i];
	return !twice || refuse_duplicate(p, f, twice->key, twice->size, twice->end);
}

void frame_warn(struct parser *p, const struct frame *f)
{
	struct oci_warnings *w = p->warnings;
	char key[64], where[sizeof(p->err->where)];
	const char *near;

	if (f->key_size >= sizeof(key) || w->n == OCI_WARNINGS_MAX || ++p->strange > STRANGE_MAX)
		return;
	memcpy(key, f->key, f->key_size);
	key[f->key_size] = '\0';
	near = oci_key_nearest(f->table, key);
	if (!near)
		return;
	if (!w->list)
		w->list = arena_new_n(p->arena, struct oci_warning, OCI_WARNINGS_MAX);
	pointer_write(p, where, sizeof(where));
	w->list[w->n].where = arena_strdup(p->arena, where);
	w->list[w->n].suggestion = near;
	text_place(p->text, token_start(p), &w->list[w->n].line, &w->list[w->n].column);
	w->n++;
}

char *text_keep(struct parser *p, const char *s, size_t n)
{
	char *to = p->copies;

	memcpy(to, s, n);
	to[n] = '\0';
	p->copies += n + 1;
	return to;
}
