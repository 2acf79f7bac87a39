#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SCMP_ACT_NOTIFY: the listener reaches its agent, whatever calls it is asked about.

load helpers

setup() {
	test_begin
	[[ $(uname -m) == x86_64 ]] || skip "the call numbers of this suite are x86_64's"
	need_program python3
	AGENT=$TEST_DIR/agent
}

# mkdir is 83

notify() {	# NAME... : these calls ask the agent, everything else is allowed
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path, listenerMetadata: "to whom it concerns",
		syscalls: [{names: $ARGS.positional, action: "SCMP_ACT_NOTIFY"}]}' --arg path "$AGENT.sock" --args -- "$@"
}

agent() {	# [OPTION...]
	background "$SUITES/seccomp_agent.py" "$AGENT.sock" "$AGENT" "$@"
	wait_file "$AGENT.sock"
}

start_and_wait() {
	local pid=$(pid_of)

	start
	wait_pid "$pid"
}

told() { jq -r "$1" "$AGENT.1.json"; }

@test "SEC-07..13 CPS-01..08 the agent gets the listener and the container process state" {
	notify mkdir
	config '.annotations = {"org.example": "x"}'
	agent errno 83 99
	args /bin/probe try mkdir /tmp/x
	create_logged
	wait_file "$AGENT.1.json"
	file_is "$AGENT.1.fds" 1
	eq "$(told '.fds | join(" ")')" seccompFd
	eq "$(told .ociVersion)" "$(told .state.ociVersion)"
	matches "$(told .ociVersion)" '^1\.[0-9]+\.[0-9]+$'
	eq "$(told .metadata)" "to whom it concerns"
	eq "$(told .pid)" "$(pid_of)"
	eq "$(told .state.pid)" "$(pid_of)"
	eq "$(told .state.id)" "$ID"
	eq "$(told .state.status)" creating
	eq "$(told .state.bundle)" "$BUNDLE"
	eq "$(told '.state.annotations["org.example"]')" x
	start_and_wait
	eq "$(ct_output)" EADDRNOTAVAIL
	file_is "$AGENT.1.calls" 83
}

@test "SEC-12 the same in the foreground, and without noNewPrivileges" {
	notify mkdir
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}
		| .process.capabilities = {}'
	agent errno 83 17
	try mkdir /tmp/x
	eq "$output" EEXIST
}

@test "CPS-01 the container state in it agrees with the schema" {
	python3 -c 'import jsonschema' || skip "python3-jsonschema is not installed"
	notify mkdir
	agent
	args /bin/true
	run_ok
	wait_file "$AGENT.1.json"
	told .state >"$TEST_DIR/state.json"
	python3 "$SUITES/validate.py" "$SUITES/../data/schema/state-schema.json" "$TEST_DIR/state.json"
}

@test "CPS-02 CPS-03 a state of any size, one descriptor with its beginning" {
	notify mkdir
	config '.linux.seccomp.listenerMetadata = ("0123456789abcdef" * 40000)'
	agent
	args /bin/true
	run_ok
	wait_file "$AGENT.1.json"
	eq "$(told '.metadata | length')" 640000
	matches "$(<"$AGENT.1.fds")" '^1( 0)+$'
}

@test "CPS-07 without metadata there is none" {
	notify mkdir
	config 'del(.linux.seccomp.listenerMetadata)'
	agent
	args /bin/true
	run_ok
	wait_file "$AGENT.1.json"
	eq "$(told 'has("metadata")')" false
}

@test "SEC-15 calls that sending a listener would need may be notified too" {
	notify sendmsg sendto write writev close read recvmsg recvfrom socket connect futex capset prctl poll exit_group \
		clone clone3 wait4 waitid dup3 fcntl ioctl
	for nnp in true false; do
		rm -f "$AGENT".*
		config ".process.noNewPrivileges = $nnp"
		agent
		try call 102
		eq "$output" ok "$nnp"
		wait_file "$AGENT.1.json"
	done
}

@test "SEC-15 every call of the program and of init may be notified" {
	# shellcheck disable=SC2046 # one word each
	notify $(jq -r '.syscalls[].names[]' "$SUITES/../filter/profiles/docker-20.10.24-all-capabilities.json" | sort -u)
	agent
	try call 102
	eq "$output" ok
	has "$(tr '\n' ' ' <"$AGENT.1.calls")" "59 " # execve
}

@test "SEC-07 without a notifying rule nobody is told" {
	notify mkdir
	config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
	try mkdir /tmp/x
	eq "$output" EPERM
}

@test "SEC-11 an agent that is not there" {
	notify mkdir
	refused "$AGENT.sock"
	has "$error" "/linux/seccomp/listenerPath"
	has "$error" "no such file or directory"
	agent
	background_stop
	wait_pid "$BACKGROUND"
	refused "connection refused"
}

