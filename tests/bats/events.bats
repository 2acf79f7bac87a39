#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# events: statistics in runc's shape, their stream, and memory that runs out.

load helpers

running() {
	args sleep 1000
	create
	start
}

resources() { config ".linux.resources += $1"; }

stats() {
	ok events --stats "$ID"
	eq "$error" ""
	eq "$(wc -l <"$OUT")" 1
}

data() { jq -c ".data.$1" "$OUT"; }

# In the background, its lines into a file.
listen() {	# [OPTION...]
	background timeout 60 "$RUNTIME" --root "$ROOT" events "$@" "$ID" >lines 2>listen.err </dev/null
}

has_line() { grep -q "^{\"type\":\"$1\"," lines; }
lines_of() { jq -c "select(.type == \"$1\")" lines | wc -l; }

@test "--stats: one line with runc's envelope and members" {
	running
	stats
	eq "$(jq -c '[keys_unsorted, (.data | keys_unsorted)]' "$OUT")" \
		'[["type","id","data"],["cpu","cpuset","memory","pids","blkio","hugetlb","intel_rdt","network_interfaces"]]'
	eq "$(jq -r '.type + " " + .id' "$OUT")" "stats $ID"
	eq "$(data intel_rdt)" "{}"
	eq "$(data network_interfaces)" null
	lacks "$output" ": "
}

@test "--stats: every number is an unsigned integer, save those that are not" {
	script 'dd if=/dev/zero of=/dev/null bs=1M count=100 2>/dev/null; sleep 1000'
	create
	start
	stats
	eq "$(jq '[.. | numbers | select(. != floor or . < 0)] | length' <<<"$(jq 'del(.data.cpuset.sched_relax_domain_level,
		.data.cpu.psi, .data.memory.psi, .data.blkio.psi)' "$OUT")")" 0
}

@test "--stats: cpu time, processes and limits are those of the cgroup" {
	resources '{memory: {limit: 67108864, swap: 67108864}, pids: {limit: 77}, cpu: {cpus: "0", quota: 50000}}'
	script 'sleep 1001 & sleep 1002 & i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done; echo x >/dev/shm/x; wait'
	create
	start
	wait_file "/proc/$(pid_of)/root/dev/shm/x"
	stats
	eq "$(data pids)" '{"current":3,"limit":77}'
	eq "$(data memory.usage.limit)" 67108864
	(($(data memory.usage.usage) > 0 && $(data memory.usage.usage) <= 67108864))
	eq "$(data memory.swap.limit)" 67108864
	(($(data cpu.usage.total) > 1000000))
	(($(data cpu.usage.user) + $(data cpu.usage.kernel) <= $(data cpu.usage.total) * 2 + 100000000))
	if [[ -n $(hierarchy cpuset) ]]; then
		eq "$(data cpuset.cpus)" "[0]"
		eq "$(data cpuset.sched_load_balance)" 1
	else
		eq "$(data cpuset.cpus)" null
		eq "$(data cpuset.sched_load_balance)" 0
	fi
	if [[ -n $(hierarchy cpuacct) ]]; then
		eq "$(jq '.data.cpu.usage | (.percpu | length), (.percpu_kernel | length), (.percpu_user | length)' "$OUT" |
			sort -u)" "$(nproc --all)"
	fi
}

@test "--stats: throttling" {
	resources '{cpu: {quota: 2000, period: 10000}}'
	script 'while :; do :; done'
	create
	start
	eventually throttled
	(($(data cpu.throttling.periods) > 0 && $(data cpu.throttling.throttledPeriods) > 0))
}

throttled() {
	runtime events --stats "$ID" </dev/null >"$OUT"
	(($(data 'cpu.throttling.throttledTime // 0') > 0))
}

@test "--stats: memory.raw has every line of memory.stat, sorted" {
	running
	local file
	file=$(place memory)/memory.stat
	[[ -e $file ]] || skip "no controller for memory"
	stats
	eq "$(jq -r '.data.memory.raw | keys_unsorted[]' "$OUT")" "$(cut -d' ' -f1 "$file" | LC_ALL=C sort)"
}

@test "--stats: pressure, where the kernel tells it" {
	running
	local dir
	dir=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	dir=$dir$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of)/cgroup")
	cat "$dir/cpu.pressure" >pressure 2>/dev/null || skip "no pressure is told on this host"
	stats
	eq "$(data 'cpu.psi | [keys_unsorted, (.some | keys_unsorted)]')" \
		'[["some","full"],["avg10","avg60","avg300","total"]]'
	eq "$(data 'memory.psi | keys')" '["full","some"]'
	eq "$(data 'blkio.psi | keys')" '["full","some"]'
}

