#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How a container ended: "exit" and "oomKills" in its state, as far as anybody knows, and in what poststop hooks get.

load helpers

ending() { runtime state "$ID" </dev/null | jq -c "$1"; }
is_stopped() { [[ $(state status 2>/dev/null) == stopped ]]; }

# A subreaper that never waits for init, so that it stays a zombie.
with_zombie() {
	need_program python3
	cat >keep.py <<-'END'
		import ctypes, subprocess, sys, time
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
		subprocess.check_call(sys.argv[2:], stdin=subprocess.DEVNULL)
		open(sys.argv[1], "w").write("done")
		time.sleep(60)
	END
	background env RTB_TOKEN="$TOKEN" "$(python3 -c 'import sys; print(sys.executable)')" keep.py \
		"$TEST_DIR/done" "$RUNTIME" --root "$ROOT" run -d --bundle "$BUNDLE" "$ID" >"$OUT.zombie" 2>&1
	wait_file "$TEST_DIR/done"
	eventually is_stopped
}

hook_input() {
	config '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "cat >\($f)"]}]' --arg f "$TEST_DIR/hook"
}

@test "run --keep remembers the exit status" {
	script 'exit 7'
	run_ct --keep
	eq "$status" 7
	eq "$(ending .exit)" '{"code":7}'
	eq "$(ending 'keys_unsorted[-2:]')" '["exit","oomKills"]'
	delete
	script 'kill -KILL $$; sleep 10'
	without_namespace pid
	run_ct --keep
	eq "$status" 137
	eq "$(ending .exit)" '{"signal":9}'
	delete
	script 'exit 137'
	run_ct --keep
	eq "$(ending .exit)" '{"code":137}'
	ok list -f json
	eq "$(jq -c '.[0].exit' <<<"$output")" '{"code":137}'
	delete
	args true
	run_ct --keep
	eq "$(ending .exit)" '{"code":0}'
}

@test "a container that has not ended has neither" {
	args sleep 1000
	create
	eq "$(ending '[.exit, .oomKills]')" "[null,null]"
	start
	eq "$(ending '[.exit, .oomKills]')" "[null,null]"
}

@test "an exit status that nobody has asked for is known, one that somebody took is not" {
	script 'exit 5'
	with_zombie
	eq "$(ending .exit)" '{"code":5}'
	kill "$BACKGROUND"
	wait "$BACKGROUND" || :
	eventually exit_is_unknown
	eq "$(state status)" stopped
}

exit_is_unknown() { [[ $(ending .exit) == null ]]; }

@test "a zombie's status is not made up for who may not see it" {
	need_root "write records that everybody trusts"
	script 'exit 5'
	with_zombie
	chmod 711 "$ROOT" "$ROOT/$ID"
	chmod 644 "$ROOT/$ID/record"
	chmod 755 "$ROOT" "$ROOT/$ID"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$RUNTIME" --root "$ROOT" state "$ID" >"$OUT" 2>"$ERR" </dev/null || status=$?
	eq "$status" 0
	eq "$(jq -c .exit "$OUT")" null
	eq "$(jq -r .status "$OUT")" stopped
}

@test "processes that were killed for want of memory are counted" {
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	script 'tail /dev/zero; tail /dev/zero; exit 3'
	run_ct --keep
	eq "$status" 3
	eq "$(ending .exit)" '{"code":3}'
	eq "$(ending .oomKills)" 2
	delete
	# init itself
	args tail /dev/zero
	run_ct --keep
	eq "$status" 137
	eq "$(ending .exit)" '{"signal":9}'
	eq "$(ending .oomKills)" 1
}

@test "a container that a signal killed has no OOM kill" {
	args sleep 1000
	create
	start
	local pid
	pid=$(pid_of)
	kill_ct
	wait_pid "$pid"
	eq "$(ending .oomKills)" 0
}

@test "without a cgroup nobody counts" {
	script 'exit 3'
	run_runtime --cgroup-manager disabled run --keep --bundle "$BUNDLE" "$ID"
	eq "$status" 3
	eq "$(ending '[.exit, .oomKills]')" '[{"code":3},null]'
}

@test "poststop hooks are told, although the cgroup is gone" {
	hook_input
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	script 'tail /dev/zero; exit 3'
	run_ct
	eq "$status" 3
	eq "$(jq -c '[.status, .exit, .oomKills]' "$TEST_DIR/hook")" '["stopped",{"code":3},1]'
	create
	start
	eventually is_stopped
	delete
	eq "$(jq -c '[.status, .oomKills]' "$TEST_DIR/hook")" '["stopped",1]'
	args sleep 1000
	create
	start
	delete --force
	eq "$(jq -c '[.status, .oomKills]' "$TEST_DIR/hook")" '["stopped",0]'
}

@test "a container in the foreground can be changed and deleted by others" {
	args sleep 1000
	background timeout 60 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT.run" 2>"$ERR.run"
	local runner=$BACKGROUND
	eventually is_running
	TIMEOUT=5 ok exec "$ID" true
	TIMEOUT=5 ok ps --format json "$ID"
	TIMEOUT=5 ok list -q
	TIMEOUT=5 ok pause "$ID"
	TIMEOUT=5 fails start "$ID"
	TIMEOUT=5 fails delete "$ID"
	TIMEOUT=5 ok resume "$ID"
	TIMEOUT=5 ok update --pids-limit 50 "$ID"
	TIMEOUT=5 ok kill "$ID" KILL
	status=0
	wait "$runner" || status=$?
	eq "$status" 137
	eq "$(cat "$ERR.run")" ""
	is_gone
	background timeout 60 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT.run" 2>"$ERR.run"
	runner=$BACKGROUND
	eventually is_running
	TIMEOUT=10 ok delete --force "$ID"
	status=0
	wait "$runner" || status=$?
	eq "$status" 137
	eq "$(cat "$ERR.run")" ""
	is_gone
}

@test "the runtime of a container in the foreground is killed: the container goes on and belongs to all others" {
	local runner init

	args sleep 1000
	background "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT.run" 2>"$ERR.run"
	runner=$BACKGROUND
	eventually is_running
	init=$(pid_of)
	kill -KILL "$runner"
	wait "$runner" || true
	kill -0 "$init"
	TIMEOUT=5 is_running
	TIMEOUT=5 ok exec "$ID" true
	TIMEOUT=5 ok pause "$ID"
	TIMEOUT=5 ok resume "$ID"
	TIMEOUT=5 fails create --bundle "$BUNDLE" "$ID"
	TIMEOUT=5 ok kill "$ID" KILL
	wait_pid "$init"
	eventually is_stopped
	TIMEOUT=5 ok delete "$ID"
	is_gone
	background "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT.run" 2>"$ERR.run"
	runner=$BACKGROUND
	eventually is_running
	kill -KILL "$runner"
	wait "$runner" || true
	TIMEOUT=10 ok delete --force "$ID"
	is_gone
}

is_stopped() { [[ $(state status 2>/dev/null) == stopped ]]; }
is_running() { [[ $(state status 2>/dev/null) == running ]]; }
