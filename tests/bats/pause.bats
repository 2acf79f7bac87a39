#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pause and resume: who stops, in which states, and what can be done with a paused container.

load helpers

# Writes ever new numbers to /dev/shm/n.
counter() {	# [TEXT], which comes first
	script "${1-}"'i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/n; usleep 2000; done'
	create_logged
	start
	COUNT=/proc/$(pid_of)/root/dev/shm/n
	wait_file "$COUNT"
}

counts() {
	local before
	before=$(cat "$COUNT")
	eventually changed "$before"
}

changed() { [[ $(cat "$COUNT") != "$1" ]]; }

stands_still() {
	local before
	before=$(cat "$COUNT")
	sleep 0.1
	eq "$(cat "$COUNT")" "$before"
}

@test "ST-07 pause stops the processes, resume lets them go on" {
	counter
	counts
	ok pause "$ID"
	eq "$output$error" ""
	eq "$(state status)" paused
	ok list -f json
	eq "$(jq -r '.[0].status' <<<"$output")" paused
	stands_still
	ok resume "$ID"
	eq "$output$error" ""
	eq "$(state status)" running
	counts
}

@test "a created container is paused and started later" {
	script 'echo started >/dev/shm/x; sleep 1000'
	create
	ok pause "$ID"
	eq "$(state status)" paused
	fails start "$ID"
	has "$error" paused
	ok resume "$ID"
	eq "$(state status)" created
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
}

@test "wrong states are told in the words that engines know" {
	fails pause "$ID"
	has "$error" "does not exist"
	fails resume "$ID"
	has "$error" "does not exist"
	args sleep 1000
	create
	fails resume "$ID"
	has "$error" "container not paused"
	start
	fails resume "$ID"
	has "$error" "container not paused"
	ok pause "$ID"
	fails pause "$ID"
	has "$error" "container not running"
	ok resume "$ID"
	kill_ct
	eventually is_stopped
	fails pause "$ID"
	has "$error" "container not running"
	fails resume "$ID"
	has "$error" "container not running"
}

is_stopped() { [[ $(state status) == stopped ]]; }

@test "processes that fork all the time, and their children, are paused" {
	script 'i=0; while :; do i=$((i + 1)); (echo $i >/dev/shm/n) & wait; done'
	create_logged
	start
	COUNT=/proc/$(pid_of)/root/dev/shm/n
	wait_file "$COUNT"
	local round
	for round in 1 2 3; do
		ok pause "$ID"
		stands_still
		ok resume "$ID"
		counts
	done
}

@test "X-32 SIGKILL ends a paused container, other signals wait" {
	counter
	local pid
	pid=$(pid_of)
	ok pause "$ID"
	ok kill "$ID" USR1
	eq "$(state status)" paused
	stands_still
	ok kill "$ID" KILL
	wait_pid "$pid"
	eq "$(state status)" stopped
}

@test "X-32 kill --all does not wake a paused container before it is killed" {
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	# One that it dies of would end it even so with cgroup v2.
	counter 'trap : USR1; '
	local pid
	pid=$(pid_of)
	ok pause "$ID"
	ok kill --all "$ID" USR1
	eq "$(state status)" paused
	ok kill --all "$ID" KILL
	wait_pid "$pid"
	ok kill --all "$ID" KILL
}

@test "a paused container is deleted by force, not otherwise" {
	counter
	ok pause "$ID"
	fails delete "$ID"
	has "$error" "cannot delete container $ID that is not stopped: paused"
	ok delete --force "$ID"
	is_gone
}

@test "below a frozen cgroup resume names it and does not wait" {
	need_cgroupfs
	local dir top
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-above/x"
	args sleep 1000
	create
	start
	dir=$(place freezer)
	top=${dir%/x}
	if [[ -e $top/freezer.state ]]; then
		echo FROZEN >"$top/freezer.state"
	else
		echo 1 >"$top/cgroup.freeze"
	fi
	eventually is_paused
	TIMEOUT=5 fails resume "$ID"
	has "$error" "$TOKEN-above\" is frozen"
	if [[ -e $top/freezer.state ]]; then
		echo THAWED >"$top/freezer.state"
	else
		echo 0 >"$top/cgroup.freeze"
	fi
	eventually is_running
}

is_paused() { [[ $(state status) == paused ]]; }
is_running() { [[ $(state status) == running ]]; }

@test "without a cgroup there is nothing to pause with" {
	args sleep 1000
	ok --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
	start
	fails pause "$ID"
	has "$error" cgroup
	eq "$(state status)" running
}
