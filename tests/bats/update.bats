#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# update: every option and the file form, unset, 0, -1 and a value told apart, the order of writes, and what is put back.

load helpers

running() {
	args sleep 1000
	create
	start
}

resources() { config ".linux.resources += $1"; }

# The content of whichever file this host has for a limit.
limit() {	# CONTROLLER V1-FILE V2-FILE
	if [[ -n $(hierarchy "$1") ]]; then
		cat "$(place "$1")/$2"
	else
		cat "$(place "$1")/$3"
	fi
}

is_v1() { [[ -n $(hierarchy "$1") ]]; }

# A limit's value on v1 and on v2.
limit_is() {	# CONTROLLER V1-FILE V2-FILE V1-VALUE V2-VALUE
	if is_v1 "$1"; then
		eq "$(limit "$1" "$2" "$3")" "$4" "$2"
	else
		eq "$(limit "$1" "$2" "$3")" "$5" "$3"
	fi
}

memory_is() { limit_is memory memory.limit_in_bytes memory.max "$1" "$1"; }
# Of memory and swap together; v2 has swap alone.
swap_is() { limit_is memory memory.memsw.limit_in_bytes memory.swap.max "$1" "$2"; }
pids_is() { limit_is pids pids.max pids.max "$1" "$1"; }

update() { ok update "$@" "$ID"; eq "$output$error" ""; }

@test "memory: units, order up and down, alone and together" {
	running
	update --memory 64m --memory-swap 128m
	memory_is 67108864
	swap_is 134217728 67108864
	update --memory 256M --memory-swap 512mb
	memory_is 268435456
	swap_is 536870912 268435456
	update --memory 32m --memory-swap 32m
	memory_is 33554432
	swap_is 33554432 0
	update --memory-swap 1g
	memory_is 33554432
	swap_is 1073741824 1040187392
	# the limit of both together stays
	update --memory 512m
	memory_is 536870912
	swap_is 1073741824 536870912
	update --memory 65536k
	swap_is 1073741824 1006632960
	update --memory-reservation 16m
	limit_is memory memory.soft_limit_in_bytes memory.low 16777216 16777216
}

@test "memory: 0 leaves alone, -1 is no limit" {
	running
	local all
	all=$(limit memory memory.limit_in_bytes memory.max)
	update --memory 64m --memory-swap 128m --memory-reservation 32m
	update --memory 0 --memory-swap 0 --memory-reservation 0
	memory_is 67108864
	swap_is 134217728 67108864
	limit_is memory memory.soft_limit_in_bytes memory.low 33554432 33554432
	update --memory -1
	memory_is "$all"
	swap_is "$all" max
	update --memory 64m --memory-swap -1
	memory_is 67108864
	swap_is "$all" max
	update --memory-reservation -1
	limit_is memory memory.soft_limit_in_bytes memory.low "$all" max
}

@test "pids: a value, 0, -1, and not given" {
	running
	update --pids-limit 20
	pids_is 20
	update --memory 64m
	pids_is 20
	update --pids-limit 0
	pids_is 0
	update --pids-limit -1
	pids_is max
}

@test "cpu: shares, period and quota one by one and together" {
	running
	update --cpu-share 512
	limit_is cpu cpu.shares cpu.weight 512 59
	update --cpu-share 0
	limit_is cpu cpu.shares cpu.weight 512 59
	update --cpu-quota 50000 --cpu-period 200000
	limit_is cpu cpu.cfs_quota_us cpu.max 50000 "50000 200000"
	update --cpu-quota 20000
	limit_is cpu cpu.cfs_period_us cpu.max 200000 "20000 200000"
	update --cpu-period 100000
	limit_is cpu cpu.cfs_quota_us cpu.max 20000 "20000 100000"
	update --cpu-quota 0 --cpu-period 0
	limit_is cpu cpu.cfs_quota_us cpu.max 20000 "20000 100000"
	update --cpu-quota -1
	limit_is cpu cpu.cfs_quota_us cpu.max -1 "max 100000"
}

@test "CPU-11 quota and period below a cgroup that has no more than these" {
	need_cgroupfs
	need_v1 cpu
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-tight/x"
	resources '{cpu: {quota: 50000, period: 100000}}'
	running
	local above
	above=$(dirname "$(place cpu)")
	echo 50000 >"$above/cpu.cfs_quota_us"
	# each of the two alone would exceed the half of a CPU for a moment in one of the directions
	update --cpu-quota 100000 --cpu-period 200000
	eq "$(cgroup_file cpu cpu.cfs_quota_us)" 100000
	update --cpu-quota 10000 --cpu-period 20000
	eq "$(cgroup_file cpu cpu.cfs_period_us)" 20000
	fails update --cpu-quota 60000 --cpu-period 100000 "$ID"
	has "$error" cpu.cfs_quota_us
	eq "$(cgroup_file cpu cpu.cfs_quota_us)" 10000
	eq "$(cgroup_file cpu cpu.cfs_period_us)" 20000
}

