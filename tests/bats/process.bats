#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the program gets to see of itself: words, environment, directory, ids, umask.

load helpers

@test "PROC-13 args arrive byte for byte" {
	args /bin/probe argv '' ' two  blanks ' $'tab\tline\n' 'quo"te\' '$HOME *' 'ä€😀' -x --
	run_ok
	eq "$(value argc)" 10
	eq "$(value argv | sed -n 3p)" ''
	eq "$(value argv | sed -n 4p)" ' two  blanks '
	eq "$(value argv | sed -n 5p)" 'tab\x09line\x0a'
	eq "$(value argv | sed -n 6p)" 'quo"te\x5c'
	eq "$(value argv | sed -n 7p)" '$HOME *'
	eq "$(value argv | sed -n 8p)" '\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'
	eq "$(value argv | sed -n 10p)" --
}

@test "PROC-14 args must have an entry" {
	config '.process.args = []'
	refused "args must not be empty"
	config 'del(.process.args)'
	refused "args must not be empty"
}

@test "PROC-14 a bare name is found in the PATH of process.env" {
	mkdir "$BUNDLE/rootfs/opt/tools"
	ln "$BUNDLE/rootfs/bin/probe" "$BUNDLE/rootfs/opt/tools/tool"
	config '.process.env = ["PATH=/nowhere:/opt/tools"]'
	args tool cwd
	run_ok
	value_is cwd /
}

@test "PROC-14 the runtime's own PATH does not count" {
	args jq
	PATH=$PATH refused 'executable file not found in $PATH'
	config '.process.env = ["PATH=/nowhere"]'
	args sh
	refused 'exec: "sh": executable file not found in $PATH'
}

@test "PROC-14 a program that is missing or not executable fails the create" {
	args /bin/nope
	refused "no such file or directory"
	has "$error" '/bin/nope'
	args /etc/passwd
	refused "permission denied"
	args /etc
	refused
}

@test "PROC-14 a name with a slash is a path from cwd" {
	config '.process.cwd = "/bin"'
	args ./probe cwd
	run_ok
	value_is cwd /bin
}

@test "PROC-14 a script runs through its interpreter" {
	printf '#!/bin/sh\necho "script $1"\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	args script word
	run_ok
	eq "$output" "script word"
}

@test "PROC-10 the environment is exactly the list, in order" {
	config '.process.env = ["PATH=/bin", "A=1", "EMPTY=", "B=x=y", "HOME=/tmp"]'
	args probe env
	SECRET=leak run_ok
	eq "$(value env | tr '\n' ' ')" "PATH=/bin A=1 EMPTY= B=x=y HOME=/tmp "
}

@test "PROC-10 without env nothing of the caller's environment arrives" {
	config 'del(.process.env)'
	args /bin/probe env
	SECRET=leak run_ok
	lacks "$output" leak
	eq "$(value env.count)" 1 "only HOME"
}

@test "PROC-11 an entry without = or without name is refused" {
	config '.process.env += ["NOEQ"]'
	refused "missing '='"
	config '.process.env[-1] = "=value"'
	refused "name cannot be empty"
}

@test "PROC-11 the last of two entries of a name wins" {
	config '.process.env += ["A=1", "B=x", "A=2"]'
	run_probe env
	eq "$(value env | grep -c '^A=')" 1
	has "$output" "env=A=2"
}

@test "PROC-11 a NUL in an entry or in args is refused" {
	config '.process.env += ["A=1\u0000B=2"]'
	refused
	config 'del(.process.env[-1]) | .process.args = ["/bin/probe\u0000x"]'
	refused
}

@test "PROC-12 HOME comes from the container's passwd" {
	run_probe env
	has "$output" "env=HOME=/root"
	config '.process.user = {uid: 1000, gid: 1000}'
	run_probe env
	has "$output" "env=HOME=/home/app"
}

