/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands a seccomp listener to the agent at listenerPath: config-linux.md, The Container Process State.
 *
 * The process that loads the filter can make no call afterwards without asking the agent, which does not know of it yet.
 * So it says before which number its listener will have (filter_announce() in run/credentials.h), and the runtime, which
 * has no filter, fetches that descriptor and sends it.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"
#include "run/channel.h"

/* A connection to the agent; how long it may take: SOCKET_SECONDS of sys/tty.h. */
int listener_connect(const struct seccomp_plan *seccomp, struct error *err);

/*
 * Fetches descriptor `number` of the process, as soon as it is there. A process that fails or ends instead is reported
 * with what it says on the channel.
 */
int listener_take(const struct channel *ch, int pidfd, int number, struct error *err);

/*
 * Sends the listener of process `pid` with the container process state over the agent's connection; `status` and `init`
 * are the container's. Any number of bytes, the descriptor with the first of them.
 */
int listener_send(const struct plan *plan, const char *status, pid_t init, pid_t pid, int agent,
		  int listener, struct arena *a, struct error *err);
