#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A start that fails or dies on entering any of its phases leaves nothing: a failure undoes itself,
# what a killed runtime left goes with one `delete --force`. Needs a build with --enable-faults.

load helpers

# The phases of src/run/channel.c, by what is there when they are entered.
BEFORE_CLAIM="claim"
PARENT="cgroup sources clone maps runtime-hooks wait limits record"
CHILD="attach join mounts container-hooks pivot finish credentials gate"
START="start-hooks exec"
# Of exec alone, where the process could be traced (src/run/arrival.h).
ARRIVAL_PARENT="arrival taken"
ARRIVAL_CHILD="forget enter copy settle"
# Noted for the timeline alone: nothing can strike there that does not strike elsewhere.
NOTED="load plan start"

setup() {
	test_begin
	# All that a start can make: hooks, limits, a mount.
	config '.hooks = ([{path: "/bin/true"}]
			| {createRuntime: ., createContainer: ., startContainer: ., poststart: ., poststop: .})
		| .linux.resources.pids.limit = 50 | .linux.resources.memory.limit = 67108864
		| .process.args = ["/bin/sleep", "1000"]'
	bind "$TEST_DIR" /mnt ro
	PIDFILE=$TEST_DIR/pid GLOBAL=()
	# Without fault points this just makes the container.
	make_with claim:fail
	((status)) || skip "$RUNTIME_NAME was built without --enable-faults"
}

run_runtime_with() {	# PHASE:HOW ARG...
	local -x TEU_FAULT=$1

	run_runtime "${@:2}"
}

make_with() {	# PHASE:HOW
	run_runtime_with "$1" "${GLOBAL[@]}" create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
}

nothing_left() {
	leak_check || { echo "after $1" >&2; return 1; }
}

# The container can be made after it, under the same id.
works_again() {
	ok "${GLOBAL[@]}" create --bundle "$BUNDLE" "$ID"
	start
	eq "$(state status)" running
	delete --force
	nothing_left "the whole"
}

failing() {	# PHASE...
	local phase

	for phase; do
		make_with "$phase:fail"
		((status > 0 && status < 124)) || { show_failure; return 1; }
		has "$error" "injected fault in phase $phase"
		nothing_left "$phase:fail"
		ok delete --force "$ID"
	done
	works_again
}

# Dead without a word: the record is all that is left to know.
killed_runtime() {	# PHASE...
	local phase

	for phase; do
		make_with "$phase:kill"
		eq "$status" 137 "status after $phase:kill"
		ok delete --force "$ID"
		nothing_left "$phase:kill"
	done
	works_again
}

# The runtime lives, and says how its other process died.
killed_init() {	# PHASE...
	local phase

	for phase; do
		make_with "$phase:kill"
		((status > 0 && status < 124)) || { show_failure; return 1; }
		has "$error" "was killed by signal"
		has "$error" "in phase $phase"
		nothing_left "$phase:kill"
		ok delete --force "$ID"
	done
	works_again
}

failing_start() {	# PHASE:HOW...
	local fault

	for fault; do
		make_with "$fault"
		((status == 0)) || { show_failure; return 1; }
		fails start "$ID"
		ok delete --force "$ID"
		nothing_left "$fault"
	done
	works_again
}

@test "every phase of the source is in this suite" {
	local source=$SUITES/../../src/run/channel.c

	[[ -e $source ]] || skip "no source beside the suites"
	eq "$(sed -n 's/^\t\[PHASE_.*\] = "\(.*\)",/\1/p' "$source" | grep -vx none | sort)" \
		"$(printf '%s\n' $BEFORE_CLAIM $PARENT $CHILD $START $ARRIVAL_PARENT $ARRIVAL_CHILD $NOTED | sort)"
}

@test "a runtime that fails in one of its phases undoes all" {
	failing $BEFORE_CLAIM $PARENT
}

@test "an init that fails in one of its phases is undone" {
	failing $CHILD
}

@test "delete removes what a runtime left that was killed" {
	killed_runtime $BEFORE_CLAIM $PARENT
}

@test "an init that is killed is named with its phase, and undone" {
	killed_init $CHILD
}

@test "an init that fails behind the gate makes start fail" {
	failing_start start-hooks:fail exec:fail
}

@test "an init that dies behind the gate makes start fail" {
	failing_start start-hooks:kill exec:kill
}

