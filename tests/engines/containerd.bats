#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd with its runc shim and ctr drives the runtime under test: create, start, kill, delete, delete --force.

load engines

setup_file() {
	suite_begin
	mkdir "$W/c" "$W/c/path"
	cat > "$W/c/config.toml" <<-CONF
		version = 2
		root = "$W/c/root"
		state = "$W/c/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt",
			"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs",
			"io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
			"io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
		[grpc]
		  address = "$W/c/c.sock"
		[ttrpc]
		  address = "$W/c/c.sock.ttrpc"
	CONF
	# ctr ignores --runc-binary with some options; the shim then takes "runc" from the PATH.
	ln -s "$RUNTIME" "$W/c/path/runc"
	PATH=$W/c/path:$PATH setsid containerd --config "$W/c/config.toml" > "$W/c/log" 2>&1 3>&- 4>&- < /dev/null &
	echo $! > "$W/c/pid"
	export CONTAINERD_ADDRESS=$W/c/c.sock CONTAINERD_NAMESPACE=$WORD
	wait_for 20 ctr version || { cat "$W/c/log" >&2; return 1; }

	umoci init --layout "$W/c/oci"
	umoci new --image "$W/c/oci:bb"
	umoci unpack --image "$W/c/oci:bb" "$W/c/bundle"
	cp -a "$W/rootfs/." "$W/c/bundle/rootfs/"
	umoci repack --image "$W/c/oci:bb" "$W/c/bundle"
	umoci config --image "$W/c/oci:bb" --config.cmd /bin/sh
	rm -rf "$W/c/bundle"
	tar -C "$W/c/oci" -cf "$W/c/bb.tar" .
	ctr images import --base-name dut "$W/c/bb.tar"
	IMAGE=$(ctr images ls -q | head -1)
	SNAPSHOTTER=overlayfs
	export IMAGE SNAPSHOTTER
	# Overlay does not stack on overlay (a test machine that is a container itself).
	cr run --rm "$IMAGE" probe true || SNAPSHOTTER=native
}

teardown_file() {
	[ -n "${W-}" ] || return 0
	if [ -s "$W/c/pid" ]; then
		kill "$(cat "$W/c/pid")" || true
		wait_for 10 bash -c "! kill -0 $(cat "$W/c/pid")" || true
	fi
	suite_end
}

# cr run|... : ctr with the runtime under test. Arguments after the first go behind our own options.
cr() {
	local verb=$1

	shift
	timeout --foreground -k 5 60 ctr "$verb" --snapshotter "$SNAPSHOTTER" \
		--runc-binary "$RUNTIME" --runc-root "$W/c/rr" "$@" 3>&- 4>&-
}

