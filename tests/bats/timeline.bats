#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --timeline: how long the phases of a start took.

load helpers

# The one line of JSON on standard error.
timeline() { grep '^{"timeline"' "$ERR" | jq -r "$1"; }

@test "create: a table on standard error" {
	create --timeline
	eq "$output" ""
	eq "${error%%$'\n'*}" "timeline of $ID, in milliseconds"
	grep -Eq '^ +begin +wall +cpu +process +phase$' "$ERR"
	for phase in load plan claim clone cgroup sources maps wait limits record; do
		grep -Eq "^( +[0-9]+\.[0-9]{3}){3}  runtime  $phase\$" "$ERR"
	done
	for phase in join attach mounts pivot finish credentials; do
		grep -Eq "^( +[0-9]+\.[0-9]{3}){3}  init     $phase\$" "$ERR"
	done
	grep -Eq '^( +[0-9]+\.[0-9]{3}){2} +-  init     gate$' "$ERR"
	grep -Eq '^ +total( +[0-9]+\.[0-9]{3}){2}  runtime$' "$ERR"
	# the start is another command
	run ! grep -Eq ' (start|exec)$' "$ERR"
}

@test "run: JSON in one line, up to the program; the program's streams and status are its own" {
	script 'echo out; echo err >&2; exit 3'
	run_ct --timeline-format json
	eq "$status" 3
	eq "$output" out
	eq "$(grep -vc '^{"timeline"' "$ERR")" 1
	grep -qx err "$ERR"
	eq "$(timeline .timeline)" "$ID"
	eq "$(timeline '["load", "wait", "exec"] - [.steps[].phase] == []')" true
	eq "$(timeline '[.steps[] | select(.process == "init").phase] | .[-1]')" exec
	eq "$(timeline '[.steps[].begin] == ([.steps[].begin] | sort)')" true
	eq "$(timeline '.steps[0].begin')" 0
	# nanoseconds that fit together: no hole between the steps of a process
	for process in runtime init; do
		eq "$(timeline "[.steps[] | select(.process == \"$process\")]
			| [range(length - 1) as \$i | .[\$i].begin + .[\$i].wall == .[\$i + 1].begin] | all")" true
	done
	eq "$(timeline '.wall == ([.steps[] | .begin + .wall] | max)')" true
	eq "$(timeline '.cpuRuntime == ([.steps[] | select(.process == "runtime").cpu] | add)')" true
	eq "$(timeline '.wall >= .cpuProcess and .cpuProcess > 0')" true
	eq "$(timeline '[.steps[] | select(.cpu > .wall + 20000000)] | length')" 0
}

@test "run --detach" {
	args sleep 1000
	ok run --detach --timeline-format=json --bundle "$BUNDLE" "$ID"
	eq "$(timeline '.steps[-1].phase')" exec
	eq "$(state status)" running
}

@test "exec: until its program runs" {
	args sleep 1000
	create
	start
	ok exec --timeline-format json "$ID" true
	eq "$(timeline '[.steps[] | select(.process == "process").phase] | join(" ")')" \
		"join credentials attach exec"
	eq "$(timeline '[.steps[] | select(.process == "runtime").phase] | join(" ")')" \
		"load plan cgroup clone limits record"
	run_runtime exec --timeline "$ID" /nonexistent
	eq "$status" 255
	grep -Eq ' process  credentials$' "$ERR"
	has "$(tail -n 1 "$ERR")" "no such file or directory"
	run_runtime exec --timeline-format csv "$ID" true
	has "$error" 'invalid timeline-format "csv"'
}

@test "exec: a process that could be traced arrives as a copy, and that has a time" {
	need_root "be traced by its container: it comes from a user namespace above"
	local filter

	config '(.process.capabilities[]) |= . + ["CAP_SYS_PTRACE"]'
	args sleep 1000
	create
	start
	ok exec --timeline-format json "$ID" true
	eq "$(timeline '[.steps[] | select(.process == "process").phase] | join(" ")')" \
		"join credentials attach forget enter copy settle exec"
	eq "$(timeline '[.steps[] | select(.process == "runtime").phase] | join(" ")')" \
		"load plan cgroup clone limits arrival taken record"
	delete --force
	# Under a filter no clock is asked.
	filter='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clock_gettime", "clock_getres"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	config ".process.noNewPrivileges = false | .linux.seccomp = $filter"
	create
	start
	ok exec --timeline-format json "$ID" true
	eq "$(timeline '[.steps[] | select(.process == "process").phase] | join(" ")')" \
		"join credentials attach forget enter"
}

@test "a hook's time is seen in its phase" {
	config '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "0.2"]}],
		startContainer: [{path: "/bin/sleep", args: ["sleep", "0.1"]}]}'
	args true
	run_ok --timeline-format json
	eq "$(timeline '.steps[] | select(.phase == "runtime-hooks") | .wall >= 200000000 and .cpu < 100000000')" \
		true
	eq "$(timeline '.steps[] | select(.phase == "start-hooks") | .wall >= 100000000')" true
}

@test "a start that fails shows how far it came, and the error comes last" {
	args /nonexistent
	fails create --timeline-format json --bundle "$BUNDLE" "$ID"
	eq "$(timeline '[.steps[].phase] | contains(["credentials"])')" true
	eq "$(timeline '[.steps[].phase] | contains(["gate"])')" false
	has "$(tail -n 1 "$ERR")" "no such file or directory"
	# one that is refused has no phases to tell of
	args
	fails create --timeline --bundle "$BUNDLE" "$ID"
	lacks "$error" timeline
}

@test "under a filter that kills at unknown calls nothing more is asked" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["clock_gettime", "clock_getres"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	args true
	run_ok --timeline
	config '.process.noNewPrivileges = false | (.process.capabilities[]) |= . + ["CAP_SYS_ADMIN"]'
	run_ok --timeline
}

@test "without it nothing is printed and no clock is asked" {
	args true
	run_ok
	eq "$error" ""
	need_program strace
	strace -f -qq -e trace=clock_gettime,clock_getres -o trace \
		"$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
	# strace has no name for the clock of a process given by its number
	run ! grep -E 'CPUTIME|CLOCK_[?]' trace
	strace -f -qq -e trace=clock_gettime -o trace \
		"$RUNTIME" --root "$ROOT" run --timeline --bundle "$BUNDLE" "$ID" 2>/dev/null
	(($(grep -Ec 'CPUTIME|CLOCK_[?]' trace) > 10))
}

@test "an unknown format" {
	fails run --timeline-format xml --bundle "$BUNDLE" "$ID"
	has "$error" 'invalid timeline-format "xml": text or json'
}
