/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/properties.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/names.h"

#define MAX_DEPTH 8

struct reader {
	const char *p;
	struct arena *arena;
	struct error *err;
	unsigned depth;
};

static int parse_value(struct reader *r, const char *signature, struct unit_value *ret);

static int refuse(struct reader *r, const char *what)
{
	return error_set(r->err, ERR_CONFIG, "%s at \"%.40s\"", what, r->p);
}

static void skip_blanks(struct reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (*r->p != c)
		return false;
	r->p++;
	return true;
}

/* ---- signatures ------------------------------------------------------------------------------------------------------ */

/* The length of the one complete type that s begins with, 0 if there is none that we know. */
static size_t type_length(const char *s, unsigned depth)
{
	size_t n = 1, part;

	if (*s && strchr("bynqiuxtdsog", *s))
		return 1;
	if (depth >= MAX_DEPTH)
		return 0;
	if (*s == 'a') {
		part = type_length(s + 1, depth + 1);
		return part ? 1 + part : 0;
	}
	if (*s != '(' || s[1] == ')')
		return 0;
	for (; s[n] != ')'; n += part) {
		part = type_length(s + n, depth + 1);
		if (!part)
			return 0;
	}
	return n + 1;
}

static const char *keyword_type(const char *word, size_t n)
{
	static const struct {
		const char *word, *type;
	} keywords[] = { { "boolean", "b" }, { "byte", "y" },	    { "int16", "n" },
			 { "uint16", "q" },  { "int32", "i" },	    { "uint32", "u" },
			 { "int64", "x" },   { "uint64", "t" },	    { "double", "d" },
			 { "string", "s" },  { "objectpath", "o" }, { "signature", "g" } };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (strlen(keywords[i].word) == n && strncmp(word, keywords[i].word, n) == 0)
			return keywords[i].type;
	return NULL;
}

/* ---- single values --------------------------------------------------------------------------------------------------- */

static const struct {
	char type;
	uint64_t highest;
	int64_t lowest;
} ranges[] = {
	{ 'y', UINT8_MAX, 0 },	       { 'n', INT16_MAX, INT16_MIN }, { 'q', UINT16_MAX, 0 },
	{ 'i', INT32_MAX, INT32_MIN }, { 'u', UINT32_MAX, 0 },	      { 'x', INT64_MAX, INT64_MIN },
	{ 't', UINT64_MAX, 0 },
};

static int parse_integer(struct reader *r, const char *end, struct unit_value *ret)
{
	bool negative = *r->p == '-';
	const char *digits = r->p + (*r->p == '-' || *r->p == '+');
	uint64_t magnitude;
	char *stop;

	errno = 0;
	magnitude = strtoull(digits, &stop, 0);
	if (!isdigit((unsigned char)*digits) || errno || stop != end)
		return refuse(r, "no number");
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (ranges[i].type != *ret->signature)
			continue;
		if (negative ? magnitude > (uint64_t)0 - (uint64_t)ranges[i].lowest
			     : magnitude > ranges[i].highest)
			return refuse(r, "a number that its type does not hold");
		ret->number = negative ? (uint64_t)0 - magnitude : magnitude;
		r->p = end;
		return 0;
	}
	return refuse(r, "a number where there should be none");
}

static int parse_number(struct reader *r, const char *signature, struct unit_value *ret)
{
	size_t n = strspn(r->p, "+-.0123456789abcdefABCDEFxX");
	bool hex = strncmp(r->p + strspn(r->p, "+-"), "0x", 2) == 0;
	bool is_real = !hex && (memchr(r->p, '.', n) || memchr(r->p, 'e', n));
	const char *end = r->p + n;
	char *stop;

	ret->signature = signature ? signature : is_real ? "d" : "i";
	if (*ret->signature != 'd')
		return parse_integer(r, end, ret);
	ret->real = strtod(r->p, &stop);
	if (stop != end)
		return refuse(r, "no number");
	r->p = end;
	return 0;
}

static int parse_escape(struct reader *r, char **to)
{
	static const char from[] = "abfnrtv\\'\"", is[] = "\a\b\f\n\r\t\v\\'\"";
	const char *known = *r->p ? strchr(from, *r->p) : NULL;

	if (!known)
		return refuse(r, "an escape that is not understood");
	*(*to)++ = is[known - from];
	r->p++;
	return 0;
}

