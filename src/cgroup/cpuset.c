/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cpuset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/journal.h"
#include "plan/plan.h"

#define LIST_MAX 4096

static int open_list(struct hierarchy *h, size_t length, const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%.*s/cpuset.%s", (int)length, h->path, file);
	fd = hierarchy_open(h, path, flags);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	/* A mount with the option noprefix. */
	snprintf(path, sizeof(path), "%.*s/%s", (int)length, h->path, file);
	return hierarchy_open(h, path, flags);
}

static int read_list(struct hierarchy *h, size_t length, const char *file, char *list,
		     struct error *err)
{
	auto_fd int fd = open_list(h, length, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, list, LIST_MAX - 1);

	if (n < 0)
		return error_sys(err, "read %s of cpuset \"%s%.*s\"", file, h->mount, (int)length,
				 h->path);
	list[n] = '\0';
	list[strcspn(list, "\n")] = '\0';
	return 0;
}

/* From the first directory that has some, down to the container's. */
static int fill_list(struct hierarchy *h, const char *file, struct error *err)
{
	size_t length = h->kept, end = strlen(h->path);
	char list[LIST_MAX];

	for (;;) {
		if (read_list(h, length, file, list, err))
			return -1;
		if (*list || length == 0)
			break;
		while (length && h->path[--length] != '/')
			;
	}
	while (length < end) {
		auto_fd int fd = -1;

		length++;
		length += strcspn(h->path + length, "/");
		fd = open_list(h, length, file, O_WRONLY);
		if (fd < 0 || write(fd, list, strlen(list)) < 0)
			return error_sys(err, "write \"%s\" to %s of cpuset \"%s%.*s\"", list, file,
					 h->mount, (int)length, h->path);
	}
	return 0;
}

int cpuset_fill(struct hierarchy *h, struct error *err)
{
	if (!(h->controllers & 1u << CONTROLLER_CPUSET))
		return 0;
	return fill_list(h, "cpus", err) || fill_list(h, "mems", err) ? -1 : 0;
}

/* ---- changing -------------------------------------------------------------------------------------------------------- */

/* A container may make a tree of any depth; one that is deeper is for the kernel to refuse. */
#define DEPTH_MAX 32
#define WORD_BITS (8 * sizeof(unsigned long))

struct set {
	const unsigned long *words;
	unsigned long bits;
};

static bool parse_set(const char *list, struct arena *a, struct set *ret)
{
	*ret = (struct set){ 0 };
	return !*list || plan_list_bits(list, a, &ret->words, &ret->bits) == 0;
}

static bool set_has(const struct set *s, unsigned long i)
{
	return i < s->bits && (s->words[i / WORD_BITS] >> i % WORD_BITS & 1);
}

/* The members of x that are (or with `either` that may be) in y, as a list; "" if there are none. */
static const char *combine(const struct set *x, const struct set *y, bool either, char *list)
{
	unsigned long end = MAX(x->bits, y->bits);
	size_t used = 0;

	list[0] = '\0';
	for (unsigned long i = 0, last; i < end; i++) {
		for (last = i; last < end && (either ? set_has(x, last) || set_has(y, last)
						     : set_has(x, last) && set_has(y, last));
		     last++)
			;
		if (last == i || used + 32 > LIST_MAX)
			continue;
		used += (size_t)snprintf(list + used, LIST_MAX - used, "%s%lu", used ? "," : "", i);
		if (last > i + 1)
			used += (size_t)snprintf(list + used, LIST_MAX - used, "-%lu", last - 1);
		i = last;
	}
	return list;
}

struct change {
	struct hierarchy *h;
	struct arena *arena;
	const char *file, *list;
	struct set set;
};

/* "cpuset.cpus", or "cpus" on a mount with the option noprefix, of the directory `path`. */
static bool name_file(const struct change *c, const char *path, char *ret)
{
	auto_fd int fd = -1;

	snprintf(ret, PATH_MAX, "%s/cpuset.%s", path, c->file);
	fd = hierarchy_open(c->h, ret, O_RDONLY);
	if (fd < 0)
		snprintf(ret, PATH_MAX, "%s/%s", path, c->file);
	return strlen(ret) < PATH_MAX - 1;
}

