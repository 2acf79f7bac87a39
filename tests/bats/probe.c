/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that the behaviour tests run inside a container. It is static, reads everything from
 * the kernel itself and prints one "key=value" line per fact, so that a test can ask for a single
 * value without parsing free text.
 *
 *   probe [SECTION...]      facts: all sections that need no argument, or the named ones
 *   probe try WHAT ARG...   one operation; prints "ok" or the name of the errno (probe_try.c)
 *   probe attack WHAT ...   an attacker's tool (probe_attack.c)
 *   probe wait-* ...        waiting without polling, used on the host too (probe_wait.c)
 *
 * Bytes outside printable ASCII, and backslashes, are printed as \xNN.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

extern char **environ;

static void print_escaped(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c > 0x7e || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static void print_text(const char *key, const char *value)
{
	printf("%s=", key);
	print_escaped(value);
	putchar('\n');
}

static void show_ids(void)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid, groups[1024];
	int n;

	getresuid(&ruid, &euid, &suid);
	getresgid(&rgid, &egid, &sgid);
	printf("uid=%u %u %u %u\n", ruid, euid, suid, (unsigned)setfsuid((uid_t)-1));
	printf("gid=%u %u %u %u\n", rgid, egid, sgid, (unsigned)setfsgid((gid_t)-1));
	n = getgroups(ARRAY_SIZE(groups), groups);
	printf("groups=");
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	putchar('\n');
}

static void show_caps(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { 0 };
	unsigned long long bounding = 0, ambient = 0;

	if (syscall(SYS_capget, &header, d) < 0)
		return;
	for (int i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			bounding |= 1ULL << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ambient |= 1ULL << i;
	}
	printf("cap.effective=%llx\n", (unsigned long long)d[1].effective << 32 | d[0].effective);
	printf("cap.permitted=%llx\n", (unsigned long long)d[1].permitted << 32 | d[0].permitted);
	printf("cap.inheritable=%llx\n",
	       (unsigned long long)d[1].inheritable << 32 | d[0].inheritable);
	printf("cap.bounding=%llx\ncap.ambient=%llx\n", bounding, ambient);
	printf("securebits=%d\n", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
	printf("nnp=%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("seccomp=%d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	printf("dumpable=%d\n", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	printf("keepcaps=%d\n", prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
}

static void print_limit(rlim_t value)
{
	if (value == RLIM_INFINITY)
		printf("unlimited");
	else
		printf("%llu", (unsigned long long)value);
}

static void show_limits(void)
{
	static const char *const names[] = {
		"CPU",	   "FSIZE", "DATA",  "STACK",	   "CORE",     "RSS",  "NPROC",	 "NOFILE",
		"MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
	};
	struct rlimit limit;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (getrlimit((__rlimit_resource_t)i, &limit) < 0)
			continue;
		printf("limit.%s=", names[i]);
		print_limit(limit.rlim_cur);
		putchar(':');
		print_limit(limit.rlim_max);
		putchar('\n');
	}
}

static void show_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	printf("umask=%04o\n", (unsigned)mask);
}

/* No /proc is needed, and none of our own descriptors is counted. */
static void show_fds(void)
{
	char link[64], target[4096];
	struct stat st;

	printf("fds=");
	for (int fd = 0, any = 0; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		printf("%s%d", any ? "," : "", fd);
		any = 1;
	}
	putchar('\n');
	for (int fd = 0; fd < 4096; fd++) {
		ssize_t n;

		if (fstat(fd, &st) < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		printf("fd.%d=%o %u:%u dev=%u:%u %s\n", fd, st.st_mode & S_IFMT, major(st.st_rdev),
		       minor(st.st_rdev), major(st.st_dev), minor(st.st_dev), target);
	}
}

struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static void show_sched(void)
{
	struct sched_attributes a = { .size = sizeof(a) };

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return;
	printf("sched.policy=%u\nsched.flags=%llu\n", a.policy, (unsigned long long)a.flags);
	printf("sched.nice=%d\nsched.priority=%u\n", getpriority(PRIO_PROCESS, 0), a.priority);
	printf("sched.runtime=%llu\nsched.deadline=%llu\nsched.period=%llu\n",
	       (unsigned long long)a.runtime, (unsigned long long)a.deadline,
	       (unsigned long long)a.period);
}

static void print_ioprio(const char *key)
{
	long prio = syscall(SYS_ioprio_get, 1, 0);

	printf("%s=%ld:%ld\n", key, prio >> 13, prio & 7);
	fflush(stdout);
}

static void show_ioprio(void)
{
	pid_t pid;

	print_ioprio("ioprio");
	pid = fork();
	if (pid == 0) {
		print_ioprio("ioprio.child");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void show_affinity(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	printf("affinity=");
	for (int cpu = 0, any = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		printf("%s%d", any ? "," : "", cpu);
		any = 1;
	}
	putchar('\n');
}

static void show_uname(void)
{
	struct utsname u;

	uname(&u);
	print_text("hostname", u.nodename);
	print_text("domainname", u.domainname);
	print_text("machine", u.machine);
	printf("personality=%lx\n", syscall(SYS_personality, 0xffffffffUL));
}

static void show_env(void)
{
	int n = 0;

	for (char **e = environ; *e; e++, n++)
		print_text("env", *e);
	printf("env.count=%d\n", n);
}

static void show_cwd(void)
{
	char cwd[4096];

	/* The raw call: libc hides the kernel's "(unreachable)". */
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0)
		printf("cwd=(%s)\n", strerrorname_np(errno));
	else
		print_text("cwd", cwd);
}

static void show_ns(void)
{
	static const char *const types[] = { "cgroup", "ipc",  "mnt",  "net",
					     "pid",    "time", "user", "uts" };
	char path[64];
	struct stat st;

	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", types[i]);
		if (stat(path, &st) == 0)
			printf("ns.%s=%lu\n", types[i], (unsigned long)st.st_ino);
	}
}

/* The kernel's view, 64 signals and more, which libc's sigset_t functions filter. */
static void show_signals(void)
{
	uint64_t blocked = 0, ignored = 0;
	struct sigaction action;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked));
	for (int sig = 1; sig <= 64; sig++)
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= 1ULL << (sig - 1);
	printf("sig.blocked=%llx\nsig.ignored=%llx\n", (unsigned long long)blocked,
	       (unsigned long long)ignored);
}

static void show_tty(void)
{
	struct winsize size = { 0 };
	char name[256];

	for (int fd = 0; fd < 3; fd++) {
		printf("tty.%d=%d\n", fd, isatty(fd));
		if (ttyname_r(fd, name, sizeof(name)) == 0)
			printf("tty.%d.name=%s\n", fd, name);
	}
	printf("tty.sid=%d\n", tcgetsid(0));
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("tty.size=%ux%u\n", size.ws_row, size.ws_col);
}

static void show_process(void)
{
	printf("pid=%d\nppid=%d\npgrp=%d\nsid=%d\n", getpid(), getppid(), getpgrp(), getsid(0));
}

static void show_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("clock.monotonic=%lld\n", (long long)t.tv_sec);
	clock_gettime(CLOCK_BOOTTIME, &t);
	printf("clock.boottime=%lld\n", (long long)t.tv_sec);
}