@test "CPU-04 CPU-10 burst and idle, which 0 takes away" {
	running
	[[ -e $(place cpu)/cpu.cfs_burst_us || -e $(place cpu)/cpu.max.burst ]] ||
		skip "this kernel has no CPU bursts"
	update --cpu-quota 50000 --cpu-burst 20000
	limit_is cpu cpu.cfs_burst_us cpu.max.burst 20000 20000
	fails update --cpu-burst 60000 "$ID"
	has "$error" "--cpu-burst"
	limit_is cpu cpu.cfs_burst_us cpu.max.burst 20000 20000
	# both shrink: the burst may not be more than the quota
	update --cpu-quota 10000 --cpu-burst 5000
	limit_is cpu cpu.cfs_burst_us cpu.max.burst 5000 5000
	update --cpu-burst 0
	limit_is cpu cpu.cfs_burst_us cpu.max.burst 0 0
	[[ -e $(place cpu)/cpu.idle ]] || skip "this kernel has no cpu.idle"
	update --cpu-idle 1
	limit_is cpu cpu.idle cpu.idle 1 1
	update --cpu-idle 0
	limit_is cpu cpu.idle cpu.idle 0 0
	fails update --cpu-idle 2 "$ID"
	has "$error" "--cpu-idle"
}

@test "CPU-06 CPU-07 real-time shares on v1, refused on v2" {
	running
	if [[ -e $(place cpu)/cpu.rt_runtime_us ]]; then
		update --cpu-rt-period 500000 --cpu-rt-runtime 5000
		limit_is cpu cpu.rt_period_us - 500000 -
		update --cpu-rt-runtime 2000
		limit_is cpu cpu.rt_runtime_us - 2000 -
	else
		fails update --cpu-rt-runtime 5000 "$ID"
		has "$error" "--cpu-rt-runtime"
	fi
}

@test "CPU-08 CPU-09 cpus and mems, with cgroups inside that have more" {
	local all inner
	running
	all=$(limit cpuset cpuset.cpus cpuset.cpus.effective)
	[[ $all == 0-* ]] || skip "this host has one CPU"
	update --cpuset-cpus 0 --cpuset-mems 0
	limit_is cpuset cpuset.cpus cpuset.cpus 0 0
	limit_is cpuset cpuset.mems cpuset.mems 0 0
	update --cpuset-cpus "$all"
	if is_v1 cpuset; then
		inner=$(place cpuset)/inner
		mkdir -p "$inner/deep"
		given "$inner"
		echo "$all" >"$inner/cpuset.cpus"
		echo "$all" >"$inner/deep/cpuset.cpus"
		update --cpuset-cpus 0
		eq "$(cgroup_file cpuset cpuset.cpus)" 0
		file_is "$inner/cpuset.cpus" 0
		file_is "$inner/deep/cpuset.cpus" 0
		# nothing in common with what it had
		update --cpuset-cpus "$all"
		update --cpuset-cpus 1
		file_is "$inner/deep/cpuset.cpus" 1
		update --cpuset-cpus 0
		file_is "$inner/deep/cpuset.cpus" 0
		rmdir "$inner/deep" "$inner"
	fi
	fails update --cpuset-cpus 4000 "$ID"
	has "$error" cpuset
	fails update --cpuset-cpus x "$ID"
	has "$error" "--cpuset-cpus"
}

@test "BIO-02 blkio weight" {
	running
	fails update --blkio-weight 9 "$ID"
	has "$error" "--blkio-weight"
	fails update --blkio-weight 70000 "$ID"
	run_runtime update --blkio-weight 300 "$ID"
	if ((status == 0)); then
		has "$(cat "$(place blkio)"/*weight)" 300
	else
		# refused where the kernel has no file for it
		has "$error" weight
	fi
}

@test "values that are none are refused, and the option is named" {
	running
	local option
	for option in "--memory 12x" "--memory -2" "--memory ''" "--pids-limit x" "--cpu-quota 1.5" \
		"--cpu-share -1" "--cpu-period x" "--cpu-burst -1" "--memory 64m --memory-swap 32m"; do
		eval "fails update $option $ID"
		has "$error" "--${option#--}" || has "$error" "$(cut -d' ' -f1 <<<"$option")"
	done
	pids_is max
}

