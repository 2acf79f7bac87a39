#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The r* option words: the mount and every mount below it.

load helpers

# src and src/child, two tmpfs of the host with OPTIONS, bound to /mnt with the words.
tree() {	# OPTIONS WORD...
	mkdir -p src
	! mountpoint -q src || umount -R src
	host_mount -t tmpfs -o rw,mode=755 parent src
	mkdir src/child
	host_mount -t tmpfs -o rw,mode=755 child src/child
	local dir
	for dir in src src/child; do
		cp "$PROBE" "$dir/program"
		[[ -n ${RTB_USERNS:-} ]] || mknod -m 666 "$dir/null" c 1 3
		ln -s program "$dir/link"
		mount -o "remount,bind,$1" "$dir"
	done
	leak_before
	config '.mounts |= .[:7]'
	add_mount /mnt none "$TEST_DIR/src" rbind "${@:2}"
	run_probe mounts
}

# An ordinary user's bind keeps the flags that its source has.
LOCKED=${RTB_USER:-}
locked() {	# FLAG WORD...
	[[ $LOCKED && $1 != nosymfollow ]] || return 1
	tree "$@" 2>/dev/null || :
	[[ $status == 1 && $error == */mounts/7*"locked: "*"$1"* ]] || { show_failure; exit 1; }
}

both_have() { mount_opt /mnt "$1" && mount_opt /mnt/child "$1"; }
both_lack() { mount_no_opt /mnt "$1" && mount_no_opt /mnt/child "$1"; }

# The host's own mounts must not change with the container's.
source_lacks() {	# FLAG
	unlisted "$(findmnt -no VFS-OPTIONS "$TEST_DIR/src/child")" "$1"
}

sets() {	# WORD FLAG
	tree rw "$1"
	both_have "$2"
	source_lacks "$2"
}

clears() {	# WORD FLAG
	locked "$2" "$1" || { tree "$2" "$1"; both_lack "$2"; }
}

@test "MNT-OPT-rro nothing in the tree can be written" {
	sets rro ro
	try create /mnt/x , create /mnt/child/x
	eq "$output" "EROFS EROFS"
}
@test "MNT-OPT-ro only the top is read-only" {
	tree rw ro
	mount_opt /mnt ro
	mount_no_opt /mnt/child ro
}
@test "MNT-OPT-rrw the tree can be written" {
	clears rrw ro
	[[ ! $LOCKED ]] || return 0
	try create /mnt/x , create /mnt/child/x
	eq "$output" "ok ok"
}
@test "MNT-OPT-rnosuid on the whole tree" { sets rnosuid nosuid; }
@test "MNT-OPT-rsuid clears nosuid on the whole tree" { clears rsuid nosuid; }
@test "MNT-OPT-rnodev MNT-13 on the whole tree" {
	need_nodes
	sets rnodev nodev
	try read /mnt/child/null
	eq "$output" EACCES
}
@test "MNT-OPT-rdev clears nodev on the whole tree" {
	need_nodes
	clears rdev nodev
	[[ ! $LOCKED ]] || return 0
	try read /mnt/child/null
	eq "$output" ok
}
@test "MNT-OPT-rnoexec on the whole tree" {
	sets rnoexec noexec
	try exec /mnt/child/program
	eq "$output" EACCES
}
@test "MNT-OPT-rexec X-05 clears noexec on the whole tree" {
	clears rexec noexec
	[[ ! $LOCKED ]] || return 0
	try exec /mnt/child/program
	eq "$output" ok
}
@test "MNT-OPT-rnosymfollow on the whole tree" {
	sets rnosymfollow nosymfollow
	try read /mnt/child/link
	eq "$output" ELOOP
}
@test "MNT-OPT-rsymfollow clears nosymfollow on the whole tree" {
	clears rsymfollow nosymfollow
	try read /mnt/child/link
	eq "$output" ok
}
@test "MNT-OPT-rnoatime on the whole tree" {
	need_root "change how a mount of the host keeps access times"
	sets rnoatime noatime
}
@test "MNT-OPT-ratime clears noatime on the whole tree" { clears ratime noatime; }
@test "MNT-OPT-rnodiratime on the whole tree" {
	need_root "change how a mount of the host keeps access times"
	sets rnodiratime nodiratime
}
@test "MNT-OPT-rdiratime clears nodiratime on the whole tree" { clears rdiratime nodiratime; }
@test "MNT-OPT-rrelatime on the whole tree" {
	! locked noatime rrelatime || return 0
	tree noatime rrelatime
	both_have relatime
	both_lack noatime
}
@test "MNT-OPT-rnorelatime is accepted and the tree follows" {
	tree noatime rnorelatime
	eq "$(mount_field /mnt opt)" "$(mount_field /mnt/child opt)"
}
@test "MNT-OPT-rstrictatime on the whole tree" {
	! locked relatime rstrictatime || return 0
	tree relatime rstrictatime
	both_lack relatime
	both_lack noatime
}
@test "MNT-OPT-rnostrictatime on the whole tree" {
	! locked strictatime rnostrictatime || return 0
	tree strictatime rnostrictatime
	both_have relatime
}
@test "MNT-OPT-rec several words at once, the last of a pair wins" {
	tree rw rro rnosuid rnodev rrw
	both_have nosuid
	both_have nodev
	both_lack ro
	[[ ! $LOCKED ]] || return 0
	tree rw rnoatime rstrictatime rro
	both_have ro
	both_lack noatime
	both_lack relatime
}
@test "MNT-OPT-rec on a file system made anew" {
	config '.mounts |= .[:7]'
	add_mount /mnt tmpfs tmpfs rro rnosuid
	run_probe mounts
	mount_opt /mnt ro
	mount_opt /mnt nosuid
}
