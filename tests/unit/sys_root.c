/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that try to leave a root: absolute links, "../../..", chains, loops, links of procfs that jump, long names. Every
 * table runs with openat2, and with it refused as ENOSYS and as EPERM: the results must be the same.
 */
#include "sys/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"
#include "refuse.h"

static char scratch[32] = "/tmp/teu-root-XXXXXX";
static char top[64]; /* of one run: holds rootfs/ and canary/ */

static void at_top(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", top, name);
}

static void make_dir(const char *name)
{
	char path[PATH_MAX + 256];

	at_top(name, path, sizeof(path));
	CHECK(mkdir(path, 0755) == 0);
}

static void make_file(const char *name)
{
	char path[PATH_MAX + 256];
	auto_fd int fd = -1;

	at_top(name, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, "kept", 4) == 4);
}

static void make_link(const char *name, const char *target)
{
	char path[PATH_MAX + 256];

	at_top(name, path, sizeof(path));
	CHECK(symlink(target, path) == 0);
}

static void make_tree(void)
{
	static const char *const links[][2] = {
		{ "abs", "/dir" },
		{ "rel", "dir" },
		{ "up", "../../../../.." },
		{ "out", "/../../../tmp" },
		{ "sub", "dir/sub" },
		{ "chain1", "chain2" },
		{ "chain2", "/chain3" },
		{ "chain3", "./dir/../dir" },
		{ "loop", "loop" },
		{ "a", "b" },
		{ "b", "a" },
		{ "dangling", "/nowhere/x" },
		{ "tofile", "file" },
		{ "self", "." },
		{ "dir/back", "../dir" },
		{ "dir/sub/top", "../../../../dir" },
		{ "dangling2", "../../made/deep" },
	};
	char name[64], target[PATH_MAX];

	make_dir("rootfs");
	make_dir("rootfs/dir");
	make_dir("rootfs/dir/sub");
	make_dir("rootfs/real");
	make_file("rootfs/file");
	make_file("rootfs/dir/sub/leaf");
	make_dir("canary");
	make_file("canary/file");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(name, sizeof(name), "rootfs/%s", links[i][0]);
		make_link(name, links[i][1]);
	}
	at_top("canary", target, sizeof(target));
	make_link("rootfs/escape", target);
	make_link("rootfs/escape2", "../canary");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "rootfs/l%d", i);
		snprintf(target, sizeof(target), i < 41 ? "l%d" : "dir", i + 1);
		make_link(name, target);
	}
}

/* Where a handle is, relative to `base`, or the name of the error. */
static const char *place(int fd, const char *base)
{
	static char buf[PATH_MAX];
	char link[64];
	ssize_t n;

	if (fd < 0)
		return strerrorname_np(errno);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, sizeof(buf) - 1);
	if (n < 0)
		return "?";
	buf[n] = '\0';
	if (strncmp(buf, base, strlen(base)) != 0)
		return buf;
	return buf[strlen(base)] ? buf + strlen(base) : "/";
}

