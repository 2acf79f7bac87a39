/* SPDX-License-Identifier: Apache-2.0 */
#include "run/channel.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"
#include "sys/relay.h"

static void test_messages(void)
{
	struct channel parent, child;
	struct error err;
	int value = 0;

	CHECK_INT(channel_open(&parent, &child, &err), 0);
	CHECK_INT(channel_send(&child, MSG_LISTENER, 7, &err), 0);
	CHECK_INT(channel_expect(&parent, MSG_LISTENER, 1, &value, &err), 0);
	CHECK_INT(value, 7);

	channel_send(&child, MSG_READY, 0, &err);
	CHECK_INT(channel_expect(&parent, MSG_MOUNTED, 1, NULL, &err), -1);
	CHECK_CONTAINS(err.text, "said \"ready\" instead of \"mounted\"");

	CHECK_INT(channel_expect(&parent, MSG_READY, 1, NULL, &err), -1);
	CHECK_INT(err.kind, ERR_TIMEOUT);
	CHECK_CONTAINS(err.text, "within 1 seconds (phase none)");

	/* Bytes that are no message. */
	CHECK_INT(write(child.fd, "x", 1), 1);
	CHECK_INT(channel_expect(&parent, MSG_READY, 1, NULL, &err), -1);
	CHECK_CONTAINS(err.text, "something unknown");

	fd_close(&child.fd);
	CHECK_INT(channel_expect(&parent, MSG_READY, 1, NULL, &err), -1);
	CHECK_INT(err.kind, ERR_GONE);
	CHECK_CONTAINS(err.text, "ended before it said \"ready\"");
	CHECK_INT(channel_send(&parent, MSG_GO, 0, &err), -1);
	fd_close(&parent.fd);
}

/* A failure is told by a message, and is there when nothing could be said. */
static void test_failure(bool silent)
{
	struct channel parent, child;
	struct error err, failure;

	CHECK_INT(channel_open(&parent, &child, &err), 0);
	child.progress->silent = silent;
	error_config(&failure, "/process/cwd", "is wrong");
	channel_fail(&child, &failure);
	if (silent)
		fd_close(&child.fd);
	CHECK_INT(channel_expect(&parent, MSG_READY, 1, NULL, &err), -1);
	CHECK_STR(err.where, "/process/cwd");
	CHECK_STR(err.text, "is wrong");
	fd_close(&child.fd);
	CHECK_INT(channel_expect_end(&parent, 1, &err), -1);
	CHECK_STR(err.where, "/process/cwd");
	fd_close(&parent.fd);
}

/* All that a relay knows is the errno. */
static void test_refusal(void)
{
	struct channel parent, child;
	struct error err;

	CHECK_INT(channel_open(&parent, &child, &err), 0);
	channel_leave(&child, "/bin/program");
	CHECK_INT(channel_send(&child, MSG_REFUSED, ETXTBSY, &err), 0);
	fd_close(&child.fd);
	CHECK_INT(channel_expect_end(&parent, 1, &err), -1);
	CHECK_INT(err.errnum, ETXTBSY);
	CHECK_CONTAINS(err.text, "exec \"/bin/program\"");
	CHECK_INT(channel_expect_end(&parent, 1, &err), 0);
	fd_close(&parent.fd);
}

/* An init behind the gate: executes a program, fails to, by itself or by a relay, or dies. */
static pid_t behind_gate(struct gate *gate, char how)
{
	pid_t pid = fork();
	struct error err;

	if (pid)
		return pid;
	if (gate_wait(gate, NULL, &err) == 0 && how == 'e') {
		gate_pass(gate, "/bin/sleep");
		execl("/bin/sleep", "sleep", "5", NULL);
	}
	if (how == 'r') {
		const struct relay_message message = { MSG_REFUSED, ENOENT };

		gate_pass(gate, "/bin/sleep");
		if (write(gate->answer, &message, sizeof(message)) < 0)
			_exit(1);
	}
	if (how == 'f') {
		error_config(&err, "/process/args/0", "no such program");
		gate_answer(gate, &err);
	}
	_exit(0);
}

static void test_gate(const char *root)
{
	static const char ways[] = "efrd";
	struct error err;

	for (const char *how = ways; *how; how++) {
		struct state s = STATE_INIT;
		struct gate gate;
		pid_t pid;

		CHECK_INT(state_claim(root, "gate", &s, &err), 0);
		CHECK(!gate_is_closed(&s));
		CHECK_INT(gate_make(&s, GATE_SHARED, &gate, &err), 0);
		pid = behind_gate(&gate, *how);
		gate_close(&gate);
		CHECK(gate_is_closed(&s));
		CHECK(gate_is_closed(&s));
		CHECK_INT(gate_find(&s, &gate, &err), 0);
		CHECK_INT(gate_open(&gate, &s, &err), 0);
		CHECK_INT(gate_expect(&gate, 5, &err), *how == 'e' ? 0 : -1);
		gate_close(&gate);
		if (*how == 'r')
			CHECK_CONTAINS(err.text, "exec \"/bin/sleep\"");
		if (*how == 'f' || *how == 'r')
			CHECK_STR(err.where, "/process/args/0");
		if (*how == 'd')
			CHECK_INT(err.kind, ERR_GONE);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		CHECK(!gate_is_closed(&s));
		CHECK_INT(gate_find(&s, &gate, &err), -1);
		CHECK_INT(err.kind, ERR_STATE);
		CHECK_INT(state_remove(&s, &err), 0);
		state_close(&s);
	}
}

int main(void)
{
	char root[] = "/tmp/teu-gate-XXXXXX";

	if (!mkdtemp(root))
		return 99;
	for (int phase = 0; phase < PHASES; phase++)
		CHECK(phase_name((enum phase)phase) != NULL);
	test_messages();
	test_failure(false);
	test_failure(true);
	test_refusal();
	test_gate(root);
	CHECK_INT(rmdir(root), 0);
	return check_done();
}
