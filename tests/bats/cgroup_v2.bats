#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hosts whose only hierarchy is cgroup v2, with its controllers: what resources writes there, who owns it, who can enter.
load helpers

resources() { config ".linux.resources = $1"; }
at() { config '.linux.cgroupsPath = $p' --arg p "$1"; }

running() {	# [OPTION...]
	args sleep 1000
	create "$@"
	DIR=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
}

again() {	# RESOURCES: a container with them, in the place of the one before
	[[ ! -e $ROOT/$ID ]] || delete --force
	resources "$1"
	running
}

holds() { file_is "$DIR/$1" "$2"; }	# FILE CONTENT
mine() { mkdir -p "/sys/fs/cgroup/$TOKEN"; }

# --- place ---------------------------------------------------------------------------------------

@test "CG-03 CG-05 CG-06 CG-08 CG-10 X-22 paths" {
	need_v2 memory
	running
	eq "$DIR" "/sys/fs/cgroup/$ID"
	delete --force
	missing "$DIR"
	local path
	for path in "/$TOKEN/a/b" "$TOKEN/a/b"; do
		at "$path"
		running
		eq "$DIR" "/sys/fs/cgroup/$TOKEN/a/b"
		delete --force
		missing "/sys/fs/cgroup/$TOKEN"
	done
}

@test "CG-12 a container is accounted for, and has no controller that nobody asked for" {
	need_v2 cpu memory io pids cpuset
	at "/$TOKEN/a/b"
	running
	local controller
	for controller in cpu memory io pids; do
		has " $(<"$DIR/cgroup.controllers") " " $controller "
	done
	lacks "$(<"/sys/fs/cgroup/$TOKEN/cgroup.subtree_control")" cpuset
	eq "$(<"$DIR/cgroup.subtree_control")" ""
	again '{cpu: {cpus: "0"}}'
	has " $(<"$DIR/cgroup.controllers") " " cpuset "
}

@test "CG-01 CG-02 a cgroup that holds a process or is frozen is refused" {
	need_v2
	mine
	at "/$TOKEN"
	background sleep 1000
	echo "$BACKGROUND" >"/sys/fs/cgroup/$TOKEN/cgroup.procs"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "holds processes already (1, one is $BACKGROUND)"
	kill "$BACKGROUND"
	wait "$BACKGROUND" || :
	echo 1 >"/sys/fs/cgroup/$TOKEN/cgroup.freeze"
	at "/$TOKEN/below"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "\"/sys/fs/cgroup/$TOKEN\" is frozen"
	rmdir "/sys/fs/cgroup/$TOKEN"
}

@test "UNI-04 a directory above that has processes cannot pass on controllers" {
	need_v2 memory
	mine
	background sleep 1000
	echo "$BACKGROUND" >"/sys/fs/cgroup/$TOKEN/cgroup.procs"
	at "/$TOKEN/below"
	resources '{memory: {limit: 67108864}}'
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "/linux/resources/memory/limit"
	has "$error" "\"/sys/fs/cgroup/$TOKEN/below\" lacks the cgroup controller memory"
	has "$error" "process $BACKGROUND is in \"/sys/fs/cgroup/$TOKEN\""
	# Without a limit there is nothing that it needs, and the other does not become a threaded one.
	resources '{}'
	running
	file_is "/sys/fs/cgroup/$TOKEN/cgroup.type" domain
	delete --force
	kill "$BACKGROUND"
	wait "$BACKGROUND" || :
	rmdir "/sys/fs/cgroup/$TOKEN"
}

@test "CG-02 inside a threaded cgroup no container can be" {
	need_v2
	mine
	echo threaded >"/sys/fs/cgroup/$TOKEN/cgroup.type"
	at "/$TOKEN/below"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "domain invalid"
	has "$error" "/sys/fs/cgroup/$TOKEN/below"
	rmdir "/sys/fs/cgroup/$TOKEN"
}

