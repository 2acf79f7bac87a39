#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.devices, the default devices, the links in /dev, and what the device rules allow.

load helpers

device() {	# JSON
	config ".linux.devices += [$1]"
}

# type major:minor mode uid:gid of a node inside
node() {	# PATH
	run_script "stat -c '%F %t:%T %a %u:%g' $1"
}

@test "DDEV-01 DDEV-02 the default devices" {
	script 'cd /dev; for d in null zero full random urandom tty; do stat -c "%n %F %t:%T %a %u:%g" $d; done'
	run_ok
	# Root of the host is nobody in a user namespace.
	local owner=0:0
	is_host_root || owner=65534:65534
	eq "$output" "null character special file 1:3 666 $owner
zero character special file 1:5 666 $owner
full character special file 1:7 666 $owner
random character special file 1:8 666 $owner
urandom character special file 1:9 666 $owner
tty character special file 5:0 666 $owner"
	run_script '[ ! -e /dev/console ]'
}

@test "DDEV-01 CDV-07 they work although every device is denied first" {
	try read /dev/null , write /dev/null , read /dev/zero , read /dev/urandom , write /dev/full
	eq "$output" "ok ok ok ok ok"
}

@test "DDEV-01 an entry of devices replaces a default" {
	need_mknod
	device '{path: "/dev/null", type: "c", major: 1, minor: 5, fileMode: 384, uid: 7, gid: 8}'
	node /dev/null
	eq "$output" "character special file 1:5 600 7:8"
}

@test "DDEV-03 ptmx belongs to the container's devpts" {
	run_script 'readlink /dev/ptmx; stat -c %t:%T /dev/pts/ptmx; [ -c /dev/ptmx ] && exec 3<>/dev/ptmx && ls /dev/pts'
	has "$output" pts/ptmx
	has "$output" 5:2
	has "$output" 0
}

@test "SYM-01 the links of /dev" {
	run_script 'for l in fd stdin stdout stderr; do readlink /dev/$l; done'
	eq "$(tr '\n' ' ' <"$OUT")" "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 "
}

@test "SYM-01 links that are there are left alone" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	writable_root
	ln -s /tmp "$BUNDLE/rootfs/dev/stdin"
	run_script 'readlink /dev/stdin'
	eq "$output" /tmp
}

@test "SYM-01 X-20 without /proc there are no links into it" {
	config '.mounts |= map(select(.destination != "/proc")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
	run_script '[ ! -L /dev/fd ] && [ ! -L /dev/stdin ] && [ ! -L /dev/core ]'
}

@test "SYM-02 /dev/core is there exactly when /proc/kcore is" {
	run_script 'if [ -e /proc/kcore ]; then readlink /dev/core; else ls /dev | grep -c core; fi || :'
	if [[ -e /proc/kcore ]]; then
		eq "$output" /proc/kcore
	else
		eq "$output" 0
	fi
}

@test "DEV-01 DEV-03 DEV-07 DEV-08 DEV-09 DEV-10 nodes of every type" {
	need_mknod
	device '{path: "/dev/c1", type: "c", major: 1, minor: 3, fileMode: 432, uid: 10, gid: 20}'
	device '{path: "/dev/u1", type: "u", major: 1, minor: 5}'
	device '{path: "/dev/b1", type: "b", major: 7, minor: 200, fileMode: 511}'
	device '{path: "/dev/p1", type: "p", fileMode: 416}'
	umask 0077
	script 'cd /dev; stat -c "%n %F %t:%T %a %u:%g" c1 u1 b1 p1'
	run_ok
	eq "$output" "c1 character special file 1:3 660 10:20
u1 character special file 1:5 666 0:0
b1 block special file 7:c8 777 0:0
p1 fifo 0:0 640 0:0"
}

@test "DEV-08 X-10 bits beyond 0777 and file type bits" {
	need_mknod
	device '{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 8630}'
	node /dev/x
	eq "$output" "character special file 1:3 666 0:0"
}

@test "DEV-06 a path outside /dev, its parents are made" {
	need_mknod
	writable_root
	device '{path: "/opt/x/dev1", type: "c", major: 1, minor: 3}'
	node /opt/x/dev1
	eq "$output" "character special file 1:3 666 0:0"
}

@test "DEV-03 DEV-04 DEV-07 VAL-01 members that are missing or wrong" {
	local json
	for json in '{path: "/dev/x", type: "x", major: 1, minor: 3}' '{path: "/dev/x", major: 1, minor: 3}' \
		'{type: "c", major: 1, minor: 3}' '{path: "", type: "c", major: 1, minor: 3}' \
		'{path: "dev/x", type: "c", major: 1, minor: 3}' '{path: "/dev/x", type: "c", minor: 3}' \
		'{path: "/dev/x", type: "b", major: 1}' '{path: "/dev/x", type: "c", major: -1, minor: 3}'; do
		config ".linux.devices = [$json]"
		refused devices || { echo "with $json" >&2; return 1; }
	done
}

