#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# conmon by hand, as CRI-O uses it: conmon creates, the engine calls state, start, kill and delete itself.

load engines

setup_file() {
	suite_begin
}

teardown_file() {
	suite_end
}

setup() {
	mkdir -p "$W/t"/{exits,persist,sock,root}
	cd "$W/t"
	B=$W/t/b
	ID=c1
}

teardown() {
	cd /
	rt delete --force "$ID"
	[ ! -s "$W/t/conmon.pid" ] || wait_for 10 bash -c "! kill -0 $(cat "$W/t/conmon.pid")" ||
		kill -KILL "$(cat "$W/t/conmon.pid")"
	leaks_expect_none conmon_leaks
	rm -rf "$W/t"
}

conmon_leaks() {
	find "$W/t/root" -mindepth 1 -maxdepth 1 | sed 's/^/state directory /'
	leaks_word
	pgrep -af "conmon .*$W/t" | cut -c1-120 | sed 's/^/process /'
}

rt() {
	timeout 30 "$RUNTIME" --root "$W/t/root" "$@" 3>&- 4>&-
}

# conmon_create OPTION...: what conmon answers on its sync pipe is in $W/t/sync.
conmon_create() {
	: > "$W/t/sync"
	_OCI_SYNCPIPE=5 _OCI_STARTPIPE=6 conmon -b "$B" -c "$ID" -u "$ID" -n name --exit-dir "$W/t/exits" \
		--persist-dir "$W/t/persist" -l "k8s-file:$W/t/log" --log-level info -P "$W/t/conmon.pid" -p "$W/t/pid" \
		-r "$RUNTIME" --runtime-arg "--root=$W/t/root" --socket-dir-path "$W/t/sock" "$@" \
		3>&- 4>&- 5> "$W/t/sync" 6< <(printf '\0') < /dev/null > "$W/t/conmon.out" 2>&1
	wait_for "${PATIENCE:-20}" test -s "$W/t/sync"
}

sync_pid() {
	jq -r .pid "$W/t/sync"
}

state() {
	rt state "$ID" | jq -r .status
}

state_is() {
	[ "$(state)" = "$1" ]
}

exit_code() {
	wait_for 20 test -s "$W/t/exits/$ID"
	cat "$W/t/exits/$ID"
}

@test "conmon: create, state, start, exit file, delete" {
	bundle_make "$B" $ID '.process.args = ["sh", "-c", "echo out; echo err >&2; exit 6"]'
	conmon_create
	[ "$(sync_pid)" -gt 0 ]
	[ "$(cat "$W/t/pid")" = "$(sync_pid)" ]
	[ "$(wc -l < "$W/t/pid")" = 0 ] # no newline
	[ "$(state)" = created ]
	rt start $ID
	[ "$(exit_code)" = 6 ]
	[ "$(state)" = stopped ]
	[ "$(rt state $ID | jq .pid)" = 0 ]
	grep -q ' stdout F out$' "$W/t/log"
	grep -q ' stderr F err$' "$W/t/log"
	rt delete $ID
	run rt state $ID
	[ "$status" -ne 0 ]
	[[ "$output" == *"does not exist"* ]]
}

