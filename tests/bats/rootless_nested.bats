#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A caller in a user namespace that exists already, as engines make one for ordinary users.

load helpers

FIRST=472000 COUNT=300000

setup() {
	[[ -z ${RTB_USER:-} ]] || skip "an ordinary user cannot make the user namespaces that it begins with"
	test_begin
	chown -R "$FIRST:$FIRST" "$TEST_DIR"
	chown -R "$FIRST:$FIRST" "$TEMPLATE"
}

nested() {	# COMMAND...
	RTB_TOKEN=$TOKEN timeout --foreground -k 1 "$TIMEOUT" "$PROBE" as in-userns $FIRST $COUNT "$@" 3>&- 4>&-
}

nested_ok() {	# ARG... of the runtime
	nested "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$OUT" 2>"$ERR" ||
		{ status=$? output=$(cat "$OUT") error=$(cat "$ERR"); show_failure; return 1; }
	output=$(cat "$OUT")
}

nested_fails() {
	! nested "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$OUT" 2>"$ERR" || return 1
	error=$(cat "$ERR")
}

@test "run without a user namespace of its own" {
	script 'id -u; tr -s " " </proc/self/uid_map; stat -c %t:%T /dev/null'
	nested_ok run --bundle "$BUNDLE" "$ID"
	eq "$output" "0
 0 $FIRST $COUNT
1:3"
}

@test "UMAP-02 a user namespace in it, and another level" {
	add_namespace user
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}, {containerID: 1000, hostID: 5000, size: 10}]
		| .linux.gidMappings = .linux.uidMappings'
	script 'tr -s " " </proc/self/uid_map'
	nested_ok run --bundle "$BUNDLE" "$ID"
	eq "$output" " 0 0 1000
 1000 5000 10"
	chown -R $((FIRST + 100000)) "$TEST_DIR"/{root,bundle}
	nested "$PROBE" as in-userns 100000 100000 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT"
	eq "$(cat "$OUT")" " 0 0 1000
 1000 5000 10"
}

@test "UMAP-05 a user namespace without mappings has the ids of the caller's" {
	add_namespace user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	script 'tr -s " " </proc/self/uid_map'
	nested_ok run --bundle "$BUNDLE" "$ID"
	eq "$output" " 0 0 $COUNT"
}

@test "ids that the caller does not have are named" {
	add_namespace user
	config '.linux.uidMappings = [{containerID: 0, hostID: 299990, size: 20}]
		| .linux.gidMappings = .linux.uidMappings'
	nested_fails run --bundle "$BUNDLE" "$ID"
	has "$error" "/linux/uidMappings"
	has "$error" "user id 300000 on the host's side of entry 0 is not mapped in the runtime's own user namespace"
}

@test "/sys/fs/cgroup read-only or out of sight" {
	script 'ls -A /sys/fs/cgroup'
	nested sh -c 'mount -o remount,bind,ro /sys/fs/cgroup; for m in /sys/fs/cgroup/*; do mount -o remount,bind,ro "$m" || :; done
		exec "$@"' sh "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 2>"$ERR" || { cat "$ERR" >&2; return 1; }
	nested sh -c 'mount -t tmpfs none /sys/fs/cgroup; exec "$@"' sh \
		"$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 2>"$ERR" || { cat "$ERR" >&2; return 1; }
}

@test "NS-12 a life in one user namespace, with a joined pid namespace and a terminal" {
	args sleep 1000
	cat >life <<-'END'
		set -e
		teu() { "$RUNTIME" --root "$ROOT" "$@"; }
		teu create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null
		teu start "$ID"
		pid=$(teu state "$ID" | jq .pid)
		teu exec --user 1000:1000 "$ID" id -u
		teu exec -t "$ID" sh -c 'ps | grep -c "[t]eu: terminal" || :' </dev/null | tr -d '\r'
		jq '.process.args = ["sh", "-c", "ps | grep -c \"[s]leep 1000\""]
			| (.linux.namespaces[] | select(.type == "pid")) += {path: $p}' --arg p "/proc/$pid/ns/pid" \
			"$BUNDLE/config.json" >"$BUNDLE/joined.json"
		teu run --bundle "$BUNDLE" --config "$BUNDLE/joined.json" "$ID-2" </dev/null
		teu kill "$ID" KILL
		teu delete --force "$ID"
	END
	export RUNTIME ROOT BUNDLE ID
	nested bash life </dev/null >"$OUT" 2>"$ERR" || { cat "$ERR" "$OUT" >&2; return 1; }
	eq "$(cat "$OUT")" "1000
0
1"
}

@test "USER-02 ids of the process that the caller does not have are refused in their place" {
	config '.process.user = {uid: 300000, gid: 0}'
	nested_fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/process/user/uid: user id 300000 is not mapped in the runtime's own user namespace"
	config '.process.user = {uid: 0, gid: 300000}'
	nested_fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/process/user/gid: group id 300000 is not mapped in the runtime's own user namespace"
	config '.process.user = {uid: 299999, gid: 299999, additionalGids: [7, 300000]}'
	nested_fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/process/user/additionalGids/1: group id 300000"
	config '.process.user.additionalGids = [7]'
	script 'id -u'
	nested_ok run --bundle "$BUNDLE" "$ID"
	eq "$output" 299999
}

@test "the number of user namespaces: the setting and its value" {
	local at=/proc/sys/user/max_user_namespaces

	add_namespace user
	args true
	nested sh -c "echo 0 >$at"' && exec "$@"' sh "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" && return 1
	has "$(cat "$ERR")" "user.max_user_namespaces is 0"
	config 'del(.linux.namespaces[] | select(.type == "user"))'
	nested sh -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" && return 1
	has "$(cat "$ERR")" "user.max_net_namespaces is 0"
}

@test "MNT-25 a mount is mapped where its file system belongs to the user namespace, and refused where not" {
	need_kernel 6.3
	mkdir src
	bind "$TEST_DIR/src" /mnt idmap
	config '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 5000, size: 1}],
		gidMappings: [{containerID: 0, hostID: 5000, size: 1}]}'
	script 'stat -c %u /mnt/file'
	nested sh -c 'mount -t tmpfs none src && touch src/file && exec "$@"' sh \
		"$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT"
	eq "$(cat "$OUT")" 5000
	nested_fails run --bundle "$BUNDLE" "$ID"
	has "$error" "/mounts/7"
	has "$error" "CAP_SYS_ADMIN in the user namespace that the file system belongs to"
}
