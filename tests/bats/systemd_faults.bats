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

@test "TEU_SYSTEMD_TIMEOUT that is no number of seconds is refused by name, where systemd is asked" {
	local value
	manager_start
	for value in 0 -1 1.5 10s " 5" 3601 99999999999999999999 x; do
		TEU_SYSTEMD_TIMEOUT=$value fails create --bundle "$BUNDLE" "$ID"
		has "$error" "\"$value\" of the environment variable TEU_SYSTEMD_TIMEOUT: a number of seconds from 1 to 3600"
		TEU_SYSTEMD_TIMEOUT=$value fails check --bundle "$BUNDLE"
		has "$error" TEU_SYSTEMD_TIMEOUT
		missing "$ROOT/$ID"
	done
	eq "$(calls)" ""
	for value in "" 1 3600; do
		TEU_SYSTEMD_TIMEOUT=$value create
		delete --force
	done
	# Whoever does not ask it is not bothered.
	TEU_SYSTEMD_TIMEOUT=x "$RUNTIME" --root "$ROOT" check --bundle "$BUNDLE"
}

@test "late answers are answers" {
	local message
	for message in auth Hello AddMatch StartTransientUnit JobRemoved; do
		TEU_SYSTEMD_TIMEOUT=10 survives "$message=delay=0.3"
	done
}

@test "answers that come twice" {
	local message
	for message in Hello AddMatch StartTransientUnit JobRemoved; do
		TEU_SYSTEMD_TIMEOUT=10 survives "$message=twice"
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
	has "$(calls)" "StartTransientUnit AddMatch Subscribe ResetFailedUnit StartTransientUnit"
	gives_up StartTransientUnit=error=org.freedesktop.systemd1.UnitExists /linux/cgroupsPath \
		"unit $UNIT exists already, and has not gone within 2 seconds"
}

# --- units of others ---------------------------------------------------------------------------------

# A process that the unit of somebody else holds.
foreigner() {
	sleep 1000 3>&- 4>&- &
	export FOREIGN_PID=$!
	echo "$FOREIGN_PID" >>"$TEST_DIR/background"
}

# It lives, and is where it was put; nobody asked for the end of its unit.
unharmed() {	# [SLICE]
	kill -0 "$FOREIGN_PID"
	has "$(<"/proc/$FOREIGN_PID/cgroup")" "/${1:-$TOKEN.slice}/$UNIT"
	lacks "$(calls)" StopUnit
}

# It ends, and with it its unit. The directories are the test's to remove.
foreigner_ends() {	# [SLICE]
	local dir

	dir=$(v2_mount)/${1:-$TOKEN.slice}
	manager_stop
	kill -KILL "$FOREIGN_PID"
	wait "$FOREIGN_PID" 2>/dev/null || :
	eventually rmdir "$dir/$UNIT"
	rmdir "$dir"
}

# Takes the place of a unit that has ended.
foreigner_comes() {
	local dir

	dir=$(v2_mount)/$TOKEN.slice/$UNIT
	[[ ! -d $dir ]] || eventually rmdir "$dir"
	foreigner
	mkdir "$dir"
	echo "$FOREIGN_PID" >"$dir/cgroup.procs"
	rm -f "$TEST_DIR/calls"
	manager_start
}

@test "another's unit that comes between our look and our call is left alone" {
	foreigner
	manager_start "StartTransientUnit=foreign=$TOKEN.slice"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/linux/cgroupsPath: unit $UNIT exists already and holds processes (1, one is $FOREIGN_PID)"
	missing "$ROOT/$ID"
	unharmed
	lacks "$(calls)" ResetFailedUnit
	foreigner_ends
	leak_check
}

@test "another's unit of that name in another slice is left alone" {
	foreigner
	manager_start "StartTransientUnit=foreign=$TOKEN-b.slice"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/linux/cgroupsPath: unit $UNIT exists already, and has not gone within 2 seconds"
	missing "$ROOT/$ID"
	unharmed "$TOKEN.slice/$TOKEN-b.slice"
	foreigner_ends "$TOKEN.slice/$TOKEN-b.slice"
	rmdir "$(v2_mount)/$TOKEN.slice"
	leak_check
}

@test "another's unit that is being started, and still empty, is left alone" {
	foreigner
	manager_start "StartTransientUnit=foreign-slow=$TOKEN.slice"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "unit $UNIT exists already and holds processes (1, one is $FOREIGN_PID)"
	missing "$ROOT/$ID"
	unharmed
	foreigner_ends
	leak_check
}

@test "another's unit that ends soon is waited for" {
	manager_start "StartTransientUnit=foreign-brief=$TOKEN.slice"
	create
	has "$(<"/proc/$(pid_of)/cgroup")" "/$TOKEN.slice/$UNIT"
	lacks "$(calls)" StopUnit
	delete --force
}

@test "others' units that come and go without end are not waited for without end" {
	local dir begin=$SECONDS

	manager_start "StartTransientUnit=foreign-often=$TOKEN.slice"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/linux/cgroupsPath: unit $UNIT exists already, and has not gone within 2 seconds"
	((SECONDS - begin < 15))
	lacks "$(calls)" StopUnit
	missing "$ROOT/$ID"
	manager_stop
	dir=$(v2_mount)/$TOKEN.slice
	[[ ! -d $dir/$UNIT ]] || rmdir "$dir/$UNIT"
}

@test "another's unit, and nobody said so: it is left alone" {
	foreigner
	manager_start "StartTransientUnit=foreign-lost=$TOKEN.slice"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "systemd did not answer within 1 seconds when asked for StartTransientUnit $UNIT"
	missing "$ROOT/$ID"
	unharmed
	foreigner_ends
	leak_check
}

