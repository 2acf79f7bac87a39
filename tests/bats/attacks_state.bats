#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks on the parser, the state directory, the ids, sockets and the log.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
}

# --- config.json ---------------------------------------------------------------------------------

# Refused with a message, in five seconds and 512 MiB of address space.
bomb() {	# WHAT, the text is on standard input
	local begin

	cat >"$BUNDLE/config.json"
	begin=$SECONDS
	(limit_memory 524288 && refused) || { echo "$1" >&2; return 1; }
	((SECONDS - begin < TIMEOUT)) || { echo "$1: slow" >&2; return 1; }
}

repeat() {	# TEXT COUNT
	case $1 in
	?) head -c "$2" /dev/zero | tr '\0' "$1" ;;
	*) yes "$1" | head -n "$2" | tr -d '\n' ;;
	esac
}

@test "SEC-11-1 nesting without end" {
	repeat '[' 1000000 | bomb "a million brackets"
	repeat '{"a":' 300000 | bomb "objects in objects"
	{ printf '{"ociVersion": "1.0.0", "x": '; repeat '[' 300000; repeat ']' 300000; echo '}'; } |
		bomb "in a member that nobody knows"
	{ printf '{"ociVersion": "1.0.0", "annotations": '; repeat '{"a":' 200000; echo 1; } | bomb "in annotations"
}

@test "SEC-11-1 more than there can be" {
	{ cat "$BUNDLE/config.json" && repeat ' ' 17000000; } | bomb "17 MiB"
	{ printf '{"ociVersion": "'; repeat 1 20000000; echo '"}'; } | bomb "a long string"
	{ printf '{"ociVersion": '; repeat 1 1000000; echo '}'; } | bomb "a long number"
}

@test "SEC-11-1 a hundred thousand members are taken or refused, soon" {
	local begin=$SECONDS

	config '.annotations = ([range(100000) | {key: "k\(.)", value: "v"}] | from_entries)'
	script 'echo works'
	run_ct
	((status > 0 && status < 124)) || eq "$output" works
	((SECONDS - begin < TIMEOUT))
}

@test "SEC-11-1 two readings of one document are refused" {
	local text

	for text in \
		's/"uid": 0,/"uid": 1000, "uid": 0,/' \
		's/"noNewPrivileges": true/"noNewPrivileges": true, "noNewPrivileges": false/' \
		's/"readonly": true/"readonly": true, "readonly": false/' \
		's/"uid": 0,/"uid": 1000, "\\u0075id": 0,/'; do
		jq . "$SUITES/config.json" >"$BUNDLE/config.json"
		sed -i "$text" "$BUNDLE/config.json"
		sed -i 'N;s/"uid": 0,\n/&/' "$BUNDLE/config.json"
		[[ $RUNTIME_NAME == teu ]] || skip "other parsers take the last of two"
		refused
	done
	jq . "$SUITES/config.json" >"$BUNDLE/config.json"
	echo '{}' >>"$BUNDLE/config.json"
	refused
}

@test "SEC-11-1 a NUL does not cut a string in two" {
	local path

	[[ $RUNTIME_NAME == teu ]] || skip "others check strings where they use them"
	jq -r 'paths(type == "string") | map(if type == "number" then "[\(.)]" else ".\(.)" end) | join("")' \
		"$BUNDLE/config.json" >paths
	cp "$BUNDLE/config.json" pristine.json
	(($(wc -l <paths) > 20))
	while read -r path; do
		jq "$path |= . + \"\\u0000x\"" pristine.json >"$BUNDLE/config.json"
		refused
	done < <(sample <paths)
}

@test "SEC-11-1 SEC-11-2 config.json as something else than a file" {
	need_nodes
	local kind

	for kind in fifo zero directory loop; do
		rm -rf "$BUNDLE/config.json"
		case $kind in
		fifo) mkfifo "$BUNDLE/config.json" ;;
		zero) mknod "$BUNDLE/config.json" c 1 5 ;;
		directory) mkdir "$BUNDLE/config.json" ;;
		loop) ln -s config.json "$BUNDLE/config.json" ;;
		esac
		(limit_memory 524288 && refused) || { echo "$kind" >&2; return 1; }
	done
}

@test "SEC-11-3 names of interfaces and hosts that are none" {
	local name

	for name in "$(printf '%065d' 0)" "$(printf '%070000d' 0)"; do
		config '.hostname = $n' --arg n "$name"
		refused hostname
	done
	config '.hostname = "x"'
	[[ $RUNTIME_NAME == teu ]] || return 0
	for name in "" . .. a/b a:b 'a%d' 'a b' "$(printf '%016d' 0)" "$(printf 'a\nb')" "$(printf '%070000d' 0)"; do
		config '.linux.netDevices = {"lo": {name: $n}}' --arg n "$name"
		[[ -z $name ]] || refused
		config '.linux.netDevices = {($n): {}}' --arg n "$name"
		refused
	done
}

