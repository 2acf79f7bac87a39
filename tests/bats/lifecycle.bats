#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The operations of runtime.md and the order of a container's life.

load helpers

@test "RT-OP-01 the five operations exist and an unknown command fails" {
	for command in state create start kill delete; do
		ok "$command" --help
	done
	fails no-such-command
}

@test "RT-CREATE-01 RT-START-01 RT-KILL-01 RT-DEL-01 RT-STATE-01 every operation needs an id" {
	fails create --bundle "$BUNDLE"
	for command in state start kill delete; do
		fails "$command"
	done
	leak_check
}

@test "RT-STATE-02 RT-START-02 RT-KILL-02 RT-DEL-02 an unknown id is an error" {
	for command in state start kill delete; do
		fails "$command" "$ID"
		has "$error" "does not exist"
	done
}

@test "RT-CREATE-03 RT-CREATE-04 ST-04 LIFE-01 LIFE-02 create makes the container" {
	create
	eq "$(state status)" created
	ok list -q
	eq "$output" "$ID"
	mounts_of "$(pid_of)"
	eq "$(mount_field /proc fstype)" proc
	eq "$(mount_field /dev/shm source)" shm
	for type in mnt pid net ipc uts; do
		ne "$(ns_of "$(pid_of)" $type)" "$(ns_of self $type)" "namespace $type"
	done
	eq "$(nsenter -t "$(pid_of)" -u uname -n)" teu hostname
}

@test "RT-CREATE-04 limits are set before start" {
	need_v1 pids
	config '.linux.resources.pids.limit = 77'
	create
	file_is "$(hierarchy pids)$(cgroup_path_of "$(pid_of)" pids)/pids.max" 77
}

@test "LIFE-04 RT-CREATE-05 LIFE-12 RT-START-03 ST-05 the program runs at start, not before" {
	writable_root
	script 'echo ran >/marker; exec sleep 1000'
	create
	missing "$BUNDLE/rootfs/marker"
	lacks "$(tr '\0' ' ' <"/proc/$(pid_of)/cmdline")" "sleep 1000"
	start
	wait_file "$BUNDLE/rootfs/marker"
	eq "$(state status)" running
	eventually grep -q sleep "/proc/$(pid_of)/cmdline"
}

@test "RT-START-04 start returns when the program has been executed" {
	args sleep 1000
	create
	start
	# The file is the program's already; the kernel shows arguments a moment later.
	[[ $(caller readlink "/proc/$(pid_of)/exe") == */@(sleep|busybox) ]]
	eventually grep -qz '^1000$' "/proc/$(pid_of)/cmdline"
	eq "$(state status)" running
}

@test "RT-START-04 a program that vanished after create makes start fail" {
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/once"
	args /bin/once true
	create
	rm "$BUNDLE/rootfs/bin/once"
	fails start "$ID"
	has "$error" "no such file or directory"
}

@test "RT-START-02 a second start is an error without effect" {
	writable_root
	script 'echo ran >>/marker; exec sleep 1000'
	create
	start
	wait_file "$BUNDLE/rootfs/marker"
	fails start "$ID"
	has "$error" "cannot start an already running container"
	eq "$(state status)" running
	file_is "$BUNDLE/rootfs/marker" ran
}

@test "RT-START-02 a stopped container does not start" {
	create
	local pid=$(pid_of)
	kill_ct KILL
	wait_pid "$pid"
	fails start "$ID"
	has "$error" "cannot start a container that has stopped"
	eq "$(state status)" stopped
}

@test "RT-START-02 a paused container does not start" {
	need_v1 freezer
	local file
	create
	file=$(hierarchy freezer)$(cgroup_path_of "$(pid_of)" freezer)/freezer.state
	echo FROZEN >"$file"
	fails start "$ID"
	has "$error" paused
	eq "$(state status)" paused
	echo THAWED >"$file"
	eq "$(state status)" created
}

@test "PROC-01 RT-START-05 X-07 without process create works and start fails" {
	config 'del(.process)'
	create
	eq "$(state status)" created
	fails start "$ID"
	has "$error" "process"
	eq "$(state status)" created
}

@test "PROC-01 run without process fails before anything is made" {
	config 'del(.process)'
	fails run --bundle "$BUNDLE" "$ID"
	leak_check
}

@test "LIFE-05 a config.json changed after create has no effect" {
	writable_root
	script 'echo old >/marker'
	create
	script 'echo new >/marker'
	config '.hooks = {poststart: [{path: "/bin/false"}], poststop: [{path: "/bin/false"}]}'
	start
	wait_file "$BUNDLE/rootfs/marker"
	file_is "$BUNDLE/rootfs/marker" old
}

@test "LIFE-05 a container lives on when its config.json is gone" {
	args sleep 1000
	create
	rm "$BUNDLE/config.json"
	start
	eq "$(state status)" running
	delete --force
	is_gone
}

@test "LIFE-14 ST-06 a program that exits, fails or is killed leaves a stopped container" {
	local program pid
	for program in true false 'kill -ABRT $$' 'kill -KILL $$; exec sleep 1000'; do
		script "$program"
		without_namespace pid
		create
		pid=$(pid_of)
		start
		wait_pid "$pid"
		eq "$(state status)" stopped "$program"
		eq "$(state pid)" 0
		delete
	done
}

