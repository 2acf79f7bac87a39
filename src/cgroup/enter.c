/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/hierarchy.h"
#include "sys/syscalls.h"

/* Less room than this below a memory limit tells of a want of memory; with the other a process cannot even begin. */
#define LITTLE_MEMORY (512u << 10)
#define LEAST_MEMORY (320u << 10)

/* ---- a cgroup below the container's ------------------------------------------------------------------------------------ */

static int refuse_word(struct error *err, const char *word, const char *why)
{
	char shown[64];

	return error_set(err, ERR_USAGE, "invalid value \"%s\" of option --cgroup: %s",
			 str_quote(word, shown, sizeof(shown)), why);
}

/* No "..", no empty part: what is refused cannot lead out. */
static bool is_below(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
		if (*path && !*++path)
			return false;
	}
	return true;
}

static int set_below(struct cgroup *cg, struct hierarchy *h, const char *path, struct error *err)
{
	const char *below = h->below ? h->below : h->path;

	if (*path)
		below = arena_printf(cg->arena, "%s/%s", below, path);
	/* Once for cpu and once for cpuacct, which may share a hierarchy, is no contradiction. */
	if (h->below && !str_eq(below, h->path))
		return error_set(err, ERR_USAGE, "option --cgroup: two cgroups in one hierarchy");
	if (!h->below)
		h->below = h->path;
	h->path = below;
	if (strlen(h->mount) + strlen(h->path) + 32 > PATH_MAX)
		return error_errno(err, ENAMETOOLONG, "option --cgroup");
	return 0;
}

static int below_all(struct cgroup *cg, const char *word, const char *path, struct error *err)
{
	bool found = false;

	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (set_below(cg, h, path, err))
			return -1;
		if (h->version == 2 && !h->alone) {
			auto_fd int fd = hierarchy_open(h, h->path, O_PATH | O_DIRECTORY);

			if (fd < 0)
				h->path = h->below;
			else
				found = true;
		} else {
			found = true;
		}
	}
	return found ? 0 : refuse_word(err, word, "the container has no cgroup");
}

static int below_some(struct cgroup *cg, const char *word, size_t n, const char *path,
		      struct error *err)
{
	while (n) {
		size_t length = strcspn(word, ",:");
		const char *name = arena_strndup(cg->arena, word, length);
		unsigned bit = controllers_parse(name, ",", 1);
		struct hierarchy *h = NULL;

		for (size_t i = 0; i < cg->n; i++) {
			struct hierarchy *one = &cg->list[i];

			if (one->version == 1 &&
			    (one->controllers & bit || str_eq(one->name, name) ||
			     (str_starts(one->name, "name=") && str_eq(one->name + 5, name))))
				h = one;
		}
		if (!h)
			return refuse_word(err, word, "no v1 hierarchy of that name");
		if (set_below(cg, h, path, err))
			return -1;
		word += length + 1;
		n -= MIN(length + 1, n);
	}
	return 0;
}

int cgroup_enter_below(struct cgroup *cg, const char *const *words, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(words[i], ':'), *path = colon ? colon + 1 : words[i];

		path += *path == '/';
		if (!is_below(path))
			return refuse_word(err, words[i], "must lie below the container's cgroup");
		if (colon ? below_some(cg, words[i], (size_t)(colon - words[i]), path, err)
			  : below_all(cg, words[i], path, err))
			return -1;
	}
	return 0;
}

/* ---- entering ---------------------------------------------------------------------------------------------------------- */

/*
 * One system call and a check: no part of the path is anybody else's, as a cgroup file system holds no links and the
 * mount point was found by us.
 */
