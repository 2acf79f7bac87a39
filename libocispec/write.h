/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the structs of oci_spec.h as JSON, driven by the same tables that read them. */
#pragma once

#include "base/json.h"
#include "libocispec/table.h"

/* Writes a struct as an object: what is absent is left out, what was null is null. */
void oci_write(const struct oci_table *table, const void *value, struct json_writer *to);
