#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The words that engines look for in messages (src/base/phrases.h), as a caller gets them: on standard error, and the same in
# the last record of a JSON log.

load helpers

setup() {
	test_begin
	! is_sanitized || skip "$RUNTIME_NAME is built with sanitizers, which write to standard error themselves"
	args sleep 1000
}

# TEXT ARG...: the command fails, TEXT is in what it writes and in its last record.
says() {
	rm -f "$LOG"
	run_runtime --log "$LOG" --log-format json "${@:2}"
	((status > 0 && status < 124 || status == 255)) || { show_failure; return 1; }
	has "$error" "$1"
	eq "$(jq -r 'select(.level == "error").msg' "$LOG" | wc -l)" 1
	has "$(tail -n 1 "$LOG" | jq -r 'select(.level == "error").msg')" "$1"
	jq -e '.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")' "$LOG" >/dev/null
}

creating() { says "$1" create --bundle "$BUNDLE" "$ID"; }

@test "no such container: every command that needs one" {
	for command in state start "kill" delete pause resume ps "exec" "update" "mounts add"; do
		case $command in
		exec) says "container does not exist" exec "$ID" true ;;
		update) says "container does not exist" update --pids-limit 5 "$ID" ;;
		"mounts add")
			echo '[]' >mounts.json
			says "container does not exist" mounts add "$ID" mounts.json
			;;
		*) says "container does not exist" "$command" "$ID" ;;
		esac
	done
	# what the shim does a second time
	ok delete --force "$ID"
	eq "$output$error" ""
}

@test "kill of what has ended" {
	create
	start
	kill_ct
	eventually eval '[[ $(state status) == stopped ]]'
	says "container not running" kill "$ID" KILL
	says "container not running" kill "$ID" 0
	ok kill --all "$ID" KILL
	says "container not running" pause "$ID"
	says "cannot exec in a stopped container" exec "$ID" true
	eq "$status" 255
	says "cannot start a container that has stopped" start "$ID"
}

@test "states that do not fit" {
	need_cgroup
	create
	says "container with given ID already exists" create --bundle "$BUNDLE" "$ID"
	start
	says "cannot start an already running container" start "$ID"
	says "cannot delete container $ID that is not stopped: running" delete "$ID"
	says "container not paused" resume "$ID"
	[[ -n $(hierarchy freezer)$(hierarchy cgroup2) ]] || skip "no freezer"
	ok pause "$ID"
	says "cannot exec in a paused container (use --ignore-paused to override)" exec "$ID" true
	says "cannot delete container $ID that is not stopped: paused" delete "$ID"
}

@test "programs, at create and at exec: 127 and 126 for the engines" {
	args nope
	creating 'exec: "nope": executable file not found in $PATH'
	args /nope
	creating 'exec: "/nope": stat /nope: no such file or directory'
	args /etc/passwd
	creating 'exec: "/etc/passwd": permission denied'
	args /etc
	creating 'exec: "/etc": permission denied'
	args sleep 1000
	create
	start
	says 'exec: "nope": executable file not found in $PATH' exec "$ID" nope
	says 'exec: "/nope": stat /nope: no such file or directory' exec "$ID" /nope
	says 'exec: "/etc": permission denied' exec "$ID" /etc
	# errno is never as the C library capitalises it
	lacks "$error" "No such file"
	lacks "$error" "Permission denied"
}

@test "the working directory" {
	config '.process.cwd = "/etc/passwd"'
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "not a directory"
	config '.process.cwd = "/"'
	create
	start
	says 'chdir to cwd ("/none") set in config.json failed: no such file or directory' \
		exec --cwd /none "$ID" true
}

@test "probes for options: the value left out, help that exists" {
	says "flag needs an argument: --bundle" create --bundle
	says "flag needs an argument: --process" exec --process
	for command in create start state kill delete exec features; do
		ok "$command" --help
	done
	# what does not exist says so, and Podman takes it as such
	fails checkpoint --help
	fails restore --lsm-mount-context
	lacks "$error" "flag needs an argument"
	lacks "$error" "requires an argument"
}

@test "words of the command line" {
	need_cgroup
	create
	says 'unknown signal "NOPE"' kill "$ID" NOPE
	says 'invalid container ID format: "a/b"' state a/b
	says "container id cannot be empty" state ""
	says 'teu: "state" requires exactly 1 argument(s)' state
	says 'teu: "kill" requires a minimum of 1 argument(s)' kill
	says 'teu: "kill" requires a maximum of 2 argument(s)' kill a b c
	says 'invalid format option "yaml"' list --format yaml
	ok spec
	says "File config.json exists. Remove it first" spec
	run_runtime --log-format xml list
	has "$error" "invalid log-format: xml"
	status=0
	"$RUNTIME" --root / list 2>"$ERR" || status=$?
	eq "$status" 1
	has "$(<"$ERR")" "Option --root argument should not be set to /"
	need_program ps
	start
	says "couldn't find PID field in ps output" ps "$ID" -o comm
}

@test "configurations" {
	local good

	good=$(<"$BUNDLE/config.json")
	with() { config_text <<<"$good" && config "$1" && creating "$2"; }
	with '.process.cwd = ""' "Cwd property must not be empty"
	with '.process.cwd = "rel"' "Cwd must be an absolute path"
	with '.process.args = []' "args must not be empty"
	with '.process.env += ["X"]' "invalid environment variable: missing '='"
	with '.process.env += ["=X"]' "invalid environment variable: name cannot be empty"
	with '.linux.namespaces += [{type: "pid"}]' "malformed spec file: duplicated ns"
	with '.process.terminal = true' \
		"cannot allocate tty if teu will detach without setting console socket"
	with '.hooks.createRuntime = [{path: "/bin/true"}, {path: "/bin/false"}]' \
		"error running createRuntime hook #1"
	config_text <<<"$good"
	says "cannot use console socket if teu will not detach or allocate tty" \
		create --bundle "$BUNDLE" --console-socket "$TEST_DIR/s" "$ID"
	config 'del(.process)'
	says "process property must not be empty" run --bundle "$BUNDLE" "$ID"
	rm "$BUNDLE/config.json"
	creating "JSON specification file config.json not found"
	config_text <<<"$good"
	[[ -e /sys/fs/selinux/enforce ]] && skip "SELinux is enabled here"
	with '.process.selinuxLabel = "system_u:system_r:container_t:s0"' \
		"selinux label is specified in config, but selinux is disabled or not supported"
}

@test "one write, no newline inside, nothing else at the default level" {
	args nope
	need_program strace
	strace -f -qq -e trace=write -e write=2 -o trace "$RUNTIME" --root "$ROOT" \
		create --bundle "$BUNDLE" "$ID" 2>"$ERR" && return 1
	eq "$(grep -c 'write(2,' trace)" 1
	eq "$(wc -l <"$ERR")" 1
	config '.hostname = "a\nb" | .procces = 1 | .process.args = ["no\nsuch"]'
	fails create --bundle "$BUNDLE" "$ID"
	eq "$(wc -l <"$ERR")" 1
}
