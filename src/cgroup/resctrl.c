/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/clone.h"

#define RESCTRL_MAGIC 0x7655821
#define USUAL_PLACE "/sys/fs/resctrl"
#define WHERE "/linux/intelRdt"

/* A group's schemata hold a line per resource and a few bytes per cache. */
#define SCHEMATA_SIZE 16384

/* ---- the file system ------------------------------------------------------------------------------------------------- */

static int open_if_resctrl(const char *path)
{
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || (unsigned long)fs.f_type != RESCTRL_MAGIC)
		return -1;
	return fd_take(&fd);
}

static int find_in_mount_table(void)
{
	char line[2 * PATH_MAX];
	struct mntent *m, entry;
	FILE *table = setmntent("/proc/self/mounts", "re");
	int fd = -1;

	if (!table)
		return -1;
	while (fd < 0 && (m = getmntent_r(table, &entry, line, sizeof(line))))
		if (str_eq(m->mnt_type, "resctrl"))
			fd = open_if_resctrl(m->mnt_dir);
	endmntent(table);
	return fd;
}

int resctrl_root(struct error *err)
{
	int fd = open_if_resctrl(USUAL_PLACE);

	if (fd < 0)
		fd = find_in_mount_table();
	if (fd < 0)
		return error_config(err, WHERE,
				    "no resctrl file system is mounted (usually at " USUAL_PLACE
				    ")");
	return fd;
}

