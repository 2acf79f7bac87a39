/* SPDX-License-Identifier: Apache-2.0 */
#include "run/revealing.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sys/mounttable.h"

#define SHOWN 6

/* Directories that the kernel itself keeps empty for mounts hide nothing. */
static bool is_mount_point(const char *type, const char *path)
{
	static const char *const of_proc[] = { "/sys/fs/binfmt_misc", "/fs/nfsd" };
	static const char *const of_sysfs[] = {
		"/fs/cgroup",
		"/fs/bpf",
		"/fs/pstore",
		"/fs/selinux",
		"/fs/smackfs",
		"/fs/fuse/connections",
		"/kernel/config",
		"/kernel/debug",
		"/kernel/tracing",
		"/kernel/security",
		"/firmware/efi/efivars",
		"/fs/resctrl",
	};
	bool proc = str_eq(type, "proc");
	const char *const *list = proc ? of_proc : of_sysfs;
	size_t n = proc ? ARRAY_SIZE(of_proc) : ARRAY_SIZE(of_sysfs);

	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], path))
			return true;
	return false;
}

/* What is known of the mount that hides least. */
struct sight {
	bool found;
	char place[96];
	bool readonly;
	unsigned n; /* of masks */
	char masks[320];
};

static bool is_readonly(const char *options)
{
	return str_eq(options, "ro") || str_starts(options, "ro,");
}

static struct sight look(const char *table, const struct mount_line *seen, struct arena *a)
{
	struct sight s = { .found = true, .readonly = is_readonly(seen->options) };
	char *text = arena_strdup(a, table);
	size_t above = strlen(seen->place), used = 0;
	struct mount_line line;

	snprintf(s.place, sizeof(s.place), "%s", seen->place);
	while (mount_table_next(&text, &line)) {
		if (line.parent != seen->id || !str_starts(line.place, seen->place) ||
		    is_mount_point(seen->type, line.place + above))
			continue;
		if (s.n++ < SHOWN && used < sizeof(s.masks))
			used += (size_t)snprintf(s.masks + used, sizeof(s.masks) - used, "%s%s",
						 used ? ", " : "", line.place);
	}
	return s;
}

static struct sight look_at_all(const char *table, const char *type, struct arena *a)
{
	struct sight best = { .found = false };
	char *text = arena_strdup(a, table);
	struct mount_line line;

	while (mount_table_next(&text, &line)) {
		struct sight s;

		if (!str_eq(line.type, type) || !str_eq(line.root, "/"))
			continue;
		s = look(table, &line, a);
		if (!best.found || s.n < best.n || (s.n == best.n && !s.readonly))
			best = s;
	}
	return best;
}

void revealing_explain(const struct proc *proc, const char *type, bool readonly, struct arena *a,
		       struct error *err)
{
	struct error unused;
	const char *table = mount_table_read(proc, a, &unused);
	struct sight s;

	if (!table)
		return;
	s = look_at_all(table, type, a);
	if (!s.found)
		error_hint(err,
			   "a user namespace gets a %s file system only where another can be "
			   "seen as a whole, and none can",
			   type);
	else if (s.n)
		error_hint(err,
			   "a user namespace gets a %s file system only where another can be seen "
			   "as a whole, but \"%s\" is masked at %s%s",
			   type, s.place, s.masks, s.n > SHOWN ? " and more" : "");
	else if (s.readonly && !readonly)
		error_hint(err,
			   "\"%s\" is read-only here, so a user namespace gets none that can "
			   "be written; add the option \"ro\"",
			   s.place);
}