static void test_look(const struct root *root)
{
	static char long_name[300], long_path[4200];
	static const struct {
		const char *path;
		enum root_look look;
		const char *want;
	} cases[] = {
		{ "/", ROOT_ANY, "/" },
		{ ".", ROOT_ANY, "/" },
		{ "//./dir//sub/", ROOT_ANY, "/dir/sub" },
		{ "..", ROOT_ANY, "/" },
		{ "/../../..", ROOT_DIRECTORY, "/" },
		{ "dir/../../../dir/sub", ROOT_ANY, "/dir/sub" },
		{ "abs", ROOT_ANY, "/dir" },
		{ "abs", ROOT_NOFOLLOW, "/abs" },
		{ "abs/", ROOT_NOFOLLOW, "/dir" },
		{ "abs/sub", ROOT_NOFOLLOW, "/dir/sub" },
		{ "rel/sub/leaf", ROOT_ANY, "/dir/sub/leaf" },
		{ "up", ROOT_ANY, "/" },
		{ "up/dir", ROOT_ANY, "/dir" },
		{ "up/canary", ROOT_ANY, "ENOENT" },
		{ "out", ROOT_ANY, "ENOENT" },
		{ "sub/..", ROOT_ANY, "/dir" },
		{ "sub/../..", ROOT_ANY, "/" },
		{ "sub/top/sub/leaf", ROOT_ANY, "/dir/sub/leaf" },
		{ "chain1", ROOT_ANY, "/dir" },
		{ "chain1/back/back/sub", ROOT_ANY, "/dir/sub" },
		{ "self/self/self/file", ROOT_ANY, "/file" },
		{ "loop", ROOT_ANY, "ELOOP" },
		{ "loop", ROOT_NOFOLLOW, "/loop" },
		{ "loop/x", ROOT_NOFOLLOW, "ELOOP" },
		{ "a", ROOT_ANY, "ELOOP" },
		{ "l1", ROOT_ANY, "ELOOP" },
		{ "l2", ROOT_ANY, "/dir" },
		{ "dangling", ROOT_ANY, "ENOENT" },
		{ "dangling", ROOT_NOFOLLOW, "/dangling" },
		{ "escape", ROOT_ANY, "ENOENT" },
		{ "escape2", ROOT_ANY, "ENOENT" },
		{ "escape2/file", ROOT_ANY, "ENOENT" },
		{ "file", ROOT_ANY, "/file" },
		{ "file", ROOT_DIRECTORY, "ENOTDIR" },
		{ "file/", ROOT_ANY, "ENOTDIR" },
		{ "file/.", ROOT_ANY, "ENOTDIR" },
		{ "file/..", ROOT_ANY, "ENOTDIR" },
		{ "tofile", ROOT_ANY, "/file" },
		{ "tofile", ROOT_DIRECTORY, "ENOTDIR" },
		{ "tofile/x", ROOT_ANY, "ENOTDIR" },
		{ "nothing", ROOT_ANY, "ENOENT" },
		{ "nothing/..", ROOT_ANY, "ENOENT" },
		{ "", ROOT_ANY, "ENOENT" },
		{ long_name, ROOT_ANY, "ENAMETOOLONG" },
		{ long_path, ROOT_ANY, "ENAMETOOLONG" },
		{ "real", ROOT_REAL_DIRECTORY, "/real" },
		{ "dir/sub/../../real", ROOT_REAL_DIRECTORY, "/real" },
		{ "abs", ROOT_REAL_DIRECTORY, "ELOOP" },
		{ "abs/sub", ROOT_REAL_DIRECTORY, "ELOOP" },
		{ "file", ROOT_REAL_DIRECTORY, "ENOTDIR" },
		{ "file", ROOT_REAL, "/file" },
		{ "tofile", ROOT_REAL, "ELOOP" },
		{ "nothing", ROOT_REAL, "ENOENT" },
	};
	char base[PATH_MAX];

	memset(long_name, 'n', 256);
	memset(long_path, '/', 4096);
	at_top("rootfs", base, sizeof(base));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd int fd = root_find(root, cases[i].path, cases[i].look);

		if (!CHECK_STR(place(fd, base), cases[i].want))
			printf("# path \"%.80s\", look %d\n", cases[i].path, cases[i].look);
	}
}

/* Links of procfs that jump are refused, its ordinary links are followed. */
static void test_magic(void)
{
	static const struct {
		const char *path;
		enum root_look look;
		const char *want;
	} cases[] = {
		{ "self/exe", ROOT_ANY, "ELOOP" },
		{ "self/root", ROOT_ANY, "ELOOP" },
		{ "self/root/etc", ROOT_ANY, "ELOOP" },
		{ "self/cwd/..", ROOT_ANY, "ELOOP" },
		{ "self/fd/0", ROOT_ANY, "ELOOP" },
		{ "self/ns/net", ROOT_ANY, "ELOOP" },
		{ "thread-self/root", ROOT_ANY, "ELOOP" },
		{ "self/fd/9999/..", ROOT_ANY, "ENOENT" },
		{ "self/status", ROOT_REAL, "ELOOP" },
		{ "sys/kernel", ROOT_REAL, "/sys/kernel" },
	};
	auto_fd int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct root root = { fd, "proc" };
	char want[64];

	CHECK(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd int found = root_find(&root, cases[i].path, cases[i].look);

		if (!CHECK_STR(place(found, "/proc"), cases[i].want))
			printf("# path \"%s\"\n", cases[i].path);
	}
	for (int i = 0; i < 2; i++) {
		auto_fd int found = root_find(&root, i ? "mounts" : "self/mounts", ROOT_ANY);

		snprintf(want, sizeof(want), "/%d/mounts", (int)getpid());
		CHECK_STR(place(found, "/proc"), want);
	}
}

