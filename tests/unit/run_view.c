/* SPDX-License-Identifier: Apache-2.0 */
#include "run/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"

static struct arena arena;
static char top[] = "/tmp/view.XXXXXX";

static void make(const char *path, const char *kind, const char *content)
{
	char *whole = arena_printf(&arena, "%s/%s", top, path);
	int fd = -1;

	if (str_eq(kind, "dir"))
		CHECK_INT(mkdir(whole, 0755), 0);
	else if (str_eq(kind, "link"))
		CHECK_INT(symlink(content, whole), 0);
	else
		CHECK((fd = open(whole, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) >= 0);
	if (fd >= 0)
		close(fd);
}

static void prepare(void)
{
	CHECK(mkdtemp(top) != NULL);
	make("root", "dir", NULL);
	make("root/usr", "dir", NULL);
	make("root/usr/bin", "dir", NULL);
	make("root/usr/bin/sh", "file", NULL);
	make("root/bin", "link", "usr/bin");
	make("root/out", "link", "/../../../etc/passwd");
	make("root/loop", "link", "loop");
	make("root/data", "dir", NULL);
	make("root/data/hidden", "file", NULL);
	make("root/up", "link", "../../../../usr");
	make("volume", "dir", NULL);
	make("volume/app", "file", NULL);
	make("volume/back", "link", "/usr/bin/sh");
	make("volume/sub", "dir", NULL);
}

static void look(const struct view *v, const char *path, enum view_kind kind, const char *where,
		 int errnum)
{
	struct view_place place = view_find(v, path);

	if (!CHECK_INT(place.kind, kind) || (where && !CHECK_STR(place.path, where)) ||
	    !CHECK_INT(kind == VIEW_MISSING ? place.errnum : 0, errnum))
		printf("# %s\n", path);
	CHECK_INT(place.fd >= 0, kind == VIEW_FOUND);
	fd_close(&place.fd);
}

static void test_rootfs(void)
{
	const struct fs_plan fs = { .rootfs = arena_printf(&arena, "%s/root", top) };
	struct view v;

	CHECK_INT(view_open(&fs, &arena, &v), 0);
	look(&v, "/bin/sh", VIEW_FOUND, "/usr/bin/sh", 0);
	look(&v, "//bin/.//sh", VIEW_FOUND, "/usr/bin/sh", 0);
	look(&v, "/bin/../bin/sh", VIEW_FOUND, "/usr/bin/sh", 0);
	look(&v, "/../../usr", VIEW_FOUND, "/usr", 0);
	look(&v, "/up/bin", VIEW_FOUND, "/usr/bin", 0);
	look(&v, "/", VIEW_FOUND, "", 0);
	look(&v, "/nope/a/b", VIEW_MISSING, "/nope/a/b", ENOENT);
	look(&v, "/bin/sh/x", VIEW_MISSING, NULL, ENOTDIR);
	look(&v, "/loop", VIEW_MISSING, NULL, ELOOP);
	/* It never leaves: there is no /etc in here. */
	look(&v, "/out", VIEW_MISSING, NULL, ENOENT);
	view_close(&v);
}

static void test_mounts(void)
{
	const char *volume = arena_printf(&arena, "%s/volume", top);
	const struct fs_mount mounts[] = {
		{ .kind = FS_NEW, .target = "/proc", .type = "proc" },
		{ .kind = FS_BIND, .target = "/data", .source = volume },
		{ .kind = FS_BIND,
		  .target = "/bin/tool",
		  .source = arena_printf(&arena, "%s/app", volume) },
		{ .kind = FS_NEW, .target = "/data/sub", .type = "tmpfs" },
		{ .kind = FS_BIND, .target = "/data/sub/deep/app", .source = volume },
		{ .kind = FS_REMOUNT, .target = "/usr" },
		{ .kind = FS_BIND, .target = "/gone", .source = "/nonexistent/source" },
	};
	const struct fs_plan fs = { .rootfs = arena_printf(&arena, "%s/root", top),
				    .mounts = mounts,
				    .n_mounts = sizeof(mounts) / sizeof(mounts[0]) };
	struct view_place place;
	struct view v;

	CHECK_INT(view_open(&fs, &arena, &v), 0);
	CHECK_INT(v.n, 6);
	/* A target is where its links lead. */
	CHECK_STR(v.mounts[2].target, "/usr/bin/tool");
	look(&v, "/data/app", VIEW_FOUND, "/data/app", 0);
	look(&v, "/data/hidden", VIEW_MISSING, NULL, ENOENT);
	look(&v, "/bin/tool", VIEW_FOUND, "/usr/bin/tool", 0);
	look(&v, "/usr/bin/sh", VIEW_FOUND, "/usr/bin/sh", 0);
	/* Links of a volume lead into the container, not to the host. */
	look(&v, "/data/back", VIEW_FOUND, "/usr/bin/sh", 0);
	look(&v, "/data/..", VIEW_FOUND, "", 0);
	/* Of a fresh file system only what is mounted in it is known. */
	look(&v, "/proc/self/exe", VIEW_UNKNOWN, NULL, 0);
	look(&v, "/data/sub/x", VIEW_UNKNOWN, NULL, 0);
	look(&v, "/data/sub/deep/app/app", VIEW_FOUND, NULL, 0);
	look(&v, "/gone/x", VIEW_UNKNOWN, NULL, 0);
	place = view_find(&v, "/data/app");
	CHECK(place.on == &mounts[1]);
	fd_close(&place.fd);
	view_close(&v);
}

static void test_host(void)
{
	struct view v;

	CHECK_INT(view_open_host(&arena, &v), 0);
	look(&v, arena_printf(&arena, "%s/volume/app", top), VIEW_FOUND, NULL, 0);
	view_close(&v);
}

int main(void)
{
	prepare();
	test_rootfs();
	test_mounts();
	test_host();
	if (system(arena_printf(&arena, "rm -r '%s'", top)))
		printf("# cannot remove %s\n", top);
	arena_release(&arena);
	return check_done();
}
