/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: what it executes, with what; what it says where it cannot; and that nobody finds another file behind it. */
#include "sys/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"

#define TYPE 0x51525354

/*
 * Executes the program in a child: its status. What the relay says is in *ret_said; `descriptor` is the place of a number in
 * the arguments that becomes the relay's own descriptor.
 */
static int execute(const char *program, const char *const *args, char *descriptor,
		   struct relay_message *ret_said)
{
	static const char *const env[] = { "NAME=value", NULL };
	const char *argv[8] = { NULL };
	int fds[2], status = -1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	if (descriptor)
		snprintf(descriptor, 12, "%d", fds[1]);
	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	pid = fork();
	if (pid == 0) {
		struct error err;
		int relay = relay_open();

		if (relay_write(relay, fds[1], TYPE, &err))
			_exit(98);
		fcntl(fds[1], F_SETFD, 0);
		relay_execute(relay, program, argv, env);
		_exit(99);
	}
	fd_close(&fds[1]);
	memset(ret_said, 0, sizeof(*ret_said));
	/* The end, when the program runs: it does not have the descriptor. */
	CHECK(recv(fds[0], ret_said, sizeof(*ret_said), 0) >= 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	fd_close(&fds[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_program(void)
{
	char number[12];
	const char *const args[] = {
		"the shell",
		"-c",
		"test \"$NAME:$0:$1\" = value:zero:one && ! test -e /proc/self/fd/$2 && exit 7",
		"zero",
		"one",
		number,
		NULL
	};
	struct relay_message said;

	CHECK_INT(execute("/bin/sh", args, number, &said), 7);
	CHECK_INT(said.errnum, 0);
}

static void test_refusal(void)
{
	const char *const args[] = { "x", NULL };
	struct relay_message said;

	CHECK_INT(execute("/nowhere/program", args, NULL, &said), 1);
	CHECK_INT(said.type, TYPE);
	CHECK_INT(said.errnum, ENOENT);
	CHECK_INT(execute("/etc/passwd", args, NULL, &said), 1);
	CHECK_INT(said.errnum, EACCES);
}

/* Led back to itself it finds its descriptor closed. */
static void test_loop(void)
{
	const char *const args[] = { "/proc/self/exe", "/proc/self/exe", "/proc/self/exe", NULL };
	struct relay_message said;

	CHECK_INT(execute("/proc/self/exe", args, NULL, &said), 1);
	CHECK_INT(said.type, 0);
}

/* The file that a script's "#!/proc/self/exe" would find is in memory, and cannot be written. */
static void test_file(void)
{
	int relay = relay_open();
	char path[32], found[64] = "";
	struct error err;

	CHECK(relay >= 0);
	CHECK_INT(relay_write(relay, STDERR_FILENO, TYPE, &err), 0);
	CHECK_INT(relay_write(relay, STDERR_FILENO, TYPE, &err), -1);
	CHECK(pwrite(relay, "x", 1, 0) < 0 && errno == EPERM);
	CHECK(ftruncate(relay, 0) < 0 && errno == EPERM);
	CHECK(fcntl(relay, F_GETFD) & FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", relay);
	CHECK(readlink(path, found, sizeof(found) - 1) > 0);
	CHECK_CONTAINS(found, "memfd:relay");
	fd_close(&relay);
}

int main(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	test_program();
	test_refusal();
	test_loop();
	test_file();
#else
	CHECK(relay_open() < 0);
#endif
	return check_done();
}