@test "the same in a user namespace" {
	userns
	failing $BEFORE_CLAIM $PARENT $CHILD
	killed_runtime $BEFORE_CLAIM $PARENT
	killed_init $CHILD
}

@test "the same without a cgroup" {
	config 'del(.linux.resources)'
	GLOBAL=(--cgroup-manager disabled)
	failing $BEFORE_CLAIM $PARENT $CHILD
	killed_runtime $BEFORE_CLAIM $PARENT
	killed_init $CHILD
	config 'del(.hooks)'
	killed_runtime sources clone maps limits record
}

@test "the same without hooks, where the runtime never learns of the file tree" {
	config 'del(.hooks)'
	failing cgroup sources clone maps limits record $CHILD
	killed_runtime cgroup sources clone maps limits record
	killed_init $CHILD
}

@test "run in the foreground fails as create does, and deletes" {
	local phase

	for phase in $PARENT $CHILD $START; do
		run_runtime_with "$phase:fail" run --bundle "$BUNDLE" "$ID"
		((status > 0 && status < 124)) || { show_failure; return 1; }
		has "$error" "injected fault in phase $phase"
		nothing_left "run with $phase:fail"
	done
	for phase in $CHILD $START; do
		run_runtime_with "$phase:kill" run --bundle "$BUNDLE" "$ID"
		((status > 0)) || { show_failure; return 1; }
		nothing_left "run with $phase:kill"
	done
	for phase in $PARENT; do
		run_runtime_with "$phase:kill" run --bundle "$BUNDLE" "$ID"
		eq "$status" 137 "status after $phase:kill"
		ok delete --force "$ID"
		nothing_left "run with $phase:kill"
	done
}

# Of an exec with a fault nothing is left in the container, and the next one works.
execs_fail() {	# PHASE...
	local phase how pids ends

	ok create --bundle "$BUNDLE" "$ID"
	start
	pids=$(place pids)/cgroup.procs
	for how in fail kill; do
		for phase; do
			run_runtime_with "$phase:$how" exec --pid-file "$TEST_DIR/exec.pid" "$ID" sleep 1000
			((status > 0)) || { echo "with $phase:$how" >&2; show_failure; return 1; }
			if [[ $how == fail ]]; then
				eq "$status" 255 "status after $phase:fail"
				has "$error" "injected fault in phase $phase"
			elif [[ " $CHILD $ARRIVAL_CHILD exec " == *" $phase "* ]]; then
				eq "$status" 255 "status after $phase:kill"
				has "$error" "the process was killed by signal"
				has "$error" "in phase $phase"
			else
				eq "$status" 137 "status after $phase:kill"
			fi
			missing "$TEST_DIR/exec.pid"
			# A runtime that is killed when its program runs already leaves that running, as an engine's would.
			ends=
			[[ $phase:$how != @(record|taken|arrival):kill ]] || ends=1
			eventually init_alone "$pids" "$ends" ||
				{ echo "after $phase:$how: $(xargs ps -o pid,stat,wchan,args -p <"$pids")" >&2; return 1; }
			ok exec --pid-file "$TEST_DIR/exec.pid" "$ID" true
			rm "$TEST_DIR/exec.pid"
		done
	done
	delete --force
	nothing_left exec
}

# One that is in the middle of its execve is not to be found by its environment: hence again and again.
init_alone() {	# FILE-OF-PIDS ENDS
	[[ -z $2 ]] || programs_end
	(($(wc -l <"$1") == 1))
}

programs_end() { our_processes | grep -vx "$(pid_of)" | xargs -r kill -KILL 2>/dev/null || :; }

@test "an exec that fails or dies in one of its phases leaves the container as it is" {
	config 'del(.hooks)'
	execs_fail cgroup clone limits record join credentials attach exec
}

# Those that wait for the runtime, those that do not, and those that load a filter while the runtime waits.
@test "the same where the process arrives as a copy: nothing is left of either" {
	config 'del(.hooks) | (.process.capabilities[]) |= . + ["CAP_SYS_PTRACE"]'
	execs_fail cgroup clone limits arrival taken record join credentials attach forget enter copy settle exec
	config 'del(.linux.resources)'
	execs_fail arrival taken forget enter copy settle exec
	config '.process.noNewPrivileges = false
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mount"], action: "SCMP_ACT_ERRNO"}]}'
	execs_fail arrival taken forget enter copy settle exec
}
