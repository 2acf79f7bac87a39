/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of our messages that others look for, written down a second time: who changes one of them must mean it.
 */
#include "base/phrases.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

#include "base/error.h"
#include "check.h"

static void test_golden(void)
{
	static const struct {
		const char *text, *want;
	} phrases[] = {
		{ PHRASE_UNKNOWN_ID, "container does not exist: \"%s\"" },
		{ PHRASE_NOT_RUNNING, "container not running" },
		{ PHRASE_NO_PROGRAM, "exec: \"%s\": executable file not found in $PATH" },
		{ PHRASE_PROGRAM_STAT, "exec: \"%s\": stat %s" },
		{ PHRASE_PROGRAM, "exec: \"%s\"" },
		{ PHRASE_ATTRIBUTE, "`/proc/%s`" },
		{ PHRASE_NEEDS_VALUE, "flag needs an argument: --%s" },
		{ PHRASE_EXISTS, "container with given ID already exists: \"%s\"" },
		{ PHRASE_EMPTY_ID, "container id cannot be empty" },
		{ PHRASE_BAD_ID, "invalid container ID format: \"%s\"" },
		{ PHRASE_IS_RUNNING, "cannot start an already running container" },
		{ PHRASE_HAS_STOPPED, "cannot start a container that has stopped" },
		{ PHRASE_NOT_STOPPED, "cannot delete container %s that is not stopped: %s" },
		{ PHRASE_EXEC_STOPPED, "cannot exec in a stopped container" },
		{ PHRASE_EXEC_PAUSED,
		  "cannot exec in a paused container (use --ignore-paused to override)" },
		{ PHRASE_NOT_PAUSED, "container not paused" },
		{ PHRASE_UNKNOWN_SIGNAL, "unknown signal \"%s\"" },
		{ PHRASE_NO_CONFIG, "JSON specification file config.json not found" },
		{ PHRASE_NO_PROCESS, "process property must not be empty" },
		{ PHRASE_NO_CWD, "Cwd property must not be empty" },
		{ PHRASE_RELATIVE_CWD, "Cwd must be an absolute path" },
		{ PHRASE_CWD, "chdir to cwd (\"%s\") set in config.json failed" },
		{ PHRASE_BREAKOUT,
		  "current working directory is outside of container mount namespace root -- possible container breakout detected" },
		{ PHRASE_NO_ARGS, "args must not be empty" },
		{ PHRASE_BAD_VARIABLE, "invalid environment variable: %s" },
		{ PHRASE_DUPLICATE_NAMESPACE, "malformed spec file: duplicated ns \"%s\"" },
		{ PHRASE_NO_CONSOLE,
		  "cannot allocate tty if teu will detach without setting console socket" },
		{ PHRASE_ODD_CONSOLE,
		  "cannot use console socket if teu will not detach or allocate tty" },
		{ PHRASE_HOOK, "error running %s hook #%zu" },
		{ PHRASE_OOM, "container init was OOM-killed (memory limit too low?)" },
		{ PHRASE_NO_SELINUX,
		  "selinux label is specified in config, but selinux is disabled or not supported" },
		{ PHRASE_BAD_NULL, "container's /dev/null is invalid" },
		{ PHRASE_SPEC_EXISTS, "File %s exists. Remove it first" },
		{ PHRASE_ROOT, "Option --root argument should not be set to /" },
		{ PHRASE_LOG_FORMAT, "invalid log-format: %s" },
		{ PHRASE_FORMAT, "invalid format option \"%s\"" },
		{ PHRASE_NO_PID_FIELD, "couldn't find PID field in ps output" },
		{ PHRASE_EXACTLY, "teu: \"%s\" requires exactly %d argument(s)" },
		{ PHRASE_AT_LEAST, "teu: \"%s\" requires a minimum of %d argument(s)" },
		{ PHRASE_AT_MOST, "teu: \"%s\" requires a maximum of %d argument(s)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		CHECK_STR(phrases[i].text, phrases[i].want);
}

/* Engines compare these as they are, in lower case. */
static void test_errno(void)
{
	static const struct {
		int errnum;
		const char *want;
	} words[] = {
		{ ENOENT, "no such file or directory" }, { EACCES, "permission denied" },
		{ EPERM, "operation not permitted" },	 { EISDIR, "is a directory" },
		{ ENOTDIR, "not a directory" },		 { ESRCH, "no such process" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		CHECK_STR(error_text(words[i].errnum), words[i].want);
}

/* The status that Podman gives for a message: its patterns, in their order, without regard to case. */
static int podman_status(const char *message)
{
	static const struct {
		const char *pattern;
		int status;
	} patterns[] = {
		{ "permission denied|operation not permitted", 126 },
		{ "executable file not found in|no such file or directory|open executable", 127 },
	};
	regex_t regex;
	int status = 125;

	for (size_t i = 0; i < ARRAY_SIZE(patterns) && status == 125; i++) {
		if (regcomp(&regex, patterns[i].pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB))
			return -1;
		if (regexec(&regex, message, 0, NULL, 0) == 0)
			status = patterns[i].status;
		regfree(&regex);
	}
	return status;
}

static void test_engines(void)
{
	struct error err;
	regex_t attribute;
	char text[128];

	error_set(&err, ERR_CONFIG, PHRASE_NO_PROGRAM, "nope");
	CHECK_INT(podman_status(err.text), 127);
	error_errno(&err, ENOENT, PHRASE_PROGRAM_STAT, "/nope", "/nope");
	CHECK_INT(podman_status(err.text), 127);
	CHECK_STR(err.text, "exec: \"/nope\": stat /nope: no such file or directory");
	error_errno(&err, EACCES, PHRASE_PROGRAM, "/etc");
	CHECK_INT(podman_status(err.text), 126);
	error_errno(&err, EINVAL, PHRASE_PROGRAM, "/etc");
	CHECK_INT(podman_status(err.text), 125);
	/* The shim and CRI-O, case-sensitively. */
	error_set(&err, ERR_NOT_FOUND, PHRASE_UNKNOWN_ID, "x");
	CHECK_CONTAINS(err.text, "container does not exist");
	CHECK_CONTAINS(PHRASE_NOT_RUNNING, "container not running");
	/* Podman, a label that is refused. */
	snprintf(text, sizeof(text), "write " PHRASE_ATTRIBUTE, "thread-self/attr/exec");
	CHECK_INT(regcomp(&attribute, "`/proc/[a-z0-9-].+/attr.*/exec`", REG_EXTENDED | REG_NOSUB),
		  0);
	CHECK_INT(regexec(&attribute, text, 0, NULL, 0), 0);
	regfree(&attribute);
}

int main(void)
{
	test_golden();
	test_errno();
	test_engines();
	return check_done();
}
