#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks with ids, groups, capabilities, keys and account files, and what the caller leaves to the
# container without meaning to.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
}

# A caller that has more than it should: groups, inheritable and ambient capabilities, a key, a limit.
careless() {	# ARG...
	local wrapper=(setpriv --groups 4242,1,65533)

	can 7 && wrapper+=(--inh-caps=+chown,+kill,+net_raw --ambient-caps=+chown,+kill,+net_raw)
	status=0
	RTB_TOKEN=$TOKEN timeout --foreground -k 1 "$TIMEOUT" "${wrapper[@]}" "$RUNTIME" --root "$ROOT" "$@" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
	((status == 0)) || { show_failure; return 1; }
}

@test "SEC-5-2 SEC-6-4 groups of the caller do not arrive, nor their remains" {
	need_program setpriv
	script 'probe ids; grep Groups /proc/self/status'
	careless run --bundle "$BUNDLE" "$ID"
	lacks "$output" 4242
	value_is groups ""
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [2000]}'
	careless run --bundle "$BUNDLE" "$ID"
	lacks "$output" 4242
	lacks ",$(value groups)," ,1,
}

@test "SEC-5-2 with a user namespace too" {
	need_program setpriv
	userns
	script 'probe ids; grep Groups /proc/self/status'
	careless run --bundle "$BUNDLE" "$ID"
	lacks "$output" 4242
	# What cannot be mapped would show as the overflow id.
	lacks ",$(value groups)," ,65534,
	lacks ",$(value groups)," ,65533,
}

@test "SEC-5-2 startContainer hooks have no group of the caller either" {
	need_program setpriv
	writable_root
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "probe ids caps >/tmp/out"]}]'
	script 'cat /tmp/out'
	careless run --bundle "$BUNDLE" "$ID"
	value_is groups ""
	value_is cap.inheritable 0
}

@test "SEC-6-2 inheritable and ambient are empty unless asked for, whatever the caller has" {
	need_program setpriv
	local user

	for user in 0 1000; do
		config '.process.user = {uid: $u, gid: $u}' --argjson u $user
		args /bin/probe caps
		careless run --bundle "$BUNDLE" "$ID"
		value_is cap.inheritable 0
		value_is cap.ambient 0
	done
	value_is cap.permitted 0
	value_is cap.effective 0
}

@test "SEC-6-2 a file with inheritable capabilities gives a user nothing" {
	need_program setcap
	writable_root
	cp "$PROBE" "$BUNDLE/rootfs/bin/blessed"
	setcap cap_kill,cap_net_bind_service=ei "$BUNDLE/rootfs/bin/blessed"
	config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false'
	args /bin/blessed caps
	run_ok
	value_is cap.permitted 0
	value_is cap.effective 0
}

@test "SEC-6-2 what is not in the bounding set does not come back through a file" {
	need_program setcap
	writable_root
	cp "$PROBE" "$BUNDLE/rootfs/bin/blessed"
	setcap cap_sys_admin,cap_kill=ep "$BUNDLE/rootfs/bin/blessed"
	config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false'
	# The kernel executes no program that it cannot give what its file promises.
	args /bin/blessed caps
	run_ct
	((status)) || lacks "$(value cap.permitted)" 200000
}

@test "SEC-6-2 no capabilities object is no capability at all" {
	config 'del(.process.capabilities) | .process.noNewPrivileges = false'
	run_probe caps
	for set in effective permitted inheritable bounding ambient; do
		value_is cap.$set 0
	done
}

@test "SEC-6-3 spellings of an id never become root" {
	local value

	printf '%s\n' root:x:0:0:root:/root:/bin/sh 1000:x:0:0::/:/bin/sh -1:x:0:0::/:/bin/sh \
		4294967296:x:0:0::/:/bin/sh >"$BUNDLE/rootfs/etc/passwd.evil"
	rm "$BUNDLE/rootfs/etc/passwd" && mv "$BUNDLE/rootfs/etc/passwd.evil" "$BUNDLE/rootfs/etc/passwd"
	script 'probe ids'
	for value in $(printf '%s\n' -1 4294967295 4294967296 4294968296 18446744073709551616 -4294966296 1e3 1000.5 '"1000"' \
		'"0"' '""' '"root"' '[1000]' '{}' true '"1000:0"' '"4294967296"' 1e400 0x3e8 01000 +1000 | sample); do
		config '.process.user = {uid: "@UID@", gid: 1000}'
		number UID "$value"
		run_ct
		if ((status == 0)); then
			lacks " $(value uid) " " 0 "
			eq "$(value uid)" "1000 1000 1000 1000" "uid of $value"
		fi
		config_fix
		config '.process.user = {uid: 1000, gid: "@GID@"}'
		number GID "$value"
		run_ct
		((status)) || eq "$(value gid)" "1000 1000 1000 1000" "gid of $value"
		config_fix
		config '.process.user = {uid: 1000, gid: 1000, additionalGids: ["@GID@"]}'
		number GID "$value"
		run_ct
		((status)) || eq "$(value groups)" 1000 "groups of $value"
		config_fix
	done
}