@test "CG-02 a cgroup that passes controllers on takes no process" {
	need_v2 memory
	mkdir -p "/sys/fs/cgroup/$TOKEN/x"
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	echo +memory >"/sys/fs/cgroup/$TOKEN/cgroup.subtree_control"
	at "/$TOKEN"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "passes controllers on"
	exists "/sys/fs/cgroup/$TOKEN"
	[[ ! -e /sys/fs/cgroup/$TOKEN/x ]] || rmdir "/sys/fs/cgroup/$TOKEN/x"
	rmdir "/sys/fs/cgroup/$TOKEN"
}

@test "CG-12 where clone3 cannot enter a cgroup, init does so itself" {
	need_v2 pids
	need_program strace
	args sleep 1000
	resources '{pids: {limit: 20}}'
	local errno
	for errno in EINVAL E2BIG ENOSYS; do
		rc=0
		strace -qq -o "$TEST_DIR/trace" -e trace=clone3 -e inject=clone3:error=$errno:when=1 \
			"$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" "$ID" </dev/null \
			>"$OUT" 2>"$ERR" || rc=$?
		eq "$rc" 0 "$(cat "$ERR")"
		has "$(cat "$TEST_DIR/trace")" INJECTED
		DIR=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
		eq "$DIR" "/sys/fs/cgroup/$ID"
		holds pids.max 20
		delete --force
	done
}

# --- limits --------------------------------------------------------------------------------------

@test "MEM-01 MEM-02 MEM-03 MEM-04 memory" {
	need_v2 memory
	again '{memory: {limit: 67108864, reservation: 33554432, swap: 100663296}}'
	holds memory.max 67108864
	holds memory.low 33554432
	holds memory.swap.max 33554432
	again '{memory: {limit: 67108864, swap: 67108864}}'
	holds memory.swap.max 0
	again '{memory: {limit: 67108864, reservation: -1, swap: -1}}'
	holds memory.swap.max max
	holds memory.low max
	again '{memory: {limit: -1, swap: 67108864}}'
	holds memory.max max
	holds memory.swap.max 67108864
	again '{memory: {limit: -1}}'
	holds memory.swap.max max
	again '{memory: {limit: 0, reservation: 0, swap: 0}}'
	holds memory.max max
	holds memory.low 0
	holds memory.swap.max max
}

@test "MEM-05 MEM-06 MEM-08 MEM-09 X-23 what v2 has in another form" {
	need_v2 memory
	again '{memory: {kernel: 67108864, kernelTCP: 67108864, useHierarchy: true, disableOOMKiller: false}}'
	holds memory.max max
}

@test "MEM-02 the limit of memory holds" {
	need_v2 memory
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	script 'tail /dev/zero; echo "status $?"'
	run_ct
	lacks "$output" "status 0"
	leak_check
}

@test "CPU-01 CPU-02 UNI-05 shares are converted" {
	need_v2 cpu
	local pair
	for pair in 2:1 1024:100 512:59 2048:174 262144:10000 0:100; do
		again "{cpu: {shares: ${pair%:*}}}"
		holds cpu.weight "${pair#*:}"
	done
}

@test "CPU-03 CPU-04 CPU-05 CPU-10 CPU-11 quota, period, burst, idle" {
	need_v2 cpu
	again '{cpu: {quota: 20000, period: 50000, burst: 10000}}'
	holds cpu.max "20000 50000"
	holds cpu.max.burst 10000
	again '{cpu: {quota: 20000}}'
	holds cpu.max "20000 100000"
	again '{cpu: {period: 50000}}'
	holds cpu.max "max 50000"
	again '{cpu: {quota: -1}}'
	holds cpu.max "max 100000"
	again '{cpu: {idle: 1}}'
	holds cpu.idle 1
	again '{cpu: {idle: 1, shares: 512}}'
	holds cpu.idle 1
}

@test "CPU-08 CPU-09 cpus and mems" {
	need_v2 cpuset
	again '{cpu: {cpus: "0", mems: "0"}}'
	holds cpuset.cpus 0
	holds cpuset.mems 0
	eq "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(pid_of)/status")" 0
	resources '{cpu: {cpus: "4000"}}'
	delete --force
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" /linux/resources/cpu/cpus
}

@test "PIDS-01 PIDS-02 PIDS-03 X-24 pids" {
	need_v2 pids
	again '{pids: {limit: 20}}'
	holds pids.max 20
	again '{pids: {limit: -1}}'
	holds pids.max max
	again '{pids: {limit: 0}}'
	holds pids.max 0
	again '{}'
	holds pids.max max
}

