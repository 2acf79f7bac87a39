#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A systemd that is late, says nothing, says things twice or goes away, at each message. It is an imitation
# (fake_systemd.py) on a bus of the test's own, and so are its scopes.
load helpers

setup() {
	test_begin
	need_host_root "call the system's systemd; systemd_user.bats is for its own"
	[[ -n $(v2_mount) ]] || skip "no cgroup v2 here"
	need_program python3
	SOCKET=$TEST_DIR/bus UNIT=p-$ID.scope
	config '.linux.cgroupsPath = $p' --arg p "$TOKEN.slice:p:"
	args sleep 1000
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$SOCKET TEU_SYSTEMD_TIMEOUT=1
}

teardown() {
	manager_stop
	[[ ! -e $ROOT/$ID ]] || manager_start
	test_end
	local status=$?
	manager_stop
	[[ ! -d $(v2_mount)/$TOKEN.slice ]] || rmdir "$(v2_mount)/$TOKEN.slice"
	return "$status"
}

# The container's own leak check sees the slice, which a real systemd would keep as well.
our_cgroups() { find "$(v2_mount)" -mindepth 2 -depth -type d -path "*$TOKEN*" 2>/dev/null || :; }

manager_start() {	# [MESSAGE=FAULT]
	manager_stop
	rm -f "$SOCKET"
	FAKE_TOKEN=$TOKEN python3 "$SUITES/fake_systemd.py" "$SOCKET" "$(v2_mount)" "$TEST_DIR/calls" "$@" 3>&- 4>&- &
	MANAGER=$!
	# A socket never has a size to wait for.
	local i
	for ((i = 0; i < 1000; i++)); do
		[[ ! -S $SOCKET ]] || return 0
		sleep 0.02
	done
	return 1
}

manager_stop() {
	[[ -n ${MANAGER:-} ]] || return 0
	kill "$MANAGER" 2>/dev/null || :
	wait "$MANAGER" 2>/dev/null || :
	MANAGER=
}

# On a host that has cgroup v2 alone, or as if.
runtime() {
	local see=:

	is_pure_v2 || see='mount -t cgroup2 none /sys/fs/cgroup'
	RTB_TOKEN=$TOKEN timeout --foreground -k 1 "$TIMEOUT" unshare --mount --propagation private \
		sh -c "$see && exec \"\$@\"" - "$RUNTIME" --root "$ROOT" --systemd-cgroup "$@" 3>&- 4>&-
}

calls() { jq -r '.[0]' "$TEST_DIR/calls" 2>/dev/null | tr '\n' ' '; }

# Creates with a fault; it must succeed, and the container be in the unit.
survives() {	# MESSAGE=FAULT
	manager_start "$@"
	create || { echo "with $*" >&2; return 1; }
	has "$(<"/proc/$(pid_of)/cgroup")" "/$TOKEN.slice/$UNIT"
	manager_start
	delete --force
}

# It must fail in its time, say what it was about, and leave nothing.
gives_up() {	# MESSAGE=FAULT TEXT...
	local begin=$SECONDS fault=$1 text

	shift
	manager_start "$fault"
	fails create --bundle "$BUNDLE" "$ID" || { echo "with $fault" >&2; return 1; }
	for text; do
		has "$error" "$text" || { echo "with $fault" >&2; return 1; }
	done
	((SECONDS - begin < 15))
	manager_start
	[[ ! -e $ROOT/$ID ]] || delete --force
	leak_check
}

@test "a systemd that answers" {
	manager_start
	create
	has "$(<"/proc/$(pid_of)/cgroup")" "/$TOKEN.slice/$UNIT"
	eq "$(calls)" "Hello AddMatch StartTransientUnit "
	eq "$(jq -c 'select(.[0] == "StartTransientUnit")[1][2] | map(select(.[0] == "Slice"))' "$TEST_DIR/calls")" \
		"[[\"Slice\",\"$TOKEN.slice\"]]"
	rm "$TEST_DIR/calls"
	start
	ok kill "$ID" 0
	eq "$(calls)" ""
	delete --force
	eq "$(calls)" "Hello AddMatch StopUnit ResetFailedUnit "
}

