# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every behaviour suite stands on. A suite is `load helpers` and tests; each test gets
#
#	ROOT     a private --root          BUNDLE   a bundle whose config.json is config.json of this
#	ID       a container id                     directory and whose rootfs is busybox and the probe
#	TEST_DIR the parent of both, and the current directory of the test
#
# and ends with the removal of its containers and a leak check: cgroups in every hierarchy, mounts,
# processes and state directory entries must be as before, or the test fails. Everything of one
# suite carries $TOKEN in its name or environment, so that suites can run at the same time.
#
# RUNTIME=  the program under test (default: teu of this tree, also from build/)
# Tests change the config with `config EXPR`, run with `run_ct`, `create`, `start`, ..., look at
# $status, $output (standard output) and $error (standard error), and compare with `eq` and `has`.

bats_require_minimum_version 1.5.0

SUITES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TIMEOUT=${RTB_TIMEOUT:-20}

source "$SUITES/helpers_check.bash"
source "$SUITES/helpers_leak.bash"

# --- the life of a suite and of a test -----------------------------------------------------------

find_runtime() {
	local candidate

	if [[ -z ${RUNTIME:-} ]]; then
		for candidate in "$SUITES"/../../teu "$SUITES"/../../build/teu; do
			[[ -x $candidate ]] && RUNTIME=$candidate && break
		done
	fi
	RUNTIME=$(type -P "${RUNTIME:-teu}") || {
		echo "no runtime: build teu or set RUNTIME=" >&2
		return 1
	}
	RUNTIME=$(realpath "$RUNTIME")
	RUNTIME_NAME=$(basename "$RUNTIME")
	# A peer of an older specification is compared on the ground that it knows.
	OCI_VERSION=$("$RUNTIME" --version | sed -n 's/^spec: //p')
	export RUNTIME RUNTIME_NAME OCI_VERSION
}

suite_begin() {
	find_runtime || return 1
	export TOKEN SUITE_DIR PROBE TEMPLATE CONFIG
	TOKEN=rtb$$x${RANDOM}z
	SUITE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/$TOKEN.XXXX")
	chmod 755 "$SUITE_DIR"
	# In a mount namespace of our own the files may be in memory.
	[[ -z ${RTB_PRIVATE:-} ]] || mount -t tmpfs -o mode=755 "$TOKEN" "$SUITE_DIR"
	PROBE=${RTB_PROBE:-}
	if [[ ! -x $PROBE ]]; then
		PROBE=$SUITE_DIR/probe
		${CC:-cc} -std=gnu11 -static -O1 -o "$PROBE" "$SUITES"/probe*.c || return 1
	fi
	TEMPLATE=$SUITE_DIR/template
	rootfs_make "$TEMPLATE"
	CONFIG=$SUITE_DIR/config.json
	sed "s/\"TERM=xterm\"/&, \"RTB_TOKEN=$TOKEN\"/; s/1\.3\.0/${OCI_VERSION:-1.3.0}/" "$SUITES/config.json" >"$CONFIG"
	[[ -z ${RTB_USER:-} ]] || { user_maps "$CONFIG" && chown -R "$RTB_USER:$RTB_USER" "$TEMPLATE"; }
}

suite_end() {
	[[ -n ${SUITE_DIR:-} ]] || return 0
	[[ -z ${RTB_PRIVATE:-} ]] || umount -l "$SUITE_DIR"
	rm -rf --one-file-system "$SUITE_DIR"
}

test_begin() {
	umask 022
	TEST_DIR=$SUITE_DIR/$BATS_TEST_NUMBER
	ROOT=$TEST_DIR/root
	BUNDLE=$TEST_DIR/bundle
	ID=$TOKEN-$BATS_TEST_NUMBER
	OUT=$TEST_DIR/out ERR=$TEST_DIR/err LOG=$TEST_DIR/log
	mkdir -p "$ROOT"
	bundle_make "$BUNDLE"
	# What a test makes for the container and its hooks is the user's to change, too.
	[[ -z ${RTB_USER:-} ]] || { chown "$RTB_USER:$RTB_USER" "$TEST_DIR" "$ROOT" "$BUNDLE"; umask 0; }
	cd "$TEST_DIR" || return 1
	leak_before
}

test_end() {
	local failed=0

	# A set-up that skips may have begun nothing.
	[[ -n ${TEST_DIR:-} ]] || return 0
	background_stop
	containers_remove || failed=1
	cd / || return 1
	leak_check || failed=1
	((!failed)) || leak_repair
	mounts_below "$TEST_DIR" | xargs -r umount -l
	rm -rf --one-file-system "$TEST_DIR"
	return "$failed"
}

setup_file() { suite_begin; }
teardown_file() { suite_end; }
setup() { test_begin; }
teardown() { test_end; }