static int open_join(struct hierarchy *h)
{
	char path[PATH_MAX];
	auto_fd int fd = -1;
	struct statfs fs;

	snprintf(path, sizeof(path), "%s%s%s", h->mount, h->path, h->version == 2 ? "" : "/tasks");
	fd = open(path, h->version == 2 ? O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
					: O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	if (fs.f_type != (h->version == 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC)) {
		errno = ENODEV;
		return -1;
	}
	fd_close(&h->join);
	h->join = fd_take(&fd);
	return 0;
}

/* The path of a process in a hierarchy by cgroups(7), as our cgroup namespace shows it; NULL if that is outside. */
static const char *path_of(struct cgroup *cg, const struct hierarchy *h, pid_t pid)
{
	char file[32], *text, *line, *next;
	auto_fd int fd = -1;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	text = fd < 0 ? NULL : fd_read_all(cg->arena, fd, 1 << 20, NULL);
	for (line = text; line && *line; line = next) {
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!path)
			continue;
		*path++ = '\0';
		if (str_eq(list + 1, h->name))
			return str_starts(path, "/..") || str_ends(path, " (deleted)") ? NULL
										       : path;
	}
	return NULL;
}

static int follow(struct cgroup *cg, struct hierarchy *h, pid_t init, struct error *err)
{
	const char *path = path_of(cg, h, init);

	if (!path || str_eq(path, h->path))
		return -1;
	h->path = str_eq(path, "/") ? "" : path;
	if (open_join(h) == 0)
		return 0;
	return error_sys(err, "open cgroup \"%s%s\", which the container's init has moved to",
			 h->mount, h->path);
}

int cgroup_enter_open(struct cgroup *cg, pid_t init, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->list[i];

		if (h->leaf && !h->below)
			h->path = arena_printf(cg->arena, "%s/%s", h->path, h->leaf);
		h->leaf = NULL;
		if (open_join(h) == 0)
			continue;
		error_sys(err, "open cgroup \"%s%s\"", h->mount, h->path);
		if (err->errnum != ENOENT || h->below || follow(cg, h, init, err))
			return -1;
	}
	return 0;
}

int cgroup_enter_beside(struct cgroup *cg, pid_t init, int errnum, struct error *err)
{
	struct hierarchy *h = cgroup_find_v2(cg);

	if (!h || h->below ||
	    (errnum != EBUSY && errnum != EOPNOTSUPP && errnum != ENOENT && errnum != ENODEV))
		return -1;
	return follow(cg, h, init, err);
}

void cgroup_enter_born(struct cgroup *cg)
{
	struct hierarchy *h = cgroup_find_v2(cg);

	if (h)
		fd_close(&h->join);
}

int cgroup_enter_self(const struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		const struct hierarchy *h = &cg->list[i];
		auto_fd int procs = -1;

		if (h->version == 2 && h->join < 0)
			continue;
		if (h->version == 2)
			procs = openat(h->join, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
		if ((h->version == 2 && procs < 0) ||
		    write(procs < 0 ? h->join : procs, "0", 1) < 0)
			return error_sys(err, "enter cgroup \"%s%s\"", h->mount, h->path);
	}
	return 0;
}

/* ---- what may be in the way ---------------------------------------------------------------------------------------------- */

/* The length of the next longer part of the path; the last is the path itself. */
static size_t longer(const char *path, size_t length)
{
	return length + 1 + strcspn(path + length + 1, "/");
}

