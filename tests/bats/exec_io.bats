#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: detached and attached, terminals, signals, descriptors.

load helpers

setup() {
	test_begin
	args sleep 1000
	PIDFILE=$TEST_DIR/exec.pid
	SOCKET=$TEST_DIR/console.sock
	PYTHON=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || :
	create
	start
	INIT=$(pid_of)
}

ex_ok() { ok exec "$@"; }	# [OPTION...] ID COMMAND...

ex_fails() {	# [OPTION...] ID COMMAND...
	local want=255

	[[ $RUNTIME_NAME != crun ]] || want=1
	run_runtime exec "$@"
	((status == want)) && [[ -n $error ]] ||
		{ echo "must fail with $want and a message: $RUNTIME_NAME exec $*" >&2; show_failure; return 1; }
}

receiver() {	# [TEXT]
	need_program python3
	background "$PYTHON" "$SUITES/console_receive.py" "$SOCKET" "$TEST_DIR/tty" "$@" 2>>"$TEST_DIR/tty.err"
	wait_file "$SOCKET"
}

attached() {	# [pty_run options] -- [exec options] ID COMMAND...
	local before=()

	need_program python3
	while [[ $1 != -- ]]; do
		before+=("$1")
		shift
	done
	status=0
	RTB_TOKEN=$TOKEN "$PYTHON" "$SUITES/pty_run.py" "${before[@]}" "$RUNTIME" --root "$ROOT" exec "${@:2}" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
}

# --- detached --------------------------------------------------------------------------------------

@test "detached: returns when the program runs, with its pid in the file" {
	ex_ok --detach --pid-file "$PIDFILE" "$ID" sleep 999
	local pid
	pid=$(<"$PIDFILE")
	eq "$(wc -c <"$PIDFILE")" "${#pid}" "no line end"
	# The file is the program's already; the kernel shows arguments a moment later.
	[[ $(caller readlink "/proc/$pid/exe") == */@(sleep|busybox) ]]
	eventually grep -qz '^999$' "/proc/$pid/cmdline"
	eq "$(ns_of "$pid" pid)" "$(ns_of "$INIT" pid)"
	eq "$output$error" ""
	kill -KILL "$pid"
	wait_pid "$pid"
}

@test "detached: a program that ends at once" {
	local i
	for i in {1..20}; do
		rm -f "$PIDFILE"
		ex_ok -d --pid-file "$PIDFILE" "$ID" true
		exists "$PIDFILE"
	done
	eventually bash -c "! ls -d /proc/$(<"$PIDFILE")/exe 2>/dev/null"
}

@test "a failure leaves no pid file, and an older one as it is" {
	ex_fails -d --pid-file "$PIDFILE" "$ID" nope
	missing "$PIDFILE"
	ex_fails --pid-file "$PIDFILE" --cwd /nope "$ID" true
	missing "$PIDFILE"
	echo 17 >"$PIDFILE"
	ex_fails -d --pid-file "$PIDFILE" "$ID" nope
	file_is "$PIDFILE" 17
	eq "$(ls -A "$TEST_DIR" | grep -c 'exec\.pid')" 1
}

@test "a pid file that cannot be written ends the process" {
	ex_fails -d --pid-file "$TEST_DIR/none/pid" "$ID" sleep 998
	has "$error" "pid file"
	ok exec "$ID" ps
	lacks "$output" 998
}

@test "attached: the pid file is there while the program runs" {
	ex_ok --pid-file "$PIDFILE" "$ID" sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done' &
	local job=$!
	wait_file "$PIDFILE"
	kill -0 "$(<"$PIDFILE")"
	caller touch "/proc/$INIT/root/dev/shm/go"
	wait "$job"
}

@test "the pidfd socket gets a descriptor of the process" {
	need_program python3
	cat >receive.py <<-'PYTHON'
		import array, os, select, signal, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		os.chdir(os.path.dirname(sys.argv[1]))
		s.bind("new")
		s.listen(1)
		os.rename("new", os.path.basename(sys.argv[1]))
		c, _ = s.accept()
		data, control, _, _ = c.recvmsg(100, socket.CMSG_SPACE(64))
		fds = array.array("i")
		fds.frombytes(control[0][2])
		pid = [l for l in open(f"/proc/self/fdinfo/{fds[0]}") if l.startswith("Pid:")][0].split()[1]
		open(sys.argv[2], "w").write(f"{data.decode()} {len(fds)} {pid}\n")
	PYTHON
	background "$PYTHON" receive.py "$TEST_DIR/pidfd.sock" "$TEST_DIR/result"
	wait_file "$TEST_DIR/pidfd.sock"
	ex_ok -d --pid-file "$PIDFILE" --pidfd-socket "$TEST_DIR/pidfd.sock" "$ID" sleep 1000
	wait_pid "$BACKGROUND"
	file_is "$TEST_DIR/result" "setns 1 $(<"$PIDFILE")"
}

