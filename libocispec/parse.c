/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yajl calls on_...() for each token. A value asks find_slot() where it belongs: the frame on top of the stack knows the
 * member whose value comes next, and so the type and the address. Arrays grow in the arena and are handed to their struct
 * when they close. Text of the document that is kept is copied once into one piece of memory as large as the document.
 *
 * Duplicate keys: members of a table have a bit each; all other keys (free ones, unknown ones) are collected per open
 * object and sorted when it closes, so that a document made of keys costs n log n.
 */
#include "libocispec/parse.h"

#include <stdbool.h>
#include <string.h>

#include "libocispec/frames.h"
#include "libocispec/value.h"

/* Where a value goes. */
struct slot {
	const struct oci_member *member; /* NULL: nowhere */
	char *at;
	bool entry; /* of a list or map */
};

/* What an empty list or map points to. */
static const uint64_t nothing[2];

/* The value of this slot is not what the schema says. */
static bool mismatch(struct parser *p, const struct slot *s)
{
	char expected[512], found[TEXT_TOKEN_MAX];

	oci_describe(s->member, s->entry, expected, sizeof(expected));
	return refuse(p, token_start(p), "expected %s, found %s", expected, token_name(p, found));
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* yajl's own buffers: in the arena, each behind its size. */
static void *buffer_alloc(void *arena, size_t size)
{
	size_t *p = arena_alloc(arena, size + 16);

	*p = size;
	return p + 16 / sizeof(*p);
}

static void *buffer_realloc(void *arena, void *old, size_t size)
{
	size_t old_size = old ? *((size_t *)old - 16 / sizeof(size_t)) : 0;
	void *p;

	if (old && size <= old_size)
		return old;
	p = buffer_alloc(arena, size);
	return old ? memcpy(p, old, old_size) : p;
}

static void buffer_free(void *arena UNUSED, void *old UNUSED)
{
}

/* ---- the stack ------------------------------------------------------------------------------------------------- */

/* Makes room for one more entry of the list or map on top: its address, NULL on an error. */
static char *add_entry(struct parser *p, struct frame *f)
{
	const struct oci_member *m = f->member;
	size_t most = m->count_max ? m->count_max : OCI_COUNT_MAX;

	if (f->n == most) {
		refuse(p, token_start(p), "expected at most %zu entries", most);
		return NULL;
	}
	/* One more than asked for: a list of strings ends in NULL. */
	if (f->n == f->room) {
		size_t room = f->room ? f->room * 2 : 8;

		f->base = arena_grow(p->arena, f->base, f->n, room + 1, f->entry_size);
		f->room = room;
	}
	return f->base + f->n++ * f->entry_size;
}

/* Tells where the value that comes now belongs. False on an error. */
static bool find_slot(struct parser *p, struct slot *s)
{
	struct frame *f = frame_top(p);

	s->member = f->member;
	s->entry = f->place != IN_OBJECT;
	s->at = NULL;
	switch (f->place) {
	case IN_OBJECT:
		if (f->member)
			s->at = f->base + f->member->offset;
		return true;
	case IN_LIST:
		s->at = add_entry(p, f);
		return s->at != NULL;
	case IN_MAP: /* the key made the entry */
		s->at = f->base + (f->n - 1) * f->entry_size + oci_value_offset(f->member);
		return true;
	case IN_SKIPPED_LIST:
		f->n++;
		return true;
	case IN_SKIPPED_OBJECT:
		return true;
	}
	return true;
}

/* The same for a value without brackets, which ends here. */
static bool find_scalar_slot(struct parser *p, struct slot *s)
{
	p->value_end = token_end(p);
	return find_slot(p, s);
}

static bool slot_is(const struct slot *s, enum oci_type type)
{
	return s->member->type == type && (s->entry || s->member->shape == OCI_ONE);
}

static void slot_mark(struct parser *p, const struct slot *s)
{
	if (!s->entry)
		*(bool *)(frame_top(p)->base + s->member->presence_at) = true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */

/* A key of a struct: sets what comes next. */
static bool object_key(struct parser *p, struct frame *f, const char *key, size_t size)
{
	const struct oci_member *members = &oci_members[f->table->first], *m = NULL;
	unsigned at = f->next;

	/* Writers keep the order of the specification, so the next member is the best guess. */
	for (unsigned i = 0; i < f->table->n && !m; i++, at++) {
		if (at >= f->table->n)
			at = 0;
		if (members[at].key_size == size && memcmp(members[at].key, key, size) == 0)
			m = &members[at];
	}
	f->member = m && m->type != OCI_IGNORED ? m : NULL;
	if (!m) {
		if (key < p->text || key >= p->text + p->size)
			key = text_keep(p, key, size);
		if (!frame_add_key(p, f, key, size))
			return false;
		frame_warn(p, f);
		return true;
	}
	if (f->seen >> (m - members) & 1)
		return refuse_duplicate(p, f, m->key, size, token_end(p));
	f->seen |= UINT64_C(1) << (m - members);
	f->next = at;
	f->key = m->key;
	f->key_size = size;
	return true;
}

static int on_key(void *parser, const unsigned char *s, size_t size)
{
	struct parser *p = parser;
	struct frame *f = frame_top(p);
	const char *key = (const char *)s;
	char *entry;

	f->key = NULL;
	if (p->fault_at < token_end(p))
		return refuse(p, p->fault_at, "expected a key, found %s in it", p->fault);
	if (f->place == IN_OBJECT)
		return object_key(p, f, key, size);
	if (f->place == IN_MAP) {
		if (size == 0)
			return refuse(p, token_start(p), "expected a name, found an empty key");
		entry = add_entry(p, f);
		if (!entry)
			return false;
		key = text_keep(p, key, size);
		*(const char **)entry = key;
	} else if (key < p->text || key >= p->text + p->size) {
		key = text_keep(p, key, size);
	}
	return frame_add_key(p, f, key, size);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

static int on_null(void *parser)
{
	struct parser *p = parser;
	struct frame *f = frame_top(p);
	struct slot s;

	if (!find_scalar_slot(p, &s))
		return false;
	if (!s.member)
		return true;
	if (s.entry || !(s.member->flags & OCI_NULLABLE))
		return mismatch(p, &s);
	*(uint64_t *)f->base |= UINT64_C(1) << (s.member - &oci_members[f->table->first]);
	return true;
}

static int on_boolean(void *parser, int value)
{
	struct parser *p = parser;
	struct slot s;

	if (!find_scalar_slot(p, &s))
		return false;
	if (!s.member)
		return true;
	if (!slot_is(&s, OCI_BOOL))
		return mismatch(p, &s);
	*(bool *)s.at = value;
	slot_mark(p, &s);
	return true;
}

static int on_number(void *parser, const char *digits, size_t size)
{
	struct parser *p = parser;
	struct slot s;

	if (!find_scalar_slot(p, &s))
		return false;
	if (!s.member)
		return true;
	if ((!s.entry && s.member->shape != OCI_ONE) || s.member->type < OCI_INT32 ||
	    s.member->type > OCI_UINT64 || !oci_store_integer(s.member, digits, size, s.at))
		return mismatch(p, &s);
	slot_mark(p, &s);
	return true;
}

static int on_string(void *parser, const unsigned char *value, size_t size)
{
	struct parser *p = parser;
	char found[TEXT_TOKEN_MAX], expected[512];
	const char *text, *near;
	struct slot s;

	if (!find_scalar_slot(p, &s))
		return false;
	if (p->fault_at < p->value_end)
		return refuse(p, p->fault_at, "expected a string, found %s in it", p->fault);
	if (!s.member)
		return true;
	if (!slot_is(&s, OCI_STRING))
		return mismatch(p, &s);
	text = text_keep(p, (const char *)value, size);
	*(const char **)s.at = text;
	if (oci_string_fits(s.member, text))
		return true;
	near = oci_word_nearest(s.member, text);
	if (!near)
		return mismatch(p, &s);
	oci_describe(s.member, s.entry, expected, sizeof(expected));
	return refuse(p, token_start(p), "expected %s, found %s; did you mean \"%s\"?", expected,
		      token_name(p, found), near);
}

static int on_open_object(void *parser)
{
	struct parser *p = parser;
	struct frame *f;
	struct slot s = { .entry = true };
	bool map;

	if (p->depth && !find_slot(p, &s))
		return false;
	map = s.member && !s.entry && s.member->shape == OCI_MAP;
	if (s.member && !map && !slot_is(&s, OCI_OBJECT))
		return mismatch(p, &s);
	f = frame_push(p, IN_SKIPPED_OBJECT);
	if (!f)
		return false;
	f->member = map ? s.member : NULL;
	if (map) {
		f->place = IN_MAP;
		f->entry_size = oci_entry_size(s.member);
	} else if (s.member || p->depth == 1) {
		f->place = IN_OBJECT;
		f->table = s.member ? &oci_tables[s.member->table] : p->root;
		f->base = s.at && s.entry ? s.at : arena_alloc(p->arena, f->table->size);
		if (!s.member)
			p->ret = f->base;
		else if (!s.entry)
			*(void **)s.at = f->base;
	}
	return true;
}

static int on_open_array(void *parser)
{
	struct parser *p = parser;
	struct frame *f;
	struct slot s;

	if (!find_slot(p, &s))
		return false;
	if (s.member && (s.entry || s.member->shape != OCI_LIST))
		return mismatch(p, &s);
	f = frame_push(p, s.member ? IN_LIST : IN_SKIPPED_LIST);
	if (!f)
		return false;
	f->member = s.member;
	if (s.member)
		f->entry_size = oci_entry_size(s.member);
	return true;
}

/* Hands the closed list or map to the struct that is on top now. */
static bool give_entries(struct parser *p, const struct frame *closed)
{
	const struct oci_member *m = closed->member;
	char *owner = frame_top(p)->base;

	if (closed->n == 0 && (m->flags & OCI_FILLED))
		return refuse(p, closed->at, "expected an array of at least one entry, found none");
	*(const void **)(owner + m->offset) = closed->n ? (const void *)closed->base : nothing;
	*(size_t *)(owner + m->presence_at) = closed->n;
	return true;
}

static int on_close_object(void *parser)
{
	struct parser *p = parser;
	struct frame *f = frame_top(p);
	const struct oci_member *missing;
	uint64_t left = f->place == IN_OBJECT ? f->table->required & ~f->seen : 0;
	struct slot s = { 0 };
	char expected[512];

	f->key = NULL;
	if (!frame_close_keys(p, f))
		return false;
	if (left) {
		missing = s.member = &oci_members[f->table->first + __builtin_ctzll(left)];
		f->key = missing->key;
		f->key_size = missing->key_size;
		oci_describe(s.member, false, expected, sizeof(expected));
		return refuse(p, f->at, "expected %s, found nothing: it is required", expected);
	}
	p->depth--;
	p->value_end = token_end(p);
	return f->place != IN_MAP || give_entries(p, f);
}

static int on_close_array(void *parser)
{
	struct parser *p = parser;
	struct frame *f = frame_top(p);

	p->depth--;
	p->value_end = token_end(p);
	return f->place != IN_LIST || give_entries(p, f);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* Where the token stands that yajl did not expect. Behind a value, yajl forgets. */
static size_t unexpected_at(struct parser *p)
{
	size_t at = text_skip_blanks(p->text, p->size, p->value_end);
	char c = at < p->size ? p->text[at] : '\0';
	bool list;

	if (p->depth == 0)
		return p->value_end ? at : token_start(p);
	list = frame_top(p)->place == IN_LIST || frame_top(p)->place == IN_SKIPPED_LIST;
	return p->value_end && c != ',' && c != (list ? ']' : '}') ? at : token_start(p);
}

/* Not JSON: says what yajl says, and where. */
static void explain_syntax(struct parser *p, bool at_end)
{
	char found[TEXT_TOKEN_MAX];
	size_t at = unexpected_at(p);
	const char *text = (const char *)yajl_get_error(p->yajl, 0, NULL, 0);

	if (p->fault_at < p->size && p->fault_at <= token_end(p))
		refuse(p, p->fault_at, "not valid JSON: found %s", p->fault);
	else if (p->depth == 0 && p->value_end)
		refuse(p, at, "expected the end of the document, found %s",
		       text_token(p->text, p->size, at, found));
	else if (at_end)
		refuse(p, p->size, "not valid JSON: the document ends too early");
	else
		refuse(p, at, "not valid JSON: %.*s", (int)strcspn(text, ".\n"), text);
}

static bool refuse_syntax(struct parser *p, bool at_end)
{
	explain_syntax(p, at_end);
	p->err->kind = ERR_SYNTAX;
	return false;
}

static bool parse(struct parser *p)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null,
		.yajl_boolean = on_boolean,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_open_object,
		.yajl_map_key = on_key,
		.yajl_end_map = on_close_object,
		.yajl_start_array = on_open_array,
		.yajl_end_array = on_close_array,
	};
	yajl_alloc_funcs memory = { buffer_alloc, buffer_realloc, buffer_free, p->arena };
	size_t first = text_skip_blanks(p->text, p->size, 0);
	char found[TEXT_TOKEN_MAX];

	if (p->size > OCI_SIZE_MAX)
		return refuse(p, 0, "expected at most %zu bytes, found %zu", OCI_SIZE_MAX, p->size);
	if (first == p->size || p->text[first] != '{')
		return refuse(p, first, "expected an object, found %s",
			      text_token(p->text, p->size, first, found));
	p->fault_at = text_find_fault(p->text, p->size, &p->fault);
	p->copies = arena_alloc(p->arena, p->size);
	p->yajl = yajl_alloc(&callbacks, &memory, p);
	/* text_find_fault() has looked more closely. */
	yajl_config(p->yajl, yajl_dont_validate_strings, 1);
	if (yajl_parse(p->yajl, (const unsigned char *)p->text, p->size) != yajl_status_ok)
		return p->failed ? false : refuse_syntax(p, false);
	if (yajl_complete_parse(p->yajl) != yajl_status_ok)
		return p->failed ? false : refuse_syntax(p, true);
	return true;
}

int oci_parse(const struct oci_table *table, const char *text, size_t size, struct arena *a,
	      const void **ret, struct oci_warnings *w, struct error *err)
{
	struct parser p;

	/* The stack is large, and a frame is set up when it opens. */
	memset(&p, 0, offsetof(struct parser, stack));
	p.root = table;
	p.text = text;
	p.size = size;
	p.arena = a;
	p.warnings = w;
	p.err = err;
	if (!parse(&p))
		return -1;
	*ret = p.ret;
	return 0;
}