# --- root file system and bundle -----------------------------------------------------------------

rootfs_make() {	# DIR
	local applet

	mkdir -p "$1"/{bin,dev,etc,home,mnt,opt,proc,root,run,sys,tmp,usr/bin,var/tmp}
	chmod 1777 "$1/tmp" "$1/var/tmp"
	cp "$(type -P busybox)" "$1/bin/busybox"
	cp "$PROBE" "$1/bin/probe"
	for applet in sh cat ls ln rm mv cp id ps env true false echo printf sleep kill test [ touch \
		mkdir rmdir mknod mount umount stat readlink dd head tail wc grep sed awk sort tr cut \
		uname hostname pwd tty stty seq basename dirname chmod chown find mktemp nohup setsid \
		od cksum date df ip ipcs mountpoint realpath sync timeout usleep which whoami yes; do
		ln "$1/bin/busybox" "$1/bin/$applet"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000:app:/home/app:/bin/sh \
		>"$1/etc/passwd"
	printf '%s\n' root:x:0: app:x:1000: extra:x:2000:app >"$1/etc/group"
}

# Hard links of the template: tests add and remove files, they do not write into existing ones.
bundle_make() {	# DIR
	mkdir -p "$1"
	cp -al "$TEMPLATE" "$1/rootfs"
	cp "$CONFIG" "$1/config.json"
}

# An ordinary user is root of its containers and has subordinate ids for the others.
user_maps() {	# CONFIG
	jq --argjson id "$RTB_USER" --argjson sub "$RTB_SUBIDS" '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: $id, size: 1},
			{containerID: 1, hostID: $sub, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: $id, size: 1},
			{containerID: 1, hostID: ($sub + 100000), size: 65536}]' "$1" >"$1.new" &&
		mv "$1.new" "$1"
}

# A real copy whose files belong to the first id of a mapping.
rootfs_own() {	# HOST-ID
	rm -rf "$BUNDLE/rootfs"
	cp -a "$TEMPLATE" "$BUNDLE/rootfs"
	chown -R "$1:$1" "$BUNDLE/rootfs"
}

# An ordinary user's own id alone, and no other in any option.
own_id() {
	config '.linux.uidMappings |= .[:1] | .linux.gidMappings |= .[:1]
		| del(.mounts[] | select(.type == "devpts").options[] | select(startswith("gid=")))'
}

