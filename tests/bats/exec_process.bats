#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec --process, and that a process is set up by exec as init is by run.

load helpers

setup() {
	test_begin
	FILE=$TEST_DIR/process.json
}

begin() {
	args sleep 1000
	create
	start
	INIT=$(pid_of)
}

process() {	# JQ-EXPR: the process file, from the container's process
	jq ".process | $1" "$BUNDLE/config.json" >"$FILE"
}

words() {	# the process file's args
	jq '.args = $ARGS.positional' "$FILE" --args -- "$@" >"$FILE.new" && mv "$FILE.new" "$FILE"
}

from_file() { ok exec --process "$FILE" "$@" "$ID"; }

refused_file() {	# [TEXT]
	local want=255

	[[ $RUNTIME_NAME != crun ]] || want=1
	run_runtime exec --process "$FILE" "$ID"
	((status == want)) && [[ -n $error ]] || { show_failure; return 1; }
	[[ -z ${1:-} ]] || has "$error" "$1"
}

# --- the file --------------------------------------------------------------------------------------

@test "the process of a file runs as the file says" {
	begin
	process '.env = ["A=1", "PATH=/bin"] | .cwd = "/tmp" | .user = {uid: 3, gid: 4, umask: 7, additionalGids: [5]}'
	words /bin/probe env cwd ids umask
	from_file
	has "$output" env=A=1
	lacks "$output" env=TERM
	value_is cwd /tmp
	value_is uid "3 3 3 3"
	value_is gid "4 4 4 4"
	value_is groups 5
	value_is umask 0007
}

@test "the file may be a pipe" {
	begin
	process .
	words echo piped
	# What the shell makes is its own user's; everybody may read this one.
	mkfifo -m 666 fifo
	cat "$FILE" >fifo &
	ok exec --process fifo "$ID"
	eq "$output" piped
}

@test "what the file leaves out is the container's" {
	config '.process.noNewPrivileges = true | .process.user = {uid: 0, gid: 0, umask: 63} | .process.oomScoreAdj = 300
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]
		| .process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
	begin
	echo '{"cwd": "/", "args": ["/bin/probe", "umask", "limits", "sched", "caps"], "user": {"uid": 0, "gid": 0}}' >"$FILE"
	from_file
	value_is umask 0077
	value_is sched.policy 3
	value_is sched.nice 5
	local caps
	caps=$(value cap.bounding)
	ne "$caps" ""
	echo '{"cwd": "/", "args": ["/bin/cat", "/proc/self/status", "/proc/self/oom_score_adj"]}' >"$FILE"
	from_file
	matches "$output" 'NoNewPrivs:[[:space:]]1'
	has "$output" 300
	eq "$(awk '/^CapBnd/ { print $2 }' <<<"$output")" "$(awk '/^CapBnd/ { print $2 }' "/proc/$INIT/status")"
}

@test "what the file says replaces it" {
	config '.process.noNewPrivileges = true | .process.oomScoreAdj = 300'
	begin
	process '.noNewPrivileges = false | .oomScoreAdj = 400 | .capabilities = {bounding: ["CAP_KILL"]} | .rlimits =
		[{type: "RLIMIT_NOFILE", soft: 55, hard: 66}]'
	words cat /proc/self/status /proc/self/oom_score_adj /proc/self/limits
	from_file
	matches "$output" 'NoNewPrivs:[[:space:]]0'
	has "$output" 400
	matches "$output" 'Max open files +55 +66'
	matches "$output" 'CapBnd:[[:space:]]0000000000000020'
}

@test "options say more than the file" {
	[[ $RUNTIME_NAME == teu ]] || skip "others ignore them"
	begin
	process .
	words /bin/probe env cwd ids
	from_file --env X=1 --cwd /etc --user 9:8
	has "$output" env=X=1
	value_is cwd /etc
	value_is uid "9 9 9 9"
}

@test "a terminal is asked for by the file alone" {
	need_program python3
	begin
	process '.terminal = true | .consoleSize = {height: 11, width: 22}'
	words /bin/probe tty
	refused_file "cannot use console socket\|terminal" 2>/dev/null || :
	local python
	python=$(python3 -c 'import sys; print(sys.executable)')
	background "$python" "$SUITES/console_receive.py" "$TEST_DIR/console.sock" "$TEST_DIR/tty"
	wait_file "$TEST_DIR/console.sock"
	# As older and newer versions of conmon do it.
	ok exec --process "$FILE" --tty --detach --console-socket "$TEST_DIR/console.sock" "$ID"
	wait_pid "$BACKGROUND"
	output=$(tr -d '\r' <"$TEST_DIR/tty")
	value_is tty.0 1
	value_is tty.size 11x22
	rm "$TEST_DIR/console.sock"
	background "$python" "$SUITES/console_receive.py" "$TEST_DIR/console.sock" "$TEST_DIR/tty"
	wait_file "$TEST_DIR/console.sock"
	ok exec --process "$FILE" --detach --console-socket "$TEST_DIR/console.sock" "$ID"
	wait_pid "$BACKGROUND"
	output=$(tr -d '\r' <"$TEST_DIR/tty")
	value_is tty.0 1
}

