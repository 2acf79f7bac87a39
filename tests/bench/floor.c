/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of tests/bench: makes the kernel objects of one container start, as our default
 * bundle asks for them, and nothing else. No configuration is read, no state is kept that a
 * later step does not need, no user input is checked: what a runtime needs beyond this is its
 * own work, and what it needs less is a step it left out.
 *
 *	floor true                         an empty program (also when called under that name)
 *	floor pause                        sleeps until a signal ends it
 *	floor run ROOTFS ID CGROUPS [FILTER]
 *	                                   start `/true` of ROOTFS, wait, remove the cgroups
 *	floor create ROOTFS ID CGROUPS     the same up to execve; the pid goes to DIR/ID.pid,
 *	                                   the container waits in the FIFO DIR/ID.gate
 *	floor start|state|kill|delete ID   the rest of the life of a created container
 *	floor exec ID                      `/true` in the cgroups and namespaces of a started one
 *
 * DIR is the directory in FLOOR_DIR. CGROUPS names the version 1 hierarchies, separated by
 * colons ("/sys/fs/cgroup/cpu:/sys/fs/cgroup/pids"), or the one of version 2 with a plus sign before it. FILTER is a file that holds a seccomp
 * program as an array of struct sock_filter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS)
#define NSNDNX (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define HIERARCHIES 16

struct floor {
	const char *rootfs, *id, *gate, *filter, *program;
	int ready[2];
	char *hierarchy[HIERARCHIES];
	int hierarchies, tasks[HIERARCHIES];
	int v2; /* the container's cgroup there, -1: version 1 */
};

static const struct {
	const char *type, *target;
	unsigned long flags;
	const char *data;
} mounts[] = {
	{ "proc", "proc", 0, NULL },
	{ "tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "tmpfs", "dev/shm", NSNDNX, "mode=1777,size=65536k" },
	{ "mqueue", "dev/mqueue", NSNDNX, NULL },
	{ "sysfs", "sys", NSNDNX | MS_RDONLY, NULL },
};

static const struct {
	const char *path;
	int minor_major[2];
} devices[] = {
	{ "dev/null", { 3, 1 } },   { "dev/zero", { 5, 1 } },	 { "dev/full", { 7, 1 } },
	{ "dev/random", { 8, 1 } }, { "dev/urandom", { 9, 1 } }, { "dev/tty", { 0, 5 } },
};

static const char *const links[][2] = {
	{ "/proc/self/fd", "dev/fd" },	     { "/proc/self/fd/0", "dev/stdin" },
	{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
	{ "pts/ptmx", "dev/ptmx" },
};

static const char *const masked[] = {
	"/proc/acpi",	       "/proc/asound",	   "/proc/kcore",	"/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/sys/firmware",       "/proc/scsi",
};

static const char *const readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static const char *const device_rules[] = {
	"c *:* m",   "b *:* m",	  "c 1:3 rwm", "c 1:8 rwm",   "c 1:7 rwm",
	"c 5:0 rwm", "c 1:5 rwm", "c 1:9 rwm", "c 136:* rwm", "c 5:2 rwm",
};

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void write_file(int dirfd, const char *path, const void *data, size_t size)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	must(fd, path);
	must(write(fd, data, size), path);
	close(fd);
}

/* A cpuset takes no process before it has cpus and nodes. */
static void copy_file(int from, int to, const char *path)
{
	char data[4096];
	int fd = openat(from, path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	must(fd, path);
	size = read(fd, data, sizeof(data));
	must(size, path);
	close(fd);
	write_file(to, path, data, size);
}

/* One program, as short as can be, for the devices. */
static void devices_attach(int cgroup)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uintptr_t)code,
				.insn_cnt = sizeof(code) / sizeof(*code),
				.license = (uintptr_t) "" };
	union bpf_attr attach = { .target_fd = (unsigned int)cgroup,
				  .attach_type = BPF_CGROUP_DEVICE };
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));

	must(fd, "bpf BPF_PROG_LOAD");
	attach.attach_bpf_fd = (unsigned int)fd;
	must((int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)),
	     "bpf BPF_PROG_ATTACH");
	close(fd);
}

static void cgroup_make_v2(struct floor *floor)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", floor->hierarchy[0] + 1, floor->id);
	must(mkdir(path, 0755), path);
	must(floor->v2 = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
	devices_attach(floor->v2);
}