@test "BIO-01 BIO-09 BIO-10 BIO-11 BIO-12 throttles" {
	need_v2 io
	local dev
	dev=$(stat -c '%Hd:%Ld' /)
	[[ -e /sys/dev/block/$dev && ! -e /sys/dev/block/$dev/partition ]] || skip "/ is on no whole disk"
	again "$(jq -n --arg d "$dev" '($d | split(":") | map(tonumber)) as $n | {blockIO: (
		{major: $n[0], minor: $n[1], rate: 1048576} as $e | {throttleReadBpsDevice: [$e],
		throttleWriteBpsDevice: [$e], throttleReadIOPSDevice: [$e | .rate = 100],
		throttleWriteIOPSDevice: [$e | .rate = 200]})}')"
	holds io.max "$dev rbps=1048576 wbps=1048576 riops=100 wiops=200"
	again "$(jq -n --arg d "$dev" '($d | split(":") | map(tonumber)) as $n |
		{blockIO: {throttleReadBpsDevice: [{major: $n[0], minor: $n[1], rate: 0}]}}')"
	holds io.max ""
	delete --force
	resources '{blockIO: {throttleReadBpsDevice: [{major: 250, minor: 99, rate: 5}]}}'
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" /linux/resources/blockIO/throttleReadBpsDevice/0
}

@test "BIO-02 BIO-04 BIO-06 weights" {
	need_v2 io
	mkdir -p "/sys/fs/cgroup/$TOKEN"
	echo +io >/sys/fs/cgroup/cgroup.subtree_control
	local file=io.weight want="default 4950"
	[[ -e /sys/fs/cgroup/$TOKEN/io.weight ]] || file='' want=''
	[[ ! -e /sys/fs/cgroup/$TOKEN/io.bfq.weight ]] || file=io.bfq.weight want="default 500"
	rmdir "/sys/fs/cgroup/$TOKEN"
	if [[ -z $file ]]; then
		resources '{blockIO: {weight: 500}}'
		fails create --bundle "$BUNDLE" "$ID"
		has "$error" /linux/resources/blockIO/weight
		has "$error" io.bfq.weight
		return
	fi
	again '{blockIO: {weight: 500}}'
	holds $file "$want"
	again '{blockIO: {weight: 0}}'
	holds $file "default 100"
}

# The disk whose scheduler a test chooses, and what it had.
DISK=/sys/block/loop0/queue SCHEDULER=

teardown() {
	[[ -z $SCHEDULER ]] || echo "$SCHEDULER" >$DISK/scheduler
	test_end
}

@test "BIO-04 BIO-06 weights of the bfq scheduler, of a device too" {
	need_v2 io
	need_root "choose a disk's scheduler"
	local major minor

	[[ -w $DISK/scheduler ]] || skip "no $DISK"
	modprobe -q bfq || :
	SCHEDULER=$(sed 's/.*\[\(.*\)\].*/\1/' $DISK/scheduler)
	echo bfq >$DISK/scheduler || skip "no bfq in this kernel"
	IFS=: read -r major minor <$DISK/../dev
	again "{blockIO: {weight: 300, weightDevice: [{major: $major, minor: $minor, weight: 700}]}}"
	holds io.bfq.weight $'default 300\n'"$major:$minor 700"
}

@test "HUGE-01 HUGE-02 HUGE-03 HUGE-04 huge pages" {
	need_v2 hugetlb
	again '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	holds hugetlb.2MB.max 4194304
	holds hugetlb.2MB.rsvd.max 4194304
	delete --force
	resources '{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}'
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "no huge pages of 3MB"
}

@test "RDMA-01 RDMA-02 RDMA-03 a device that is not there" {
	need_v2 rdma
	resources '{rdma: {nosuch0: {hcaHandles: 2, hcaObjects: 4}}}'
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "nosuch0 hca_handle=2 hca_object=4"
	has "$error" rdma.max
}

