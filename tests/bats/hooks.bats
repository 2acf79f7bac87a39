#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The six kinds of hooks: when they run, where, with what, and what their failure means.

load helpers

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

# A hook of KIND that runs a shell TEXT, with $HOOK its kind and $DIR the test's directory. Hooks
# that resolve in the container run its own shell and write to its /dev/shm.
hook() {	# KIND TEXT [MORE-JSON]
	local shell=$BUNDLE/rootfs/bin/busybox json
	[[ $1 != startContainer ]] || shell=/bin/busybox
	json=${3:-'{}'}
	config '.hooks[$k] += [{path: $p, args: ["sh", "-c", $t], env: ["PATH=/bin:/usr/bin", "HOOK=" + $k,
		"DIR=" + $d, "RTB_TOKEN=" + $token]} + $more]' --arg k "$1" --arg t "$2" --arg d "$TEST_DIR" \
		--arg p "$shell" --arg token "$TOKEN" --argjson more "$json"
}

order() { [[ ! -e order ]] || tr '\n' ' ' <order; }

# A bind through which the container's own hook can write.
shared_dir() { bind "$TEST_DIR" "$TEST_DIR"; }

whole_life() {
	local pid
	create
	pid=$(pid_of)
	start
	wait_pid "$pid"
	delete
}

@test "HOOK-01 HOOK-02 HOOK-03 HOOK-PRE-02 HOOK-CCT-02 LIFE-06 LIFE-08 LIFE-09 LIFE-11 LIFE-13 every kind runs, in its order" {
	local kind
	shared_dir
	for kind in $KINDS; do
		case $kind in
		# The program was executed when this one is; what it writes may come later.
		poststart) hook $kind 'n=0; until grep -q program $DIR/order || [ $((n += 1)) -gt 500 ]; do
			usleep 10000; done; echo $HOOK >>$DIR/order' ;;
		*) hook $kind 'echo $HOOK >>$DIR/order' ;;
		esac
	done
	script "echo program >>$TEST_DIR/order"
	create
	eq "$(order)" "prestart createRuntime createContainer "
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	eq "$(order)" "prestart createRuntime createContainer startContainer program poststart "
	delete
	eq "$(order)" "prestart createRuntime createContainer startContainer program poststart poststop "
}

@test "HOOK-01 empty and absent arrays, an empty object" {
	args true
	config '.hooks = {}'
	run_ok
	config '.hooks = {prestart: [], createRuntime: [], poststop: []}'
	run_ok
}

@test "HOOK-09 hooks of one kind run one after the other" {
	local kind n
	shared_dir
	for kind in $KINDS; do
		for n in 1 2 3; do
			hook $kind "usleep 20000; echo $n >>\$DIR/\$HOOK.order"
		done
	done
	args true
	whole_life
	for kind in $KINDS; do
		eq "$(tr -d '\n' <$kind.order)" 123 "$kind"
	done
}

@test "HOOK-04 HOOK-PRE-01 HOOK-FAIL-01 a relative path, or none, is refused before anything runs" {
	local kind
	for kind in $KINDS; do
		config 'del(.hooks)'
		hook prestart 'echo ran >>$DIR/order'
		config ".hooks.$kind += [{path: \"bin/true\"}]"
		refused "hooks" || { echo "relative $kind" >&2; return 1; }
		config ".hooks.$kind[-1] = {path: \"\"}"
		refused "hooks" || { echo "empty $kind" >&2; return 1; }
		config ".hooks.$kind[-1] = {args: [\"x\"]}"
		refused "path" || { echo "$kind without path" >&2; return 1; }
		missing order
	done
}