@test "late answers are answers" {
	local message
	for message in auth Hello AddMatch StartTransientUnit JobRemoved; do
		survives "$message=delay=0.3"
	done
}

@test "answers that come twice" {
	local message
	for message in Hello AddMatch StartTransientUnit JobRemoved; do
		survives "$message=twice"
	done
}

@test "silence: an error within the time, that says what systemd was asked" {
	gives_up auth=silent "did not answer within 1 seconds" "a connection"
	gives_up Hello=silent "did not answer within 1 seconds" "a connection"
	gives_up StartTransientUnit=silent "did not answer within 1 seconds" "StartTransientUnit $UNIT"
}

@test "the connection ends: an error that says what systemd was asked" {
	gives_up auth=close "closed the connection"
	gives_up Hello=close "closed the connection"
	gives_up AddMatch=close "closed the connection"
	gives_up StartTransientUnit=close "closed the connection" "StartTransientUnit $UNIT"
}

@test "what was done counts, although nobody said so" {
	survives StartTransientUnit=lost
	survives StartTransientUnit=lost-close
	survives JobRemoved=silent
	survives JobRemoved=close
	survives AddMatch=silent
}

@test "refusals, and jobs that end badly" {
	gives_up StartTransientUnit=error=org.example.No "systemd refused StartTransientUnit $UNIT" "as the test wants it"
	gives_up JobRemoved=result=failed "ended the job for $UNIT with \"failed\""
	gives_up JobRemoved=result=canceled "canceled"
}

@test "the name is taken for a moment" {
	survives StartTransientUnit=error-once=org.freedesktop.systemd1.UnitExists
	has "$(calls)" "StartTransientUnit ResetFailedUnit StartTransientUnit"
	gives_up StartTransientUnit=error=org.freedesktop.systemd1.UnitExists "refused StartTransientUnit $UNIT"
}

@test "what an older systemd does not know is left out" {
	v2_has cpu || skip "cgroup v2 has no controller cpu here"
	config '.linux.resources.cpu.idle = 1'
	survives StartTransientUnit=error-once=org.freedesktop.DBus.Error.PropertyReadOnly
	has "$(calls)" "StartTransientUnit StartTransientUnit"
}

@test "no bus, and nobody listening" {
	rm -f "$SOCKET"
	# systemd's own socket, where there is a real one, is the second way.
	[[ ! -S /run/systemd/private ]] || skip "systemd runs this host"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "ask systemd for a connection"
	leak_check
}

@test "delete: late, twice, lost" {
	local fault
	for fault in StopUnit=delay=0.3 StopUnit=twice StopUnit=lost StopUnit=lost-close JobRemoved=silent \
		ResetFailedUnit=twice ResetFailedUnit=silent ResetFailedUnit=close \
		StopUnit=error=org.freedesktop.systemd1.NoSuchUnit; do
		manager_start
		create
		manager_start "$fault"
		[[ $fault != *NoSuchUnit ]] || { kill -KILL "$(pid_of)"; }
		delete --force || { echo "with $fault" >&2; return 1; }
		manager_start
		leak_check
	done
}

@test "delete: what could not be stopped is named, and can be tried again" {
	local fault
	for fault in StopUnit=silent StopUnit=close StopUnit=error=org.example.No; do
		manager_start
		create
		manager_start "$fault"
		fails delete --force "$ID" || { echo "with $fault" >&2; return 1; }
		has "$error" "StopUnit $UNIT"
		manager_start
		delete --force
		leak_check
	done
}

@test "a create that was killed while systemd was silent" {
	manager_start StartTransientUnit=lost
	export TEU_SYSTEMD_TIMEOUT=10
	runtime create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
	local dir i
	dir=$(v2_mount)/$TOKEN.slice/$UNIT
	for ((i = 0; i < 500; i++)); do
		[[ ! -e $dir/cgroup.procs ]] || break
		sleep 0.02
	done
	our_processes | xargs -r kill -KILL
	wait $! 2>/dev/null || :
	manager_start
	delete --force
	missing "$dir"
	leak_check
}
