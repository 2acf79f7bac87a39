#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Races: somebody who shares a volume with the container exchanges a directory or file of it with a
# link, as fast as can be, while the runtime works there. Each test runs the container again and
# again; a refusal is as good as success, what must not happen is a change outside.

load helpers
load helpers_attack

ROUNDS=${RTB_ROUNDS:-12}

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
	mkdir -p "$CANARY/inner" "$TEST_DIR/volume" "$TEST_DIR/marker"
	echo marker >"$TEST_DIR/marker/file"
	canary_print >"$TEST_DIR/canary.before"
}

# "here" in the volume is a directory with what is needed, and a link to TARGET, in turn.
flip() {	# TARGET
	mkdir -p volume/here
	ln -s "$1" volume/there
	background "$PROBE" attack exchange "$TEST_DIR/volume/here" "$TEST_DIR/volume/there"
}

rounds() {	# FUNCTION to judge a run that succeeded
	local i good=0

	for ((i = 0; i < ROUNDS; i++)); do
		run_ct
		lacks "$output" secret-of-the-host
		if ((status == 0)); then
			good=$((good + 1))
			"$1"
		else
			((status < 124)) && [[ -n $error ]] || { show_failure; return 1; }
		fi
		runtime delete --force "$ID" >/dev/null 2>&1 || :
	done
	background_stop
	canary_same
	leak_check
	echo "$BATS_TEST_NUMBER: $good of $ROUNDS" >>"${RTB_RACE_LOG:-/dev/null}"
}

marker_is_seen() { eq "$output" marker; }

@test "SEC-1-2 mount targets below a directory that becomes a link to the host" {
	local i

	flip "../../../../../../../../../..$CANARY/inner"
	bind "$TEST_DIR/volume" /vol
	for ((i = 0; i < 20; i++)); do
		bind "$TEST_DIR/marker" "/vol/here/m$i"
	done
	bind "$TEST_DIR/marker" /mnt
	args cat /mnt/file
	rounds marker_is_seen
}

@test "SEC-1-2 the same with an absolute link, and new file systems" {
	local i

	flip "$CANARY/inner"
	bind "$TEST_DIR/volume" /vol
	for ((i = 0; i < 10; i++)); do
		add_mount "/vol/here/t$i" tmpfs tmpfs
	done
	bind "$TEST_DIR/marker" /mnt
	args cat /mnt/file
	rounds marker_is_seen
}

@test "SEC-1-3 files and nodes that are made below it" {
	local i

	flip "../../../../../../../../../..$CANARY/inner"
	bind "$TEST_DIR/volume" /vol
	for ((i = 0; i < 10; i++)); do
		bind "$TEST_DIR/marker/file" "/vol/here/f$i"
	done
	config '.linux.devices = [range(6) | {path: "/vol/here/d\(.)", type: "c", major: 1, minor: 3}]'
	config '.process.cwd = "/vol/here/cwd"'
	bind "$TEST_DIR/marker" /mnt
	args cat /mnt/file
	rounds marker_is_seen
}

proc_is_genuine() { eq "$output" "$(printf 'proc\nmarker')"; }

@test "SEC-1-5 SEC-1-2 a target that becomes a link into procfs" {
	flip /proc/self
	bind "$TEST_DIR/volume" /vol
	mkdir counterfeit && mkdir counterfeit/attr && touch counterfeit/status
	bind "$TEST_DIR/counterfeit" /vol/here
	bind "$TEST_DIR/counterfeit" /vol/here/attr
	bind "$TEST_DIR/marker" /mnt
	script 'stat -f -c %T /proc/self/status | grep -q proc && grep -q ^Pid: /proc/self/status &&
		stat -f -c %T /proc/self/attr | grep -q proc && echo proc; cat /mnt/file'
	rounds proc_is_genuine
}

proc_mount_is_proc() { has "$output" genuine; }

@test "SEC-1-4 a target of proc itself that becomes a link" {
	flip "$CANARY/inner"
	bind "$TEST_DIR/volume" /vol
	config '(.mounts[] | select(.type == "proc")) as $p | .mounts |= map(select(.type != "proc"))
		| .mounts += [$p | .destination = "/vol/here"]
		| del(.linux.maskedPaths, .linux.readonlyPaths)'
	args /bin/echo genuine
	rounds proc_mount_is_proc
}

masked_is_empty() { eq "$output" ""; }

@test "SEC-1-7 a masked path that becomes a link" {
	mkdir volume/here && echo secret-of-the-host >volume/here/key
	flip "$CANARY"
	bind "$TEST_DIR/volume" /vol
	config '.linux.maskedPaths = ["/vol/here/key", "/proc/uptime"]
		| .linux.readonlyPaths = ["/vol/here", "/proc/sys"]'
	# Nobody but the volume's owner can keep that one open: the mask of procfs must hold all the same.
	args cat /proc/uptime
	rounds masked_is_empty
	# The host's file system stays writable.
	touch "$CANARY/file"
}

# /dev is a volume, and what the terminal's number stands for in its pts is flipped.
console_of_run() {	# → where the primary end's peer lies, "refused" where the start was refused
	timeout 10 python3 "$SUITES/console_receive.py" "$TEST_DIR/console.sock" "$TEST_DIR/console" \
		>/dev/null 2>&1 3>&- 4>&- &
	local receiver=$!

	wait_file "$TEST_DIR/console.sock"
	run_runtime create --bundle "$BUNDLE" --console-socket "$TEST_DIR/console.sock" "$ID"
	echo "$receiver" >>"$TEST_DIR/background"
	rm -f "$TEST_DIR/console.sock"
}

@test "SEC-15-1 a /dev of the attacker's where pts/0 and the console change" {
	need_program python3
	local i fd

	mkdir -p volume/pts volume/dev
	cp -a /dev/null volume/null && cp -a /dev/zero volume/zero
	echo secret-of-the-host >volume/pts/1 && ln -s "$CANARY/file" volume/pts/0
	ln -s "$CANARY/file" volume/console.link && touch volume/console
	background "$PROBE" attack exchange "$TEST_DIR/volume/pts/0" "$TEST_DIR/volume/pts/1"
	background "$PROBE" attack exchange "$TEST_DIR/volume/console" "$TEST_DIR/volume/console.link"
	config '.process.terminal = true | .mounts |= map(select(.destination | startswith("/dev") | not))
		| .linux.maskedPaths = []'
	bind "$TEST_DIR/volume" /dev
	args sleep 1000
	for ((i = 0; i < 6; i++)); do
		console_of_run
		if ((status == 0)); then
			for fd in 0 1 2; do
				eq "$(stat -L -c %t "/proc/$(pid_of)/fd/$fd")" 88 "type of descriptor $fd"
			done
		fi
		runtime delete --force "$ID" >/dev/null 2>&1 || :
	done
	background_stop
	canary_same
}

@test "SEC-15-1 a console of the image that is a link or a FIFO" {
	need_program python3
	local what

	config '.process.terminal = true | .mounts |= map(select(.destination != "/dev"))'
	writable_root
	for what in "ln -s $CANARY/file" "ln -s /etc/passwd" "ln -s nowhere" mkfifo; do
		rm -rf "${BUNDLE:?}/rootfs/dev"
		mkdir "$BUNDLE/rootfs/dev"
		$what "$BUNDLE/rootfs/dev/console"
		args sleep 1000
		console_of_run
		((status < 124))
		runtime delete --force "$ID" >/dev/null 2>&1 || :
		canary_same
		has "$(cat "$BUNDLE/rootfs/etc/passwd")" root:x:0:0
	done
}
