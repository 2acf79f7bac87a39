#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An ordinary user's own systemd makes the cgroup. Needs a host where the user 1000 has one.
load helpers

OWNER=1000

setup() {
	[[ -S /run/user/$OWNER/bus ]] || skip "no ordinary user has a systemd here"
	is_pure_v2 || skip "this host has cgroup v1"
	test_begin
	UNIT=teu-$ID.scope
	chown -R "$OWNER:$OWNER" "$TEST_DIR"
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: $o, size: 1}] | .linux.gidMappings = .linux.uidMappings
		| (.mounts[] | select(.destination == "/dev/pts")).options -= ["gid=5"]' \
		--argjson o "$OWNER"
	args sleep 1000
}

teardown() {
	[[ -n ${TEST_DIR:-} ]] || return 0
	[[ ! -e $ROOT/$ID ]] || owner "$RUNTIME" --root "$ROOT" --systemd-cgroup delete --force "$ID" || :
	test_end
}

# Without the caller's groups and variables, as after a log-in.
owner() {
	setpriv --reuid "$OWNER" --regid "$OWNER" --clear-groups --inh-caps=-all env -i PATH="$PATH" RTB_TOKEN="$TOKEN" \
		XDG_RUNTIME_DIR="/run/user/$OWNER" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$OWNER/bus" \
		TEU_SYSTEMD_TIMEOUT="${TEU_SYSTEMD_TIMEOUT:-}" "$@"
}

# The runtime, called by somebody in the user's part of the hierarchy.
teu() {
	owner timeout -k 1 "$TIMEOUT" systemd-run --user --scope --quiet --unit "$TOKEN-caller-$RANDOM$RANDOM.scope" -- \
		"$RUNTIME" --root "$ROOT" --systemd-cgroup "$@" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- ||
		{ cat "$ERR" >&2; return 1; }
	output=$(<"$OUT")
}

path_of() { sed -n 's/^0:://p' "/proc/$(<"$TEST_DIR/pid")/cgroup"; }
holds() { file_is "/sys/fs/cgroup$(path_of)/$1" "$2"; }	# FILE CONTENT

@test "CG-08 the user's systemd makes a scope, and has it no more after delete" {
	teu create --pid-file "$TEST_DIR/pid" --bundle "$BUNDLE" "$ID"
	[[ $(path_of) == /user.slice/user-$OWNER.slice/user@$OWNER.service/*/$UNIT ]] || { path_of >&2; return 1; }
	eq "$(owner systemctl --user show "$UNIT" -p ActiveState --value)" active
	teu start "$ID"
	teu exec "$ID" cat /proc/self/cgroup
	has "$output" "$UNIT"
	teu pause "$ID"
	holds cgroup.freeze 1
	teu resume "$ID"
	holds cgroup.freeze 0
	local dir
	dir=/sys/fs/cgroup$(path_of)
	teu delete --force "$ID"
	missing "$dir"
	eq "$(owner systemctl --user list-units --all --no-legend "$UNIT")" ""
}

@test "MEM-02 PIDS-02 limits of the user's scope, at create and by update, survive a reload" {
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}}'
	teu create --pid-file "$TEST_DIR/pid" --bundle "$BUNDLE" "$ID"
	holds memory.max 67108864
	holds pids.max 50
	teu update --memory 96m --pids-limit 60 "$ID"
	owner systemctl --user daemon-reload
	holds memory.max $((96 << 20))
	holds pids.max 60
	eq "$(owner systemctl --user show "$UNIT" -p MemoryMax --value)" $((96 << 20))
	teu delete --force "$ID"
}

@test "without the user's bus it is said what was tried" {
	fails_owner() {
		! owner DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent XDG_RUNTIME_DIR=/nonexistent timeout -k 1 "$TIMEOUT" \
			"$RUNTIME" --root "$ROOT" --systemd-cgroup create --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	}
	fails_owner
	has "$(<"$ERR")" "/nonexistent"
	[[ ! -e $ROOT/$ID ]]
}