/* Missing paths are made inside the root; each run has names of its own. */
static void test_make(const struct root *root, const char *run)
{
	static const struct {
		const char *path;
		enum root_look look;
		mode_t type;
		const char *want; /* %s is the run */
		bool made;
	} cases[] = {
		{ "/new-%s/x/y", ROOT_ANY, S_IFDIR, "/new-%s/x/y", true },
		{ "/new-%s/x/y", ROOT_ANY, S_IFDIR, "/new-%s/x/y", false },
		{ "/new-%s/x/file", ROOT_ANY, S_IFREG, "/new-%s/x/file", true },
		{ "/new-%s/x/file/below", ROOT_ANY, S_IFREG, "ENOTDIR", false },
		{ "/new-%s/x/file", ROOT_DIRECTORY, S_IFDIR, "ENOTDIR", false },
		{ "abs/in-%s", ROOT_ANY, S_IFDIR, "/dir/in-%s", true },
		{ "escape/%s/file", ROOT_ANY, S_IFREG, "*", true },
		{ "escape2/%s", ROOT_ANY, S_IFDIR, "/canary/%s", true },
		{ "dangling2/%s", ROOT_ANY, S_IFREG, "/made/deep/%s", true },
		{ "up/top-%s", ROOT_ANY, S_IFREG, "/top-%s", true },
		{ "loop/%s", ROOT_ANY, S_IFDIR, "ELOOP", false },
		{ "l1/%s", ROOT_ANY, S_IFDIR, "ELOOP", false },
		{ "abs/%s-real", ROOT_REAL_DIRECTORY, S_IFDIR, "ELOOP", false },
		{ "real/%s", ROOT_REAL_DIRECTORY, S_IFDIR, "/real/%s", true },
		{ "file", ROOT_ANY, S_IFREG, "/file", false },
	};
	char path[PATH_MAX], want[PATH_MAX], base[PATH_MAX];
	struct error err;

	at_top("rootfs", base, sizeof(base));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool made = false;
		auto_fd int fd = -1;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), cases[i].path, run);
		snprintf(want, sizeof(want), cases[i].want, run);
#pragma GCC diagnostic pop
		/* An absolute link out of the root: the same path, but below the root. */
		if (want[0] == '*')
			snprintf(want, sizeof(want), "%s/canary/%s/file", top, run);
		fd = root_make(root, path, cases[i].look, cases[i].type, &made, &err);
		errno = err.errnum;
		CHECK_STR(place(fd, base), want);
		if (!CHECK_INT(made, cases[i].made))
			printf("# path \"%s\"\n", path);
	}
}

