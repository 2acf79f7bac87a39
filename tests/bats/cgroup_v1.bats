#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the container sits in cgroup v1 hierarchies, and what resources writes there.

load helpers

resources() { config ".linux.resources += $1"; }

running() {
	args sleep 1000
	create
}

# --- the path ------------------------------------------------------------------------------------

@test "CG-12 CGO-02 the process is in a cgroup of its own in every hierarchy" {
	running
	local pid controller count=0
	pid=$(pid_of)
	for controller in cpu cpuacct cpuset memory devices freezer blkio pids net_cls net_prio hugetlb rdma; do
		[[ -n $(hierarchy $controller) ]] || continue
		has "$(cgroup_path_of "$pid" $controller)" "$ID"
		eq "$(cgroup_file $controller cgroup.procs)" "$pid"
		eq "$(stat -c %u "$(hierarchy $controller)$(cgroup_path_of "$pid" $controller)")" "${RTB_USER:-0}"
		((++count))
	done
	((count > 0)) || skip "no cgroup v1 hierarchy"
}

@test "CG-03 CG-08 without cgroupsPath the cgroup ends in the id" {
	need_v1 memory
	running
	matches "$(cgroup_path_of "$(pid_of)" memory)" "/$ID\$"
}

@test "CG-03 CG-04 CG-05 CG-10 an absolute path counts from the mount point" {
	need_v1 memory
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/a/b"
	running
	eq "$(cgroup_path_of "$(pid_of)" memory)" "/$TOKEN/a/b"
	eq "$(cgroup_path_of "$(pid_of)" pids)" "/$TOKEN/a/b"
	exists "$(hierarchy memory)/$TOKEN/a/b"
	delete --force
	missing "$(hierarchy memory)/$TOKEN/a/b"
	missing "$(hierarchy memory)/$TOKEN"
}

@test "CG-03 CG-04 CG-06 X-22 a relative path" {
	need_v1 memory
	config '.linux.cgroupsPath = $p' --arg p "$TOKEN/a/b"
	running
	matches "$(cgroup_path_of "$(pid_of)" memory)" "/$TOKEN/a/b\$"
}

@test "CG-07 the same value is the same place" {
	need_v1 memory
	local value first
	for value in "/$TOKEN/x" "$TOKEN/y"; do
		config '.linux.cgroupsPath = $p' --arg p "$value"
		running
		first=$(cgroup_path_of "$(pid_of)" memory)
		delete --force
		running
		eq "$(cgroup_path_of "$(pid_of)" memory)" "$first"
		delete --force
	done
}

