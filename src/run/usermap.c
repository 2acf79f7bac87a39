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

/* nsswitch.conf(5): another source than the files may be asked for subordinate ids, and then is asked alone. */
static bool is_granted_elsewhere(struct arena *a)
{
	const char *text = file_read_regular("/etc/nsswitch.conf", MAX_SUBIDS, a, NULL);

	for (const char *p = text; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *word = p + strlen("subid:");

		if (!str_starts(p, "subid:"))
			continue;
		word += strspn(word, " \t");
		return strcspn(word, " \t\n") != 5 || !str_starts(word, "files");
	}
	return false;
}

/* Reads the grants; the result is why there are none. Without a text in *ret nobody knows. */
static const char *no_grants(const struct side *side, uid_t uid, struct arena *a,
			     struct grants *ret)
{
	uint64_t first, count;

	*ret = (struct grants){ NULL, account_name(uid, a), arena_printf(a, "%u", uid) };
	if (is_granted_elsewhere(a))
		return NULL;
	ret->text = file_read_regular(side->grants, MAX_SUBIDS, a, NULL);
	if (!ret->text)
		return errno == ENOENT ? arena_printf(a, "there is no %s", side->grants) : NULL;
	if (next_grant(ret, ret->text, &first, &count))
		return NULL;
	/* Somebody else than /etc/passwd may name the user. */
	ret->text = NULL;
	return ret->name ? arena_printf(a, "%s has no line for user %s (%u)", side->grants,
					ret->name, uid)
			 : NULL;
}

/* Why entry i is not granted; NULL: it is. */
static const char *not_granted(const struct side *side, const struct grants *g, size_t i,
			       struct arena *a)
{
	const struct id_map *map = &side->map[i];
	uint64_t from = map->host, to = from + map->size;

	if ((map->size == 1 && from == side->own) || is_granted(g, &from, to))
		return NULL;
	return arena_printf(a, "%s does not grant user %s %s id %ju of the host's ids %u-%ju",
			    side->grants, g->name ? g->name : g->number, side->ids, (uintmax_t)from,
			    map->host, (uintmax_t)to - 1);
}

/* Which file does not grant what, if that is so. */
static bool explain_grants(const struct side *side, uid_t uid, struct arena *a, struct error *err)
{
	struct grants g;
	const char *text = no_grants(side, uid, a, &g);

	if (text) {
		(void)error_hint(err, "%s", text);
		return true;
	}
	for (size_t i = 0; g.text && i < side->n; i++) {
		text = not_granted(side, &g, i, a);
		if (!text)
			continue;
		(void)error_hint(err, "%s", text);
		(void)error_at(err, "%s/%zu", side->where, i);
		return true;
	}
	return false;
}

static const char *no_helper(const struct side *side, struct arena *a)
{
	return arena_printf(a,
			    "%s is not installed (package uidmap or shadow-utils), and without it "
			    "an ordinary user can only map one id, its own",
			    side->helper);
}

/* The helper does what it does with root's privileges. NULL: it has them, as far as can be seen. */
static const char *powerless_helper(const char *path, struct arena *a)
{
	struct stat st;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return arena_printf(a,
				    "the runtime was started with no_new_privs, which takes the "
				    "privileges from %s",
				    path);
	if (fstatat(AT_FDCWD, path, &st, 0) == 0 && !(st.st_mode & S_ISUID) &&
	    getxattr(path, "security.capability", NULL, 0) < 0)
		return arena_printf(a, "%s is neither set-user-ID nor has file capabilities", path);
	return NULL;
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
		return error_set(err, ERR_SYSTEM, "%s", no_helper(side, a));
	args[n++] = side->helper;
	args[n++] = arena_printf(a, "%d", (int)pid);
	for (size_t i = 0; i < side->n; i++) {
		args[n++] = arena_printf(a, "%u", side->map[i].container);
		args[n++] = arena_printf(a, "%u", side->map[i].host);
		args[n++] = arena_printf(a, "%u", side->map[i].size);
	}
	if (tool_run(path, args, HELPER_SECONDS, a, err) == 0)
		return 0;
	if (err->kind == ERR_CHILD && !explain_grants(side, uid, a, err) &&
	    powerless_helper(path, a))
		(void)error_hint(err, "%s", powerless_helper(path, a));
	return -1;
}

