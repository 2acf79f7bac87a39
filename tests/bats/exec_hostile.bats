#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec into a container whose programs try to get out, or to get at who comes in.

load helpers

setup() {
	test_begin
	args sleep 1000
	writable_root
}

begin() {	# [OPTION...]
	create "$@"
	start
	INIT=$(pid_of)
}

ex_fails() {	# [OPTION...] ID COMMAND...
	local want=255

	[[ $RUNTIME_NAME != crun ]] || want=1
	run_runtime exec "$@"
	((status == want)) && [[ -n $error ]] ||
		{ echo "must fail with $want and a message: $RUNTIME_NAME exec $*" >&2; show_failure; return 1; }
}

@test "a directory of the caller is no way out" {
	begin
	echo secret >"$TEST_DIR/canary"
	local n
	for n in {3..20}; do
		ln -sf "/proc/self/fd/$n" "$BUNDLE/rootfs/tmp/link$n"
	done
	exec 9<"$TEST_DIR" 10</bin
	for n in {3..20}; do
		for dir in "/proc/self/fd/$n" "/proc/self/fd/$n/." "/tmp/link$n" "/proc/self/fd/$n/.."; do
			run_runtime exec --cwd "$dir" "$ID" cat canary
			ne "$status" 0
			lacks "$output" secret
		done
		run_runtime exec "$ID" "/proc/self/fd/$n/busybox" true
		ne "$status" 0
	done
	exec 9<&- 10<&-
}

@test "the program's own file is no way to the runtime's" {
	local hash copy=$TEST_DIR/copy
	cp "$RUNTIME" "$copy"
	hash=$(sha256sum <"$copy")
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/tmp/script"
	chmod 755 "$BUNDLE/rootfs/tmp/script"
	begin
	local RUNTIME=$copy program
	for program in /proc/self/exe /proc/self/fd/3 /proc/self/fd/4 /tmp/script; do
		run_runtime exec "$ID" "$program" --version
		ne "$status" 0
		lacks "$output" "spec:"
	done
	# Whoever comes in is opened for writing as often as can be.
	ok exec -d "$ID" sh -c 'while :; do for p in /proc/[0-9]*; do
		[ $p = /proc/$$ ] || { : >>$p/exe && echo x >>/tmp/opened; }; done; done 2>/dev/null'
	local i
	for i in {1..30}; do
		run_runtime exec "$ID" true
	done
	missing "$BUNDLE/rootfs/tmp/opened"
	eq "$(sha256sum <"$copy")" "$hash"
}

