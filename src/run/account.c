/* SPDX-License-Identifier: Apache-2.0 */
#include "run/account.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "sys/file.h"

#define PASSWD "/etc/passwd"
#define GROUP "/etc/group"
#define MAX_FILE ((size_t)1 << 20)
#define MAX_LINE 4096
#define FIELDS 7 /* name:password:uid:gid:comment:home:shell; name:password:gid:members */

struct entry {
	char *field[FIELDS];
	int n;
};

/* Splits the next line that is not too long; false at the end. The text is changed. */
static bool next_entry(char **text, struct entry *ret)
{
	while (**text) {
		char *line = *text, *end = strchrnul(line, '\n'), *p = line;
		size_t length = (size_t)(end - line);

		*text = end + (*end != '\0');
		*end = '\0';
		if (length > MAX_LINE)
			continue;
		*ret = (struct entry){ .field = { line }, .n = 1 };
		while (ret->n < FIELDS && (p = strchr(p, ':'))) {
			*p++ = '\0';
			ret->field[ret->n++] = p;
		}
		return true;
	}
	return false;
}

/* -1, which means "leave alone" to the kernel, is no id. */
static bool to_id(const char *text, uint32_t *ret)
{
	uint64_t number;

	if (!str_to_u64(text, &number) || number >= UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

const char *account_home(uid_t uid, struct arena *a)
{
	char *text = file_read_regular(PASSWD, MAX_FILE, a, NULL);
	struct entry e;
	uint32_t number;

	while (text && next_entry(&text, &e))
		if (e.n >= 6 && to_id(e.field[2], &number) && number == uid && e.field[5][0] == '/')
			return e.field[5];
	return "/";
}

const char *account_name(uid_t uid, struct arena *a)
{
	char *text = file_read_regular(PASSWD, MAX_FILE, a, NULL);
	struct entry e;
	uint32_t number;

	while (text && next_entry(&text, &e))
		if (e.n >= 3 && to_id(e.field[2], &number) && number == uid)
			return e.field[0];
	return NULL;
}

static char *read_file(const char *path, struct arena *a, struct error *err)
{
	char *text = file_read_regular(path, MAX_FILE, a, NULL);

	if (!text && errno == EINVAL)
		error_set(err, ERR_CONFIG, "%s in the container is no regular file", path);
	else if (!text && errno == EFBIG)
		error_set(err, ERR_CONFIG, "%s in the container is larger than %zu bytes", path,
			  MAX_FILE);
	else if (!text)
		error_sys(err, "open %s in the container", path);
	return text;
}

static bool is_member(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == length && memcmp(list, name, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* The groups that list the user, after those that it has anyway. */
static void add_groups(struct process_plan *p, char *text, struct arena *a)
{
	size_t n = p->n_groups, room = n + 16;
	gid_t *groups = arena_grow(a, p->groups, n, room, sizeof(gid_t));
	struct entry e;
	uint32_t gid;

	while (next_entry(&text, &e)) {
		if (e.n < 4 || !to_id(e.field[2], &gid) || !is_member(e.field[3], p->user_name))
			continue;
		if (n == room) {
			groups = arena_grow(a, groups, n, 2 * room, sizeof(gid_t));
			room *= 2;
		}
		groups[n++] = gid;
	}
	p->groups = groups;
	p->n_groups = n;
}

static int resolve_user(struct process_plan *p, struct arena *a, struct error *err)
{
	char *text = read_file(PASSWD, a, err);
	bool found = false;
	struct entry e;

	if (!text)
		return -1;
	while (!found && next_entry(&text, &e)) {
		uint32_t uid, gid;

		found = e.n >= 4 && str_eq(e.field[0], p->user_name) && to_id(e.field[2], &uid) &&
			to_id(e.field[3], &gid);
		if (!found)
			continue;
		p->uid = uid;
		if (!p->keep_gid)
			p->gid = gid;
	}
	if (!found)
		return error_set(err, ERR_CONFIG, "user \"%s\" is not in the container's " PASSWD,
				 p->user_name);
	text = read_file(GROUP, a, err);
	if (text)
		add_groups(p, text, a);
	/* Without the file the user is a member of nothing. */
	return text || err->errnum == ENOENT ? 0 : -1;
}

static int resolve_group(struct process_plan *p, struct arena *a, struct error *err)
{
	char *text = read_file(GROUP, a, err);
	struct entry e;
	uint32_t gid;

	while (text && next_entry(&text, &e))
		if (e.n >= 3 && str_eq(e.field[0], p->group_name) && to_id(e.field[2], &gid)) {
			p->gid = gid;
			return 0;
		}
	return text ? error_set(err, ERR_CONFIG, "group \"%s\" is not in the container's " GROUP,
				p->group_name)
		    : -1;
}

int account_resolve(struct process_plan *p, struct arena *a, struct error *err)
{
	if (p->user_name && resolve_user(p, a, err))
		return -1;
	return p->group_name ? resolve_group(p, a, err) : 0;
}
