/* SPDX-License-Identifier: Apache-2.0 */
/* SELinux labels of a plan: what may be one, and which mounts get the container's. */
#pragma once

#include "plan/mounts.h"

/* Why a string cannot be a label, NULL if it can. */
const char *label_refusal(const char *label);

/*
 * linux.mountLabel, as an option of every file system that takes one and has none of its own, and in fs->label for those
 * that we make beside mounts[]. Labels that the options give are freed from the quotes that only mount(2) knows.
 */
int label_mounts(const struct oci_config *config, const struct host *host, struct arena *a,
		 struct fs_mount *mounts, size_t n, struct fs_plan *fs, struct error *err);

/* Whether an option of a file system is a label. */
bool label_is_option(const char *key);
