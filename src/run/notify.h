/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between a container and the caller's NOTIFY_SOCKET (sd_notify(3)).
 *
 * The program in the container gets a socket of ours, in a directory of the state that is mounted at /run/notify. Of what it
 * says only "READY=1" is passed on, with our word that the container's init is the main process.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "state/state.h"

struct notify {
	int sock;	  /* ours, -1: nothing is relayed */
	const char *host; /* the caller's NOTIFY_SOCKET */
	pid_t pid;	  /* of init */
};

/* The caller's socket, or NULL. */
const char *notify_wanted(void);

/* Makes the directory that is mounted into the container. */
int notify_make(const struct state *s, struct error *err);

/* Binds the socket, before the program runs; does nothing where the container or the caller has none. */
int notify_bind(const struct state *s, pid_t pid, struct notify *ret, struct error *err);

/* Takes what has arrived; true when the container has said that it is ready, or nobody can be told. */
bool notify_step(struct notify *n);

/* Waits until the container is ready or its init (pidfd) has ended. */
void notify_wait(struct notify *n, int pidfd);
void notify_close(struct notify *n);
