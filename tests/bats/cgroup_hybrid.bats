# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Hosts with cgroup v2: beside v1 hierarchies, where it may have some controllers or none, and
# alone. The latter is shown to the runtime by a mount namespace that has nothing else.
load helpers

V2=$(v2_mount)

need_hybrid() {
	[[ $V2 == */unified ]] || skip "no cgroup v2 beside v1 hierarchies here"
}

# The runtime on a host that was changed by SCRIPT, for this command alone.
on_host() {	# SCRIPT ARG...
	local change=$1

	shift
	status=0
	unshare --mount --propagation private sh -c "$change && exec \"\$@\"" - \
		"$RUNTIME" --root "$ROOT" "$@" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	output=$(<"$OUT") error=$(<"$ERR")
}

# Where it is alone already, another mount would change the options of all of them.
pure_v2() {
	if is_pure_v2; then
		on_host : "$@"
	else
		on_host 'mount -t cgroup2 none /sys/fs/cgroup' "$@"
	fi
}

read_only_v2() { on_host "mount -o remount,bind,ro $V2" "$@"; }

running() {
	args sleep 1000
	create
	start
}

v2_path_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }

@test "CG-12 a container is in the v2 hierarchy beside v1 ones, too" {
	need_hybrid
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/h"
	running
	eq "$(v2_path_of "$(pid_of)")" "/$TOKEN/h"
	delete --force
	missing "$V2/$TOKEN"
}

@test "CG-12 a v2 hierarchy beside v1 ones that is read-only is left out" {
	need_hybrid
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/r"
	args sleep 1000
	read_only_v2 run --detach --pid-file pid --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$error"
	ne "$(v2_path_of "$(<pid)")" "/$TOKEN/r"
	eq "$(cgroup_path_of "$(<pid)" pids)" "/$TOKEN/r"
	runtime kill --all "$ID" KILL
	wait_pid "$(<pid)"
	eventually no_process_left
	delete
}

@test "HUGE-01 HUGE-02 HUGE-04 UNI-02 a controller that is in v2 beside v1 ones" {
	need_hybrid
	grep -qw hugetlb "$V2/cgroup.controllers" || skip "v2 has no controller hugetlb here"
	config '.linux.cgroupsPath = $p | .linux.resources.hugepageLimits = [{pageSize: "2MB",
		limit: 4194304}]' --arg p "/$TOKEN/c"
	running
	eq "$(cat "$V2/$TOKEN/c/hugetlb.2MB.max")" 4194304
	eq "$(cat "$V2/$TOKEN/c/hugetlb.2MB.rsvd.max")" 4194304
}

@test "CG-05 CG-10 CG-12 v2 alone" {
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/a/b"
	args cat /proc/self/cgroup
	pure_v2 run --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$error"
	has "$output" "0::/$TOKEN/a/b"
}

@test "MNT-11 the container sees its own v2 cgroup, read-only" {
	config '.linux.cgroupsPath = $p | .linux.namespaces += [{type: "cgroup"}]' --arg p "/$TOKEN/v"
	script 'cat /sys/fs/cgroup/cgroup.procs; grep " /sys/fs/cgroup " /proc/mounts
		mkdir /sys/fs/cgroup/x 2>/dev/null && echo writable; cat /proc/self/cgroup'
	pure_v2 run --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$error"
	has "$output" cgroup2
	has "$output" "0::/"
	lacks "$output" "$TOKEN"
	lacks "$output" writable
}

@test "CDV-02 CDV-07 CDV-08 device rules hold on v2" {
	need_host_root "be kept from a device of the host by rules that a user namespace knows nothing of"
	config '.linux.cgroupsPath = $p | .linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 1, minor: 11, access: "w"},
		{allow: false, type: "c", major: 1, minor: 5, access: "w"}]' --arg p "/$TOKEN/d"
	config '.process.capabilities[] += ["CAP_MKNOD"]'
	script 'mknod /dev/k c 1 11; : </dev/null && echo null-r
		: >/dev/null && echo null-w; (: </dev/k) && echo kmsg-r; (: >/dev/k) && echo kmsg-w
		(: </dev/zero) && echo zero-r; (: >/dev/zero) && echo zero-w; :'
	pure_v2 run --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$error"
	eq "$(echo $output)" "null-r null-w kmsg-w zero-r"
}

@test "UNI-01 UNI-03 UNI-04 unified on v2" {
	[[ -n $V2 ]] || skip "no cgroup v2 here"
	config '.linux.cgroupsPath = $p | .linux.resources.unified = {"cgroup.max.depth": "3"}' \
		--arg p "/$TOKEN/u"
	args sleep 1000
	pure_v2 run --detach --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$error"
	eq "$(cat "$V2/$TOKEN/u/cgroup.max.depth")" 3
	pure_v2 delete --force "$ID"
	config '.linux.resources.unified = {"nosuch.max": "3"}'
	pure_v2 run --bundle "$BUNDLE" "$ID"
	ne "$status" 0
	has "$error" nosuch.max
	has "$error" /linux/resources/unified
}

@test "UNI-06 what v2 has no limit for is refused" {
	local limit
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/n"
	for limit in '{network: {classID: 1}}' '{network: {priorities: [{name: "lo", priority: 1}]}}'; do
		config ".linux.resources = $limit"
		pure_v2 run --bundle "$BUNDLE" "$ID"
		ne "$status" 0 "$limit"
		has "$error" /linux/resources/network
	done
}

@test "RT-DEL-03 pause, kill and delete on v2" {
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/k"
	script 'sleep 1000 & sleep 1000 & wait'
	pure_v2 run --detach --pid-file pid --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$error"
	pure_v2 kill --all "$ID" KILL
	eq "$status" 0 "$error"
	wait_pid "$(<pid)"
	eventually no_process_left
	pure_v2 delete "$ID"
	eq "$status" 0 "$error"
	missing "$V2/$TOKEN"
}
