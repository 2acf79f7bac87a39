#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Descriptors: what the program gets, preserved ones, socket activation, notification.

load helpers

# The caller's own three and nothing else, then what the call opens.
clean_run() {	# [OPTION...]
	status=0
	runtime run --bundle "$BUNDLE" "$@" "$ID" </dev/null >"$OUT" 2>"$ERR" 5>&- 6>&- 7>&- || status=$?
	output=$(<"$OUT")
}

@test "FD-01 only 0, 1 and 2 arrive" {
	args /bin/probe fds
	exec 8</etc 9</etc/passwd
	clean_run
	exec 8<&- 9<&-
	eq "$status" 0
	value_is fds 0,1,2
}

@test "FD-01 also for the created process that waits" {
	exec 8</etc 9</etc/passwd
	create
	exec 8<&- 9<&-
	run ! bash -c "ls -l /proc/$(pid_of)/fd | grep -E '/etc(/passwd)?$'"
}

@test "FD-03 a null device of the host is replaced by the container's" {
	need_mknod
	args /bin/probe fds
	clean_run
	has "$(value fd.0)" "1:3"
	ne "$(sed -n 's/.*dev=\([0-9:]*\).*/\1/p' <<<"$(value fd.0)")" "$(stat -c '%Hd:%Ld' /dev/null)"
}

@test "FD-02 --preserve-fds passes exactly so many" {
	args /bin/probe fds
	echo content >file
	status=0
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" --preserve-fds 2 "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3<file 4<file 5<file 6<file || status=$?
	output=$(<"$OUT")
	eq "$status" 0
	value_is fds 0,1,2,3,4
}

@test "FD-02 a preserved descriptor that is not open is an error" {
	args true
	status=0
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" --preserve-fds 2 "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3<config.json 4<&- || status=$?
	[[ -e config.json ]] || touch config.json
	status=0
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" --preserve-fds 2 "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3<config.json 4<&- || status=$?
	eq "$status" 1
	leak_check
}

@test "FD-02 values of --preserve-fds that are none" {
	local value
	for value in -1 x 4294967296 1x ""; do
		fails create --bundle "$BUNDLE" --preserve-fds "$value" "$ID"
	done
}

@test "FD-02 LISTEN_FDS passes the sockets and rewrites LISTEN_PID" {
	script '/bin/probe fds env'
	touch file
	(
		export LISTEN_FDS=2 LISTEN_FDNAMES=one:two RTB_TOKEN=$TOKEN
		exec 3<file 4<file 5<file
		LISTEN_PID=$BASHPID exec "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
			</dev/null >"$OUT" 2>"$ERR"
	)
	output=$(<"$OUT")
	has "$output" "env=LISTEN_FDS=2"
	has "$output" "env=LISTEN_PID=1"
	has "$output" "env=LISTEN_FDNAMES=one:two"
	value_is fds 0,1,2,3,4
}

@test "FD-02 LISTEN_FDS and --preserve-fds after them" {
	args /bin/probe fds
	touch file
	LISTEN_FDS=1 RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" --preserve-fds 1 "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3<file 4<file 5<file
	output=$(<"$OUT")
	value_is fds 0,1,2,3,4
}

@test "LISTEN_FDS meant for another process is not ours" {
	args /bin/probe fds env
	touch file
	LISTEN_PID=1 LISTEN_FDS=1 RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3<file 4>&-
	output=$(<"$OUT")
	value_is fds 0,1,2
	lacks "$output" LISTEN_FDS
}

notify_listener() {
	need_program python3
	cat >listen.py <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(15)
		with open(sys.argv[2], "wb", buffering=0) as out:
		    while True:
		        data, anc, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(16))
		        for level, kind, content in anc:
		            os.close(int.from_bytes(content[:4], sys.byteorder))
		        out.write(data + b"\n")
	END
	background "$(python3 -c 'import sys; print(sys.executable)')" listen.py "$TEST_DIR/notify.sock" \
		"$TEST_DIR/notified"
	wait_file "$TEST_DIR/notify.sock"
}

@test "NOTIFY_SOCKET: the program's READY reaches the host's socket, with MAINPID" {
	notify_listener
	config '.process.args = ["/bin/sh", "-c", "/bin/probe try notify READY=1; exec sleep 1000"]'
	NOTIFY_SOCKET=$TEST_DIR/notify.sock run_ok --detach
	wait_file "$TEST_DIR/notified"
	eventually grep -q MAINPID notified
	has "$(cat notified)" READY=1
	has "$(cat notified)" "MAINPID=$(pid_of)"
}

@test "NOTIFY_SOCKET: other messages are not passed on" {
	notify_listener
	config '.process.args = ["/bin/sh", "-c",
		"/bin/probe try notify STATUS=evil; /bin/probe try notify READY=1; exec sleep 1000"]'
	NOTIFY_SOCKET=$TEST_DIR/notify.sock run_ok --detach
	eventually grep -q MAINPID notified
	lacks "$(cat notified)" evil
}

@test "NOTIFY_SOCKET: the container has its own path" {
	notify_listener
	config '.process.args = ["/bin/sh", "-c", "echo $NOTIFY_SOCKET; /bin/probe try notify READY=1"]'
	NOTIFY_SOCKET=$TEST_DIR/notify.sock run_ok
	has "$output" /run/notify/notify.sock
	lacks "$output" "$TEST_DIR"
}

@test "the session's other variables do not leak" {
	args /bin/probe env
	XDG_RUNTIME_DIR=/run/x DBUS_SESSION_BUS_ADDRESS=unix:path=/x NOTIFY_FD=3 run_ok
	lacks "$output" XDG
	lacks "$output" DBUS
	lacks "$output" NOTIFY
}
