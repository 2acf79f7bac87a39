/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

static const struct integer {
	int64_t low;
	uint64_t high;
	size_t size;
	const char *name;
} integers[] = {
	[OCI_INT32] = { INT32_MIN, INT32_MAX, 4, "a signed 32-bit integer" },
	[OCI_INT64] = { INT64_MIN, INT64_MAX, 8, "a signed 64-bit integer" },
	[OCI_UINT16] = { 0, UINT16_MAX, 2, "an unsigned 16-bit integer" },
	[OCI_UINT32] = { 0, UINT32_MAX, 4, "an unsigned 32-bit integer" },
	[OCI_UINT64] = { 0, UINT64_MAX, 8, "an unsigned 64-bit integer" },
};

size_t oci_value_offset(const struct oci_member *m)
{
	struct entry {
		const char *key;
		uint64_t value; /* every struct of oci_spec.h begins so */
	};

	return m->type == OCI_OBJECT ? offsetof(struct entry, value)
				     : offsetof(struct oci_pair, value);
}

size_t oci_entry_size(const struct oci_member *m)
{
	if (m->shape == OCI_MAP && m->type == OCI_STRING)
		return sizeof(struct oci_pair);
	if (m->shape == OCI_MAP)
		return oci_value_offset(m) + oci_tables[m->table].size;
	if (m->type == OCI_OBJECT)
		return oci_tables[m->table].size;
	return m->type == OCI_STRING ? sizeof(char *) : integers[m->type].size;
}

bool oci_store_integer(const struct oci_member *m, const char *digits, size_t n, void *at)
{
	const struct integer *type = &integers[m->type];
	int64_t low = type->low, value = 0;
	uint64_t high = type->high, bits;
	char text[24];

	if (n >= sizeof(text))
		return false;
	memcpy(text, digits, n);
	text[n] = '\0';
	if (m->check == OCI_RANGE) {
		low = oci_ranges[m->check_index].low;
		high = (uint64_t)oci_ranges[m->check_index].high;
	}
	if (text[0] == '-') {
		if (!str_to_i64(text, &value) || value < low)
			return false;
		bits = (uint64_t)value;
	} else if (!str_to_u64(text, &bits) || bits > high || (low > 0 && bits < (uint64_t)low)) {
		return false;
	}
	if (type->size == 8)
		*(uint64_t *)at = bits;
	else if (type->size == 4)
		*(uint32_t *)at = (uint32_t)bits;
	else
		*(uint16_t *)at = (uint16_t)bits;
	return true;
}

/* Whether the atom (a character or a [set]) of `size` bytes takes c. */
static bool atom_takes(const char *atom, size_t size, char c)
{
	const char *end = atom + size - 1;
	bool inverted;

	if (*atom != '[')
		return *atom == c;
	atom++;
	inverted = *atom == '^';
	atom += inverted;
	for (; atom < end; atom++) {
		if (atom + 2 < end && atom[1] == '-') {
			if (c >= atom[0] && c <= atom[2])
				return !inverted;
			atom += 2;
		} else if (*atom == c) {
			return !inverted;
		}
	}
	return inverted;
}

static bool form_matches(const char *form, const char *s)
{
	while (*form) {
		size_t size = *form == '[' ? strcspn(form, "]") + 1 : 1, n = 0, least;

		if (form[size] != '*' && form[size] != '+') {
			if (!*s || !atom_takes(form, size, *s))
				return false;
			form += size;
			s++;
			continue;
		}
		least = form[size] == '+';
		while (s[n] && atom_takes(form, size, s[n]))
			n++;
		for (; n > least; n--)
			if (form_matches(form + size + 1, s + n))
				return true;
		if (n < least)
			return false;
		form += size + 1;
		s += n;
	}
	return !*s;
}

bool oci_string_fits(const struct oci_member *m, const char *s)
{
	const struct oci_word_list *list;

	if ((m->flags & OCI_FILLED) && m->shape == OCI_ONE && !*s)
		return false;
	if (m->check == OCI_PATTERN)
		return form_matches(oci_patterns[m->check_index].form, s);
	if (m->check != OCI_WORDS)
		return true;
	list = &oci_word_lists[m->check_index];
	for (unsigned i = 0; i < list->n; i++)
		if (str_eq(oci_words[list->first + i], s))
			return true;
	return false;
}

/* The nearest of n strings that stand `stride` bytes apart. */
static const char *nearest(const char *words, size_t stride, size_t n, const char *s)
{
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < n; i++, words += stride) {
		unsigned d = str_distance(s, words, 2);

		if (d < distance && d < strlen(words)) {
			distance = d;
			best = words;
		}
	}
	return best;
}

const char *oci_word_nearest(const struct oci_member *m, const char *s)
{
	const struct oci_word_list *list = &oci_word_lists[m->check_index];

	if (m->check != OCI_WORDS)
		return NULL;
	return nearest(oci_words[list->first], sizeof(oci_words[0]), list->n, s);
}

const char *oci_key_nearest(const struct oci_table *table, const char *key)
{
	return nearest(oci_members[table->first].key, sizeof(oci_members[0]), table->n, key);
}

static void describe_string(const struct oci_member *m, bool entry, char *buf, size_t size)
{
	const struct oci_word_list *list = &oci_word_lists[m->check_index];
	size_t used;

	if (m->check == OCI_PATTERN) {
		snprintf(buf, size, "%s", oci_patterns[m->check_index].meaning);
	} else if (m->check == OCI_WORDS) {
		used = (size_t)snprintf(buf, size, "one of");
		for (unsigned i = 0; i < list->n && used < size; i++)
			used += (size_t)snprintf(buf + used, size - used, "%s %s", i ? "," : "",
						 oci_words[list->first + i]);
	} else {
		snprintf(buf, size, "%s",
			 (m->flags & OCI_FILLED) && !entry ? "a string that is not empty"
							   : "a string");
	}
}

void oci_describe(const struct oci_member *m, bool entry, char *buf, size_t size)
{
	const char *text = NULL;

	if (!entry && m->shape == OCI_LIST)
		text = m->flags & OCI_FILLED ? "an array of at least one entry" : "an array";
	else if ((!entry && m->shape == OCI_MAP) || m->type == OCI_OBJECT)
		text = "an object";
	else if (m->type == OCI_BOOL)
		text = "true or false";
	else if (m->type == OCI_STRING)
		describe_string(m, entry, buf, size);
	else if (m->check == OCI_RANGE)
		snprintf(buf, size, "an integer from %" PRId64 " to %" PRId64,
			 oci_ranges[m->check_index].low, oci_ranges[m->check_index].high);
	else
		text = integers[m->type].name;
	if (text)
		snprintf(buf, size, "%s", text);
}