@test "DEV-05 X-18 another file at the path is refused" {
	touch "$BUNDLE/rootfs/opt/x"
	writable_root
	# An empty one is where a node of the host is bound.
	echo text >"$BUNDLE/rootfs/opt/x"
	device '{path: "/opt/x", type: "c", major: 1, minor: 3}'
	refused /opt/x
	is_host_root || return 0
	: >"$BUNDLE/rootfs/opt/x"
	refused /opt/x
	mknod "$BUNDLE/rootfs/opt/y" c 1 5
	config '.linux.devices[0].path = "/opt/y"'
	refused /opt/y
}

@test "DEV-05 the same device at the path is accepted" {
	need_nodes
	mknod -m 600 "$BUNDLE/rootfs/opt/x" c 1 3
	writable_root
	device '{path: "/opt/x", type: "c", major: 1, minor: 3}'
	node /opt/x
	has "$output" "character special file 1:3"
}

@test "DEV-11 one device under two paths" {
	device '{path: "/dev/one", type: "c", major: 1, minor: 3}'
	device '{path: "/dev/two", type: "c", major: 1, minor: 3}'
	run_script 'stat -c %t:%T /dev/one /dev/two | tr "\n" " "'
	eq "$output" "1:3 1:3 "
}

@test "DEV-05 a path over a link stays in the rootfs" {
	mkdir outside
	writable_root
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/opt/link"
	device '{path: "/opt/link/x", type: "c", major: 1, minor: 3}'
	args true
	run_ct
	eq "$(ls -A outside)" ""
}

@test "DEV-02 DDEV-01 devices in a user namespace" {
	userns
	[[ -c /dev/kmsg ]] || skip "no /dev/kmsg"
	device '{path: "/dev/kmsg", type: "c", major: 1, minor: 11}'
	run_script 'stat -c %t:%T /dev/null /dev/kmsg | tr "\n" " "; echo x >/dev/null'
	eq "$output" "1:3 1:b "
}

@test "a /dev bound from the host gets no devices of ours" {
	need_nodes
	mkdir dev
	mknod -m 666 dev/null c 1 3
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	bind "$TEST_DIR/dev" /dev
	args true
	run_ok
	eq "$(ls -A dev)" null
}

# --- rules ---------------------------------------------------------------------------------------

rules() { config ".linux.resources.devices = $1"; }


@test "DEV-12 a node that is neither listed nor a default does not open" {
	need_mknod
	all_caps
	add_mount /mnt tmpfs tmpfs
	try mknod /mnt/kmsg c 1 11 , read /mnt/kmsg , mknod /mnt/mem c 1 1 , read /mnt/mem , mknod /mnt/d b 254 0 \
		, read /mnt/d
	eq "$output" "ok EPERM ok EPERM ok EPERM"
}

@test "DEV-12 CDV-01 the same without any rule" {
	need_mknod
	config 'del(.linux.resources)'
	all_caps
	add_mount /mnt tmpfs tmpfs
	try mknod /mnt/kmsg c 1 11 , read /mnt/kmsg , read /dev/null
	eq "$output" "ok EPERM ok"
}

@test "CDV-02 CDV-08 later rules override" {
	need_mknod
	rules '[{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "rwm"}]'
	all_caps
	add_mount /mnt tmpfs tmpfs
	try mknod /mnt/kmsg c 1 11 , write /mnt/kmsg
	eq "$output" "ok ok"
	config '.linux.resources.devices += [{allow: false, type: "c", major: 1, minor: 11, access: "rwm"}]'
	try mknod /mnt/kmsg c 1 11 , write /mnt/kmsg
	has "$output" EPERM
}

@test "CDV-02 X-19 a default device can be denied explicitly" {
	need_host_root "be kept from a device of the host by rules that a user namespace knows nothing of"
	rules '[{allow: false, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 7, access: "rw"}]'
	try read /dev/full , read /dev/zero
	eq "$output" "EPERM ok"
}

@test "CDV-05 absent numbers mean any" {
	need_mknod
	rules '[{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, access: "rwm"}]'
	all_caps
	add_mount /mnt tmpfs tmpfs
	try mknod /mnt/kmsg c 1 11 , write /mnt/kmsg , mknod /mnt/tty c 4 0 , read /mnt/tty
	eq "$output" "ok ok ok EPERM"
}

@test "CDV-06 the access letters" {
	need_mknod
	rules '[{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "w"}]'
	all_caps
	add_mount /mnt tmpfs tmpfs
	try mknod /mnt/kmsg c 1 11 , write /mnt/kmsg , read /mnt/kmsg
	eq "$output" "ok ok EPERM"
}

@test "CDV-04 type a allows everything" {
	need_mknod
	rules '[{allow: true, type: "a", access: "rwm"}]'
	all_caps
	add_mount /mnt tmpfs tmpfs
	try mknod /mnt/kmsg c 1 11 , write /mnt/kmsg
	eq "$output" "ok ok"
}

@test "CDV-03 CDV-04 CDV-06 VAL-01 rules that are none" {
	local json
	for json in '{access: "rwm"}' '{allow: true, type: "p", access: "r"}' \
		'{allow: true, type: "u", access: "r"}' '{allow: true, type: "x", access: "r"}' \
		'{allow: true, access: "rwx"}' '{allow: true, type: "c"}' '{allow: true, access: ""}' \
		'{allow: true, type: "c", major: "1", access: "r"}'; do
		rules "[$json]"
		refused devices || { echo "with $json" >&2; return 1; }
	done
}