@test "conmon: the state names pid, bundle and annotations of a running container" {
	bundle_make "$B" $ID '.process.args = ["sleep", "60"] | .annotations = {"io.kubernetes.cri-o.Name": "x y"}'
	conmon_create
	rt start $ID
	run --separate-stderr rt state $ID
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	jq -e --arg b "$B" --argjson pid "$(sync_pid)" '.status == "running" and .pid == $pid and .bundle == $b
		and .id == "c1" and .annotations["io.kubernetes.cri-o.Name"] == "x y"
		and (.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$"))' <<< "$output"
}

@test "conmon: kill by number and by name, 128 + number in the exit file" {
	bundle_make "$B" $ID '.process.args = ["sleep", "60"]'
	conmon_create
	rt start $ID
	rt kill $ID KILL
	[ "$(exit_code)" = 137 ]
	wait_for 5 state_is stopped
	run rt kill $ID 15
	[ "$status" -ne 0 ]
	[[ "$output" == *"not running"* ]]
	rt delete $ID
}

@test "conmon: a failing create is answered with the runtime's message" {
	bundle_make "$B" $ID '.process.args = ["/no/such/program"]'
	conmon_create
	[ "$(sync_pid)" -lt 0 ]
	jq -r .message "$W/t/sync" | grep -q "no such file or directory"
	[ ! -e "$W/t/pid" ]
	run rt state $ID
	[ "$status" -ne 0 ]
	rt delete --force $ID
}

@test "conmon: a broken config.json is answered with a message" {
	mkdir -p "$B"
	echo '{"ociVersion": "1.0.0", ' > "$B/config.json"
	conmon_create
	[ "$(sync_pid)" -lt 0 ]
	[ -n "$(jq -r .message "$W/t/sync")" ]
}

@test "conmon -t: the terminal goes over the console socket, its output to the log" {
	bundle_make "$B" $ID '.process.terminal = true | .process.args = ["sh", "-c", "tty; echo done; sleep 60"]'
	conmon_create -t
	[ "$(sync_pid)" -gt 0 ]
	rt start $ID
	wait_for 10 grep -q done "$W/t/log"
	grep -q '/dev/' "$W/t/log"
	[ "$(readlink "/proc/$(sync_pid)/fd/0")" = "$(readlink "/proc/$(sync_pid)/fd/1")" ]
	[ "$(cut -d' ' -f6 "/proc/$(sync_pid)/stat")" = "$(sync_pid)" ] # leads its session
}

@test "conmon -i: standard input is a pipe that conmon holds" {
	bundle_make "$B" $ID '.process.args = ["sh", "-c", "readlink /proc/self/fd/0; read x; exit 3"]'
	conmon_create -i
	rt start $ID
	wait_for 10 grep -q 'pipe:' "$W/t/log"
	[ "$(state)" = running ]
	rt kill $ID KILL
	[ "$(exit_code)" = 137 ]
}

@test "conmon: a created container is deleted without a start" {
	bundle_make "$B" $ID '.process.args = ["true"]'
	conmon_create
	[ "$(state)" = created ]
	rt delete $ID
	[ "$(exit_code)" = 137 ]
}

@test "conmon: the container is in its cgroup before create returns" {
	bundle_make "$B" $ID '.process.args = ["true"] | .linux.resources.pids = {"limit": 17}'
	conmon_create
	cgroup_dir "$(sync_pid)" pids | grep -q "/$WORD/$ID$"
	[ "$(cgroup_read "$(sync_pid)" pids pids.max pids.max)" = 17 ]
}

@test "conmon: no signal is blocked or ignored" {
	bundle_make "$B" $ID '.process.args = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]'
	conmon_create
	rt start $ID
	[ "$(exit_code)" = 0 ]
	[ "$(grep -cE 'Sig(Blk|Ign):\s0000000000000000$' "$W/t/log")" = 2 ]
}

@test "conmon: no descriptor of conmon reaches the program" {
	bundle_make "$B" $ID '.process.args = ["sh", "-c", "ls /proc/self/fd | wc -l"]'
	conmon_create
	rt start $ID
	[ "$(exit_code)" = 0 ]
	grep -q ' stdout F 4$' "$W/t/log" # 0 to 2, and ls's own
}

@test "conmon: the commands work without any environment" {
	bundle_make "$B" $ID '.process.args = ["sleep", "60"]'
	conmon_create
	env -i "$RUNTIME" --root "$W/t/root" start $ID
	[ "$(env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$W/t/root" state $ID | jq -r .status)" = running ]
	env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$W/t/root" kill $ID 9
	[ "$(exit_code)" = 137 ]
	env -i "$RUNTIME" --root "$W/t/root" delete --force $ID
}

# ---- exec ---------------------------------------------------------------------

# conmon_exec FILE OPTION...: what conmon answers is in $W/t/sync, the exit code comes to the same pipe.
conmon_exec() {
	: > "$W/t/sync"
	_OCI_SYNCPIPE=5 _OCI_STARTPIPE=6 _OCI_ATTACHPIPE=7 conmon -b "$B" -c "$ID" -u "$ID-x" -n name --exec \
		--exec-process-spec "$1" --exit-dir "$W/t/exits/x" --persist-dir "$W/t/persist/x" -l "k8s-file:$W/t/log.x" \
		-P "$W/t/conmon.x" -p "$W/t/pid.x" -r "$RUNTIME" --runtime-arg "--root=$W/t/root" \
		--socket-dir-path "$W/t/sock" "${@:2}" \
		3>&- 4>&- 5> "$W/t/sync" 6< <(printf '\0') 7> /dev/null < /dev/null > "$W/t/conmon.out" 2>&1
	wait_for "${PATIENCE:-20}" test -s "$W/t/sync"
}

exec_process() {
	jq '.process | .args = $ARGS.positional' "$B/config.json" --args -- "$@" > "$W/t/process.json"
}

running_for_exec() {
	bundle_make "$B" $ID '.process.args = ["sleep", "60"]'
	conmon_create
	rt start $ID
	mkdir -p "$W/t/exits/x" "$W/t/persist/x"
}

@test "conmon --exec: the pid, and the exit code" {
	running_for_exec
	exec_process sh -c 'echo out; exit 5'
	conmon_exec "$W/t/process.json"
	wait_for 20 grep -qF '{"exit_code": 5}' "$W/t/sync"
	grep -q ' stdout F out$' "$W/t/log.x"
}

@test "conmon --exec: a program that is not there is answered with the runtime's message" {
	running_for_exec
	exec_process no-such-program
	conmon_exec "$W/t/process.json"
	grep -q 'executable file not found' "$W/t/sync"
	[ ! -e "$W/t/pid.x" ]
	[ "$(state)" = running ]
}

@test "conmon --exec -t: the terminal goes over the console socket" {
	running_for_exec
	exec_process sh -c 'tty; echo on-terminal'
	jq '.terminal = true' "$W/t/process.json" > "$W/t/p" && mv "$W/t/p" "$W/t/process.json"
	conmon_exec "$W/t/process.json" -t
	wait_for 20 grep -q on-terminal "$W/t/log.x"
	grep -q /dev/pts/ "$W/t/log.x"
}

# ---- conmon dies --------------------------------------------------------------

# Both processes of a conmon: the one that was called and the one that watches. The runtime dies with its parent.
# One that was killed before it could arrange for that leaves a runtime that carries on.
conmon_kill() {
	while pkill -KILL -f "^[^ ]*conmon .*$W/t"; do :; done
	wait_for 10 runtime_idle "$W/t"
}

@test "conmon killed while a hook runs in create: delete --force leaves nothing" {
	local hook

	for hook in createRuntime createContainer; do
		rm -rf "$W/t/there" "$B"
		bundle_make "$B" $ID '.process.args = ["true"] | .hooks.'$hook' = [{path: "/bin/sh", args: ["sh", "-c",
			"echo > '"$W/t/there"'; exec sleep 9186"]}]'
		PATIENCE=0 conmon_create > /dev/null 2>&1 &
		wait_for 10 test -e "$W/t/there"
		conmon_kill
		wait
		rt delete --force $ID
		wait_for 5 bash -c '! pgrep -f "^sleep 9186"'
		leaks_expect_none conmon_leaks
		[ ! -e "$W/t/pid" ]
	done
}