@test "HOOK-05 args are the whole argv, absent ones are the path" {
	local probe=$PROBE
	printf '#!/bin/sh\ntr "\\0" "|" </proc/$$/cmdline >>%s/out\n' "$TEST_DIR" >hook.sh
	chmod 755 hook.sh
	config '.hooks.createRuntime = [{path: $p, args: ["my-name", "a b", "", "c"]}, {path: $p}]' \
		--arg p "$TEST_DIR/hook.sh"
	args true
	run_ok
	file_is out "/bin/sh|$TEST_DIR/hook.sh|a b||c|/bin/sh|$TEST_DIR/hook.sh|"
	config '.hooks.createRuntime = [{path: $p, args: ["my-name", "argv"]}]' --arg p "$probe"
	config '.annotations = {"run.oci.hooks.stdout": $f}' --arg f "$TEST_DIR/argv"
	run_ok
	[[ $RUNTIME_NAME == runc ]] || has "$(cat argv)" "argv=my-name"
}

@test "HOOK-06 env is exactly what is given" {
	config '.hooks.createRuntime = [{path: "/usr/bin/env", args: ["env"], env: ["A=1", "B=x y"]}]
		| .annotations = {"run.oci.hooks.stdout": $f}' --arg f "$TEST_DIR/env"
	args true
	run_ok
	[[ -e env ]] || skip "this runtime does not write hook output to a file"
	file_is env "A=1
B=x y"
}

@test "HOOK-06 X-14 without env: the runtime's environment, for startContainer the program's" {
	printf '#!/bin/sh\n/usr/bin/env >%s/env.host\n' "$TEST_DIR" >hook.sh
	chmod 755 hook.sh
	writable_root
	config '.hooks = {createRuntime: [{path: $p}], startContainer: [{path: "/bin/sh",
		args: ["sh", "-c", "/bin/env >/env.inside"]}]} | .process.env += ["OWN=1"]' \
		--arg p "$TEST_DIR/hook.sh"
	args true
	CALLER=1 run_ok
	has "$(cat env.host)" CALLER=1
	has "$(cat "$BUNDLE/rootfs/env.inside")" OWN=1
	has "$(cat "$BUNDLE/rootfs/env.inside")" HOME=/root
	lacks "$(cat "$BUNDLE/rootfs/env.inside")" CALLER
}

@test "HOOK-07 the timeout ends the whole process group" {
	hook createRuntime 'sleep 1004 & sleep 1005' '{"timeout": 1}'
	local before=$SECONDS
	refused createRuntime
	((SECONDS - before < TIMEOUT))
	no_process_left
}

@test "HOOK-07 a hook in time is not aborted" {
	hook createRuntime 'usleep 100000; echo done >$DIR/out' '{"timeout": 10}'
	args true
	run_ok
	file_is out done
}

@test "HOOK-08 SCH-04 a timeout of 0 or less is refused" {
	local timeout
	for timeout in 0 -1 1.5 '"1"'; do
		config 'del(.hooks)'
		hook createRuntime 'echo ran >$DIR/order' "{\"timeout\": $timeout}"
		refused timeout || { echo "timeout $timeout" >&2; return 1; }
		missing order
	done
}

@test "HOOK-10 HOOK-11 HOOK-12 HOOK-13 the state on standard input" {
	local kind
	shared_dir
	config '.annotations = {"org.example.key": "value"}'
	for kind in $KINDS; do
		hook $kind 'cat >$DIR/$HOOK.json'
	done
	args true
	create
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	delete
	for kind in $KINDS; do
		eq "$(jq -r .id $kind.json)" "$ID" "$kind id"
		eq "$(jq -r .bundle $kind.json)" "$BUNDLE" "$kind bundle"
		eq "$(jq -r '.annotations["org.example.key"]' $kind.json)" value "$kind annotation"
		matches "$(jq -r .ociVersion $kind.json)" '^1\.[0-9]+\.[0-9]+'
	done
	for kind in prestart createRuntime createContainer; do
		eq "$(jq -r .status $kind.json)" creating "$kind status"
	done
	eq "$(jq -r .status startContainer.json)" created
	eq "$(jq -r .status poststart.json)" running
	eq "$(jq -r .status poststop.json)" stopped
	for kind in prestart createRuntime poststart; do
		eq "$(jq -r .pid $kind.json)" "$pid" "$kind pid"
	done
	eq "$(jq -r .pid createContainer.json)" 1
	eq "$(jq -r .pid startContainer.json)" 1
	eq "$(jq 'has("pid")' poststop.json)" false
}

