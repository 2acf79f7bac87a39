/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree of a container, built and entered for real in a mount namespace: once as this kernel can, then with each
 * of the newer calls refused, as ENOSYS and as EPERM, with the same result; then from rootfs directories that an attacker
 * prepared, with a canary outside that must stay as it is. Needs root.
 */
#include "run/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"
#include "oci_spec.h"
#include "plan/plan.h"
#include "refuse.h"
#include "sys/clone.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)

static struct arena arena;
static char top[] = "/tmp/teu-rootfs-XXXXXX"; /* the bundle; canary/ stands beside rootfs/ in it */
static int *shared;			      /* counts of the child's checks */

/* What the child is to see: run inside, after rootfs_finish(). */
typedef void inside(void);

static void run_command(const char *fmt, const char *arg)
{
	char text[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), fmt, arg, arg, arg, arg);
#pragma GCC diagnostic pop
	CHECK_INT(system(text), 0);
}

static bool make_plan(const char *json, struct fs_plan *fs, struct error *err)
{
	const struct plan_options options = { .id = "x", .bundle = top };
	const struct ns_plan ns = { .fresh = NAMESPACES, .listed = NAMESPACES };
	const struct host host = { 0 };
	const struct oci_config *config;
	struct oci_warnings unknown = { 0 };
	struct plan_warnings warnings = { &arena, NULL, NULL };

	return oci_config_parse(json, strlen(json), &arena, &config, &unknown, err) == 0 &&
	       plan_mounts(config, &options, &host, &ns, &arena, &warnings, fs, err) == 0;
}

static int child_steps(const struct fs_plan *fs, struct sources *s, inside *check,
		       struct error *err)
{
	if (rootfs_build(fs, s, &arena, err) || rootfs_enter(fs, s, err) ||
	    rootfs_finish(fs, s, "/made/dir", err))
		return -1;
	if (check)
		check();
	return 0;
}

static NORETURN void child(const struct fs_plan *fs, struct sources *s, inside *check,
			   struct error *shared_err)
{
	struct error err = { 0 };
	int result;

	/* The descriptors that hold the old root must go, whatever the checks say. */
	alarm(60);
	result = child_steps(fs, s, check, &err);
	*shared_err = err;
	fflush(stdout);
	shared[0] = check_count;
	shared[1] = check_failed;
	_exit(result ? 1 : 0);
}

/* Builds the tree of the configuration and looks at it from inside. False with *err if it cannot be built. */
static bool build(const char *json, inside *check, struct error *err)
{
	struct error *child_err = (struct error *)(void *)(shared + 64);
	auto_fd int pidfd = -1;
	struct sources s;
	struct fs_plan fs;
	int status = -1;
	pid_t pid;

	if (!make_plan(json, &fs, err) || sources_prepare(&fs, NULL, &arena, &s, err) ||
	    sources_open(&s, &fs, NULL, err))
		return false;
	fflush(stdout);
	pid = process_clone(NAMESPACES, -1, &pidfd, err);
	if (pid == 0)
		child(&fs, &s, check, child_err);
	sources_close(&s);
	if (pid < 0)
		return false;
	(void)process_wait(pidfd, 0, &status);
	/* The child went on counting where we stood. */
	check_count = MAX(check_count, shared[0]);
	check_failed = MAX(check_failed, shared[1]);
	CHECK(WIFEXITED(status));
	*err = *child_err;
	return status == 0;
}

/* ---- the ordinary tree ------------------------------------------------------------------------------------------- */

