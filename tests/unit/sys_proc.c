/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verified /proc, in an instance of its own and, with the new mount calls refused, on the mount at /proc; there a
 * file that is mounted over must not be taken for the kernel's. Mounting needs root: without it that part is skipped.
 */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"
#include "refuse.h"

static void test_files(const struct proc *proc)
{
	struct error err = { 0 };
	char buf[4096], path[64], want[32];
	auto_fd int fd = -1, self = -1, again = -1;

	CHECK(proc_read(proc, "self/comm", buf, sizeof(buf), &err) > 0);
	CHECK_STR(buf, "sys_proc\n");
	CHECK(proc_write(proc, "self/comm", "renamed", &err) == 0);
	CHECK(proc_read(proc, "thread-self/comm", buf, sizeof(buf), &err) > 0);
	CHECK_STR(buf, "renamed\n");
	CHECK(proc_write(proc, "self/comm", "sys_proc", &err) == 0);
	CHECK(proc_read(proc, "self/status", buf, 16, &err) < 0);
	CHECK_INT(err.errnum, EFBIG);

	snprintf(path, sizeof(path), "%d/status", (int)getpid());
	snprintf(want, sizeof(want), "Pid:\t%d\n", (int)getpid());
	CHECK(proc_read(proc, path, buf, sizeof(buf), &err) > 0);
	CHECK_CONTAINS(buf, want);

	/* Neither links that jump nor ways out. */
	CHECK(proc_find_file(proc, "self/exe", O_RDONLY) < 0);
	CHECK(proc_find_file(proc, "self/root/etc/passwd", O_RDONLY) < 0);
	CHECK(proc_find_file(proc, "../etc/passwd", O_RDONLY) < 0);
	CHECK(proc_find_file(proc, "..", O_RDONLY) < 0);
	CHECK(proc_find_file(proc, "", O_RDONLY) < 0);
	CHECK(proc_find_file(proc, "self/nothing", O_RDONLY) < 0 && errno == ENOENT);
	CHECK(proc_write(proc, "self/uid_map", "nonsense", &err) < 0);
	CHECK_CONTAINS(err.text, "\"/proc/self/uid_map\"");

	fd = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	again = proc_reopen(proc, fd, O_RDONLY, &err);
	CHECK(again >= 0 && (fcntl(again, F_GETFD) & FD_CLOEXEC));
	CHECK(faccessat(again, "passwd", F_OK, 0) == 0);
	self = proc_follow(proc, "self/ns/user", O_RDONLY, &err);
	CHECK(self >= 0);
	CHECK(proc_holds(proc->fd) && !proc_holds(fd));
	CHECK(mount_id(fd) != 0 && mount_id(fd) != mount_id(proc->fd));
}

static void test_chmod(void)
{
	auto_fd int file = memfd_create("mode", MFD_CLOEXEC), fd = -1;
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_PATH | O_CLOEXEC);
	CHECK(proc_chmod(fd, 0640) == 0);
	CHECK(fstat(file, &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0640);
}

/* On a mount that others can mount over: "self/comm" hidden behind another file of procfs, and behind a directory. */
static void test_covered(const struct proc *proc)
{
	struct error err = { 0 };
	char buf[4096], path[64], dir[64];

	CHECK(!proc->own);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		printf("ok %d # SKIP no permission to mount\n", ++check_count);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)getpid());
	CHECK(mount("/proc/self/sched", path, NULL, MS_BIND, NULL) == 0);
	/* The root handle is of the mount before unshare: open the copy that is covered. */
	{
		auto_proc struct proc copy = { .fd = -1 };

		CHECK(proc_open(&copy, PROC_PIDS, &err) == 0 && !copy.own);
		CHECK(proc_read(&copy, "self/comm", buf, sizeof(buf), &err) < 0);
		CHECK_INT(err.errnum, EXDEV);
		CHECK(proc_write(&copy, "self/comm", "fake", &err) < 0);
		CHECK(proc_read(&copy, "self/status", buf, sizeof(buf), &err) > 0);
		snprintf(dir, sizeof(dir), "/proc/%d/attr", (int)getpid());
		CHECK(mount("tmpfs", dir, "tmpfs", 0, NULL) == 0);
		CHECK(proc_find_file(&copy, "self/attr/exec", O_WRONLY) < 0);
		CHECK(proc_find_file(&copy, "self/attr/exec", O_WRONLY | O_CREAT) < 0);
	}
	CHECK(umount2(path, MNT_DETACH) == 0);
}

static void run(int *shared, const int *refused, size_t n, int errnum)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		auto_proc struct proc proc = { .fd = -1 };
		struct error err = { 0 };

		CHECK(refuse_calls(refused, n, errnum));
		CHECK(proc_open(&proc, PROC_PIDS, &err) == 0);
		test_files(&proc);
		test_chmod();
		test_covered(&proc);
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
	static const int refused[] = { __NR_fsopen, __NR_open_tree, __NR_openat2, 452 };
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	auto_proc struct proc proc = { .fd = -1 };
	struct error err = { 0 };

	CHECK(proc_open(&proc, PROC_PIDS, &err) == 0);
	CHECK(geteuid() != 0 || proc.own);
	test_files(&proc);
	test_chmod();
	run(shared, refused, ARRAY_SIZE(refused), ENOSYS);
	run(shared, refused, ARRAY_SIZE(refused), EPERM);
	run(shared, refused, 2, ENOSYS);
	return check_done();
}
