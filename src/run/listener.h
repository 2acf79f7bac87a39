/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands a seccomp listener to the agent at listenerPath: config-linux.md, The Container Process State.
 *
 * The process that loads the filter can make no call afterwards without asking the agent, which does not know of it yet.
 * So it says before which number its listener will have (become_filtered()), and the runtime, which has no filter, fetches
 * that descriptor and sends it.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"
#include "run/channel.h"

/*
 * A connection to the agent, where the filter has one: an agent that is not there is known before anything is made. How
 * long it may take: SOCKET_SECONDS of sys/tty.h. *ret_agent stays as it is where there is none.
 */
int listener_connect(const struct seccomp_plan *seccomp, int *ret_agent, struct error *err);

/*
 * Waits for the process `pid` to load its filter, and gives the listener to the agent with the container process state;
 * `status` and `init` are the container's. Closes *agent; does nothing if it is -1.
 */
int listener_give(const struct channel *ch, int pidfd, const struct plan *plan, const char *status,
		  pid_t init, pid_t pid, int *agent, struct arena *a, struct error *err);
