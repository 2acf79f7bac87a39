/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the files that a caller hands over: a bundle's config.json (bundle.md), the process of `exec --process`, the
 * resources of `update --resources`.
 *
 * Everything lives in the arena and is const from then on. An error of content names file, line, column and JSON pointer;
 * what the schema cannot know (whether the values make sense together and on this host) is left to the plan.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci_spec.h"

struct spec_file {
	const struct oci_config *config;
	const char *text; /* the file as it was read, '\0' appended */
	size_t size;
	struct oci_warnings warnings; /* misspelt keys */
};

/*
 * Reads `path`, or config.json of the bundle if it is NULL; it must be a regular file of at most OCI_SIZE_MAX bytes and is
 * read once. A missing one is told as engines expect it: "JSON specification file config.json not found".
 */
int spec_load(const char *bundle, const char *path, struct arena *a, struct spec_file *ret,
	      struct error *err);

/* The text alone, whatever is in it; '\0' appended. */
const char *spec_read(const char *bundle, const char *path, struct arena *a, size_t *ret_size,
		      struct error *err);

/* Reads a file that holds what stands under /process in config.json. A pipe will do. */
int spec_load_process(const char *path, struct arena *a, const struct oci_process **ret,
		      struct oci_warnings *warnings, struct error *err);

/*
 * Makes a place below `above` of config.json one in the file that holds what stands there (-: standard input); false, and
 * nothing is changed, where it is none or already one in a file.
 */
bool spec_place_in_file(struct error *err, const char *above, const char *path);

/* Reads a file that holds what stands under /mounts in config.json, which is also where places in it are named. */
int spec_load_mounts(const char *path, struct arena *a, const struct oci_mount **ret, size_t *ret_n,
		     struct oci_warnings *warnings, struct error *err);

/* Reads a file that holds what stands under /linux/resources in config.json; "-" is standard input. */
int spec_load_resources(const char *path, struct arena *a, const struct oci_resources **ret,
			struct oci_warnings *warnings, struct error *err);
