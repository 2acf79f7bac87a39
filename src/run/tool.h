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
