#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Id-mapped mounts: uidMappings, gidMappings, idmap and ridmap of an entry.

load helpers

# src and src/child, tmpfs of the host; files that belong to 1000:1000
idmap_tree() {
	need_kernel 6.3
	mkdir -p src
	host_mount -t tmpfs -o mode=755 parent src
	mkdir src/child
	host_mount -t tmpfs -o mode=755 child src/child
	touch src/file src/child/file
	chown 1000:1000 src/file src/child/file
}

# /mnt is src with the words; ids 1000 of the file system become 5000 in the mount
mapped() {	# WORD...
	add_mount /mnt none "$TEST_DIR/src" "$@"
	config '.mounts[-1] += {
		uidMappings: [{containerID: 1000, hostID: 5000, size: 1}],
		gidMappings: [{containerID: 1000, hostID: 6000, size: 1}]}'
}

owners() {
	run_script 'stat -c %u:%g /mnt/file /mnt/child/file 2>/dev/null | tr "\n" " "'
}

@test "MNT-22 MNT-24 MNT-16 MNT-17 the entry's own mapping is applied" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	mapped bind idmap
	run_script 'stat -c %u:%g /mnt/file'
	eq "$output" 5000:6000
	eq "$(stat -c %u:%g src/file)" 1000:1000
}

@test "MNT-20 mappings without the word are applied too" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	mapped bind
	run_script 'stat -c %u:%g /mnt/file'
	eq "$output" 5000:6000
}

@test "MNT-28 MNT-OPT-idmap maps the top mount alone" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	mapped rbind idmap
	owners
	eq "$output" "5000:6000 1000:1000 "
}

@test "MNT-28 MNT-OPT-ridmap maps the mounts below too" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	mapped rbind ridmap
	owners
	eq "$output" "5000:6000 5000:6000 "
}

@test "MNT-24 the entry's mapping counts, not that of the user namespace" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	userns
	mapped bind idmap
	config '.mounts[-1] += {
		uidMappings: [{containerID: 1000, hostID: 100077, size: 1}],
		gidMappings: [{containerID: 1000, hostID: 100088, size: 1}]}'
	run_script 'stat -c %u:%g /mnt/file'
	eq "$output" 77:88
}

@test "MNT-25 without mappings that of the container's user namespace is used" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	userns
	add_mount /mnt none "$TEST_DIR/src" bind idmap
	run_script 'stat -c %u:%g /mnt/file'
	eq "$output" 1000:1000
}

@test "MNT-25 also that of a user namespace joined by path" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	userns
	args sleep 1000
	create
	start
	local pid=$(pid_of)
	config '.linux |= (del(.uidMappings) | del(.gidMappings))'
	add_namespace user "/proc/$pid/ns/user"
	add_mount /mnt none "$TEST_DIR/src" bind idmap
	script 'stat -c %u:%g /mnt/file'
	ok run --bundle "$BUNDLE" "$ID-2"
	eq "$output" 1000:1000
}

@test "MNT-27 MNT-26 idmap without mappings and user namespace is refused" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	local word
	for word in idmap ridmap; do
		config '.mounts |= .[:7]'
		add_mount /mnt none "$TEST_DIR/src" rbind $word
		refused apping
	done
}

@test "MNT-18 one mapping without the other is refused" {
	idmap_tree
	mapped bind idmap
	config 'del(.mounts[-1].gidMappings)'
	refused apping
	mapped bind idmap
	config '.mounts |= (.[:7] + [.[-1]]) | del(.mounts[-1].uidMappings)'
	refused apping
}

@test "MNT-16 UMAP-02 members of a mapping are required" {
	idmap_tree
	local member
	for member in containerID hostID size; do
		config '.mounts |= .[:7]'
		mapped bind idmap
		config "del(.mounts[-1].uidMappings[0].$member)"
		refused $member || { echo "without $member" >&2; return 1; }
	done
}

@test "MNT-19 MNT-30 a file system that cannot be mapped is refused, never left plain" {
	add_mount /mnt proc proc idmap
	config '.mounts[-1] += {
		uidMappings: [{containerID: 0, hostID: 5000, size: 1}],
		gidMappings: [{containerID: 0, hostID: 5000, size: 1}]}'
	refused
	config '.mounts |= .[:7]'
	add_mount /mnt none /sys bind idmap
	config '.mounts[-1] += {
		uidMappings: [{containerID: 0, hostID: 5000, size: 1}],
		gidMappings: [{containerID: 0, hostID: 5000, size: 1}]}'
	refused
}

@test "MNT-23 MNT-29 the words are not file system data" {
	need_root "map the ids of a mount of the host"
	need_program strace
	idmap_tree
	mapped bind idmap
	args true
	# No tracer beside another: the leak check of a build with sanitizers is one.
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
		strace -f -qq -e trace=mount,fsconfig,mount_setattr -o trace "$RUNTIME" --root "$ROOT" \
		run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	grep -q MOUNT_ATTR_IDMAP trace
	run ! grep -E '"[^"]*idmap' trace
}

@test "what is written through the mount belongs to the file system's ids" {
	need_root "map the ids of a mount of the host"
	idmap_tree
	chown 1000:1000 src
	mapped bind idmap
	config '.process.user = {uid: 5000, gid: 6000}'
	run_script 'touch /mnt/new && stat -c %u:%g /mnt/new'
	eq "$output" 5000:6000
	eq "$(stat -c %u:%g src/new)" 1000:1000
}
