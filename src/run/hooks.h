/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks: programs named in config.json that run at fixed points of a container's life (config.md, POSIX-platform
 * Hooks). They get the container's state as JSON on standard input.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"
#include "state/state.h"

/* What surrounds one list of hooks. */
struct hook_run {
	enum hook_kind kind;
	const char *state;	/* JSON for standard input */
	const char *const *env; /* for hooks without one of their own, NULL: ours */
	const char *cwd;	/* directory they start in, NULL: ours */
	const char *output,
		*errors; /* files for their standard output and error; NULL: kept for the message */
};

/*
 * Runs the hooks one after the other. Each gets its own process group, which is killed when its timeout (or the default
 * of ten minutes) passes. The first that fails ends the run; its error names the place in config.json, the program, how
 * it ended, and the end of what it wrote.
 */
int hooks_run(const struct hooks *hooks, const struct hook_run *run, struct error *err);

/* The longest time the hooks may take, in seconds. */
unsigned hooks_seconds(const struct hooks *hooks);

/* Poststart and poststop hooks run in later commands: they are kept in the record. */
void hooks_to_record(const struct hooks *hooks, enum hook_kind kind, struct record *r);
struct hooks hooks_from_record(const struct record *r, enum hook_kind kind, struct arena *a);
