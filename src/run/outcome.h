/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a container ended, as far as it is known.
 *
 * Init is nobody's child of ours once `create` has returned, and whoever waits for it learns its exit status alone. So it is
 * known here as long as nobody has waited (init is a zombie then), and for good where it was our child: after `run`. Who was
 * killed for want of memory the kernel counts in the cgroup, as long as that exists; poststop hooks, which run when it is gone,
 * get the count that was read before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "cgroup/cgroup.h"
#include "state/state.h"

struct outcome {
	bool has_status, has_kills;
	int status;	/* of init, as waitpid(2) gives it */
	uint64_t kills; /* processes of the container that the kernel killed for want of memory */
};

/* Of a container that has ended: what the record remembers, else what can be found out now. cg may be NULL. */
struct outcome outcome_read(const struct record *r, const struct cgroup *cg);

/* Remembers it; what is not known is left as it stands there. */
void outcome_to_record(const struct outcome *o, struct record *r);

/* The members "exit" ({"code": N} or {"signal": N}) and "oomKills" of an open object, each if it is known. */
void outcome_write(const struct outcome *o, struct json_writer *w);