@test "--stats: what a block device has done" {
	local file
	running
	for file in "$(place blkio)"/{io.stat,blkio.throttle.io_service_bytes_recursive}; do
		[[ ! -e $file ]] || break
	done
	[[ -e $file ]] || skip "no controller for block devices"
	# the kernel counts what goes to a real device
	dd if=/dev/zero of="$TEST_DIR/big" bs=1M count=1 2>/dev/null
	stats
	data 'blkio | (.ioServiceBytesRecursive // [])[] | [(.major // 0), .op, (.value // 0)]' >mine
	if [[ $file == */io.stat ]]; then
		eq "$(wc -l <mine)" "$(($(wc -l <"$file") * 2))"
	else
		eq "$(wc -l <mine)" "$(grep -c '^[0-9]' "$file" || :)"
	fi
}

@test "--stats: a created and a paused container have them, a stopped one does not" {
	args sleep 1000
	create
	stats
	start
	ok pause "$ID"
	stats
	ok resume "$ID"
	local pid
	pid=$(pid_of)
	kill_ct
	wait_pid "$pid"
	fails events --stats "$ID"
	has "$error" "container with id $ID is not running"
	fails events "$ID"
	has "$error" "container with id $ID is not running"
	fails events --stats "$ID-unknown"
	has "$error" "does not exist"
}

@test "a stream: a line each interval, the end with the container" {
	running
	listen --interval 100ms
	local listener=$BACKGROUND pid
	eventually enough_lines
	pid=$(pid_of)
	eq "$(jq -r .id lines | sort -u)" "$ID"
	kill_ct
	wait_pid "$pid"
	wait "$listener"
	eq "$(cat listen.err)" ""
	eq "$(lines_of oom)" 0
}

enough_lines() { (($(wc -l <lines) >= 3)); }

@test "a stream: the first line comes after the first interval" {
	running
	listen --interval 1000s
	sleep 0.2
	eq "$(wc -c <lines)" 0
	kill "$BACKGROUND"
}

@test "a stream without a reader ends" {
	running
	status=0
	timeout 10 "$RUNTIME" --root "$ROOT" events --interval 10ms "$ID" 2>"$ERR" </dev/null | head -n 1 >"$OUT" || :
	has "$(cat "$OUT")" '"type":"stats"'
}

@test "--interval: what Go takes, and bare seconds" {
	running
	local value
	for value in 0 0s -1s 5x "" 1m30 . ms; do
		fails events --interval "$value" "$ID"
		has "$error" interval || { echo "with $value" >&2; return 1; }
	done
	for value in 5 5s 1m30s 500ms 1.5s 2h; do
		status=0
		timeout 0.3 "$RUNTIME" --root "$ROOT" events --interval "$value" "$ID" >"$OUT" 2>"$ERR" </dev/null || status=$?
		eq "$status" 124 "with $value"
	done
}

# Eats memory in a child of init, which goes on.
eater() {
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	script 'while :; do [ ! -e /dev/shm/go ] || { rm /dev/shm/go; tail /dev/zero; echo $? >/dev/shm/status; }; usleep 20000; done'
	create
	start
}

@test "a stream: each process that is killed for want of memory is a line" {
	[[ -e $(hierarchy memory)/memory.oom_control || -z $(hierarchy pids) ]] || skip "no controller for memory"
	eater
	local root pid
	pid=$(pid_of)
	root=/proc/$pid/root
	listen --interval 100ms
	local listener=$BACKGROUND
	# The first line is written when the kernel's count is watched.
	eventually has_line stats
	caller touch "$root/dev/shm/go"
	wait_file "$root/dev/shm/status"
	eventually has_line oom
	eq "$(jq -c 'select(.type == "oom")' lines)" "{\"type\":\"oom\",\"id\":\"$ID\"}"
	caller rm "$root/dev/shm/status"
	caller touch "$root/dev/shm/go"
	wait_file "$root/dev/shm/status"
	eventually two_ooms
	kill_ct
	wait_pid "$pid"
	wait "$listener"
	eq "$(lines_of oom)" 2
}

two_ooms() { (($(lines_of oom) == 2)); }

@test "a stream: init that is killed for want of memory is told before the end" {
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	script 'while [ ! -e /dev/shm/go ]; do usleep 20000; done; exec tail /dev/zero'
	create
	start
	local pid
	pid=$(pid_of)
	listen --interval 100ms
	local listener=$BACKGROUND
	# The first line is written when the kernel's count is watched.
	eventually has_line stats
	caller touch "/proc/$pid/root/dev/shm/go"
	wait_pid "$pid"
	wait "$listener"
	eq "$(jq -c 'select(.type == "oom")' lines)" "{\"type\":\"oom\",\"id\":\"$ID\"}"
}