@test "PROC-12 HOME of an unknown user, or without passwd, is /" {
	config '.process.user = {uid: 4711, gid: 0}'
	run_probe env
	has "$output" "env=HOME=/"
	rm "$BUNDLE/rootfs/etc/passwd"
	config '.process.user = {uid: 0, gid: 0}'
	run_probe env
	eq "$(value env | grep '^HOME=')" "HOME=/"
}

@test "PROC-12 HOME of env is kept, an empty one is replaced" {
	config '.process.env += ["HOME=/mine"]'
	run_probe env
	has "$output" "env=HOME=/mine"
	config '.process.env[-1] = "HOME="'
	run_probe env
	has "$output" "env=HOME=/root"
}

@test "PROC-12 an account file that is a FIFO or endless does not stop the start" {
	rm "$BUNDLE/rootfs/etc/passwd"
	mkfifo "$BUNDLE/rootfs/etc/passwd"
	run_probe env
	eq "$(value env | grep '^HOME=')" "HOME=/"
	rm "$BUNDLE/rootfs/etc/passwd"
	ln -s /dev/zero "$BUNDLE/rootfs/etc/passwd"
	run_probe env
	eq "$(value env | grep '^HOME=')" "HOME=/"
}

@test "PROC-12 a numeric name in passwd does not become an id" {
	echo '1000:x:0:0:evil:/evil:/bin/sh' >>"$BUNDLE/rootfs/etc/passwd.new"
	mv "$BUNDLE/rootfs/etc/passwd.new" "$BUNDLE/rootfs/etc/passwd"
	config '.process.user = {uid: 1000, gid: 1000}'
	run_probe ids env
	value_is uid "1000 1000 1000 1000"
	has "$output" "env=HOME=/"
}

@test "PROC-07 cwd is required" {
	config 'del(.process.cwd)'
	refused
	has "$error" wd
	config '.process.cwd = ""'
	refused "Cwd property must not be empty"
}

@test "PROC-08 cwd must be absolute" {
	config '.process.cwd = "tmp"'
	refused "Cwd must be an absolute path"
}

@test "PROC-09 the program starts in cwd" {
	config '.process.cwd = "/var/tmp"'
	run_probe cwd
	value_is cwd /var/tmp
}

@test "PROC-09 a missing cwd is made" {
	writable_root
	config '.process.cwd = "/new/dir"'
	run_probe cwd
	value_is cwd /new/dir
	eq "$(stat -c %a:%u "$BUNDLE/rootfs/new/dir")" "755:${RTB_USER:-0}"
}

@test "PROC-09 a cwd that is a file is refused" {
	config '.process.cwd = "/etc/passwd"'
	refused
}

@test "PROC-09 a cwd that is a link out of the rootfs stays inside" {
	mkdir "$TEST_DIR/outside"
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/link"
	ln -s ../../../../../.. "$BUNDLE/rootfs/up"
	config '.process.cwd = "/link"'
	args /bin/probe cwd
	run_ct
	((status != 0)) || lacks "$(value cwd)" unreachable
	eq "$(ls -A "$TEST_DIR/outside")" ""
	config '.process.cwd = "/up"'
	run_probe cwd
	value_is cwd /
}

@test "PROC-09 a cwd below /proc/self/fd never leads to the host" {
	local n
	for n in 3 6 7 8 9; do
		config '.process.cwd = $d' --arg d "/proc/self/fd/$n"
		script 'cat etc/host-canary ../etc/host-canary; pwd'
		exec 9</
		run_ct
		exec 9<&-
		lacks "$output" canary-content
		((status != 0)) || lacks "$output" "(unreachable)"
	done
}

@test "PROC-09 a program named through /proc/self/fd does not run from the host" {
	local n
	for n in 3 6 7 9 10; do
		args "/proc/self/fd/$n" argv
		exec 9</usr/bin 10<"$PROBE"
		status=0
		runtime run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" || status=$?
		exec 9<&- 10<&-
		ne "$status" 0
		lacks "$(cat "$OUT")" argc=
		leak_check
	done
}