@test "another's unit, and the create was killed: delete leaves it alone" {
	foreigner
	manager_start "StartTransientUnit=foreign-lost=$TOKEN.slice"
	TEU_SYSTEMD_TIMEOUT=100 runtime create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
	local job=$!
	eventually grep -qs "/$UNIT" "/proc/$FOREIGN_PID/cgroup"
	our_processes | xargs -r kill -KILL 2>/dev/null || :
	wait "$job" 2>/dev/null || :
	manager_start
	delete --force
	missing "$ROOT/$ID"
	unharmed
	foreigner_ends
	leak_check
}

@test "the unit of a container that has ended is another's by now: delete leaves it alone" {
	manager_start
	create
	start
	kill -KILL "$(pid_of)"
	wait_pid "$(pid_of)" 2>/dev/null || :
	foreigner_comes
	delete
	missing "$ROOT/$ID"
	unharmed
	foreigner_ends
	leak_check
}

@test "an empty unit that systemd has forgotten to remove makes way" {
	mkdir -p "$(v2_mount)/$TOKEN.slice/$UNIT"
	manager_start
	create
	has "$(calls)" "ResetFailedUnit StartTransientUnit StopUnit StartTransientUnit"
	delete --force
	leak_check
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

# --- update --------------------------------------------------------------------------------------

# What was asked for, by the names of the properties.
properties() { jq -r 'select(.[0] == "SetUnitProperties")[1][2][][0]' "$TEST_DIR/calls" | tr '\n' ' '; }

limited() {	# with systemd asked anew from here on
	v2_has pids && v2_has cpu || skip "cgroup v2 has no controllers pids and cpu here"
	config '.linux.resources = {pids: {limit: 40}, cpu: {quota: 50000, period: 100000}}'
	manager_start
	create
	rm "$TEST_DIR/calls"
}

@test "update asks for what it changes, and for nothing else" {
	limited
	ok update --pids-limit 50 "$ID"
	eq "$(properties)" "TasksMax "
	eq "$(calls)" "Hello SetUnitProperties GetUnit "
	rm "$TEST_DIR/calls"
	ok update --cpu-quota 20000 "$ID"
	eq "$(properties)" "CPUQuotaPeriodUSec CPUQuotaPerSecUSec "
	delete --force
}

@test "update: late, twice, silent, closed, refused" {
	local fault dir

	limited
	dir=$(v2_mount)/$TOKEN.slice/$UNIT
	for fault in SetUnitProperties=delay=0.3 SetUnitProperties=twice GetUnit=twice; do
		manager_start "$fault"
		TEU_SYSTEMD_TIMEOUT=10 ok update --pids-limit 50 "$ID" || { echo "with $fault" >&2; return 1; }
		file_is "$dir/pids.max" 50
	done
	for fault in SetUnitProperties=silent SetUnitProperties=lost SetUnitProperties=close \
		SetUnitProperties=error=org.example.No GetUnit=silent; do
		manager_start "$fault"
		fails update --pids-limit 60 "$ID" || { echo "with $fault" >&2; return 1; }
		has "$error" "${fault%%=*} $UNIT"
		# What could not be told to systemd is not in force.
		file_is "$dir/pids.max" 50
	done
	manager_start
	delete --force
}

# --- delete --------------------------------------------------------------------------------------

@test "delete: late, twice, lost" {
	local fault seconds
	for fault in StopUnit=delay=0.3 StopUnit=twice StopUnit=lost StopUnit=lost-close JobRemoved=silent \
		ResetFailedUnit=twice ResetFailedUnit=silent ResetFailedUnit=close \
		StopUnit=error=org.freedesktop.systemd1.NoSuchUnit; do
		manager_start
		create
		manager_start "$fault"
		[[ $fault != *NoSuchUnit ]] || { kill -KILL "$(pid_of)"; }
		seconds=1
		[[ $fault != @(*delay*|*twice) ]] || seconds=10
		TEU_SYSTEMD_TIMEOUT=$seconds delete --force || { echo "with $fault" >&2; return 1; }
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
	our_processes | xargs -r kill -KILL 2>/dev/null || :
	wait $! 2>/dev/null || :
	manager_start
	delete --force
	missing "$dir"
	leak_check
}

@test "a runtime that cannot ask systemd itself needs the program that can" {
	! LC_ALL=C readelf -lW "$RUNTIME" | grep -q 'program interpreter' || skip "$RUNTIME_NAME has a loader itself"
	"$RUNTIME" --version | grep -q -F +SYSTEMD || skip "$RUNTIME_NAME is built without systemd"
	[[ -z ${RTB_USER:-}${RTB_USERNS:-} ]] || skip "copies the program of the host's root"
	local alone=$TEST_DIR/alone
	mkdir "$alone"
	cp "$RUNTIME" "$alone/teu"
	# None is installed either, for this.
	run unshare --mount --propagation private sh -c '
		for dir in /usr/libexec/teu /usr/local/libexec/teu; do
			[ ! -d "$dir" ] || mount -t tmpfs none "$dir" || exit
		done
		exec "$@"' - "$alone/teu" --root "$ROOT" --systemd-cgroup create --bundle "$BUNDLE" "$ID" 3>&- 4>&-
	eq "$status" 1
	has "$output" 'teu-systemd\", which is needed to ask systemd: no such file or directory'
	! exists "$ROOT/$ID" 2>/dev/null
	# Beside it, it is found.
	cp "${RUNTIME%/*}/teu-systemd" "$alone/"
	manager_start
	RUNTIME=$alone/teu create
	has "$(calls)" StartTransientUnit
}
