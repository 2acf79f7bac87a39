#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# AppArmor profiles and SELinux labels. Kernels have at most one of the two; the tests of the other,
# or of both, are skipped. tests/data/selinux.conf is a policy for a machine that has none.

load helpers

teardown() {
	[[ ! -s $TEST_DIR/profiles ]] || apparmor_parser -R "$TEST_DIR/profiles" >&2 || :
	test_end
}

need_apparmor() {
	[[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]] ||
		skip "this kernel does not enforce AppArmor"
	need_program apparmor_parser
	need_program aa-exec
	PROFILE=$TOKEN-inner OUTER=$TOKEN-outer
	# What the containers of engines run under, in short: everything, but for one file.
	cat >"$TEST_DIR/profiles" <<-END
		profile $PROFILE flags=(attach_disconnected, mediate_deleted) {
		  file, capability, network, mount, umount, pivot_root, ptrace, signal, unix,
		  deny /etc/group rw,
		}
		profile $OUTER flags=(attach_disconnected, mediate_deleted) {
		  file, capability, network, mount, umount, pivot_root, ptrace, signal, unix,
		  change_profile,
		}
	END
	apparmor_parser --replace --skip-cache "$TEST_DIR/profiles"
}

profile() { config '.process.apparmorProfile = $p' --arg p "$1"; }

# --- AppArmor ------------------------------------------------------------------------------------

@test "AA-01 the program runs under its profile" {
	need_apparmor
	profile "$PROFILE"
	run_script 'cat /proc/self/attr/current; cat /etc/group && echo readable; cat /etc/passwd'
	has "$output" "$PROFILE (enforce)"
	has "$output" root:x:0:0
	lacks "$output" readable
}

@test "AA-01 without no_new_privs too, and for another user" {
	need_apparmor
	profile "$PROFILE"
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	run_script 'cat /proc/self/attr/current'
	eq "$output" "$PROFILE (enforce)"
}

@test "AA-01 a seccomp filter that denies writing does not keep the profile away" {
	need_apparmor
	profile "$PROFILE"
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["openat2", "fsopen", "open_tree", "pwrite64"], action: "SCMP_ACT_ERRNO"}]}'
	run_script 'cat /proc/self/attr/current'
	eq "$output" "$PROFILE (enforce)"
}

@test "AA-01 the host sees the profile, too, and what the program starts has it" {
	need_apparmor
	profile "$PROFILE"
	script '(sleep 1000) & exec sleep 1000'
	run_ok --detach
	local pid
	for pid in $(pid_of) $(pgrep -P "$(pid_of)"); do
		eventually grep -qx "$PROFILE (enforce)" "/proc/$pid/attr/current"
	done
}

@test "AA-01 an empty profile, and none, leave the runtime's own" {
	need_apparmor
	run_script 'cat /proc/self/attr/current'
	eq "$output" unconfined
	profile ""
	run_ok
	eq "$output" unconfined
}

@test "AA-01 unconfined is a profile" {
	need_apparmor
	profile unconfined
	run_script 'cat /proc/self/attr/current'
	eq "$output" unconfined
}

@test "AA-02 VAL-01 a profile that is not loaded is refused by its name" {
	need_apparmor
	profile "$TOKEN-nothing"
	refused "$TOKEN-nothing"
	[[ $RUNTIME_NAME != teu ]] || has "$error" "/process/apparmorProfile"
	profile unconfined_foo
	refused unconfined_foo
}

@test "SEC-7 a confined runtime adds the profile to its own" {
	need_apparmor
	profile "$PROFILE"
	script 'cat /proc/self/attr/current; cat /etc/group'
	status=0
	RTB_TOKEN=$TOKEN timeout --foreground "$TIMEOUT" aa-exec -p "$OUTER" -- "$RUNTIME" --root "$ROOT" \
		run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
	matches "$output" "^($OUTER//&$PROFILE|$PROFILE//&$OUTER) \\(enforce\\)"
	lacks "$output" root:
}

@test "SEC-7 in a user namespace of the caller the profile is added" {
	need_apparmor
	[[ $RUNTIME_NAME == teu ]] || skip "needs a runtime that works in a user namespace without more"
	profile "$PROFILE"
	script 'cat /proc/self/attr/current'
	without_namespace network
	config 'del(.linux.resources) | .mounts |= map(select(.type != "cgroup" and .type != "sysfs"))
		| (.mounts[] | select(.type == "devpts")).options -= ["gid=5"]'
	RTB_TOKEN=$TOKEN timeout --foreground "$TIMEOUT" unshare --user --map-root-user --mount --pid --fork \
		"$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" \
		3>&- 4>&- || skip "no container in this user namespace: $(tail -n1 "$ERR")"
	output=$(<"$OUT")
	has "$output" "$PROFILE"
}

