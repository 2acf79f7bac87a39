/* SPDX-License-Identifier: Apache-2.0 */
/* Hands a seccomp listener to the agent at listenerPath (config-linux.md, The Container Process State). */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/*
 * Fetches descriptor `number` of the process `pidfd` (pid), and sends it with the container process state: `status` and
 * `init` are the container's. The agent must accept within 30 seconds.
 */
int listener_send(const struct plan *plan, const char *status, pid_t init, pid_t pid, int pidfd,
		  int number, struct arena *a, struct error *err);
