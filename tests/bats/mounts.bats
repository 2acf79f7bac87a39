#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The mounts array: order, destinations, sources, types, data.

load helpers

@test "FS-01 the default file systems are what the config lists" {
	run_probe mounts
	eq "$(mount_field /proc fstype)" proc
	eq "$(mount_field /sys fstype)" sysfs
	eq "$(mount_field /dev/pts fstype)" devpts
	eq "$(mount_field /dev/shm fstype)" tmpfs
	mount_opt /sys ro
	mount_opt /sys noexec
	mount_sb /dev mode=755
	mount_sb /dev/pts ptmxmode=666
	# As the initial user namespace calls it.
	local gid=5
	[[ -z ${RTB_USERNS:-} ]] || gid=$(awk '{ print $2 + 5 }' /proc/self/gid_map)
	[[ -z ${RTB_USER:-} ]] || gid=$((RTB_SUBIDS + 100004))
	mount_sb /dev/pts "gid=$gid"
}

@test "FS-01 MNT-01 X-13 without mounts nothing is added" {
	config 'del(.mounts) | del(.linux.maskedPaths) | del(.linux.readonlyPaths)'
	script 'ls /proc /sys'
	run_ok
	eq "$(tr -d '\n' <"$OUT")" "/proc:/sys:"
	create
	mounts_of "$(pid_of)"
	# The root, and device nodes where they are bound.
	is_host_root || output=$(grep -v '^mount /dev/[a-z]* fstype=devtmpfs' <<<"$output")
	eq "$(grep -c '^mount ' <<<"$output")" 1
}

@test "MNT-02 the later of two mounts on one place is seen" {
	mkdir a b && touch a/first b/second
	bind "$TEST_DIR/a" /mnt
	bind "$TEST_DIR/b" /mnt
	run_script 'ls /mnt'
	eq "$output" second
}

@test "MNT-02 a parent after its child hides the child" {
	writable_root
	add_mount /mnt/child tmpfs tmpfs
	add_mount /mnt tmpfs tmpfs
	run_script 'ls -A /mnt'
	eq "$output" ""
}

@test "MNT-02 mountinfo has the order of the config" {
	add_mount /mnt tmpfs one
	add_mount /opt tmpfs two
	add_mount /mnt/three tmpfs three
	run_probe mounts
	eq "$(sed -n 's/^mount .* source=\(one\|two\|three\) .*/\1/p' <<<"$output" | tr '\n' ' ')" \
		"one two three "
}

@test "MNT-03 a destination is required" {
	config '.mounts += [{type: "tmpfs", source: "tmpfs"}]'
	refused destination
	config '.mounts[-1].destination = ""'
	refused destination
}

@test "MNT-04 a relative destination is taken below / and warned about" {
	add_mount mnt/rel tmpfs tmpfs
	mkdir "$BUNDLE/rootfs/mnt/rel"
	args /bin/probe mounts
	warned mnt/rel
	eq "$(mount_field /mnt/rel fstype)" tmpfs
}

@test "MNT-05 a destination over a link stays in the rootfs" {
	mkdir outside
	ln -s "../../../../../../..$TEST_DIR/outside" "$BUNDLE/rootfs/rel"
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/abs"
	local link
	for link in rel abs; do
		config '.mounts |= .[:7]'
		add_mount "/$link/made" tmpfs tmpfs
		args true
		run_ct
		eq "$(ls -A outside)" "" "outside through $link"
	done
}

@test "MNT-05 a link in the last component stays in the rootfs" {
	mkdir outside
	ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/mnt/link"
	add_mount /mnt/link tmpfs tmpfs
	args /bin/probe mounts
	run_ct
	eq "$(ls -A outside)" ""
	((status != 0)) || eq "$(grep -c "mount $TEST_DIR/outside fstype=tmpfs" <<<"$output")" 1
}

@test "MNT-05 a destination with .. does not leave the rootfs" {
	add_mount /mnt/../../../../mnt/x tmpfs tmpfs
	mkdir "$BUNDLE/rootfs/mnt/x"
	run_probe mounts
	eq "$(mount_field /mnt/x fstype)" tmpfs
}

