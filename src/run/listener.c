/* SPDX-License-Identifier: Apache-2.0 */
#include "run/listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/json.h"
#include "run/report.h"
#include "sys/syscalls.h"
#include "sys/tty.h"

#define LOAD_SECONDS 60
#define MILLISECOND UINT64_C(1000000)

int listener_connect(const struct seccomp_plan *seccomp, int *ret_agent, struct error *err)
{
	int agent;

	if (!seccomp || !seccomp->notify)
		return 0;
	agent = socket_connect(seccomp->listener_path, err);
	if (agent < 0) {
		error_in(err, "seccomp agent");
		return error_at(err, "/linux/seccomp/listenerPath");
	}
	*ret_agent = agent;
	return 0;
}

/* A listener knows no notification 0; another descriptor knows no such request. */
static int verify_listener(int fd, struct error *err)
{
	uint64_t id = 0;

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 && errno == ENOENT)
		return 0;
	return error_set(err, ERR_CHILD,
			 "the descriptor that was to be a seccomp listener is none");
}

static int take(const struct channel *ch, int pidfd, int number, struct error *err)
{
	uint64_t end = deadline_in(LOAD_SECONDS);

	/*
	 * Nothing tells that the filter has been loaded: no call of its process is certain to pass. It takes a fraction
	 * of a millisecond.
	 */
	while (clock_now() < end) {
		auto_fd int fd = sys_pidfd_getfd(pidfd, number, 0);

		if (fd >= 0) {
			ch->progress->taken = true;
			return verify_listener(fd, err) ? -1 : fd_take(&fd);
		}
		if (errno != EBADF && errno != ESRCH)
			return error_sys(err, "pidfd_getfd of the seccomp listener");
		if (errno == ESRCH || fd_wait(ch->fd, POLLIN, clock_now() + MILLISECOND) != 0)
			return channel_reason(ch, err);
	}
	return error_set(err, ERR_TIMEOUT, "%s did not load its filter within %u seconds", ch->peer,
			 LOAD_SECONDS);
}

static const char *process_state(const struct plan *plan, const char *status, pid_t init, pid_t pid,
				 struct arena *a)
{
	struct json_writer w;

	json_begin(&w, a, NULL);
	json_open_object(&w);
	json_member_string(&w, "ociVersion", SPEC_VERSION);
	json_key(&w, "fds");
	json_open_array(&w);
	json_string(&w, "seccompFd");
	json_close_array(&w);
	json_member_int(&w, "pid", pid);
	json_member_string(&w, "metadata", plan->seccomp->listener_metadata);
	json_key(&w, "state");
	json_open_object(&w);
	json_member_string(&w, "ociVersion", SPEC_VERSION);
	json_member_string(&w, "id", plan->id);
	json_member_string(&w, "status", status);
	json_member_int(&w, "pid", init);
	json_member_string(&w, "bundle", plan->bundle);
	report_annotations(&w, plan->annotations, plan->n_annotations);
	json_close_object(&w);
	json_close_object(&w);
	return w.text;
}

int listener_give(const struct channel *ch, int pidfd, const struct plan *plan, const char *status,
		  pid_t init, pid_t pid, int *agent, struct arena *a, struct error *err)
{
	auto_fd int listener = -1;
	int number;

	if (*agent < 0)
		return 0;
	if (channel_expect(ch, MSG_LISTENER, LOAD_SECONDS, &number, err))
		return -1;
	listener = take(ch, pidfd, number, err);
	if (listener < 0)
		return -1;
	if (socket_send_fd(*agent, process_state(plan, status, init, pid, a), listener, err)) {
		error_in(err, "seccomp agent \"%s\"", plan->seccomp->listener_path);
		return error_at(err, "/linux/seccomp/listenerPath");
	}
	fd_close(agent);
	return 0;
}