@test "conmon killed at any moment of create: the same id works at once" {
	local moment

	bundle_make "$B" $ID '.process.args = ["sleep", "60"]'
	for moment in 0 0.004 0.008 0.012 0.016 0.02 0.03 0.05; do
		PATIENCE=0 conmon_create > /dev/null 2>&1 &
		sleep $moment
		conmon_kill
		wait
		rt delete --force $ID
		leaks_expect_none conmon_leaks
		rm -f "$W/t/conmon.pid" "$W/t/pid"
	done
	conmon_create
	[ "$(state)" = created ]
}

@test "conmon killed while the container runs: it goes on and is ended by kill and delete" {
	local pid

	running_for_exec
	pid=$(sync_pid)
	conmon_kill
	[ "$(state)" = running ]
	kill -0 "$pid"
	rt exec $ID true
	rt kill $ID KILL
	wait_for 5 state_is stopped
	rt delete $ID
}

@test "conmon killed at any moment of exec: the container is as it was" {
	local moment pid

	running_for_exec
	pid=$(sync_pid)
	exec_process sleep 0.2
	for moment in 0 0.004 0.008 0.012 0.016 0.02 0.03 0.05; do
		PATIENCE=0 conmon_exec "$W/t/process.json" > /dev/null 2>&1 &
		sleep $moment
		while pkill -KILL -f "^[^ ]*conmon .*$W/t.* --exec-process-spec"; do :; done
		wait
	done
	[ "$(state)" = running ]
	kill -0 "$pid"
	wait_for 5 bash -c '! pgrep -f "^sleep 0.2"'
	exec_process sh -c 'exit 5'
	conmon_exec "$W/t/process.json"
	wait_for 20 grep -qF '{"exit_code": 5}' "$W/t/sync"
	rt ps --format json $ID | jq -e "length >= 1 and (map(select(. == $pid)) | length == 1)"
}

