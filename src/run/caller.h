/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller is handed of a new process: its terminal, its pidfd, its pid. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * The socket through which the terminal's primary end leaves: connected to `path`, or for an attached caller (path NULL) one
 * whose other end is *ret_peer. Both stay as they are where there is neither.
 */
int caller_console(const char *path, bool attached, int *ret_socket, int *ret_peer,
		   struct error *err);

/* Sends the pidfd to the socket at `path`; does nothing for NULL. */
int caller_give_pidfd(const char *path, const char *text, int pidfd, struct error *err);

/* Replaces the pid file, whole and without a line end; does nothing for NULL. */
int caller_give_pid(const char *path, pid_t pid, struct arena *a, struct error *err);
