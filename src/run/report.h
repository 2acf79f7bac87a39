/* SPDX-License-Identifier: Apache-2.0 */
/* The container's state as JSON: for hooks (runtime.md, State) and for the commands that print it. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "plan/plan.h"

/* The version of the specification that our state obeys. */
#define SPEC_VERSION "1.3.0"

/* The compact object for a hook's standard input; pid 0 is left out. */
const char *report_hook_state(const struct plan *plan, const char *status, pid_t pid,
			      struct arena *a);

/* The same from its parts; of one that has ended also how, as far as that is known (NULL: nothing). */
struct outcome;
const char *report_state(const char *id, const char *status, pid_t pid, const char *bundle,
			 const struct pair *annotations, size_t n, const struct outcome *outcome,
			 struct arena *a);

/* The member "annotations", left out when there are none. */
void report_annotations(struct json_writer *w, const struct pair *annotations, size_t n);