@test "a detached process becomes a child of whoever adopts its parent's" {
	ex_ok -d --pid-file "$PIDFILE" "$ID" sleep 1000
	ne "$(awk '/^PPid/ { print $2 }' "/proc/$(<"$PIDFILE")/status")" 0
}

# --- streams and descriptors -----------------------------------------------------------------------

@test "the standard streams are the caller's" {
	eq "$(echo in | runtime exec "$ID" cat 2>/dev/null)" in
	eq "$(runtime exec "$ID" sh -c 'echo out; echo err >&2' </dev/null 2>/dev/null)" out
	eq "$(runtime exec "$ID" sh -c 'echo out; echo err >&2' </dev/null 2>&1 >/dev/null)" err
}

@test "what comes over a pipe is whole" {
	head -c 3000000 /dev/urandom >data
	runtime exec "$ID" cat <data >copy
	cmp data copy
}

@test "FD-01 only 0, 1 and 2 arrive" {
	exec 8</etc 9</etc/passwd
	status=0
	runtime exec "$ID" /bin/probe fds </dev/null >"$OUT" 2>"$ERR" 5>&- 6>&- 7>&- || status=$?
	exec 8<&- 9<&-
	output=$(<"$OUT")
	eq "$status" 0
	value_is fds 0,1,2
}

@test "FD-02 --preserve-fds passes exactly so many" {
	echo content >file
	status=0
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" exec --preserve-fds 2 "$ID" /bin/probe fds \
		</dev/null >"$OUT" 2>"$ERR" 3<file 4<file 5<file 6<file || status=$?
	output=$(<"$OUT")
	eq "$status" 0
	value_is fds 0,1,2,3,4
	ex_fails --preserve-fds x "$ID" true
}

@test "closed standard streams are the null device" {
	status=0
	RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" exec "$ID" sh -c 'ls -l /proc/self/fd >/tmp/x 2>&1; exit 4' \
		<&- >&- 2>&- 3>&- 4>&- || status=$?
	ne "$status" 255
}

@test "a pipe as a stream belongs to the user, so that it can be opened by name" {
	need_root # a pipe of root stays root's
	status=0
	output=$(runtime exec --user 1000 "$ID" sh -c 'echo yes >/proc/self/fd/1' </dev/null 2>/dev/null | cat)
	eq "$output" yes
}

# --- signals ---------------------------------------------------------------------------------------

@test "signals to the runtime go to the program" {
	background runtime exec --pid-file "$PIDFILE" "$ID" sh -c 'trap "exit 9" TERM; echo >/dev/shm/ready
		while :; do sleep 0.02; done' </dev/null
	local job=$BACKGROUND
	wait_file "$PIDFILE"
	eventually caller test -e "/proc/$INIT/root/dev/shm/ready"
	# The runtime is its parent; timeout(1) may stand between that and us.
	kill -TERM "$(awk '/^PPid/ { print $2 }' "/proc/$(<"$PIDFILE")/status")"
	status=0
	wait "$job" || status=$?
	eq "$status" 9
}

@test "an alarm that the caller has set still comes" {
	need_program perl
	run timeout -k 1 "$TIMEOUT" perl -e 'alarm 1; exec @ARGV' "$RUNTIME" --root "$ROOT" exec "$ID" sleep 100 3>&- 4>&-
	eq "$status" $((128 + 14))
}

@test "what is ignored or blocked by the caller is not so for the program" {
	status=0
	output=$(trap '' PIPE USR1 TERM; runtime exec "$ID" grep -E 'Sig(Ign|Blk|Cgt)' /proc/self/status </dev/null)
	eq "$(awk '{ print $2 }' <<<"$output" | sort -u)" 0000000000000000
}

@test "the program leads a session and a process group" {
	ex_ok "$ID" /bin/probe process
	eq "$(value sid)" "$(value pid)"
	eq "$(value pgrp)" "$(value pid)"
	value_is ppid 0
}

@test "the runtime killed: the program goes on" {
	background runtime exec --pid-file "$PIDFILE" "$ID" sleep 997 </dev/null
	wait_file "$PIDFILE"
	local pid
	pid=$(<"$PIDFILE")
	kill -KILL "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")"
	sleep 0.1
	kill -0 "$pid"
	kill -KILL "$pid"
	wait_pid "$pid"
}

