#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Time namespaces and timeOffsets.

load helpers

setup() {
	test_begin
	[[ -e /proc/self/ns/time ]] || skip "no time namespaces"
	add_namespace time
}

offset() { config ".linux.timeOffsets.$1 = {secs: $2, nanosecs: ${3:-0}}"; }

clock() { "$PROBE" clock | sed -n "s/clock.$1=//p"; }

near() {	# GOT CLOCK BEFORE OFFSET: between what the host's clock was and what it is, moved
	local now=$(clock "$2")

	(($1 >= $3 + $4 && $1 <= now + $4)) ||
		{ echo "$2: got $1, want $(($3 + $4)) to $((now + $4))" >&2; return 1; }
}

@test "TIME-01 TIME-02 NS-09 the clocks are moved" {
	offset monotonic 86400
	offset boottime 172800
	local monotonic boottime
	monotonic=$(clock monotonic) boottime=$(clock boottime)
	run_probe clock ns
	near "$(value clock.monotonic)" monotonic $monotonic 86400
	near "$(value clock.boottime)" boottime $boottime 172800
	ne "$(value ns.time)" "$(ns_of self time)"
}

@test "TIME-02 a negative offset" {
	offset monotonic -100
	local monotonic
	monotonic=$(clock monotonic)
	((monotonic > 200)) || skip "the machine has not been up long enough"
	run_probe clock
	near "$(value clock.monotonic)" monotonic $monotonic -100
}

@test "TIME-02 TIME-03 members may be absent" {
	config '.linux.timeOffsets = {monotonic: {secs: 1000}, boottime: {nanosecs: 5}}'
	run_probe clock
	config '.linux.timeOffsets = {monotonic: {}}'
	run_probe clock
}

@test "TIME-03 nanoseconds" {
	offset boottime 10 500000000
	args sleep 1000
	create
	matches "$(tr -s ' ' <"/proc/$(pid_of)/timens_offsets" | tr '\n' ';')" \
		'boottime 10 500000000'
}

@test "TIME-03 VAL-01 a whole second of nanoseconds is refused" {
	offset monotonic 1 1000000000
	refused timeOffsets
	offset monotonic 1 -1
	refused nanosecs
}

@test "TIME-01 SCH-09 VAL-01 other clocks are refused" {
	offset realtime 1
	refused realtime
}

@test "TIME-01 offsets without a time namespace are refused" {
	offset monotonic 1
	without_namespace time
	refused timeOffsets
}

@test "TIME-01 offsets with a joined time namespace are refused" {
	offset monotonic 1
	add_namespace time /proc/self/ns/time
	refused timeOffsets
}

@test "TIME-02 an offset that turns the clock below zero is refused" {
	offset monotonic -1000000000
	refused
}

@test "TIME-01 offsets in a user namespace" {
	userns
	offset monotonic 5000
	local monotonic
	monotonic=$(clock monotonic)
	run_probe clock
	near "$(value clock.monotonic)" monotonic $monotonic 5000
}
