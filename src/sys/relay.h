/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of some instructions that executes another one in its place.
 *
 * A container may lead whoever executes one of its files back to "/proc/self/exe", by a script's first line or as the loader
 * that a program asks for: the file of the program that calls execve(2). With the relay in between that is the relay, a sealed
 * piece of memory, and not the runtime's file (sys/selfexe.h). A process that executes it must be one that nobody can look
 * into before, for until then it runs from the runtime's file.
 */
#pragma once

#include "base/error.h"

/* What the relay sends through its descriptor if the program cannot be executed; nothing else. */
struct relay_message {
	uint32_t type;
	int32_t errnum;
};

/* A descriptor for a relay. -1 where there can be none: on other architectures, and where vm.memfd_noexec forbids it. */
int relay_open(void);

/* Makes it one that marks `report`, which it inherits, close-on-exec, executes the program, or sends such a message there. */
int relay_write(int relay, int report, uint32_t type, struct error *err);

/* The system calls that it takes, with their arguments, for judging a filter; `report` stands for our descriptor of it, too. */
#define RELAY_CALLS 5
struct relay_call {
	long nr;
	uint64_t args[6];
};
void relay_describe(int report, struct relay_call ret[RELAY_CALLS]);

/*
 * Executes `program` by the relay: argv[0] is left free for us, the program's own arguments begin at argv[1]. Comes back only
 * on failure, with errno.
 */
void relay_execute(int relay, const char *program, const char **argv, const char *const *env);