static const char ordinary[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":"
	"[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\",\"ro\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"options\":[\"nosuid\",\"noexec\","
	"\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"options\":[\"nosuid\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/run\",\"type\":\"tmpfs\",\"options\":[\"tmpcopyup\",\"nodev\"]},"
	"{\"destination\":\"/data\",\"source\":\"canary\",\"options\":[\"rbind\",\"ro\",\"nosuid\"]},"
	"{\"destination\":\"/etc/made/name\",\"source\":\"canary/file\",\"options\":[\"bind\"]},"
	"{\"destination\":\"/etc/localtime\",\"source\":\"link\",\"options\":[\"bind\",\"copy-symlink\"]},"
	"{\"destination\":\"/late\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"size=64k\"]},"
	"{\"destination\":\"/late/below\",\"source\":\"canary\",\"options\":[\"bind\"]},"
	"{\"destination\":\"/late\",\"options\":[\"remount\",\"bind\",\"noexec\"]}],"
	"\"linux\":{\"devices\":["
	"{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,\"fileMode\":384,\"uid\":7},"
	"{\"path\":\"/opt/x/zero\",\"type\":\"c\",\"major\":1,\"minor\":5},"
	"{\"path\":\"/dev/pipe\",\"type\":\"p\"}],"
	"\"maskedPaths\":[\"/proc/timer_list\",\"/proc/keys\",\"/nothing\",\"/proc/acpi\",\"/sys/firmware\","
	"\"/masked\"],\"readonlyPaths\":[\"/proc/sys\",\"/proc/bus\",\"/missing\"]}}";

static unsigned long flags_of(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 ? fs.f_flag : ~0ul;
}

static bool is_device(const char *path, mode_t mode, unsigned major_number, unsigned minor_number)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_mode == mode &&
	       st.st_rdev == makedev(major_number, minor_number);
}

static const char *link_of(const char *path)
{
	static char text[256];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	text[MAX(n, 0)] = '\0';
	return n < 0 ? NULL : text;
}

/* Empty as a file or a directory, and closed to writing. */
static bool is_masked(const char *path)
{
	auto_fd int fd = open(path, O_RDONLY);
	char byte;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return false;
	if (S_ISDIR(st.st_mode))
		return st.st_nlink == 2 && mkdirat(fd, "x", 0700) < 0 && errno == EROFS;
	return read(fd, &byte, 1) == 0 && fchmod(fd, 0777) < 0 && errno == EROFS;
}

static int mounts_below(const char *path)
{
	char line[4096];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, path))
			n++;
	if (f)
		fclose(f);
	return n;
}