# cr_config FILTER ID [OPTION...]: runs `ctr oci spec`, changed by the jq filter, on the plain tree.
cr_config() {
	local filter=$1 id=$2

	shift 2
	ctr oci spec | jq --arg root "$W/rootfs" --arg path "/$WORD/$id" \
		".root.path = \$root | .linux.cgroupsPath = \$path
		| .process.env = [\"PATH=/bin\"] | $filter" > "$W/t/$id.json"
	timeout --foreground -k 5 60 ctr run --config "$W/t/$id.json" \
		--runc-binary "$RUNTIME" --runc-root "$W/c/rr" "$@" "$id" 3>&- 4>&-
}

# task_delete ID CODE: deletes a stopped task; ctr tells its exit code in words or in its own status.
task_delete() {
	local code=0 text

	text=$(ctr tasks delete "$1" 2>&1) || code=$?
	[ $code -eq "$2" ] || [[ "$text" == *"exit code $2"* ]]
}

setup() {
	mkdir "$W/t"
	cd "$W/t" # conmon writes a file "oom" where it was started
}

teardown() {
	cd /
	local id

	for id in $(ctr tasks ls -q 2>/dev/null); do
		timeout 20 ctr tasks delete -f "$id" > /dev/null 2>&1 || true
	done
	for id in $(ctr containers ls -q 2>/dev/null); do
		timeout 20 ctr containers delete "$id" > /dev/null 2>&1 || true
	done
	rm -rf "$W/t"
	leaks_expect_none containerd_leaks
}

containerd_leaks() {
	local namespace=$W/c/rr/$CONTAINERD_NAMESPACE

	if [ -d "$namespace" ]; then find "$namespace" -mindepth 1 -maxdepth 1 | sed 's/^/state directory /'; fi
	find "/run/$RUNTIME_NAME" -mindepth 1 -maxdepth 1 -name "$WORD*" 2>/dev/null | sed 's/^/state directory /'
	leaks_word
	pgrep -af "containerd-shim.*$WORD" | cut -c1-120 | sed 's/^/process /'
	find "$W/c/state" -path '*/io.containerd.runtime.v2.task/*' -mindepth 3 -maxdepth 3 | sed 's/^/bundle /'
	mounts_below "$W/c/state" | sed 's/^/mount /'
}

task_pid() {
	ctr tasks ls | awk -v id="$1" '$1 == id { print $2 }'
}

task_status() {
	ctr tasks ls | awk -v id="$1" '$1 == id { print $3 }'
}

task_is() {
	[ "$(task_status "$1")" = "$2" ]
}

# ---- output and exit status ---------------------------------------------------

@test "ctr run: output arrives, status 0" {
	run --separate-stderr cr run --rm "$IMAGE" t1 sh -c 'echo to-out; echo to-err >&2'
	[ "$status" -eq 0 ]
	[ "$output" = to-out ]
	[ "$stderr" = to-err ]
}

@test "ctr run: the program's exit status comes through" {
	local code

	for code in 1 5 125 126 255; do
		run -$code cr run --rm "$IMAGE" "t$code" sh -c "exit $code"
	done
}

@test "ctr run: a program killed by a signal gives 128 + number" {
	run -143 cr_config '.linux.namespaces |= map(select(.type != "pid"))
		| .process.args = ["sh", "-c", "kill -TERM $$"]' t1 --rm
}

@test "ctr run: a missing program is reported with its name, nothing stays" {
	run cr run --rm "$IMAGE" t1 no-such-program
	[ "$status" -ne 0 ]
	[[ "$output" == *'exec: "no-such-program": executable file not found in $PATH'* ]]
	run ctr containers info t1
	[ "$status" -ne 0 ]
}

@test "ctr run: a file that is not executable is reported" {
	run cr run --rm "$IMAGE" t1 /etc/passwd
	[ "$status" -ne 0 ]
	[[ "$output" == *"permission denied"* ]]
}

# Not the end of input: ctr 1.6 loses it when it comes before the start (seen with runc).
@test "ctr run: standard input reaches the program" {
	run bash -c "$(declare -f cr); printf 'a\nb\n' | cr run --rm $IMAGE t1 sh -c 'read x; read y; echo \$y\$x'"
	[ "$status" -eq 0 ]
	[ "$output" = ba ]
}

@test "ctr run: two mebibytes of output arrive complete" {
	run bash -c "$(declare -f cr); cr run --rm $IMAGE t1 head -c 2097152 /dev/zero | wc -c"
	[ "$output" = 2097152 ]
}

# ---- terminal -----------------------------------------------------------------

@test "ctr run -t: a terminal of the caller's size" {
	run on_terminal 33 77 "$(declare -f cr); cr run --rm -t $IMAGE t1 sh -c 'tty; $SIZE_COMES; exit 9'"
	[ "$status" -eq 9 ]
	[[ "$output" == *"/dev/"* ]]
	[[ "$output" == *"33 77"* ]]
}

@test "ctr run -t: nobody keeps the runtime's standard streams" {
	# The shim waits for the end of these streams: a holder would make this take as long as it lives.
	local begin=$SECONDS

	run on_terminal 24 80 "$(declare -f cr); cr run --rm -t $IMAGE t1 sh -c 'exit 3'"
	[ "$status" -eq 3 ]
	[ $((SECONDS - begin)) -lt 30 ]
}

# ---- detached life ------------------------------------------------------------

@test "ctr run -d, task kill, task delete: TERM and the status" {
	cr run -d "$IMAGE" d1 sh -c 'trap "exit 3" TERM; : > /tmp/ready; while :; do sleep 0.1; done'
	task_is d1 RUNNING
	wait_for 5 test -e "/proc/$(task_pid d1)/root/tmp/ready"
	ctr tasks kill -s TERM d1
	wait_for 5 task_is d1 STOPPED
	task_delete d1 3
	ctr containers delete d1
}

@test "ctr task kill -s KILL, 9 and SIGKILL" {
	local signal

	for signal in KILL 9 SIGKILL; do
		cr run -d "$IMAGE" "k$signal" sleep 60
		ctr tasks kill -s $signal "k$signal"
		wait_for 5 task_is "k$signal" STOPPED
		task_delete "k$signal" 137
		ctr containers delete "k$signal"
	done
}

@test "ctr task kill: a signal that the program handles" {
	cr run -d "$IMAGE" d2 sh -c 'trap ": > /tmp/usr1" USR1; : > /tmp/ready; while :; do sleep 0.1; done'
	local root

	root=/proc/$(task_pid d2)/root
	wait_for 5 test -e "$root/tmp/ready"
	ctr tasks kill -s USR1 d2
	wait_for 5 test -e "$root/tmp/usr1"
	task_is d2 RUNNING
}

@test "ctr task kill of a stopped task says that it is gone" {
	cr run -d "$IMAGE" d3 true
	wait_for 5 task_is d3 STOPPED
	run ctr tasks kill d3
	[ "$status" -ne 0 ]
	[[ "$output" == *"not found"* || "$output" == *"already finished"* ]]
}

@test "ctr task kill --all: every process of the container" {
	cr run -d "$IMAGE" d4 sh -c 'sleep 9175 & sleep 9175 & : > /tmp/ready; wait'
	wait_for 5 test -e "/proc/$(task_pid d4)/root/tmp/ready"
	ctr tasks kill --all -s KILL d4
	wait_for 5 task_is d4 STOPPED
	wait_for 5 bash -c '! pgrep -f "^sleep 9175"'
}

@test "ctr run with the host's pid namespace: children end with the container" {
	cr_config '.linux.namespaces |= map(select(.type != "pid"))
		| .process.args = ["sh", "-c", "sleep 9176 & wait"]' d5 -d
	wait_for 5 pgrep -f "^sleep 9176"
	ctr tasks kill -s KILL d5
	wait_for 5 task_is d5 STOPPED
	wait_for 5 bash -c '! pgrep -f "^sleep 9176"'
}

@test "ctr task delete -f: a running task goes at once" {
	cr run -d "$IMAGE" d6 sleep 60
	ctr tasks delete -f d6 || [ $? -eq 137 ]
	ctr containers delete d6
}

@test "ctr containers create, task start, again with the same id" {
	local round

	for round in 1 2; do
		timeout 60 ctr containers create --snapshotter "$SNAPSHOTTER" "$IMAGE" c1 false
		run -1 timeout 60 ctr tasks start c1
		ctr tasks delete c1 > /dev/null 2>&1 || true
		ctr containers delete c1
	done
}

@test "ctr run: ten containers at the same time" {
	local i pids=()

	for i in $(seq 10); do
		cr run --rm "$IMAGE" "par$i" sh -c "exit $i" > /dev/null &
		pids+=($!)
	done
	for i in $(seq 10); do
		status=0
		wait "${pids[$((i - 1))]}" || status=$?
		[ $status -eq $i ]
	done
}

# ---- the container ------------------------------------------------------------

@test "ctr run: the limits stand in the cgroup files" {
	local pid

	cr run -d --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 "$IMAGE" l1 sleep 60
	pid=$(task_pid l1)
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 67108864 ]
	run cgroup_read "$pid" cpu cpu.cfs_quota_us cpu.max
	[ "$output" = 50000 ] || [ "$output" = "50000 100000" ]
	cgroup_dir "$pid" pids | grep -q "/$WORD/l1$"
}

