/* SPDX-License-Identifier: Apache-2.0 */
/* Files that somebody else may have prepared: never opened for reading before their kind is known. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * Reads a regular file of at most `max` bytes into the arena. NULL with errno: what is no regular file is EINVAL, what is
 * larger EFBIG. A FIFO or a device costs nothing.
 */
char *file_read_regular(const char *path, size_t max, struct arena *a, size_t *ret_size);

/* Whether that is what it is; false too if it cannot be found out. */
bool file_is_regular(const char *path);

/* The device 1:3, whatever its name. */
bool file_is_null(int fd);

/*
 * Where standard input, output or error is the host's null device, puts the container's in its place; terminals, pipes and
 * sockets there are given to `uid`, so that the program may open them again by name. We are inside the new root.
 */
int stdio_adopt(unsigned uid, struct error *err);

/* Opens /dev/null on those of the descriptors 0 to 2 that are closed, so that nothing else lands there. */
int stdio_fill(struct error *err);

/* A file in memory that can be executed, to be written and then sealed: nobody can write any more. memfd_create(2). */
int file_make_sealed(const char *name);
int file_seal(int fd);
bool file_is_sealed(int fd);
