/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/merge.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "libocispec/value.h"

static void merge_maps(const struct oci_member *m, const char *over, size_t n_over, char *at,
		       size_t *n, struct arena *a)
{
	size_t size = oci_entry_size(m), skip = oci_value_offset(m), count = *n;
	const char *under = *(const char *const *)(const void *)at;
	char *entries = arena_array(a, count + n_over, size);

	if (count)
		memcpy(entries, under, count * size);
	for (size_t i = 0; i < n_over; i++, over += size) {
		char *to = entries;
		size_t k = 0;

		for (; k < count; k++, to += size)
			if (str_eq(*(const char *const *)(void *)to,
				   *(const char *const *)(const void *)over))
				break;
		if (k < count && m->type == OCI_OBJECT) {
			const void *one =
				oci_merge(&oci_tables[m->table], to + skip, over + skip, a);

			memcpy(to + skip, one, size - skip);
			continue;
		}
		count += k == count;
		memcpy(to, over, size);
	}
	*(const char **)(void *)at = entries;
	*n = count;
}

/* A member that `over` has. */
static void merge_member(const struct oci_member *m, const char *over, char *to, struct arena *a)
{
	const char *value = over + m->offset;
	char *at = to + m->offset, *presence = to + m->presence_at;

	if (m->shape == OCI_MAP) {
		merge_maps(m, *(const char *const *)(const void *)value,
			   *(const size_t *)(const void *)(over + m->presence_at), at,
			   (size_t *)(void *)presence, a);
	} else if (m->shape == OCI_LIST) {
		*(const void **)(void *)at = *(const void *const *)(const void *)value;
		memcpy(presence, over + m->presence_at, sizeof(size_t));
	} else if (m->type == OCI_OBJECT) {
		*(const void **)(void *)at =
			oci_merge(&oci_tables[m->table], *(const void *const *)(void *)at,
				  *(const void *const *)(const void *)value, a);
	} else if (m->type == OCI_STRING) {
		*(const char **)(void *)at = *(const char *const *)(const void *)value;
	} else {
		*(bool *)presence = true;
		memcpy(at, value, m->type == OCI_BOOL ? sizeof(bool) : oci_entry_size(m));
	}
}

const void *oci_merge(const struct oci_table *table, const void *under, const void *over,
		      struct arena *a)
{
	const struct oci_member *m = &oci_members[table->first];
	char *to;

	if (!under || !over)
		return under ? under : over;
	to = arena_alloc(a, table->size);
	memcpy(to, under, table->size);
	for (unsigned i = 0; i < table->n; i++, m++) {
		const char *from = over;
		bool pointer =
			m->shape != OCI_ONE || m->type == OCI_STRING || m->type == OCI_OBJECT;

		if (m->type == OCI_IGNORED)
			continue;
		if (pointer ? *(const void *const *)(const void *)(from + m->offset) != NULL
			    : *(const bool *)(from + m->presence_at)) {
			merge_member(m, from, to, a);
			*(uint64_t *)(void *)to &= ~((uint64_t)1 << i);
		}
	}
	return to;
}
