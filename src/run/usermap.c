/* SPDX-License-Identifier: Apache-2.0 */
#include "run/usermap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/str.h"
#include "plan/plan.h"
#include "run/account.h"
#include "run/setting.h"
#include "run/tool.h"
#include "sys/file.h"

#define MAX_LINES 340 /* UID_GID_MAP_MAX_EXTENTS of the kernel */
#define MAX_SUBIDS ((size_t)16 << 20)
#define HELPER_SECONDS 60

/* One of the two maps, and who helps with it. */
struct side {
	const char *file, *ids, *where, *helper, *grants;
	const struct id_map *map;
	size_t n;
	uint32_t own; /* the caller's id */
};

/* ---- what is wrong --------------------------------------------------------------------------------------------------- */

/* Of the ranges in `text`, lines "inside outside size" of a map: the first id of [*from, to) that none of them holds. */
static bool is_mapped(const char *text, uint64_t *from, uint64_t to)
{
	uint64_t before;

	do {
		before = *from;
		for (const char *p = text; *p && *from < to;
		     p += strcspn(p, "\n"), p += *p == '\n') {
			unsigned inside, outside, size;

			if (sscanf(p, "%u %u %u", &inside, &outside, &size) == 3 &&
			    *from >= inside && *from < (uint64_t)inside + size)
				*from = (uint64_t)inside + size;
		}
	} while (*from > before && *from < to);
	return *from >= to;
}

/* What the kernel refuses to map is not mapped in our own user namespace, as a rule. */
static int explain_unmapped(const struct proc *proc, const struct side *side, struct error *err)
{
	char path[32], text[MAX_LINES * 40];
	struct error unused;

	snprintf(path, sizeof(path), "self/%s", side->file);
	if (err->errnum != EPERM || proc_read(proc, path, text, sizeof(text), &unused) < 0)
		return -1;
	for (size_t i = 0; i < side->n; i++) {
		uint64_t from = side->map[i].host, to = from + side->map[i].size;

		if (!is_mapped(text, &from, to))
			return error_hint(err,
					  "%s id %ju on the host's side of entry %zu is not mapped "
					  "in the runtime's own user namespace",
					  side->ids, (uintmax_t)from, i);
	}
	return -1;
}

/* subuid(5): lines "user:first:count", the user by name or number. */
struct grants {
	const char *text;
	const char *name, *number;
};

static bool is_line_of(const char *line, const char *user)
{
	size_t n = user ? strlen(user) : 0;

	return n && strncmp(line, user, n) == 0 && line[n] == ':';
}

static const char *next_grant(const struct grants *g, const char *p, uint64_t *ret_first,
			      uint64_t *ret_count)
{
	for (; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *colon = strchr(p, ':');
		unsigned long first, count;

		if (!colon || (!is_line_of(p, g->name) && !is_line_of(p, g->number)) ||
		    sscanf(colon + 1, "%10lu:%10lu", &first, &count) != 2)
			continue;
		*ret_first = first;
		*ret_count = count;
		p += strcspn(p, "\n");
		return p + (*p == '\n');
	}
	return NULL;
}

static bool is_granted(const struct grants *g, uint64_t *from, uint64_t to)
{
	uint64_t before, first, count;

	do {
		const char *p = g->text;

		before = *from;
		while ((p = next_grant(g, p, &first, &count)))
			if (*from >= first && *from < first + count)
				*from = first + count;
	} while (*from > before && *from < to);
	return *from >= to;
}

/* Which file does not grant what, if that is so. */
static bool explain_grants(const struct side *side, uid_t uid, struct arena *a, struct error *err)
{
	const char *text = file_read_regular(side->grants, MAX_SUBIDS, a, NULL);
	struct grants g = { text, account_name(uid, a), arena_printf(a, "%u", uid) };
	uint64_t first, count;

	if (!text) {
		if (errno != ENOENT)
			return false;
		(void)error_hint(err, "there is no %s", side->grants);
		return true;
	}
	if (!next_grant(&g, text, &first, &count)) {
		/* Somebody else than that file may name the user. */
		if (!g.name)
			return false;
		(void)error_hint(err, "%s has no line for user %s (%u)", side->grants, g.name, uid);
		return true;
	}
	for (size_t i = 0; i < side->n; i++) {
		uint64_t from = side->map[i].host, to = from + side->map[i].size;

		if ((side->map[i].size == 1 && from == side->own) || is_granted(&g, &from, to))
			continue;
		(void)error_hint(err,
				 "%s does not grant user %s %s id %ju of the host's ids %u-%ju",
				 side->grants, g.name ? g.name : g.number, side->ids,
				 (uintmax_t)from, side->map[i].host, (uintmax_t)to - 1);
		(void)error_at(err, "%s/%zu", side->where, i);
		return true;
	}
	return false;
}

