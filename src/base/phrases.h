/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others look for in our messages, word for word.
 *
 * Engines take the meaning of a failure from its text: they turn it into an exit status, or into "that container is gone, go
 * on". The first group is matched by them, so a change breaks them; the second is matched by scripts and people who come from
 * other runtimes. tests/unit/base_phrases.c holds each against what is expected, tests/bats/phrases.bats provokes them.
 *
 * The words of errno matter as much, and are lower case: see error_text() in base/error.h.
 */
#pragma once

/* ---- engines ------------------------------------------------------------------------------------------------------- */

/* containerd's shim: a container that is gone is deleted already ("does not exist"). */
#define PHRASE_UNKNOWN_ID "container does not exist: \"%s\""

/* containerd's shim, CRI-O: what was to be killed has ended already. */
#define PHRASE_NOT_RUNNING "container not running"

/* Podman, Docker: status 127. */
#define PHRASE_NO_PROGRAM "exec: \"%s\": executable file not found in $PATH"

/* With errno behind it: 127 for "no such file or directory", 126 for "permission denied". */
#define PHRASE_PROGRAM_STAT "exec: \"%s\": stat %s"
#define PHRASE_PROGRAM "exec: \"%s\""

/* Podman: the path of an attribute in backquotes, ending with exec or current, is trouble with a SELinux label. */
#define PHRASE_ATTRIBUTE "`/proc/%s`"

/* CRI-O, Podman: whether an option exists is asked by leaving its value out. */
#define PHRASE_NEEDS_VALUE "flag needs an argument: --%s"

/* ---- scripts and people -------------------------------------------------------------------------------------------- */

#define PHRASE_EXISTS "container with given ID already exists: \"%s\""
#define PHRASE_EMPTY_ID "container id cannot be empty"
#define PHRASE_BAD_ID "invalid container ID format: \"%s\""
#define PHRASE_IS_RUNNING "cannot start an already running container"
#define PHRASE_HAS_STOPPED "cannot start a container that has stopped"
#define PHRASE_NOT_STOPPED "cannot delete container %s that is not stopped: %s"
#define PHRASE_EXEC_STOPPED "cannot exec in a stopped container"
#define PHRASE_EXEC_PAUSED "cannot exec in a paused container (use --ignore-paused to override)"
#define PHRASE_NOT_PAUSED "container not paused"
#define PHRASE_UNKNOWN_SIGNAL "unknown signal \"%s\""
#define PHRASE_NO_CONFIG "JSON specification file config.json not found"
#define PHRASE_NO_PROCESS "process property must not be empty"
#define PHRASE_NO_CWD "Cwd property must not be empty"
#define PHRASE_RELATIVE_CWD "Cwd must be an absolute path"
#define PHRASE_CWD "chdir to cwd (\"%s\") set in config.json failed"
#define PHRASE_BREAKOUT                                                          \
	"current working directory is outside of container mount namespace root" \
	" -- possible container breakout detected"
#define PHRASE_NO_ARGS "args must not be empty"
#define PHRASE_BAD_VARIABLE "invalid environment variable: %s"
#define PHRASE_DUPLICATE_NAMESPACE "malformed spec file: duplicated ns \"%s\""
#define PHRASE_NO_CONSOLE "cannot allocate tty if teu will detach without setting console socket"
#define PHRASE_ODD_CONSOLE "cannot use console socket if teu will not detach or allocate tty"
#define PHRASE_HOOK "error running %s hook #%zu"
#define PHRASE_OOM "container init was OOM-killed (memory limit too low?)"
#define PHRASE_NO_SELINUX \
	"selinux label is specified in config, but selinux is disabled or not supported"
#define PHRASE_BAD_NULL "container's /dev/null is invalid"
#define PHRASE_SPEC_EXISTS "File %s exists. Remove it first"
#define PHRASE_ROOT "Option --root argument should not be set to /"
#define PHRASE_LOG_FORMAT "invalid log-format: %s"
#define PHRASE_FORMAT "invalid format option \"%s\""
#define PHRASE_NO_PID_FIELD "couldn't find PID field in ps output"
#define PHRASE_EXACTLY "teu: \"%s\" requires exactly %d argument(s)"
#define PHRASE_AT_LEAST "teu: \"%s\" requires a minimum of %d argument(s)"
#define PHRASE_AT_MOST "teu: \"%s\" requires a maximum of %d argument(s)"