@test "UNI-06 BIO-03 BIO-07 CPU-06 CPU-07 MEM-07 MEM-08 MEM-09 NET-01 what v2 cannot do is refused" {
	need_v2 memory cpu io
	local pair
	for pair in '{memory: {swappiness: 10}} memory/swappiness' \
		'{memory: {disableOOMKiller: true}} memory/disableOOMKiller' \
		'{memory: {useHierarchy: false}} memory/useHierarchy' \
		'{cpu: {realtimeRuntime: 1000}} cpu/realtimeRuntime' \
		'{cpu: {realtimePeriod: 1000}} cpu/realtimePeriod' \
		'{blockIO: {leafWeight: 100}} blockIO/leafWeight' \
		'{blockIO: {weightDevice: [{major: 8, minor: 0, leafWeight: 100}]}} blockIO/weightDevice/0' \
		'{network: {classID: 1}} network/classID'; do
		resources "${pair% *}"
		refused "/linux/resources/${pair##* }" || { echo "with $pair" >&2; return 1; }
	done
}

# --- unified -------------------------------------------------------------------------------------

@test "UNI-01 UNI-02 UNI-03 unified is written as it is, and has the last word" {
	need_v2 memory pids cpuset misc
	at "/$TOKEN/u"
	again '{memory: {limit: 67108864}, pids: {limit: 10}, unified: {
		"memory.max": "33554432", "memory.high": "30000000", "memory.oom.group": "1",
		"cpuset.cpus": "0", "misc.max": "", "cgroup.max.depth": "3"}}' || :
	delete --force
	resources '{memory: {limit: 67108864}, pids: {limit: 10}, unified: {
		"memory.max": "33554432", "memory.oom.group": "1", "cpuset.cpus": "0", "cgroup.max.depth": "3"}}'
	running
	holds memory.max 33554432
	holds memory.oom.group 1
	holds cpuset.cpus 0
	holds cgroup.max.depth 3
	holds pids.max 10
	local dev
	dev=$(stat -c '%Hd:%Ld' /)
	[[ -e /sys/dev/block/$dev && ! -e /sys/dev/block/$dev/partition ]] || return 0
	again "$(jq -n --arg d "$dev" '{unified: {"io.max": "\($d) rbps=1000000\n\($d) wiops=50"}}')"
	holds io.max "$dev rbps=1000000 wbps=max riops=max wiops=50"
}

@test "UNI-03 UNI-04 unified files and controllers that there are not" {
	need_v2 memory misc
	local name
	for name in nosuch.max memory.nosuch cpu.nosuch misc.nosuch; do
		resources "{unified: {\"$name\": \"1\"}}"
		refused "$name" || { echo "with $name" >&2; return 1; }
		has "$error" /linux/resources/unified
	done
	resources '{unified: {"nosuch.max": "1"}}'
	refused "no controller nosuch"
}

# --- the container's view, ownership ---------------------------------------------------------------

@test "NS-08 MNT-11 the cgroup namespace begins at the container's cgroup" {
	need_v2
	add_namespace cgroup
	at "/$TOKEN/deep/er"
	script 'cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/x && echo made'
	run_ct
	has "$output" "0::/"
	lacks "$output" "$TOKEN"
	lacks "$output" made
	matches "$output" $'\n1\n'
}

own_files() {	# DIR → "name:uid" of what root does not own
	(cd "$1" && stat -c '%n:%u' . * | grep -v ':0$' | tr '\n' ' ') || :
}

@test "CGO-01 CGO-03 CGO-04 CGO-05 CGO-06 CGO-07 CGO-09 a writable cgroup belongs to the container's user" {
	need_v2 memory
	userns
	add_namespace cgroup
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
	running
	eq "$(stat -c %u "$DIR")" 100000
	local file
	while read -r file; do
		[[ ! -e $DIR/$file ]] || eq "$(stat -c %u "$DIR/$file")" 100000 "$file"
	done </sys/kernel/cgroup/delegate
	eq "$(stat -c %u "$DIR/memory.max")" 0
	eq "$(stat -c %u "$DIR/pids.max")" 0
	# No namespace of its own, read-only, no mount: nothing is given.
	delete --force
	without_namespace cgroup
	running
	eq "$(own_files "$DIR")" ""
	delete --force
	add_namespace cgroup
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options += ["ro"]'
	running
	eq "$(own_files "$DIR")" ""
	delete --force
	config 'del(.mounts[] | select(.destination == "/sys/fs/cgroup"))'
	running
	eq "$(own_files "$DIR")" ""
}

