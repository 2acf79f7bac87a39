/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the host that do a part of a command's work. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/*
 * Runs a program (args[0], looked for in PATH; NULL-terminated) and takes what it prints. Its standard input is empty, its
 * standard error ours. One that fails, or is not done within `seconds`, is an error; it is killed then. A program that is not
 * there is told by errnum ENOENT.
 */
int tool_read(const char *const *args, unsigned seconds, struct arena *a, char **ret,
	      struct error *err);

/*
 * Runs the program at `path`. Where it fails the error ends with the first line of what it wrote to its standard error; what
 * it prints is lost.
 */
int tool_run(const char *path, const char *const *args, unsigned seconds, struct arena *a,
	     struct error *err);

/*
 * A program of the host that only root can have put there: its path in one of the usual directories, whatever PATH says.
 * NULL: there is none.
 */
const char *tool_find(const char *name, struct arena *a);
