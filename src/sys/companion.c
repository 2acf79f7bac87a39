/* SPDX-License-Identifier: Apache-2.0 */
/* sys/buslib.h for a program that cannot open a library. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "sys/buslib.h"

#define NAME "teu-systemd"

/* Beside us, as in a build directory; else where it is installed (PROGRAM_DIR). */
static const char *find(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - sizeof(NAME));
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		if (slash) {
			memcpy(slash + 1, NAME, sizeof(NAME));
			if (access(path, X_OK) == 0)
				return path;
		}
	}
	return PROGRAM_DIR "/" NAME;
}

int buslib_reach(char **argv, struct error *err)
{
	char own[PATH_MAX];
	const char *path = find(own, sizeof(own));

	execve(path, argv, environ);
	return error_sys(err, "execute \"%s\", which is needed to ask systemd", path);
}

int buslib_open(const struct buslib_symbol *symbols UNUSED, size_t n UNUSED, struct error *err)
{
	return error_set(err, ERR_SYSTEM, "this program cannot ask systemd, " NAME " can");
}