/* The helper does what it does with root's privileges, or cannot do it. */
static void explain_helper(const char *path, struct error *err)
{
	struct stat st;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		(void)error_hint(err, "the runtime was started with no_new_privs, which takes the "
				      "privileges from it");
	else if (fstatat(AT_FDCWD, path, &st, 0) == 0 && !(st.st_mode & S_ISUID) &&
		 getxattr(path, "security.capability", NULL, 0) < 0)
		(void)error_hint(err, "%s is neither set-user-ID nor has file capabilities", path);
}

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

static int write_map(const struct proc *proc, pid_t pid, const struct side *side, struct error *err)
{
	char text[MAX_LINES * 36], path[40];
	size_t used = 0;

	if (side->n > MAX_LINES)
		return error_errno(err, EINVAL, "%zu lines for %s, the kernel takes %d", side->n,
				   side->file, MAX_LINES);
	for (size_t i = 0; i < side->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %u %u\n",
					 side->map[i].container, side->map[i].host,
					 side->map[i].size);
	snprintf(path, sizeof(path), "%d/%s", (int)pid, side->file);
	if (proc_write(proc, path, text, err) == 0)
		return 0;
	return explain_unmapped(proc, side, err);
}

static int run_helper(const struct side *side, pid_t pid, uid_t uid, struct arena *a,
		      struct error *err)
{
	const char *path = tool_find(side->helper, a);
	const char **args = arena_new_n(a, const char *, 3 + 3 * side->n);
	size_t n = 0;

	if (!path)
		return error_set(
			err, ERR_SYSTEM,
			"%s is not installed (package uidmap or shadow-utils), and without "
			"it an ordinary user can only map one id, its own",
			side->helper);
	args[n++] = side->helper;
	args[n++] = arena_printf(a, "%d", (int)pid);
	for (size_t i = 0; i < side->n; i++) {
		args[n++] = arena_printf(a, "%u", side->map[i].container);
		args[n++] = arena_printf(a, "%u", side->map[i].host);
		args[n++] = arena_printf(a, "%u", side->map[i].size);
	}
	if (tool_run(path, args, HELPER_SECONDS, a, err) == 0)
		return 0;
	if (err->kind == ERR_CHILD && !explain_grants(side, uid, a, err))
		explain_helper(path, err);
	return -1;
}

static void make_sides(const struct id_maps *maps, struct side sides[2])
{
	sides[0] = (struct side){ .file = "uid_map",
				  .ids = "user",
				  .where = "/linux/uidMappings",
				  .helper = "newuidmap",
				  .grants = "/etc/subuid",
				  .map = maps->uid,
				  .n = maps->n_uid };
	sides[1] = (struct side){ .file = "gid_map",
				  .ids = "group",
				  .where = "/linux/gidMappings",
				  .helper = "newgidmap",
				  .grants = "/etc/subgid",
				  .map = maps->gid,
				  .n = maps->n_gid };
}

int usermap_write_own(const struct proc *proc, pid_t pid, const struct id_maps *maps,
		      struct error *err)
{
	struct side sides[2];

	make_sides(maps, sides);
	return write_map(proc, pid, &sides[0], err) || write_map(proc, pid, &sides[1], err) ? -1
											    : 0;
}

static int deny_groups(const struct proc *proc, pid_t pid, struct error *err)
{
	char path[40];

	snprintf(path, sizeof(path), "%d/setgroups", (int)pid);
	return proc_write(proc, path, "deny", err);
}

static int write_side(const struct proc *proc, pid_t pid, const struct side *side,
		      const struct host *host, struct arena *a, struct error *err)
{
	if (host_can_map_ids(host))
		return write_map(proc, pid, side, err);
	if (side->n > 1 || side->map[0].size > 1 || side->map[0].host != side->own)
		return run_helper(side, pid, host->euid, a, err);
	/* Otherwise a group that is denied something could be left (user_namespaces(7)). */
	if (str_eq(side->file, "gid_map") && deny_groups(proc, pid, err))
		return -1;
	if (write_map(proc, pid, side, err) == 0)
		return 0;
	setting_explain_map(err);
	return -1;
}

int usermap_write(const struct proc *proc, pid_t pid, const struct id_maps *maps,
		  const struct host *host, struct arena *a, struct error *err)
{
	struct side sides[2];

	make_sides(maps, sides);
	sides[0].own = host->euid;
	sides[1].own = host->egid;
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		if (write_side(proc, pid, &sides[i], host, a, err))
			return error_at(err, "%s", sides[i].where);
	return 0;
}
