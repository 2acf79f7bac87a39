/* SPDX-License-Identifier: Apache-2.0 */
#include "run/listener.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "base/fd.h"
#include "base/json.h"
#include "run/report.h"
#include "sys/syscalls.h"
#include "sys/tty.h"

#define AGENT_SECONDS 30

int listener_send(const struct plan *plan, const char *status, pid_t init, pid_t pid, int pidfd,
		  int number, struct arena *a, struct error *err)
{
	const struct seccomp_plan *seccomp = plan->seccomp;
	struct timeval deadline = { .tv_sec = AGENT_SECONDS };
	auto_fd int listener = sys_pidfd_getfd(pidfd, number, 0);
	auto_fd int sock = -1;
	struct json_writer w;

	if (listener < 0)
		return error_sys(err, "pidfd_getfd of the seccomp listener");
	sock = socket_connect(seccomp->listener_path, err);
	if (sock < 0)
		return error_at(err, "/linux/seccomp/listenerPath");
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	json_begin(&w, a, NULL);
	json_open_object(&w);
	json_member_string(&w, "ociVersion", SPEC_VERSION);
	json_key(&w, "fds");
	json_open_array(&w);
	json_string(&w, "seccompFd");
	json_close_array(&w);
	json_member_int(&w, "pid", pid);
	json_member_string(&w, "metadata", seccomp->listener_metadata);
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
	if (socket_send_fd(sock, w.text, listener, err))
		return error_at(err, "/linux/seccomp/listenerPath");
	return 0;
}