@test "SEC-11-4 annotations that would change what is done have no effect unless they are announced" {
	local out=$TEST_DIR/written

	[[ $RUNTIME_NAME == teu ]] || skip "other runtimes have other annotations"
	config '.annotations = {"run.oci.handler": "krun", "run.oci.seccomp_bpf_data": "AAAA", "run.oci.criu.conf": $f,
		"run.oci.delegate-cgroup": "x", "run.oci.systemd.subgroup": "x", "org.criu.config": $f}' --arg f "$out"
	script 'cat /proc/self/cgroup; grep Seccomp: /proc/self/status'
	run_ok
	has "$output" "Seccomp:	0"
	missing "$out"
}

# --- ids and the state directory -----------------------------------------------------------------

@test "SEC-12-1 ids that are paths, empty, too long or odd, in every command" {
	local id command

	mkdir -p "$TEST_DIR/outside"
	for id in .. . ../outside a/../b a/b /abs "$CANARY" "" "a b" "$(printf 'a\nb')" "$(printf '%05000d' 0)" 'a;b' \
		'$(id)' 'a*' "$(printf 'a\tb')" 'ä'; do
		for command in create run state start kill delete "delete --force" pause resume ps exec update; do
			set -- $command
			case $1 in
			create | run) set -- "$@" --bundle "$BUNDLE" "$id" ;;
			kill) set -- "$@" "$id" KILL ;;
			exec) set -- "$@" "$id" true ;;
			update) set -- "$@" --pids-limit 5 "$id" ;;
			*) set -- "$@" "$id" ;;
			esac
			run_runtime "$@"
			if [[ $command == "delete --force" ]]; then
				((status < 124))
			else
				((status > 0 && (status < 124 || status == 255))) || { echo "\"$id\" taken by $command" >&2; return 1; }
			fi
		done
		[[ -d $ROOT && -d $TEST_DIR/outside && -d $BUNDLE/rootfs ]]
		canary_same
	done
	eq "$(ls -A "$ROOT")" ""
}

@test "SEC-12-2 a link in the place of a container is not followed" {
	ln -s "$CANARY" "$ROOT/$ID"
	args true
	fails create --bundle "$BUNDLE" "$ID"
	canary_same
	for command in state start "kill" delete "delete --force"; do
		run_runtime $command "$ID"
		canary_same
	done
	exists "$CANARY/file"
	rm "$ROOT/$ID"
}

@test "SEC-12-2 links inside of a container's directory are not followed by delete" {
	args sleep 1000
	create
	ln -s "$CANARY" "$ROOT/$ID/planted"
	ln -s "$CANARY/file" "$ROOT/$ID/planted.file"
	run_runtime delete --force "$ID"
	canary_same
	rm -f "$ROOT/$ID"/planted*
	run_runtime delete --force "$ID"
}

@test "SEC-12-2 what somebody else has put in the place of a new container stays" {
	mkdir "$ROOT/$ID" && touch "$ROOT/$ID/precious"
	args true
	fails create --bundle "$BUNDLE" "$ID"
	exists "$ROOT/$ID/precious"
	rm -r "${ROOT:?}/$ID"
}

@test "SEC-12-2 nobody else reads or writes the state, whatever the umask" {
	need_program setpriv
	local file

	rm -rf "$ROOT"
	args sleep 1000
	(umask 0 && create)
	while read -r file; do
		setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'ls "$1" || cat "$1" || : >"$1" || echo >"$1"' \
			sh "$file" >/dev/null 2>&1 && { echo "open to others: $file" >&2; return 1; }
		eq "$(find "$file" -maxdepth 0 -perm /022)" "" "written by others"
	done < <(find "$ROOT" -mindepth 1)
	eq "$(stat -c %a "$ROOT")" 700
}

@test "SEC-12-2 a state root that belongs to somebody else, or that others may write, is refused" {
	[[ $RUNTIME_NAME == teu ]] || skip "others use what there is"
	args true
	chown 65534 "$ROOT"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "$ROOT"
	chown "${RTB_USER:-0}" "$ROOT" && chmod 777 "$ROOT"
	fails create --bundle "$BUNDLE" "$ID"
	chmod 755 "$ROOT"
	create
}