static bool read_part(struct hierarchy *h, size_t length, const char *file, char *buf, size_t size)
{
	char path[PATH_MAX];
	auto_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%.*s/%s", (int)length, h->path, file);
	fd = hierarchy_open(h, path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

size_t hierarchy_frozen(struct hierarchy *h, size_t length)
{
	const char *file = h->version == 2			       ? "cgroup.freeze"
			   : h->controllers & 1u << CONTROLLER_FREEZER ? "freezer.self_freezing"
								       : NULL;
	char now[4];

	for (size_t part = 0; file && part < length;) {
		part = longer(h->path, part);
		if (read_part(h, part, file, now, sizeof(now)) && now[0] == '1')
			return part;
	}
	return 0;
}

const char *cgroup_frozen_name(const struct cgroup *cg, struct arena *a)
{
	struct cgroup *c = (struct cgroup *)(uintptr_t)cg;

	for (size_t i = 0; i < c->n; i++) {
		struct hierarchy *h = &c->list[i];
		size_t length = hierarchy_frozen(h, strlen(h->path));

		if (length)
			return arena_printf(a, "%s%.*s", h->mount, (int)length, h->path);
	}
	return NULL;
}

/* A limit that is "max" or v1's highest number does not convert, or is far away. */
static bool read_number(struct hierarchy *h, size_t length, const char *file, uint64_t *ret)
{
	char text[32];

	if (!read_part(h, length, file, text, sizeof(text)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return str_to_u64(text, ret);
}

/* v1 without a limit says the highest number of pages. */
#define NO_LIMIT ((uint64_t)INT64_MAX / 4096 * 4096)

static struct hierarchy *find(const struct cgroup *cg, enum controller controller)
{
	struct hierarchy *h = NULL;
	struct error unused;

	if (!cg->n ||
	    cgroup_find_controller((struct cgroup *)(uintptr_t)cg, controller, &h, &unused))
		return NULL;
	return h;
}

struct use {
	uint64_t used, limit;
};

/* False where there is no limit. */
static bool read_use(struct hierarchy *h, size_t length, bool memory, struct use *ret)
{
	const char *limit = !memory	      ? "pids.max"
			    : h->version == 2 ? "memory.max"
					      : "memory.limit_in_bytes";
	const char *used = !memory	     ? "pids.current"
			   : h->version == 2 ? "memory.current"
					     : "memory.usage_in_bytes";

	return read_number(h, length, limit, &ret->limit) && ret->limit < NO_LIMIT &&
	       read_number(h, length, used, &ret->used);
}

static const char *tell_use(const struct hierarchy *h, size_t length, bool memory,
			    const struct use *use, struct arena *a)
{
	return arena_printf(a, "the %s limit of cgroup \"%s%.*s\" is used up: %ju of %ju%s",
			    memory ? "memory" : "pids", h->mount, (int)length, h->path,
			    (uintmax_t)use->used, (uintmax_t)use->limit, memory ? " bytes" : "");
}

const char *cgroup_used_up(const struct cgroup *cg, bool memory, struct arena *a)
{
	struct hierarchy *h = find(cg, memory ? CONTROLLER_MEMORY : CONTROLLER_PIDS);
	struct use use;

	for (size_t part = 0; h && h->path[part];) {
		part = longer(h->path, part);
		if (read_use(h, part, memory, &use) &&
		    use.used + (memory ? LITTLE_MEMORY : 0) >= use.limit)
			return tell_use(h, part, memory, &use, a);
	}
	return NULL;
}

/* The number behind a key at the beginning of a line. */
static uint64_t stat_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; (p = strstr(p, key)); p += n)
		if ((p == text || p[-1] == '\n') && p[n] == ' ')
			return strtoull(p + n, NULL, 10);
	return 0;
}

/* Memory that no reclaim gives back while there is no swap. Exact, unlike the usage, which holds pages in advance. */
static uint64_t unreclaimable(struct hierarchy *h, size_t length)
{
	char text[8192];
	uint64_t kernel = 0;

	if (!read_part(h, length, "memory.stat", text, sizeof(text)))
		return 0;
	if (h->version == 2)
		return stat_value(text, "anon") + stat_value(text, "shmem") +
		       stat_value(text, "kernel") - stat_value(text, "slab_reclaimable");
	(void)read_number(h, length, "memory.kmem.usage_in_bytes", &kernel);
	return stat_value(text, "total_rss") + stat_value(text, "total_shmem") + kernel;
}

static bool has_free_swap(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 && info.freeswap > 0;
}

int cgroup_check_memory(const struct cgroup *cg, bool *ret_limited, struct error *err)
{
	struct hierarchy *h = find(cg, CONTROLLER_MEMORY);
	struct use use;

	*ret_limited = false;
	for (size_t part = 0; h && h->path[part];) {
		part = longer(h->path, part);
		if (!read_use(h, part, true, &use))
			continue;
		*ret_limited = true;
		if (use.used + LEAST_MEMORY <= use.limit || has_free_swap() ||
		    unreclaimable(h, part) + LEAST_MEMORY <= use.limit)
			continue;
		return error_set(err, ERR_STATE, "cannot add a process to the container: %s",
				 tell_use(h, part, true, &use, cg->arena));
	}
	return 0;
}