static void cgroup_make(const char *hierarchy, const char *id)
{
	int parent = open(hierarchy, O_PATH | O_DIRECTORY | O_CLOEXEC), child;

	must(parent, hierarchy);
	must(mkdirat(parent, id, 0755), "mkdir cgroup");
	if (strstr(hierarchy, "cpuset")) {
		child = openat(parent, id, O_PATH | O_DIRECTORY | O_CLOEXEC);
		must(child, hierarchy);
		copy_file(parent, child, "cpuset.cpus");
		copy_file(parent, child, "cpuset.mems");
		close(child);
	}
	close(parent);
}

static void cgroups_make(struct floor *floor)
{
	floor->v2 = -1;
	if (floor->hierarchies && *floor->hierarchy[0] == '+') {
		cgroup_make_v2(floor);
		return;
	}
	for (int i = 0; i < floor->hierarchies; i++)
		cgroup_make(floor->hierarchy[i], floor->id);
}

static void cgroup_join(const struct floor *floor)
{
	char path[PATH_MAX];
	unsigned int rule;
	int dirfd;

	if (floor->v2 >= 0)
		return;
	for (int i = 0; i < floor->hierarchies; i++) {
		snprintf(path, sizeof(path), "%s/%s", floor->hierarchy[i], floor->id);
		dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		must(dirfd, path);
		if (strstr(floor->hierarchy[i], "devices")) {
			write_file(dirfd, "devices.deny", "a", 1);
			for (rule = 0; rule < sizeof(device_rules) / sizeof(*device_rules); rule++)
				write_file(dirfd, "devices.allow", device_rules[rule],
					   strlen(device_rules[rule]));
		}
		write_file(dirfd, "tasks", "0", 1);
		close(dirfd);
	}
}

static void cgroup_remove(const struct floor *floor)
{
	char path[PATH_MAX];

	for (int i = 0; i < floor->hierarchies; i++) {
		snprintf(path, sizeof(path), "%s/%s",
			 floor->hierarchy[i] + (*floor->hierarchy[i] == '+'), floor->id);
		must(rmdir(path), path);
	}
}

/* An attribute of a mount, set without touching those it has already. */
static void set_attributes(const char *path, unsigned long long attributes)
{
	struct mount_attr attr = { .attr_set = attributes };

	must(syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attr, sizeof(attr)), path);
}

static void mount_cgroup(const struct floor *floor, const char *hierarchy, const char *target)
{
	char source[PATH_MAX];

	snprintf(source, sizeof(source), "%s/%s", hierarchy, floor->id);
	must(mount(source, target, NULL, MS_BIND, NULL), target);
	set_attributes(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				       MOUNT_ATTR_NOEXEC);
}

static void mount_cgroups(const struct floor *floor)
{
	const char *all = "sys/fs/cgroup";
	char target[PATH_MAX];

	if (floor->v2 >= 0) {
		mount_cgroup(floor, floor->hierarchy[0] + 1, all);
		return;
	}
	must(mount("tmpfs", all, "tmpfs", NSNDNX, "mode=755"), all);
	for (int i = 0; i < floor->hierarchies; i++) {
		snprintf(target, sizeof(target), "%s%s", all, strrchr(floor->hierarchy[i], '/'));
		must(mkdir(target, 0755), target);
		mount_cgroup(floor, floor->hierarchy[i], target);
	}
	set_attributes(all, MOUNT_ATTR_RDONLY);
}

static void mount_file_systems(const struct floor *floor)
{
	size_t i;

	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	must(mount(floor->rootfs, floor->rootfs, NULL, MS_BIND, NULL), "bind rootfs");
	must(chdir(floor->rootfs), floor->rootfs);
	for (i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		if (strncmp(mounts[i].target, "dev/", 4) == 0)
			must(mkdir(mounts[i].target, 0755), mounts[i].target);
		must(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			   mounts[i].data),
		     mounts[i].target);
	}
	mount_cgroups(floor);
	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		must(mknod(devices[i].path, S_IFCHR | 0666,
			   makedev(devices[i].minor_major[1], devices[i].minor_major[0])),
		     devices[i].path);
	for (i = 0; i < sizeof(links) / sizeof(*links); i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void enter_root(void)
{
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount old root");
	must(chdir("/"), "chdir /");
}

static void cover_paths(void)
{
	const char *empty = NULL;
	size_t i;

	for (i = 0; i < sizeof(readonly) / sizeof(*readonly); i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) == 0)
			set_attributes(readonly[i], MOUNT_ATTR_RDONLY);
		else if (errno != ENOENT)
			must(-1, readonly[i]);
	}
	for (i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
			continue;
		if (empty) {
			must(mount(empty, masked[i], NULL, MS_BIND, NULL), masked[i]);
			continue;
		}
		must(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1"),
		     masked[i]);
		empty = masked[i];
	}
	set_attributes("/", MOUNT_ATTR_RDONLY);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &request), "lo up");
	close(fd);
}