@test "MNT-05 /proc and /sys that are links in the image are not followed" {
	rmdir "$BUNDLE/rootfs/proc"
	mkdir "$BUNDLE/rootfs/tmp/elsewhere"
	ln -s /tmp/elsewhere "$BUNDLE/rootfs/proc"
	args true
	run_ct
	ne "$status" 0
	leak_check
}

@test "MNT-06 a source is optional" {
	config '.mounts += [{destination: "/mnt", type: "tmpfs"}]'
	run_probe mounts
	eq "$(mount_field /mnt fstype)" tmpfs
	ne "$(mount_field /mnt source)" ""
}

@test "MNT-07 a relative bind source is relative to the bundle" {
	mkdir "$BUNDLE/data" && touch "$BUNDLE/data/here"
	bind data /mnt
	cd /
	run_script 'ls /mnt'
	eq "$output" here
}

@test "MNT-08 a bind is a bind by its option, whatever the type" {
	mkdir src && touch src/here
	local type
	for type in ext4 none bind nonsense ""; do
		config '.mounts |= .[:7]'
		add_mount /mnt "$type" "$TEST_DIR/src" bind
		run_script 'ls /mnt'
		eq "$output" here "type $type"
	done
	config '.mounts[-1] |= (del(.type) | .options = ["rbind"])'
	run_script 'ls /mnt'
	eq "$output" here
}

@test "MNT-08 X-03 type bind without the option is a file system type that is not there" {
	mkdir src
	add_mount /mnt bind "$TEST_DIR/src"
	refused bind
}

@test "a bind source that is missing is refused and named" {
	bind "$TEST_DIR/missing" /mnt
	refused "$TEST_DIR/missing"
	has "$error" "no such file or directory"
}

@test "a file is bound over a file, a missing destination is made" {
	echo host >src
	bind "$TEST_DIR/src" /etc/passwd
	bind "$TEST_DIR/src" /opt/new/file
	run_script 'cat /etc/passwd /opt/new/file'
	eq "$(tr '\n' ' ' <"$OUT")" "host host "
}

@test "sockets, FIFOs and devices are bound" {
	mkfifo fifo
	bind "$TEST_DIR/fifo" /mnt/fifo
	bind /dev/full /mnt/full
	run_script 'stat -c %F /mnt/fifo /mnt/full'
	eq "$(tr '\n' ' ' <"$OUT")" "fifo character special file "
}

@test "a directory over a file and a file over a directory are refused" {
	mkdir dir && touch file
	bind "$TEST_DIR/dir" /etc/passwd
	refused /etc/passwd
	config '.mounts |= .[:7]'
	bind "$TEST_DIR/file" /etc
	refused /etc
}

@test "a bind source that is a link binds what it points to" {
	mkdir src && touch src/here && ln -s src link
	bind "$TEST_DIR/link" /mnt
	run_script 'ls /mnt'
	eq "$output" here
}

@test "a bind source may be another mount of the host's /proc or /sys" {
	bind /proc/sys/kernel/ostype /mnt/ostype
	run_script 'cat /mnt/ostype'
	eq "$output" Linux
}

@test "MNT-09 options absent and empty are the same" {
	config '.mounts += [{destination: "/mnt", type: "tmpfs", source: "t"},
		{destination: "/opt", type: "tmpfs", source: "t", options: []}]'
	run_probe mounts
	eq "$(mount_field /mnt opt)" "$(mount_field /opt opt)"
}

@test "MNT-10 the types of the kernel" {
	local type
	for type in proc sysfs tmpfs devpts mqueue ramfs; do
		add_mount "/mnt/$type" "$type" "$type"
	done
	writable_root
	run_probe mounts
	for type in proc sysfs tmpfs devpts mqueue ramfs; do
		eq "$(mount_field "/mnt/$type" fstype)" "$type"
	done
}

@test "MNT-10 an unknown type is refused" {
	add_mount /mnt nosuchfs none
	refused nosuchfs
	has "$error" "no such device"
}

@test "MNT-10 MNT-14 overlay with its data" {
	need_fs overlay
	mkdir lower upper work && touch lower/below upper/above
	add_mount /mnt overlay overlay "lowerdir=$TEST_DIR/lower" "upperdir=$TEST_DIR/upper" \
		"workdir=$TEST_DIR/work"
	run_script 'ls /mnt | tr "\n" " "'
	eq "$output" "above below "
}

