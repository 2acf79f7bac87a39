#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `state` prints, and how it holds when the state directory does not.

load helpers

@test "ST-01 ST-07 ST-08 ST-09 ST-11 ST-12 RT-STATE-03 the members" {
	config '.annotations = {"org.example.a": "1", "org.example.b": ""}'
	create --pid-file "$TEST_DIR/pid"
	ok state "$ID"
	eq "$(jq -r .ociVersion "$OUT")" 1.3.0
	eq "$(jq -r .id "$OUT")" "$ID"
	eq "$(jq -r .status "$OUT")" created
	eq "$(jq .pid "$OUT")" "$(cat pid)"
	eq "$(jq -r .bundle "$OUT")" "$BUNDLE"
	eq "$(jq -r .rootfs "$OUT")" "$BUNDLE/rootfs"
	matches "$(jq -r .created "$OUT")" '^20[0-9-]{8}T[0-9:]{8}\.[0-9]{1,9}Z$'
	eq "$(jq -r .owner "$OUT")" "$(id -nu "${RTB_USER:-0}")"
	eq "$(jq -Sc .annotations "$OUT")" '{"org.example.a":"1","org.example.b":""}'
}

@test "ST-12 the order and the indentation" {
	config '.annotations = {"a": "1"}'
	create
	ok state "$ID"
	eq "$(jq -r 'keys_unsorted | join(" ")' "$OUT")" \
		"ociVersion id pid status bundle rootfs created annotations owner"
	eq "$(head -n2 "$OUT")" "{
  \"ociVersion\": \"1.3.0\","
	eq "$(tail -c 3 "$OUT" | od -An -c | tr -d ' ')" '\n}\n'
}

@test "ST-10 without annotations the member is left out" {
	create
	ok state "$ID"
	eq "$(jq 'has("annotations")' "$OUT")" false
}

@test "ST-12 SCH-13 the schema of the specification accepts it" {
	local schema=$SUITES/../data/schema
	need_program python3
	python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	create
	ok state "$ID"
	python3 "$SUITES/validate.py" "$schema/state-schema.json" "$OUT"
	jq 'del(.id)' "$OUT" >bad.json
	run ! python3 "$SUITES/validate.py" "$schema/state-schema.json" bad.json
}

@test "ST-04 ST-05 ST-06 ST-08 X-29 the states of a life" {
	args sleep 1000
	create
	local pid=$(pid_of)
	eq "$(state status)" created
	start
	eq "$(state status)" running
	eq "$(state pid)" "$pid"
	kill_ct KILL
	wait_pid "$pid"
	eq "$(state status)" stopped
	eq "$(state pid)" 0
}

@test "ST-06 a zombie is stopped" {
	need_program python3
	script 'exit 0'
	# a subreaper that never reaps
	cat >keep.py <<-'END'
		import ctypes, subprocess, sys, time
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
		subprocess.check_call(sys.argv[2:], stdin=subprocess.DEVNULL)
		open(sys.argv[1], "w").write("done")
		time.sleep(60)
	END
	background env RTB_TOKEN="$TOKEN" "$(python3 -c 'import sys; print(sys.executable)')" keep.py \
		"$TEST_DIR/done" "$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" "$ID"
	wait_file "$TEST_DIR/done"
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	matches "$(cat "/proc/$pid/stat")" '\) Z '
	eq "$(state status)" stopped
}

@test "ST-07 X-30 a frozen container is paused" {
	need_controller freezer
	args sleep 1000
	create
	start
	local pid
	pid=$(pid_of)
	freeze "$pid"
	eq "$(state status)" paused
	fails start "$ID"
	thaw "$pid"
	eq "$(state status)" running
}

@test "ST-13 another process with the same pid is not the container" {
	args sleep 1000
	create
	start
	local pid=$(pid_of)
	kill_ct KILL
	eventually missing "/proc/$pid" 2>/dev/null
	# A process gets the number again through the kernel's own knob.
	[[ -w /proc/sys/kernel/ns_last_pid ]] || skip "pids cannot be chosen here"
	local i last
	last=$(</proc/sys/kernel/ns_last_pid)
	for i in {1..50}; do
		echo $((pid - 1)) 2>/dev/null >/proc/sys/kernel/ns_last_pid || skip "pids cannot be chosen here"
		sleep 1000 3>&- 4>&- </dev/null >/dev/null 2>&1 &
		echo $! >>"$TEST_DIR/background"
		(($! != pid)) || break
	done
	# Numbers that were free a moment ago are not to be given out again to all the others.
	echo "$last" >/proc/sys/kernel/ns_last_pid
	(($! == pid)) || skip "the pid was taken by somebody else"
	eq "$(state status)" stopped
	fails kill "$ID" KILL
	kill -0 "$pid"
	delete
	kill -0 "$pid"
}

@test "RT-STATE-02 nothing on stdout for an unknown id" {
	fails state "$ID"
	eq "$output" ""
	has "$error" "container does not exist"
	eq "$status" 1
}

@test "a foreign entry of the state directory is never a crash" {
	local content
	mkdir "$ROOT/broken"
	run_runtime state broken
	((status < 124))
	for content in '' '{' '[]' 'null' '{"id": 5}' '\377\376' ; do
		printf "$content" >"$ROOT/broken/state.json"
		run_runtime state broken
		((status < 124))
	done
	touch "$ROOT/file"
	fails state file
	rm -r "$ROOT/broken" "$ROOT/file"
}

@test "a record cut off at any length is an error, never a crash, and can be deleted by force" {
	args sleep 1000
	create
	local record size cut pid
	pid=$(pid_of)
	record=$(find "$ROOT/$ID" -type f -size +0 ! -name 'config*' | head -n1)
	[[ -n $record ]] || skip "no record file found"
	cp "$record" record.saved
	size=$(stat -c %s "$record")
	for cut in 0 1 $((size / 4)) $((size / 2)) $((size - 2)); do
		head -c "$cut" record.saved >"$record"
		run_runtime state "$ID"
		((status < 124))
		run_runtime list
		eq "$status" 0
	done
	cp record.saved "$record"
	delete --force
}

@test "the state directory is for its owner alone to change" {
	create
	eq "$(stat -c %u "$ROOT/$ID")" "${RTB_USER:-0}"
	matches "$(stat -c %a "$ROOT/$ID")" '^7[0-5][0-5]$'
	eq "$(find "$ROOT/$ID" -perm /022 ! -type l | wc -l)" 0
}
