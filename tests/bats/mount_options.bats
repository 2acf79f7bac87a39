#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every option word that acts on one mount. Its recursive forms are in mount_recursive.bats, the
# propagation words in propagation.bats.

load helpers

# A tmpfs on /mnt with the words, as the probe saw it.
tmpfs() {	# WORD...
	config '.mounts |= .[:7]'
	add_mount /mnt tmpfs tmpfs "$@"
	run_probe mounts
}

# A bind of a host mount that has SOURCE-OPTIONS.
bind_of() {	# SOURCE-OPTIONS WORD...
	mkdir -p src base
	! mountpoint -q src || umount src
	mountpoint -q base || host_mount -t tmpfs src-of-test base
	# The flags of this mount alone: those of the file system no bind can clear.
	host_mount -o "bind,$1" base src
	config '.mounts |= .[:7]'
	bind "$TEST_DIR/src" /mnt "${@:2}"
	run_probe mounts
}

# An ordinary user's bind keeps the flags that its source has, and an error names the one that is in the way.
LOCKED=${RTB_USER:-}
locked() {	# FLAG WORD
	[[ $LOCKED && $1 != nosymfollow ]] || return 1
	bind_of "$1" "$2" 2>/dev/null || :
	[[ $status == 1 && $error == */mounts/7*"locked: "*"$1"* ]] || { show_failure; exit 1; }
}

clears() {	# CLEARING-WORD FLAG: on a new mount, and on a bind whose source has the flag
	tmpfs "$2" "$1"
	mount_no_opt /mnt "$2"
	locked "$2" "$1" || { bind_of "$2" "$1"; mount_no_opt /mnt "$2"; }
}

sets() {	# FLAG: on a new mount and on a bind, and only when asked for
	tmpfs "$1"
	mount_opt /mnt "$1"
	bind_of rw "$1"
	mount_opt /mnt "$1"
	bind_of rw
	mount_no_opt /mnt "$1"
}