@test "CGO-08 without the kernel's list the three files that there always were" {
	need_v2
	userns
	add_namespace cgroup
	# Of a covered sysfs there can be no other in a user namespace.
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]
		| del(.mounts[] | select(.destination == "/sys"))'
	args sleep 1000
	unshare -m sh -c 'mount -t tmpfs none /sys/kernel/cgroup && exec "$@"' - \
		"$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" "$ID" </dev/null
	DIR=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
	eq "$(own_files "$DIR")" ".:100000 cgroup.procs:100000 cgroup.subtree_control:100000 cgroup.threads:100000 "
}

@test "CGO-04 a writable cgroup can be divided inside" {
	need_v2 memory pids
	userns
	add_namespace cgroup
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
	resources '{memory: {limit: 67108864}}'
	script 'cd /sys/fs/cgroup && mkdir a b && echo 1 >a/cgroup.procs && echo $$ >a/cgroup.procs
		echo +memory +pids >cgroup.subtree_control && echo 1000000 >b/memory.max && cat b/memory.max
		(echo max >memory.max) 2>/dev/null && echo escaped; cat memory.max; cat /proc/self/cgroup'
	run_ct
	eq "$(tr '\n' ' ' <<<"$output")" "999424 67108864 0::/a "
	leak_check
}

@test "the annotation run.oci.delegate-cgroup: a cgroup below the limits" {
	need_v2 memory
	userns
	add_namespace cgroup
	at "/$TOKEN/d"
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]
		| .annotations["run.oci.delegate-cgroup"] = "payload"'
	resources '{memory: {limit: 67108864}}'
	running
	eq "$DIR" "/sys/fs/cgroup/$TOKEN/d/payload"
	eq "$(stat -c %u "$DIR")" 100000
	eq "$(own_files "/sys/fs/cgroup/$TOKEN/d")" "payload:100000 "
	holds memory.max max
	file_is "/sys/fs/cgroup/$TOKEN/d/memory.max" 67108864
	has "$(<"$DIR/cgroup.controllers")" memory
	start
	local pid=$(pid_of)
	ok kill --all "$ID" KILL
	wait_pid "$pid"
	delete
	missing "/sys/fs/cgroup/$TOKEN"
	script 'cat /proc/self/cgroup; cd /sys/fs/cgroup/payload; mkdir x y; echo 1 >x/cgroup.procs
		echo $$ >x/cgroup.procs; echo +memory >cgroup.subtree_control; ls y | grep memory.max'
	run_ct
	eq "$(tr '\n' ' ' <<<"$output")" "0::/payload memory.max "
	# Without limits nothing else waits for init.
	resources '{}'
	run_ct
	eq "$(tr '\n' ' ' <<<"$output")" "0::/payload memory.max "
	local name
	for name in "" . .. a/b; do
		config '.annotations["run.oci.delegate-cgroup"] = $n' --arg n "$name"
		refused run.oci.delegate-cgroup
	done
}

# --- devices -------------------------------------------------------------------------------------

@test "CDV-01 CDV-02 CDV-08 one device program, which goes with the cgroup" {
	need_v2
	need_program bpftool
	resources '{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "r"}]}'
	running
	eq "$(bpftool -j cgroup show "$DIR" | jq length)" 1
	delete --force
	missing "$DIR"
}

