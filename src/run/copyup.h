/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: a tmpfs begins with a copy of the directory that it covers. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "sys/proc.h"

/*
 * Copies what is in the directory `from` (an O_PATH handle) into the directory `to`, with modes, owners, times and
 * extended attributes: files, directories, links as links; FIFOs, sockets and devices are left out, other mounts are not
 * entered. With `attributes` the owner and mode of `from` go to `to` as well. Bounded in depth and number of entries.
 */
int copyup(const struct proc *proc, int from, int to, bool attributes, struct error *err);