static void show_file(const char *key, const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	if (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		print_text(key, line);
	}
	fclose(f);
}

/* The thread's NUMA policy, and the first 64 nodes of it. */
static void show_mempolicy(void)
{
	unsigned long nodes[16] = { 0 };
	int mode = 0;

	if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, 0, 0) < 0)
		printf("mempolicy=(%s)\n", strerrorname_np(errno));
	else
		printf("mempolicy=%x:%lx\n", mode, nodes[0]);
}

static void show_oom(void)
{
	show_file("oom_score_adj", "/proc/self/oom_score_adj");
}

static void show_keyring(void)
{
	char description[512] = "";

	/* KEYCTL_DESCRIBE of the session keyring */
	if (syscall(SYS_keyctl, 6, -3, description, sizeof(description) - 1) < 0)
		printf("keyring=(%s)\n", strerrorname_np(errno));
	else
		print_text("keyring", description);
	/* KEYCTL_GET_KEYRING_ID without creating one */
	printf("keyring.id=%ld\n", syscall(SYS_keyctl, 0, -3, 0));
}

/* mount <target> fstype=.. source=.. opt=.. prop=.. sb=.. root=.. in mountinfo's order */
static void show_mounts(void)
{
	char line[8192];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		char *field[64], *save = NULL, prop[256] = "";
		int n = 0, dash = 6;

		line[strcspn(line, "\n")] = '\0';
		for (char *t = strtok_r(line, " ", &save); t && n < 63;
		     t = strtok_r(NULL, " ", &save))
			field[n++] = t;
		while (dash < n && strcmp(field[dash], "-"))
			dash++;
		if (dash + 3 >= n)
			continue;
		for (int i = 6; i < dash; i++)
			snprintf(prop + strlen(prop), sizeof(prop) - strlen(prop), "%s%s",
				 i > 6 ? "," : "", field[i]);
		printf("mount %s fstype=%s source=%s opt=%s prop=%s sb=%s root=%s\n", field[4],
		       field[dash + 1], field[dash + 2], field[5], prop, field[dash + 3], field[3]);
	}
	fclose(f);
}

static const struct section {
	const char *name;
	void (*show)(void);
} sections[] = {
	{ "affinity", show_affinity },
	{ "caps", show_caps },
	{ "clock", show_clock },
	{ "cwd", show_cwd },
	{ "env", show_env },
	{ "fds", show_fds },
	{ "ids", show_ids },
	{ "ioprio", show_ioprio },
	{ "keyring", show_keyring },
	{ "limits", show_limits },
	{ "mempolicy", show_mempolicy },
	{ "mounts", show_mounts },
	{ "ns", show_ns },
	{ "oom", show_oom },
	{ "process", show_process },
	{ "sched", show_sched },
	{ "signals", show_signals },
	{ "tty", show_tty },
	{ "umask", show_umask },
	{ "uname", show_uname },
};

static int show_section(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strcmp(sections[i].name, name) == 0) {
			sections[i].show();
			return 0;
		}
	}
	fprintf(stderr, "probe: no section %s\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	int status = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "argv") == 0) {
		printf("argc=%d\n", argc);
		for (int i = 0; i < argc; i++)
			print_text("argv", argv[i]);
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "try") == 0)
		return probe_try(argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "attack") == 0)
		return probe_attack(argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "as") == 0)
		return probe_caller(argc - 2, argv + 2);
	if (argc > 1 && strncmp(argv[1], "wait-", 5) == 0)
		return probe_wait(argc - 1, argv + 1);
	if (argc == 1) {
		for (unsigned i = 0; i < ARRAY_SIZE(sections); i++)
			sections[i].show();
		return 0;
	}
	for (int i = 1; i < argc && status == 0; i++)
		status = show_section(argv[i]);
	return status;
}
