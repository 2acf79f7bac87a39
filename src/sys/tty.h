/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudoterminals: made in the container's devpts, handed to whoever holds the primary end, and the caller's own
 * terminal in raw mode while it stands in for one. pty(7), ioctl_tty(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "base/error.h"

struct terminal {
	int primary, peer; /* both close-on-exec */
};

/*
 * Makes a pair from the devpts under `root_fd` (dev/pts/ptmx), which is verified to be one: the image may have put
 * anything there. The peer is opened by TIOCGPTPEER, never by name. ONLCR is cleared.
 */
int terminal_open(int root_fd, struct terminal *ret, struct error *err);

/* Sets the window size; 0 x 0 leaves it. */
int terminal_resize(int fd, uint16_t rows, uint16_t columns, struct error *err);

/* Copies the window size from one terminal to another, best effort. */
void terminal_copy_size(int from, int to);

/* Makes the peer our standard descriptors; it is owned by uid. */
int terminal_adopt(int peer, uid_t uid, struct error *err);

/* Makes the terminal behind our standard input our controlling one; setsid() was called. */
int terminal_control(struct error *err);

/* Raw mode for the caller's terminal; `saved` brings it back. False if fd is no terminal. */
bool terminal_raw(int fd, struct termios *saved);
void terminal_restore(int fd, const struct termios *saved);

/* How long the other end of such a socket may take to accept, and to make room for what it is sent. */
#define SOCKET_SECONDS 10

/* A stream socket connected to the AF_UNIX path (any length), for a console, pidfd or seccomp listener. */
int socket_connect(const char *path, struct error *err);

/* The text, and with its first byte exactly one descriptor (unix(7), SCM_RIGHTS). */
int socket_send_fd(int sock, const char *text, int fd, struct error *err);
int socket_receive_fd(int sock, struct error *err);