@test "MNT-14 words that are not known go to the file system" {
	add_mount /mnt tmpfs tmpfs nosuid size=64k mode=1770 nr_inodes=10 ro
	run_probe mounts
	mount_sb /mnt size=64k
	mount_sb /mnt mode=1770
	mount_sb /mnt nr_inodes=10
	mount_opt /mnt nosuid
	mount_opt /mnt ro
}

@test "MNT-14 VAL-01 a word that the file system refuses is an error" {
	add_mount /mnt tmpfs tmpfs bogus
	refused bogus
	config '.mounts[-1].options = ["size=nonsense"]'
	refused size
}

@test "MNT-15 X-04 data on a bind is refused" {
	mkdir src
	bind "$TEST_DIR/src" /mnt size=1m
	refused size=1m
}

@test "MNT-21 the last of two contrary words wins" {
	add_mount /mnt tmpfs tmpfs ro nosuid rw suid
	add_mount /opt tmpfs tmpfs rw ro
	run_probe mounts
	mount_opt /mnt rw
	mount_no_opt /mnt nosuid
	mount_opt /opt ro
}

@test "destinations in a read-only rootfs are made" {
	add_mount /mnt/deep/er tmpfs tmpfs
	run_probe mounts
	eq "$(mount_field /mnt/deep/er fstype)" tmpfs
	mount_opt / ro
}

@test "a mount on / is refused or covers nothing of the host" {
	add_mount / tmpfs tmpfs
	args true
	run_ct
	((status < 124))
	leak_check
}

@test "MNT-11 /sys/fs/cgroup is closed when what is mounted below it has its place" {
	! is_pure_v2 || skip "there /sys/fs/cgroup is the container's cgroup itself"
	add_mount /sys/fs/cgroup/own tmpfs tmpfs
	script 'probe mounts; probe try create /sys/fs/cgroup/file , create /sys/fs/cgroup/own/file'
	for GLOBAL in "" "--cgroup-manager disabled"; do
		# shellcheck disable=SC2086
		ok $GLOBAL run --bundle "$BUNDLE" "$ID"
		eq "$(mount_field /sys/fs/cgroup fstype)" tmpfs
		mount_opt /sys/fs/cgroup ro
		eq "$(mount_field /sys/fs/cgroup/own fstype)" tmpfs
		eq "$(tail -n 2 "$OUT" | tr '\n' ' ')" "EROFS ok "
	done
}

@test "MNT-11 a v1 host's hierarchies appear below /sys/fs/cgroup" {
	need_v1 memory
	script 'ls /sys/fs/cgroup'
	run_ok
	local name
	for name in memory pids cpu devices freezer; do
		[[ -z $(hierarchy $name) ]] || has " $(tr '\n' ' ' <"$OUT")" " $name "
	done
	run_probe mounts
	eq "$(mount_field /sys/fs/cgroup fstype)" tmpfs
	mount_opt /sys/fs/cgroup ro
	mount_opt /sys/fs/cgroup/memory ro
	mount_opt /sys/fs/cgroup/memory noexec
}

@test "MNT-11 only the container's own cgroup is visible and nothing is writable" {
	need_v1 memory
	all_caps
	script 'find /sys/fs/cgroup -name release_agent; cat /sys/fs/cgroup/pids/cgroup.procs;
		mkdir /sys/fs/cgroup/memory/x 2>&1; echo 1 2>&1 >/sys/fs/cgroup/memory/tasks'
	run_ct
	lacks "$output" release_agent
	has "$output" "Read-only file system"
	missing "$(hierarchy memory)/$ID/x"
}

@test "MNT-11 with a cgroup namespace too" {
	need_v1 memory
	add_namespace cgroup
	all_caps
	script 'find /sys/fs/cgroup -name release_agent; cat /proc/self/cgroup; ls /sys/fs/cgroup/memory/'
	run_ok
	lacks "$output" release_agent
	lacks "$output" "$ID"
	has "$output" memory.limit_in_bytes
	lacks "$output" "$TOKEN"
}

@test "ten thousand mounts" {
	config '.mounts += [range(10000) | {destination: "/mnt", type: "tmpfs", source: "t"}]'
	args true
	TIMEOUT=60 run_ct
	((status < 124))
	leak_check
}
