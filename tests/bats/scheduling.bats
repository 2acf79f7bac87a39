#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scheduler, ioPriority, execCPUAffinity and personality.

load helpers

scheduler() { config ".process.scheduler = $1"; }

# Where the kernel schedules real time by group, a cgroup v1 has no share unless one is given.
realtime_share() {
	local file
	file=$(hierarchy cpu)/cpu.rt_runtime_us
	[[ -e $file ]] || return 0
	(($(<"$file") > 10000)) || skip "no real-time share to give away"
	config '.linux.resources.cpu = {realtimeRuntime: 10000, realtimePeriod: 1000000}'
}

sched_refused() {	# JSON [TEXT]
	scheduler "$1"
	refused "${2:-scheduler}" || { echo "with $1" >&2; return 1; }
}

@test "SCHED-01 SCHED-02 SCHED-03 the fair policies and their nice value" {
	local policy number
	for policy in OTHER:0 BATCH:3; do
		scheduler "{policy: \"SCHED_${policy%:*}\", nice: 7}"
		run_probe sched
		value_is sched.policy "${policy#*:}"
		value_is sched.nice 7
	done
	scheduler '{policy: "SCHED_IDLE"}'
	run_probe sched
	value_is sched.policy 5
}

@test "SCHED-02 SCHED-04 the real-time policies and their priority" {
	need_cgroup
	need_nice_cap
	realtime_share
	scheduler '{policy: "SCHED_FIFO", priority: 5}'
	run_probe sched
	value_is sched.policy 1
	value_is sched.priority 5
	scheduler '{policy: "SCHED_RR", priority: 99}'
	run_probe sched
	value_is sched.policy 2
	value_is sched.priority 99
}

@test "SCHED-06 SCHED-07 SCHED-08 the deadline policy" {
	need_cgroup
	need_nice_cap
	realtime_share
	scheduler '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 50000000}'
	run_probe sched
	value_is sched.policy 6
	value_is sched.runtime 1000000
	value_is sched.deadline 20000000
	value_is sched.period 50000000
}

@test "SCHED-05 flags" {
	scheduler '{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	run_probe sched
	value_is sched.flags 1
}

@test "SCHED-02 VAL-01 policies that are none are refused" {
	sched_refused '{policy: "SCHED_NO"}'
	sched_refused '{policy: "other"}'
	sched_refused '{policy: ""}'
	sched_refused '{nice: 1}' policy
}

@test "SCHED-02 X-09 SCHED_ISO is refused" {
	sched_refused '{policy: "SCHED_ISO"}' SCHED_ISO
}

@test "SCHED-03 a nice value out of range is refused" {
	sched_refused '{policy: "SCHED_OTHER", nice: 20}'
	sched_refused '{policy: "SCHED_BATCH", nice: -21}'
}

@test "SCHED-04 a priority that the policy does not take is refused" {
	sched_refused '{policy: "SCHED_OTHER", priority: 1}'
	sched_refused '{policy: "SCHED_FIFO", priority: 0}'
	sched_refused '{policy: "SCHED_RR", priority: 100}'
}

@test "SCHED-05 VAL-01 an unknown flag is refused" {
	sched_refused '{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NO"]}'
}

@test "SCHED-06 SCHED-08 deadline members that do not fit are refused" {
	sched_refused '{policy: "SCHED_OTHER", runtime: 1000000}'
	sched_refused '{policy: "SCHED_FIFO", priority: 1, deadline: 1000000}'
	sched_refused '{policy: "SCHED_DEADLINE", runtime: 3000000, deadline: 2000000, period: 5000000}'
	sched_refused '{policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 9000000, period: 5000000}'
}

@test "SCHED-01 the caller's policy stays when none is given" {
	args /bin/probe sched
	RTB_TOKEN=$TOKEN chrt --batch 0 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 3>&- 4>&-
	output=$(<"$OUT")
	value_is sched.policy 3
}

