#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks of a running container on a process that joins it.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
	need_exec
	writable_root
}

victim() {	# [SCRIPT]: the container that is joined
	script "${1:-exec sleep 1000}"
	run_ok --detach
}

# Joins; hangs are failures, refusals are not.
joins() {	# ARG...
	run_runtime exec "$@"
	((status < 124 || status == 126 || status == 127 || status == 255)) || { show_failure; return 1; }
	lacks "$output$error" secret-of-the-host
	canary_same
}

inside() { ok exec "$ID" sh -c "$1"; }	# SCRIPT

hostile_file() {	# PATH-IN-ROOTFS KIND
	local file=$BUNDLE/rootfs$1

	rm -rf "$file"
	case $2 in
	fifo) mkfifo "$file" ;;
	zero) mknod "$file" c 1 5 ;;
	tty) mknod "$file" c 5 0 ;;
	directory) mkdir "$file" ;;
	huge) truncate -s 1G "$file" ;;
	line) head -c 900000 /dev/zero | tr '\0' x >"$file" ;;
	link) ln -s "$CANARY/file" "$file" ;;
	magic) ln -s /proc/self/fd/0 "$file" ;;
	root) ln -s /proc/1/root/../../../.."$CANARY/file" "$file" ;;
	loop) ln -s "$(basename "$1")" "$file" ;;
	esac
}

@test "SEC-6-5 SEC-14 account files that hang, never end or are huge" {
	need_nodes
	local file kind begin

	victim
	for file in passwd group; do
		for kind in fifo zero tty directory huge line link magic root loop; do
			hostile_file "/etc/$file" "$kind"
			begin=$SECONDS
			for user in 0 1000 app 0:extra app:extra; do
				(limit_memory 262144 && joins --user "$user" "$ID" /bin/probe ids env) ||
					{ echo "$file as $kind, user $user" >&2; return 1; }
			done
			((SECONDS - begin < TIMEOUT)) || { echo "slow with $file as $kind" >&2; return 1; }
		done
		rm -rf "$BUNDLE/rootfs/etc/$file"
		cp -a "$TEMPLATE/etc/$file" "$BUNDLE/rootfs/etc/$file"
	done
}

@test "SEC-6-3 SEC-14 spellings of a user never become root" {
	local user

	rm "$BUNDLE/rootfs/etc/passwd"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' '1000:x:0:0::/:/bin/sh' 'big:x:4294967296:0::/:/bin/sh' \
		'minus:x:-1:-1::/:/bin/sh' 'last:x:4294967295:4294967295::/:/bin/sh' 'empty:x:::::' 'short:x' \
		'text:x:zero:zero::/:/bin/sh' ':x:0:0::/:/bin/sh' '4294967296:x:0:0::/:' 'spaced:x: 0:0::/:' \
		'plus:x:+0:0::/:' 'hex:x:0x0:0::/:' >"$BUNDLE/rootfs/etc/passwd"
	victim
	for user in -1 4294967295 4294967296 4294968296 18446744073709551616 99999999999999999999 1000.5 1e3 0x3e8 +1000 \
		' 1000' '1000 ' 1000: :1000 1000:-1 1000:4294967295 1000:4294967296 1000:1:1 : '' big minus last empty short \
		text spaced plus hex nobody-knows; do
		joins --user="$user" "$ID" /bin/probe ids
		if ((status == 0)); then
			[[ -z $user || $user == :* ]] || lacks " $(value uid) " " 0 "
		fi
	done
	ok exec --user 1000:1000 "$ID" /bin/probe ids
	value_is uid "1000 1000 1000 1000"
	value_is gid "1000 1000 1000 1000"
}