@test "HOOK-10 a hook that does not read its input" {
	config '.annotations = {big: ("x" * 1000000)}'
	hook createRuntime 'exec <&-; echo done >$DIR/out'
	hook poststop 'exit 0'
	args true
	run_ok
	file_is out done
}

@test "HOOK-10 input longer than a pipe arrives whole" {
	config '.annotations = {big: ("x" * 1000000)}'
	hook createRuntime 'wc -c >$DIR/out'
	args true
	run_ok
	(($(<out) > 1000000))
}

@test "a hook that writes 1 MiB to its outputs does not hang" {
	hook createRuntime 'yes | head -c 1048576; yes | head -c 1048576 >&2; echo done >$DIR/out'
	args true
	TIMEOUT=10 run_ok
	file_is out done
}

@test "a hook that leaves a daemon behind does not hang" {
	hook createRuntime '(exec sleep 1006) & echo $! >$DIR/daemon; exit 0'
	args true
	TIMEOUT=15 run_ok
	kill "$(<daemon)"
}

@test "a hook inherits no other descriptors" {
	hook createRuntime 'ls /proc/self/fd >$DIR/out'
	args true
	exec 9</etc 10</
	run_ok
	exec 9<&- 10<&-
	# the fourth is the directory that ls reads
	eq "$(tr '\n' ' ' <out)" "0 1 2 3 "
}

# --- when and where ------------------------------------------------------------------------------

# the hook's namespaces and root, by one process that prints them
where='{ for n in mnt net uts pid ipc; do stat -L -c "$n=%i" /proc/self/ns/$n; done
	[ -e $DIR/order.marker ] && echo host-root; } >$DIR/$HOOK.where'

@test "HOOK-PRE-01 HOOK-PRE-03 HOOK-PRE-04 HOOK-CRT-01 HOOK-CRT-02 HOOK-CRT-03 before the pivot, outside" {
	local kind
	touch order.marker
	for kind in prestart createRuntime; do
		hook $kind "$where
			pid=\$(sed 's/.*\"pid\": *\([0-9]*\).*/\1/'); readlink /proc/\$pid/root >\$DIR/\$HOOK.root
			stat -L -c mnt=%i /proc/\$pid/ns/mnt >\$DIR/\$HOOK.ct
			grep -c rootfs/proc /proc/\$pid/mountinfo >\$DIR/\$HOOK.mounts"
	done
	create
	for kind in prestart createRuntime; do
		has "$(cat $kind.where)" host-root
		has "$(cat $kind.where)" "mnt=$(ns_of self mnt)"
		has "$(cat $kind.where)" "net=$(ns_of self net)"
		ne "$(cat $kind.ct)" "mnt=$(ns_of self mnt)"
		file_is $kind.root /
		ne "$(cat $kind.mounts)" 0 "$kind: mounts below the rootfs are made"
	done
}

@test "HOOK-CRT-04 X-37 the cgroup and its limits are there" {
	need_controller pids
	local mount=$(hierarchy pids) list=pids
	[[ -n $mount ]] || { mount=$(v2_mount) list=; }
	config '.linux.resources.pids.limit = 77'
	hook createRuntime "pid=\$(sed 's/.*\"pid\": *\([0-9]*\).*/\1/')
		cg=\$(sed -n 's/^[0-9]*:$list://p' /proc/\$pid/cgroup)
		cat $mount\$cg/pids.max >\$DIR/out"
	create
	file_is out 77
}

