#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line: grammar, options, help, exit codes.

load helpers

# status of a call without --root, with the arguments
bare() {
	status=0
	RTB_TOKEN=$TOKEN timeout --foreground "$TIMEOUT" "$RUNTIME" "$@" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- ||
		status=$?
	output=$(<"$OUT") error=$(<"$ERR")
}

@test "--version, -v and -V print the name, the version and the specification" {
	local option
	for option in --version -v -V; do
		bare $option
		eq "$status" 0
		matches "$(head -n1 <<<"$output")" "^$RUNTIME_NAME version [0-9]+\.[0-9]+"
		has "$output" "spec: 1.3.0"
	done
}

@test "--version can be read by callers: one version, key: value lines" {
	bare --version
	eq "$(grep -c version <<<"$output")" 1
	run ! grep -vE '^[A-Za-z]+: .' <<<"$(tail -n +2 <<<"$output")"
}

@test "--help and help, of the program and of each command" {
	local command
	for option in --help -h help; do
		bare $option
		eq "$status" 0
		has "$output" create
	done
	for command in create start state kill delete run list spec; do
		bare $command --help
		eq "$status" 0
		matches "$output" "$command"
		bare help $command
		eq "$status" 0
		bare $command -h
		eq "$status" 0
	done
}

@test "help names every option that the command takes" {
	bare create --help
	local option
	for option in bundle config console-socket pidfd-socket pid-file no-pivot no-new-keyring preserve-fds; do
		has "$output" "--$option"
	done
	bare run --help
	for option in detach keep no-subreaper; do
		has "$output" "--$option"
	done
	bare delete --help
	has "$output" --force
	bare kill --help
	has "$output" --all
	bare list --help
	has "$output" --format
	has "$output" --quiet
}

@test "an unknown command is an error on stderr, exit 1" {
	bare no-such-command
	eq "$status" 1
	has "$error" no-such-command
	eq "$output" ""
}

@test "no command at all is an error or help" {
	bare
	((status < 2))
	[[ -n $output$error ]]
}

@test "an unknown option is exit 1 and named, globally and in a command" {
	bare --no-such-option list
	eq "$status" 1
	has "$error" no-such-option
	bare list --no-such-option
	eq "$status" 1
	has "$error" no-such-option
	bare list -Z
	eq "$status" 1
}

@test "an option that lacks its argument says so" {
	local call
	for call in "--root" "create --bundle" "--log" "list --format"; do
		bare $call
		eq "$status" 1
		matches "$error" '(flag needs an argument|requires an argument)'
	done
}

@test "an option that takes no argument refuses one" {
	bare delete --force=perhaps "$ID"
	eq "$status" 1
}

@test "too many and too few words name the command and the count" {
	run_runtime state
	eq "$status" 1
	has "$error" '"state" requires exactly 1 argument'
	run_runtime state a b
	eq "$status" 1
	has "$error" '"state" requires exactly 1 argument'
	run_runtime start
	eq "$status" 1
	run_runtime kill "$ID" TERM more
	eq "$status" 1
	run_runtime list extra
	eq "$status" 1
}

@test "unique prefixes of options are not options" {
	run_runtime create --bund "$BUNDLE" "$ID"
	eq "$status" 1
	leak_check
}

@test "long options with one dash, values with = and with a blank" {
	args true
	ok run -bundle "$BUNDLE" "$ID"
	ok run -bundle="$BUNDLE" "$ID"
	ok run --bundle="$BUNDLE" "$ID"
	ok run -b "$BUNDLE" "$ID"
	ok run -no-pivot -bundle "$BUNDLE" "$ID"
}

@test "booleans with =true and =false" {
	args true
	ok run --keep=false --bundle "$BUNDLE" "$ID"
	eq "$(state_entries)" ""
	ok run --keep=true --bundle "$BUNDLE" "$ID"
	eq "$(state status)" stopped
	ok delete --force=true "$ID"
}

@test "short options in one word" {
	args sleep 1000
	ok run -db "$BUNDLE" "$ID"
	eq "$(state status)" running
	ok list -qf table
	eq "$output" "$ID"
}

@test "options after the id" {
	args true
	ok run "$ID" --bundle "$BUNDLE"
	create
	ok delete "$ID" --force
}

@test "-- ends the options" {
	fails state -- --root
	has "$error" "--root"
	args true
	ok run --bundle "$BUNDLE" -- "$ID"
}

@test "global options after the command" {
	create
	bare state --root "$ROOT" "$ID"
	eq "$status" 0
	eq "$(jq -r .id "$OUT")" "$ID"
}

