/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in the foreground: signals go to it, the terminal is copied, its end is ours.
 *
 *	foreground_prepare()	before the clone: signals are taken in, so that none is lost
 *	foreground_terminal()	when the primary end has arrived
 *	foreground_wait()	until init ends
 *	foreground_end()	gives the terminal and the signals back
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/error.h"
#include "run/notify.h"

struct foreground {
	int signals; /* signalfd */
	sigset_t mask;
	int primary; /* of the container's terminal, -1: none */
	int keeper;  /* pipe to the process that restores the terminal if we are killed, -1: none */
	struct notify notify; /* relayed while the container runs */
	bool raw;
	struct termios saved;
	int status; /* of init when it has ended, as waitpid(2) gives it */
};

int foreground_prepare(struct foreground *f, bool subreaper, struct error *err);

/* Takes the primary end from the socket it arrives at; our own terminal becomes raw and lends its size. */
int foreground_terminal(struct foreground *f, int sock, bool has_size, struct error *err);

/* Waits for init; *ret_code is its exit status, 128 + n for signal n. */
int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int *ret_code, struct error *err);

void foreground_end(struct foreground *f);
