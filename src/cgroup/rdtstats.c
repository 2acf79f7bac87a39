/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/rdtstats.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define FILE_MAX ((size_t)1 << 16)
#define DOMAINS_MAX 512

static const char *content(int root, struct arena *a, const char *path)
{
	auto_fd int fd = openat(root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(a, fd, FILE_MAX, NULL);

	return text;
}

static const char *below(const char *group, const char *file, struct arena *a)
{
	return arena_printf(a, "%s%s%s", group, *group ? "/" : "", file);
}

/* ---- limits ---------------------------------------------------------------------------------------------------------- */

static void write_info(int root, const char *dir, const char *key, const char *const *files,
		       size_t n, struct arena *a, struct json_writer *w)
{
	json_key(w, key);
	json_open_object(w);
	for (size_t i = 0; i < n; i++) {
		const char *text = content(root, a, arena_printf(a, "info/%s/%s", dir, files[i]));

		if (!text)
			continue;
		json_key(w, files[i]);
		/* A mask of bits is told as it stands there. */
		if (str_eq(files[i], "cbm_mask"))
			json_string(w, arena_strndup(a, text, strcspn(text, "\n")));
		else
			json_uint(w, strtoull(text, NULL, 10));
	}
	json_close_object(w);
}

/* The line of a resource, without the blanks before it. */
static void write_schema(const char *schemata, const char *resource, const char *key,
			 struct arena *a, struct json_writer *w)
{
	for (const char *line = schemata; line && *line;) {
		size_t n = strcspn(line, "\n"), blanks = strspn(line, " \t");

		if (str_starts(line + blanks, resource)) {
			json_member_string(w, key, arena_strndup(a, line + blanks, n - blanks));
			return;
		}
		line += n + (line[n] == '\n');
	}
}

static void write_schemata(const char *schemata, struct arena *a, struct json_writer *w)
{
	if (!schemata)
		return;
	json_key(w, "schemata");
	json_open_array(w);
	for (const char *line = schemata; *line;) {
		size_t n = strcspn(line, "\n"), blanks = strspn(line, " \t");

		if (n > blanks)
			json_string(w, arena_strndup(a, line + blanks, n - blanks));
		line += n + (line[n] == '\n');
	}
	json_close_array(w);
}

/* ---- counters -------------------------------------------------------------------------------------------------------- */

/* "mon_L3_00", ...: one for each cache. */
static size_t find_domains(int root, const char *path, struct arena *a, char ***ret)
{
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	*ret = arena_new_n(a, char *, DOMAINS_MAX);
	if (!dir) {
		fd_close(&fd);
		return 0;
	}
	while (n < DOMAINS_MAX && (entry = readdir(dir)))
		if (str_starts(entry->d_name, "mon_L3_"))
			(*ret)[n++] = arena_printf(a, "%s/%s", path, entry->d_name);
	(void)closedir(dir);
	if (n)
		qsort(*ret, n, sizeof(**ret), str_order);
	return n;
}

/* An array with an object for each cache; left out where the first counter is none of this host. */
static void write_counters(int root, const char *key, char **domains, size_t n,
			   const char *const *files, size_t n_files, struct arena *a,
			   struct json_writer *w)
{
	if (!n || !content(root, a, arena_printf(a, "%s/%s", domains[0], files[0])))
		return;
	json_key(w, key);
	json_open_array(w);
	for (size_t i = 0; i < n; i++) {
		json_open_object(w);
		for (size_t k = 0; k < n_files; k++) {
			const char *text =
				content(root, a, arena_printf(a, "%s/%s", domains[i], files[k]));
			uint64_t value = text ? strtoull(text, NULL, 10) : 0;

			/* "Unavailable", "Error" */
			if (!value)
				continue;
			json_key(w, files[k]);
			json_uint(w, value);
		}
		json_close_object(w);
	}
	json_close_array(w);
}

void rdtstats_write(int root, const char *group, const char *monitor, struct arena *a,
		    struct json_writer *w)
{
	static const char *const l3[] = { "cbm_mask", "min_cbm_bits", "num_closids" };
	static const char *const mb[] = { "bandwidth_gran", "delay_linear", "min_bandwidth",
					  "num_closids" };
	static const char *const bytes[] = { "mbm_total_bytes", "mbm_local_bytes" };
	static const char *const occupancy[] = { "llc_occupancy" };
	const char *all = content(root, a, "schemata");
	const char *own = content(root, a, below(group, "schemata", a));
	char **domains;
	size_t n;

	if (content(root, a, "info/L3/cbm_mask")) {
		write_info(root, "L3", "l3_cache_info", l3, ARRAY_SIZE(l3), a, w);
		write_schema(all, "L3:", "l3_cache_schema_root", a, w);
		write_schema(own, "L3:", "l3_cache_schema", a, w);
	}
	if (content(root, a, "info/MB/min_bandwidth")) {
		write_info(root, "MB", "mem_bw_info", mb, ARRAY_SIZE(mb), a, w);
		write_schema(all, "MB:", "mem_bw_schema_root", a, w);
		write_schema(own, "MB:", "mem_bw_schema", a, w);
	}
	write_schemata(own, a, w);
	n = find_domains(root, below(monitor, "mon_data", a), a, &domains);
	write_counters(root, "mbm_stats", domains, n, bytes, ARRAY_SIZE(bytes), a, w);
	write_counters(root, "cmt_stats", domains, n, occupancy, ARRAY_SIZE(occupancy), a, w);
}