@test "RT-ERR-01 RT-CREATE-07 RT-CREATE-08 LIFE-03 a failing create leaves everything as it was" {
	config '.mounts += [{destination: "/mnt/a", type: "nosuchfs", source: "none"}]'
	refused nosuchfs
}

@test "RT-ERR-01 RT-CREATE-07 one property of each family that cannot be applied" {
	local expr
	cp "$BUNDLE/config.json" good.json
	for expr in '.process.cwd = "/etc/passwd"' '.process.args = ["/no/such/program"]' \
		'.root.path = "nowhere"' '.linux.sysctl = {"net.no.such.key": "1"}' \
		'.linux.namespaces += [{type: "user", path: "/dev/null"}]' \
		'.linux.devices = [{path: "/dev/x", type: "x", major: 1, minor: 3}]' \
		'.hooks.createRuntime = [{path: "/bin/false"}]' \
		'.linux.resources.cpu.cpus = "4095"' '.process.rlimits = [{type: "RLIMIT_NO", soft: 1, hard: 1}]'; do
		cp good.json "$BUNDLE/config.json"
		config "$expr"
		refused || { echo "with $expr" >&2; return 1; }
	done
}

@test "RT-CREATE-02 an id that is taken is refused and its owner lives on" {
	args sleep 1000
	create
	start
	local pid=$(pid_of)
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "container with given ID already exists"
	eq "$(state status)" running
	eq "$(pid_of)" "$pid"
}

@test "RT-CREATE-02 ids that are not valid are refused" {
	local id
	for id in . .. a/b ../x /x 'a b' 'a*' $'a\nb' 'é' "$(printf 'a%.0s' {1..300})"; do
		fails create --bundle "$BUNDLE" "$id"
		eq "$(state_entries)" ""
	done
	fails create --bundle "$BUNDLE" ""
	has "$error" "container id cannot be empty"
}

@test "RT-CREATE-02 every character that an id may have" {
	ID="$TOKEN.A-z_0+9"
	create
	eq "$(state id)" "$ID"
	delete --force
}

@test "ST-02 the same id is free under another root" {
	need_cgroupfs
	create
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-second"
	ROOT=$TEST_DIR/root2 create
	ROOT=$TEST_DIR/root2 delete --force
	eq "$(state status)" created
}

@test "RT-DEL-05 a deleted id can be used again" {
	for _ in 1 2; do
		create
		delete --force
	done
}

@test "RT-01 the creator can use every operation" {
	args sleep 1000
	create
	ok state "$ID"
	start
	local pid=$(pid_of)
	kill_ct TERM
	kill_ct KILL
	wait_pid "$pid"
	delete
	is_gone
}

@test "LIFE-10 LIFE-15 LIFE-16 RT-DEL-03 delete removes everything that create made" {
	args true
	create
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	delete
	leak_check
}

@test "run returns the program's exit status" {
	script 'exit 37'
	run_ct
	eq "$status" 37
	leak_check
}

@test "run returns 128 + n when the program died of signal n" {
	script 'exec /bin/probe wait-signals'
	without_namespace pid
	script 'kill -KILL $$'
	run_ct
	eq "$status" 137
}

@test "run --detach returns at once and leaves the container running" {
	args sleep 1000
	run_ok --detach --pid-file "$TEST_DIR/pid"
	eq "$(state status)" running
	eq "$(cat "$TEST_DIR/pid")" "$(pid_of)"
}

@test "run --keep leaves the stopped container" {
	args true
	run_ok --keep
	eq "$(state status)" stopped
	delete
}

@test "run forwards signals to the program" {
	script 'trap "echo got; exit 5" USR1; echo ready; while :; do sleep 0.05; done'
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- &
	local runtime=$!
	wait_file "$OUT"
	kill -USR1 "$runtime"
	wait "$runtime" || status=$?
	eq "${status:-0}" 5
	has "$(cat "$OUT")" got
}

@test "BUN-02 ST-09 a bundle given relative, through .. and through a link" {
	ln -s "$BUNDLE" link
	for path in bundle ./bundle/../bundle link; do
		ok create --bundle "$path" "$ID"
		eq "$(realpath "$(state bundle)")" "$BUNDLE"
		matches "$(state bundle)" '^/'
		delete --force
	done
}

@test "BUN-02 the name of the bundle directory does not matter" {
	mv "$BUNDLE" "$TEST_DIR/other name"
	BUNDLE="$TEST_DIR/other name"
	args echo here
	run_ok
	eq "$output" here
}

@test "the bundle defaults to the current directory" {
	args echo here
	cd "$BUNDLE"
	ok run "$ID"
	eq "$output" here
}

@test "BUN-01 a missing config.json is named" {
	mv "$BUNDLE/config.json" "$BUNDLE/Config.json"
	refused config.json
	has "$error" "JSON specification file config.json not found"
}

@test "BUN-03 only config.json and the rootfs are read in the bundle" {
	need_program strace
	args true
	mkdir "$BUNDLE/other"
	touch "$BUNDLE/config.yaml"
	# No tracer beside another: the leak check of a build with sanitizers is one.
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
		strace -f -qq -e trace=%file -o trace "$RUNTIME" --root "$ROOT" \
		run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	run ! grep -E '"[^"]*(other|config\.yaml)"' trace
}
