#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Terminals: over a console socket, and attached to the caller's own.

load helpers

setup() {
	test_begin
	need_program python3
	PYTHON=$(python3 -c 'import sys; print(sys.executable)')
	SOCKET=$TEST_DIR/console.sock
	config '.process.terminal = true'
}

receiver() {	# [TEXT]
	background "$PYTHON" "$SUITES/console_receive.py" "$SOCKET" "$TEST_DIR/tty" "$@" 2>>"$TEST_DIR/tty.err"
	wait_file "$SOCKET"
}

# The program's output on the terminal, without carriage returns, when the program has ended.
on_console() {	# the config's program
	receiver
	create --console-socket "$SOCKET"
	local pid
	pid=$(pid_of)
	start
	wait_pid "$pid"
	wait_pid "$BACKGROUND"
	output=$(tr -d '\r' <"$TEST_DIR/tty")
}

attached() {	# [pty_run options --] → output
	status=0
	RTB_TOKEN=$TOKEN "$PYTHON" "$SUITES/pty_run.py" "$@" "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" \
		"$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
}

@test "PROC-02 DDEV-02 the console socket gets the primary end of the container's terminal" {
	args /bin/probe tty fds
	on_console
	eq "$(cat "$TEST_DIR/tty.fds")" 1
	value_is tty.0 1
	value_is tty.1 1
	value_is tty.2 1
	value_is tty.sid 1
	matches "$(value tty.0.name)" '^/dev/(pts/[0-9]+|console)$'
}

@test "the message beside the descriptor names the terminal" {
	args true
	on_console
	eq "$(cat "$TEST_DIR/tty.data")" /dev/ptmx
}

@test "PROC-02 the terminal is of the container's devpts" {
	script 'ls /dev/pts; stat -c %t:%T /dev/pts/0'
	on_console
	has "$output" 0
	has "$output" 88:0
}

@test "DDEV-02 /dev/console is the terminal" {
	script 'stat -c %t:%T /dev/console; stat -L -c %t:%T /proc/self/fd/0; echo to-console >/dev/console'
	on_console
	eq "$(head -n1 <<<"$output")" "$(sed -n 2p <<<"$output")"
	has "$output" to-console
}

@test "PROC-02 the terminal is the controlling one" {
	script 'echo through-tty >/dev/tty'
	on_console
	has "$output" through-tty
}

@test "PROC-03 PROC-05 PROC-06 consoleSize is the window size" {
	config '.process.consoleSize = {height: 33, width: 111}'
	args /bin/probe tty
	on_console
	value_is tty.size 33x111
}

@test "PROC-04 consoleSize without a terminal is ignored, however odd" {
	config '.process.terminal = false | .process.consoleSize = {height: 0, width: 70000}'
	args true
	run_ok
	config 'del(.process.terminal) | .process.consoleSize = {}'
	run_ok
}

@test "PROC-05 PROC-06 both members are required with a terminal, and must fit" {
	local json
	receiver
	for json in '{height: 3}' '{width: 3}' '{height: 65536, width: 3}' '{height: 3, width: -1}'; do
		config ".process.consoleSize = $json"
		fails create --bundle "$BUNDLE" --console-socket "$SOCKET" "$ID" || { echo "with $json" >&2; return 1; }
		has "$error" consoleSize
		leak_check
	done
}

@test "the terminal belongs to the user of the process" {
	config '.process.user = {uid: 1000, gid: 1000}'
	script 'echo ok >/dev/tty; stat -c %u $(readlink /proc/self/fd/0)'
	on_console
	eq "$output" "ok
1000"
}

@test "a terminal in a user namespace" {
	userns
	args /bin/probe tty ids
	on_console
	value_is tty.0 1
	value_is uid "0 0 0 0"
}

@test "what is typed reaches the program" {
	receiver $'hello\n'
	script 'read word; echo "got $word"'
	create --console-socket "$SOCKET"
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	wait_pid "$BACKGROUND"
	has "$(cat "$TEST_DIR/tty")" "got hello"
}

@test "run --detach with a console socket" {
	receiver
	script 'echo here; sleep 1000'
	run_ok --detach --console-socket "$SOCKET"
	eventually grep -q here "$TEST_DIR/tty"
	eq "$(state status)" running
}

@test "a console socket whose path is longer than an address" {
	local dir=$TEST_DIR/$(printf 'd%.0s' {1..90})
	mkdir -p "$dir"
	SOCKET=$dir/console.sock
	args /bin/probe tty
	on_console
	value_is tty.0 1
}

@test "a terminal needs a console socket where nobody is attached" {
	refused "without setting console socket"
	fails run --detach --bundle "$BUNDLE" "$ID"
	leak_check
}

@test "a console socket without a terminal is refused" {
	receiver
	config '.process.terminal = false'
	fails create --bundle "$BUNDLE" --console-socket "$SOCKET" "$ID"
	has "$error" "console socket"
	leak_check
}

@test "a console socket where nobody listens is refused" {
	fails create --bundle "$BUNDLE" --console-socket "$TEST_DIR/nobody" "$ID"
	has "$error" nobody
	touch file
	fails create --bundle "$BUNDLE" --console-socket "$TEST_DIR/file" "$ID"
	leak_check
}

@test "attached: the terminal is copied both ways and its settings are restored" {
	script 'echo ready; read word; echo "got $word"; exit 7'
	attached --on ready 'send:hello\n'
	has "$output" "got hello"
	has "$output" status=7
	has "$output" restored=yes
	leak_check
}

@test "attached: the window size, and its changes" {
	# A shell may miss a signal right before it reads, so it does not read meanwhile.
	script 'trap "echo winch" WINCH; stty size; echo ready
		until [ "$(stty size)" = "40 100" ]; do sleep 0.02; done; stty size; read word'
	attached --size 30x90 --on ready size:40x100 --on "40 100" 'send:x\n'
	has "$output" "30 90"
	has "$output" winch
	has "$output" "40 100"
	has "$output" status=0
}

@test "attached: an interrupt key ends the program, not the runtime" {
	script 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.05; done'
	attached --on ready 'send:\x03'
	has "$output" interrupted
	has "$output" status=3
	has "$output" restored=yes
}

@test "attached: settings are restored when the program is killed, and when the runtime is told to end" {
	script 'echo ready; kill -KILL $$; sleep 1000'
	without_namespace pid
	attached
	has "$output" status=137
	has "$output" restored=yes
	script 'echo ready; sleep 1000'
	without_namespace pid
	attached --on ready kill:SIGTERM
	has "$output" restored=yes
}

@test "attached: a megabyte of output is whole" {
	script 'yes 0123456789abcde | head -c 1048576; echo; echo end'
	attached
	has "$output" status=0
	eq "$(grep -c '^0123456789abcde$' "$OUT")" 65536
	has "$output" end
}

@test "attached: the caller's terminal is not the container's" {
	args /bin/probe tty
	attached
	matches "$(value tty.0.name | tr -d '\r')" '^/dev/(pts/0|console)$'
}