@test "HOOK-CCT-01 HOOK-CCT-03 HOOK-CCT-04 HOOK-CCT-05 X-15 before the pivot, inside" {
	touch order.marker
	hook createContainer "$where
		readlink /proc/self/cwd >\$DIR/cwd"
	# the program must exist on the host only
	ln "$PROBE" only-here 2>/dev/null || cp "$PROBE" only-here
	config '.hooks.createContainer += [{path: $p}]' --arg p "$TEST_DIR/only-here"
	create
	has "$(cat createContainer.where)" host-root
	local n
	for n in mnt net uts ipc; do
		has "$(cat createContainer.where)" "$n=$(ns_of "$(pid_of)" $n)"
	done
	file_is cwd "$BUNDLE/rootfs"
}

@test "HOOK-CCT-04 a mount that it makes is seen in the container" {
	hook createContainer "mount -t tmpfs by-hook $BUNDLE/rootfs/mnt"
	run_probe mounts
	eq "$(mount_field /mnt source)" by-hook
	run ! grep by-hook /proc/self/mountinfo
}

@test "HOOK-SCT-01 HOOK-SCT-02 HOOK-SCT-03 startContainer runs inside, in start" {
	writable_root
	ln "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/only-inside"
	config '.hooks.startContainer = [{path: "/bin/only-inside", args: ["sh", "-c",
		"/bin/probe ns >/ns; echo hook >>/order"]}]'
	script 'echo program >>/order'
	create
	missing "$BUNDLE/rootfs/order"
	local pid=$(pid_of) n
	for n in mnt net uts ipc; do
		ns_of "$pid" $n >"ns.$n"
	done
	start
	wait_pid "$pid"
	file_is "$BUNDLE/rootfs/order" "hook
program"
	for n in mnt net uts ipc; do
		has "$(cat "$BUNDLE/rootfs/ns")" "ns.$n=$(<"ns.$n")"
	done
}

@test "HOOK-SCT-02 a startContainer path of the host fails" {
	cp "$PROBE" only-here
	config '.hooks.startContainer = [{path: $p}]' --arg p "$TEST_DIR/only-here"
	args true
	create
	fails start "$ID"
	is_gone
}

@test "HOOK-PST-01 HOOK-PST-02 HOOK-PST-03 poststart runs outside, after the program is executed" {
	touch order.marker
	hook poststart "$where
		pid=\$(sed 's/.*\"pid\": *\([0-9]*\).*/\1/')
		until grep -q . /proc/\$pid/cmdline; do usleep 10000; done; tr '\\0' ' ' </proc/\$pid/cmdline >\$DIR/cmdline"
	args sleep 1000
	create
	missing poststart.where
	start
	has "$(cat poststart.where)" host-root
	has "$(cat poststart.where)" "mnt=$(ns_of self mnt)"
	eq "$(cat cmdline)" "sleep 1000 "
}

@test "HOOK-PST-01 run --detach returns after poststart" {
	hook poststart 'usleep 100000; echo done >$DIR/out'
	args sleep 1000
	run_ok --detach
	file_is out done
}

@test "HOOK-PSP-01 HOOK-PSP-02 HOOK-PSP-03 LIFE-17 poststop runs outside, when everything is gone" {
	touch order.marker
	hook poststop "$where
		find /sys/fs/cgroup -name '*$ID*' >\$DIR/left 2>/dev/null; ls $ROOT >>\$DIR/left"
	create
	delete --force
	has "$(cat poststop.where)" host-root
	has "$(cat poststop.where)" "mnt=$(ns_of self mnt)"
	file_is left ""
}

# --- failure -------------------------------------------------------------------------------------

