/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the kernel that forbid or ration namespaces: after a refusal they are read, and the error says which one it
 * was and what it is. Read by the caller's own /proc, before anything of the container is entered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/findings.h"

/* After namespaces could not be made: `flags` are the CLONE_NEW* that were asked for. */
void setting_explain_namespaces(uint64_t flags, struct error *err);

/* After an ordinary user could not write the map of a user namespace that it has made. */
void setting_explain_map(struct error *err);

/* Which of them would forbid these namespaces; to one who is not root of the host, too. */
void setting_check(uint64_t flags, bool is_ordinary, struct findings *f);