@test "MNT-OPT-defaults reaches no file system" { tmpfs defaults; }
@test "MNT-OPT-async MNT-OPT-sync synchronous writing" {
	tmpfs sync
	mount_sb /mnt sync
	tmpfs sync async
	mount_no_sb /mnt sync
}
@test "MNT-OPT-dirsync synchronous directories" {
	tmpfs dirsync
	mount_sb /mnt dirsync
}
@test "MNT-OPT-lazytime MNT-OPT-nolazytime lazy times" {
	tmpfs lazytime
	mount_sb /mnt lazytime
	tmpfs lazytime nolazytime
	mount_no_sb /mnt lazytime
}
@test "MNT-OPT-iversion MNT-OPT-noiversion are no file system data" {
	tmpfs iversion
	tmpfs noiversion
	lacks "$(mount_field /mnt sb)" version
}
@test "MNT-OPT-silent MNT-OPT-loud are no file system data" {
	tmpfs silent
	tmpfs loud
	tmpfs silent loud
}
@test "MNT-OPT-mand MNT-OPT-nomand are accepted" {
	tmpfs mand
	tmpfs nomand
}
@test "MNT-OPT-ro nothing can be written" {
	sets ro
	tmpfs ro
	try create /mnt/file
	eq "$output" EROFS
}
@test "MNT-OPT-rw writing works, and clears ro" {
	clears rw ro
	[[ ! $LOCKED ]] || return 0
	try create /mnt/file
	eq "$output" ok
}
@test "MNT-OPT-nosuid set-user-id has no effect" {
	need_root "own a set-user-ID file of root"
	sets nosuid
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	bind_of rw nosuid
	install -m 4755 "$PROBE" src/suid
	args /mnt/suid ids
	run_ok
	value_is uid "1000 1000 1000 1000"
	config '.mounts[-1].options = ["bind"]'
	run_ok
	value_is uid "1000 0 0 0"
}
@test "MNT-OPT-suid clears nosuid" { clears suid nosuid; }
@test "MNT-OPT-nodev devices do not open" {
	need_nodes
	sets nodev
	bind_of rw nodev
	mknod -m 666 src/null c 1 3
	try read /mnt/null
	eq "$output" EACCES
}
@test "MNT-OPT-dev clears nodev" {
	need_nodes
	clears dev nodev
	[[ ! $LOCKED ]] || return 0
	mknod -m 666 src/null c 1 3
	try read /mnt/null
	eq "$output" ok
}
@test "MNT-OPT-noexec programs do not run" {
	sets noexec
	bind_of rw noexec
	cp "$PROBE" src/program
	try exec /mnt/program
	eq "$output" EACCES
}
@test "MNT-OPT-exec clears noexec" {
	clears exec noexec
	[[ ! $LOCKED ]] || return 0
	cp "$PROBE" src/program
	try exec /mnt/program
	eq "$output" ok
}
@test "MNT-OPT-nosymfollow links are not followed" {
	sets nosymfollow
	bind_of rw nosymfollow
	touch src/file && ln -s file src/link
	try read /mnt/link
	eq "$output" ELOOP
}
@test "MNT-OPT-symfollow clears nosymfollow" {
	clears symfollow nosymfollow
	touch src/file && ln -s file src/link
	try read /mnt/link
	eq "$output" ok
}
@test "MNT-OPT-noatime access times stay" {
	need_root "change how a mount of the host keeps access times"
	sets noatime
	bind_of strictatime noatime
	echo x >src/file && touch -a -d 2001-01-01 src/file
	run_script 'cat /mnt/file >/dev/null; stat -c %X /mnt/file'
	eq "$output" "$(date -d 2001-01-01 +%s)"
}
@test "MNT-OPT-atime clears noatime" {
	clears atime noatime
	[[ ! $LOCKED ]] || return 0
	mount_opt /mnt relatime
}
@test "MNT-OPT-nodiratime directories keep their access time" {
	need_root "change how a mount of the host keeps access times"
	sets nodiratime
}
@test "MNT-OPT-diratime clears nodiratime" { clears diratime nodiratime; }
@test "MNT-OPT-relatime MNT-OPT-norelatime relative access times" {
	tmpfs relatime
	mount_opt /mnt relatime
	mount_no_opt /mnt noatime
	tmpfs norelatime
	! locked noatime relatime || return 0
	bind_of noatime relatime
	mount_opt /mnt relatime
	mount_no_opt /mnt noatime
}
@test "MNT-OPT-strictatime every access counts" {
	tmpfs strictatime
	mount_no_opt /mnt relatime
	mount_no_opt /mnt noatime
	! locked noatime strictatime || return 0
	bind_of noatime strictatime
	mount_no_opt /mnt relatime
	mount_no_opt /mnt noatime
	echo x >src/file && touch -a -d 2001-01-01 src/file
	run_script 'cat /mnt/file >/dev/null; stat -c %X /mnt/file'
	ne "$output" "$(date -d 2001-01-01 +%s)"
}
@test "MNT-OPT-nostrictatime clears strictatime" {
	tmpfs strictatime nostrictatime
	mount_opt /mnt relatime
}
@test "MNT-OPT-bind takes one mount without its children" {
	need_root "bind a mount without the mounts in it, which cover something"
	mkdir src && host_mount -t tmpfs parent src
	mkdir src/child && host_mount -t tmpfs child src/child && touch src/child/inside
	bind "$TEST_DIR/src" /mnt
	run_script 'ls -A /mnt/child'
	eq "$output" ""
}
@test "MNT-OPT-rbind takes the children along" {
	mkdir src && host_mount -t tmpfs parent src
	mkdir src/child && host_mount -t tmpfs child src/child && touch src/child/inside
	add_mount /mnt none "$TEST_DIR/src" rbind
	run_script 'ls -A /mnt/child'
	eq "$output" inside
}
@test "MNT-OPT-remount changes the mount that is there" {
	config '.mounts |= .[:7]'
	add_mount /mnt tmpfs tmpfs size=64k
	add_mount /mnt tmpfs tmpfs remount ro nosuid size=128k
	run_probe mounts
	eq "$(mount_count /mnt)" 1
	mount_opt /mnt ro
	mount_opt /mnt nosuid
	mount_sb /mnt size=128k
}
@test "MNT-OPT-remount with bind changes only the flags of the mount" {
	mkdir src && host_mount -t tmpfs src-of-test src
	bind "$TEST_DIR/src" /mnt
	add_mount /mnt none none remount bind ro nodev
	run_probe mounts
	eq "$(mount_count /mnt)" 1
	mount_opt /mnt ro
	mount_opt /mnt nodev
	mount_sb /mnt rw
}
@test "a clearing word keeps the other flags of a bind's source" {
	! locked noexec exec || return 0
	bind_of nosuid,nodev,noexec exec
	mount_opt /mnt nosuid
	mount_opt /mnt nodev
	mount_no_opt /mnt noexec
}
@test "MNT-12 MNT-OPT-tmpcopyup the tmpfs starts with a copy of what it covers" {
	need_root "read files of ids that it does not have"
	mkdir "$BUNDLE/rootfs/data" "$BUNDLE/rootfs/data/dir"
	echo text >"$BUNDLE/rootfs/data/dir/file"
	chown 12:34 "$BUNDLE/rootfs/data/dir/file"
	chmod 4640 "$BUNDLE/rootfs/data/dir/file"
	ln -s dir/file "$BUNDLE/rootfs/data/link"
	add_mount /data tmpfs tmpfs tmpcopyup
	all_caps
	run_script 'cat /data/link; stat -c "%a %u:%g" /data/dir/file; readlink /data/link
		echo new >/data/dir/file; cat /data/link'
	eq "$(tr '\n' ' ' <"$OUT")" "text 4640 12:34 dir/file new "
	file_is "$BUNDLE/rootfs/data/dir/file" text
	run_probe mounts
	eq "$(mount_field /data fstype)" tmpfs
}
@test "MNT-OPT-tmpcopyup X-06 on another type is refused" {
	mkdir src
	bind "$TEST_DIR/src" /mnt tmpcopyup
	refused tmpcopyup
}
@test "MNT-OPT-tmpcopyup does not follow links out of the rootfs" {
	mkdir outside "$BUNDLE/rootfs/data" && echo secret >outside/canary
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/data/dir"
	add_mount /data tmpfs tmpfs tmpcopyup
	run_script 'cat /data/dir/canary; readlink /data/dir'
	eq "$output" "$TEST_DIR/outside"
}
@test "copy-symlink makes the link again" {
	ln -s /usr/share/zoneinfo/UTC link
	add_mount /etc/localtime none "$TEST_DIR/link" bind copy-symlink
	run_script 'readlink /etc/localtime'
	eq "$output" /usr/share/zoneinfo/UTC
}
@test "copy-symlink over something else is refused" {
	ln -s /somewhere link
	add_mount /etc/passwd none "$TEST_DIR/link" bind copy-symlink
	refused /etc/passwd
}
@test "src-nofollow binds the link itself" {
	touch file && ln -s file link
	touch "$BUNDLE/rootfs/mnt/place"
	ln -s /nowhere "$BUNDLE/rootfs/mnt/over"
	add_mount /mnt/over none "$TEST_DIR/link" bind src-nofollow dest-nofollow
	run_script 'readlink /mnt/over'
	eq "$output" file
}
@test "VAL-01 words that cannot be done recursively are refused by name" {
	local word
	mkdir src
	for word in rsync rasync rdirsync rmand rnomand; do
		config '.mounts |= .[:7]'
		add_mount /mnt none "$TEST_DIR/src" rbind $word
		refused $word
	done
}
