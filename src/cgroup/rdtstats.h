/* SPDX-License-Identifier: Apache-2.0 */
/* What a resctrl group may use and has used (the kernel's Documentation/filesystems/resctrl.rst). */
#pragma once

#include "base/arena.h"
#include "base/json.h"

/*
 * Writes what the host has of it as members of an open object: limits of the caches and of the bandwidth, the schemata of the
 * root and of `group`, and what `monitor`, a monitoring group or `group` itself, has counted. Paths are relative to `root`.
 */
void rdtstats_write(int root, const char *group, const char *monitor, struct arena *a,
		    struct json_writer *w);
