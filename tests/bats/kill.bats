#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill: which signals, to whom, in which states.

load helpers

signal_catcher() {
	args /bin/probe wait-signals
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
}

caught() { grep -qx "signal=$1" "$TEST_DIR/ct.out"; }

@test "RT-KILL-03 every signal by number" {
	signal_catcher
	local n
	for ((n = 1; n <= 64; n++)); do
		((n == 9 || n == 15 || n == 19)) || ok kill "$ID" $n
	done
	# The kernel hands out the highest number last, and 15 ends the program.
	eventually caught 64
	ok kill "$ID" 15
	for ((n = 1; n <= 64; n++)); do
		((n == 9 || n == 19)) || eventually caught $n || { echo "signal $n" >&2; return 1; }
	done
}

@test "RT-KILL-03 names, with and without SIG, in any case, and real-time ones" {
	signal_catcher
	ok kill "$ID" USR1
	ok kill "$ID" SIGUSR2
	ok kill "$ID" hup
	ok kill "$ID" sigwinch
	ok kill "$ID" RTMIN+3
	ok kill "$ID" SIGRTMAX-1
	local n
	for n in 10 12 1 28 37 63; do
		eventually caught $n || { echo "signal $n" >&2; return 1; }
	done
}

@test "the default is SIGTERM" {
	signal_catcher
	local pid=$(pid_of)
	ok kill "$ID"
	wait_pid "$pid"
	caught 15
}

@test "--signal" {
	signal_catcher
	ok kill --signal USR1 "$ID"
	eventually caught 10
}

@test "RT-KILL-03 VAL-01 signals that are none are refused" {
	args sleep 1000
	create
	start
	local signal
	for signal in 65 -1 FOO SIGFOO 1x ""  4294967297 RTMIN+31 SIG; do
		fails kill "$ID" -- "$signal"
		has "$error" "signal"
	done
	eq "$(state status)" running
	fails kill "$ID" FOO
	has "$error" 'unknown signal "FOO"'
}

@test "a signal to a created container" {
	args sleep 1000
	create
	local pid=$(pid_of)
	ok kill "$ID" KILL
	wait_pid "$pid"
	eq "$(state status)" stopped
}

@test "RT-KILL-02 a stopped container is an error, with the words that callers look for" {
	args true
	run_ok --keep
	fails kill "$ID" KILL
	has "$error" "container not running"
	eq "$status" 1
	eq "$(state status)" stopped
}

@test "--all and -a: every process of the container, and nothing left is success" {
	need_cgroup
	without_namespace pid
	script 'sleep 1007 & sleep 1008 & echo ready; wait'
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
	local pid=$(pid_of)
	ok kill --all "$ID" KILL
	wait_pid "$pid"
	eventually no_process_left
	ok kill -a "$ID" KILL
	ok kill --all "$ID"
}

@test "--all with a pid namespace" {
	script 'sleep 1007 & sleep 1008 & echo ready; wait'
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
	ok kill --all "$ID" 9
	eventually no_process_left
}

@test "X-32 a signal to a paused container is delivered, SIGKILL ends it" {
	need_controller freezer
	args sleep 1000
	create
	start
	local pid=$(pid_of)
	freeze "$pid"
	ok kill "$ID" KILL
	wait_pid "$pid" 3
	eq "$(state status)" stopped
}

@test "an unknown id" {
	fails kill "$ID" KILL
	has "$error" "does not exist"
	fails kill --all "$ID" KILL
}
