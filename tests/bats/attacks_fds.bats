#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks with descriptors: those of the runtime and those that its caller leaked into it.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
	chmod 755 "$CANARY"
	cp "$PROBE" "$CANARY/program"
	canary_print >"$TEST_DIR/canary.before"
	cp "$BUNDLE/config.json" pristine.json
}

# As a careless caller does it: a directory and a program of the host stay open.
leaky() {	# ARG...
	status=0
	RTB_TOKEN=$TOKEN timeout --foreground -k 1 "$TIMEOUT" "$RUNTIME" --root "$ROOT" "$@" </dev/null \
		>"$OUT" 2>"$ERR" 3>&- 4>&- 9<"$CANARY" 10<"$CANARY/program" 11</ || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
}

attack() {	# TEXT: what was tried
	leaky run --bundle "$BUNDLE" "$ID"
	{ lacks "$output$error" secret-of-the-host && lacks "$output" umask=; } ||
		{ echo "by $1" >&2; return 1; }
	((status < 124))
	canary_same
}

@test "SEC-3-1 a working directory through /proc/self/fd" {
	local n

	for n in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		script 'cat file ./dir/../file 2>&1; cat ../../../../../../../..'"$CANARY"'/file 2>&1; :'
		config '.process.cwd = $d' --arg d "/proc/self/fd/$n"
		attack "cwd of $n"
	done
}

@test "SEC-3-1 a working directory that is a link there" {
	local n

	writable_root
	for n in 3 5 7 8 9 10 11 12 13 14 15; do
		ln -sfn "/proc/self/fd/$n" "$BUNDLE/rootfs/link"
		script 'cat file 2>&1; :'
		config '.process.cwd = "/link"'
		attack "link to $n"
		config '.process.cwd = "/link/dir/.."'
		attack "link to $n and on"
	done
}

@test "SEC-3-1 a working directory of another process" {
	local dir

	for dir in /proc/1/cwd /proc/1/root /proc/self/root /proc/thread-self/cwd "/proc/1/root$CANARY" \
		"/proc/self/cwd/$CANARY"; do
		cp pristine.json "$BUNDLE/config.json"
		script 'cat file 2>&1; :'
		config '.process.cwd = $d' --arg d "$dir"
		attack "$dir"
	done
}

@test "SEC-3-1 a program of the host through /proc/self/fd" {
	local n

	for n in 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		args "/proc/self/fd/$n" umask
		attack "args of $n"
		ln -sfn "/proc/self/fd/$n" "$BUNDLE/rootfs/link"
		args /link umask
		attack "link of $n"
		args "/proc/self/fd/$n/program" umask
		attack "below $n"
	done
}

@test "SEC-3-1 SEC-13 in a startContainer hook nothing of the caller or of the runtime is open" {
	writable_root
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c",
		"for i in 3 4 5 6 7 8 9 10 11 12 13 14 15; do cat /proc/self/fd/$i/file; done >/tmp/out 2>&1;
		probe fds >>/tmp/out"]}]'
	script 'cat /tmp/out'
	attack hook
	eq "$status" 0
	has "$output" "fds=0,1,2"
}