@test "SEC-3-1 SEC-14 working directories and programs through /proc/self/fd" {
	local n

	chmod 755 "$CANARY"
	cp "$PROBE" "$CANARY/program"
	canary_print >"$TEST_DIR/canary.before"
	victim
	for n in 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		ln -sfn "/proc/self/fd/$n" "$BUNDLE/rootfs/tmp/link"
		for how in "--cwd /proc/self/fd/$n $ID cat file" "--cwd /tmp/link $ID cat file" "--cwd /tmp/link/.. $ID cat canary/file" \
			"$ID /proc/self/fd/$n umask" "$ID /tmp/link umask" "$ID /proc/self/fd/$n/program umask"; do
			status=0
			RTB_TOKEN=$TOKEN timeout -k 1 10 "$RUNTIME" --root "$ROOT" exec $how </dev/null >"$OUT" 2>"$ERR" \
				3>&- 4>&- 9<"$CANARY" 10<"$CANARY/program" 11</ || status=$?
			output=$(<"$OUT") error=$(<"$ERR")
			{ lacks "$output$error" secret-of-the-host && lacks "$output" umask= && ((status != 124)); } ||
				{ echo "by exec $how" >&2; return 1; }
		done
	done
	rm "$BUNDLE/rootfs/tmp/link"
	canary_same
}

@test "SEC-3-1 SEC-14 nothing of the caller arrives: descriptors, environment, groups, keys, signals" {
	victim
	status=0
	SECRET=secret-of-the-host RTB_TOKEN=$TOKEN timeout -k 1 10 setpriv --groups 4242 "$RUNTIME" --root "$ROOT" exec "$ID" \
		/bin/probe fds env ids signals caps </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- 9<"$CANARY" 10</ || status=$?
	output=$(<"$OUT")
	eq "$status" 0
	value_is fds 0,1,2
	lacks "$output" secret-of-the-host
	value_is groups ""
	value_is sig.blocked 0
	value_is sig.ignored 0
	value_is cap.inheritable 0
}

# What /proc says of a process that matters for its confinement.
confinement() {	# PID
	grep -E '^(Uid|Gid|Groups|Cap[A-Z]..|NoNewPrivs|Seccomp|Seccomp_filters):' "/proc/$1/status"
	cat "/proc/$1/oom_score_adj"
	grep -v '^0::' "/proc/$1/cgroup"
	stat -L -c '%d:%i' "/proc/$1/root" "/proc/$1"/ns/{ipc,mnt,net,pid,user,uts,cgroup}
	cat "/proc/$1/attr/current" 2>/dev/null || :
}

@test "SEC-6-7 SEC-14 SEC-5-1 a process that joins is confined as init is" {
	local variant pid

	for variant in '.' '.process.user = {uid: 1000, gid: 1000, additionalGids: [2000]}' \
		'.process.noNewPrivileges = false' '.process.oomScoreAdj = 500' \
		'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'; do
		rm -f "$BUNDLE/rootfs/tmp/pid"
		config "$variant"
		victim
		background timeout 30 "$RUNTIME" --root "$ROOT" exec --pid-file "$TEST_DIR/pid" "$ID" sleep 1000
		wait_file "$TEST_DIR/pid"
		pid=$(<"$TEST_DIR/pid")
		eventually grep -qx sleep "/proc/$pid/comm"
		diff <(confinement "$(pid_of)") <(confinement "$pid") >&2 || { echo "with $variant" >&2; return 1; }
		rm "$TEST_DIR/pid"
		background_stop
		delete --force
	done
}

@test "SEC-6-2 SEC-14 --cap does not fill the inheritable or ambient set" {
	victim
	ok exec --cap CAP_SYS_PTRACE --cap CAP_NET_RAW "$ID" /bin/probe caps
	value_is cap.inheritable 0
	value_is cap.ambient 0
	ok exec --user 1000 --cap CAP_NET_RAW "$ID" /bin/probe caps
	value_is cap.inheritable 0
}

@test "SEC-6-7 SEC-14 a program with set-user-ID gains nothing where init would not" {
	cp "$PROBE" "$BUNDLE/rootfs/bin/setuid" && chown 0 "$BUNDLE/rootfs/bin/setuid" && chmod 4755 "$BUNDLE/rootfs/bin/setuid"
	victim
	ok exec --user 1000 "$ID" /bin/setuid ids
	eq "$(value uid | cut -d' ' -f2)" 1000
}

