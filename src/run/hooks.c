/* SPDX-License-Identifier: Apache-2.0 */
#include "run/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "spec/names.h"
#include "sys/clone.h"
#include "sys/syscalls.h"

#define DEFAULT_SECONDS 600

/* How much of a hook's output is kept for the message: its end. */
#define KEPT 400

/* One hook while it runs, seen from us. */
struct running {
	int pidfd;
	int input, output; /* our ends of its pipes; -1 when done */
	const char *state; /* what is still to be fed */
	size_t left;
	char kept[KEPT];
	size_t n_kept;
};

static const char *kind_name(enum hook_kind kind)
{
	return word_name(hook_words.table, hook_words.n, kind);
}

/*
 * A hook that nobody waits for any more would act on a container that `delete` takes away. What a poststop hook tidies up
 * outlives the container anyway: it may finish.
 */
static void follow_parent(const struct hook_run *run, pid_t parent)
{
	if (run->kind == HOOK_POSTSTOP)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static NORETURN void hook_child(const struct hook *hook, const struct hook_run *run, pid_t parent,
				int input, int output, int status)
{
	const char *const files[] = { NULL, run->output, run->errors };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	const char *const *env = hook->env ? hook->env : run->env;
	sigset_t none;
	int errnum;

	follow_parent(run, parent);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sigaction(SIGPIPE, &dfl, NULL);
	for (int fd = 0; fd < 3; fd++) {
		int from = fd == 0 ? input : output;

		if (files[fd])
			from = open(files[fd], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0700);
		if (from < 0 || dup2(from, fd) < 0) {
			errnum = errno;
			(void)fd_write_all(status, &errnum, sizeof(errnum));
			_exit(1);
		}
	}
	/* Nothing of ours passes: descriptors 3 and up are close-on-exec, save those kept for the container. */
	(void)sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	if (!run->cwd || chdir(run->cwd) == 0)
		execve(hook->path, (char *const *)(uintptr_t)hook->args,
		       env ? (char *const *)(uintptr_t)env : environ);
	errnum = errno;
	(void)fd_write_all(status, &errnum, sizeof(errnum));
	_exit(1);
}

static void keep_output(struct running *r)
{
	char buf[4096];
	ssize_t n = read(r->output, buf, sizeof(buf));
	size_t len, drop;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		fd_close(&r->output);
		return;
	}
	len = MIN((size_t)n, sizeof(r->kept));
	drop = r->n_kept + len > sizeof(r->kept) ? r->n_kept + len - sizeof(r->kept) : 0;
	memmove(r->kept, r->kept + drop, r->n_kept - drop);
	r->n_kept -= drop;
	memcpy(r->kept + r->n_kept, buf + (size_t)n - len, len);
	r->n_kept += len;
}

static void feed_input(struct running *r)
{
	ssize_t n = write(r->input, r->state, r->left);

	if (n > 0) {
		r->state += n;
		r->left -= (size_t)n;
	}
	/* A hook need not read its input (EPIPE). */
	if (r->left == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		fd_close(&r->input);
}

/* Feeds, listens and waits until the hook itself has ended: what it left in the background may hold the pipes. */
static int attend(struct running *r, uint64_t deadline, int *ret_status)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = r->pidfd, .events = POLLIN },
					{ .fd = r->output, .events = POLLIN },
					{ .fd = r->input, .events = POLLOUT } };
		int n = poll(fds, ARRAY_SIZE(fds), deadline_left(deadline));

		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (n < 0)
			continue;
		if (fds[1].revents)
			keep_output(r);
		if (fds[2].revents)
			feed_input(r);
		if (fds[0].revents && !(fds[1].revents & POLLIN))
			return process_wait(r->pidfd, deadline, ret_status);
	}
}

static int judge(const struct hook *hook, struct running *r, int status, int errnum,
		 struct error *err)
{
	char said[KEPT + 1], shown[KEPT + KEPT / 2], how[48];

	if (errnum)
		return error_errno(err, errnum, "exec \"%s\"", hook->path);
	if (status == 0)
		return 0;
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exited with status %d", WEXITSTATUS(status));
	while (r->n_kept && r->kept[r->n_kept - 1] == '\n')
		r->n_kept--;
	if (!r->n_kept)
		return error_set(err, ERR_CHILD, "\"%s\" %s", hook->path, how);
	memcpy(said, r->kept, r->n_kept);
	said[r->n_kept] = '\0';
	return error_set(err, ERR_CHILD, "\"%s\" %s, output: %s", hook->path, how,
			 str_quote(said, shown, sizeof(shown)));
}

