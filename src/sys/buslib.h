/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsystemd, for sys/bus.c.
 *
 * A program without a dynamic loader begins faster, which counts for one that runs five times for each container, but it
 * cannot open a library. So teu as it is built by default is without, and what concerns a container in a unit of systemd is
 * done by teu-systemd: the same program, linked with a loader. teu executes it when it sees that it needs it.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct buslib_symbol {
	const char *name;
	void *to; /* a pointer to a function, to be set */
};

/* Opens the library and sets all of the symbols. */
int buslib_open(const struct buslib_symbol *symbols, size_t n, struct error *err);

/*
 * Call it before anything was changed and before anything is read that cannot be read again: this program goes on if it can
 * open the library, else the one that can begins, with the same command line. Returns -1 where there is none.
 */
#ifdef HAVE_SYSTEMD
int buslib_reach(char **argv, struct error *err);
#else
static inline int buslib_reach(char **argv UNUSED, struct error *err UNUSED)
{
	return 0;
}
#endif
