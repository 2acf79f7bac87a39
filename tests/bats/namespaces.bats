#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.namespaces: new, joined, inherited; what each of them gives.

load helpers

kernel_name() {	# TYPE → name below /proc/PID/ns
	case $1 in
	mount) echo mnt ;;
	network) echo net ;;
	*) echo "$1" ;;
	esac
}

# Only what runs everywhere, so that single namespaces can be looked at.
bare() {
	config '.linux.namespaces = [{type: "mount"}] | del(.hostname) | .mounts |= .[:1]
		| .process.args = ["/bin/probe", "ns"]'
}

# A running container whose namespaces others may join; $DONOR is its init.
donor() {
	cp "$BUNDLE/config.json" config.saved
	args sleep 1000
	ok create --bundle "$BUNDLE" "$ID-donor"
	ok start "$ID-donor"
	DONOR=$(runtime state "$ID-donor" </dev/null | jq .pid)
	cp config.saved "$BUNDLE/config.json"
}

@test "NS-01 NS-14 NS-15 NS-10 each type alone is new, the others are inherited" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	local type other
	for type in pid network ipc uts cgroup time user; do
		[[ -e /proc/self/ns/$(kernel_name $type) ]] || continue
		bare
		add_namespace $type
		if [[ $type == user ]]; then
			config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
				| .linux.gidMappings = .linux.uidMappings'
			# proc needs a pid namespace that the user namespace owns
			add_namespace pid
		fi
		run_ok
		for other in pid network ipc uts cgroup time user mount; do
			local name inside
			name=$(kernel_name $other) inside=$(value "ns.$name")
			[[ -e /proc/self/ns/$name ]] || continue
			if [[ $other == "$type" || $other == mount || ($type$other == userpid) ]]; then
				ne "$inside" "$(ns_of self "$name")" "$type: ns.$name"
			else
				eq "$inside" "$(ns_of self "$name")" "$type: ns.$name"
			fi
		done
	done
}

@test "NS-01 VAL-01 an unknown type is refused, a missing one too" {
	local type
	for type in net PID mnt bogus ""; do
		config '.linux.namespaces[0].type = $t' --arg t "$type"
		refused namespaces || { echo "with $type" >&2; return 1; }
	done
	config 'del(.linux.namespaces[0].type)'
	refused type
}

@test "NS-16 the same type twice is refused" {
	local type
	for type in pid network ipc uts mount; do
		config '.linux.namespaces |= unique_by(.type) | .linux.namespaces += [{type: $t}]' --arg t $type
		refused $type
		has "$error" duplicate
	done
	config '.linux.namespaces |= unique_by(.type)
		| .linux.namespaces += [{type: "uts", path: "/proc/self/ns/uts"}]'
	refused uts
}

@test "NS-02 init is pid 1 and sees its own tree only" {
	run_script 'echo $$; for p in /proc/[0-9]*; do echo ${p#/proc/}; done; sleep 0'
	eq "$(tr '\n' ' ' <"$OUT")" "1 1 "
}

@test "NS-03 a new network has lo, and it is up" {
	run_script 'ls /sys/class/net; /bin/probe try if-up lo'
	has "$output" lo
	has "$output" ok
	lacks "$output" eth0
}

@test "NS-04 mounts inside are not seen outside" {
	add_mount /mnt tmpfs only-inside
	args sleep 1000
	create
	run ! grep -q only-inside /proc/self/mountinfo
	mounts_of "$(pid_of)"
	eq "$(mount_field /mnt source)" only-inside
}

@test "NS-05 ipc objects are the container's own" {
	need_program ipcmk
	local id
	id=$(ipcmk -Q | grep -o '[0-9]*$')
	run_script 'wc -l </proc/sysvipc/msg'
	ipcrm -q "$id"
	eq "$output" 1 "lines, the heading alone"
}

@test "NS-06 the host's name stays" {
	local name
	name=$(uname -n)
	all_caps
	run_script 'hostname changed && hostname'
	eq "$output" changed
	eq "$(uname -n)" "$name"
}

@test "NS-08 a cgroup namespace is rooted at the container's cgroup" {
	add_namespace cgroup
	run_script 'cut -d: -f3 /proc/self/cgroup | sort -u'
	eq "$output" /
}

