/* SPDX-License-Identifier: Apache-2.0 */
/* Where commands begin and end: the log first, then the options, one command, one error line, the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

#include "base/fd.h"
#include "base/log.h"
#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "run/host.h"
#include "run/report.h"

/* Most commands never need more. */
static char first_memory[96 * 1024];

static int open_log(const struct settings *set, struct error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK;
	const char *path = set->log;
	enum log_level level;
	int fd;

	if (set->log_format && str_eq(set->log_format, "json"))
		log_set_format(LOG_JSON);
	else if (set->log_format && !str_eq(set->log_format, "text"))
		return error_set(err, ERR_USAGE, PHRASE_LOG_FORMAT, set->log_format);
	if (path && *path) {
		if (str_starts(path, "file:"))
			path += 5;
		fd = open(path, flags | O_NOFOLLOW, 0644);
		/* The host's own names for descriptors are links. */
		if (fd < 0 && errno == ELOOP && str_starts(path, "/dev/"))
			fd = open(path, flags, 0644);
		if (fd < 0)
			return error_sys(err, "open log file \"%s\"", path);
		log_set_fd(fd);
	}
	if (set->log_level) {
		if (!log_level_find(set->log_level, &level))
			return error_set(err, ERR_USAGE, "invalid log-level: %s", set->log_level);
		log_set_level(level);
	}
	if (set->debug)
		log_set_level(LOG_DEBUG);
	return 0;
}

#ifdef HAVE_SECCOMP
#define SECCOMP_WORD "+SECCOMP"
#else
#define SECCOMP_WORD "-SECCOMP"
#endif
#ifdef HAVE_SYSTEMD
#define SYSTEMD_WORD "+SYSTEMD"
#else
#define SYSTEMD_WORD "-SYSTEMD"
#endif

static void print_version(void)
{
	printf("teu version " PACKAGE_VERSION "\n");
#ifdef TEU_COMMIT
	printf("commit: " TEU_COMMIT "\n");
#endif
	printf("spec: " SPEC_VERSION "\n");
#ifdef HAVE_SECCOMP
	const struct scmp_version *v = seccomp_version();

	printf("libseccomp: %u.%u.%u\n", v->major, v->minor, v->micro);
#endif
	printf("features: " SYSTEMD_WORD " " SECCOMP_WORD "\n");
}

static int run(struct invocation *in, int argc, char **argv, struct error *err)
{
	if (host_check_program(err) || open_log(&in->set, err))
		return -1;
	in->set = (struct settings){ 0 };
	if (options_parse(in, argc, argv, err))
		return -1;
	if (in->set.version) {
		print_version();
		return 0;
	}
	if (in->set.help) {
		options_help(in->command);
		return 0;
	}
	/* Log options after the command word count as well. */
	if (open_log(&in->set, err))
		return -1;
	in->begun = true;
	return in->command->run(in, err);
}

int main(int argc, char **argv)
{
	struct arena arena;
	struct invocation in = { .arena = &arena, .argv = argv };
	struct error err = { 0 };
	int status;

	/* Children of one who ignores the signal are nobody's to wait for; some callers leave it so. */
	signal(SIGCHLD, SIG_DFL);
	arena_init(&arena, first_memory, sizeof(first_memory));
	options_find_log(&in.set, argc, argv);
	status = run(&in, argc, argv, &err);
	if (status < 0) {
		log_error(&err);
		status = in.begun && in.command->failure ? in.command->failure : 1;
	}
	if (fflush(stdout) != 0 && status == 0) {
		error_sys(&err, "write to standard output");
		log_error(&err);
		status = 1;
	}
	arena_release(&arena);
	return status;
}
