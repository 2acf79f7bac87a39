#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input: what a user, an image or a full machine can put in the way.

load helpers

@test "BUN-01 no config.json, an empty one, a directory in its place" {
	rm "$BUNDLE/config.json"
	refused "JSON specification file config.json not found"
	touch "$BUNDLE/config.json"
	refused config.json
	rm "$BUNDLE/config.json"
	mkdir "$BUNDLE/config.json"
	refused config.json
}

@test "a config.json that is a FIFO or a device does not hang or eat memory" {
	rm "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	TIMEOUT=5 refused config.json
	rm "$BUNDLE/config.json"
	ln -s /dev/zero "$BUNDLE/config.json"
	TIMEOUT=10 refused config.json
}

@test "64 MiB of [" {
	head -c $((64 << 20)) /dev/zero | tr '\0' '[' >"$BUNDLE/config.json"
	TIMEOUT=10 refused config.json
}

@test "64 MiB of blanks, and of one string" {
	head -c $((64 << 20)) /dev/zero | tr '\0' ' ' >"$BUNDLE/config.json"
	TIMEOUT=10 refused config.json
	{ printf '{"ociVersion": "'; head -c $((64 << 20)) /dev/zero | tr '\0' a; printf '"}'; } \
		>"$BUNDLE/config.json"
	TIMEOUT=10 refused config.json
}

@test "a bundle that is missing or a file" {
	fails create --bundle "$TEST_DIR/missing" "$ID"
	has "$error" "no such file or directory"
	touch file
	fails create --bundle "$TEST_DIR/file" "$ID"
	leak_check
}

@test "PROC-14 args missing or empty" {
	config '.process.args = []'
	refused "args must not be empty"
	config '.process.args = [""]'
	refused
	config '.process.args = null'
	refused "args must not be empty"
	config 'del(.process.args)'
	refused "args must not be empty"
}

@test "PROC-09 a cwd that is a link out of the rootfs" {
	mkdir outside && touch outside/canary
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/link"
	config '.process.cwd = "/link"'
	script 'ls'
	run_ct
	lacks "$output" canary
	leak_check
}

@test "ROOT-02 ROOT-05 a root.path that is missing" {
	config '.root.path = "missing"'
	refused missing
	config 'del(.root.path)'
	refused /root/path
	config 'del(.root)'
	refused /root
}

@test "MNT-05 mounts over links of the rootfs that point outside" {
	mkdir -p outside/dir src && touch outside/file src/file
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/mnt/abs"
	ln -s ../../../../../../../../..$TEST_DIR/outside "$BUNDLE/rootfs/mnt/rel"
	ln -s "$TEST_DIR/outside/file" "$BUNDLE/rootfs/mnt/file"
	ln -s /proc/1/root "$BUNDLE/rootfs/mnt/magic"
	ln -s loop "$BUNDLE/rootfs/mnt/loop"
	local destination
	for destination in abs abs/dir abs/new rel rel/dir magic/tmp loop loop/x; do
		config '.mounts |= .[:7]'
		bind "$TEST_DIR/src" "/mnt/$destination"
		args true
		run_ct
		((status < 124))
		eq "$(ls -A outside | tr '\n' ' ')" "dir file " "$destination"
		eq "$(ls -A outside/dir)" ""
		leak_check
	done
}

@test "NS-01 NS-16 unknown namespace types, the same one twice" {
	config '.linux.namespaces += [{type: "nosuch"}]'
	refused nosuch
	config '.linux.namespaces[-1].type = "pid"'
	refused pid
}

@test "mappings that overlap" {
	userns
	config '(.linux.uidMappings, .linux.gidMappings) = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings += [{containerID: 1, hostID: 500000, size: 1}]'
	refused "/linux/gidMappings: entries 0 and 1 overlap"
	config '.linux.gidMappings = .linux.uidMappings
		| .linux.uidMappings += [{containerID: 90000, hostID: 165535, size: 1}]'
	refused "/linux/uidMappings: entries 0 and 1 overlap on the host"
}

@test "a megabyte of environment" {
	config '.process.env += [range(100) | "V\(.)=" + ("x" * 10000)]'
	run_script 'env | wc -c'
	((output > 1000000))
}

@test "one word of environment longer than the kernel takes" {
	config '.process.env += ["V=" + ("x" * 200000)]'
	fails run --bundle "$BUNDLE" "$ID"
	has "$error" "argument list too long"
	leak_check
}

@test "ten thousand words of args" {
	config '.process.args = ["/bin/sh", "-c", "echo $#", "x"] + [range(10000) | "\(.)"]'
	run_ok
	eq "$output" 10000
}

@test "RT-CREATE-02 ids that would be paths" {
	local id
	for id in ../x .. . / x/../../y '' $'x\ny' "$(printf '%.0sx' {1..2000})"; do
		fails create --bundle "$BUNDLE" "$id"
		fails state "$id"
		run_runtime delete --force "$id"
		eq "$(state_entries)" ""
	done
}

@test "RT-ERR-01 a full file system for the state" {
	mkdir full
	host_mount -t tmpfs -o size=4k,nr_inodes=4 full-of-test full
	head -c 4096 /dev/zero >full/filler 2>/dev/null
	ROOT=$TEST_DIR/full/root fails create --bundle "$BUNDLE" "$ID"
	has "$error" "no space left on device"
	eq "$(ls full/root 2>/dev/null)" ""
	leak_check
}

