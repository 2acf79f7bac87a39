/* SPDX-License-Identifier: Apache-2.0 */
/* Several errors and warnings as data, for a command that does not stop at the first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct finding {
	bool warning;
	struct error error;
	struct finding *next;
};

struct findings {
	struct arena *arena;
	struct finding *first, **last;
	size_t n_errors, n_warnings;
};

/* A copy of the error is added, unless the same text stands there for the same place already. */
void findings_add(struct findings *f, const struct error *err);

/* The same as a warning; `where` is a JSON pointer, "" if none. */
void findings_warn(struct findings *f, const char *where, const char *fmt, ...) PRINTF(3, 4);