static int parse_string(struct reader *r, const char *signature, struct unit_value *ret)
{
	char quote = *r->p++, *text, *to;

	if (signature && !strchr("sog", *signature))
		return refuse(r, "a string where there should be none");
	text = to = arena_alloc(r->arena, strlen(r->p) + 1);
	while (*r->p != quote) {
		if (!*r->p)
			return refuse(r, "a string without end");
		if (*r->p != '\\') {
			*to++ = *r->p++;
			continue;
		}
		r->p++;
		if (parse_escape(r, &to))
			return -1;
	}
	r->p++;
	ret->signature = signature ? signature : "s";
	ret->text = text;
	return 0;
}

/* ---- arrays and tuples ----------------------------------------------------------------------------------------------- */

static struct unit_value *add_item(struct reader *r, struct unit_value *ret, size_t *room)
{
	struct unit_value *items;

	if (ret->n == *room) {
		*room = MAX(2 * *room, (size_t)4);
		ret->items = arena_grow(r->arena, ret->items, ret->n, *room, sizeof(*ret->items));
	}
	items = (struct unit_value *)(uintptr_t)ret->items;
	return &items[ret->n++];
}

/* All items have the type of the first. */
static int parse_array(struct reader *r, const char *signature, struct unit_value *ret)
{
	const char *type = signature ? signature + 1 : NULL;
	size_t room = 0;

	if (signature && *signature != 'a')
		return refuse(r, "an array where there should be none");
	r->p++;
	while (!take(r, ']')) {
		struct unit_value *item;

		if (ret->n && !take(r, ','))
			return refuse(r, "no comma between the items");
		item = add_item(r, ret, &room);
		if (parse_value(r, type, item))
			return -1;
		type = item->signature;
	}
	if (!type)
		return refuse(r, "an empty array whose type is not told (@as [])");
	ret->signature = signature ? signature : arena_printf(r->arena, "a%s", type);
	return 0;
}

static int parse_tuple(struct reader *r, const char *signature, struct unit_value *ret)
{
	const char *type = signature ? signature + 1 : NULL, *made = "";
	size_t room = 0;

	if (signature && *signature != '(')
		return refuse(r, "a tuple where there should be none");
	r->p++;
	while (!take(r, ')')) {
		struct unit_value *item;
		const char *one = NULL;

		if (ret->n && !take(r, ','))
			return refuse(r, "no comma between the items");
		if (ret->n == 1 && take(r, ')'))
			break;
		if (type && *type == ')')
			return refuse(r, "more items than the type has");
		if (type) {
			size_t n = type_length(type, 0);

			one = arena_strndup(r->arena, type, n);
			type += n;
		}
		item = add_item(r, ret, &room);
		if (parse_value(r, one, item))
			return -1;
		made = arena_printf(r->arena, "%s%s", made, item->signature);
	}
	if (!ret->n || (type && *type != ')'))
		return refuse(r, "a tuple with too few items");
	ret->signature = signature ? signature : arena_printf(r->arena, "(%s)", made);
	return 0;
}

/* ---- any of them ----------------------------------------------------------------------------------------------------- */

/* "@as ..." and "uint64 ..." tell the type of what follows. */
static int parse_typed(struct reader *r, const char *signature, struct unit_value *ret)
{
	const char *word = r->p + (*r->p == '@'), *type;
	size_t n = strcspn(word, " \t\n");

	if (*r->p == '@')
		type = type_length(word, 0) == n ? arena_strndup(r->arena, word, n) : NULL;
	else
		type = keyword_type(word, n);
	if (!type)
		return refuse(r, "no value");
	if (signature && !str_eq(signature, type))
		return refuse(r, "a value of another type than the rest");
	r->p = word + n;
	return parse_value(r, type, ret);
}

static int parse_word(struct reader *r, const char *signature, struct unit_value *ret)
{
	size_t n = strspn(r->p, "abcdefghijklmnopqrstuvwxyz");
	bool is_true = n == 4 && strncmp(r->p, "true", 4) == 0;

	if (!is_true && !(n == 5 && strncmp(r->p, "false", 5) == 0))
		return parse_typed(r, signature, ret);
	if (signature && *signature != 'b')
		return refuse(r, "a boolean where there should be none");
	ret->signature = "b";
	ret->number = is_true;
	r->p += n;
	return 0;
}