@test "CG-07 also when the caller sits in another cgroup" {
	need_v1 pids
	local dir
	dir=$(hierarchy pids)/$TOKEN-caller
	mkdir "$dir"
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/z"
	args sleep 1000
	(sh -c 'echo $PPID' >pid; cat pid >"$dir/cgroup.procs"; runtime create --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR")
	eq "$(cgroup_path_of "$(pid_of)" pids)" "/$TOKEN/z"
	delete --force
	eventually rmdir "$dir"
}

@test "CG-09 paths that lead out, and the root itself, are refused" {
	local value
	for value in "/../../$TOKEN" "../$TOKEN" "/$TOKEN/../../../../tmp/$TOKEN" / . .. "/$TOKEN/./../.." ""; do
		config '.linux.cgroupsPath = $p' --arg p "$value"
		args true
		run_ct
		[[ $value == "" ]] || ne "$status" 0 "cgroupsPath $value"
		missing "/tmp/$TOKEN"
		missing "/$TOKEN"
		leak_check
	done
}

@test "CG-01 CG-02 a cgroup that holds a process is refused and left as it is" {
	need_v1 memory
	local dir
	dir=$(hierarchy memory)/$TOKEN-busy
	mkdir "$dir"
	background sleep 1000
	echo "$BACKGROUND" >"$dir/cgroup.procs"
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-busy"
	fails create --bundle "$BUNDLE" "$ID"
	kill -0 "$BACKGROUND"
	eq "$(cat "$dir/cgroup.procs")" "$BACKGROUND"
	eq "$(state_entries)" ""
	kill "$BACKGROUND"
	eventually rmdir "$dir"
}

@test "CG-02 a frozen cgroup is refused" {
	need_v1 freezer
	local dir
	dir=$(hierarchy freezer)/$TOKEN-frozen
	mkdir "$dir"
	echo FROZEN >"$dir/freezer.state"
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-frozen"
	fails create --bundle "$BUNDLE" "$ID"
	file_is "$dir/freezer.state" FROZEN
	echo THAWED >"$dir/freezer.state"
	rmdir "$dir"
}

@test "CG-11 without resources an existing cgroup keeps its limits" {
	need_v1 pids
	local dir
	dir=$(hierarchy pids)/$TOKEN-limited
	mkdir "$dir"
	echo 99 >"$dir/pids.max"
	config '.linux.cgroupsPath = $p | del(.linux.resources)' --arg p "/$TOKEN-limited"
	running
	file_is "$dir/pids.max" 99
	delete --force
	[[ ! -d $dir ]] || rmdir "$dir"
}

@test "RT-DEL-04 CG-10 a parent that was there stays" {
	need_v1 memory
	local dir
	dir=$(hierarchy memory)/$TOKEN-parent
	mkdir "$dir"
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-parent/child"
	running
	exists "$dir/child"
	delete --force
	missing "$dir/child"
	exists "$dir"
	rmdir "$dir"
}

@test "RT-DEL-03 cgroups that the container made below its own go too" {
	need_v1 memory
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
	add_namespace cgroup
	script 'mkdir -p /sys/fs/cgroup/pids/a/b /sys/fs/cgroup/memory/c; echo $? >/dev/shm/x; sleep 1000'
	create_logged
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
	eq "$(cat "/proc/$(pid_of)/root/dev/shm/x"; ct_output)" 0
	exists "$(hierarchy pids)$(cgroup_path_of "$(pid_of)" pids)/a/b"
	delete --force
	leak_check
}

@test "two containers below one parent" {
	need_v1 memory
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/one"
	running
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/two"
	ok create --bundle "$BUNDLE" "$ID-2"
	ok delete --force "$ID-2"
	ok state "$ID"
	exists "$(hierarchy memory)/$TOKEN/one"
	missing "$(hierarchy memory)/$TOKEN/two"
	delete --force
	leak_check
}

# --- limits --------------------------------------------------------------------------------------

@test "MEM-01 MEM-02 MEM-03 MEM-04 MEM-07 memory" {
	need_v1 memory
	resources '{memory: {limit: 67108864, reservation: 33554432, swap: 134217728, swappiness: 10}}'
	running
	eq "$(cgroup_file memory memory.limit_in_bytes)" 67108864
	eq "$(cgroup_file memory memory.soft_limit_in_bytes)" 33554432
	eq "$(cgroup_file memory memory.memsw.limit_in_bytes)" 134217728
	eq "$(cgroup_file memory memory.swappiness)" 10
}

@test "MEM-02 MEM-04 -1 is unlimited, 0 leaves the limit alone" {
	need_v1 memory
	resources '{memory: {limit: -1, reservation: -1, swap: -1}}'
	running
	local all
	all=$(cat "$(hierarchy memory)/memory.limit_in_bytes")
	eq "$(cgroup_file memory memory.limit_in_bytes)" "$all"
	delete --force
	resources '{memory: {limit: 0}}'
	running
	eq "$(cgroup_file memory memory.limit_in_bytes)" "$all"
}

@test "MEM-08 MEM-09 the OOM killer and the hierarchy" {
	need_v1 memory
	resources '{memory: {disableOOMKiller: true, useHierarchy: true}}'
	running
	has "$(cgroup_file memory memory.oom_control)" "oom_kill_disable 1"
	eq "$(cgroup_file memory memory.use_hierarchy)" 1
}

@test "MEM-05 MEM-06 X-23 kernel memory has no effect where the kernel has none" {
	resources '{memory: {limit: 67108864, kernel: 33554432, kernelTCP: 33554432}}'
	args true
	run_ok
	resources '{memory: {kernel: 33554432}}'
	warned "/linux/resources/memory/kernel"
}

@test "MEM-07 VAL-01 memory values that are none" {
	need_v1 memory
	local json
	for json in '{swappiness: 101}' '{limit: 67108864, swap: 33554432}' '{limit: "64M"}' '{limit: -2}' \
		'{limit: 1.5}' '{swappiness: -1}'; do
		config ".linux.resources.memory = $json"
		refused memory || { echo "with $json" >&2; return 1; }
	done
}

@test "MEM-02 a limit too small to run in is named" {
	need_v1 memory
	resources '{memory: {limit: 4096}}'
	args true
	run_ct
	((status > 0 && status < 124))
	has "$error" memory
	leak_check
}

@test "MEM-02 the limit holds" {
	need_v1 memory
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	script 'dd if=/dev/zero of=/dev/null bs=200M count=1'
	run_ct
	ne "$status" 0
}

@test "CPU-01 CPU-02 CPU-03 CPU-05 shares, quota and period" {
	need_v1 cpu
	resources '{cpu: {shares: 512, quota: 50000, period: 200000}}'
	running
	eq "$(cgroup_file cpu cpu.shares)" 512
	eq "$(cgroup_file cpu cpu.cfs_quota_us)" 50000
	eq "$(cgroup_file cpu cpu.cfs_period_us)" 200000
}

@test "CPU-03 a quota of -1 is none, shares of 0 are left alone" {
	need_v1 cpu
	resources '{cpu: {shares: 0, quota: -1}}'
	running
	eq "$(cgroup_file cpu cpu.shares)" 1024
	eq "$(cgroup_file cpu cpu.cfs_quota_us)" -1
}

@test "CPU-02 shares that the kernel clamps are refused" {
	need_v1 cpu
	resources '{cpu: {shares: 1}}'
	refused shares
	config '.linux.resources.cpu.shares = 300000'
	refused shares
}

@test "CPU-04 CPU-11 burst" {
	need_v1 cpu
	[[ -e $(hierarchy cpu)/cpu.cfs_burst_us ]] || skip "this kernel has no cpu.cfs_burst_us"
	resources '{cpu: {quota: 50000, period: 100000, burst: 20000}}'
	running
	eq "$(cgroup_file cpu cpu.cfs_burst_us)" 20000
	delete --force
	config '.linux.resources.cpu.burst = 60000'
	refused burst
}

@test "CPU-06 CPU-07 real-time runtime and period" {
	need_v1 cpu
	[[ -e $(hierarchy cpu)/cpu.rt_runtime_us ]] || skip "this kernel has no real-time groups"
	resources '{cpu: {realtimeRuntime: 5000, realtimePeriod: 500000}}'
	running
	eq "$(cgroup_file cpu cpu.rt_runtime_us)" 5000
	eq "$(cgroup_file cpu cpu.rt_period_us)" 500000
}

@test "CPU-08 CPU-09 CPU-11 cpus and mems" {
	need_v1 cpuset
	resources '{cpu: {cpus: "0", mems: "0"}}'
	args /bin/probe affinity
	run_ok
	value_is affinity 0
	running
	eq "$(cgroup_file cpuset cpuset.cpus)" 0
	eq "$(cgroup_file cpuset cpuset.mems)" 0
}

@test "CPU-11 a new cpuset has what its parent has" {
	need_v1 cpuset
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/deep/er"
	running
	eq "$(cgroup_file cpuset cpuset.cpus)" "$(cat "$(hierarchy cpuset)/cpuset.cpus")"
	eq "$(cgroup_file cpuset cpuset.mems)" "$(cat "$(hierarchy cpuset)/cpuset.mems")"
}

@test "CPU-10 idle" {
	need_v1 cpu
	[[ -e $(hierarchy cpu)/cpu.idle ]] || skip "this kernel has no cpu.idle"
	resources '{cpu: {idle: 1}}'
	running
	eq "$(cgroup_file cpu cpu.idle)" 1
}

@test "CPU-03 CPU-08 CPU-10 VAL-01 cpu values that are none" {
	need_v1 cpu cpuset
	local json
	for json in '{cpus: "x"}' '{cpus: "4000"}' '{mems: "99"}' '{idle: 2}' '{period: 1}' '{shares: -1}' \
		'{cpus: 0}'; do
		config ".linux.resources.cpu = $json"
		refused cpu || { echo "with $json" >&2; return 1; }
	done
}

@test "PIDS-01 PIDS-02 PIDS-03 pids" {
	need_v1 pids
	resources '{pids: {limit: 20}}'
	running
	eq "$(cgroup_file pids pids.max)" 20
	delete --force
	config '.linux.resources.pids.limit = -1'
	running
	eq "$(cgroup_file pids pids.max)" max
	delete --force
	config '.linux.resources.pids = {}'
	running
	eq "$(cgroup_file pids pids.max)" max
}

@test "PIDS-03 X-24 a limit of 0 is a limit" {
	need_v1 pids
	resources '{pids: {limit: 0}}'
	args /bin/probe try fork
	run_ok
	eq "$output" EAGAIN
}

@test "BIO-01 BIO-09 BIO-10 BIO-11 BIO-12 blkio throttling" {
	need_v1 blkio
	local device
	device=$(stat -c '%Hr:%Lr' /dev/loop0 2>/dev/null) || skip "no /dev/loop0"
	local major=${device%:*} minor=${device#*:} d
	d="{major: $major, minor: $minor, rate: "
	resources "{blockIO: {throttleReadBpsDevice: [${d}1048576}], throttleWriteBpsDevice: [${d}2097152}],
		throttleReadIOPSDevice: [${d}300}], throttleWriteIOPSDevice: [${d}400}]}}"
	running
	has "$(cgroup_file blkio blkio.throttle.read_bps_device)" "$device 1048576"
	has "$(cgroup_file blkio blkio.throttle.write_bps_device)" "$device 2097152"
	has "$(cgroup_file blkio blkio.throttle.read_iops_device)" "$device 300"
	has "$(cgroup_file blkio blkio.throttle.write_iops_device)" "$device 400"
}