static void check_ordinary(void)
{
	struct stat st;

	/* ROOT-06, MNT-OPT rows, late read-only */
	CHECK(mkdir("/x", 0700) < 0 && errno == EROFS);
	CHECK((flags_of("/dev") & (ST_RDONLY | ST_NOSUID)) == (ST_RDONLY | ST_NOSUID));
	CHECK((flags_of("/dev/pts") & (ST_NOEXEC | ST_NODEV)) == ST_NOEXEC);
	CHECK((flags_of("/sys") & (ST_RDONLY | ST_NODEV)) == (ST_RDONLY | ST_NODEV));
	CHECK((flags_of("/data") & (ST_RDONLY | ST_NOSUID | ST_NODEV)) == (ST_RDONLY | ST_NOSUID));
	CHECK((flags_of("/late") & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC));
	CHECK(!(flags_of("/late/below") & ST_RDONLY));
	CHECK(access("/data/file", F_OK) == 0 && access("/late/below/file", F_OK) == 0);
	CHECK(stat("/etc/made/name", &st) == 0 && st.st_size == 4);
	CHECK_STR(link_of("/etc/localtime"), "../nowhere");
	CHECK(stat("/dev", &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(stat("/made/dir", &st) == 0 && S_ISDIR(st.st_mode));
	/* DDEV, DEV, SYM */
	CHECK(is_device("/dev/null", S_IFCHR | 0666, 1, 3));
	CHECK(is_device("/dev/zero", S_IFCHR | 0666, 1, 5));
	CHECK(is_device("/dev/full", S_IFCHR | 0666, 1, 7));
	CHECK(is_device("/dev/random", S_IFCHR | 0666, 1, 8));
	CHECK(is_device("/dev/urandom", S_IFCHR | 0666, 1, 9));
	CHECK(is_device("/dev/tty", S_IFCHR | 0666, 5, 0));
	CHECK(is_device("/dev/fuse", S_IFCHR | 0600, 10, 229));
	CHECK(lstat("/dev/fuse", &st) == 0 && st.st_uid == 7);
	CHECK(is_device("/opt/x/zero", S_IFCHR | 0666, 1, 5));
	CHECK(lstat("/dev/pipe", &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK_STR(link_of("/dev/fd"), "/proc/self/fd");
	CHECK_STR(link_of("/dev/stdin"), "/proc/self/fd/0");
	CHECK_STR(link_of("/dev/stdout"), "/proc/self/fd/1");
	CHECK_STR(link_of("/dev/stderr"), "/proc/self/fd/2");
	CHECK_STR(link_of("/dev/ptmx"), "pts/ptmx");
	CHECK((link_of("/dev/core") != NULL) == (access("/proc/kcore", F_OK) == 0));
	/* tmpcopyup: files, links, modes, owners; no FIFO is opened */
	CHECK(lstat("/run/file", &st) == 0 && st.st_mode == (S_IFREG | 0640) && st.st_uid == 12);
	CHECK_STR(link_of("/run/dir/link"), "/etc/shadow");
	CHECK(access("/run/fifo", F_OK) != 0);
	CHECK(stat("/run", &st) == 0 && st.st_mode == (S_IFDIR | 01750));
	CHECK(close(open("/run/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
	/* MASK, ROP */
	CHECK(is_masked("/proc/timer_list"));
	CHECK(is_masked("/proc/keys") || access("/proc/keys", F_OK) != 0);
	CHECK(is_masked("/proc/acpi") || access("/proc/acpi", F_OK) != 0);
	CHECK(is_masked("/sys/firmware"));
	CHECK(is_masked("/masked"));
	CHECK(open("/proc/sys/kernel/domainname", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
	/* Nothing of the host is left, and nothing spreads. */
	CHECK_INT(mounts_below("/tmp/teu-rootfs-XXXXXX"), 0);
	CHECK_INT(mounts_below(" shared:"), 0);
	CHECK(access("/tmp", F_OK) != 0);
	CHECK(open("/proc/self/fd/3", O_RDONLY) < 0);
}

static void make_bundle(void)
{
	run_command(
		"cd %s && mkdir rootfs canary && cd rootfs && mkdir -p proc sys dev run/dir masked/in && "
		"echo x >run/file && chmod 640 run/file && chown 12:34 run/file && chmod 1750 run && "
		"mkfifo run/fifo && ln -s /etc/shadow run/dir/link && echo hid >masked/in/f",
		top);
	run_command("cd %s && echo can >canary/file && mkdir canary/sub && ln -s ../nowhere link",
		    top);
}

/* One run in a process that the calls are refused to. */
static void run_refused(const int *calls, size_t n, int errnum, const char *what)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct error err = { 0 };

		if (!build(ordinary, NULL, &err) || !refuse_calls(calls, n, errnum))
			_exit(2);
		if (!build(ordinary, check_ordinary, &err)) {
			check_result(false, what, __FILE__, __LINE__);
			printf("# errno %d: %s\n", errnum, err.text);
		}
		fflush(stdout);
		shared[0] = check_count;
		shared[1] = check_failed;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	check_count = MAX(check_count, shared[0]);
	check_failed = MAX(check_failed, shared[1]);
	if (!CHECK_INT(status, 0))
		printf("# without %s, errno %d\n", what, errnum);
}

static void test_ordinary(void)
{
	static const struct {
		int number;
		const char *name;
	} calls[] = {
		{ __NR_fsopen, "fsopen" },	   { __NR_open_tree, "open_tree" },
		{ __NR_move_mount, "move_mount" }, { 442, "mount_setattr" },
		{ __NR_openat2, "openat2" },	   { 452, "fchmodat2" },
	};
	int all[ARRAY_SIZE(calls)];
	struct error err = { 0 };

	if (!build(ordinary, check_ordinary, &err))
		printf("# %s %s\n", err.where, err.text);
	CHECK(err.text[0] == '\0');
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		all[i] = calls[i].number;
		run_refused(&all[i], 1, ENOSYS, calls[i].name);
		run_refused(&all[i], 1, EPERM, calls[i].name);
	}
	run_refused(all, ARRAY_SIZE(calls), ENOSYS, "all new calls");
	run_refused(all, ARRAY_SIZE(calls), EPERM, "all new calls");
}

/* ---- attacks ------------------------------------------------------------------------------------------------------- */

static void check_inside(void)
{
	CHECK(access("/proc", F_OK) == 0 && access("/etc/passwd", F_OK) != 0);
}

/* SEC 1.3 to 1.7: links and wrong inodes where something is made, mounted or masked. */
static void test_attacks(void)
{
	static const struct {
		const char *prepare; /* in rootfs/, %s is the bundle */
		const char *mounts, *os;
		const char *error; /* NULL: it is built, and all of it inside */
	} cases[] = {
		/* 1.4: /proc is a link to what a volume covers */
		{ "rm -r proc && ln -s x proc && mkdir x",
		  "{\"destination\":\"/proc\",\"type\":\"proc\"}", "", "too many levels" },
		{ "mkdir real && ln -s real via && mkdir real/sys",
		  "{\"destination\":\"/via/sys\",\"type\":\"sysfs\"}", "", "too many levels" },
		{ "mkdir vol",
		  "{\"destination\":\"/vol\",\"source\":\"canary\",\"options\":[\"bind\"]},"
		  "{\"destination\":\"/vol/sub\",\"type\":\"sysfs\"}",
		  "", "rootfs itself" },
		/* 1.3: links out of the root, dangling and not, in the last place and before it */
		{ "ln -s %s/canary out", "{\"destination\":\"/out/made\",\"type\":\"tmpfs\"}", "",
		  NULL },
		{ "ln -s ../canary out && ln -s ../../../../../../%s/canary/new out2",
		  "{\"destination\":\"/out/file\",\"type\":\"tmpfs\"},"
		  "{\"destination\":\"/out2\",\"source\":\"canary/file\",\"options\":[\"bind\"]}",
		  "", NULL },
		/* 1.5: volumes below procfs, by name and by link */
		{ "ln -s proc innocent",
		  "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/innocent/self/attr\",\"source\":\"canary\",\"options\":[\"bind\"]}",
		  "", "may not be mounted over" },
		{ "ln -s proc innocent",
		  "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/innocent\",\"source\":\"canary\",\"options\":[\"bind\"]}",
		  "", "only a proc file system" },
		{ "ln -s proc/version cpuinfo",
		  "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/cpuinfo\",\"source\":\"canary/file\",\"options\":[\"bind\"]}",
		  "", "may not be mounted over" },
		{ "true",
		  "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/proc\",\"type\":\"tmpfs\",\"source\":\"/proc\"}",
		  "", "only a proc file system" },
		{ "true",
		  "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/proc/uptime\",\"source\":\"canary/file\",\"options\":[\"bind\"]}",
		  "", NULL },
		/* 1.6: /dev is a link out of the root */
		{ "rm -r dev && ln -s %s/canary dev", "", "", NULL },
		{ "rm -r dev && ln -s ../../../canary dev", "",
		  "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3}]",
		  NULL },
		/* 1.6: a /dev that is the host's is left alone, however it is written */
		{ "true",
		  "{\"destination\":\"//dev/.\",\"source\":\"canary\",\"options\":[\"bind\"]}", "",
		  NULL },
		{ "true", "{\"destination\":\"/dev\",\"source\":\"canary\",\"options\":[\"bind\"]}",
		  "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3}]",
		  "no such file" },
		/* DEV-05, X-18 */
		{ "echo y >dev/x", "",
		  "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3}]",
		  "exists" },
		{ "ln -s ../../canary/file dev/null", "", "", "exists" },
		{ "mknod -m 600 dev/zero c 1 5", "", "", NULL },
		/* 1.7: masks do not care for the image's null device, and follow no link out */
		{ "mknod dev/null c 1 3 && ln -s %s/canary/file secret && mkdir hide && echo s >hide/s",
		  "", "\"maskedPaths\":[\"/secret\",\"/hide\",\"/hide/s\"]", NULL },
		{ "ln -s loop loop", "", "\"maskedPaths\":[\"/loop\"]", "too many levels" },
		/* copy-symlink over something else */
		{ "echo z >there",
		  "{\"destination\":\"/there\",\"source\":\"link\",\"options\":"
		  "[\"bind\",\"copy-symlink\"]}",
		  "", "something else" },
		{ "ln -s ../nowhere there",
		  "{\"destination\":\"/there\",\"source\":\"link\",\"options\":"
		  "[\"bind\",\"copy-symlink\"]}",
		  "", NULL },
		/* a directory on a file, a mount on the root itself */
		{ "echo z >file",
		  "{\"destination\":\"/file\",\"source\":\"canary\",\"options\":[\"bind\"]}", "",
		  "the source is a directory, the destination is a file" },
		{ "ln -s / self", "{\"destination\":\"/self\",\"type\":\"tmpfs\"}", "",
		  "the container's root" },
		{ "true", "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"nosiud\"]}",
		  "", "did you mean \"nosuid\"" },
	};
	char json[2048];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		bool built;

		run_command("cd %s && rm -rf rootfs && mkdir -p rootfs/proc rootfs/dev rootfs/sys",
			    top);
		run_command("cd %s/rootfs", top);
		snprintf(json, sizeof(json), "cd %s/rootfs && %s", top, cases[i].prepare);
		run_command(json, top);
		run_command("cd %s && stat -c '%%n %%a %%u %%s %%y %%z' canary canary/* >before",
			    top);
		snprintf(json, sizeof(json),
			 "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[%s],"
			 "\"linux\":{%s}}",
			 cases[i].mounts, cases[i].os);
		built = build(json, check_inside, &err);
		CHECK_INT(built, !cases[i].error);
		if (cases[i].error)
			CHECK_CONTAINS(err.text, cases[i].error);
		if (built != !cases[i].error)
			printf("# %s %s: %s %s\n", cases[i].prepare, cases[i].mounts, err.where,
			       err.text);
		run_command(
			"cd %s && stat -c '%%n %%a %%u %%s %%y %%z' canary canary/* | cmp - before",
			top);
	}
}

static void check_last(void)
{
	struct stat st;

	CHECK(stat("/last/file", &st) == 0 && st.st_size == 4);
}

/* SEC 1.2: a directory of a volume and a link out of it change places all the time while mounts are made below it. */
static void test_race(void)
{
	static const char json[] =
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":["
		"{\"destination\":\"/vol\",\"source\":\"vol\",\"options\":[\"rbind\"]},"
		"{\"destination\":\"/vol/a/1\",\"type\":\"tmpfs\"},"
		"{\"destination\":\"/vol/a/1/2\",\"type\":\"tmpfs\"},"
		"{\"destination\":\"/vol/a/3\",\"source\":\"canary/file\",\"options\":[\"bind\"]},"
		"{\"destination\":\"/vol/a\",\"type\":\"tmpfs\"},"
		"{\"destination\":\"/last\",\"source\":\"canary\",\"options\":[\"bind\"]}],"
		"\"linux\":{\"maskedPaths\":[\"/vol/a/file\"],\"readonlyPaths\":[\"/vol/a\"]}}";
	char a[64], b[64];
	int built = 0;
	pid_t pid;

	run_command(
		"cd %s && rm -rf rootfs && mkdir -p rootfs/dev vol/a && ln -s ../../canary vol/b && "
		"cd canary && stat -c '%%n %%a %%u %%s %%y %%z' . * >../before",
		top);
	snprintf(a, sizeof(a), "%s/vol/a", top);
	snprintf(b, sizeof(b), "%s/vol/b", top);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		for (;;)
			renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	}
	for (int i = 0; i < 40; i++) {
		struct error err = { 0 };

		built += build(json, check_last, &err);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("# built %d of 40\n", built);
	CHECK(built > 0);
	run_command("cd %s/canary && stat -c '%%n %%a %%u %%s %%y %%z' . * | cmp - ../before", top);
}

int main(void)
{
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	/* Whoever runs the tests may have left us more than the standard descriptors. */
	CHECK(close_range(3, ~0u, 0) == 0);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !mkdtemp(top))
		return 99;
	/* The tests' own mounts, if something goes wrong, stay in a namespace of their own. */
	CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	make_bundle();
	test_ordinary();
	test_attacks();
	test_race();
	run_command("rm -rf %s", top);
	arena_release(&arena);
	return check_done();
}
