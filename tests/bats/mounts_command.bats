#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts add, mounts remove: mounts of a running container.

load helpers

setup() {
	test_begin
	writable_root
	args sleep 1000
	mkdir volume
	echo content >volume/file
}

running() {	# starts the container of the present config
	create
	start
}

# A list of mounts: DESTINATION TYPE SOURCE OPTIONS, four words each.
list() {
	jq -n '[$ARGS.positional | _nwise(4) | {destination: .[0], type: .[1], source: .[2],
		options: (.[3] | split(","))}]' --args -- "$@" >mounts.json
}

add() { ok mounts add "$ID" "${1:-mounts.json}"; }
remove() { ok mounts remove "$ID" "${1:-mounts.json}"; }

# The last mount on a path, as the container has it: options, then type.
mounted() {	# PATH
	awk -v p="$1" '$5 == p { o = $6; for (i = 7; $i != "-"; i++); t = $(i + 1) }
		END { if (t) print o, t }' "/proc/$(pid_of)/mountinfo"
}

inside() { ok exec "$ID" "$@"; }

@test "a bind mount and a file system of its own, and away again" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	local before

	running
	before=$(cat "/proc/$(pid_of)/mountinfo")
	list /data/volume bind "$TEST_DIR/volume" bind,ro,nosuid /scratch tmpfs tmpfs size=1m,noexec
	add
	eq "$output$error" ""
	inside cat /data/volume/file
	eq "$output" content
	has "$(mounted /data/volume)" "ro,nosuid"
	has "$(mounted /scratch)" "noexec"
	has "$(mounted /scratch)" "tmpfs"
	run_runtime exec "$ID" touch /data/volume/new
	((status != 0))
	inside touch /scratch/new
	remove
	eq "$(cat "/proc/$(pid_of)/mountinfo")" "$before"
	run_runtime exec "$ID" cat /data/volume/file
	((status != 0))
	# the host has none of it
	eq "$(grep -c "$TEST_DIR/.*volume" /proc/self/mountinfo)" 0
}

@test "a created container, a paused one; not one that has stopped" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	create
	list /data bind "$TEST_DIR/volume" bind
	add
	start
	inside cat /data/file
	if [[ -n $(hierarchy freezer) ]]; then
		ok pause "$ID"
		list /more bind "$TEST_DIR/volume" bind
		add
		remove
		ok resume "$ID"
	fi
	kill_ct
	eventually eval '[[ $(state status) == stopped ]]'
	fails mounts add "$ID" mounts.json
	has "$error" "container not running"
	fails mounts add nosuch mounts.json
	has "$error" "container does not exist"
}

@test "from standard input, and recursive attributes" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	mkdir volume/below
	mount -t tmpfs below volume/below
	running
	list /data bind "$TEST_DIR/volume" rbind,rro
	STDIN=mounts.json ok mounts add "$ID" -
	has "$(mounted /data/below)" "ro"
	umount volume/below
	# only the destination counts for removing
	echo '[{"destination": "/data"}]' >mounts.json
	remove
	eq "$(mounted /data)" ""
	eq "$(mounted /data/below)" ""
}

@test "one that fails takes those before it back" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	local before

	running
	before=$(cat "/proc/$(pid_of)/mountinfo")
	list /a bind "$TEST_DIR/volume" bind /b tmpfs tmpfs size=1m /c tmpfs tmpfs nosuch
	fails mounts add "$ID" mounts.json
	has "$error" 'mounts.json /2/options/0: '
	eq "$(cat "/proc/$(pid_of)/mountinfo")" "$before"
	# a source that is missing: nothing has begun
	list /a2 bind "$TEST_DIR/volume" bind /b bind "$TEST_DIR/none" bind
	fails mounts add "$ID" mounts.json
	has "$error" "mounts.json /1/source: mount source"
	missing "$BUNDLE/rootfs/a2"
	eq "$(cat "/proc/$(pid_of)/mountinfo")" "$before"
	# of several to remove one is not there: none is touched
	list /a bind "$TEST_DIR/volume" bind /b tmpfs tmpfs size=1m
	add
	before=$(cat "/proc/$(pid_of)/mountinfo")
	list /a bind "" "" /b bind "" "" /c bind "" ""
	echo '[{"destination": "/a"}, {"destination": "/b"}, {"destination": "/etc"}]' >mounts.json
	fails mounts remove "$ID" mounts.json
	has "$error" 'mounts.json /2/destination: nothing is mounted on "/etc"'
	eq "$(cat "/proc/$(pid_of)/mountinfo")" "$before"
}

@test "the order is kept, and removing goes the other way" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	running
	mkdir inner
	touch inner/deep
	list /data tmpfs tmpfs size=1m /data/inner bind "$TEST_DIR/inner" bind
	add
	inside ls /data/inner
	eq "$output" deep
	remove
	eq "$(mounted /data)" ""
	# two on one target: the upper one goes first
	list /data tmpfs tmpfs size=1m
	add
	list /data bind "$TEST_DIR/inner" bind
	add
	inside ls /data
	eq "$output" deep
	remove
	has "$(mounted /data)" tmpfs
}