/* "GROUP/FILE" below the root. */
static int open_file(int root, const char *group, const char *file, int flags)
{
	char path[2 * NAME_MAX + 64];

	if (snprintf(path, sizeof(path), "%s%s%s", group, *group ? "/" : "", file) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return openat(root, path, flags | O_NOFOLLOW | O_CLOEXEC);
}

static ssize_t read_file(int root, const char *group, const char *file, char *buf, size_t size)
{
	auto_fd int fd = open_file(root, group, file, O_RDONLY);
	size_t used = 0;

	while (fd >= 0 && used < size - 1) {
		ssize_t n = read(fd, buf + used, size - 1 - used);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	buf[used] = '\0';
	return fd < 0 ? -1 : (ssize_t)used;
}

/* The kernel's own words for what it refused last, where it has some; errno is of that call. */
static int error_resctrl(struct error *err, int root, const char *doing, const char *group,
			 const char *value)
{
	int errnum = errno;
	char status[256];

	if (read_file(root, "info", "last_cmd_status", status, sizeof(status)) <= 0 ||
	    str_starts(status, "ok"))
		status[0] = '\0';
	status[strcspn(status, "\n")] = '\0';
	return error_errno(err, errnum, "%s resctrl group \"/%s\"%s%s%s%s%s%s", doing, group,
			   *value ? " \"" : "", value, *value ? "\"" : "", *status ? " (" : "",
			   status, *status ? ")" : "");
}

/* ---- comparing schemata ---------------------------------------------------------------------------------------------- */

static bool same_name(const char *a, size_t a_n, const char *b, size_t b_n)
{
	while (a_n && *a == ' ')
		a++, a_n--;
	while (b_n && *b == ' ')
		b++, b_n--;
	return a_n == b_n && memcmp(a, b, a_n) == 0;
}

/* The line of that resource in the kernel's text, behind its colon; NULL if there is none. */
static const char *find_line(const char *text, const char *name, size_t length)
{
	while (*text) {
		size_t n = strcspn(text, "\n"), head = strcspn(text, ":\n");

		if (head < n && same_name(text, head, name, length))
			return text + head + 1;
		text += n + (text[n] == '\n');
	}
	return NULL;
}

/* The value of one cache or node ("1=7f0") in a line; false if it is not there. */
static bool find_value(const char *line, unsigned long id, int base, unsigned long *ret)
{
	while (*line && *line != '\n') {
		char *end;
		unsigned long found = strtoul(line, &end, 10);

		if (end == line || *end != '=')
			return false;
		*ret = strtoul(end + 1, &end, base);
		if (found == id)
			return true;
		line = end + strcspn(end, ";\n");
		line += *line == ';';
	}
	return false;
}

/* Whether a group has what one line asks for: number by number, for neither order nor leading zeros mean anything. */
static bool line_holds(const char *want, size_t length, const char *have)
{
	const char *colon = memchr(want, ':', length), *line, *p;
	int base;

	if (!colon)
		return false;
	line = find_line(have, want, (size_t)(colon - want));
	base = same_name(want, (size_t)(colon - want), "MB", 2) ? 10 : 16;
	for (p = colon + 1; line && p < want + length;) {
		char *end;
		unsigned long id = strtoul(p, &end, 10), value, found;

		if (end == p || *end != '=')
			return false;
		p = end + 1;
		value = strtoul(p, &end, base);
		if (end == p || !find_value(line, id, base, &found) || found != value)
			return false;
		p = end + strspn(end, " ");
		if (p < want + length && *p++ != ';')
			return false;
	}
	return line;
}

static int compare(const char *want, const char *member, const char *group, const char *have,
		   struct error *err)
{
	for (const char *line = want; line && *line;) {
		size_t n = strcspn(line, "\n");

		if (n && !line_holds(line, n, have)) {
			error_set(err, ERR_CONFIG,
				  "resctrl group \"/%s\" exists and does not have \"%.*s\"", group,
				  (int)n, line);
			return error_at(err, WHERE "/%s", member);
		}
		line += n + (line[n] == '\n');
	}
	return 0;
}

/* ---- groups ---------------------------------------------------------------------------------------------------------- */

static int open_group(int root, const struct rdt_plan *plan, bool *ret_new, struct error *err)
{
	char have[SCHEMATA_SIZE];
	struct stat st;

	*ret_new = false;
	if (*plan->group && fstatat(root, plan->group, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_sys(err, "resctrl group \"/%s\"", plan->group);
		*ret_new = true;
		if (plan->named && !plan->n_lines)
			return error_config(err, WHERE "/closID",
					    "there is no resctrl group \"/%s\", and no schemata to "
					    "make it with",
					    plan->group);
		return 0;
	}
	if (!plan->named || (!plan->l3 && !plan->mb))
		return 0;
	if (read_file(root, plan->group, "schemata", have, sizeof(have)) < 0)
		return error_sys(err, "read the schemata of resctrl group \"/%s\"", plan->group);
	return compare(plan->l3, "l3CacheSchema", plan->group, have, err) ||
			       compare(plan->mb, "memBwSchema", plan->group, have, err)
		       ? -1
		       : 0;
}

int resctrl_open(int root, const struct rdt_plan *plan, struct resctrl *ret, struct error *err)
{
	struct resctrl r = { .root = root, .new_monitor = plan->monitor };

	if (open_group(root, plan, &r.new_group, err))
		return error_at(err, WHERE);
	if (plan->monitor && faccessat(root, plan->monitor, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_config(err, WHERE "/enableMonitoring",
				    "resctrl monitoring group \"/%s\" exists already",
				    plan->monitor);
	*ret = r;
	return 0;
}

/* What we did not make is not ours to remove. */
static int make_group(int root, const char *group, bool *new, struct error *err)
{
	if (!*new || mkdirat(root, group, 0755) == 0)
		return 0;
	*new = errno != EEXIST;
	return error_resctrl(err, root, "make", group, "");
}

int resctrl_make(struct resctrl *r, const struct rdt_plan *plan, struct error *err)
{
	if (make_group(r->root, plan->group, &r->new_group, err))
		return error_at(err, WHERE "/closID");
	if (plan->n_lines && resctrl_write(r->root, plan->group, plan->lines, plan->n_lines, err))
		return -1;
	if (make_group(r->root, plan->monitor, &r->new_monitor, err))
		return error_at(err, WHERE "/enableMonitoring");
	return 0;
}

int resctrl_attach(int root, const char *group, pid_t pid, struct error *err)
{
	auto_fd int fd = open_file(root, group, "tasks", O_WRONLY);
	char text[16];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		error_resctrl(err, root, "enter", group, "");
		return error_at(err, WHERE);
	}
	return 0;
}

int resctrl_write(int root, const char *group, const char *const *lines, size_t n,
		  struct error *err)
{
	auto_fd int fd = -1;
	char text[SCHEMATA_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		size_t length = lines[i] ? strlen(lines[i]) : 0;

		if (!length)
			continue;
		if (used + length + 1 >= sizeof(text))
			return error_config(err, WHERE, "the schemata are longer than %d bytes",
					    SCHEMATA_SIZE - 1);
		memcpy(text + used, lines[i], length);
		used += length;
		if (text[used - 1] != '\n')
			text[used++] = '\n';
	}
	text[used] = '\0';
	if (!used)
		return 0;
	fd = open_file(root, group, "schemata", O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, used) != (ssize_t)used) {
		text[used - 1] = '\0';
		error_resctrl(err, root, "set the schemata of", group, text);
		return error_at(err, WHERE);
	}
	return 0;
}

/* A process that has ended is listed until its parent has asked for it. */
static bool is_used(int root, const char *group)
{
	char tasks[4096], *p = tasks, state;
	uint64_t start;

	if (read_file(root, group, "tasks", tasks, sizeof(tasks)) < 0)
		return false;
	for (char *end;; p = end) {
		pid_t pid = (pid_t)strtol(p, &end, 10);

		if (end == p)
			return false;
		if (process_stat(pid, &start, &state) && state != 'Z' && state != 'X')
			return true;
	}
}

int resctrl_remove(int root, const char *group, bool unused_only, struct error *err)
{
	if (unused_only && is_used(root, group))
		return 0;
	if (unlinkat(root, group, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_sys(err, "remove resctrl group \"/%s\"", group);
	return 0;
}
