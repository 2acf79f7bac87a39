#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The runtime dies at random moments: `delete --force` leaves nothing.

load helpers

# How many moments each test tries; more with RTB_CRASHES=
TIMES=${RTB_CRASHES:-25}

# The runtime with arguments, killed after so many tenths of a millisecond.
killed_after() {	# SIGNAL TENTHS ARG...
	local delay
	printf -v delay '0.%04d' "$2"
	RTB_TOKEN=$TOKEN timeout --foreground -s "$1" "$delay" "$RUNTIME" --root "$ROOT" "${@:3}" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || :
}

# Moments spread over the time that the operation takes, and some at random.
moments() {	# TENTHS-OF-THE-OPERATION
	local i
	for ((i = 0; i < TIMES; i++)); do
		echo $((i % 2 ? i * $1 / TIMES + 1 : RANDOM % $1 + 1))
	done
}

# How long an operation takes, in tenths of milliseconds, with a reserve.
duration() {	# COMMAND...
	local before=${EPOCHREALTIME/./}
	"$@"
	echo $(((${EPOCHREALTIME/./} - before) / 100 * 3 / 2 + 10))
}

clean_after() {	# WHAT
	ok delete --force "$ID" || { echo "after $1" >&2; return 1; }
	leak_check || { echo "after $1" >&2; return 1; }
}

@test "RT-DEL-03 RT-ERR-01 SIGKILL during create" {
	local t whole
	args sleep 1000
	whole=$(duration create)
	delete --force
	for t in $(moments "$whole"); do
		killed_after KILL "$t" create --bundle "$BUNDLE" "$ID"
		clean_after "create, $t/10 ms of $whole"
	done
}

@test "RT-ERR-01 SIGTERM during create" {
	local t whole
	args sleep 1000
	whole=$(duration create)
	delete --force
	for t in $(moments "$whole"); do
		killed_after TERM "$t" create --bundle "$BUNDLE" "$ID"
		clean_after "create, $t/10 ms of $whole"
	done
}

@test "SIGKILL during create of a container with everything" {
	local t whole
	userns
	add_namespace cgroup
	mkdir src
	bind "$TEST_DIR/src" /mnt ro
	config '.linux.cgroupsPath = $p | .linux.resources.pids.limit = 50
		| .hooks.createRuntime = [{path: "/bin/true"}] | .hooks.createContainer = [{path: "/bin/true"}]' \
		--arg p "/$TOKEN/deep/er"
	args sleep 1000
	whole=$(duration create)
	delete --force
	for t in $(moments "$whole"); do
		killed_after KILL "$t" create --bundle "$BUNDLE" "$ID"
		clean_after "create, $t/10 ms of $whole"
	done
}

@test "SIGKILL during start" {
	local t whole
	args sleep 1000
	create
	whole=$(duration start)
	delete --force
	for t in $(moments "$whole"); do
		create
		killed_after KILL "$t" start "$ID"
		clean_after "start, $t/10 ms of $whole"
	done
}

@test "SIGKILL during run" {
	local t whole
	args true
	whole=$(duration run_ok)
	for t in $(moments "$whole"); do
		killed_after KILL "$t" run --bundle "$BUNDLE" "$ID"
		clean_after "run, $t/10 ms of $whole"
	done
}

@test "SIGKILL during delete" {
	local t whole
	args sleep 1000
	create
	whole=$(duration delete --force)
	for t in $(moments "$whole"); do
		create
		killed_after KILL "$t" delete --force "$ID"
		clean_after "delete, $t/10 ms of $whole"
	done
}

@test "X-38 SIGKILL during create without a mount namespace" {
	local t whole
	without_namespace mount
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	args sleep 1000
	whole=$(duration create)
	delete --force
	for t in $(moments "$whole"); do
		killed_after KILL "$t" create --bundle "$BUNDLE" "$ID"
		clean_after "create, $t/10 ms of $whole"
	done
}

@test "SIGKILL while a hook hangs" {
	local kind
	args sleep 1000
	for kind in prestart createRuntime createContainer; do
		config '.hooks = {($k): [{path: "/bin/sh", args: ["sh", "-c", "echo >$DIR/hangs; exec sleep 1007"],
			env: ["PATH=/bin:/usr/bin", "DIR=" + $d, "RTB_TOKEN=" + $t]}]}' \
			--arg k "$kind" --arg d "$TEST_DIR" --arg t "$TOKEN"
		rm -f hangs
		"$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&- &
		wait_file "$TEST_DIR/hangs"
		kill -KILL $!
		clean_after "$kind"
	done
}

@test "the init of a container that is being made is killed" {
	local pid
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
		"sed \"s/.*\\\"pid\\\": *\\([0-9]*\\).*/\\1/\" | xargs kill -KILL"]}]'
	refused
	has "$error" kill
}

@test "list and state answer while containers are made and deleted" {
	args sleep 1000
	(
		for _ in {1..15}; do
			runtime create --bundle "$BUNDLE" "$ID" && runtime delete --force "$ID"
		done </dev/null >"$TEST_DIR/loop" 2>&1
	) 3>&- 4>&- &
	local loop=$!
	while kill -0 $loop 2>/dev/null; do
		ok list
		run_runtime state "$ID"
		((status < 2))
	done
	wait $loop
	file_is loop ""
}

@test "two creates of one id: one wins" {
	args sleep 1000
	local i first second
	for i in {1..8}; do
		(runtime create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>first) 3>&- 4>&- &
		first=$!
		status=0
		runtime create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>second || status=$?
		second=$status status=0
		wait $first || status=$?
		eq "$((status == 0)) $((second == 0))" "$((second != 0)) $((status != 0))"
		eq "$(state status)" created
		delete --force
		leak_check
	done
}

@test "create and delete --force at the same time" {
	args sleep 1000
	local i
	for i in {1..10}; do
		(runtime create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1) 3>&- 4>&- &
		run_runtime delete --force "$ID"
		((status < 2))
		wait $! || :
		clean_after "round $i"
	done
}