static void test_nodes(const struct root *root)
{
	struct error err = { 0 };
	auto_fd int dir = root_open(root, "real", ROOT_DIRECTORY, &err), fd = -1;
	char text[64];
	bool made;
	struct stat st;

	CHECK(root_mknod(dir, "fifo", S_IFIFO | 0640, 0, geteuid(), getegid(), &err) == 0);
	CHECK(fstatat(dir, "fifo", &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK_INT(st.st_mode, S_IFIFO | 0640);
	CHECK(root_mknod(dir, "fifo", S_IFIFO | 0600, 0, geteuid(), getegid(), &err) == 0);
	CHECK(fstatat(dir, "fifo", &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK_INT(st.st_mode, S_IFIFO | 0640);
	CHECK(root_mknod(dir, "fifo", S_IFCHR | 0666, makedev(1, 3), 0, 0, &err) < 0);
	CHECK_INT(err.errnum, EEXIST);
	CHECK(root_mknod(dir, "../x", S_IFIFO | 0600, 0, 0, 0, &err) < 0);
	CHECK(root_mknod(dir, "..", S_IFIFO | 0600, 0, 0, 0, &err) < 0);

	CHECK(root_symlink(dir, "link", "/proc/self/fd", &made, &err) == 0 && made);
	CHECK(root_symlink(dir, "link", "elsewhere", &made, &err) == 0 && !made);
	fd = root_find(root, "real/link", ROOT_NOFOLLOW);
	CHECK_INT(root_read_link(fd, text, sizeof(text)), strlen("/proc/self/fd"));
	CHECK_STR(text, "/proc/self/fd");
	CHECK(root_read_link(fd, text, 13) < 0 && errno == ENAMETOOLONG);
	CHECK(root_is_same(dir, dir) && !root_is_same(dir, root->fd));

	if (geteuid() != 0 || mknodat(dir, "probe", S_IFCHR | 0600, makedev(1, 3)) != 0) {
		printf("ok %d # SKIP device nodes need CAP_MKNOD\n", ++check_count);
		return;
	}
	CHECK(root_mknod(dir, "null", S_IFCHR | 0666, makedev(1, 3), 0, 0, &err) == 0);
	CHECK(root_mknod(dir, "null", S_IFCHR | 0666, makedev(1, 3), 0, 0, &err) == 0);
	CHECK(root_mknod(dir, "null", S_IFCHR | 0666, makedev(1, 5), 0, 0, &err) < 0);
	CHECK_INT(err.errnum, EEXIST);
	CHECK(root_mknod(dir, "owned", S_IFBLK | 06624, makedev(7, 0), 12, 34, &err) == 0);
	CHECK(fstatat(dir, "owned", &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK_INT(st.st_mode, S_IFBLK | 06624);
	CHECK_INT(st.st_uid, 12);
	CHECK_INT(st.st_gid, 34);
	unlinkat(dir, "null", 0);
	unlinkat(dir, "owned", 0);
	unlinkat(dir, "probe", 0);
}

static void remove_nodes(const struct root *root)
{
	struct error err;
	auto_fd int dir = root_open(root, "real", ROOT_DIRECTORY, &err);

	unlinkat(dir, "fifo", 0);
	unlinkat(dir, "link", 0);
}

/* While a directory and a link out of the root keep changing places, a look-up never ends outside. */
static void test_race(const struct root *root, const char *run)
{
	char dir[NAME_MAX], link[NAME_MAX], path[PATH_MAX], base[PATH_MAX];
	pid_t pid;
	unsigned inside = 0, outside = 0;

	snprintf(dir, sizeof(dir), "rootfs/race-%s", run);
	snprintf(link, sizeof(link), "rootfs/race-%s-link", run);
	make_dir(dir);
	make_link(link, "../canary");
	at_top("rootfs", base, sizeof(base));
	pid = fork();
	if (pid == 0) {
		char a[2 * PATH_MAX], b[2 * PATH_MAX];

		at_top(dir, a, sizeof(a));
		at_top(link, b, sizeof(b));
		alarm(20);
		for (;;)
			renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	}
	snprintf(path, sizeof(path), "race-%s/../race-%s/made", run, run);
	for (int i = 0; i < 2000; i++) {
		struct error err;
		auto_fd int fd = root_make(root, path, ROOT_ANY, S_IFREG, NULL, &err);

		if (fd >= 0 && place(fd, base)[0] == '/' &&
		    strncmp(place(fd, base), top, strlen(top)) != 0)
			inside++;
		else if (fd >= 0)
			outside++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(inside > 0);
	CHECK_INT(outside, 0);
}

static void run_all(const char *run)
{
	char path[PATH_MAX];
	auto_fd int fd = -1, canary = -1;
	struct root root;
	struct stat st;

	snprintf(top, sizeof(top), "%s/%s", scratch, run);
	CHECK(mkdir(top, 0755) == 0);
	make_tree();
	at_top("rootfs", path, sizeof(path));
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	root = (struct root){ fd, "rootfs" };
	test_look(&root);
	test_magic();
	test_nodes(&root);
	remove_nodes(&root);
	test_race(&root, run);
	test_make(&root, run);
	/* Making "canary" inside the root must not have touched the one outside. */
	at_top("canary", path, sizeof(path));
	canary = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fstat(canary, &st) == 0 && st.st_nlink == 2);
	CHECK(fstatat(canary, "file", &st, 0) == 0 && st.st_size == 4);
	CHECK(faccessat(canary, run, F_OK, 0) != 0);
	CHECK(faccessat(canary, "made", F_OK, 0) != 0);
}

/* A run in a process of its own, with openat2 refused; its counts come back in a shared page. */
static void run_without(const char *run, int errnum, int *shared)
{
	static const int openat2_call[] = { __NR_openat2 };
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		CHECK(refuse_calls(openat2_call, 1, errnum));
		CHECK(syscall(__NR_openat2, 0, NULL, NULL, 0) < 0 && errno == errnum);
		run_all(run);
		shared[0] = check_count;
		shared[1] = check_failed;
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	check_count = shared[0];
	check_failed = shared[1];
	CHECK_INT(status, 0);
}

int main(void)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char command[64];

	umask(0);
	if (!mkdtemp(scratch) || shared == MAP_FAILED)
		return 99;
	run_all("openat2");
	run_without("enosys", ENOSYS, shared);
	run_without("eperm", EPERM, shared);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	CHECK(system(command) == 0);
	return check_done();
}