@test "ctr task metrics: the shim reads the cgroup that the runtime made" {
	cr run -d "$IMAGE" m1 sleep 60
	run ctr tasks metrics m1
	[ "$status" -eq 0 ]
	[[ "$output" == *memory* ]]
}

@test "ctr run --mount: read-only and writable binds" {
	mkdir "$W/t/v" "$W/t/r"
	echo old > "$W/t/r/f"
	run cr run --rm --mount "type=bind,src=$W/t/v,dst=/mnt,options=rbind:rw" \
		--mount "type=bind,src=$W/t/r,dst=/made/here,options=rbind:ro" "$IMAGE" t1 \
		sh -c 'cat /made/here/f > /mnt/f; echo new > /made/here/f'
	[ "$status" -ne 0 ]
	[[ "$output" == *"Read-only file system"* ]]
	[ "$(cat "$W/t/v/f")" = old ]
	[ "$(cat "$W/t/r/f")" = old ]
}

@test "ctr run --read-only, --cwd, --env" {
	run cr run --rm --read-only --cwd /tmp --env A=b "$IMAGE" t1 sh -c 'pwd; echo $A; : > /f'
	[ "$status" -ne 0 ]
	[[ "$output" == *$'/tmp\nb'* ]]
	[[ "$output" == *"Read-only file system"* ]]
}

