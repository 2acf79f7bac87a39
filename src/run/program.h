/* SPDX-License-Identifier: Apache-2.0 */
/* The program of a process: finding it in the container, and saying why it would not run. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"

/*
 * The path of args[0] as execvp(3) would find it with PATH of the process's own environment; we are in the container's
 * root and working directory, with the process's credentials. The texts of the errors are those that engines turn into
 * exit codes 126 and 127.
 */
int program_find(const struct process_plan *p, const char *where, struct arena *a, const char **ret,
		 struct error *err);

/* The paths that are tried for it, in that order; how many. None for an empty name. */
size_t program_candidates(const struct process_plan *p, struct arena *a, const char *const **ret);

/* Why args[0], called `name`, was not found. */
int program_error(const char *name, int errnum, const char *where, struct error *err);

/* Refuses a script whose interpreter cannot be executed; of anything else it says nothing. */
int program_check(const char *path, struct error *err);

/* What errno of execve(2) says of the program, without a look at it. Always -1. */
int program_refused(const char *path, int errnum, struct error *err);

/* The same with a look: names a missing or foreign interpreter if that is why. Always -1. */
int program_explain(const char *path, int errnum, struct error *err);
