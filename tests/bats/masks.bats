#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# maskedPaths and readonlyPaths.

load helpers

# In a user namespace the mode of the file comes first.
is_host_root && SYSCTL=EROFS || SYSCTL=EACCES

masked() { config '.linux.maskedPaths = $ARGS.positional' --args -- "$@"; }
readonly_paths() { config '.linux.readonlyPaths = $ARGS.positional' --args -- "$@"; }

@test "MASK-01 a masked file reads empty" {
	masked /etc/passwd /proc/uptime
	run_script 'cat /etc/passwd /proc/uptime; stat -c %F:%t:%T /etc/passwd'
	eq "$output" "character special file:1:3"
}

@test "MASK-01 a masked directory is empty and read-only" {
	mkdir "$BUNDLE/rootfs/secret" && touch "$BUNDLE/rootfs/secret/file"
	masked /secret /proc/irq
	writable_root
	run_script 'ls -A /secret /proc/irq | tr -d "\n"'
	eq "$output" "/proc/irq:/secret:"
	try create /secret/x
	eq "$output" EROFS
}

@test "MASK-01 missing paths are skipped" {
	masked /no/such/path /proc/nothing
	args true
	run_ok
}

@test "MASK-01 the default list" {
	script 'cat /proc/kcore /proc/keys /proc/timer_list; ls -A /proc/scsi /sys/firmware'
	run_runtime run --bundle "$BUNDLE" "$ID"
	eq "$(grep -v '^/.*:$' "$OUT" | grep -v '^$')" ""
}

@test "MASK-01 masked paths see below later mounts" {
	mkdir -p src/secret && touch src/secret/file
	bind "$TEST_DIR/src" /mnt
	masked /mnt/secret
	run_script 'ls -A /mnt/secret'
	eq "$output" ""
	exists src/secret/file
}

@test "MASK-02 a relative path is refused" {
	masked proc/kcore
	refused maskedPaths
	masked ""
	refused maskedPaths
}

@test "MASK-03 a link at the path does not redirect the mask" {
	mkdir outside && touch outside/canary
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/link"
	masked /link
	args true
	run_ct
	exists outside/canary
	leak_check
}

@test "MASK-03 a /dev/null of the image that is none is not used" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	writable_root
	rm -rf "$BUNDLE/rootfs/dev"
	mkdir "$BUNDLE/rootfs/dev" && echo visible >"$BUNDLE/rootfs/dev/null"
	masked /etc/passwd
	script 'cat /etc/passwd'
	run_ct
	lacks "$output" visible
	lacks "$output" root:
}

@test "ROP-01 files and directories become read-only" {
	writable_root
	readonly_paths /etc/passwd /tmp /proc/sys
	try write /etc/passwd , create /tmp/x , write /proc/sys/kernel/hostname , create /mnt/x
	eq "$output" "EROFS EROFS $SYSCTL ok"
}

@test "ROP-01 the flags of the mount stay" {
	add_mount /mnt tmpfs tmpfs nosuid nodev noexec
	mkdir src
	add_mount /mnt/sub tmpfs tmpfs nosuid nodev noexec
	readonly_paths /mnt/sub
	run_probe mounts
	for flag in ro nosuid nodev noexec; do
		mount_opt /mnt/sub $flag
	done
}

@test "ROP-01 mounts below become read-only too" {
	writable_root
	add_mount /mnt tmpfs tmpfs
	add_mount /mnt/sub tmpfs tmpfs
	readonly_paths /mnt
	try create /mnt/x , create /mnt/sub/x
	eq "$output" "EROFS EROFS"
}

@test "ROP-01 missing paths are skipped" {
	readonly_paths /no/such/path
	args true
	run_ok
}

@test "ROP-02 a relative path is refused" {
	readonly_paths proc/sys
	refused readonlyPaths
}

@test "ROP-01 root cannot take a mask or a read-only mount away with few capabilities" {
	masked /proc/uptime
	try umount /proc/uptime , umount /proc/sys , write /proc/sys/kernel/hostname
	eq "$output" "EPERM EPERM $SYSCTL"
}
