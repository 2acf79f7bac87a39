#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# root.path, root.readonly, and how the container gets into it.

load helpers

@test "ROOT-01 root is required" {
	config 'del(.root)'
	refused root
}

@test "ROOT-02 root.path is required" {
	config 'del(.root.path)'
	refused path
	config '.root.path = ""'
	refused path
}

@test "ROOT-03 a relative path is relative to the bundle" {
	args true
	cd /
	run_ok
	mv "$BUNDLE/rootfs" "$BUNDLE/sub"
	config '.root.path = "./x/../sub"'
	mkdir "$BUNDLE/x"
	run_ok
}

@test "ROOT-03 an absolute path, and one through a link" {
	mv "$BUNDLE/rootfs" "$TEST_DIR/elsewhere"
	args true
	config '.root.path = $p' --arg p "$TEST_DIR/elsewhere"
	run_ok
	ln -s elsewhere "$TEST_DIR/link"
	config '.root.path = $p' --arg p "$TEST_DIR/link"
	run_ok
}

@test "ROOT-05 the path must exist and be a directory" {
	rm -rf "$BUNDLE/rootfs"
	refused rootfs
	has "$error" "no such file or directory"
	touch "$BUNDLE/rootfs"
	refused rootfs
	rm "$BUNDLE/rootfs"
	ln -s /nowhere/at/all "$BUNDLE/rootfs"
	refused rootfs
}

@test "ROOT-06 a read-only root" {
	run_probe mounts
	mount_opt / ro
	try create /x , create /dev/x , create /dev/shm/x
	eq "$output" "EROFS ok ok"
	missing "$BUNDLE/rootfs/x"
}

@test "ROOT-06 a writable root, asked for and by default" {
	writable_root
	try create /x
	eq "$output" ok
	exists "$BUNDLE/rootfs/x"
	config 'del(.root.readonly)'
	try create /y
	eq "$output" ok
}

@test "ROOT-06 the host's own mount stays writable" {
	args sleep 1000
	create
	touch "$BUNDLE/rootfs/tmp/still"
}

@test "the root of the host cannot be reached" {
	all_caps
	script 'mkdir -p /dev/shm/x && chroot /dev/shm/x / 2>/dev/null; cd /../../../..; pwd; ls'
	run_ok
	has "$output" bin
	missing "$BUNDLE/rootfs/vmlinuz"
	run_probe mounts
	eq "$(mount_count /)" 1
}

@test "the old root is not left behind" {
	run_probe mounts
	eq "$(grep -c '^mount ' <<<"$output")" "$(grep '^mount ' <<<"$output" | cut -d' ' -f2 | \
		grep -cE '^/($|proc|sys|dev)')"
}

@test "--no-pivot gives the same container" {
	args /bin/probe mounts cwd
	run_ok --no-pivot
	value_is cwd /
	eq "$(mount_field /proc fstype)" proc
	try create /x
	eq "$output" EROFS
}

@test "two containers share one rootfs" {
	args sleep 1000
	create
	start
	args true
	ok run --bundle "$BUNDLE" "$ID-2"
}

@test "a rootfs that is a mount point itself" {
	mkdir mounted
	host_mount -t tmpfs rootfs-of-test mounted
	cp -a "$TEMPLATE/." mounted
	config '.root.path = $p' --arg p "$TEST_DIR/mounted"
	run_probe cwd
	value_is cwd /
}

@test "a rootfs on overlay" {
	need_fs overlay
	mkdir upper work merged
	host_mount -t overlay -o "lowerdir=$BUNDLE/rootfs,upperdir=$TEST_DIR/upper,workdir=$TEST_DIR/work" \
		overlay-of-test merged
	config '.root.path = $p | .root.readonly = false' --arg p "$TEST_DIR/merged"
	try create /made
	eq "$output" ok
	exists upper/made
}

@test "X-13 PLAT-01 a config without linux runs in the caller's namespaces" {
	need_root "do without a user and a mount namespace"
	config 'del(.linux) | del(.hostname) | .mounts = []'
	rm -rf "$BUNDLE/rootfs/proc"
	args /bin/probe cwd
	run_ok
	value_is cwd /
}

@test "X-38 mounts without a mount namespace are gone after delete" {
	need_root "do without a user and a mount namespace"
	without_namespace mount
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	args /bin/busybox ls /
	run_ok
	leak_check
	args sleep 1000
	create
	start
	delete --force
	leak_check
}

@test "X-38 a failing create without a mount namespace leaves no mount" {
	need_root "do without a user and a mount namespace"
	without_namespace mount
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	add_mount /mnt nosuchfs none
	refused nosuchfs
}

@test "X-38 MASK-03 masked and read-only paths need a mount namespace" {
	without_namespace mount
	config 'del(.linux.readonlyPaths)'
	refused maskedPaths
	config 'del(.linux.maskedPaths) | .linux.readonlyPaths = ["/proc/sys"]'
	refused readonlyPaths
}