# The container makes /proc what it likes; a container with CAP_SYS_ADMIN can.
@test "SEC-2-1 SEC-14 a /proc that the container has counterfeited" {
	all_caps
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	victim 'mkdir -p /tmp/p/self/attr/apparmor /tmp/p/self/fd /tmp/p/thread-self/attr /tmp/p/sys/kernel
		for f in self/attr/exec self/attr/current self/attr/keycreate self/oom_score_adj self/setgroups self/uid_map \
			self/gid_map thread-self/attr/exec self/loginuid sys/kernel/cap_last_cap; do : >/tmp/p/$f; done
		chmod -R a+rwX /tmp/p
		mount --bind /tmp/p /proc && echo ready >/tmp/ready; exec sleep 1000'
	wait_file "$BUNDLE/rootfs/tmp/ready"
	joins --user 1000:1000 "$ID" /bin/probe ids fds
	eq "$status" 0
	value_is uid "1000 1000 1000 1000"
	value_is fds 0,1,2
	eq "$(find "$BUNDLE/rootfs/tmp/p" -type f -size +0)" ""
}

@test "SEC-14 a program of the container's PATH, and no other" {
	victim
	mkdir "$BUNDLE/rootfs/evil"
	ln -s "/proc/1/root$CANARY/file" "$BUNDLE/rootfs/evil/tool"
	mkfifo "$BUNDLE/rootfs/evil/pipe" && chmod 755 "$BUNDLE/rootfs/evil/pipe"
	mkdir "$BUNDLE/rootfs/evil/dir"
	for tool in tool pipe dir; do
		joins --env PATH=/evil "$ID" "$tool"
		ne "$status" 0
		joins "$ID" "/evil/$tool"
		ne "$status" 0
	done
	# No shell steps in for a file that is no program.
	printf 'echo interpreted\n' >"$BUNDLE/rootfs/evil/text" && chmod 755 "$BUNDLE/rootfs/evil/text"
	joins "$ID" /evil/text
	ne "$status" 0
	lacks "$output" interpreted
}

@test "SEC-3-4 SEC-14 a watcher in the container finds nothing of the caller" {
	local i

	config '(.process.capabilities[]) |= ["CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE"]'
	script 'exec probe attack watch canary-of-the-caller'
	runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/watched" 2>&1
	eventually grep -q watching "$TEST_DIR/watched"
	mkdir caller && touch caller/canary-of-the-caller
	for ((i = 0; i < 40; i++)); do
		(
			cd caller
			export CANARY_VARIABLE=canary-of-the-caller
			exec 9<.
			RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" exec "$ID" true </dev/null >/dev/null 2>&1 3>&- 4>&-
		)
	done
	lacks "$(cat "$TEST_DIR/watched")" FOUND
	kill -0 "$(pid_of)"
}

# A container whose root may trace every process that comes into it, and 300 that come: by then they have nothing more than
# it has itself.
traced() {	# [EXEC-OPTION...]
	local i program=/bin/true times=300

	# An ordinary user comes from a user namespace above, out of its reach all the way.
	[[ -z ${RTB_USER:-} ]] || times=50
	! is_sanitized || skip "$RUNTIME_NAME is built with sanitizers, which keep what was freed"
	[[ -e watched ]] || runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/watched" 2>&1
	eventually grep -q watching "$TEST_DIR/watched"
	mkdir -p canary-of-the-caller
	for ((i = 0; i < times; i++)); do
		is_host_root || ((i < 50)) || ! grep -q CAUGHT "$TEST_DIR/watched" || break
		(
			cd canary-of-the-caller
			export CANARY_VARIABLE=canary-of-the-caller
			exec 9<. 8>canary-of-the-caller
			RTB_TOKEN=$TOKEN timeout 20 "$RUNTIME" --root "$ROOT" exec "$@" \
				--pid-file "$TEST_DIR/canary-of-the-caller/pid" "$ID" "$program" </dev/null \
				>/dev/null 2>>"$TEST_DIR/joined" 3>&- 4>&-
		) || { cat "$TEST_DIR/joined" >&2; return 1; }
	done
	lacks "$(cat "$TEST_DIR/watched")" FOUND
	kill -0 "$(pid_of)"
	# It would prove nothing if all had been too fast.
	[[ -n ${RTB_USER:-} ]] || has "$(cat "$TEST_DIR/watched")" CAUGHT
}