@test "SEC-11 an agent that accepts and goes" {
	notify mkdir
	config '.linux.seccomp.listenerMetadata = ("0123456789abcdef" * 40000)'
	background python3 -c 'import os, socket, sys
os.chdir(sys.argv[1])
server = socket.socket(socket.AF_UNIX)
server.bind("agent.sock.new")
server.listen(1)
os.rename("agent.sock.new", "agent.sock")
while True:
    server.accept()[0].close()' "$TEST_DIR"
	wait_file "$AGENT.sock"
	refused "seccomp agent"
	has "$error" "/linux/seccomp/listenerPath"
	is_gone
}

@test "SEC-11 an agent that never accepts, and one that never reads" {
	notify mkdir
	background python3 -c 'import os, socket, sys, time
os.chdir(sys.argv[1])
server = socket.socket(socket.AF_UNIX)
server.bind("agent.sock.new")
server.listen(0)
first = socket.socket(socket.AF_UNIX)
first.connect("agent.sock.new")
os.rename("agent.sock.new", "agent.sock")
time.sleep(60)' "$TEST_DIR"
	wait_file "$AGENT.sock"
	refused "within 10 seconds"
	background_stop
	rm "$AGENT.sock"
	config '.linux.seccomp.listenerMetadata = ("0123456789abcdef" * 40000)'
	background python3 -c 'import os, socket, sys, time
os.chdir(sys.argv[1])
server = socket.socket(socket.AF_UNIX)
server.bind("agent.sock.new")
server.listen(1)
os.rename("agent.sock.new", "agent.sock")
time.sleep(60)' "$TEST_DIR"
	wait_file "$AGENT.sock"
	refused "within 10 seconds"
}

@test "an agent that dies with the listener: the call fails, nothing hangs" {
	notify mkdir
	agent die
	args /bin/probe try mkdir /tmp/x
	create_logged
	wait_file "$AGENT.1.json"
	start_and_wait
	eq "$(ct_output)" ENOSYS
}

@test "a slow agent is waited for" {
	notify execve mkdir
	agent --pause 1.5
	try call 102
	eq "$output" ok
}

@test "SEC-14 SEC-15 what makes no sense is refused" {
	notify mkdir
	config 'del(.linux.seccomp.listenerPath)'
	refused "/linux/seccomp/listenerMetadata"
	config 'del(.linux.seccomp.listenerMetadata)'
	refused "/linux/seccomp/listenerPath"
	notify mkdir
	config '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"'
	refused "/linux/seccomp/defaultAction"
}

@test "SEC-06 flags of a filter that notifies" {
	notify mkdir
	for flags in '["SECCOMP_FILTER_FLAG_TSYNC"]' '["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]' '[]'; do
		[[ $flags != *KILLABLE* ]] || kernel_is 5.19 || continue
		rm -f "$AGENT".*
		config ".linux.seccomp.flags = $flags"
		agent errno 83 17
		try mkdir /tmp/x
		eq "$output" EEXIST "$flags"
	done
}

@test "startContainer hooks ask the agent" {
	notify mkdir
	agent errno 83 17
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "mkdir /tmp/x || exit 0; exit 1"]}]'
	args /bin/true
	run_ok
	file_is "$AGENT.1.calls" 83
}

@test "a new user namespace" {
	userns
	notify mkdir
	agent errno 83 17
	try mkdir /tmp/x
	eq "$output" EEXIST
}

@test "SEC-16 CPS-06 CPS-08 exec gives its own listener" {
	notify mkdir
	agent --count 2 errno 83 99
	args /bin/sleep 30
	ok run -d --bundle "$BUNDLE" "$ID"
	ok exec --pid-file "$TEST_DIR/pid" "$ID" /bin/probe try mkdir /tmp/x
	eq "$output" EADDRNOTAVAIL
	wait_file "$AGENT.2.json"
	eq "$(jq -r .state.status "$AGENT.2.json")" running
	eq "$(jq -r .state.pid "$AGENT.2.json")" "$(pid_of)"
	eq "$(jq -r .pid "$AGENT.2.json")" "$(<"$TEST_DIR/pid")"
	file_is "$AGENT.2.calls" 83
}

@test "SEC-16 exec where every call is notified, with and without noNewPrivileges" {
	# shellcheck disable=SC2046 # one word each
	notify $(jq -r '.syscalls[].names[]' "$SUITES/../filter/profiles/docker-20.10.24-all-capabilities.json" | sort -u)
	for nnp in true false; do
		rm -f "$AGENT".*
		config ".process.noNewPrivileges = $nnp"
		agent --count 2
		args /bin/sleep 30
		ok run -d --bundle "$BUNDLE" "$ID"
		ok exec "$ID" /bin/probe try call 102
		eq "$output" ok "$nnp"
		delete --force
		background_stop
	done
}

@test "SEC-11 SEC-16 exec without an agent" {
	notify mkdir
	agent
	args /bin/sleep 30
	ok run -d --bundle "$BUNDLE" "$ID"
	background_stop
	wait_pid "$BACKGROUND"
	run_runtime exec "$ID" /bin/true
	eq "$status" 255
	has "$error" "/linux/seccomp/listenerPath"
	has "$error" "connection refused"
	eq "$(state status)" running
}