@test "RT-ERR-01 a state directory that becomes full on the way" {
	local inodes
	mkdir full
	for inodes in 2 3 4 5 6 7 8; do
		host_mount -t tmpfs -o nr_inodes=$inodes full-of-test full
		ROOT=$TEST_DIR/full/root run_runtime create --bundle "$BUNDLE" "$ID"
		((status < 124))
		if ((status == 0)); then
			ROOT=$TEST_DIR/full/root delete --force
		fi
		eq "$(ls full/root 2>/dev/null)" "" "with $inodes inodes"
		leak_check
		eventually umount full
		leak_before
	done
}

@test "RT-ERR-01 a read-only state directory" {
	mkdir ro
	host_mount -t tmpfs -o ro ro-of-test ro
	ROOT=$TEST_DIR/ro/root fails create --bundle "$BUNDLE" "$ID"
	has "$error" "read-only file system"
}

@test "RT-ERR-01 few descriptors" {
	local n
	args true
	for n in 4 6 8 10 12 16 24; do
		status=0
		(ulimit -n $n; runtime run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR") || status=$?
		((status < 124)) || { echo "status $status with $n descriptors" >&2; cat "$ERR" >&2; return 1; }
		containers_remove
		leak_check || { echo "with $n descriptors" >&2; return 1; }
	done
}

@test "MEM-02 a memory limit that init does not fit into" {
	need_v1 memory
	config '.linux.resources.memory = {limit: 16384}'
	args true
	run_ct
	eq "$status" 1
	has "$error" "/linux/resources/memory/limit"
	has "$error" "less than what is in use"
	leak_check
}

@test "MEM-02 a program that does not fit into its memory limit is killed, not the runtime" {
	need_v1 memory
	config '.linux.resources.memory = {limit: 8388608}'
	args sh -c 'x=0123456789; while :; do x=$x$x; done'
	run_ct
	((status == 137 || status == 2)) || { echo "status $status: $error" >&2; return 1; }
	leak_check
}

@test "a rootfs without any directory to mount on" {
	rm -rf "$BUNDLE/rootfs"
	mkdir -p "$BUNDLE/rootfs/bin"
	ln "$TEMPLATE/bin/probe" "$BUNDLE/rootfs/bin/probe"
	run_probe mounts
	eq "$(mount_field /proc fstype)" proc
}

@test "a rootfs that is not writable for anybody" {
	mkdir ro
	host_mount --bind "$BUNDLE/rootfs" ro
	host_mount -o remount,bind,ro "$TEST_DIR/ro"
	config '.root.path = $p' --arg p "$TEST_DIR/ro"
	run_probe mounts
	mount_opt / ro
	add_mount /no/such/dir tmpfs tmpfs
	refused /no/such/dir
	has "$error" "read-only file system"
}

@test "AA-02 a profile of AppArmor where there is none" {
	[[ ! -e /sys/module/apparmor/parameters/enabled ||
		$(</sys/module/apparmor/parameters/enabled) != Y ]] || skip "AppArmor is enabled here"
	config '.process.apparmorProfile = "some-profile"'
	refused apparmor
}

@test "SEL-01 MLAB-01 X-27 labels of SELinux where it is off" {
	[[ ! -d /sys/fs/selinux || ! -e /sys/fs/selinux/enforce ]] || skip "SELinux is enabled here"
	config '.process.selinuxLabel = "system_u:system_r:t:s0"'
	refused selinux
	config 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:t:s0"'
	refused mountLabel
}

@test "RDT-02 intelRdt without a resctrl mount" {
	! grep -q ' resctrl ' /proc/mounts || skip "resctrl is mounted here"
	config '.linux.intelRdt = {closID: "group"}'
	refused "/linux/intelRdt: no resctrl file system is mounted"
}

@test "RDT-04 RDT-07 RDT-08 VAL-01 intelRdt members that are none" {
	local json
	for json in '{closID: ".."}' '{closID: "a/b"}' '{memBwSchema: "x"}' '{memBwSchema: "MB:0=1\n"}' \
		'{schemata: ["a\nb"]}' '{closID: 5}'; do
		config ".linux.intelRdt = $json"
		refused /linux/intelRdt/ || { echo "with $json" >&2; return 1; }
	done
}

@test "ND-02 ND-09 network devices that are missing, and names that are none" {
	config '.linux.netDevices = {"no-such-dev": {}}'
	refused netDevices
	config '.linux.netDevices = {"lo": {name: "a/b"}}'
	refused netDevices
	without_namespace network
	config '.linux.netDevices = {"lo": {}}'
	refused netDevices
}

@test "an error is one line, on stderr, with nothing on stdout" {
	config '.process.cwd = "x"'
	fails create --bundle "$BUNDLE" "$ID"
	eq "$output" ""
	eq "$(wc -l <"$ERR")" 1
}

@test "control characters of the input do not reach the terminal" {
	config '.mounts += [{destination: "/mnt\u001b[31m\nx", type: "no\u0007such", source: "x"}]'
	refused
	run ! grep -q "$(printf '[\033\007]')" "$ERR"
}