attacker_traces() {
	config '(.process.capabilities[]) |= ["CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE", "CAP_KILL"]
		| .hooks.poststop = [{path: "/bin/true", env: ["X=canary-of-the-caller"]}]'
	script 'exec probe attack trace canary-of-the-caller /bin/true'
}

@test "SEC-3-4 SEC-14 even one that may trace everything" {
	attacker_traces
	traced
}

@test "SEC-3-4 SEC-14 the same under a filter, without no_new_privs" {
	attacker_traces
	config '.process.noNewPrivileges = false
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
			{names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38},
			{names: ["mount", "setns", "keyctl"], action: "SCMP_ACT_ERRNO"}]}'
	traced
}

@test "SEC-3-4 SEC-14 the same where the one that traces came by exec, and the container itself may not" {
	attacker_traces
	config '(.process.capabilities[]) |= ["CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE"]'
	victim
	runtime exec --detach --cap CAP_SYS_PTRACE --cap CAP_KILL "$ID" probe attack trace canary-of-the-caller /bin/true \
		</dev/null >"$TEST_DIR/watched" 2>&1
	traced
}

@test "SEC-3-4 SEC-14 the same for another user, in a container with limits" {
	need_cgroup
	attacker_traces
	config '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 20'
	traced --user 1000:1000
}

@test "SEC-3-4 one that adds and removes mounts is not seen at all" {
	need_root "mount in a container that runs"
	local i

	"$RUNTIME" mounts --help >/dev/null 2>&1 || skip "$RUNTIME_NAME has no mounts"
	attacker_traces
	mkdir canary-of-the-caller
	echo '[{"destination": "/mnt/a", "type": "bind", "source": "'"$PWD"'/canary-of-the-caller", "options": ["bind"]},
		{"destination": "/mnt/t", "type": "tmpfs", "source": "tmpfs"}]' >mounts.json
	runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/watched" 2>&1
	eventually grep -q watching "$TEST_DIR/watched"
	for ((i = 0; i < 40; i++)); do
		ok mounts add "$ID" mounts.json
		ok mounts remove "$ID" mounts.json
	done
	eq "$(cat "$TEST_DIR/watched")" watching
}

@test "SEC-11-1 SEC-14 a process file that is a bomb, or no file" {
	need_nodes
	local kind begin

	victim
	for kind in nesting long zero directory twice nul; do
		rm -rf process.json
		case $kind in
		nesting) yes '{"a":' | head -n 300000 | tr -d '\n' >process.json ;;
		long) { printf '{"cwd": "/"'; head -c 20000000 /dev/zero | tr '\0' ' '; echo '}'; } >process.json ;;
		zero) mknod process.json c 1 5 ;;
		directory) mkdir process.json ;;
		twice) echo '{"cwd": "/", "args": ["id"], "user": {"uid": 1000, "gid": 1000, "uid": 0}}' >process.json ;;
		nul) echo '{"cwd": "/", "args": ["true\u0000x"], "user": {"uid": 0, "gid": 0}}' >process.json ;;
		esac
		[[ $RUNTIME_NAME == teu || $kind != @(twice|nul) ]] || continue
		begin=$SECONDS
		(limit_memory 524288 && joins --process process.json "$ID" && ((status))) || { echo "$kind" >&2; return 1; }
		((SECONDS - begin < TIMEOUT)) || { echo "$kind: slow" >&2; return 1; }
	done
}

@test "SEC-9-1 SEC-14 --cgroup stays below the container's" {
	local path init

	victim 'cat /proc/self/cgroup >/tmp/init; exec sleep 1000'
	init=$(cat "/proc/$(pid_of)/cgroup")
	for path in .. ../.. /../.. /.. ../../../../../tmp/x /../../../../tmp/x a/../../b "$(printf 'a\nb')"; do
		run_runtime exec --cgroup "$path" "$ID" cat /proc/self/cgroup
		((status != 124))
		[[ ! -e /tmp/x ]]
		canary_same
		ne "$status" 0 "status of --cgroup $path"
	done
	eq "$(cat "/proc/$(pid_of)/cgroup")" "$init"
}