@test "BIO-02 blkio weight" {
	need_v1 blkio
	local file
	file=$(cd "$(hierarchy blkio)" && ls -d */blkio.weight */blkio.bfq.weight 2>/dev/null | head -n1)
	resources '{blockIO: {weight: 300}}'
	args sleep 1000
	run_runtime create --bundle "$BUNDLE" "$ID"
	if ((status == 0)); then
		local name
		name=$(cd "$(hierarchy blkio)$(cgroup_path_of "$(pid_of)" blkio)" &&
			ls blkio.weight blkio.bfq.weight 2>/dev/null | head -n1)
		has "$(cgroup_file blkio "$name")" 300
	else
		# refused where the kernel has no file for it
		has "$error" weight
		leak_check
	fi
}

@test "BIO-03 BIO-07 leaf weights, which only old kernels have" {
	need_v1 blkio
	resources '{blockIO: {leafWeight: 300}}'
	args sleep 1000
	run_runtime create --bundle "$BUNDLE" "$ID"
	if ((status == 0)); then
		eq "$(cgroup_file blkio blkio.leaf_weight)" 300
	else
		has "$error" leaf
		leak_check
	fi
}

@test "BIO-04 BIO-05 BIO-06 BIO-08 BIO-10 BIO-12 VAL-01 blkio members that are missing" {
	need_v1 blkio
	local json
	for json in '{weightDevice: [{minor: 0, weight: 100}]}' '{weightDevice: [{major: 7, weight: 100}]}' \
		'{weightDevice: [{major: 7, minor: 0}]}' '{throttleReadBpsDevice: [{major: 7, minor: 0}]}' \
		'{throttleWriteBpsDevice: [{major: 7, rate: 1}]}' '{throttleReadIOPSDevice: [{minor: 7, rate: 1}]}' \
		'{throttleWriteIOPSDevice: [{major: 7, minor: 0, rate: -1}]}' '{weight: 65536}'; do
		config ".linux.resources.blockIO = $json"
		refused blockIO || { echo "with $json" >&2; return 1; }
	done
}

