/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/buslib.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libsystemd.so.0"

int buslib_open(const struct buslib_symbol *symbols, size_t n, struct error *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return error_set(err, ERR_SYSTEM, "%s is needed to ask systemd: %s", LIBRARY,
				 dlerror());
	for (size_t i = 0; i < n; i++) {
		void *symbol = dlsym(handle, symbols[i].name);

		if (!symbol) {
			dlclose(handle);
			return error_set(err, ERR_SYSTEM, "%s has no %s", LIBRARY, symbols[i].name);
		}
		/* Pointers to functions and to data are of one size in POSIX. */
		memcpy(symbols[i].to, &symbol, sizeof(symbol));
	}
	return 0;
}

int buslib_reach(char **argv UNUSED, struct error *err UNUSED)
{
	return 0;
}