@test "AA-01 in a user namespace of the container" {
	need_apparmor
	userns
	profile "$PROFILE"
	run_script 'cat /proc/self/attr/current'
	eq "$output" "$PROFILE (enforce)"
}

@test "SEC-7 SEC-13 a startContainer hook runs under the profile" {
	need_apparmor
	profile "$PROFILE"
	writable_root
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c",
		"cat /proc/self/attr/current >/tmp/label"]}]'
	run_script 'cat /tmp/label'
	eq "$output" "$PROFILE (enforce)"
}

# A counterfeit of procfs in which every label that is written is kept.
fake_proc() {	# DIR
	local dir

	mkdir -p "$1"
	for dir in self thread-self 1 1/task/1; do
		mkdir -p "$1/$dir/attr/apparmor" "$1/$dir/fd"
		touch "$1/$dir"/attr/{current,exec,keycreate} "$1/$dir"/attr/apparmor/{current,exec}
	done
	chmod -R a+rwX "$1"
}

@test "SEC-7 SEC-2-1 a label does not land in a /proc of the image or of a volume" {
	need_apparmor
	profile "$PROFILE"
	config '.mounts |= map(select(.type != "proc"))
		| del(.linux.maskedPaths, .linux.readonlyPaths)'
	fake_proc "$TEST_DIR/volume"
	bind "$TEST_DIR/volume" /proc
	script 'exec sleep 1000'
	run_runtime run --detach --bundle "$BUNDLE" "$ID"
	eq "$(find "$TEST_DIR/volume" -type f -size +0)" "" "written counterfeits"
	# Refusing is as good.
	((status)) || eventually grep -qx "$PROFILE (enforce)" "/proc/$(pid_of)/attr/current"
}

@test "SEC-7 SEC-2-1 nor in one that is mounted over the attributes" {
	need_apparmor
	profile "$PROFILE"
	fake_proc "$TEST_DIR/volume"
	bind "$TEST_DIR/volume/self/attr" /proc/self/attr
	bind "$TEST_DIR/volume/self/attr" /proc/thread-self/attr
	fails create --bundle "$BUNDLE" "$ID"
	eq "$(find "$TEST_DIR/volume" -type f -size +0)" ""
}

@test "EXEC-LSM a process that joins has the profile of the container, or its own" {
	need_apparmor
	"$RUNTIME" exec --help >/dev/null 2>&1 || skip "this runtime has no exec yet"
	profile "$PROFILE"
	script 'exec sleep 1000'
	run_ok --detach
	ok exec "$ID" cat /proc/self/attr/current
	eq "$output" "$PROFILE (enforce)"
	ok exec --apparmor "$OUTER" "$ID" cat /proc/self/attr/current
	eq "$output" "$OUTER (enforce)"
	run_runtime exec --apparmor "$TOKEN-nothing" "$ID" true
	eq "$status" 255
	has "$error" "$TOKEN-nothing"
}

# --- SELinux -------------------------------------------------------------------------------------

valid_label() { printf '%s' "$1" >/sys/fs/selinux/context; } 2>/dev/null

need_selinux() {
	[[ -e /sys/fs/selinux/enforce ]] || skip "this kernel does not enforce SELinux"
	local label

	for label in user_u:base_r:container_t system_u:system_r:container_t:s0:c1,c2; do
		valid_label "$label" || continue
		LABEL=$label
		FILE_LABEL=${label/:*_r:container_t/:object_r:container_file_t}
		return 0
	done
	skip "the policy has no container_t"
}

selinux() { config '.process.selinuxLabel = $l' --arg l "$1"; }

@test "SEL-01 the program and its keyring have the label" {
	need_selinux
	selinux "$LABEL"
	script 'tr -d "\0" </proc/self/attr/current; echo; probe keyring; cat /proc/self/attr/keycreate'
	run_ok
	has "$output" "$LABEL"
	# The label for keys is taken back.
	eq "$(tail -n1 <<<"$output" | grep -c container_t)" 0
}

@test "SEL-01 VAL-01 a label that the policy does not know is refused" {
	need_selinux
	selinux nobody_u:nobody_r:nothing_t
	refused nothing_t
	has "$error" selinuxLabel
}

@test "MLAB-01 mounts have the label" {
	need_selinux
	selinux "$LABEL"
	config '.linux.mountLabel = $l' --arg l "$FILE_LABEL"
	add_mount /mnt tmpfs tmpfs
	args /bin/probe try label /mnt , label /dev , label /dev/shm , label /dev/pts , label /dev/mqueue
	run_ok
	eq "$(grep -c "$FILE_LABEL" <<<"$output")" 5
}

@test "MLAB-01 a mount keeps a label of its own, quoted or not" {
	need_selinux
	config '.linux.mountLabel = $l' --arg l "$FILE_LABEL"
	add_mount /mnt tmpfs tmpfs "context=\"${FILE_LABEL/container_file_t/other_t}\""
	run_probe mounts
	has "$(mount_field /mnt sb)" other_t
}
