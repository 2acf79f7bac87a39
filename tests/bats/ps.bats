#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ps: the processes of a container, as JSON and by ps(1).

load helpers

sleepers() {
	script 'sleep 1001 & sleep 1002 & wait'
	create_logged
	start
	eventually has_processes 3
}

has_processes() {
	runtime ps -f json "$ID" </dev/null >"$OUT" 2>&1
	[[ $(jq length "$OUT") == "$1" ]]
}

# The pids that the cgroup itself holds, in ascending order, as JSON.
members() {
	sort -n "$(place pids)/cgroup.procs" | jq -cs .
}

@test "ps --format json: one line of pids, exec'ed processes and those of inner cgroups included" {
	sleepers
	ok exec -d "$ID" sleep 1003
	eventually has_processes 4
	ok ps --format json "$ID"
	eq "$output" "$(members)"
	eq "$error" ""
	eq "$(wc -l <"$OUT")" 1
	local inner
	inner=$(place pids)/inner
	mkdir "$inner"
	jq '.[-1]' <<<"$output" >"$inner/cgroup.procs"
	ok ps -f json "$ID"
	eq "$(jq length <<<"$output")" 4
	ok ps --format=json "$ID"
	eq "$(jq length <<<"$output")" 4
}

@test "ps: the table of ps(1), cut to the container" {
	need_program ps
	sleepers
	ok ps "$ID"
	eq "$(head -n1 <<<"$output" | awk '{ print $2 }')" PID
	eq "$(tail -n +2 <<<"$output" | awk '{ print $2 }' | sort -n | jq -cs .)" "$(members)"
	has "$output" "sleep 1001"
	lacks "$output" bats
}

@test "ps with options of ps(1), behind the id" {
	need_program ps
	sleepers
	ok ps "$ID" -e -o pid,args
	eq "$(head -n1 <<<"$output" | tr -s ' ')" " PID COMMAND"
	eq "$(wc -l <<<"$output")" 4
	ok ps --format table "$ID" -ef
	eq "$(wc -l <<<"$output")" 4
	ok ps "$ID" aux
	eq "$(wc -l <<<"$output")" 4
	fails ps "$ID" -e -o args
	has "$error" "couldn't find PID field in ps output"
	fails ps "$ID" --no-such-option
	has "$error" "ps failed"
}

@test "ps without ps(1) prints the pids" {
	sleepers
	status=0
	RTB_TOKEN=$TOKEN env PATH=/nonexistent "$RUNTIME" --root "$ROOT" ps "$ID" >"$OUT" 2>"$ERR" || status=$?
	eq "$status" 0
	eq "$(cat "$OUT")" "$(echo PID; sort -n "$(place pids)/cgroup.procs")"
}

@test "ps of a created, a paused and a stopped container" {
	need_program ps
	args sleep 1000
	create
	local pid
	pid=$(pid_of)
	ok ps -f json "$ID"
	eq "$output" "[$pid]"
	start
	ok pause "$ID"
	ok ps -f json "$ID"
	eq "$output" "[$pid]"
	ok resume "$ID"
	kill_ct
	wait_pid "$pid"
	ok ps -f json "$ID"
	eq "$output" "[]"
	ok ps "$ID"
	eq "$(wc -l <<<"$output")" 1
	has "$output" PID
}

@test "ps refuses what it does not know" {
	fails ps "$ID"
	has "$error" "does not exist"
	args sleep 1000
	create
	fails ps -f yaml "$ID"
	has "$error" "invalid format option"
	fails ps
	has "$error" "requires a minimum of 1 argument"
}