# The text of a bad number may be no JSON any more.
config_fix() { sed -i 's/"user": {[^}]*}/"user": {"uid": 0, "gid": 0}/' "$BUNDLE/config.json"; jq . "$BUNDLE/config.json" >/dev/null 2>&1 || fresh; }
fresh() { bundle_config && script 'probe ids'; }
bundle_config() {
	sed "s/\"TERM=xterm\"/&, \"RTB_TOKEN=$TOKEN\"/; s/1\.3\.0/${OCI_VERSION:-1.3.0}/" \
		"$SUITES/config.json" >"$BUNDLE/config.json"
}

@test "SEC-6-3 a numeric id is never looked up as a name" {
	rm "$BUNDLE/rootfs/etc/passwd"
	printf '%s\n' 1000:x:0:0::/evil:/bin/sh evil:x:1000:0::/right:/bin/sh >"$BUNDLE/rootfs/etc/passwd"
	config '.process.user = {uid: 1000, gid: 1000}'
	run_probe ids env
	value_is uid "1000 1000 1000 1000"
	value_is gid "1000 1000 1000 1000"
	lacks "$output" HOME=/evil
}

hostile_passwd() {	# KIND
	local file=$BUNDLE/rootfs/etc/passwd

	rm -rf "$file"
	case $1 in
	fifo) mkfifo "$file" ;;
	zero) mknod "$file" c 1 5 ;;
	directory) mkdir "$file" ;;
	huge) truncate -s 6G "$file" ;;
	line) head -c 900000 /dev/zero | tr '\0' x >"$file" ;;
	link) ln -s "$CANARY/file" "$file" ;;
	magic) ln -s /proc/self/fd/0 "$file" ;;
	tty) ln -s /dev/console "$file" ;;
	loop) ln -s passwd "$file" ;;
	socket) python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' passwd.sock &&
		mv passwd.sock "$file" ;;
	esac
}

@test "SEC-6-5 account files that hang, never end or are huge" {
	need_nodes
	local kind begin

	for kind in fifo zero directory huge line link magic tty loop socket; do
		hostile_passwd "$kind"
		args /bin/probe env
		begin=$SECONDS
		# A quarter of a GiB of address space is enough for all of it.
		(limit_memory 262144 && attempt && ((status == 0)) && has "$output" env=HOME=/) ||
			{ echo "passwd as $kind" >&2; return 1; }
		((SECONDS - begin < TIMEOUT)) || { echo "slow with passwd as $kind" >&2; return 1; }
	done
	rm -rf "$BUNDLE/rootfs/etc/passwd"
}

@test "SEC-6-6 keys of the caller are not found" {
	need_program python3
	cat >keys.py <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.syscall(250, 1, b"caller") < 0:           # a session keyring of our own
		    sys.exit(77)
		if libc.syscall(248, b"user", b"key-of-the-caller", b"secret", 6, -3) < 0:
		    sys.exit(77)
		os.execv(sys.argv[1], sys.argv[1:])
	END
	args /bin/probe try find-key key-of-the-caller
	status=0
	RTB_TOKEN=$TOKEN timeout "$TIMEOUT" python3 keys.py "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	((status != 77)) || skip "this kernel gives us no keyring"
	eq "$status" 0
	lacks "$(cat "$OUT")" ok
	# Control: without a keyring of the container's own the key is there.
	[[ $RUNTIME_NAME != teu ]] || {
		RTB_TOKEN=$TOKEN python3 keys.py "$RUNTIME" --root "$ROOT" run --no-new-keyring --bundle "$BUNDLE" "$ID" \
			</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
		file_is "$OUT" ok
	}
}

@test "SEC-6-6 keys of one container are found by who joins it, and not in another that knows its name" {
	[[ -e /proc/keys ]] || skip "this kernel has no keyrings"
	local one=$ID

	script 'probe try add-key key-of-one >/tmp/made; exec sleep 1000'
	writable_root
	run_ok --detach
	wait_file "$BUNDLE/rootfs/tmp/made"
	file_is "$BUNDLE/rootfs/tmp/made" ok
	# What others of uid 0 can know: the id, and what the kernel shows them of it.
	script "for n in _ses.$one $one \$(grep -o '[^ ]*$one[^ :]*' /proc/keys); do
		probe try join-keyring \$n , find-key key-of-one | tail -n1; done; probe try find-key key-of-one"
	config 'del(.linux.maskedPaths)'
	ID=$one-other run_ok
	lacks "$output" ok
	has "$output" ENOKEY
	need_exec
	ID=$one
	ok exec "$ID" probe try find-key key-of-one
	eq "$output" ok
}