static void load_filter(int fd)
{
	static struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog program = { .filter = code };
	ssize_t size = read(fd, code, sizeof(code));

	must(size, "read filter");
	program.len = size / sizeof(*code);
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static int child_main(void *argument)
{
	const struct floor *floor = argument;
	struct rlimit limit = { 1024, 1024 };
	char *argv[] = { (char *)floor->program, NULL };
	char *envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			 NULL };
	int filter = -1, gate = -1;
	char byte;

	if (floor->filter)
		must(filter = open(floor->filter, O_RDONLY | O_CLOEXEC), floor->filter);
	/* Opened for both directions a FIFO neither blocks nor ends. */
	if (floor->gate)
		must(gate = open(floor->gate, O_RDWR | O_CLOEXEC), floor->gate);
	cgroup_join(floor);
	mount_file_systems(floor);
	enter_root();
	cover_paths();
	loopback_up();
	must(sethostname("floor", 5), "sethostname");
	must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	if (filter >= 0)
		load_filter(filter);
	if (gate >= 0) {
		must(write(floor->ready[1], "", 1), "ready");
		must(read(gate, &byte, 1), "gate");
	}
	execve(argv[0], argv, envp);
	must(-1, argv[0]);
	return 125;
}

static char stack[64 * 1024] __attribute__((aligned(16)));

#ifdef __x86_64__
/* clone(2) for clone3: the C library has none. */
static pid_t clone_into(int cgroup, uint64_t flags, int (*child)(void *), void *argument)
{
	struct clone_args args = { .flags = flags | CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD,
				   .stack = (uintptr_t)stack,
				   .stack_size = sizeof(stack),
				   .cgroup = (uint64_t)cgroup };
	long result = SYS_clone3;
	register int (*function)(void *) __asm__("r12") = child;
	register void *data __asm__("r13") = argument;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov $60, %%eax\n\t" /* exit */
			 "syscall\n"
			 "1:"
			 : "+a"(result)
			 : "D"(&args), "S"(sizeof(args)), "r"(function), "r"(data)
			 : "rcx", "r11", "memory");
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : (pid_t)result;
}
#else
static pid_t clone_into(int cgroup, uint64_t flags, int (*child)(void *), void *argument)
{
	struct clone_args args = { .flags = (flags & ~(uint64_t)(CLONE_VM | CLONE_VFORK)) |
					    CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)cgroup };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(child(argument));
	return pid;
}
#endif

/* vfork's way: the child borrows our memory until it executes, so nothing is copied. */
static pid_t start_child(struct floor *floor, int flags)
{
	pid_t pid = floor->v2 >= 0 ? clone_into(floor->v2, (uint64_t)(NAMESPACES | flags),
						child_main, floor)
				   : clone(child_main, stack + sizeof(stack),
					   NAMESPACES | SIGCHLD | flags, floor);

	must(pid, "clone");
	return pid;
}

static int floor_run(struct floor *floor)
{
	int status;
	pid_t pid;

	cgroups_make(floor);
	pid = start_child(floor, CLONE_VM | CLONE_VFORK);
	must(waitpid(pid, &status, 0), "waitpid");
	cgroup_remove(floor);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *in_dir(const char *id, const char *suffix)
{
	static char path[4][PATH_MAX];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], PATH_MAX, "%s/%s.%s", getenv("FLOOR_DIR") ?: ".", id, suffix);
	return path[next];
}

/* The later commands learn the pid and the cgroups from one small file. */
static int floor_create(struct floor *floor, const char *cgroups)
{
	FILE *file;
	pid_t pid;
	char byte;

	must(pipe2(floor->ready, O_CLOEXEC), "pipe");
	floor->gate = in_dir(floor->id, "gate");
	must(mkfifo(floor->gate, 0600), floor->gate);
	cgroups_make(floor);
	pid = start_child(floor, 0);
	close(floor->ready[1]);
	must(read(floor->ready[0], &byte, 1) == 1 ? 0 : -1, "container");
	file = fopen(in_dir(floor->id, "pid"), "we");
	must(file ? 0 : -1, "pid file");
	fprintf(file, "%d\n%s\n", pid, cgroups);
	return fclose(file);
}