@test "a file that is wrong is refused, and named" {
	begin
	echo '{"cwd": "/", "args": ["true"], "user": {"uid": "0"}}' >"$FILE"
	refused_file process.json
	echo '{"cwd": "relative", "args": ["true"]}' >"$FILE"
	refused_file "absolute"
	has "$error" process.json
	echo '{"cwd": "/", "args": []}' >"$FILE"
	refused_file "args must not be empty"
	echo '{"args": ["true"]}' >"$FILE"
	refused_file
	echo '{"cwd": "/", "args": ["true"], "env": ["NOEQ"]}' >"$FILE"
	refused_file "missing '='"
	has "$error" process.json
	echo '{"cwd": "/", "args": ["true"], "user": {"uid": 4294967295, "gid": 0}}' >"$FILE"
	refused_file
	echo '{"cwd": "/", "args": ["true"]' >"$FILE"
	refused_file
	rm "$FILE"
	refused_file
	has "$error" process.json
}

@test "an error in the container names the file's member" {
	begin
	echo '{"cwd": "/nope", "args": ["true"]}' >"$FILE"
	refused_file 'no such file or directory'
	has "$error" "process.json /cwd"
	lacks "$error" "config.json /"
}

@test "a file and a command together are refused" {
	[[ $RUNTIME_NAME == teu ]] || skip "others take the file"
	begin
	process .
	words true
	run_runtime exec --process "$FILE" "$ID" echo other
	eq "$status" 255
}

@test "a container without a process takes one from a file" {
	config 'del(.process)'
	create
	echo '{"cwd": "/", "args": ["/bin/echo", "hello"]}' >"$FILE"
	ok exec --process "$FILE" "$ID"
	eq "$output" hello
	run_runtime exec "$ID" true
	eq "$status" 255
	has "$error" "process property must not be empty"
}

# --- parity ------------------------------------------------------------------------------------------

# Everything the kernel tells a process of itself, less what belongs to one process alone.
FACTS='pwd; cd /proc/self
	grep -vE "^(Name|SigQ|Pid|Tgid|PPid|NSpid|NStgid|NSpgid|NSsid|Ngid|Vm|Rss|Hugetlb|State|.*ctxt|Threads|Core|THP|untag|Speculation_Store|x86_)" status
	cat limits cgroup mountinfo oom_score_adj uid_map gid_map setgroups loginuid personality timerslack_ns 2>&1
	for f in attr/current attr/exec attr/apparmor/current; do echo "$f: $(cat $f 2>&1 | tr -d "\0")"; done
	tr "\0" "\n" <environ
	for n in ns/*; do echo "$n $(readlink $n)"; done
	ls /proc/self/fd | tr "\n" " "; for n in 0 1 2; do readlink fd/$n; done
	readlink root; umask; ulimit -a
	/bin/probe caps limits sched ioprio affinity umask ids keyring mempolicy signals oom'

compare() {	# the facts of init and of a further process
	local from_init from_exec

	config '.process.args = ["/bin/sh", "-c", $t, "facts"]' --arg t "exec 2>&1; $FACTS"
	ok run --bundle "$BUNDLE" "$ID"
	from_init=$output
	config '.process.args = ["/bin/sleep", "1000"]'
	create
	start
	ok exec "$ID" /bin/sh -c "exec 2>&1; $FACTS" facts
	from_exec=$output
	delete --force
	# Mount ids and namespace inodes are another container's; how long the table of descriptors once was is nobody's business.
	((${#from_init} > 4000))
	diff <(facts_of "$from_init") <(facts_of "$from_exec")
}

facts_of() {
	sed -E "s/\[[0-9]+\]/[]/; s/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ /MOUNT /; s/(master|shared|propagate_from):[0-9]+/\1/g
		s/^(ns\.[a-z_]+=).*/\1/; s/^(keyring=.*)\.[0-9a-f]{32}$/\1/; s/pts\/[0-9]+/pts/" <<<"$1" | sed -E '/^keyring.*=[0-9]+$/d; /^FDSize:/d'
}

@test "what /proc tells of init and of a further process is the same" {
	compare
}

@test "the same for an ordinary user with groups" {
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6], umask: 63} | .process.noNewPrivileges = false'
	compare
}

@test "the same with all that config.json can say" {
	need_cgroup
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]
		| .process.oomScoreAdj = 123 | .process.scheduler = {policy: "SCHED_BATCH", nice: 3}
		| .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6} | .linux.personality = {domain: "LINUX32"}
		| .linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 100}
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}
		| .process.capabilities |= (.inheritable = ["CAP_KILL"] | .ambient = ["CAP_KILL"])
		| .process.env += ["HOME=/else", "B=2", "A=1"] | .process.cwd = "/tmp"'
	all_caps
	compare
}

@test "the same in a user namespace and with a cgroup namespace" {
	userns
	add_namespace cgroup
	config '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	compare
}

@test "the same with the host's namespaces" {
	without_namespace pid
	without_namespace network
	without_namespace uts
	config 'del(.hostname)'
	compare
}

@test "the same for a caller that is pinned, ignores and blocks signals and is in another group" {
	if (($(nproc) > 1)); then
		taskset -p -c 0 $BASHPID >/dev/null
	fi
	trap '' PIPE USR1 HUP
	compare
}
