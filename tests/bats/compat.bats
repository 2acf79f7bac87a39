#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Words that engines and scripts look for in messages.

load helpers

@test "ids" {
	fails state "$ID"
	has "$error" "container does not exist"
	create
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "container with given ID already exists"
	fails create --bundle "$BUNDLE" "a/b"
	has "$error" "invalid container ID format"
	fails create --bundle "$BUNDLE" ""
	has "$error" "container id cannot be empty"
}

@test "operations in the wrong state" {
	args sleep 1000
	create
	start
	local pid=$(pid_of)
	fails start "$ID"
	has "$error" "cannot start an already running container"
	fails delete "$ID"
	has "$error" "cannot delete container $ID that is not stopped: running"
	kill_ct KILL
	wait_pid "$pid"
	fails start "$ID"
	has "$error" "cannot start a container that has stopped"
	fails kill "$ID" TERM
	has "$error" "container not running"
	ok kill --all "$ID" TERM
}

@test "signals" {
	create
	fails kill "$ID" NOPE
	has "$error" 'unknown signal "NOPE"'
}

@test "config.json and process" {
	config '.process.cwd = ""'
	refused "Cwd property must not be empty"
	config '.process.cwd = "x"'
	refused "Cwd must be an absolute path"
	config '.process.cwd = "/" | .process.args = []'
	refused "args must not be empty"
	config 'del(.process)'
	fails run --bundle "$BUNDLE" "$ID"
	has "$error" "process property must not be empty"
	rm "$BUNDLE/config.json"
	refused "JSON specification file config.json not found"
}

@test "namespaces" {
	config '.linux.namespaces += [{type: "pid"}]'
	refused "malformed spec file: duplicated ns"
}

@test "terminals" {
	config '.process.terminal = true'
	refused "cannot allocate tty if $RUNTIME_NAME will detach without setting console socket"
	config '.process.terminal = false'
	fails run --bundle "$BUNDLE" --console-socket /x "$ID"
	has "$error" "cannot use console socket if $RUNTIME_NAME will not detach or allocate tty"
}

@test "programs" {
	args nope
	refused 'exec: "nope": executable file not found in $PATH'
	args /nope
	refused 'exec: "/nope": stat /nope: no such file or directory'
	args /etc/passwd
	refused 'exec: "/etc/passwd": permission denied'
}

@test "hooks" {
	local kind
	for kind in prestart createRuntime createContainer; do
		config '.hooks = {($k): [{path: "/bin/true"}, {path: "/bin/false"}]}' --arg k $kind
		refused "error running $kind hook #1:"
	done
}

@test "the environment" {
	config '.process.env += ["NOEQ"]'
	refused "invalid environment variable: missing '='"
	config '.process.env[-1] = "=x"'
	refused "invalid environment variable: name cannot be empty"
}

@test "labels" {
	[[ ! -d /sys/fs/selinux || ! -e /sys/fs/selinux/enforce ]] || skip "SELinux is enabled here"
	config '.process.selinuxLabel = "a:b:c:d"'
	refused "selinux label is specified in config, but selinux is disabled or not supported"
}

@test "numbers of arguments" {
	fails state
	has "$error" "$RUNTIME_NAME: \"state\" requires exactly 1 argument(s)"
	fails kill "$ID" TERM x
	has "$error" "a maximum of"
	fails kill
	has "$error" "a minimum of"
}

@test "spec and --root" {
	touch config.json
	fails spec
	has "$error" "File config.json exists. Remove it first"
	status=0
	error=$("$RUNTIME" --root / list 2>&1 >/dev/null </dev/null) || status=$?
	eq "$status" 1
	has "${error//\\\"/\"}" "Option --root argument should not be set to /"
}

@test "a memory limit that create does not survive" {
	need_controller memory
	config '.linux.resources.memory.limit = 12288'
	args true
	run_ct
	((status < 124))
	[[ $error != *OOM* ]] || has "$error" "container init was OOM-killed (memory limit too low?)"
}

@test "a null device of the image that is none" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	writable_root
	rm -rf "$BUNDLE/rootfs/dev"
	mkdir "$BUNDLE/rootfs/dev"
	mkfifo "$BUNDLE/rootfs/dev/null"
	TIMEOUT=10 refused "/dev/null"
}

@test "the words for 126 and 127 appear only with an executable or the errno itself" {
	config '.process.rlimits = [{type: "RLIMIT_FOO", soft: 1, hard: 1}]'
	refused
	lacks "$error" "no such file or directory"
	lacks "$error" "permission denied"
	fails state "$ID"
	lacks "$error" "no such file or directory"
}

@test "errno words are those of Go: lower case" {
	config '.mounts += [{destination: "/mnt", source: "/no/such/dir", options: ["bind"]}]'
	refused "no such file or directory"
	lacks "$error" "No such file"
}