@test "NET-02 NET-03 net_cls and net_prio" {
	need_v1 net_cls net_prio
	resources '{network: {classID: 1048577, priorities: [{name: "lo", priority: 5}]}}'
	running
	eq "$(cgroup_file net_cls net_cls.classid)" 1048577
	has "$(cgroup_file net_prio net_prio.ifpriomap)" "lo 5"
}

@test "NET-01 NET-03 UNI-06 a limit whose controller is not here is refused" {
	[[ -z $(hierarchy net_cls) ]] || skip "net_cls is mounted here"
	resources '{network: {classID: 1048577}}'
	refused network
	config '.linux.resources.network = {priorities: [{priority: 5}]}'
	refused network
	config '.linux.resources.network = {priorities: [{name: "lo"}]}'
	refused network
}

@test "HUGE-03 HUGE-04 VAL-01 page sizes that are none" {
	local json
	for json in '{pageSize: "3MB", limit: 1}' '{pageSize: "2mb", limit: 1}' '{limit: 1}' \
		'{pageSize: "2MB"}' '{pageSize: "02MB", limit: 1}' '{pageSize: "../2MB", limit: 1}'; do
		config ".linux.resources.hugepageLimits = [$json]"
		refused hugepageLimits || { echo "with $json" >&2; return 1; }
	done
}

@test "HUGE-01 HUGE-02 huge pages, whatever hierarchy has the controller" {
	local unified directory
	unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ]] || skip "no huge pages of 2 MiB"
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	if [[ -n $(hierarchy hugetlb) ]]; then
		running
		eq "$(cgroup_file hugetlb hugetlb.2MB.limit_in_bytes)" 4194304
		eq "$(cgroup_file hugetlb hugetlb.2MB.rsvd.limit_in_bytes)" 4194304
	elif grep -qw hugetlb "$unified/cgroup.controllers" 2>/dev/null; then
		running
		directory=$unified$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of)/cgroup")
		file_is "$directory/hugetlb.2MB.max" 4194304
		file_is "$directory/hugetlb.2MB.rsvd.max" 4194304
	else
		refused hugepageLimits
	fi
}

@test "RDMA-04 RDMA-01 rdma limits without a device, or without a limit" {
	config '.linux.resources.rdma = {"no-such-device": {hcaHandles: 3}}'
	refused rdma
	config '.linux.resources.rdma = {"mlx5_0": {}}'
	refused rdma
}

@test "UNI-01 unified on cgroup v1 is refused" {
	need_v1 memory
	config '.linux.resources.unified = {"memory.high": "1000000"}'
	refused unified
}

@test "NS-08 limits can be read inside" {
	need_v1 memory
	resources '{memory: {limit: 67108864}}'
	run_script 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes'
	eq "$output" 67108864
}