@test "links of the container lead nowhere else" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	mkdir target
	ln -s "$TEST_DIR/target" "$BUNDLE/rootfs/out"
	ln -s ../../../../../.. "$BUNDLE/rootfs/up"
	running
	list /out bind "$TEST_DIR/volume" bind /up/fresh/dir bind "$TEST_DIR/volume" bind
	add
	missing target/file
	exists "$BUNDLE/rootfs$TEST_DIR/target"
	exists "$BUNDLE/rootfs/fresh/dir"
	eq "$(grep -c "$TEST_DIR/target " /proc/self/mountinfo)" 0
	has "$(mounted "$TEST_DIR/target")" ro || has "$(mounted "$TEST_DIR/target")" rw
	remove
}

@test "what may not be mounted over is refused as for create" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	running
	list /proc/self bind "$TEST_DIR/volume" bind
	fails mounts add "$ID" mounts.json
	has "$error" "proc"
	list /proc bind "$TEST_DIR/volume" bind
	fails mounts add "$ID" mounts.json
	has "$error" "only a proc file system may be mounted over /proc"
	list / bind "$TEST_DIR/volume" bind
	fails mounts add "$ID" mounts.json
	list /etc/passwd bind "$TEST_DIR/volume" bind
	fails mounts add "$ID" mounts.json
	has "$error" "the source is a directory, the destination is a file"
	list /tmp tmpfs tmpfs remount,ro
	fails mounts add "$ID" mounts.json
	has "$error" "cannot be changed"
	list /x tmpfs tmpfs sise=1m
	fails mounts add "$ID" mounts.json
	has "$error" 'did you mean "size"'
}

@test "masks, read-only paths and the root cannot be removed" {
	running
	for path in / /proc/kcore /proc/sys /sys/firmware; do
		echo "[{\"destination\": \"$path\"}]" >mounts.json
		[[ $path != /sys/firmware || -e /sys/firmware ]] || continue
		fails mounts remove "$ID" mounts.json
		has "$error" "mounts.json /0/destination: "
	done
	has "$error" "masked or read-only path"
	echo '[{"destination": "/"}]' >mounts.json
	fails mounts remove "$ID" mounts.json
	has "$error" "the container's root"
	# others of the configuration can
	echo '[{"destination": "/dev/mqueue"}]' >mounts.json
	remove
	eq "$(mounted /dev/mqueue)" ""
}

@test "a read-only root takes mounts where there is a target" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	config '.root.readonly = true'
	running
	list /mnt bind "$TEST_DIR/volume" bind
	add
	inside cat /mnt/file
	list /missing bind "$TEST_DIR/volume" bind
	fails mounts add "$ID" mounts.json
	has "$error" "read-only file system"
}

@test "in a user namespace: its root owns what is made, ids are mapped" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	userns
	running
	chown 100000:100000 volume/file
	list /data bind "$TEST_DIR/volume" bind /scratch tmpfs tmpfs mode=700
	add
	inside stat -c %u:%a /scratch
	eq "$output" 0:700
	eq "$(stat -c %u "/proc/$(pid_of)/root/scratch")" 100000
	inside stat -c %u /data/file
	eq "$output" 0
	chown 0:0 volume/file
	list /mapped bind "$TEST_DIR/volume" bind,idmap
	add
	inside stat -c %u /mapped/file
	eq "$output" 0
	remove
}

@test "file systems of the container's own namespaces" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	running
	list /mnt proc proc ro /opt mqueue mqueue nosuid /srv sysfs sysfs ro
	add
	inside cat /mnt/1/comm
	eq "$output" sleep
	has "$(mounted /opt)" mqueue
	inside ls /srv/class/net
	eq "$output" lo
	remove
}

@test "a container without a mount namespace of its own" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	without_namespace mount
	config 'del(.linux.maskedPaths, .linux.readonlyPaths) | .mounts = []'
	running
	list /data bind "$TEST_DIR/volume" bind
	fails mounts add "$ID" mounts.json
	has "$error" "no mount namespace of its own"
}

@test "a file that is wrong" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	running
	echo '[{"destination": ""}]' >mounts.json
	fails mounts add "$ID" mounts.json
	has "$error" "mounts.json:1:18 /0/destination: "
	printf '[\n{"destination": "/a",\n"type": 3}]' >mounts.json
	fails mounts add "$ID" mounts.json
	has "$error" "mounts.json:3:9 /0/type: "
	echo '{}' >mounts.json
	fails mounts add "$ID" mounts.json
	echo '[' >mounts.json
	fails mounts add "$ID" mounts.json
	has "$error" "not valid JSON"
	echo '[], "hostname": "x"' >mounts.json
	fails mounts add "$ID" mounts.json
	fails mounts add "$ID" none.json
	fails mounts change "$ID" mounts.json
	has "$error" 'unknown action "change": add or remove'
	fails mounts add "$ID"
	# nothing to do is no mistake
	echo '[]' >mounts.json
	add
}

@test "after the bundle's root has gone from its place" {
	need_root "mount in a container that runs: its user namespace may copy no mount of the host"
	running
	mv "$BUNDLE/rootfs" "$TEST_DIR/moved"
	list /data bind "$TEST_DIR/volume" bind
	add
	inside cat /data/file
	remove
	mv "$TEST_DIR/moved" "$BUNDLE/rootfs"
}
