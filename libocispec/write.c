/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/write.h"

#include <stdbool.h>

#include "libocispec/value.h"

static void write_one(const struct oci_member *m, const char *at, struct json_writer *to)
{
	switch (m->type) {
	case OCI_STRING:
		json_string(to, *(const char *const *)at);
		break;
	case OCI_BOOL:
		json_bool(to, *(const bool *)at);
		break;
	case OCI_INT32:
		json_int(to, *(const int32_t *)at);
		break;
	case OCI_INT64:
		json_int(to, *(const int64_t *)at);
		break;
	case OCI_UINT16:
		json_uint(to, *(const uint16_t *)at);
		break;
	case OCI_UINT32:
		json_uint(to, *(const uint32_t *)at);
		break;
	case OCI_UINT64:
		json_uint(to, *(const uint64_t *)at);
		break;
	default:
		oci_write(&oci_tables[m->table], at, to);
		break;
	}
}

static void write_many(const struct oci_member *m, const char *entries, size_t n,
		       struct json_writer *to)
{
	size_t size = oci_entry_size(m), skip = m->shape == OCI_MAP ? oci_value_offset(m) : 0;

	if (m->shape == OCI_MAP)
		json_open_object(to);
	else
		json_open_array(to);
	for (size_t i = 0; i < n; i++, entries += size) {
		if (m->shape == OCI_MAP)
			json_key(to, *(const char *const *)entries);
		write_one(m, entries + skip, to);
	}
	if (m->shape == OCI_MAP)
		json_close_object(to);
	else
		json_close_array(to);
}

void oci_write(const struct oci_table *table, const void *value, struct json_writer *to)
{
	const struct oci_member *m = &oci_members[table->first];
	uint64_t nulls = *(const uint64_t *)value;

	json_open_object(to);
	for (unsigned i = 0; i < table->n; i++, m++) {
		const char *at = (const char *)value + m->offset;
		const char *presence = (const char *)value + m->presence_at;
		bool pointer =
			m->shape != OCI_ONE || m->type == OCI_STRING || m->type == OCI_OBJECT;

		if (m->type == OCI_IGNORED)
			continue;
		if (pointer ? *(const void *const *)at != NULL : *(const bool *)presence) {
			json_key(to, m->key);
			if (m->shape != OCI_ONE)
				write_many(m, *(const char *const *)at, *(const size_t *)presence,
					   to);
			else
				write_one(m, m->type == OCI_OBJECT ? *(const char *const *)at : at,
					  to);
		} else if (nulls >> i & 1) {
			json_key(to, m->key);
			json_null(to);
		}
	}
	json_close_object(to);
}
