/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus without libFuzzer: replay_NAME reads tests/fuzz/corpus/NAME of the source tree, every
 * file whole and cut short at some places. Prints TAP; a target that finds something wrong aborts.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static int count;

static void replay(const char *directory, const char *name)
{
	static char text[1 << 20];
	char path[4096], *exact;
	size_t size, step;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "rb");
	size = f ? fread(text, 1, sizeof(text), f) : 0;
	printf("%sok %d - %s: %zu bytes\n", f && size < sizeof(text) ? "" : "not ", ++count, name,
	       size);
	fflush(stdout);
	if (!f)
		return;
	fclose(f);
	step = size / 200 + 1;
	for (size_t n = size;; n = n > step ? n - step : 0) {
		exact = malloc(n ? n : 1);
		memcpy(exact, text, n);
		LLVMFuzzerTestOneInput((const uint8_t *)exact, n);
		free(exact);
		if (n == 0)
			break;
	}
}

int main(int argc, char **argv)
{
	const char *top = getenv("abs_top_srcdir"), *name = strstr(argv[0], "replay_");
	char directory[2048];
	struct dirent *entry;
	DIR *d;

	snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", top ? top : ".",
		 name ? name + strlen("replay_") : "");
	if (argc > 1)
		snprintf(directory, sizeof(directory), "%s", argv[1]);
	d = opendir(directory);
	if (!d) {
		perror(directory);
		return 1;
	}
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			replay(directory, entry->d_name);
	closedir(d);
	printf("%sok %d - the corpus is not empty\n1..%d\n", count ? "" : "not ", count + 1,
	       count + 1);
	return 0;
}