@test "CDV-02 CDV-08 an update exchanges the device program at once: at no time is more or less allowed" {
	need_v2
	need_program strace
	need_program bpftool
	local i pid before after

	rules() {	# MINOR of a memory device that may be read beside the usual ones
		jq -n --argjson m "$1" '{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: $m, access: "r"}]}'
	}
	config '.linux.devices = [{path: "/dev/mine", type: "c", major: 240, minor: 250}]'
	resources "$(rules 11)"
	# What both lists allow is there all the time, and what none allows never.
	script 'while :; do : </dev/null || echo closed; (: </dev/mine) 2>/dev/null && echo open; echo turn >/turns; done'
	writable_root
	create_logged
	DIR=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
	start
	wait_file "$BUNDLE/rootfs/turns"
	for i in {1..10}; do
		before=$(bpftool -j cgroup show "$DIR" | jq -c 'map(.id)')
		rules $((11 - i % 2 * 2)) >r.json
		strace -qq -o trace -e trace=bpf "$RUNTIME" --root "$ROOT" update -r r.json "$ID"
		has "$(<trace)" BPF_F_REPLACE
		lacks "$(<trace)" BPF_PROG_DETACH
		after=$(bpftool -j cgroup show "$DIR" | jq -c 'map(.id)')
		eq "$(jq length <<<"$after")" 1
		[[ $before != "$after" ]]
	done
	eq "$(ct_output)" ""
	# A kernel that cannot exchange attaches the new one first.
	rules 11 >r.json
	strace -qq -o trace -e trace=bpf -e inject=bpf:error=EINVAL:when=4 "$RUNTIME" --root "$ROOT" update -r r.json "$ID"
	matches "$(tr '\n' ' ' <trace)" "BPF_F_REPLACE[^)]*\) = -1 EINVAL.*INJECTED.*BPF_PROG_ATTACH.* = 0.*BPF_PROG_DETACH"
	eq "$(bpftool -j cgroup show "$DIR" | jq length)" 1
	eq "$(ct_output)" ""
}

# --- the kernel's own means ----------------------------------------------------------------------

@test "CG-12 processes are born in the cgroup, killed and frozen by it, and its events are waited for" {
	need_v2 pids
	need_program strace
	local calls=clone3,openat,openat2,write,poll,ppoll,nanosleep,clock_nanosleep
	traced() { strace -qq -y -o trace -e trace=$calls "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$OUT" 2>"$ERR"; }

	args sleep 1000
	resources '{pids: {limit: 20}}'
	traced create --bundle "$BUNDLE" "$ID"
	grep -q 'clone3(.*CLONE_INTO_CGROUP' trace
	lacks "$(grep 'write(' trace)" cgroup.procs
	DIR=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
	start
	traced exec "$ID" true
	grep -q 'clone3(.*CLONE_INTO_CGROUP' trace
	lacks "$(grep 'write(' trace)" cgroup.procs
	traced pause "$ID"
	matches "$(<trace)" 'write\([0-9]+<[^>]*/cgroup.freeze>, "1"'
	traced resume "$ID"
	matches "$(<trace)" 'write\([0-9]+<[^>]*/cgroup.freeze>, "0"'
	runtime exec --detach "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	traced delete --force "$ID"
	matches "$(<trace)" 'write\([0-9]+<[^>]*/cgroup.kill>, "1"'
	lacks "$(<trace)" nanosleep
	# Nothing but the events of init and of the cgroup is waited for.
	run ! grep -E ' p?poll\((NULL|\[\])' trace
	missing "$DIR"
}

@test "CG-12 the end of the freezing is waited for, where it takes its time" {
	need_v2
	need_program strace
	script 'while :; do :; done'
	ok run --detach --bundle "$BUNDLE" "$ID"
	local i
	for i in {1..10}; do
		strace -qq -y -o trace -e trace=poll,nanosleep "$RUNTIME" --root "$ROOT" pause "$ID"
		grep -q 'frozen 1' "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")/cgroup.events"
		! grep -q 'cgroup.events>, events=POLLPRI' trace || break
		ok resume "$ID"
	done
	# Had it been frozen at once each time, nothing would have been seen.
	has "$(<trace)" 'cgroup.events>, events=POLLPRI'
	lacks "$(<trace)" nanosleep
}

# --- the end -------------------------------------------------------------------------------------

@test "RT-DEL-03 cgroups that the container made below its own go too" {
	need_v2 pids
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options |= . - ["ro"] + ["rw"]'
	at "/$TOKEN/m"
	script 'cd /sys/fs/cgroup && mkdir -p a/b/c && { sleep 1000 & echo $! >a/b/c/cgroup.procs; } &&
		echo ready; sleep 1000'
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
	exists "/sys/fs/cgroup/$TOKEN/m/a/b/c"
	delete --force
	missing "/sys/fs/cgroup/$TOKEN"
	no_process_left
}
