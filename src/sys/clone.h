/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: making one, holding it by a descriptor, telling it from another that got its number.
 *
 * A pid alone names nobody for long. A process of ours is a pid, its start time (field 22 of /proc/PID/stat) and the
 * boot it belongs to; whoever signals it opens a pidfd first, compares, and uses the pidfd from then on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * clone3(2) with the given CLONE_* flags; the child shares nothing it does not have to. cgroup_fd is the v2 cgroup to be
 * born in, -1 for ours. Returns the pid (0 in the child); *ret_pidfd is set in the parent.
 */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd, struct error *err);

/*
 * The same as vfork(2) does it: the child borrows our memory and we stand still until it executes a program or ends, so that
 * nothing has to be copied. It begins in main(argument), which does not return. What it writes is ours as well, what it does
 * to its descriptors, credentials and working directory is not. Both have a deadline in seconds, since we cannot look after
 * it: the child's is alarm(2), for it to lift before it executes; ours comes some seconds later, ends us by SIGALRM and is
 * for a child that others have stopped.
 *
 * Only where process_can_borrow(), for a child that need not hear from us, and that nobody else can trace: who has its memory
 * has ours.
 */
pid_t process_borrow(int cgroup_fd, unsigned seconds, void (*main)(void *), void *argument,
		     int *ret_pidfd, struct error *err);
bool process_can_borrow(void);

/* The same, but the child becomes a sibling: a child of our parent (CLONE_PARENT), without a pidfd. */
pid_t process_clone_sibling(uint64_t flags, int cgroup_fd, struct error *err);

/*
 * A copy of us that takes our place: a child of our parent, in what setns(2) and unshare(2) chose for children. *pid of the
 * shared memory is its number before it or we go on. By clone(2), which filters allow where they know nothing of clone3(2).
 */
#ifdef __s390x__
#define PROCESS_COPY_ARGS 0, CLONE_PARENT | CLONE_PARENT_SETTID
#else
#define PROCESS_COPY_ARGS CLONE_PARENT | CLONE_PARENT_SETTID, 0
#endif
pid_t process_copy(volatile pid_t *pid, struct error *err);

struct process {
	pid_t pid;
	uint64_t start; /* clock ticks since boot */
};

/* Start time and state letter of a process; false if there is none (a zombie exists, with state 'Z'). */
bool process_stat(pid_t pid, uint64_t *ret_start, char *ret_state);

/* Whether the process still runs: it exists, is no zombie and has not been replaced by another. */
bool process_alive(const struct process *p);

/*
 * How a process ended that its parent has not waited for yet (a zombie), as waitpid(2) will tell it; false for any other, and
 * where we may not know. Once it has been waited for, nobody can say it any more who did not hold a pidfd before.
 */
bool process_exit_status(const struct process *p, int *ret_status);

/* A pidfd of the process, checked after opening; -1 with errno ESRCH if it is gone. */
int process_open(const struct process *p);

/*
 * Waits for a child to end: its wait status, as waitpid(2) would give it. -1 on error or when the deadline
 * (base/fd.h, 0: none) passed (errno ETIMEDOUT).
 */
int process_wait(int pidfd, uint64_t deadline, int *ret_status);

/* Kills a child that is not wanted any more, and waits some seconds for its end. */
void process_end(int pidfd);

/* Signals through the pidfd; 0 or -1 with errno. */
int process_kill(int pidfd, int sig);

/*
 * oom_score_adj of a process (0: our own), proc(5), by the caller's own /proc: where no container can have put anything.
 * Lowering it below what a privileged process has set needs CAP_SYS_RESOURCE. The descriptor is for both calls below.
 */
int oom_score_open(pid_t pid, struct error *err);
int oom_score_read(int fd, int *ret, struct error *err);
int oom_score_write(int fd, int value, struct error *err);