@test "SEC-9-2 SEC-14 a paused container is not joined, unless that is asked for" {
	need_cgroup
	[[ -n $(hierarchy freezer) ]] || skip "no freezer of cgroup v1 here"
	victim
	ok pause "$ID"
	run_runtime exec "$ID" true
	ne "$status" 0
	has "$error" paused
	ok resume "$ID"
	ok exec "$ID" true
}

@test "SEC-15-1 SEC-14 a terminal where the container has moved /dev/pts" {
	need_program python3
	all_caps
	victim 'mkdir /tmp/pts; echo secret-of-the-image >/tmp/pts/0; ln -s /etc/passwd /tmp/pts/ptmx; ln -s /tmp/pts/0 /tmp/pts/1
		mount --bind /tmp/pts /dev/pts; echo ready >/tmp/ready; exec sleep 1000'
	wait_file "$BUNDLE/rootfs/tmp/ready"
	python3 "$SUITES/console_receive.py" "$TEST_DIR/console.sock" "$TEST_DIR/console" >/dev/null 2>&1 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_file "$TEST_DIR/console.sock"
	run_runtime exec --tty --detach --console-socket "$TEST_DIR/console.sock" --pid-file "$TEST_DIR/pid" "$ID" sleep 1000
	((status != 124))
	if ((status == 0)); then
		eq "$(stat -L -c %t "/proc/$(<"$TEST_DIR/pid")/fd/0")" 88
	fi
	has "$(cat "$BUNDLE/rootfs/etc/passwd")" root:x:0:0
	canary_same
}

# How the process was made, and what was set for it.
clone_calls() {	# [OPTION...]
	RTB_TOKEN=$TOKEN strace -f -qq -e trace=clone,clone3,alarm,execve,execveat -o "$TEST_DIR/calls" \
		"$RUNTIME" --root "$ROOT" exec "$@" "$ID" true </dev/null 3>&- 4>&-
	sed 1d "$TEST_DIR/calls"
}

@test "SEC-3-4 a process has the runtime's memory only where nobody could look into it, and a deadline" {
	[[ $RUNTIME_NAME == teu ]] || skip "how teu makes it"
	! is_sanitized || skip "$RUNTIME_NAME is built with sanitizers, which keep account of one stack"
	[[ -z ${RTB_USER:-}${RTB_USERNS:-} ]] || skip "sets what is the host's"
	[[ $(uname -m) =~ ^(x86_64|aarch64)$ ]] || skip "always copied on $(uname -m)"
	need_program strace
	local calls before

	args sleep 1000
	create
	start
	calls=$(clone_calls)
	has "$calls" 'CLONE_VM|CLONE_PIDFD|CLONE_VFORK'
	has "$calls" 'alarm(240)'
	# What stands between its last step and the program is the relay.
	has "$(sed -n '/alarm(0)/,$p' <<<"$calls" | grep -o -E 'execve(at)?\(' | xargs)" 'execveat( execve('
	has "$calls" 'execve("/bin/true"'
	has "$(clone_calls --user 1000:1000)" CLONE_VFORK

	# Where a process that becomes another user can be seen again, that user could write into ours.
	before=$(</proc/sys/fs/suid_dumpable)
	echo 1 >/proc/sys/fs/suid_dumpable
	calls=$(clone_calls --user 1000:1000)
	echo "$before" >/proc/sys/fs/suid_dumpable
	has "$calls" clone3
	lacks "$calls" CLONE_VM
	lacks "$calls" execveat

	# As may the container's own, where it has the capability.
	ok delete --force "$ID"
	all_caps
	config '.linux.namespaces |= map(select(.type != "user"))'
	create
	start
	calls=$(clone_calls)
	lacks "$calls" CLONE_VM
	lacks "$calls" execveat
}