static int run_one(const struct hook *hook, const struct hook_run *run, struct error *err)
{
	unsigned seconds = hook->timeout ? hook->timeout : DEFAULT_SECONDS;
	auto_fd int hook_in = -1, hook_out = -1, said = -1, says = -1, pidfd = -1;
	int in[2], out[2], status_pipe[2], status = 0, errnum = 0;
	struct running r = { .state = run->state, .left = strlen(run->state) };
	pid_t pid, parent = getpid();

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(status_pipe, O_CLOEXEC) < 0)
		return error_sys(err, "pipe2 for a hook");
	hook_in = in[0];
	hook_out = out[1];
	said = status_pipe[0];
	says = status_pipe[1];
	(void)fcntl(in[1], F_SETFL, O_NONBLOCK);
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	pid = process_clone(0, -1, &pidfd, err);
	if (pid == 0)
		hook_child(hook, run, parent, hook_in, hook_out, says);
	r.input = in[1];
	r.output = out[0];
	r.pidfd = pidfd;
	fd_close(&hook_in);
	fd_close(&hook_out);
	fd_close(&says);
	if (pid > 0 && attend(&r, deadline_in(seconds), &status) < 0) {
		bool late = errno == ETIMEDOUT;

		error_sys(err, "wait for \"%s\"", hook->path);
		(void)kill(-pid, SIGKILL);
		process_end(pidfd);
		if (late)
			error_set(err, ERR_TIMEOUT,
				  "\"%s\" was killed after its timeout of %u seconds", hook->path,
				  seconds);
		pid = -1;
	}
	if (pid > 0 && read(said, &errnum, sizeof(errnum)) != sizeof(errnum))
		errnum = 0;
	fd_close(&r.input);
	fd_close(&r.output);
	return pid > 0 ? judge(hook, &r, status, errnum, err) : -1;
}

/* A blocked signal stays pending although it is ignored, and would strike when it is unblocked. */
static void forget_sigpipe(void)
{
	struct timespec now = { 0 };
	sigset_t sigpipe;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	(void)sigtimedwait(&sigpipe, NULL, &now);
}

int hooks_run(const struct hooks *hooks, const struct hook_run *run, struct error *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int result = 0;

	if (!hooks->n)
		return 0;
	sigaction(SIGPIPE, &ignore, &old);
	for (size_t i = 0; i < hooks->n && result == 0; i++) {
		result = run_one(&hooks->list[i], run, err);
		if (result) {
			error_in(err, PHRASE_HOOK, kind_name(run->kind), i);
			error_at(err, "/hooks/%s/%zu", kind_name(run->kind), i);
		}
	}
	forget_sigpipe();
	sigaction(SIGPIPE, &old, NULL);
	return result;
}

unsigned hooks_seconds(const struct hooks *hooks)
{
	unsigned seconds = 0;

	for (size_t i = 0; i < hooks->n; i++)
		seconds += hooks->list[i].timeout ? hooks->list[i].timeout : DEFAULT_SECONDS;
	return seconds;
}

/* ---- in the record: "poststop PATH", then its lines "poststop-arg", "poststop-env", "poststop-env-set", "-timeout" ---- */

static const char *key(struct arena *a, enum hook_kind kind, const char *part)
{
	return arena_printf(a, "%s%s", kind_name(kind), part);
}

void hooks_to_record(const struct hooks *hooks, enum hook_kind kind, struct record *r)
{
	for (size_t i = 0; i < hooks->n; i++) {
		const struct hook *hook = &hooks->list[i];

		record_add(r, key(r->arena, kind, ""), hook->path);
		for (const char *const *arg = hook->args; *arg; arg++)
			record_add(r, key(r->arena, kind, "-arg"), *arg);
		if (hook->env)
			record_add(r, key(r->arena, kind, "-env-set"), "");
		for (const char *const *env = hook->env; env && *env; env++)
			record_add(r, key(r->arena, kind, "-env"), *env);
		if (hook->timeout)
			record_add_u64(r, key(r->arena, kind, "-timeout"), hook->timeout);
	}
}

struct hooks hooks_from_record(const struct record *r, enum hook_kind kind, struct arena *a)
{
	const char *path = key(a, kind, ""), *arg = key(a, kind, "-arg"),
		   *env = key(a, kind, "-env"), *env_set = key(a, kind, "-env-set"),
		   *timeout = key(a, kind, "-timeout");
	struct hook *list = arena_new_n(a, struct hook, r->n + 1);
	const char **strings = arena_new_n(a, const char *, 4 * r->n + 4);
	struct hooks hooks = { list, 0 };
	struct hook *hook = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct pair *line = &r->lines[i];
		uint64_t seconds;

		if (str_eq(line->key, path)) {
			hook = &list[hooks.n++];
			hook->path = line->value;
			strings++;
			hook->args = strings;
		} else if (!hook) {
			continue;
		} else if (str_eq(line->key, env_set)) {
			strings++;
			hook->env = strings;
		} else if (str_eq(line->key, arg) || str_eq(line->key, env)) {
			*strings++ = line->value;
		} else if (str_eq(line->key, timeout) && str_to_u64(line->value, &seconds)) {
			hook->timeout = (unsigned)seconds;
		}
	}
	return hooks;
}
