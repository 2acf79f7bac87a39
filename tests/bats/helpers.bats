#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The suites' own tools: a leak of each kind is noticed, a failing comparison fails.

load helpers

noticed() {	# TEXT
	run leak_check
	eq "$status" 1
	has "$output" "LEAK"
	has "$output" "$1"
}

@test "a state directory entry that is left is noticed" {
	mkdir "$ROOT/left"
	noticed left
	rmdir "$ROOT/left"
	leak_check
}

@test "a cgroup that is left is noticed, in any hierarchy and at any depth" {
	local dir
	for dir in $(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts); do
		mkdir -p "$dir/$TOKEN-left/below" 2>/dev/null || continue
		noticed "$dir/$TOKEN-left/below"
		rmdir "$dir/$TOKEN-left/below" "$dir/$TOKEN-left"
	done
	leak_check
}

@test "a mount that is left is noticed, and one that went" {
	mkdir left
	mount -t tmpfs left-of-test left
	noticed "$TEST_DIR/left"
	leak_before
	umount left
	noticed "$TEST_DIR/left"
	leak_before
}

@test "a process that is left is noticed" {
	RTB_TOKEN=$TOKEN background sleep 1000
	noticed sleep
	kill -KILL "$BACKGROUND"
	wait "$BACKGROUND" || :
	leak_check
}

@test "a container that is left is removed after the test" {
	args sleep 1000
	create
	start
	run leak_check
	eq "$status" 1
}

@test "comparisons fail" {
	run ! eq a b
	run ! ne a a
	run ! has abc x
	run ! lacks abc b
	run ! matches abc '^b'
	run ! listed a,b c
	run ! unlisted a,b b
	run ! ok state "$ID"
	run ! fails list
	run ! refused
	ok delete --force "$ID"
	run ! refused "with words that nobody says"
	ok delete --force "$ID"
}

@test "a runtime that hangs or dies of a signal is no proper failure" {
	local program=$TEST_DIR/runtime
	printf '#!/bin/sh\nkill -SEGV $$\n' >"$program" && chmod 755 "$program"
	RUNTIME=$program run ! fails state x
	printf '#!/bin/sh\nexec sleep 100\n' >"$program"
	TIMEOUT=0.2 RUNTIME=$program run ! fails state x
	printf '#!/bin/sh\nexit 1\n' >"$program"
	RUNTIME=$program run ! fails state x
}

@test "the probe waits for files and processes, and gives up in time" {
	run ! "$PROBE" wait-file "$TEST_DIR/never" 0.05
	echo x >there
	"$PROBE" wait-file "$TEST_DIR/there" 0
	background sleep 1000
	run ! "$PROBE" wait-pid "$BACKGROUND" 0.05
	kill -KILL "$BACKGROUND"
	"$PROBE" wait-pid "$BACKGROUND" 5
}