static int exec_child(void *argument)
{
	const struct floor *floor = argument;
	char *argv[] = { "/true", NULL };

	for (int i = 0; i < floor->hierarchies && floor->v2 < 0; i++)
		must(write(floor->tasks[i], "0", 1), "tasks");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	execve(argv[0], argv, argv + 1);
	must(-1, argv[0]);
	return 125;
}

static int floor_exec(struct floor *floor, pid_t target)
{
	char path[PATH_MAX];
	int pidfd = syscall(SYS_pidfd_open, target, 0), status;
	pid_t pid;

	must(pidfd, "pidfd_open");
	floor->v2 = -1;
	if (*floor->hierarchy[0] == '+') {
		snprintf(path, sizeof(path), "%s/%s", floor->hierarchy[0] + 1, floor->id);
		must(floor->v2 = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
	}
	for (int i = 0; floor->v2 < 0 && i < floor->hierarchies; i++) {
		snprintf(path, sizeof(path), "%s/%s/tasks", floor->hierarchy[i], floor->id);
		must(floor->tasks[i] = open(path, O_WRONLY | O_CLOEXEC), path);
	}
	must(setns(pidfd, NAMESPACES), "setns");
	pid = floor->v2 >= 0 ? clone_into(floor->v2, CLONE_VM | CLONE_VFORK, exec_child, floor)
			     : clone(exec_child, stack + sizeof(stack),
				     CLONE_VM | CLONE_VFORK | SIGCHLD, floor);
	must(pid, "clone");
	must(waitpid(pid, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void split_hierarchies(struct floor *floor, char *list)
{
	for (char *at = strtok(list, ":"); at && floor->hierarchies < HIERARCHIES;
	     at = strtok(NULL, ":"))
		floor->hierarchy[floor->hierarchies++] = at;
}

static int floor_later(const char *verb, const char *id)
{
	static char cgroups[PATH_MAX];
	struct floor floor = { .id = id };
	struct pollfd end = { .events = POLLIN };
	FILE *file = fopen(in_dir(id, "pid"), "re");
	pid_t pid;
	int fd;

	must(file && fscanf(file, "%d %4000s", &pid, cgroups) == 2 ? 0 : -1, "pid file");
	if (strcmp(verb, "start") == 0) {
		fd = open(in_dir(id, "gate"), O_WRONLY | O_CLOEXEC);
		must(fd, "gate");
		must(write(fd, "", 1), "gate");
	} else if (strcmp(verb, "exec") == 0) {
		split_hierarchies(&floor, cgroups);
		return floor_exec(&floor, pid);
	} else if (strcmp(verb, "kill") == 0) {
		must(kill(pid, SIGKILL), "kill");
	} else if (strcmp(verb, "state") == 0) {
		printf("%d %s\n", pid, kill(pid, 0) == 0 ? "running" : "stopped");
	} else {
		end.fd = syscall(SYS_pidfd_open, pid, 0);
		if (end.fd >= 0)
			must(poll(&end, 1, 5000), "poll");
		split_hierarchies(&floor, cgroups);
		cgroup_remove(&floor);
		must(unlink(in_dir(id, "gate")), "gate");
		must(unlink(in_dir(id, "pid")), "pid file");
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *verb = argc > 1 ? argv[1] : name;
	struct floor floor = { .program = "/true" };
	char cgroups[PATH_MAX];

	if (strcmp(name, "true") == 0 || strcmp(verb, "true") == 0)
		return 0;
	if (strcmp(name, "pause") == 0 || strcmp(verb, "pause") == 0)
		return pause();
	if (argc == 3)
		return floor_later(verb, argv[2]);
	if (argc < 5)
		return 2;
	floor.rootfs = argv[2];
	floor.id = argv[3];
	floor.filter = argc > 5 ? argv[5] : NULL;
	snprintf(cgroups, sizeof(cgroups), "%s", argv[4]);
	split_hierarchies(&floor, argv[4]);
	if (strcmp(verb, "run") == 0)
		return floor_run(&floor);
	floor.program = "/pause";
	return floor_create(&floor, cgroups);
}
