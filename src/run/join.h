/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces that exist already: opened and checked on the host, entered by the process they are for. setns(2). */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Opens the namespaces to join, and checks what they are. */
int join_open(const struct ns_plan *ns, int fds[8], struct error *err);

/* Refuses names, sysctls and network devices whose namespace is joined, but is the runtime's own: the host would change. */
int join_check_own(const struct plan *plan, const int fds[8], struct error *err);

/* Enters those whose type is in `flags` and whose descriptor is open. */
int join_namespaces(const struct ns_plan *ns, const int fds[8], int flags, struct error *err);

/* The part of `flags` (CLONE_NEW*) that joining process `pid` can need: its user namespace cannot be joined from inside. */
int join_needed(pid_t pid, int flags);

/*
 * Enters namespaces of the process pid, which pidfd holds: all of `flags` at once where the kernel can, else one by one. Of a
 * pid namespace our children will be members.
 */
int join_process(pid_t pid, int pidfd, int flags, struct error *err);