@test "the options of kernel memory are ignored with a warning" {
	running
	ok --log "$LOG" --log-format json --log-level warning update --kernel-memory 64m \
		--kernel-memory-tcp 64m "$ID"
	has "$(jq -r .msg "$LOG")" "kernel memory"
}

@test "-r: a file and standard input, both spellings" {
	running
	echo '{"memory": {"limit": 67108864, "swap": 134217728}, "pids": {"limit": 30}}' >r.json
	update -r r.json
	memory_is 67108864
	pids_is 30
	echo '{"pids": {"limit": 31}}' >r.json
	STDIN=r.json update --resources=-
	pids_is 31
	memory_is 67108864
	echo '{"pids": {"limit": 32}}' >r.json
	STDIN=r.json update --resources -
	pids_is 32
	# an option beside it says more
	update -r r.json --pids-limit 33
	pids_is 33
}

@test "-r: what Docker sends, whose zeros leave alone" {
	resources '{memory: {reservation: 33554432}, cpu: {shares: 512}}'
	running
	cat >r.json <<-'JSON'
		{"memory":{"limit":67108864,"reservation":0,"swap":134217728,"kernel":0},
		"cpu":{"shares":0,"quota":50000,"period":100000},"pids":{"limit":100},"blockIO":{"weight":0}}
	JSON
	update -r r.json
	memory_is 67108864
	swap_is 134217728 67108864
	limit_is memory memory.soft_limit_in_bytes memory.low 33554432 33554432
	limit_is cpu cpu.shares cpu.weight 512 59
	limit_is cpu cpu.cfs_quota_us cpu.max 50000 "50000 100000"
	pids_is 100
}

@test "-r: errors name the file and the place in it" {
	running
	echo '{"memory": {"limit": "64m"}}' >r.json
	fails update -r r.json "$ID"
	has "$error" "r.json"
	has "$error" "/memory/limit"
	echo '{"cpu": {"idle": 2}}' >r.json
	fails update -r r.json "$ID"
	has "$error" "r.json /cpu/idle"
	lacks "$error" linux
	echo '{' >r.json
	fails update -r r.json "$ID"
	fails update -r nowhere.json "$ID"
	has "$error" "no such file or directory"
}