static void make_sides(const struct id_maps *maps, const struct host *host, struct side sides[2])
{
	sides[0] = (struct side){ .file = "uid_map",
				  .ids = "user",
				  .where = "/linux/uidMappings",
				  .helper = "newuidmap",
				  .grants = "/etc/subuid",
				  .map = maps->uid,
				  .n = maps->n_uid,
				  .own = host ? host->euid : 0 };
	sides[1] = (struct side){ .file = "gid_map",
				  .ids = "group",
				  .where = "/linux/gidMappings",
				  .helper = "newgidmap",
				  .grants = "/etc/subgid",
				  .map = maps->gid,
				  .n = maps->n_gid,
				  .own = host ? host->egid : 0 };
}

int usermap_write_own(const struct proc *proc, pid_t pid, const struct id_maps *maps,
		      struct error *err)
{
	struct side sides[2];

	make_sides(maps, NULL, sides);
	return write_map(proc, pid, &sides[0], err) || write_map(proc, pid, &sides[1], err) ? -1
											    : 0;
}

static int deny_groups(const struct proc *proc, pid_t pid, struct error *err)
{
	char path[40];

	snprintf(path, sizeof(path), "%d/setgroups", (int)pid);
	return proc_write(proc, path, "deny", err);
}

/* What the kernel lets everybody map. */
static bool is_own_alone(const struct side *side)
{
	return side->n == 1 && side->map[0].size == 1 && side->map[0].host == side->own;
}

static int write_side(const struct proc *proc, pid_t pid, const struct side *side,
		      const struct host *host, struct arena *a, struct error *err)
{
	if (host_can_map_ids(host))
		return write_map(proc, pid, side, err);
	if (!is_own_alone(side))
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

	make_sides(maps, host, sides);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		if (write_side(proc, pid, &sides[i], host, a, err))
			return error_at(err, "%s", sides[i].where);
	return 0;
}

/* ---- looking, before anything is made ------------------------------------------------------------------------------------ */

static void found(struct findings *f, const char *where, const char *text)
{
	struct error err;

	if (!text)
		return;
	error_config(&err, where, "%s", text);
	findings_add(f, &err);
}

/* The kernel maps no range across two lines of the map above. */
static void check_mapped(const struct side *side, const struct id_map *own, size_t n_own,
			 struct findings *f)
{
	for (size_t i = 0; i < side->n; i++) {
		const struct id_map *map = &side->map[i];
		bool holds = false;

		for (size_t j = 0; j < n_own; j++)
			holds |= map->host >= own[j].container &&
				 (uint64_t)map->host + map->size <=
					 (uint64_t)own[j].container + own[j].size;
		if (!holds)
			found(f, arena_printf(f->arena, "%s/%zu", side->where, i),
			      arena_printf(f->arena,
					   "no line of the map of the runtime's own user namespace "
					   "holds %s ids %u-%ju",
					   side->ids, map->host,
					   (uintmax_t)map->host + map->size - 1));
	}
}

static void check_grants(const struct side *side, uid_t uid, struct findings *f)
{
	const char *path = tool_find(side->helper, f->arena);
	struct grants g;

	found(f, side->where, path ? powerless_helper(path, f->arena) : no_helper(side, f->arena));
	found(f, side->where, no_grants(side, uid, f->arena, &g));
	for (size_t i = 0; g.text && i < side->n; i++)
		found(f, arena_printf(f->arena, "%s/%zu", side->where, i),
		      not_granted(side, &g, i, f->arena));
}

void usermap_check(const struct id_maps *maps, const struct host *host, struct findings *f)
{
	const struct id_maps *own = &host->own_maps;
	struct side sides[2];

	make_sides(maps, host, sides);
	if (own->n_uid)
		check_mapped(&sides[0], own->uid, own->n_uid, f);
	if (own->n_gid)
		check_mapped(&sides[1], own->gid, own->n_gid, f);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		if (!host_can_map_ids(host) && !is_own_alone(&sides[i]))
			check_grants(&sides[i], host->euid, f);
}