@test "HOOK-FAIL-01 HOOK-FAIL-02 HOOK-FAIL-03 HOOK-FAIL-07 LIFE-07 a failing hook of create" {
	local kind
	for kind in prestart createRuntime createContainer; do
		config 'del(.hooks)'
		rm -f order
		hook $kind 'echo first >>$DIR/order; echo said-this; echo said-that >&2; exit 3'
		hook $kind 'echo second >>$DIR/order'
		hook poststop 'echo poststop >>$DIR/order'
		refused "$kind"
		has "$error" "error running $kind hook #0"
		has "$error" said-that
		eq "$(order)" "first poststop " "$kind"
	done
}

@test "HOOK-FAIL-01 a hook that cannot be executed, and one that is killed" {
	config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	refused /no/such/hook
	config 'del(.hooks)'
	hook createRuntime 'kill -SEGV $$'
	refused createRuntime
}

@test "HOOK-FAIL-04 LIFE-11 X-16 a failing startContainer hook" {
	writable_root
	shared_dir
	hook startContainer 'exit 1'
	hook poststop 'echo poststop >>$DIR/order'
	script 'echo ran >/marker'
	create
	fails start "$ID"
	has "$error" startContainer
	is_gone
	missing "$BUNDLE/rootfs/marker"
	eq "$(order)" "poststop "
}

@test "HOOK-FAIL-04 LIFE-11 of run, where it hangs and where init is killed beneath it" {
	shared_dir
	args true
	hook startContainer 'echo >$DIR/begun; exec sleep 100' '{"timeout": 1}'
	hook poststop 'cat >$DIR/state; echo poststop >>$DIR/order'
	fails run --bundle "$BUNDLE" "$ID"
	has "$error" startContainer
	eq "$(order)" "poststop "
	is_gone
	rm begun
	config '.hooks.startContainer[0].timeout = 100'
	background "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" 2>run.err
	wait_file "$TEST_DIR/begun"
	kill -KILL "$(pid_of)"
	wait_pid "$BACKGROUND"
	[[ $RUNTIME_NAME != teu ]] || has "$(<run.err)" "killed by signal 9"
	eq "$(order)" "poststop poststop "
	is_gone
	[[ $RUNTIME_NAME != teu ]] || eq "$(jq .exit.signal state)" 9
}

@test "LIFE-11 what is bound is the container's alone when its first program runs" {
	shared_dir
	mkdir volume
	bind "$TEST_DIR/volume" /mnt
	config '(.process.capabilities[]) |= . + ["CAP_SYS_ADMIN"]'
	hook startContainer 'umount /mnt && echo gone >$DIR/out'
	args true
	run_ok
	eq "$(<out)" gone
}

@test "HOOK-FAIL-05 LIFE-13 X-34 a failing poststart hook" {
	hook poststart 'exit 1'
	hook poststop 'echo poststop >>$DIR/order'
	args sleep 1000
	create
	local pid=$(pid_of)
	fails start "$ID"
	has "$error" poststart
	wait_pid "$pid" 1
	is_gone
	eq "$(order)" "poststop "
}

@test "HOOK-FAIL-06 LIFE-17 a failing poststop hook is a warning and the next one runs" {
	hook poststop 'echo one >>$DIR/order; exit 1'
	hook poststop 'echo two >>$DIR/order'
	create
	ok --debug --log "$LOG" --log-format json delete --force "$ID"
	eq "$(order)" "one two "
	has "$(jq -r 'select(.level | startswith("warn")).msg' "$LOG")" poststop
	is_gone
}

@test "LIFE-05 the hooks are those of create time" {
	hook poststop 'echo old >>$DIR/order'
	create
	config 'del(.hooks)'
	hook poststop 'echo new >>$DIR/order'
	delete --force
	eq "$(order)" "old "
}

@test "ST-03 X-28 a hook of create sees the state creating" {
	hook createRuntime "$RUNTIME --root $ROOT state $ID >\$DIR/state 2>\$DIR/state.err || :"
	create
	if [[ -s state ]]; then
		eq "$(jq -r .status state)" creating
	else
		has "$(cat state.err)" "does not exist"
	fi
}