@test "nothing of the caller is seen while the process comes in" {
	begin
	echo secret-file >"$TEST_DIR/canary"
	# Everything that /proc tells of others, over and over.
	ok exec -d "$ID" sh -c 'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || [ $p = /proc/$$ ] ||
		{ cat $p/environ $p/fd/*/canary $p/cwd/canary $p/root/canary $p/maps; ls -l $p/fd $p/cwd; }; done; done \
		>>/tmp/seen 2>/dev/null'
	local i
	exec 9<"$TEST_DIR"
	cd "$TEST_DIR"
	for i in {1..60}; do
		CANARY=secret-variable run_runtime exec "$ID" true
		eq "$status" 0
	done
	exec 9<&-
	exists "$BUNDLE/rootfs/tmp/seen"
	lacks "$(tr '\0' '\n' <"$BUNDLE/rootfs/tmp/seen")" secret
	lacks "$(<"$BUNDLE/rootfs/tmp/seen")" "$TEST_DIR/root"
}

@test "a counterfeit /proc changes nothing" {
	all_caps
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .process.oomScoreAdj = 200'
	begin
	ok exec "$ID" sh -c 'mount -t tmpfs none /proc && mkdir -p /proc/self/fd /proc/self/attr /proc/1/ns &&
		for f in oom_score_adj attr/exec setgroups status; do echo 0 >/proc/self/$f; done'
	local type
	ok exec "$ID" /bin/probe oom ns
	config '.process.user = {uid: 1000, gid: 1000}'
	ok exec --user 1000:1000 "$ID" /bin/probe ids
	value_is uid "1000 1000 1000 1000"
	ok exec -d --pid-file "$TEST_DIR/pid" "$ID" sleep 1000
	eq "$(cat "/proc/$(<"$TEST_DIR/pid")/oom_score_adj")" 200
}

@test "devices of the image are not taken for the kernel's" {
	all_caps
	begin
	ok exec "$ID" sh -c 'rm /dev/null; mkfifo /dev/null 2>/dev/null || echo text >/dev/null'
	ok exec "$ID" sh -c 'echo fine'
	eq "$output" fine
	ok exec "$ID" sh -c 'rm -f /dev/ptmx; umount /dev/pts; mkdir -p /dev/pts; echo x >/dev/pts/ptmx'
	need_program python3
	background python3 "$SUITES/console_receive.py" "$TEST_DIR/console.sock" "$TEST_DIR/tty" 2>/dev/null
	wait_file "$TEST_DIR/console.sock"
	ex_fails -t -d --console-socket "$TEST_DIR/console.sock" "$ID" true
	has "$error" "/dev/pts/ptmx"
}

@test "a directory that is removed or made a link under way" {
	begin
	ok exec "$ID" mkdir -p /tmp/dir
	ok exec -d "$ID" sh -c 'while :; do rmdir /tmp/dir; ln -s / /tmp/dir; rm /tmp/dir; mkdir /tmp/dir; done 2>/dev/null'
	local i
	for i in {1..40}; do
		run_runtime exec --cwd /tmp/dir "$ID" sh -c 'ls -a .. | head -n 3'
		lacks "$output" "$TOKEN"
	done
}

@test "an init with the number of another process is not joined" {
	begin
	# The record keeps the number; its owner changes.
	local record=$ROOT/$ID/record
	exists "$record" || skip "another runtime's state"
	kill_ct KILL
	wait_pid "$INIT"
	ex_fails "$ID" true
	has "$error" "stopped"
}

@test "messages hold no bytes of the container that a terminal would obey" {
	begin
	ex_fails "$ID" $'no\nlevel=error\e[31m'
	eq "$(wc -l <"$ERR")" 1
	lacks "$error" $'\e'
	ex_fails --user $'x\e[31m' "$ID" true
	lacks "$error" $'\e'
	ex_fails --cwd $'/x\e[31m\n' "$ID" true
	lacks "$error" $'\e'
}

@test "why a program cannot be executed is said however it is executed" {
	local options filter

	printf '#!/nowhere/sh\n' >"$BUNDLE/rootfs/tmp/lost"
	printf 'nothing that runs' >"$BUNDLE/rootfs/tmp/junk"
	chmod 755 "$BUNDLE/rootfs/tmp/"{lost,junk}
	for filter in null '["fcntl"]' '["execveat"]'; do
		config ".linux.seccomp = if $filter then {defaultAction: \"SCMP_ACT_ALLOW\",
			syscalls: [{names: $filter, action: \"SCMP_ACT_ERRNO\"}]} else null end"
		begin
		ok exec "$ID" true
		for options in "" "--detach"; do
			# shellcheck disable=SC2086
			ex_fails $options "$ID" /tmp/lost
			[[ $RUNTIME_NAME != teu ]] || has "$error" 'its interpreter "/nowhere/sh": no such file or directory'
			# shellcheck disable=SC2086
			ex_fails $options "$ID" /tmp/junk
			[[ $RUNTIME_NAME != teu ]] || has "$error" 'exec format error'
		done
		jq -n '{cwd: "/", args: ["true", ("a" * 140000)], env: ["PATH=/bin"], user: {uid: 0, gid: 0}}' >"$TEST_DIR/long.json"
		ex_fails --process "$TEST_DIR/long.json" "$ID"
		[[ $RUNTIME_NAME != teu ]] || has "$error" 'argument list too long'
		jq '.terminal = true | .args = ["/tmp/lost"]' "$TEST_DIR/long.json" >"$TEST_DIR/terminal.json"
		ex_fails --process "$TEST_DIR/terminal.json" "$ID"
		[[ $RUNTIME_NAME != teu ]] || has "$error" 'its interpreter "/nowhere/sh": no such file or directory'
		eq "$(our_processes | wc -l)" 1
		ok delete --force "$ID"
	done
}

@test "a process file that can be read only once" {
	begin
	mkfifo -m 644 "$TEST_DIR/pipe"
	jq -n '{cwd: "/", args: ["echo", "once"], env: ["PATH=/bin"], user: {uid: 0, gid: 0}}' >"$TEST_DIR/pipe" 3>&- &
	ok exec --process "$TEST_DIR/pipe" "$ID"
	eq "$output" once
}

# The setting is a pid namespace's own.
@test "where memory must not be executed programs run without a relay" {
	need_host_root "set vm.memfd_noexec"
	[[ -e /proc/sys/vm/memfd_noexec ]] || skip "no vm.memfd_noexec in this kernel"
	RTB_TOKEN=$TOKEN timeout 60 unshare --pid --fork --mount-proc bash -c '
		echo 2 >/proc/sys/vm/memfd_noexec && "${@:3}" run --detach --bundle "$2" "$1" &&
			"${@:3}" exec "$1" echo entered && "${@:3}" delete --force "$1"' - \
		"$ID" "$BUNDLE" "$RUNTIME" --root "$ROOT" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- ||
		{ cat "$ERR" >&2; return 1; }
	eq "$(<"$OUT")" entered
}

@test "the process cannot be traced before its program runs" {
	all_caps
	config '(.process.capabilities[]) |= map(select(. != "CAP_SYS_PTRACE"))'
	begin
	ok exec -d "$ID" sh -c 'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || [ $p = /proc/$$ ] ||
		{ head -c 1 $p/mem; readlink $p/exe; readlink $p/root; }; done; done >>/tmp/seen 2>/dev/null'
	local i
	for i in {1..40}; do
		run_runtime exec "$ID" true
	done
	lacks "$(cat "$BUNDLE/rootfs/tmp/seen")" "$RUNTIME_NAME"
}

# There /proc is of a pid namespace above, groups cannot be set, and the container may trace whoever joins it.
@test "a container that may trace, in the caller's own user namespace" {
	need_root "be anybody but itself: this is root's case"
	need_program unshare
	config '(.process.capabilities[]) |= ["CAP_SYS_PTRACE"] | .process.args = ["sleep", "1000"] | del(.linux.resources)
		| del(.linux.namespaces[] | select(.type == "network" or .type == "cgroup"))
		| .mounts |= map(select(.type | IN("sysfs", "mqueue", "cgroup") | not) | .options = ((.options // []) - ["gid=5"]))'
	cat >inside <<-'END'
		run() { "$RUNTIME" --root "$1" "${@:2}" </dev/null; }
		run "$TEST_DIR/u" run --detach --bundle "$BUNDLE" "$ID" >started 2>&1 || { cat started; exit 1; }
		run "$TEST_DIR/u" exec --user 0:0 "$ID" probe ids caps; code=$?
		run "$TEST_DIR/u" delete --force "$ID"
		exit $code
	END
	mkdir -m 700 "$TEST_DIR/u"
	status=0
	RUNTIME=$RUNTIME TEST_DIR=$TEST_DIR BUNDLE=$BUNDLE ID=$ID RTB_TOKEN=$TOKEN timeout "$TIMEOUT" unshare -Urm bash inside \
		>"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
	((status == 0)) || { show_failure; return 1; }
	value_is uid "0 0 0 0"
	value_is cap.effective 80000
}
