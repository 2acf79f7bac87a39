#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# User namespaces and their id mappings.

load helpers

@test "NS-07 UMAP-01 UMAP-02 the maps are those of the config" {
	need_root "map ids that are not granted to it"
	userns
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000},
		{containerID: 1000, hostID: 300000, size: 5}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 2000}]'
	run_script 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; cat /proc/self/setgroups'
	eq "$output" " 0 100000 1000
 1000 300000 5
 0 100000 2000
allow"
}

@test "NS-07 root inside is the mapped id outside" {
	need_root "map ids that are not granted to it"
	userns
	args sleep 1000
	create
	start
	eq "$(stat -c %u "/proc/$(pid_of)")" 100000
	eq "$(awk '/^Uid/ { print $2, $3, $4, $5 }' "/proc/$(pid_of)/status")" \
		"100000 100000 100000 100000"
}

@test "the whole default config works in a user namespace" {
	userns
	run_probe mounts caps ids uname
	eq "$(mount_field /proc fstype)" proc
	eq "$(mount_field /sys fstype)" sysfs
	eq "$(mount_field /dev/mqueue fstype)" mqueue
	value_is cap.effective 20000420
	value_is hostname teu
	value_is uid "0 0 0 0"
}

@test "another user and groups in a user namespace" {
	userns
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [7, 8]}'
	run_probe ids
	value_is uid "1000 1000 1000 1000"
	listed "$(value groups)" 7
	listed "$(value groups)" 8
}

@test "UMAP-01 mappings without a user namespace are refused" {
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
		| .linux.gidMappings = .linux.uidMappings'
	refused apping
}

@test "UMAP-05 a new user namespace without mappings maps every id to itself" {
	need_root "map more than is granted"
	add_namespace user
	run_script 'cat /proc/self/uid_map /proc/self/gid_map'
	eq "$(tr -s ' ' <"$OUT" | sort -u)" "$(awk '{ print "", $1, $1, $3 }' /proc/self/uid_map)"
}

@test "UMAP-02 every member of a mapping is required, and a number" {
	local member
	for member in containerID hostID size; do
		userns
		config "del(.linux.uidMappings[0].$member)"
		refused $member || { echo "without $member" >&2; return 1; }
		config ".linux.uidMappings[0].$member = 4294967296"
		refused $member || { echo "with a large $member" >&2; return 1; }
		config ".linux.uidMappings[0].$member = -1"
		refused $member || { echo "with a negative $member" >&2; return 1; }
	done
}

@test "mappings that overlap or overflow are refused" {
	userns
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000},
		{containerID: 500, hostID: 200000, size: 1000}]'
	refused uidMappings
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000},
		{containerID: 1000, hostID: 100500, size: 1000}]'
	refused uidMappings
	config '.linux.uidMappings = [{containerID: 0, hostID: 4294967000, size: 65536}]'
	refused uidMappings
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 0}]'
	refused uidMappings
}

@test "UMAP-04 more mappings than the kernel takes" {
	need_root "map ids that are not granted to it"
	userns
	rootfs_own 1000
	config '.linux.uidMappings = [range(340) | {containerID: ., hostID: (1000 + .), size: 1}]
		| .linux.gidMappings = .linux.uidMappings'
	args true
	run_ok
	config '.linux.uidMappings = [range(341) | {containerID: ., hostID: (1000 + .), size: 1}]'
	refused uidMappings
}

@test "UMAP-03 the rootfs keeps its owners" {
	need_root "map ids that are not granted to it"
	userns
	args true
	run_ok
	eq "$(find "$BUNDLE/rootfs" ! -uid 100000 | wc -l)" 0
	rm -rf "$BUNDLE/rootfs"
	cp -a "$TEMPLATE" "$BUNDLE/rootfs"
	run_ok
	eq "$(find "$BUNDLE/rootfs" ! -uid 0 | wc -l)" 0
}

@test "UMAP-05 a joined user namespace with its own maps again, and with others" {
	need_root "map ids that are not granted to it"
	userns
	args sleep 1000
	create
	start
	add_namespace user "/proc/$(pid_of)/ns/user"
	args true
	ok run --bundle "$BUNDLE" "$ID-same"
	config '.linux.uidMappings[0].hostID = 200000'
	# Engines send mappings that mean nothing beside a path: they are warned of.
	config '.process.args = ["cat", "/proc/self/uid_map"]'
	ok --log-level warning run --bundle "$BUNDLE" "$ID-other"
	has "$(tr -s ' ' <"$OUT")" " 0 100000"
}

@test "a bind of a host directory into a user namespace" {
	mkdir src && echo text >src/file
	userns
	bind "$TEST_DIR/src" /mnt ro nosuid nodev
	run_script 'cat /mnt/file; stat -c %u /mnt/file'
	eq "$output" "text
65534"
}

@test "hooks run outside with the caller's ids" {
	userns
	printf '#!/bin/sh\nid -u >%s\n' "$TEST_DIR/hook.out" >hook && chmod 755 hook
	config '.hooks.createRuntime = [{path: $p}]' --arg p "$TEST_DIR/hook"
	args true
	run_ok
	file_is hook.out "${RTB_USER:-0}"
}

@test "the container's root cannot write host parameters" {
	userns
	config 'del(.linux.readonlyPaths)'
	all_caps
	try write /proc/sys/kernel/core_pattern , write /proc/sysrq-trigger , mknod /dev/shm/x c 1 1
	lacks "$output" ok
}