static int parse_value(struct reader *r, const char *signature, struct unit_value *ret)
{
	int result;

	*ret = (struct unit_value){ 0 };
	skip_blanks(r);
	if (++r->depth > MAX_DEPTH)
		return refuse(r, "too deep");
	if (*r->p == '[')
		result = parse_array(r, signature, ret);
	else if (*r->p == '(')
		result = parse_tuple(r, signature, ret);
	else if (*r->p == '\'' || *r->p == '"')
		result = parse_string(r, signature, ret);
	else if (*r->p && strchr("+-.0123456789", *r->p))
		result = parse_number(r, signature, ret);
	else
		result = parse_word(r, signature, ret);
	r->depth--;
	return result;
}

int property_parse(const char *text, struct arena *a, struct unit_value *ret, struct error *err)
{
	struct reader r = { .p = text, .arena = a, .err = err };

	if (parse_value(&r, NULL, ret))
		return -1;
	skip_blanks(&r);
	return *r.p ? refuse(&r, "more than one value") : 0;
}

/* ---- annotations ----------------------------------------------------------------------------------------------------- */

/*
 * What a container's author may say of the unit. Others would run programs as root (CVE-2024-3154), start and stop other
 * units, or undo what the rest of the configuration asks for.
 */
static bool is_harmless(const char *name)
{
	static const char *const prefixes[] = {
		"CPU",	     "StartupCPU", "Memory",  "StartupMemory",	"DefaultMemory", "IO",
		"StartupIO", "Tasks",	   "Allowed", "StartupAllowed", "ManagedOOM"
	};
	static const char *const names[] = { "After",
					     "Before",
					     "CollectMode",
					     "CoredumpReceive",
					     "DefaultDependencies",
					     "Description",
					     "Documentation",
					     "FinalKillSignal",
					     "IPAccounting",
					     "IPAddressAllow",
					     "IPAddressDeny",
					     "KillMode",
					     "KillSignal",
					     "OOMPolicy",
					     "RequiresMountsFor",
					     "RestartKillSignal",
					     "RuntimeMaxUSec",
					     "SendSIGHUP",
					     "SendSIGKILL",
					     "TimeoutStopUSec",
					     "WatchdogSignal" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(name, prefixes[i]))
			return true;
	return false;
}

/* "TimeoutStopSec" = 30 -> "TimeoutStopUSec" = uint64 30000000. */
static int to_microseconds(struct unit_property *p, struct arena *a, struct error *err)
{
	size_t n = strlen(p->name);
	double seconds = *p->value.signature == 'd' ? p->value.real : (double)p->value.number;

	if (n <= 3 || !str_ends(p->name, "Sec") || str_ends(p->name, "USec"))
		return 0;
	if (!strchr("ynqiuxtd", *p->value.signature) ||
	    (strchr("nix", *p->value.signature) && (int64_t)p->value.number < 0) || seconds < 0 ||
	    seconds > 1e12)
		return error_set(err, ERR_CONFIG, "no number of seconds");
	p->name = arena_printf(a, "%.*sUSec", (int)n - 3, p->name);
	p->value = (struct unit_value){ .signature = "t", .number = (uint64_t)(seconds * 1e6) };
	return 0;
}

static int plan_property(const struct pair *from, struct arena *a, struct unit_property *to,
			 struct error *err)
{
	const char *name = from->key + strlen(ANNOTATION_PROPERTY);
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!isalpha((unsigned char)name[i]))
			n = 0;
	if (n < 3)
		return error_set(err, ERR_CONFIG, "\"%s\" is no name of a property", name);
	to->name = name;
	if (property_parse(from->value, a, &to->value, err) || to_microseconds(to, a, err))
		return -1;
	if (!is_harmless(to->name))
		return error_set(err, ERR_CONFIG,
				 "%s is none of the properties that a container may set", to->name);
	return 0;
}

int plan_properties(const struct pair *annotations, size_t n, struct arena *a,
		    const struct unit_property **ret, size_t *ret_n, struct error *err)
{
	struct unit_property *list = arena_new_n(a, struct unit_property, n);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!str_starts(annotations[i].key, ANNOTATION_PROPERTY))
			continue;
		if (plan_property(&annotations[i], a, &list[count++], err)) {
			error_in(err, "%s", annotations[i].key);
			return error_at(err, "/annotations");
		}
	}
	*ret = list;
	*ret_n = count;
	return 0;
}