config() {	# EXPR [jq options]
	jq "$1" "$BUNDLE/config.json" "${@:2}" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

update_config() { config "$@"; }

config_text() { cat >"$BUNDLE/config.json"; }

# jq rounds numbers beyond 2^53: a string "@NAME@" in the config becomes the bare text,
# as the last change of the config.
number() {	# NAME TEXT
	sed -i "s/\"@$1@\"/$2/" "$BUNDLE/config.json"
}

args() {	# PROGRAM [ARG...]
	config '.process.args = $ARGS.positional' --args -- "$@"
}

script() {	# TEXT: a shell in the container
	args /bin/sh -c "$1"
}

writable_root() { config '.root.readonly = false'; }

all_caps() {
	config '(.process.capabilities[]) |= $ARGS.positional' --args -- \
		CAP_{CHOWN,DAC_OVERRIDE,FOWNER,FSETID,KILL,MKNOD,SETGID,SETUID,SYS_ADMIN,SYS_CHROOT} \
		CAP_{NET_ADMIN,SYS_PTRACE,DAC_READ_SEARCH,NET_BIND_SERVICE,AUDIT_WRITE}
}

add_mount() {	# DESTINATION TYPE SOURCE [OPTION...]
	config '.mounts += [{destination: $d, type: $t, source: $s, options: $ARGS.positional}]' \
		--arg d "$1" --arg t "$2" --arg s "$3" --args -- "${@:4}"
}

bind() {	# SOURCE DESTINATION [OPTION...]
	add_mount "$2" bind "$1" bind "${@:3}"
}

without_namespace() {	# TYPE
	config 'del(.linux.namespaces[] | select(.type == $t))' --arg t "$1"
}

add_namespace() {	# TYPE [PATH]
	without_namespace "$1"
	config '.linux.namespaces += [if $p == "" then {type: $t} else {type: $t, path: $p} end]' \
		--arg t "$1" --arg p "${2:-}"
}

# A user namespace whose ids start at 100000, with a rootfs that belongs to its root. Every container
# of an ordinary user has one, whose root is the user.
userns() {
	[[ -z ${RTB_USER:-} ]] || return 0
	rootfs_own 100000
	add_namespace user
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
}

# --- calling the runtime -------------------------------------------------------------------------

# The bare call, for what needs another stdin, stdout or environment. The test tool's own
# descriptors do not belong to the caller that is simulated here.
runtime() {
	# shellcheck disable=SC2086
	RTB_TOKEN=$TOKEN timeout --foreground -k 1 "$TIMEOUT" "$RUNTIME" --root "$ROOT" ${RTB_OPTIONS:-} "$@" 3>&- 4>&-
}

# The program itself, where RUNTIME changes the user before it calls it; and who calls, for a tool in between.
program_of() { echo "${RTB_PROGRAM:-$RUNTIME}"; }
caller() { ${RTB_USER:+setpriv --reuid "$RTB_USER" --regid "$RTB_USER" --clear-groups --inh-caps=-all} "$@"; }

# What a test of root's makes for the runtime is its caller's.
given() {	# PATH...
	[[ -z ${RTB_USER:-} ]] || chown -R "$RTB_USER:$RTB_USER" "$@"
}

run_runtime() {	# [ARG...] → status, output, error
	status=0
	runtime "$@" <"${STDIN:-/dev/null}" >"$OUT" 2>"$ERR" || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
	# A key=value log line escapes the quotes of its message.
	error=${error//\\\"/\"}
}

show_failure() {
	printf '%s\n' "status $status" "--- stdout" "${output:-}" "--- stderr" "${error:-}" >&2
}

ok() {	# ARG...: must succeed
	run_runtime "$@"
	((status == 0)) || { echo "failed: $RUNTIME_NAME $*" >&2; show_failure; return 1; }
}

fails() {	# ARG...: must fail, by itself: not by a signal and not because the time was over
	run_runtime "$@"
	((status > 0 && status < 124)) && [[ -n $error ]] ||
		{ echo "must fail with a message: $RUNTIME_NAME $*" >&2; show_failure; return 1; }
}

run_ct() {	# [OPTION...]: run in the foreground
	run_runtime run --bundle "$BUNDLE" "$@" "$ID"
}

run_ok() {	# [OPTION...]
	ok run --bundle "$BUNDLE" "$@" "$ID"
}

run_probe() {	# SECTION...: the facts are in $output
	args /bin/probe "$@"
	run_ok
}

run_script() {	# TEXT
	script "$1"
	run_ok
}

try() {	# WHAT ARG... [, WHAT ARG...]: the outcomes as words in $output
	args /bin/probe try "$@"
	run_ok
	output=$(tr '\n' ' ' <"$OUT") output=${output% }
}

create() { ok create --bundle "$BUNDLE" "$@" "$ID"; }
start() { ok start "$ID"; }
delete() { ok delete "$@" "$ID"; }
kill_ct() { ok kill "$ID" "${1:-KILL}"; }

# The container's own output goes on in a file when create or run -d has returned.
ct_output() { cat "$TEST_DIR/ct.out"; }

create_logged() {	# [OPTION...]: stdout of the container is kept apart
	runtime create --bundle "$BUNDLE" "$@" "$ID" </dev/null >"$TEST_DIR/ct.out" 2>&1 ||
		{ ct_output >&2; return 1; }
}

# Fails, says TEXT, and leaves nothing.
refused() {	# [TEXT]: create of the present config
	fails create --bundle "$BUNDLE" "$ID"
	[[ -z ${1:-} ]] || has "$error" "$1"
	leak_check
}

# Succeeds, and the log has a warning that holds TEXT.
warned() {	# TEXT
	run_ok_logged
	jq -r 'select(.level | startswith("warn")).msg' "$LOG" | grep -F -- "$1" >/dev/null ||
		{ echo "no warning with \"$1\":" >&2; cat "$LOG" >&2; return 1; }
}

run_ok_logged() {
	ok --debug --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
}

state() {	# FIELD
	runtime state "$ID" </dev/null | jq -r ".$1"
}

pid_of() { state pid; }

is_gone() { fails state "$ID"; has "$error" "does not exist"; }

# --- waiting -------------------------------------------------------------------------------------

wait_pid() { "$PROBE" wait-pid "$1" "${2:-10}" || { echo "$1 did not end" >&2; return 1; }; }
wait_file() { "$PROBE" wait-file "$1" "${2:-10}" || { echo "no $1 came" >&2; return 1; }; }

# For what the kernel announces to nobody, in steps of 20 ms: at most two seconds, and more where all is slow.
eventually() {	# COMMAND...
	local i

	for ((i = 0; i < 5 * TIMEOUT; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	echo "did not come true: $*" >&2
	return 1
}

# A helper process of the test, ended with it.
background() {	# COMMAND...
	"$@" 3>&- 4>&- &
	BACKGROUND=$!
	echo "$BACKGROUND" >>"$TEST_DIR/background"
}

background_stop() {
	local pid

	[[ -s $TEST_DIR/background ]] || return 0
	while read -r pid; do
		kill -KILL "$pid" 2>/dev/null || :
	done <"$TEST_DIR/background"
}