@test "SEC-13 SEC-6-1 a program of the image that runs as startContainer hook has the rights of the container's" {
	local show='grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/self/status; cat /proc/self/cgroup'

	writable_root
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [2000]} | .process.noNewPrivileges = false
		| (.process.capabilities[]) |= ["CAP_NET_BIND_SERVICE"]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}
		| .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg s "{ $show; } >/tmp/hook"
	script "$show"
	run_ok
	has "$output" CapEff
	eq "$(cat "$BUNDLE/rootfs/tmp/hook")" "$output"
}

@test "SEC-6-1 SEC-6-7 the program has what the config says and nothing of the runtime's" {
	config '.process.user = {uid: 1000, gid: 1000}'
	run_probe caps ids signals process umask
	value_is nnp 1
	value_is keepcaps 0
	value_is securebits 0
	value_is dumpable 1
	value_is sig.blocked 0
	value_is sig.ignored 0
	value_is pid 1
	value_is uid "1000 1000 1000 1000"
	value_is gid "1000 1000 1000 1000"
}

@test "SEC-5-3 SEC-15-2 signals, session and parent's death are not the caller's" {
	script 'probe signals process; cat /proc/self/stat | cut -d" " -f6,7'
	status=0
	RTB_TOKEN=$TOKEN timeout -s KILL "$TIMEOUT" python3 -c '
import os, signal, sys
for s in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD):
    signal.signal(s, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGALRM])
os.execv(sys.argv[1], sys.argv[1:])' "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null \
		>"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT")
	eq "$status" 0
	value_is sig.blocked 0
	value_is sig.ignored 0
	# The leader of a session of its own, without a terminal: pid namespaces show it as 1.
	eq "$(tail -n1 <<<"$output" | cut -d' ' -f2)" 0
}

@test "SEC-5-1 a namespace that is another than its type says is refused" {
	local type other

	for type in network ipc uts mount pid cgroup; do
		for other in $(printf '%s\n' net ipc uts mnt pid user cgroup | sample); do
			case $type:$other in
			network:net | "$other:$type" | mount:mnt) continue ;;
			esac
			add_namespace "$type" "/proc/$$/ns/$other"
			refused
		done
		add_namespace "$type" /dev/null
		refused
		add_namespace "$type" "$CANARY/file"
		refused
		add_namespace "$type"
	done
}

@test "SEC-5-2 id maps that overlap or overflow are refused" {
	local map

	rootfs_own 100000
	add_namespace user
	for map in '[{containerID: 0, hostID: 4294967295, size: 2}]' '[{containerID: 4294967295, hostID: 1, size: 2}]' \
		'[{containerID: 0, hostID: 1, size: 4294967295}, {containerID: 5, hostID: 9, size: 1}]' \
		'[{containerID: 0, hostID: 100000, size: 10}, {containerID: 10, hostID: 100005, size: 10}]' \
		'[{containerID: 0, hostID: 1, size: 0}]' '[range(341) | {containerID: ., hostID: ., size: 1}]'; do
		config ".linux.uidMappings = $map | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]"
		refused
		config ".linux.gidMappings = $map | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]"
		refused
	done
}

@test "SEC-13 the environment of hooks is theirs alone, and the container's is the config's" {
	local kind

	writable_root
	for kind in prestart createRuntime createContainer poststart poststop; do
		config ".hooks.$kind"' = [{path: "/bin/sh", args: ["sh", "-c", $c], env: ["ONLY=this"]}]' \
			--arg c "/usr/bin/env >>$TEST_DIR/hooks.out"
	done
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "env >/tmp/env"], env: ["ONLY=that"]}]'
	script 'env; cat /tmp/env'
	SECRET=secret-of-the-host LD_PRELOAD='' LD_LIBRARY_PATH=/nowhere run_ok
	lacks "$output" secret-of-the-host
	lacks "$output" LD_
	has "$output" ONLY=that
	# What the shell adds itself does not count.
	eq "$(grep -Ev '^(PWD|OLDPWD|SHLVL|_)=' hooks.out | sort | uniq -c | xargs)" "5 ONLY=this"
}

@test "SEC-17 no value of the environment is told in an error or a log" {
	config '.process.env += ["TOKEN_OF_THE_USER=secret-of-the-host"] | .process.args = ["/no/such"]'
	run_runtime --debug --log "$LOG" run --bundle "$BUNDLE" "$ID"
	ne "$status" 0
	lacks "$output$error$(cat "$LOG")" secret-of-the-host
}