@test "options that callers pass and that mean nothing here are accepted" {
	args true
	ok --criu /usr/sbin/criu --rootless auto run --no-subreaper --bundle "$BUNDLE" "$ID"
	[[ -n ${RTB_USER:-} ]] || ok --rootless=false run -no-subreaper --bundle "$BUNDLE" "$ID"
	ok --cgroup-manager cgroupfs run --bundle "$BUNDLE" "$ID"
}

@test "values that an option does not take" {
	fails --log-format xml list
	has "$error" "invalid log-format"
	fails --log-level loud list
	fails --cgroup-manager other list
	fails --rootless perhaps list
}

@test "--root is not /" {
	bare --root / list
	eq "$status" 1
	has "$error" "should not be set to /"
}

@test "--root is made by create, and missing for list" {
	fails --root "$TEST_DIR/none" list
	args true
	ROOT=$TEST_DIR/new/deep run_ok
	exists "$TEST_DIR/new/deep"
}

@test "a relative --root and relative paths" {
	args sleep 1000
	mkdir here
	(cd here && runtime --root state-dir run --detach --bundle ../bundle --pid-file pid "$ID" \
		</dev/null >"$OUT" 2>"$ERR")
	exists here/state-dir
	matches "$(cat here/pid)" '^[0-9]+$'
	ROOT=$TEST_DIR/here/state-dir delete --force
}

@test "--config takes another file for the same bundle" {
	cp "$BUNDLE/config.json" other.json
	jq '.process.args = ["echo", "other"]' other.json >"$TEST_DIR/second.json"
	rm "$BUNDLE/config.json"
	ok run --bundle "$BUNDLE" --config second.json "$ID"
	eq "$output" other
	ok run --bundle "$BUNDLE" -f "$TEST_DIR/second.json" "$ID"
	eq "$output" other
}

@test "ST-08 the pid file: the number alone, no leftover beside it" {
	create --pid-file "$TEST_DIR/pid"
	eq "$(od -c "$TEST_DIR/pid" | grep -c '\\n')" 0
	eq "$(cat pid)" "$(pid_of)"
	eq "$(find . -maxdepth 1 -name '.pid*')" ""
}

@test "a pid file that cannot be written fails the create" {
	fails create --bundle "$BUNDLE" --pid-file "$TEST_DIR/no/dir/pid" "$ID"
	has "$error" pid
	leak_check
}

@test "the pidfd socket gets a descriptor of the container's init" {
	need_program python3
	local python
	python=$(python3 -c 'import sys; print(sys.executable)')
	cat >receive.py <<-'END'
		import os, socket, sys, array
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.bind(sys.argv[1] + ".new"); s.listen(1); os.rename(sys.argv[1] + ".new", sys.argv[1])
		c, _ = s.accept()
		data, anc, _, _ = c.recvmsg(100, socket.CMSG_SPACE(8))
		fd = array.array("i", anc[0][2])[0]
		info = dict(l.split(":\t") for l in open(f"/proc/self/fdinfo/{fd}").read().splitlines())
		open(sys.argv[2], "w").write(data.decode() + " " + info["Pid"])
	END
	background "$python" receive.py "$TEST_DIR/pidfd.sock" "$TEST_DIR/result"
	wait_file "$TEST_DIR/pidfd.sock"
	create --pidfd-socket "$TEST_DIR/pidfd.sock"
	wait_file "$TEST_DIR/result"
	file_is result "standard $(pid_of)"
}

@test "exit codes: success 0, every error of ours 1" {
	run_runtime state "$ID"
	eq "$status" 1
	run_runtime delete "$ID"
	eq "$status" 1
	run_runtime delete --force "$ID"
	eq "$status" 0
	run_runtime start "$ID"
	eq "$status" 1
	config '.process.args = ["/no/such/program"]'
	run_ct
	eq "$status" 1
	run_runtime create --bundle "$BUNDLE" "$ID"
	eq "$status" 1
}

@test "exit codes of run: 0, 1, 126, 127 and 255 of the program pass" {
	local code
	for code in 0 1 3 126 127 255; do
		script "exit $code"
		run_ct
		eq "$status" $code
	done
}

@test "standard input, output and error are passed untouched" {
	args sh -c 'cat; echo err >&2'
	printf 'in\0put' >input
	STDIN=input run_ct
	eq "$(od -An -c "$OUT" | tr -d ' \n')" 'in\0put'
	eq "$error" err
}

@test "closed standard descriptors are no hole" {
	script 'echo x; ls -l /proc/self/fd | grep -c -E "(host|root|json)"; exit 0'
	(runtime run --bundle "$BUNDLE" "$ID" <&- >"$OUT" 2>"$ERR")
	(runtime run --bundle "$BUNDLE" "$ID" <&- >&- 2>&-)
	leak_check
}

@test "the program is not a script interpreter" {
	printf '#!%s\n' "$RUNTIME" >script && chmod 755 script
	run ./script
	ne "$status" 0
}