@test "IOP-01 IOP-02 IOP-03 io priority of the program and of what it starts" {
	local class number=2
	for class in BE IDLE; do
		config ".process.ioPriority = {class: \"IOPRIO_CLASS_$class\", priority: 4}"
		run_probe ioprio
		value_is ioprio "$number:4"
		value_is ioprio.child "$number:4"
		((++number))
	done
}

@test "IOP-02 the real-time class" {
	need_host_root "have the real-time class"
	can 21 || skip "no CAP_SYS_ADMIN"
	config '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 0}'
	run_probe ioprio
	value_is ioprio 1:0
}

@test "IOP-02 IOP-03 VAL-01 classes and priorities that are none are refused" {
	local json
	for json in '{class: "IOPRIO_CLASS_NO", priority: 1}' '{priority: 1}' '{class: "", priority: 1}' \
		'{class: "IOPRIO_CLASS_BE"}' '{class: "IOPRIO_CLASS_BE", priority: 8}' \
		'{class: "IOPRIO_CLASS_BE", priority: -1}'; do
		config ".process.ioPriority = $json"
		refused ioPriority || { echo "with $json" >&2; return 1; }
	done
}

@test "AFF-01 execCPUAffinity does not touch init" {
	config '.process.execCPUAffinity = {initial: "0", final: "0"}'
	run_probe affinity
	value_is affinity "$("$PROBE" affinity | cut -d= -f2)"
}

@test "AFF-04 the caller's own pinning does not leak into the container" {
	(($(nproc --all) > 1)) || skip "one CPU only"
	args /bin/probe affinity
	RTB_TOKEN=$TOKEN taskset 1 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 3>&- 4>&-
	output=$(<"$OUT")
	value_is affinity "$("$PROBE" affinity | cut -d= -f2)"
}

@test "AFF-04 nor do hooks and a created init know where init was put while it was made" {
	local mine
	(($(nproc --all) > 1)) || skip "one CPU only"
	mine=$(grep Cpus_allowed_list /proc/self/status)
	config '.hooks.createContainer = [{path: $p, args: ["sh", "-c", "grep Cpus_allowed_list /proc/self/status >" + $o]}]' \
		--arg p "$BUNDLE/rootfs/bin/busybox" --arg o "$TEST_DIR/hook"
	create
	eq "$(<"$TEST_DIR/hook")" "$mine"
	eq "$(grep Cpus_allowed_list "/proc/$(pid_of)/status")" "$mine"
}

@test "AFF-02 AFF-03 SCH-03 lists that are none are refused, blanks are fine" {
	local list
	config '.process.execCPUAffinity = {initial: "0, 1", final: ""}'
	run_probe affinity
	for list in x 1-0 0-; do
		config '.process.execCPUAffinity = {initial: $l}' --arg l "$list"
		refused execCPUAffinity || { echo "with $list" >&2; return 1; }
	done
}

@test "PERS-01 the caller's personality stays when none is given" {
	run_probe uname
	value_is personality 0
	args /bin/probe uname
	RTB_TOKEN=$TOKEN setarch --uname-2.6 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 3>&- 4>&-
	output=$(<"$OUT")
	value_is personality 20000
}

@test "PERS-02 LINUX and LINUX32" {
	config '.linux.personality = {domain: "LINUX32"}'
	run_probe uname
	value_is personality 8
	[[ $(uname -m) != x86_64 ]] || value_is machine i686
	config '.linux.personality = {domain: "LINUX", flags: []}'
	run_probe uname
	value_is personality 0
	value_is machine "$(uname -m)"
}

@test "PERS-02 VAL-01 other domains, and none, are refused" {
	local json
	for json in '{domain: "WINDOWS"}' '{domain: "linux"}' '{}' '{domain: ""}'; do
		config ".linux.personality = $json"
		refused personality || { echo "with $json" >&2; return 1; }
	done
}

@test "PERS-03 X-25 any flag is refused" {
	config '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
	refused personality
}
