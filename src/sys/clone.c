/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/proc.h"
#include "sys/syscalls.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* A child that is born in a cgroup, or in ours (-1). */
static struct clone_args describe_child(uint64_t flags, int cgroup_fd, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return args;
}

pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd, struct error *err)
{
	int pidfd = -1;
	struct clone_args args = describe_child(flags, cgroup_fd, &pidfd);
	pid_t pid = sys_clone3(&args, sizeof(args));

	if (pid < 0)
		return error_sys(err, "clone3 with flags %#jx", (uintmax_t)args.flags);
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

/*
 * The child has our stack, too. So the call is made here, where no function returns between the child's birth and the end of
 * its main(): all that it puts on the stack is below what we still need.
 */
#if defined(TEU_SANITIZERS)
#define CLONE_HERE(result, args) ((void)(args), (result) = -ENOSYS)
#define CAN_BORROW false
#elif defined(__x86_64__)
#define CLONE_HERE(result, args)                                            \
	__asm__ volatile("syscall"                                          \
			 : "=a"(result)                                     \
			 : "0"(SYS_clone3), "D"(args), "S"(sizeof(*(args))) \
			 : "rcx", "r11", "memory")
#define CAN_BORROW true
#elif defined(__aarch64__)
#define CLONE_HERE(result, args)                                                           \
	do {                                                                               \
		register long nr __asm__("x8") = SYS_clone3;                               \
		register long first __asm__("x0") = (long)(args);                          \
		register long second __asm__("x1") = sizeof(*(args));                      \
		__asm__ volatile("svc 0" : "+r"(first) : "r"(nr), "r"(second) : "memory"); \
		(result) = first;                                                          \
	} while (0)
#define CAN_BORROW true
#else
#define CLONE_HERE(result, args) ((void)(args), (result) = -ENOSYS)
#define CAN_BORROW false
#endif

bool process_can_borrow(void)
{
	return CAN_BORROW;
}

/* How much later than the child we give up. */
#define GRACE_SECONDS 10

/* SIGALRM ends us, unless whoever executed us has set an alarm of its own. */
struct watchdog {
	struct itimerval callers;
	sigset_t mask;
};

static bool is_callers(const struct watchdog *d)
{
	return d->callers.it_value.tv_sec || d->callers.it_value.tv_usec;
}

static int watchdog_set(struct watchdog *ret, unsigned seconds, struct error *err)
{
	const struct itimerval alarm = { .it_value.tv_sec = seconds };
	sigset_t set;

	if (setitimer(ITIMER_REAL, &alarm, &ret->callers) < 0)
		return error_sys(err, "setitimer");
	if (is_callers(ret)) {
		(void)setitimer(ITIMER_REAL, &ret->callers, NULL);
		return 0;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, &ret->mask);
	return 0;
}

static void watchdog_lift(const struct watchdog *d)
{
	if (is_callers(d))
		return;
	(void)setitimer(ITIMER_REAL, &d->callers, NULL);
	sigprocmask(SIG_SETMASK, &d->mask, NULL);
}

__attribute__((noinline)) pid_t process_borrow(int cgroup_fd, unsigned seconds,
					       void (*main)(void *), void *argument, int *ret_pidfd,
					       struct error *err)
{
	int pidfd = -1;
	struct clone_args args = describe_child(CLONE_VM | CLONE_VFORK, cgroup_fd, &pidfd);
	struct watchdog watchdog;
	long pid;

	if (watchdog_set(&watchdog, seconds + GRACE_SECONDS, err))
		return -1;
	CLONE_HERE(pid, &args);
	if (pid == 0) {
		alarm(seconds);
		main(argument);
		_exit(1);
	}
	watchdog_lift(&watchdog);
	if (pid < 0) {
		errno = (int)-pid;
		return error_sys(err, "clone3 with flags %#jx", (uintmax_t)args.flags);
	}
	*ret_pidfd = pidfd;
	return (pid_t)pid;
}

pid_t process_clone_sibling(uint64_t flags, int cgroup_fd, struct error *err)
{
	struct clone_args args = { .flags = flags | CLONE_PARENT };
	pid_t pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = sys_clone3(&args, sizeof(args));
	if (pid < 0)
		return error_sys(err, "clone3 with flags %#jx", (uintmax_t)args.flags);
	return pid;
}

pid_t process_copy(volatile pid_t *pid, struct error *err)
{
	long copy = syscall(SYS_clone, PROCESS_COPY_ARGS, pid, 0, 0);

	return copy < 0 ? error_sys(err, "clone into the pid namespace") : (pid_t)copy;
}

/* Field `number` of /proc/PID/stat (proc_pid_stat(5)) and what follows, in buf; NULL if there is no such process. */
static char *read_field(pid_t pid, int number, char *buf, size_t size, char *ret_state)
{
	auto_fd int fd = -1;
	char *p;
	ssize_t n;

	snprintf(buf, size, "/proc/%d/stat", (int)pid);
	fd = open(buf, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (n <= 0)
		return NULL;
	buf[n] = '\0';
	/* The command name may hold anything, so count from its closing bracket: state is field 3. */
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ')
		return NULL;
	*ret_state = p[2];
	p += 2;
	for (int field = 3; p && field < number; field++) {
		p = strchr(p, ' ');
		p += p != NULL;
	}
	return p;
}

bool process_stat(pid_t pid, uint64_t *ret_start, char *ret_state)
{
	char buf[1024], *start = read_field(pid, 22, buf, sizeof(buf), ret_state);

	if (start)
		*ret_start = strtoull(start, NULL, 10);
	return start;
}

bool process_exit_status(const struct process *p, int *ret_status)
{
	char buf[1024], link[64], state, *code;
	uint64_t start;

	if (p->pid <= 0 || !process_stat(p->pid, &start, &state) || state != 'Z' ||
	    start != p->start)
		return false;
	/* Whoever may not know is told 0, and may not look at this either. */
	snprintf(buf, sizeof(buf), "/proc/%d/ns/user", (int)p->pid);
	if (readlink(buf, link, sizeof(link)) < 0 && errno != ENOENT)
		return false;
	code = read_field(p->pid, 52, buf, sizeof(buf), &state);
	if (!code || state != 'Z')
		return false;
	*ret_status = (int)strtol(code, NULL, 10);
	return true;
}

bool process_alive(const struct process *p)
{
	uint64_t start;
	char state;

	return p->pid > 0 && process_stat(p->pid, &start, &state) && start == p->start &&
	       state != 'Z' && state != 'X';
}

int process_open(const struct process *p)
{
	int pidfd = p->pid > 0 ? sys_pidfd_open(p->pid, 0) : -1;

	if (pidfd >= 0 && process_alive(p))
		return pidfd;
	fd_close(&pidfd);
	errno = ESRCH;
	return -1;
}

int process_wait(int pidfd, uint64_t deadline, int *ret_status)
{
	siginfo_t info = { 0 };
	int events = fd_wait(pidfd, POLLIN, deadline);

	if (events < 0)
		return -1;
	if (events == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		return -1;
	*ret_status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
	return 0;
}

/* How long one that was killed may take to end. */
#define KILL_SECONDS 10

void process_end(int pidfd)
{
	int status;

	(void)process_kill(pidfd, SIGKILL);
	(void)process_wait(pidfd, deadline_in(KILL_SECONDS), &status);
}

int process_kill(int pidfd, int sig)
{
	return sys_pidfd_send_signal(pidfd, sig);
}

int oom_score_open(pid_t pid, struct error *err)
{
	char path[40];
	auto_fd int fd = -1;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/oom_score_adj");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "open \"%s\"", path);
	if (!proc_holds(fd))
		return error_set(err, ERR_SYSTEM, "\"%s\" is not on a proc file system", path);
	return fd_take(&fd);
}

int oom_score_read(int fd, int *ret, struct error *err)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return error_sys(err, "read oom_score_adj");
	*ret = (int)strtol(text, NULL, 10);
	return 0;
}

int oom_score_write(int fd, int value, struct error *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		return error_sys(err, "write %s to oom_score_adj", text);
	return 0;
}
