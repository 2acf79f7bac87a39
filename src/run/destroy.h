/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoes whatever a record says exists: the one clean-up there is. A failed create, a container whose program did not run
 * and `delete` all come here, with a record of a whole container or of one that was never finished.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "state/state.h"

/*
 * Kills what still runs, waits until it is gone, removes cgroup, mounts and at last the state directory. What is gone
 * already is fine; what cannot be removed is named, and the record stays for another try. The record also learns how the
 * container ended, where poststop hooks will ask for it.
 */
int destroy(const struct state *s, struct record *r, struct error *err);

/* Runs the poststop hooks, which come after everything is gone; their failures are warnings. */
void destroy_poststop(const char *id, const struct record *r, struct arena *a);
