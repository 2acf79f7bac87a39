/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the test probe beside the facts of probe.c. Each gets the words from its own name
 * on ("create", "/path") and returns the exit status.
 */
#ifndef PROBE_H
#define PROBE_H

/* One operation; prints "ok" or the symbolic errno, and exits 0 in both cases, 2 on misuse. */
int probe_try(int argc, char **argv);

/*
 * exchange PATH PATH             what two names stand for changes until the end
 * leave-root PATH                out of a chroot: "inside", or "OUTSIDE" where PATH of the host is seen
 * watch NAME                     looks into other processes for the text NAME, or a directory with such a file
 * trace NAME PROGRAM             stops every new process, and looks into it for what others in the container do not have;
 *                                "CAUGHT" for each that has not executed PROGRAM yet
 * overwrite-exe PID SECONDS      writes to the file that a process runs: "OVERWRITTEN" or "not writable: ERRNO"
 * overwrite-handle FD SECONDS    the same with a path-only descriptor of it
 * overwrite-any SECONDS SIZE     the same with every program of that size that others run
 */
int probe_attack(int argc, char **argv);
int probe_trace(const char *canary, const char *program);

/*
 * wait-pid PID SECONDS          until the process is dead (a zombie counts)
 * wait-file PATH SECONDS        until PATH exists and is not empty
 * wait-signals [N]              prints every signal it is sent (N of them, or until the 15th)
 * Exit status 0, or 1 when the time is over.
 */
int probe_wait(int argc, char **argv);

/*
 * in-userns FIRST COUNT PROGRAM ARG...   as root of a new user namespace with ids FIRST on, and of its own mounts
 * without-keys PROGRAM ARG...            with the key quota used up
 * The program's exit status; 125 if there is none.
 */
int probe_caller(int argc, char **argv);

#endif