static bool read_set(const struct change *c, const char *file, struct set *ret)
{
	auto_fd int fd = hierarchy_open(c->h, file, O_RDONLY);
	char *list = fd < 0 ? NULL : fd_read_all(c->arena, fd, LIST_MAX, NULL);

	if (!list)
		return false;
	list[strcspn(list, "\n")] = '\0';
	return parse_set(list, c->arena, ret);
}

/* Takes the place of the set in a file, if it is another one. */
static void replace(const struct change *c, const char *file, const struct set *now,
		    const char *list)
{
	char own[LIST_MAX];

	combine(now, now, false, own);
	if (!str_eq(own, list))
		(void)journal_write_path(c->h, file, list);
}

/*
 * A directory, from the container's downwards, gives up what is no longer to be had, after those below it. Who would have
 * nothing left gets the new set first, before those below it need something of that.
 */
static void narrow(const struct change *c, char *path, size_t length, unsigned depth)
{
	int fd = hierarchy_open(c->h, path, O_RDONLY | O_DIRECTORY);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	char file[PATH_MAX], list[LIST_MAX];
	struct dirent *entry;
	struct set set;

	if (!stream || !name_file(c, path, file) || !read_set(c, file, &set)) {
		if (stream)
			(void)closedir(stream);
		else
			fd_close(&fd);
		return;
	}
	if (depth == 0 || !*combine(&set, &c->set, false, list))
		replace(c, file, &set, combine(&set, &c->set, true, list));
	while (depth < DEPTH_MAX && (entry = readdir(stream))) {
		size_t n = strlen(entry->d_name);

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    length + n + 32 > PATH_MAX)
			continue;
		snprintf(path + length, PATH_MAX - length, "/%s", entry->d_name);
		narrow(c, path, length + 1 + n, depth + 1);
		path[length] = '\0';
	}
	(void)closedir(stream);
	if (depth == 0)
		return;
	if (!*combine(&set, &c->set, false, list))
		snprintf(list, sizeof(list), "%s", c->list);
	(void)journal_write_path(c->h, file, list);
}

/* Directories above that came with the container, from the top. */
static void widen(const struct change *c)
{
	for (size_t length = c->h->kept; c->h->path[length];) {
		char path[PATH_MAX], file[PATH_MAX], list[LIST_MAX];
		struct set set;

		length++;
		length += strcspn(c->h->path + length, "/");
		if (!c->h->path[length])
			break;
		snprintf(path, sizeof(path), "%.*s", (int)length, c->h->path);
		if (!name_file(c, path, file) || !read_set(c, file, &set))
			break;
		replace(c, file, &set, combine(&set, &c->set, true, list));
	}
}

static int write_own(struct hierarchy *h, const struct limit *limit, struct error *err)
{
	const bool cpus = limit->kind == LIMIT_CPUSET_CPUS;

	if (knob_write(h, cpus ? "cpuset.cpus" : "cpuset.mems", limit->text, limit, err) == 0)
		return 0;
	return errno == ENOENT ? knob_write(h, cpus ? "cpus" : "mems", limit->text, limit, err)
			       : -1;
}

int cpuset_write(struct hierarchy *h, const struct limit *limit,
		 const struct cgroup_plan *plan UNUSED, struct error *err)
{
	struct arena a = { 0 };
	struct change c = { .h = h,
			    .arena = &a,
			    .file = limit->kind == LIMIT_CPUSET_CPUS ? "cpus" : "mems",
			    .list = limit->text };
	char path[PATH_MAX];
	int result = write_own(h, limit, err);

	/* EBUSY: one below has more; EACCES: one above has less. */
	if (result == 0 || !h->journal || (errno != EBUSY && errno != EACCES))
		return result;
	if (parse_set(limit->text, &a, &c.set)) {
		widen(&c);
		snprintf(path, sizeof(path), "%s", h->path);
		narrow(&c, path, strlen(path), 0);
		result = write_own(h, limit, err);
	}
	arena_release(&a);
	return result;
}