@test "delete killed at any moment: a second one removes everything" {
	local moment

	bundle_make "$B" $ID '.process.args = ["sleep", "60"]'
	for moment in 0.001 0.002 0.004 0.006 0.01 0.015 0.02 0.03; do
		rm -f "$W/t/conmon.pid"
		conmon_create
		rt start $ID
		timeout -s KILL $moment "$RUNTIME" --root "$W/t/root" delete --force $ID 3>&- 4>&- || true
		rt delete --force $ID
		wait_for 10 bash -c "! kill -0 $(cat "$W/t/conmon.pid")"
		leaks_expect_none conmon_leaks
	done
}

# ---- the same on another runtime ----------------------------------------------

# One container with everything that is compared, on RUNTIME: what conmon answers, exit files and logs.
conmon_transcript() {
	local code program

	for program in '"sh", "-c", "exit 7"' '"sh", "-c", "kill -SEGV $$"' '"nope"' '"/etc/passwd"'; do
		rm -rf "$W/t"/{exits,persist,sock,log,pid,conmon.pid,b}
		mkdir "$W/t"/{exits,persist,sock}
		bundle_make "$B" $ID ".process.args = [$program] | .process.rlimits = []"
		conmon_create
		echo "$program"
		jq -c '.pid > 0' "$W/t/sync"
		if [ "$(sync_pid)" -gt 0 ]; then
			say state
			say rt start $ID
			say exit_code
			wait_for 5 state_is stopped
			say rt state $ID > "$W/t/state"
			jq -c 'del(.created, .bundle, .rootfs, .ociVersion) | [.id, .status, .pid]' < <(sed '/^[+=] /d' "$W/t/state")
			say rt kill $ID 9
			say rt kill --all $ID 9
		fi
		say rt delete --force $ID
		say rt delete $ID
	done
	rm -rf "$W/t"/{exits,persist,sock,log,pid,conmon.pid,b}
	mkdir "$W/t"/{exits,persist,sock}
	bundle_make "$B" $ID '.process.args = ["sleep", "60"] | .process.rlimits = []'
	conmon_create
	say rt start $ID
	mkdir -p "$W/t/exits/x" "$W/t/persist/x"
	for code in 'sh -c exit\ 5' nope /etc /no/such; do
		eval "exec_process $code"
		conmon_exec "$W/t/process.json"
		wait_for 20 grep -q exit_code "$W/t/sync" || true
		jq -cs 'map(.exit_code // empty | if . < 0 then "failed" else . end)' "$W/t/sync"
	done
	say rt pause $ID
	say state
	say rt resume $ID
	say rt delete $ID
	say rt kill $ID TERM
	say rt kill $ID KILL
	say exit_code
	say rt delete --force $ID
}

@test "conmon: a life looks the same with Debian's crun or runc" {
	same_as_reference conmon_transcript
}
