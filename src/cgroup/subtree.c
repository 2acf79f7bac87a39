/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/subtree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define LIST_MAX 512

/* ---- lists ----------------------------------------------------------------------------------------------------------- */

static bool has_word(const char *list, const char *word, size_t n)
{
	for (const char *p = list; *p; p += strspn(p, " \n")) {
		size_t length = strcspn(p, " \n");

		if (length == n && strncmp(p, word, n) == 0)
			return true;
		p += length;
	}
	return false;
}

void subtree_lacking(const char *list, const char *other, char *ret)
{
	size_t to = 0;

	for (const char *p = list; *p; p += strspn(p, " \n")) {
		size_t n = strcspn(p, " \n");

		if (!has_word(other, p, n)) {
			memcpy(ret + to, p, n);
			to += n;
			ret[to++] = ' ';
		}
		p += n;
	}
	ret[to ? to - 1 : 0] = '\0';
}

/* A file of the directory that is path[0..length), "" where it cannot be read. */
static void read_list(struct hierarchy *h, size_t length, const char *file, char list[LIST_MAX])
{
	auto_fd int fd = -1;
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%.*s/%s", (int)length, h->path, file);
	fd = hierarchy_open(h, path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, list, LIST_MAX - 1);
	list[MAX(n, (ssize_t)0)] = '\0';
}

/* ---- why not --------------------------------------------------------------------------------------------------------- */

static size_t next_length(const struct hierarchy *h, size_t length)
{
	return h->path[length] ? length + 1 + strcspn(h->path + length + 1, "/") : length;
}

static size_t parent_length(const struct hierarchy *h, size_t length)
{
	while (length > 0 && h->path[length - 1] != '/')
		length--;
	return length ? length - 1 : 0;
}

static bool is_unit(const char *name, size_t n)
{
	static const char *const kinds[] = { ".service", ".scope" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t k = strlen(kinds[i]);

		if (n > k && strncmp(name + n - k, kinds[i], k) == 0)
			return true;
	}
	return false;
}

/* systemd looks after what is not below a unit with Delegate=, so the last unit on the way is the one to have it. */
static void add_unit(const struct hierarchy *h, size_t length, const char *names, struct error *err)
{
	const char *unit = NULL;
	size_t n_unit = 0;

	for (size_t at = 0; at < length;) {
		size_t next = next_length(h, at);

		if (is_unit(h->path + at + 1, next - at - 1)) {
			unit = h->path + at + 1;
			n_unit = next - at - 1;
		}
		at = next;
	}
	if (!unit || access("/run/systemd/system", F_OK) < 0)
		return;
	error_hint(err, "systemd gives it to the unit %.*s by \"Delegate=%s\"", (int)n_unit, unit,
		   names);
}

/* The directory path[0..length) does not pass on `names`; the error so far says how that was found out. */
static int explain(struct hierarchy *h, size_t length, const char *names, struct error *err)
{
	size_t lacking = next_length(h, length);
	int errnum = err->errnum;

	if (errnum == EACCES || errnum == EPERM || errnum == EROFS || errnum == ENOENT)
		add_unit(h, lacking, names, err);
	error_in(err, "\"%s%.*s\" lacks the cgroup controller %s", h->mount, (int)lacking, h->path,
		 names);
	return -1;
}

/* ---- switching on ---------------------------------------------------------------------------------------------------- */

/*
 * Only the root of all may have processes and pass controllers on. The kernel takes some of them from others, too, but makes
 * all below unfit for processes of their own ("threaded").
 */
static int refuse_populated(struct hierarchy *h, size_t length, struct error *err)
{
	char type[LIST_MAX], procs[LIST_MAX];

	read_list(h, length, "cgroup.type", type);
	read_list(h, length, "cgroup.procs", procs);
	if (!*type || !*procs)
		return 0;
	procs[strcspn(procs, "\n")] = '\0';
	error_errno(err, EBUSY,
		    "what has processes cannot pass it on, and process %s is in \"%s%.*s\"", procs,
		    h->mount, (int)length, h->path);
	return -1;
}

/* Lets path[0..length) pass on `names`, unless it does. */
static int pass_on(struct hierarchy *h, size_t length, const char *names, struct error *err)
{
	char now[LIST_MAX], lacking[LIST_MAX], value[2 * LIST_MAX] = "", path[PATH_MAX];
	auto_fd int fd = -1;
	size_t n = 0;

	read_list(h, length, "cgroup.subtree_control", now);
	subtree_lacking(names, now, lacking);
	if (!*lacking)
		return 0;
	for (const char *p = lacking; *p; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");

		n += (size_t)snprintf(value + n, sizeof(value) - n, "%s+%.*s", n ? " " : "",
				      (int)word, p);
		p += word;
	}
	if (refuse_populated(h, length, err))
		return explain(h, length, lacking, err);
	snprintf(path, sizeof(path), "%.*s/cgroup.subtree_control", (int)length, h->path);
	fd = hierarchy_open(h, path, O_WRONLY);
	if (fd >= 0 && write(fd, value, n) >= 0)
		return 0;
	error_sys(err, "write \"%s\" to \"%s%s\"", value, h->mount, path);
	return explain(h, length, lacking, err);
}

int subtree_enable(struct hierarchy *h, const char *names, struct error *err)
{
	const size_t end = strlen(h->path);
	char have[LIST_MAX], lacking[LIST_MAX];
	size_t length = end;

	if (strlen(names) >= LIST_MAX)
		return error_set(err, ERR_CONFIG, "too many cgroup controllers");
	/* Up to the nearest directory that has them all; mostly the container's own inherits them. */
	for (;;) {
		read_list(h, length, "cgroup.controllers", have);
		subtree_lacking(names, have, lacking);
		if (!*lacking)
			break;
		if (length == 0)
			return error_set(err, ERR_CONFIG,
					 "cgroup v2 has no controller %s on this host", lacking);
		length = parent_length(h, length);
	}
	for (; length < end; length = next_length(h, length))
		if (pass_on(h, length, names, err))
			return -1;
	return 0;
}

void subtree_pass_on(struct hierarchy *h)
{
	const size_t end = strlen(h->path);
	char have[LIST_MAX], one[64];
	struct error unused;

	read_list(h, end, "cgroup.controllers", have);
	if (pass_on(h, end, have, &unused) == 0)
		return;
	/* One that is refused must not keep the others away. */
	for (const char *p = have; *p; p += strspn(p, " \n")) {
		size_t n = strcspn(p, " \n");

		snprintf(one, sizeof(one), "%.*s", (int)n, p);
		(void)pass_on(h, end, one, &unused);
		p += n;
	}
}
