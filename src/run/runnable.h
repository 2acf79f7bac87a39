/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a program could be executed in a tree that is only looked at: that it is there and may be executed, and so are the
 * interpreter or loader that it names, in turn. execve(2).
 */
#pragma once

#include "base/findings.h"
#include "plan/plan.h"
#include "run/view.h"

/*
 * The program of the process, found by its PATH as run/program.h finds it. What lies on a file system that does not exist
 * yet is not judged.
 */
void runnable_process(const struct view *v, const struct process_plan *p, const char *where,
		      struct findings *ret);

/* A program given by its absolute path; `what` names it in messages. */
void runnable_file(const struct view *v, const char *path, const char *what, const char *where,
		   struct findings *ret);
