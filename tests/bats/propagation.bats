#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rootfsPropagation and the propagation words of mounts.

load helpers

# A host directory src that is a mount of its own with a mount below, both PROPAGATION.
host_tree() {	# PROPAGATION
	mkdir -p src
	host_mount -t tmpfs parent src
	mkdir src/child src/later
	host_mount -t tmpfs child src/child
	host_mount "--make-r$1" src
}

prop() {	# SOURCE-PROPAGATION WORD...: /mnt of the container
	host_tree "$1"
	config '.mounts |= .[:7]'
	add_mount /mnt none "$TEST_DIR/src" rbind "${@:2}"
	run_probe mounts
}

# The rootfs on a mount of its own that is shared on the host.
shared_rootfs() {
	mkdir rootfs-copy
	host_mount -t tmpfs rootfs-of-test rootfs-copy
	host_mount --make-shared rootfs-copy
	cp -a "$TEMPLATE/." rootfs-copy
	config '.root.path = $p' --arg p "$TEST_DIR/rootfs-copy"
}

@test "MNT-OPT-private this mount alone" {
	prop shared private
	eq "$(mount_field /mnt prop)" ""
}
@test "MNT-OPT-rprivate the tree" {
	prop shared rprivate
	eq "$(mount_field /mnt prop)$(mount_field /mnt/child prop)" ""
}
@test "MNT-OPT-shared this mount" {
	prop private shared
	matches "$(mount_field /mnt prop)" 'shared:[0-9]+'
}
@test "MNT-OPT-rshared the tree" {
	prop private rshared
	matches "$(mount_field /mnt prop)" 'shared:[0-9]+'
	matches "$(mount_field /mnt/child prop)" 'shared:[0-9]+'
}
@test "MNT-OPT-slave this mount" {
	prop shared slave
	matches "$(mount_field /mnt prop)" '^master:[0-9]+'
}
@test "MNT-OPT-rslave the tree" {
	prop shared rslave
	matches "$(mount_field /mnt prop)" '^master:[0-9]+'
	matches "$(mount_field /mnt/child prop)" '^master:[0-9]+'
}
@test "MNT-OPT-unbindable this mount" {
	prop private unbindable
	eq "$(mount_field /mnt prop)" unbindable
	ne "$(mount_field /mnt/child prop)" unbindable
}
@test "MNT-OPT-runbindable the tree" {
	prop private runbindable
	eq "$(mount_field /mnt prop)" unbindable
	eq "$(mount_field /mnt/child prop)" unbindable
}

@test "MNT-OPT-rslave a later host mount arrives, a mount inside does not leave" {
	host_tree shared
	add_mount /mnt none "$TEST_DIR/src" rbind rslave
	all_caps
	mkdir src/inside
	script 'mount -t tmpfs own /mnt/inside && echo ready >/dev/shm/x; sleep 1000'
	create
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
	host_mount -t tmpfs later src/later
	mounts_of "$(pid_of)"
	eq "$(mount_field /mnt/later source)" later
	eq "$(mount_field /mnt/inside source)" own
	run ! mountpoint -q src/inside
}

@test "MNT-OPT-rshared a mount inside arrives on the host" {
	need_root "send a mount of its user namespace to the host"
	host_tree shared
	config '.linux.rootfsPropagation = "shared"'
	add_mount /mnt none "$TEST_DIR/src" rbind rshared
	all_caps
	script 'mount -t tmpfs own /mnt/later'
	run_ok
	mountpoint -q src/later
	umount src/later
}

@test "PROP-06 X-26 without a word the rootfs is a slave and the host's table is untouched" {
	shared_rootfs
	args sleep 1000
	create
	leak_before_check
	mounts_of "$(pid_of)"
	lacks "$(mount_field / prop)" shared
	start
	leak_before_check
}

leak_before_check() {
	mount_table | diff "$TEST_DIR/mounts.before" -
}

@test "PROP-03 slave: host mounts below the rootfs appear inside, not the other way" {
	shared_rootfs
	config '.linux.rootfsPropagation = "slave"'
	all_caps
	script 'mount -t tmpfs own /opt && echo ready >/dev/shm/x; sleep 1000'
	create
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
	host_mount -t tmpfs later rootfs-copy/mnt
	mounts_of "$(pid_of)"
	matches "$(mount_field / prop)" 'master:[0-9]+'
	eq "$(mount_field /mnt source)" later
	run ! mountpoint -q rootfs-copy/opt
}

@test "PROP-04 private: nothing either way" {
	shared_rootfs
	config '.linux.rootfsPropagation = "private"'
	all_caps
	script 'mount -t tmpfs own /opt && echo ready >/dev/shm/x; sleep 1000'
	create
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
	host_mount -t tmpfs later rootfs-copy/mnt
	mounts_of "$(pid_of)"
	eq "$(mount_field / prop)" ""
	eq "$(mount_field /mnt source)" ""
	run ! mountpoint -q rootfs-copy/opt
}

@test "PROP-02 shared: a peer group of the container's own" {
	shared_rootfs
	config '.linux.rootfsPropagation = "shared"'
	all_caps
	script 'mount -t tmpfs own /opt && echo ready >/dev/shm/x; sleep 1000'
	create
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
	mounts_of "$(pid_of)"
	matches "$(mount_field / prop)" 'shared:[0-9]+'
	run ! mountpoint -q rootfs-copy/opt
}

@test "PROP-05 unbindable: the root cannot be bound" {
	config '.linux.rootfsPropagation = "unbindable"'
	all_caps
	try bind / /mnt
	eq "$output" EINVAL
	run_probe mounts
	eq "$(mount_field / prop)" unbindable
}

@test "PROP-01 the recursive words of peers" {
	local word
	for word in rshared rslave rprivate runbindable; do
		config '.linux.rootfsPropagation = $w' --arg w $word
		run_probe mounts
	done
}

@test "PROP-01 VAL-01 an unknown propagation is refused" {
	local word
	for word in bogus SHARED ""; do
		config '.linux.rootfsPropagation = $w' --arg w "$word"
		refused rootfsPropagation || { echo "with $word" >&2; return 1; }
	done
}