@test "ctr run --config: a specification of ctr oci spec with another user" {
	run cr_config '.process.user = {"uid": 1000, "gid": 29, "additionalGids": [4711]}
		| .process.args = ["sh", "-c", "id -u; id -g; id -G"]' u1 --rm
	[ "$status" -eq 0 ]
	[ "$output" = $'1000\n29\n29 4711' ]
}

@test "ctr run --cap-drop, --cap-add" {
	run cr run --rm --cap-drop CAP_CHOWN "$IMAGE" t1 chown 1 /etc/group
	[ "$status" -ne 0 ]
	run cr run --rm --cap-add CAP_SYS_ADMIN "$IMAGE" t2 mount -t tmpfs none /mnt
	[ "$status" -eq 0 ]
}

@test "ctr run --seccomp: the engine's default profile" {
	run cr run --rm --seccomp "$IMAGE" t1 grep '^Seccomp:' /proc/self/status
	[ "$status" -eq 0 ]
	[[ "$output" == *2 ]]
}

@test "ctr run --privileged" {
	# ctr asks for every capability; some machines cannot grant them all.
	local all

	all=$(printf '%x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))
	[ "$((16#$(awk '/CapBnd/ { print $2 }' /proc/self/status)))" = "$((16#$all))" ] ||
		skip "the caller lacks capabilities that ctr --privileged asks for"
	run cr run --rm --privileged "$IMAGE" t1 mount -t tmpfs none /mnt
	[ "$status" -eq 0 ]
}

@test "ctr run --net-host: the host's network namespace" {
	run cr run --rm --net-host "$IMAGE" t1 readlink /proc/self/ns/net
	[ "$status" -eq 0 ]
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
}

@test "ctr run --pid-file: holds the pid of the container" {
	cr run -d --pid-file "$W/t/pid" "$IMAGE" p1 sleep 60
	[ "$(cat "$W/t/pid")" = "$(task_pid p1)" ]
}

@test "ctr run --rootfs: a plain directory" {
	cp -a "$W/rootfs" "$W/t/root"
	run timeout 60 ctr run --rm --runc-binary "$RUNTIME" --runc-root "$W/c/rr" --rootfs "$W/t/root" t1 /bin/echo plain
	[ "$status" -eq 0 ]
	[ "$output" = plain ]
}

# ---- exec ---------------------------------------------------------------------

@test "ctr task exec: output and status" {
	local code

	cr run -d "$IMAGE" e1 sleep 300
	run --separate-stderr ctr tasks exec --exec-id a e1 sh -c 'echo to-out; echo to-err >&2'
	[ "$status" -eq 0 ]
	[ "$output" = to-out ]
	[ "$stderr" = to-err ]
	for code in 1 7 127 255; do
		run "-$code" ctr tasks exec --exec-id "c$code" e1 sh -c "exit $code"
	done
	run ctr tasks exec --exec-id k e1 sh -c 'kill -KILL $$'
	[ "$status" -eq 137 ]
}

@test "ctr task exec: a missing program is reported with its name" {
	cr run -d "$IMAGE" e1 sleep 300
	run ctr tasks exec --exec-id a e1 no-such-program
	[ "$status" -ne 0 ]
	[[ "$output" == *'exec: "no-such-program": executable file not found in $PATH'* ]]
	run ctr tasks exec --exec-id b e1 /etc/passwd
	[ "$status" -ne 0 ]
	[[ "$output" == *"permission denied"* ]]
	# The same name again.
	ctr tasks exec --exec-id a e1 true
}

@test "ctr task exec: standard input reaches the program" {
	cr run -d "$IMAGE" e1 sleep 300
	run bash -c "printf 'a\nb\n' | ctr tasks exec --exec-id a e1 wc -l"
	[ "$output" = 2 ]
	run bash -c "ctr tasks exec --exec-id b e1 head -c 1048576 /dev/zero | wc -c"
	[ "$output" = 1048576 ]
}

@test "ctr task exec -t: a terminal of the caller's size" {
	cr run -d "$IMAGE" e1 sleep 300
	run on_terminal 33 77 "ctr tasks exec -t --exec-id a e1 sh -c 'tty; $SIZE_COMES; exit 9'"
	[ "$status" -eq 9 ]
	[[ "$output" == *"/dev/pts/"* ]]
	[[ "$output" == *"33 77"* ]]
}

@test "ctr task exec --cwd, --user; where the task is" {
	cr run -d "$IMAGE" e1 sleep 300
	run ctr tasks exec --exec-id a --cwd /tmp --user 1000:29 e1 sh -c 'pwd; id -u; id -g'
	[ "$output" = $'/tmp\n1000\n29' ]
	run ctr tasks exec --exec-id b e1 cat /proc/self/cgroup
	[ "$output" = "$(cat "/proc/$(task_pid e1)/cgroup")" ]
	[ "$(ctr tasks exec --exec-id c e1 readlink /proc/self/ns/pid)" = "$(readlink "/proc/$(task_pid e1)/ns/pid")" ]
}

@test "ctr task exec -d, task kill --exec-id" {
	cr run -d "$IMAGE" e1 sleep 300
	ctr tasks exec -d --exec-id a e1 sleep 299
	wait_for 5 pgrep -f '^sleep 299'
	ctr tasks kill --exec-id a -s KILL e1
	wait_for 5 bash -c '! pgrep -f "^sleep 299"'
	task_is e1 RUNNING
}

@test "ctr task exec of a stopped task says so" {
	cr run -d "$IMAGE" e1 sleep 300
	ctr tasks kill -s KILL e1
	wait_for 5 task_is e1 STOPPED
	run ctr tasks exec --exec-id a e1 true
	[ "$status" -ne 0 ]
}

# ---- a running task -----------------------------------------------------------

@test "ctr task pause, resume: nothing runs meanwhile; a paused task is deleted by force" {
	local before ticks

	cr run -d "$IMAGE" p1 sh -c 'while :; do echo x >> /tmp/ticks; sleep 0.05; done'
	ticks=/proc/$(task_pid p1)/root/tmp/ticks
	wait_for 5 test -s "$ticks"
	ctr tasks pause p1
	task_is p1 PAUSED
	before=$(wc -l < "$ticks")
	sleep 0.4
	[ "$(wc -l < "$ticks")" = "$before" ]
	run timeout 20 ctr tasks exec --exec-id a p1 true
	[ "$status" -ne 0 ]
	ctr tasks resume p1
	task_is p1 RUNNING
	wait_for 5 bash -c "[ \$(wc -l < $ticks) -gt $before ]"
	ctr tasks pause p1
	timeout 20 ctr tasks delete -f p1 || [ $? -eq 137 ]
	ctr containers delete p1
}

@test "ctr task ps: every process of the container, those of exec too" {
	cr run -d "$IMAGE" p1 sh -c 'sleep 9183 & wait'
	ctr tasks exec -d --exec-id a p1 sleep 9184
	wait_for 5 pgrep -f '^sleep 9183'
	wait_for 5 pgrep -f '^sleep 9184'
	run ctr tasks ps p1
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" = 4 ]
	[[ "$output" == *"$(task_pid p1)"* && "$output" == *"$(pgrep -f '^sleep 9183')"* ]]
	[[ "$output" == *"$(pgrep -f '^sleep 9184')"* ]]
}

# ---- an engine that dies ------------------------------------------------------

shim_pid() {
	pgrep -f "containerd-shim.*-namespace $CONTAINERD_NAMESPACE -id $1 "
}

# slow: a hook of create that says it is there and stays.
slow() {
	jq -nc --arg there "$W/t/there" '{path: "/bin/sh", args: ["sh", "-c", "echo > $0; exec sleep 9185", $there]}'
}

@test "the shim killed in the middle of create: nothing stays" {
	cr_config ".process.args = [\"true\"] | .hooks.createRuntime = [$(slow)]" k1 -d > "$W/t/out" 2>&1 &
	wait_for 10 test -e "$W/t/there" || { cat "$W/t/out"; return 1; }
	kill -KILL "$(shim_pid k1)"
	wait
	# The engine's clean-up is "delete --force".
	wait_for 20 bash -c '! pgrep -f "^sleep 9185"'
	timeout 20 ctr tasks delete -f k1 || true
	timeout 20 ctr containers delete k1
	leaks_expect_none containerd_leaks
	cr_config '.process.args = ["true"]' k1 --rm
}

@test "the shim killed while its task runs: containerd ends the container" {
	local pid

	cr run -d "$IMAGE" k2 sleep 300
	pid=$(task_pid k2)
	kill -KILL "$(shim_pid k2)"
	wait_for 20 bash -c "! grep -qs '^State:[^Z]*$' /proc/$pid/status"
	timeout 20 ctr tasks delete -f k2 || true
	timeout 20 ctr containers delete k2
}

@test "the shim killed in the middle of exec: the container ends as a whole" {
	local moment pid

	for moment in 0 0.01 0.02 0.04; do
		cr run -d "$IMAGE" k3 sleep 300
		pid=$(task_pid k3)
		timeout 20 ctr tasks exec --exec-id a k3 sleep 0.3 > /dev/null 2>&1 &
		sleep $moment
		kill -KILL "$(shim_pid k3)"
		wait
		wait_for 20 bash -c "! grep -qs '^State:[^Z]*$' /proc/$pid/status"
		timeout 20 ctr tasks delete -f k3 > /dev/null 2>&1 || true
		timeout 20 ctr containers delete k3
		leaks_expect_none containerd_leaks
	done
}

@test "containerd killed: tasks live on and belong to the next one" {
	local pid

	cr run -d "$IMAGE" k4 sh -c 'trap "exit 6" TERM; : > /tmp/ready; while :; do sleep 0.1; done'
	pid=$(task_pid k4)
	wait_for 5 test -e "/proc/$pid/root/tmp/ready"
	cr_config ".process.args = [\"true\"] | .hooks.createRuntime = [$(slow)]" k5 -d > "$W/t/out" 2>&1 &
	wait_for 10 test -e "$W/t/there" || { cat "$W/t/out"; return 1; }
	kill -KILL "$(cat "$W/c/pid")"
	wait "$!" || true
	PATH=$W/c/path:$PATH setsid containerd --config "$W/c/config.toml" >> "$W/c/log" 2>&1 3>&- 4>&- < /dev/null &
	echo $! > "$W/c/pid"
	wait_for 30 ctr version
	wait_for 10 task_is k4 RUNNING
	[ "$(task_pid k4)" = "$pid" ]
	run timeout 20 ctr tasks exec --exec-id a k4 sh -c 'exit 5'
	[ "$status" -eq 5 ]
	timeout 20 ctr tasks kill -s TERM k4
	wait_for 5 task_is k4 STOPPED
	task_delete k4 6
	# The one that was being made: the runtime was killed with it, and containerd has forgotten the shim, which stays
	# (with runc too).
	kill -KILL "$(shim_pid k5)"
	wait_for 10 bash -c '! pgrep -f "^sleep 9185"'
	"$RUNTIME" --root "$W/c/rr/$CONTAINERD_NAMESPACE" delete --force k5
	rm -rf "$W/c/state/io.containerd.runtime.v2.task/$CONTAINERD_NAMESPACE/k5"
	timeout 20 ctr containers delete k5
}

# ---- the same on another runtime ----------------------------------------------

# One task with everything that is compared, on RUNTIME.
containerd_transcript() {
	local name

	echo plain; say cr run --rm "$IMAGE" f1 sh -c "$FACTS"
	echo flags; say cr run --rm --read-only --cwd /tmp --env A=b --cap-drop CAP_CHOWN --seccomp "$IMAGE" f2 sh -c "$FACTS"
	for name in nope /etc/passwd /etc; do
		say cr run --rm "$IMAGE" f3 $name
	done
	say cr run --rm "$IMAGE" f4 sh -c 'exit 77'
	cr run -d --memory-limit 67108864 "$IMAGE" f5 sh -c 'trap "exit 3" TERM; : > /tmp/ready; while :; do sleep 0.1; done'
	wait_for 5 test -e "/proc/$(task_pid f5)/root/tmp/ready"
	cgroup_read "$(task_pid f5)" memory memory.limit_in_bytes memory.max
	say ctr tasks exec --exec-id a f5 sh -c "$FACTS"
	say ctr tasks exec --exec-id b --user 1000 f5 sh -c 'id; pwd; grep Cap /proc/self/status'
	say ctr tasks exec --exec-id c f5 nope
	say ctr tasks exec --exec-id d f5 sh -c 'kill -SEGV $$'
	say ctr tasks pause f5
	say task_status f5
	say ctr tasks resume f5
	say ctr tasks metrics f5 > "$W/t/last"; awk '/memory.limit|pids/ && !/usage/ { print $1 }' "$W/t/last"
	say ctr tasks kill -s TERM f5
	wait_for 5 task_is f5 STOPPED
	say ctr tasks delete f5
	say ctr containers delete f5
}

@test "containerd: a life looks the same with Debian's crun or runc" {
	same_as_reference containerd_transcript
}
