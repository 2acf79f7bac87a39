/* SPDX-License-Identifier: Apache-2.0 */
/* Lays one struct of oci_spec.h over another, driven by the tables that read and write them. */
#pragma once

#include "base/arena.h"
#include "libocispec/table.h"

/*
 * What `under` becomes by the members that `over` has: scalars, strings and arrays take the place of the earlier ones,
 * objects are merged member by member, maps key by key. Absent and null members of `over` change nothing. Either may be
 * NULL; neither is changed, and the result may point into both.
 */
const void *oci_merge(const struct oci_table *table, const void *under, const void *over,
		      struct arena *a);