@test "SEC-12-3 a process that got the pid of a dead init is spared" {
	need_program python3
	cat >reuse.py <<-'END'
		# In a pid namespace of our own: the container's init ends, another process gets its pid.
		import os, subprocess, sys, time
		runtime, root, bundle, name = sys.argv[1:]
		call = lambda *a: subprocess.run([runtime, "--root", root, *a], stdin=subprocess.DEVNULL,
		    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
		# The container keeps its standard output open.
		if subprocess.call([runtime, "--root", root, "run", "--detach", "--bundle", bundle, name],
		        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
		    sys.exit("run failed")
		import json
		pid = json.loads(call("state", name).stdout)["pid"]
		os.kill(pid, 9)
		while os.path.exists(f"/proc/{pid}"):
		    try:
		        os.waitpid(-1, os.WNOHANG)
		    except ChildProcessError:
		        pass
		    time.sleep(0.01)
		with open("/proc/sys/kernel/ns_last_pid", "w") as f:
		    f.write(str(pid - 1))
		victim = subprocess.Popen(["sleep", "1000"])
		if victim.pid != pid:
		    sys.exit(f"victim is {victim.pid}, not {pid}")
		outputs = [call("state", name).stdout]
		for command in (["kill", name, "KILL"], ["start", name], ["exec", name, "touch", "/tmp/joined"],
		                ["pause", name], ["ps", name], ["delete", name], ["delete", "--force", name]):
		    call(*command)
		time.sleep(0.1)
		print("victim", "lives" if victim.poll() is None else "died")
		print(outputs[0])
		victim.kill()
	END
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script 'exec sleep 1000'
	unshare --pid --fork --mount-proc --kill-child python3 reuse.py "$RUNTIME" "$ROOT" "$BUNDLE" "$ID" >"$OUT" 2>&1 || {
		cat "$OUT" >&2
		return 1
	}
	output=$(<"$OUT")
	[[ $output != *"not "*[0-9]* ]] || skip "the pid could not be had again: $output"
	has "$output" "victim lives"
	has "$output" stopped
	missing /tmp/joined
}

@test "SEC-12-4 one id by eight at once" {
	local i pids=()

	args sleep 1000
	for ((i = 0; i < 8; i++)); do
		(
			for ((k = 0; k < 6; k++)); do
				runtime create --bundle "$BUNDLE" "$ID" || :
				runtime start "$ID" || :
				runtime state "$ID" || :
				runtime delete --force "$ID" || :
			done
		) </dev/null >/dev/null 2>&1 3>&- 4>&- &
		pids+=($!)
	done
	wait "${pids[@]}" || :
	runtime delete --force "$ID" >/dev/null 2>&1 || :
	eq "$(ls -A "$ROOT")" ""
	leak_check
}

# --- sockets, messages, logs ---------------------------------------------------------------------

@test "SEC-15-3 console and notify sockets that are none, or too long" {
	local path

	config '.process.terminal = true'
	args true
	for path in "$CANARY/file" "$CANARY" /dev/null "$TEST_DIR/missing" "$TEST_DIR/$(printf '%0200d' 0)"; do
		fails create --bundle "$BUNDLE" --console-socket "$path" "$ID"
		leak_check
	done
	canary_same
}

@test "SEC-15-3 no abstract socket is left for a container that shares the network" {
	need_program unshare
	without_namespace network
	script 'probe try notify READY=1; exec sleep 1000'
	# In a network namespace where nobody else has one.
	status=0
	RTB_TOKEN=$TOKEN NOTIFY_SOCKET=$TEST_DIR/nowhere timeout "$TIMEOUT" unshare --net "$RUNTIME" --root "$ROOT" run --detach \
		--bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	((status == 0)) || { show_failure; return 1; }
	lacks "$(cat "/proc/$(pid_of)/net/unix")" @
}

forged='{"level":"error","msg":"forged"}'

@test "SEC-17 what comes from an image cannot forge a record, nor reach the terminal raw" {
	local format bad=$'/no/such\n'"$forged"$'\n\e[31mred\e]0;title\a"\\'

	for format in text json; do
		rm -f "$LOG"
		config '.process.args = [$a]' --arg a "$bad"
		run_runtime --log "$LOG" --log-format $format run --bundle "$BUNDLE" "$ID"
		ne "$status" 0
		eq "$(grep -cF "$forged" "$LOG" | head -n1)" "$(grep -F "$forged" "$LOG" | grep -cvxF "$forged")" \
			"lines that are the forged record"
		lacks "$(cat "$LOG")" $'\e'
		if [[ $format == json ]]; then
			jq -e .msg <"$LOG" >/dev/null
		else
			eq "$(grep -vc '^time=' "$LOG")" 0
		fi
		# In what is said to a human on the terminal, too.
		[[ $RUNTIME_NAME != teu ]] || lacks "$error" $'\e'
	done
}

@test "SEC-17 state and list escape what they print" {
	config '.annotations = {"a\u001b[31m\nb": "c\n\"level\":\u0007"}'
	args sleep 1000
	create
	ok state "$ID"
	jq -e '.annotations | to_entries[0].value == "c\n\"level\":\u0007"' <<<"$output" >/dev/null
	lacks "$output" $'\e'
	ok list
	lacks "$output" $'\e'
	ok list --format json
	jq -e . <<<"$output" >/dev/null
}

@test "SEC-17 the log is no link that is followed, and no FIFO that is waited for" {
	[[ $RUNTIME_NAME == teu ]] || skip "others open what there is"
	args true
	ln -s "$CANARY/file" planted.log
	run_runtime --log "$TEST_DIR/planted.log" run --bundle "$BUNDLE" "$ID"
	canary_same
	mkfifo fifo.log
	run_runtime --log "$TEST_DIR/fifo.log" run --bundle "$BUNDLE" "$ID"
	((status < 124))
}