# --- terminals -------------------------------------------------------------------------------------

@test "PROC-02 the console socket gets the primary end" {
	receiver
	ex_ok --tty --detach --pid-file "$PIDFILE" --console-socket "$SOCKET" "$ID" /bin/probe tty fds
	wait_pid "$(<"$PIDFILE")"
	wait_pid "$BACKGROUND"
	output=$(tr -d '\r' <"$TEST_DIR/tty")
	eq "$(cat "$TEST_DIR/tty.fds")" 1
	eq "$(cat "$TEST_DIR/tty.data")" /dev/ptmx
	value_is tty.0 1
	value_is tty.1 1
	value_is tty.2 1
	has "$output" fds=0,1,2
	ne "$(value tty.sid)" 1
}

@test "a console socket whose path is longer than an address" {
	local dir=$TEST_DIR/$(printf 'd%.0s' {1..90})
	mkdir -p "$dir"
	SOCKET=$dir/console.sock
	receiver
	ex_ok -td --pid-file "$PIDFILE" --console-socket "$SOCKET" "$ID" echo long
	wait_pid "$BACKGROUND"
	has "$(cat "$TEST_DIR/tty")" long
}

@test "a terminal needs a console socket where nobody is attached" {
	ex_fails -t -d "$ID" true
	has "$error" "without setting console socket"
	receiver
	ex_fails -t --console-socket "$SOCKET" "$ID" true
	has "$error" "cannot use console socket"
	ex_fails -d --console-socket "$SOCKET" "$ID" true
	has "$error" "cannot use console socket"
	ex_fails -td --console-socket "$TEST_DIR/nobody" "$ID" true
	has "$error" nobody
}

@test "a terminal for a user that is not root" {
	receiver
	ex_ok -td --user 1000:1000 --console-socket "$SOCKET" "$ID" sh -c 'stat -c %u $(readlink /proc/self/fd/0)
		echo ok >/dev/tty'
	wait_pid "$BACKGROUND"
	eq "$(tr -d '\r' <"$TEST_DIR/tty")" "1000
ok"
}

@test "--tty=false is no terminal" {
	ex_ok --tty=false "$ID" sh -c 'tty || echo none'
	has "$output" none
}

@test "attached: the terminal is copied both ways and its settings are restored" {
	attached --on ready 'send:hello\n' -- -t "$ID" sh -c 'echo ready; read word; echo "got $word"; exit 7'
	has "$output" "got hello"
	has "$output" status=7
	has "$output" restored=yes
}

@test "attached: the window has its size from the beginning, and its changes" {
	attached --size 30x90 --on ready size:40x100 --on "40 100" 'send:x\n' --on "40 100" 'send:y\n' -- \
		-t "$ID" sh -c 'trap "stty size" WINCH; stty size; echo ready; read word; stty size; read word'
	has "$output" "30 90"
	has "$output" "40 100"
	has "$output" status=0
}

@test "attached: an interrupt key ends the program, not the runtime" {
	attached --on ready 'send:\x03' -- -t "$ID" sh -c 'trap "echo interrupted; exit 3" INT; echo ready
		while :; do sleep 0.05; done'
	has "$output" interrupted
	has "$output" status=3
	has "$output" restored=yes
}

@test "attached: settings are restored when the program is killed, the runtime told to end, or killed" {
	attached -- -t "$ID" sh -c 'kill -KILL $$; sleep 1000'
	has "$output" status=137
	has "$output" restored=yes
	attached --on ready kill:SIGTERM -- -t "$ID" sh -c 'echo ready; exec sleep 996'
	has "$output" status=143
	has "$output" restored=yes
	attached --on ready kill:SIGKILL -- -t "$ID" sh -c 'echo ready; exec sleep 996'
	has "$output" status=-9
	has "$output" restored=yes
	# Its terminal has gone.
	eventually bash -c '! pgrep -f "^sleep 996" >/dev/null'
}

@test "attached: and when it fails" {
	attached -- -t "$ID" nope
	has "$output" "not found"
	has "$output" status=255
	has "$output" restored=yes
}

@test "attached: a megabyte of output is whole" {
	attached -- -t "$ID" sh -c 'yes 0123456789abcde | head -c 1048576; echo; echo end'
	has "$output" status=0
	eq "$(grep -c '^0123456789abcde$' "$OUT")" 65536
	has "$output" end
}

one_process() { (($(our_processes | wc -l) == 1)); }

@test "attached: no process of the runtime stays in the container" {
	attached --on ready 'send:x\n' -- -t "$ID" sh -c 'ps; echo ready; read x'
	lacks "$output" teu
	eventually one_process
}