@test "-r: block devices, one after the other" {
	local device
	device=$(stat -c '%Hr:%Lr' /dev/loop0 2>/dev/null) || skip "no /dev/loop0"
	[[ -n $(hierarchy blkio) || -e $(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/io.stat ||
		-e /sys/fs/cgroup/io.pressure ]] || skip "no controller for block devices"
	local d="{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": "
	running
	echo "{\"blockIO\": {\"throttleReadBpsDevice\": [${d}1048576}], \"throttleWriteIOPSDevice\": [${d}300}]}}" >r.json
	update -r r.json
	if is_v1 blkio; then
		eq "$(cgroup_file blkio blkio.throttle.read_bps_device)" "$device 1048576"
		eq "$(cgroup_file blkio blkio.throttle.write_iops_device)" "$device 300"
	else
		eq "$(cat "$(place blkio)/io.max")" "$device rbps=1048576 wbps=max riops=max wiops=300"
	fi
	# what was changed is put back, also lines of files that have many
	echo "{\"blockIO\": {\"throttleReadBpsDevice\": [${d}2097152}], \"throttleReadIOPSDevice\": [${d}7},
		{\"major\": 4000, \"minor\": 77, \"rate\": 1}]}}" >r.json
	fails update -r r.json "$ID"
	has "$error" "as it was"
	if is_v1 blkio; then
		eq "$(cgroup_file blkio blkio.throttle.read_bps_device)" "$device 1048576"
		eq "$(cgroup_file blkio blkio.throttle.read_iops_device)" ""
	else
		eq "$(cat "$(place blkio)/io.max")" "$device rbps=1048576 wbps=max riops=max wiops=300"
	fi
	echo "{\"blockIO\": {\"throttleReadBpsDevice\": [${d}0}]}}" >r.json
	update -r r.json
	! is_v1 blkio || eq "$(cgroup_file blkio blkio.throttle.read_bps_device)" ""
}

@test "device rules are replaced, and put back when something else fails" {
	need_mknod
	# No driver has this number: who may open it is told that there is no such device.
	config '.linux.devices = [{path: "/dev/mine", type: "c", major: 240, minor: 250}]
		| .linux.resources.devices += [{allow: true, type: "c", major: 240, minor: 250, access: "rwm"}]'
	running
	opens() { fails exec "$ID" sh -c ': </dev/mine'; has "$error" "o such device"; }
	cannot_open() { fails exec "$ID" sh -c ': </dev/mine'; has "$error" "peration not permitted"; }
	opens
	echo '{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 50}}' >r.json
	update -r r.json
	cannot_open
	ok exec "$ID" sh -c ': </dev/null; : </dev/zero'
	pids_is 50
	# other updates leave the rules alone
	update --pids-limit 60
	cannot_open
	echo '{"devices": [{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 240, "minor": 250, "access": "r"}]}' >r.json
	update -r r.json
	opens
	# the schemata of a container without intelRdt come last, and fail
	echo '{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 70}}' >r.json
	fails update -r r.json --mem-bw-schema "MB:0=50" "$ID"
	has "$error" intelRdt
	has "$error" "as it was"
	opens
	pids_is 60
	# and the record holds what is in force: it is what comes back once more
	fails update -r r.json --mem-bw-schema "MB:0=50" "$ID"
	opens
}

@test "what is refused late is put back, in every controller" {
	resources '{memory: {limit: 134217728, swap: 268435456}, pids: {limit: 40}, cpu: {shares: 512, quota: 50000}}'
	running
	local before
	before=$(limit cpu cpu.cfs_period_us cpu.max)
	fails update --pids-limit 50 --cpu-share 1024 --cpu-quota 70000 --cpu-period 200000 \
		--memory 64m --memory-swap 64m --l3-cache-schema "L3:0=f" "$ID"
	has "$error" "what had been changed before is as it was"
	pids_is 40
	memory_is 134217728
	swap_is 268435456 134217728
	limit_is cpu cpu.shares cpu.weight 512 59
	eq "$(limit cpu cpu.cfs_period_us cpu.max)" "$before"
	# nothing is changed at all where one of them cannot be had
	echo '{"pids": {"limit": 50}, "rdma": {"no-such-device": {"hcaHandles": 3}}}' >r.json
	fails update -r r.json "$ID"
	has "$error" rdma
	pids_is 40
}

@test "MEM-10 a limit below what is used is refused" {
	script 'dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; echo done >/dev/shm/y; sleep 1000'
	config '(.mounts[] | select(.destination == "/dev/shm")).options = []'
	resources '{memory: {checkBeforeUpdate: true, limit: 134217728, swap: 134217728}}'
	create_logged
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/y"
	fails update --memory 4m --memory-swap 4m "$ID"
	has "$error" "in use already"
	memory_is 134217728
	eq "$(state status)" running
}

@test "MEM-08 the OOM killer is switched back on" {
	need_v1 memory
	resources '{memory: {disableOOMKiller: true}}'
	running
	has "$(cgroup_file memory memory.oom_control)" "oom_kill_disable 1"
	echo '{"memory": {"disableOOMKiller": false}}' >r.json
	update -r r.json
	has "$(cgroup_file memory memory.oom_control)" "oom_kill_disable 0"
}

@test "UNI-01 UNI-02 unified on v2" {
	if [[ -n $(hierarchy memory) ]]; then
		running
		echo '{"unified": {"memory.high": "67108864"}}' >r.json
		fails update -r r.json "$ID"
		has "$error" unified
		return
	fi
	running
	echo '{"unified": {"memory.high": "67108864", "memory.oom.group": "1"}}' >r.json
	update -r r.json
	file_is "$(place memory)/memory.high" 67108864
	echo '{"unified": {"memory.high": "1048576000", "memory.max": "x"}}' >r.json
	fails update -r r.json "$ID"
	has "$error" "as it was"
	file_is "$(place memory)/memory.high" 67108864
}

@test "states: created and paused are updated, stopped and unknown ones are not" {
	fails update --pids-limit 10 "$ID"
	has "$error" "does not exist"
	args sleep 1000
	create
	update --pids-limit 20
	pids_is 20
	start
	ok pause "$ID"
	update --pids-limit 30
	pids_is 30
	eq "$(state status)" paused
	ok resume "$ID"
	local pid
	pid=$(pid_of)
	kill_ct
	wait_pid "$pid"
	fails update --pids-limit 10 "$ID"
	has "$error" "container not running"
	delete
	leak_check
}

@test "nothing asked for is nothing done; without a cgroup nothing can be" {
	running
	update
	ok --cgroup-manager disabled create --bundle "$BUNDLE" "$ID-2"
	fails update --pids-limit 10 "$ID-2"
	has "$error" "no cgroup"
}

@test "updates at the same time" {
	running
	local i
	for i in 1 2 3 4 5 6 7 8; do
		runtime update --pids-limit $((10 + i)) --memory $((60 + i))m --memory-swap $((120 + i))m "$ID" &
	done
	wait
	matches "$(limit pids pids.max pids.max)" '^1[1-8]$'
	update --memory 64m --memory-swap 64m
	memory_is 67108864
}

# Three eighths of a CPU: systemd knows hundredths, and writes its own with whatever else it is told.
@test "a quota stays what it is when something else is changed" {
	resources '{cpu: {quota: 30000, period: 80000}}'
	running
	matches "$(limit cpu cpu.cfs_quota_us cpu.max)" '^30000( 80000)?$'
	update --pids-limit 30
	update --memory 64m
	matches "$(limit cpu cpu.cfs_quota_us cpu.max)" '^30000( 80000)?$'
	update --cpu-share 512
	matches "$(limit cpu cpu.cfs_quota_us cpu.max)" '^30000( 80000)?$'
}

# --- any sequence ends where its last values say --------------------------------------------------

pick() { local values=("$@"); echo "${values[RANDOM % $#]}"; }

# A change of some limits. Sizes never contradict those of an earlier change.
some_change() {
	local part parts='{}'

	for part in 1 2 3; do
		case $((RANDOM % 10)) in
		0) part="memory: {limit: $(pick 33554432 50331648 67108864)}" ;;
		1) part="memory: {limit: $(pick 33554432 67108864), swap: $(pick 67108864 134217728 -1)}" ;;
		2) part="memory: {limit: -1, swap: -1}" ;;
		3) part="memory: {reservation: $(pick 16777216 25165824 -1)}" ;;
		4) part="cpu: {shares: $(pick 2 512 1024 4096)}" ;;
		5) part="cpu: {quota: $(pick 20000 50000 -1), period: $(pick 50000 100000 200000)}" ;;
		6) part="cpu: {$(pick 'quota: 30000' 'quota: -1' 'period: 40000' 'period: 80000' 'burst: 5000' 'burst: 0')}" ;;
		7) part="cpu: {idle: $(pick 0 1)}" ;;
		8) part="cpu: {cpus: \"$(pick 0 "$CPUS")\"}" ;;
		9) part="pids: {limit: $(pick 20 30 -1)}" ;;
		esac
		parts=$(jq -c ". * {$part}" <<<"$parts")
	done
	echo "$parts"
}