@test "PROC-15 members of other platforms have no effect" {
	config '.process.commandLine = "cmd.exe"'
	run_probe cwd
}

@test "USER-01 USER-02 all ids of the process" {
	config '.process.user = {uid: 1000, gid: 2000}'
	run_probe ids
	value_is uid "1000 1000 1000 1000"
	value_is gid "2000 2000 2000 2000"
}

@test "USER-01 an absent user is 0:0" {
	config 'del(.process.user)'
	run_probe ids
	value_is uid "0 0 0 0"
	value_is gid "0 0 0 0"
}

@test "USER-01 ids at the end of the range" {
	need_host_root "have every id"
	config '.process.user = {uid: 4294967294, gid: 4294967294}'
	run_probe ids
	value_is uid "4294967294 4294967294 4294967294 4294967294"
}

@test "USER-01 USER-02 ids that are none are refused" {
	local id
	for id in 4294967295 4294967296 18446744073709551616 -1 1.5 '"0"' null '[]' '{}' true; do
		config ".process.user = {uid: $id, gid: 0}"
		refused uid || { echo "uid $id" >&2; return 1; }
		config ".process.user = {uid: 0, gid: $id}"
		refused gid || { echo "gid $id" >&2; return 1; }
	done
}

@test "USER-02 an id that the user namespace does not map is named" {
	userns
	config '.process.user.uid = 70000'
	refused 70000
	config '.process.user.uid = 0 | .process.user.gid = 70000'
	refused 70000
}

@test "USER-04 additionalGids are the supplementary groups" {
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [10, 60000, 20]}'
	run_probe ids
	local gid
	for gid in 10 20 60000; do
		listed "$(value groups)" $gid
	done
	unlisted "$(value groups)" 0
}

@test "USER-04 the caller's groups do not leak" {
	args /bin/probe ids
	RTB_TOKEN=$TOKEN setpriv --groups 4242,4343 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" \
		"$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	output=$(<"$OUT")
	unlisted "$(value groups)" 4242
	unlisted "$(value groups)" 4343
	userns
	RTB_TOKEN=$TOKEN setpriv --groups 4242,4343 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" \
		"$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	output=$(<"$OUT")
	unlisted "$(value groups)" 4242
	unlisted "$(value groups)" 65534
}

@test "USER-05 names are not resolved" {
	config '.process.user = {uid: "app", gid: "app"}'
	refused uid
}

@test "USER-03 umask is set as given" {
	config '.process.user.umask = 63'
	run_probe umask
	value_is umask 0077
}

@test "USER-03 X-11 an absent umask is 0022 whatever the caller has" {
	need_root # whose files the umask would hide
	umask 0007
	run_probe umask
	value_is umask 0022
}

@test "a caller without any environment is as good as others" {
	args true
	# A build with sanitizers is told by a variable what they are to check.
	ok_bare() { env -i ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} "$(type -P timeout)" -k 1 "$TIMEOUT" "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-; }
	ok_bare run --bundle "$BUNDLE" "$ID" || { cat "$ERR" >&2; return 1; }
	args sleep 1000
	create
	start
	ok_bare exec "$ID" true || { cat "$ERR" >&2; return 1; }
}

@test "a program starts with default signals" {
	args /bin/probe signals
	(trap '' USR1 PIPE; runtime run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT")
	output=$(<"$OUT")
	value_is sig.blocked 0
	value_is sig.ignored 0
}

@test "a program is the leader of a session of its own" {
	run_probe process
	value_is pid 1
	value_is sid 1
	value_is pgrp 1
}

@test "the session keyring is the container's own" {
	args /bin/probe keyring
	run_ok
	lacks "$(value keyring)" _uid_ses
	lacks "$(value keyring)" _uid.0
}

@test "--no-new-keyring keeps the caller's session keyring" {
	need_root # whose keyring it is
	local own
	own=$("$PROBE" keyring | sed -n 's/^keyring.id=//p')
	args /bin/probe keyring
	run_ok --no-new-keyring
	value_is keyring.id "$own"
}
