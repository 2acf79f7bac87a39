/* SPDX-License-Identifier: Apache-2.0 */
#include "run/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/clone.h"
#include "sys/tty.h"

/* A pipe takes this much at once when poll says it is writable (PIPE_BUF). */
#define CHUNK 4096

/* One direction of the terminal. */
struct copy {
	int from, to;
	char buf[CHUNK];
	size_t start, n;
	bool closed; /* nothing more comes */
};

int foreground_prepare(struct foreground *f, bool subreaper, struct error *err)
{
	sigset_t all;

	*f = (struct foreground){
		.signals = -1, .primary = -1, .keeper = -1, .notify = { .sock = -1 }
	};
	sigfillset(&all);
	/* Faults of our own stay fatal. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGTRAP);
	sigprocmask(SIG_SETMASK, &all, &f->mask);
	f->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f->signals < 0)
		return error_sys(err, "signalfd");
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_sys(err, "prctl PR_SET_CHILD_SUBREAPER");
	return 0;
}

/*
 * A terminal left in raw mode is useless to its user, so a small process outlives us: it restores the mode when the pipe
 * closes without a word.
 */
static void start_keeper(struct foreground *f)
{
	struct error unused;
	auto_fd int pidfd = -1;
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	switch (process_clone(0, -1, &pidfd, &unused)) {
	case -1:
		close(ends[0]);
		close(ends[1]);
		return;
	case 0:
		/* Outside the session no background process is stopped for touching the terminal. */
		setsid();
		prctl(PR_SET_NAME, "teu: terminal");
		close(ends[1]);
		fd_close(&f->primary);
		fd_close(&f->signals);
		if (read(ends[0], &byte, 1) == 0)
			terminal_restore(STDIN_FILENO, &f->saved);
		_exit(0);
	default:
		close(ends[0]);
		f->keeper = ends[1];
	}
}

int foreground_terminal(struct foreground *f, int sock, bool has_size, struct error *err)
{
	f->primary = socket_receive_fd(sock, err);
	if (f->primary < 0)
		return -1;
	(void)fcntl(f->primary, F_SETFL, O_RDWR | O_NONBLOCK);
	if (!has_size)
		terminal_copy_size(STDIN_FILENO, f->primary);
	f->raw = terminal_raw(STDIN_FILENO, &f->saved);
	if (f->raw)
		start_keeper(f);
	return 0;
}

static void copy_read(struct copy *c)
{
	ssize_t n = read(c->from, c->buf, sizeof(c->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* A terminal whose other end is closed everywhere says EIO. */
	if (n <= 0) {
		c->closed = true;
		return;
	}
	c->start = 0;
	c->n = (size_t)n;
}

static void copy_write(struct copy *c)
{
	ssize_t n = write(c->to, c->buf + c->start, c->n);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		c->closed = true;
		c->n = 0;
		return;
	}
	c->start += (size_t)n;
	c->n -= (size_t)n;
}

/* What one direction waits for now: a full buffer is written before more is read. */
static struct pollfd copy_poll(const struct copy *c)
{
	if (c->n)
		return (struct pollfd){ .fd = c->to, .events = POLLOUT };
	return (struct pollfd){ .fd = c->closed ? -1 : c->from, .events = POLLIN };
}

static void copy_step(struct copy *c, short revents)
{
	if (!revents)
		return;
	if (c->n)
		copy_write(c);
	else
		copy_read(c);
}

/* The last words of a container are still in the terminal when it has ended. */
static void copy_drain(struct copy *c)
{
	uint64_t deadline = deadline_in(5);

	while (!c->closed) {
		if (!c->n) {
			copy_read(c);
			if (!c->n)
				return;
		}
		if (fd_wait(c->to, POLLOUT, deadline) <= 0)
			return;
		copy_write(c);
	}
}

/* Sets *ret_status if it is init that was reaped. */
static bool reap(pid_t pid, int *ret_status)
{
	bool ended = false;
	int status;
	pid_t p;

	while ((p = waitpid(-1, &status, WNOHANG)) > 0)
		if (p == pid) {
			*ret_status = status;
			ended = true;
		}
	return ended;
}

/* True when init has ended. */
static bool take_signals(struct foreground *f, pid_t pid, int pidfd, int *ret_status)
{
	struct signalfd_siginfo info;
	bool ended = false;

	while (read(f->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			ended |= reap(pid, ret_status);
		else if (info.ssi_signo == SIGWINCH && f->primary >= 0)
			terminal_copy_size(STDIN_FILENO, f->primary);
		else if (info.ssi_signo != SIGPIPE)
			(void)process_kill(pidfd, (int)info.ssi_signo);
	}
	return ended;
}

int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int *ret_code, struct error *err)
{
	struct copy in = { .from = STDIN_FILENO, .to = f->primary, .closed = f->primary < 0 };
	struct copy out = { .from = f->primary, .to = STDOUT_FILENO, .closed = f->primary < 0 };
	int status = 0;
	bool ended = reap(pid, &status);

	while (!ended) {
		struct pollfd fds[] = { { .fd = f->signals, .events = POLLIN },
					{ .fd = f->notify.sock, .events = POLLIN },
					copy_poll(&in),
					copy_poll(&out) };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_sys(err, "poll");
		if (fds[1].revents && notify_step(&f->notify))
			notify_close(&f->notify);
		copy_step(&in, fds[2].revents);
		copy_step(&out, fds[3].revents);
		if (fds[0].revents)
			ended = take_signals(f, pid, pidfd, &status);
	}
	if (f->primary >= 0)
		copy_drain(&out);
	f->status = status;
	*ret_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

void foreground_end(struct foreground *f)
{
	if (f->raw)
		terminal_restore(STDIN_FILENO, &f->saved);
	if (f->keeper >= 0)
		(void)fd_write_all(f->keeper, "", 1);
	fd_close(&f->keeper);
	notify_close(&f->notify);
	fd_close(&f->primary);
	fd_close(&f->signals);
	sigprocmask(SIG_SETMASK, &f->mask, NULL);
}