limits_now() {
	local controller

	for controller in cpu memory pids cpuset; do
		(cd "$(place "$controller")" && grep -s . cpu.{shares,cfs_quota_us,cfs_period_us,cfs_burst_us,idle,weight,max,max.burst} \
			memory.{limit_in_bytes,soft_limit_in_bytes,memsw.limit_in_bytes,max,low,swap.max} pids.max cpuset.cpus) || :
	done | sort -u | without_idle_period
}

# Where there is no quota the period means nothing, and systemd writes its own at any change.
without_idle_period() {
	if [[ ${RTB_OPTIONS:-} == *systemd* ]]; then sed 's/^\(cpu.max:max\) .*/\1/'; else cat; fi
}

@test "any sequence of updates ends in the same files as a fresh container with the final values" {
	local seed=${RTB_SEED:-$RANDOM} sequence i change all updated id=$ID
	RANDOM=$seed
	args sleep 1000
	for ((sequence = 0; sequence < ${RTB_SEQUENCES:-4}; sequence++)); do
		ID=$id-$sequence
		config 'del(.linux.resources | .memory, .cpu, .pids)'
		create
		CPUS=$(limit cpuset cpuset.cpus cpuset.cpus.effective)
		all='{}'
		for ((i = 0; i < 6; i++)); do
			change=$(some_change)
			all=$(jq -c ". * $change" <<<"$all")
			echo "$change" | tee -a "$TEST_DIR/changes.$sequence" >r.json
			update -r r.json
		done
		updated=$(limits_now)
		ok delete --force "$ID"
		resources "$all"
		create
		[[ $(limits_now) == "$updated" ]] || {
			echo "RTB_SEED=$seed:" && cat "$TEST_DIR/changes.$sequence" && echo "fresh container, updated one:"
			diff <(limits_now) <(echo "$updated")
			return 1
		} >&2
		ok delete --force "$ID"
	done
}
