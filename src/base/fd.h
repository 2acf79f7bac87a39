/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: owned by a variable, closed when it leaves its scope.
 *
 *	auto_fd int fd = -1;
 *
 * A descriptor leaves a scope only through fd_take(). Every descriptor of ours is close-on-exec from birth.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

#define auto_fd __attribute__((cleanup(fd_close)))

/* Closes *fd unless it is negative, and sets it to -1; errno is kept. */
void fd_close(int *fd);

/* Hands *fd over: returns it and sets the variable to -1. */
static inline int fd_take(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

/* Writes all bytes; 0, or -1 with errno set. */
int fd_write_all(int fd, const void *data, size_t size);

/*
 * Reads up to end of file into the arena, '\0' appended (not counted in *ret_size, which may be NULL). More than
 * `max` bytes is an error (EFBIG). NULL with errno set on failure.
 */
char *fd_read_all(struct arena *a, int fd, size_t max, size_t *ret_size);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_now(void);

/* The CPU time that a process, ours for pid 0, has used so far, in nanoseconds; 0 where it cannot be told. */
uint64_t clock_cpu(pid_t pid);

/* A point in time `seconds` from now, for the waits below. */
uint64_t deadline_in(unsigned seconds);

/*
 * Waits until one of `events` (poll(2)) is there: the events on success, 0 when `deadline` passed, -1 with errno.
 * A deadline of 0 waits for ever.
 */
int fd_wait(int fd, short events, uint64_t deadline);

/* Milliseconds until the deadline for poll(2), rounded up; -1 for deadline 0. */
int deadline_left(uint64_t deadline);
