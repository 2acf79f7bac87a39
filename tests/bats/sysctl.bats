#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.sysctl: what is written in the container's namespaces, and what is kept from the host.

load helpers

sysctl() { config '.linux.sysctl = {($k): $v}' --arg k "$1" --arg v "$2"; }

kept() {	# FILE KEY VALUE [ERROR]: refused and the host's value unchanged
	local before after result=0
	before=$(cat "/proc/sys/$1")
	sysctl "$2" "$3"
	refused "${4:-$2}" || { echo "with $2" >&2; result=1; }
	after=$(cat "/proc/sys/$1")
	[[ $after == "$before" ]] || echo "$before" >"/proc/sys/$1"
	eq "$after" "$before" "$1"
	return $result
}

@test "SYSC-01 keys of every namespace kind" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "1234567",
		"fs.mqueue.msg_max": "5", "kernel.msgmax": "4096", "kernel.sem": "1 2 3 4"}'
	run_script 'cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmax fs/mqueue/msg_max kernel/msgmax
		tr "\t" " " <kernel/sem'
	eq "$(tr '\n' ' ' <"$OUT")" "1 1234567 5 4096 1 2 3 4 "
}

@test "SYSC-01 slashes separate too, and then dots are letters" {
	sysctl net/ipv4/conf/lo/forwarding 1
	run_script 'cat /proc/sys/net/ipv4/conf/lo/forwarding'
	eq "$output" 1
	sysctl net.ipv4/conf.lo.forwarding 0
	args true
	run_ct
	((status < 124))
}

@test "SYSC-01 although /proc/sys is read-only inside" {
	sysctl net.ipv4.ip_forward 1
	run_script 'cat /proc/sys/net/ipv4/ip_forward; echo 0 2>&1 >/proc/sys/net/ipv4/ip_forward || :'
	eq "$(head -n1 <<<"$output")" 1
	has "$output$error" "Read-only file system"
}

@test "SYSC-01 without any /proc inside" {
	config '.mounts |= map(select(.destination != "/proc")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
	sysctl kernel.shmmax 1234567
	args sleep 1000
	create
	eq "$(nsenter -t "$(pid_of)" -i cat /proc/sys/kernel/shmmax)" 1234567
}

@test "SYSC-02 keys of the host are refused" {
	kept vm/swappiness vm.swappiness 11
	kept kernel/core_pattern kernel.core_pattern '|/bin/false'
	kept kernel/panic kernel.panic 1
	kept fs/file-max fs.file-max 1000
	kept kernel/hostname kernel.hostname stolen
}

@test "SYSC-02 spellings of a host key" {
	local key value
	value=$(cat /proc/sys/kernel/core_pattern)
	for key in kernel/core_pattern kernel..core_pattern .kernel.core_pattern kernel.core_pattern. \
		net/../kernel/core_pattern net.ipv4/../../kernel/core_pattern kernel.shm/../core_pattern \
		kernel.shmmax/../core_pattern ./kernel/core_pattern /kernel/core_pattern fs.mqueue/../../kernel/core_pattern \
		kernel.shm_/core_pattern "kernel.core_pattern " net ""; do
		sysctl "$key" '|/bin/false'
		run_ct
		if [[ $(cat /proc/sys/kernel/core_pattern) != "$value" ]]; then
			echo "$value" >/proc/sys/kernel/core_pattern
			echo "the host's core_pattern was changed with $key" >&2
			return 1
		fi
		((status > 0 && status < 124)) || { echo "accepted: $key" >&2; return 1; }
	done
}

@test "SYSC-02 without the namespace of its own a key is refused" {
	without_namespace network
	kept net/ipv4/ip_forward net.ipv4.ip_forward 1
	config_reset
	without_namespace ipc
	config '.mounts |= map(select(.type != "mqueue"))'
	kept kernel/shmmax kernel.shmmax 1234567
	config_reset
	without_namespace uts
	config 'del(.hostname)'
	kept kernel/domainname kernel.domainname stolen
	config_reset
	[[ -n ${RTB_USER:-} ]] || kept user/max_user_namespaces user.max_user_namespaces 7
}

config_reset() {
	rm -rf "$BUNDLE"
	bundle_make "$BUNDLE"
}

@test "SYSC-02 a joined namespace that is the host's is not its own" {
	need_root "join a namespace of the host"
	add_namespace network /proc/self/ns/net
	config '.mounts |= map(select(.destination != "/sys"))'
	kept net/ipv4/ip_forward net.ipv4.ip_forward 1 sysctl
	add_namespace network "/proc/1/ns/net"
	kept net/ipv4/ip_forward net.ipv4.ip_forward 1 sysctl
}

@test "SYSC-02 a joined namespace of another container is" {
	need_root "join a namespace of the host"
	touch netns
	unshare --net="$TEST_DIR/netns" true
	leak_before
	add_namespace network "$TEST_DIR/netns"
	sysctl net.ipv4.ip_forward 1
	run_script 'cat /proc/sys/net/ipv4/ip_forward'
	eq "$output" 1
}

@test "SYSC-03 a missing key and a refused value are named" {
	sysctl net.ipv4.no_such_key 1
	refused no_such_key
	sysctl kernel.shmmax not-a-number
	refused shmmax
}

@test "SYSC-01 kernel.domainname with a UTS namespace" {
	need_host_root "write kernel.domainname"
	sysctl kernel.domainname example.org
	run_probe uname
	value_is domainname example.org
}

@test "SYSC-01 keys in a user namespace" {
	userns
	sysctl net.ipv4.ip_forward 1
	run_script 'cat /proc/sys/net/ipv4/ip_forward'
	eq "$output" 1
}