@test "SEC-3-1 the waiting init holds no directory of the host" {
	local pid fd

	leaky create --bundle "$BUNDLE" "$ID"
	eq "$status" 0
	pid=$(pid_of)
	for fd in /proc/"$pid"/fd/*; do
		[[ ! -d $fd ]] || { ls -l "$fd" >&2; return 1; }
		lacks "$(readlink "$fd")" canary
	done
	eq "$(readlink "/proc/$pid/cwd")" /
}

@test "SEC-3-2 closed standard descriptors, one by one and all" {
	local how

	for how in '0<&-' '1>&-' '2>&-' '0<&- 1>&-' '1>&- 2>&-' '0<&- 1>&- 2>&-'; do
		writable_root
		script 'for i in 0 1 2; do stat -L -c %t:%T /proc/self/fd/$i; done >/tmp/types; probe fds >>/tmp/types'
		status=0
		eval "RTB_TOKEN=$TOKEN '$RUNTIME' --root '$ROOT' run --bundle '$BUNDLE' '$ID' 3>&- 4>&- $how" \
			</dev/null >"$OUT" 2>"$ERR" || status=$?
		eq "$status" 0 "status with $how"
		has "$(cat "$BUNDLE/rootfs/tmp/types")" fds=0,1,2
		rm "$BUNDLE/rootfs/tmp/types"
	done
}

@test "SEC-3-2 a null device of the image that is another file gets no output of the container" {
	need_nodes
	local kind

	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = []'
	for kind in file fifo zero link; do
		rm -rf "${BUNDLE:?}/rootfs/dev" && mkdir "$BUNDLE/rootfs/dev"
		case $kind in
		file) : >"$BUNDLE/rootfs/dev/null" ;;
		fifo) mkfifo "$BUNDLE/rootfs/dev/null" ;;
		zero) mknod "$BUNDLE/rootfs/dev/null" c 1 5 ;;
		link) ln -s "$CANARY/file" "$BUNDLE/rootfs/dev/null" ;;
		esac
		args /bin/echo text
		status=0
		RTB_TOKEN=$TOKEN timeout -k 1 "$TIMEOUT" "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
			</dev/null >"$TEST_DIR/plain" 2>/dev/null 3>&- 4>&- || status=$?
		((status < 124)) || { echo "it hung with null as $kind" >&2; return 1; }
		((status)) || file_is "$TEST_DIR/plain" text
		[[ ! -s $BUNDLE/rootfs/dev/null || $kind != file ]]
		canary_same
	done
}

@test "SEC-3-2 files of the host do not change their owner" {
	config '.process.user = {uid: 1000, gid: 1000}'
	args /bin/echo text
	local null

	# crun 1.8 gives it away: it may have been called before us
	null=$(stat -c %u:%g:%a /dev/null)
	touch plain && chown 12:13 plain
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >plain 3>&- 4>&-
	eq "$(stat -c %u:%g plain)" 12:13
	eq "$(stat -c %u:%g:%a /dev/null)" "$null"
}

@test "SEC-3-3 LISTEN_FDS and --preserve-fds pass what they name, and no other" {
	args /bin/probe fds
	status=0
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" --preserve-fds 1 "$ID" </dev/null \
		>"$OUT" 2>"$ERR" 3<"$BUNDLE/config.json" 4<"$CANARY" 5<"$CANARY/file" 9</ || status=$?
	output=$(<"$OUT")
	eq "$status" 0
	value_is fds 0,1,2,3
}

@test "SEC-3-4 the program can be dumped as any other, so nothing of the start is left to be found" {
	script 'cat /proc/self/environ | tr "\0" "\n"; probe caps'
	SECRET_OF_THE_CALLER=secret-of-the-host run_ok
	value_is dumpable 1
	lacks "$output" secret-of-the-host
}

@test "SEC-3-4 control: the watcher finds what is there" {
	script 'DECOY=canary-of-the-caller sleep 1000 & exec probe attack watch canary-of-the-caller'
	runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/watched" 2>&1
	eventually grep -q "FOUND text" "$TEST_DIR/watched"
}

@test "SEC-3-4 SEC-3-1 in a pid namespace of others the runtime's processes show them nothing" {
	need_root "join a pid namespace of the host"
	local holder ns i

	# A container of the attacker's, and others that are made to share its processes.
	cp pristine.json "$BUNDLE/config.json"
	script "probe attack watch canary-of-the-caller"
	add_caps='CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE'
	config '(.process.capabilities[]) |= $ARGS.positional' --args -- $add_caps
	runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/watched" 2>&1
	eventually grep -q watching "$TEST_DIR/watched"
	holder=$(pid_of) ns=/proc/$holder/ns/pid
	mkdir caller && touch caller/canary-of-the-caller
	cp pristine.json "$BUNDLE/config.json"
	args true
	add_namespace pid "$ns"
	for ((i = 0; i < 12; i++)); do
		(
			cd caller
			export CANARY_VARIABLE=canary-of-the-caller
			exec 9<.
			RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID-$i" </dev/null \
				>/dev/null 2>&1 3>&- 4>&-
		)
	done
	lacks "$(cat "$TEST_DIR/watched")" FOUND
	kill -0 "$holder"
}