@test "NS-10 NS-12 joining by path, each type" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	local type name
	add_namespace cgroup
	donor
	for type in network ipc uts cgroup; do
		name=$(kernel_name $type)
		cp config.saved "$BUNDLE/config.json"
		[[ $type != uts ]] || config 'del(.hostname)'
		add_namespace $type "/proc/$DONOR/ns/$name"
		run_probe ns
		value_is "ns.$name" "$(ns_of "$DONOR" "$name")"
		ne "$(value ns.pid)" "$(ns_of "$DONOR" pid)"
	done
}

@test "NS-12 joining a pid namespace" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	donor
	add_namespace pid "/proc/$DONOR/ns/pid"
	run_probe ns process
	value_is ns.pid "$(ns_of "$DONOR" pid)"
	ne "$(value pid)" 1
}

@test "NS-12 joining a mount namespace" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	background unshare --mount --propagation private sleep 1000
	eventually grep -q sleep "/proc/$BACKGROUND/comm"
	add_namespace mount "/proc/$BACKGROUND/ns/mnt"
	run_probe ns
	value_is ns.mnt "$(ns_of "$BACKGROUND" mnt)"
}

@test "NS-12 NS-18 joining user and network namespaces of another container" {
	userns
	donor
	config '.linux |= (del(.uidMappings) | del(.gidMappings))'
	add_namespace user "/proc/$DONOR/ns/user"
	add_namespace network "/proc/$DONOR/ns/net"
	run_probe ns ids
	value_is ns.user "$(ns_of "$DONOR" user)"
	value_is ns.net "$(ns_of "$DONOR" net)"
	value_is uid "0 0 0 0"
}

@test "NS-18 a user namespace and an older network namespace" {
	need_root "join a namespace of the host"
	touch netns
	unshare --net="$TEST_DIR/netns" true
	leak_before
	userns
	config '.mounts |= map(select(.destination != "/sys" and .destination != "/sys/fs/cgroup"))'
	add_namespace network "$TEST_DIR/netns"
	run_probe ns
	value_is ns.net "$(stat -L -c %i netns)"
	exists netns
}

@test "NS-12 joining a time namespace" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	[[ -e /proc/self/ns/time ]] || skip "no time namespaces"
	add_namespace time
	config '.linux.timeOffsets.monotonic = {secs: 5000}'
	donor
	config 'del(.linux.timeOffsets)'
	add_namespace time "/proc/$DONOR/ns/time"
	run_probe ns
	value_is ns.time "$(ns_of "$DONOR" time)"
}

@test "NS-11 a relative path is refused" {
	cp /proc/self/ns/net netns 2>/dev/null || touch netns
	add_namespace network netns
	cd "$TEST_DIR"
	refused path
}

@test "NS-13 a path that is no namespace of that type is refused" {
	touch file
	local path
	for path in /proc/self/ns/uts "$TEST_DIR/file" /no/such/ns /proc/self /dev/null; do
		add_namespace network "$path"
		refused network || { echo "with $path" >&2; return 1; }
	done
}

@test "NS-17 RT-KILL-04 in a joined pid namespace nothing outlives delete" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	donor
	add_namespace pid "/proc/$DONOR/ns/pid"
	script 'sleep 1001 & sleep 1002 & exec sleep 1003'
	create
	start
	four() { (($(our_processes | wc -l) >= 4)); }
	eventually four
	delete --force
	eq "$(pgrep -f 'sleep 100[123]' | xargs -r -n1 -I{} grep -al "RTB_TOKEN=$TOKEN" /proc/{}/environ || :)" ""
	kill -0 "$DONOR"
}

@test "NS-17 RT-KILL-04 SIGKILL without a pid namespace of its own reaches every process" {
	need_cgroup
	without_namespace pid
	script 'sleep 1001 & sleep 1002 & echo started >/dev/shm/x; exec sleep 1003'
	create
	start
	local pid=$(pid_of)
	wait_file "/proc/$pid/root/dev/shm/x"
	kill_ct KILL
	wait_pid "$pid"
	eventually no_process_left
	delete
}

@test "RT-DEL-04 joined namespaces stay" {
	need_root "have the host's namespaces, and none of its own without a user namespace"
	touch netns
	unshare --net="$TEST_DIR/netns" true
	leak_before
	local inode
	inode=$(stat -L -c %i netns)
	add_namespace network "$TEST_DIR/netns"
	args true
	run_ok
	eq "$(stat -L -c %i netns)" "$inode"
}
