/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a cgroup's counters: files that are read, members that are written. Inside cgroup/ only; stats.h is for others. */
#pragma once

#include "base/json.h"
#include "cgroup/hierarchy.h"

#define UNLIMITED UINT64_MAX /* "max" */

struct sample {
	struct cgroup *cg;
	struct arena *arena;
	struct json_writer *w;
};

/* Where a controller is, NULL if nowhere. */
struct hierarchy *sample_find(const struct sample *s, enum controller controller);

/* A whole file of the container's directory; NULL if there is none, or h is NULL. */
const char *sample_read(const struct sample *s, struct hierarchy *h, const char *file);

/* The number that a text begins with; that of a file, false if there is none. */
uint64_t sample_to_number(const char *text);
bool sample_number(const struct sample *s, struct hierarchy *h, const char *file, uint64_t *ret);

/* The value in the line "key value", 0 if there is none; text may be NULL. */
uint64_t sample_value(const char *text, const char *key);

void sample_member(const struct sample *s, const char *key, uint64_t value);
void sample_member_unless_zero(const struct sample *s, const char *key, uint64_t value);

/* A member that is an object, to be closed with json_close_object(). */
void sample_open(const struct sample *s, const char *key);

/* The member "psi" from a pressure file; left out where the kernel has none. */
void sample_pressure(const struct sample *s, const char *file);

/* One line of a pressure file (the kernel's Documentation/accounting/psi.rst) as an object. */
void sample_write_pressure(const char *line, struct json_writer *w);
