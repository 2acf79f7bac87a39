#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd makes the cgroup: the scope, its properties, what is left after the end. Needs a host that systemd runs.
load helpers

setup() {
	[[ -d /run/systemd/system ]] || skip "systemd does not run this host"
	is_pure_v2 || skip "this host has cgroup v1"
	test_begin
	UNIT=teu-$ID.scope
	DIR=/sys/fs/cgroup/system.slice/$UNIT
}

teardown() { [[ -z ${TEST_DIR:-} ]] || test_end; }

resources() { config ".linux.resources = $1"; }
annotate() { config '.annotations[$k] = $v' --arg k "$1" --arg v "$2"; }

sd() { ok --systemd-cgroup "$@"; }

running() {
	args sleep 1000
	sd create --bundle "$BUNDLE" "$ID"
}

show() { systemctl show "$UNIT" -p "$1" --value; }	# PROPERTY
shows() { eq "$(show "$1")" "$2" "$1"; }	# PROPERTY WANT
holds() { file_is "$DIR/$1" "$2"; }	# FILE CONTENT
no_unit() { eq "$(systemctl list-units --all --no-legend "$TOKEN*" "*-$TOKEN*")" ""; }

@test "CG-04 CG-08 X-21 a scope with init in it, in every form of the path" {
	local form path
	for form in "=/system.slice/teu-$ID.scope" "::=/system.slice/$ID.scope" \
		":p$TOKEN:=/system.slice/p$TOKEN-$ID.scope" "::n$TOKEN=/system.slice/n$TOKEN.scope" \
		"$TOKEN-a.slice:p:n=/$TOKEN.slice/$TOKEN-a.slice/p-n.scope" "-::$TOKEN=/$TOKEN.scope"; do
		config '.linux.cgroupsPath = $p' --arg p "${form%%=*}"
		running
		path=$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
		eq "$path" "${form#*=}"
		delete --force
		missing "/sys/fs/cgroup$path"
	done
	systemctl stop "$TOKEN.slice"
	no_unit
}

@test "CG-09 X-21 other forms are refused" {
	local path
	for path in /a/b a a.slice:b a:b:c a.slice:b:c:d a--b.slice:p:n a.slice:p:n.slice; do
		config '.linux.cgroupsPath = $p' --arg p "$path"
		fails --systemd-cgroup create --bundle "$BUNDLE" "$ID"
		has "$error" /linux/cgroupsPath
	done
	no_unit
}

@test "MEM-02 MEM-03 MEM-04 CPU-02 CPU-03 CPU-05 CPU-08 PIDS-02 limits that systemd knows survive its reload" {
	resources '{memory: {limit: 67108864, reservation: 33554432, swap: 100663296}, pids: {limit: 20},
		cpu: {shares: 512, quota: 20000, period: 50000, cpus: "0", mems: "0"}}'
	running
	shows MemoryMax 67108864
	shows MemoryLow 33554432
	shows MemorySwapMax 33554432
	shows TasksMax 20
	shows CPUWeight 59
	shows CPUQuotaPerSecUSec 400ms
	shows CPUQuotaPeriodUSec 50ms
	shows AllowedCPUs 0
	shows AllowedMemoryNodes 0
	shows Delegate yes
	local round
	for round in before after; do
		holds memory.max 67108864
		holds memory.low 33554432
		holds memory.swap.max 33554432
		holds pids.max 20
		holds cpu.weight 59
		holds cpu.max "20000 50000"
		holds cpuset.cpus 0
		holds cpuset.mems 0
		[[ $round == after ]] || systemctl daemon-reload
	done
}

@test "what update changed survives a reload, and the rest is as it was" {
	resources '{cpu: {quota: 50000, period: 200000, shares: 512}, pids: {limit: 40}}'
	running
	ok update --cpu-quota 20000 "$ID"
	ok update --memory 64m --cpu-idle 1 "$ID"
	ok update --cpu-idle 0 "$ID"
	shows MemoryMax 67108864
	shows TasksMax 40
	systemctl daemon-reload
	holds cpu.max "20000 200000"
	holds cpu.weight 59
	holds cpu.idle 0
	holds memory.max 67108864
	holds pids.max 40
	ok update --pids-limit -1 --memory -1 "$ID"
	systemctl daemon-reload
	holds pids.max max
	holds memory.max max
	holds cpu.max "20000 200000"
}

@test "BIO-09 BIO-10 BIO-11 BIO-12 throttles survive a reload" {
	local dev
	dev=$(stat -c '%Hd:%Ld' /)
	[[ -e /sys/dev/block/$dev && ! -e /sys/dev/block/$dev/partition ]] || skip "/ is on no whole disk"
	resources "$(jq -n --arg d "$dev" '($d | split(":") | map(tonumber)) as $n | {blockIO: (
		{major: $n[0], minor: $n[1], rate: 1048576} as $e | {throttleReadBpsDevice: [$e],
		throttleWriteIOPSDevice: [$e | .rate = 200]})}')"
	running
	holds io.max "$dev rbps=1048576 wbps=max riops=max wiops=200"
	systemctl daemon-reload
	holds io.max "$dev rbps=1048576 wbps=max riops=max wiops=200"
}

@test "UNI-01 UNI-02 unified has the last word, also after a reload" {
	resources '{memory: {limit: 67108864}, unified: {"memory.max": "33554432", "memory.high": "30M",
		"memory.oom.group": "1", "cpu.max": "30000 60000", "pids.max": "9", "cpuset.cpus": "0"}}'
	running
	local round
	for round in before after; do
		holds memory.max 33554432
		holds memory.high 31457280
		holds memory.oom.group 1
		holds cpu.max "30000 60000"
		holds pids.max 9
		holds cpuset.cpus 0
		[[ $round == after ]] || systemctl daemon-reload
	done
}

@test "PIDS-01 without a limit there is none, whatever the host's default is" {
	running
	holds pids.max max
	shows TasksMax infinity
}

@test "CPU-10 idle, which older versions of systemd do not know" {
	resources '{cpu: {idle: 1}}'
	running
	holds cpu.idle 1
}

@test "CPU-10 what is idle no more stays so when systemd writes its limits anew" {
	running
	ok update --cpu-idle 1 "$ID"
	holds cpu.idle 1
	ok update --cpu-idle 0 "$ID"
	ok update --cpuset-cpus 0 "$ID"
	systemctl daemon-reload
	ok update --pids-limit 20 "$ID"
	holds cpu.idle 0
	holds cpu.weight 100
}

@test "CDV-02 CDV-08 device rules stay when systemd reads its files anew or starts anew" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 1, minor: 11, access: "w"}]
		| .process.capabilities[] += ["CAP_MKNOD"]'
	script 'mknod /dev/k c 1 11; i=0; try() { (: </dev/k) 2>/dev/null && echo read; (: >/dev/k) && echo write; echo end; }
		try; while [ ! -e /go ]; do sleep 0.1; done; try'
	writable_root
	runtime --systemd-cgroup create --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/ct.out" 2>&1
	start
	wait_file "$TEST_DIR/ct.out"
	systemctl daemon-reload
	systemctl daemon-reexec
	local pid
	pid=$(pid_of)
	touch "$BUNDLE/rootfs/go"
	wait_pid "$pid"
	eq "$(tr '\n' ' ' <"$TEST_DIR/ct.out")" "write end write end "
}

@test "annotations are properties of the scope, with their types" {
	annotate org.systemd.property.TimeoutStopUSec "uint64 5000000"
	annotate org.systemd.property.RuntimeMaxSec 3600
	annotate org.systemd.property.After "['dbus.service']"
	annotate org.systemd.property.KillSignal 15
	annotate org.systemd.property.CollectMode "'inactive'"
	running
	shows TimeoutStopUSec 5s
	shows RuntimeMaxUSec 1h
	has "$(show After)" dbus.service
	shows KillSignal 15
	shows CollectMode inactive
}

@test "annotations that are no properties of a container, and what systemd says of wrong types" {
	annotate org.systemd.property.ExecStopPost "'/bin/sh'"
	fails --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	has "$error" org.systemd.property.ExecStopPost
	config 'del(.annotations)'
	annotate org.systemd.property.TimeoutStopUSec "'long'"
	fails --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	has "$error" "systemd refused StartTransientUnit $UNIT"
	no_unit
	leak_check
	# Who does not ask systemd is not bound by it.
	config 'del(.annotations)'
	annotate org.systemd.property.TimeoutStopUSec "'long'"
	args true
	run_ok
}

@test "RT-DEL-03 after delete there is no unit, be it ended, killed or failed" {
	args true
	sd run --bundle "$BUNDLE" "$ID"
	no_unit
	running
	start
	ok kill "$ID" KILL
	wait_pid "$(pid_of)" || :
	delete
	no_unit
	annotate org.systemd.property.CollectMode "'inactive'"
	resources '{memory: {limit: 8388608, swap: 8388608}}'
	script 'tail /dev/zero'
	sd create --bundle "$BUNDLE" "$ID"
	start
	is_stopped() { [[ $(state status) == stopped ]]; }
	eventually is_stopped
	delete --force
	no_unit
}

@test "the same id again, at once and many times" {
	args true
	local i
	for ((i = 0; i < 5; i++)); do
		sd run --bundle "$BUNDLE" "$ID"
	done
}

has_failed() { [[ $(show ActiveState) == failed ]]; }

populated() { grep -qs "populated 1" "$DIR/cgroup.events"; }

@test "a unit of that name with processes is left alone, a failed one makes way" {
	systemd-run --quiet --scope --unit "$UNIT" sleep 1000 3>&- 4>&- &
	eventually populated
	fails --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	has "$error" "unit $UNIT exists already and holds processes"
	eq "$(show ActiveState)" active
	# Killed for its memory it is remembered as failed.
	systemctl stop "$UNIT"
	systemd-run --quiet --scope --unit "$UNIT" -p MemoryMax=4M -p MemorySwapMax=0 tail /dev/zero || :
	eventually has_failed
	running
	shows ActiveState active
}

@test "the unit of a container that has ended is another's by now: delete leaves it alone" {
	running
	start
	ok kill "$ID" KILL
	eventually test ! -e "$DIR"
	systemd-run --quiet --scope --unit "$UNIT" sleep 1000 3>&- 4>&- &
	eventually populated
	delete
	shows ActiveState active
	populated
	# Also in another slice, where its cgroup is not.
	systemctl stop "$UNIT"
	running
	start
	ok kill "$ID" KILL
	eventually test ! -e "$DIR"
	systemd-run --quiet --scope --slice user.slice --unit "$UNIT" sleep 1000 &
	eventually grep -qs "populated 1" "/sys/fs/cgroup/user.slice/$UNIT/cgroup.events"
	delete
	shows ActiveState active
	systemctl stop "$UNIT"
	no_unit
}

@test "a create that was killed leaves a unit that delete removes" {
	# The first time it is killed on its way to systemd, the second time when init is in its unit and recorded.
	args sleep 1000
	strace -qq -o trace -e trace=connect -e inject=connect:signal=KILL:when=1 "$RUNTIME" --root "$ROOT" \
		--systemd-cgroup create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&- || :
	has "$(<trace)" connect
	exists "$ROOT/$ID"
	delete --force
	no_unit
	leak_check
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo >$F; exec sleep 1000"],
		env: ["PATH=/bin:/usr/bin", "F=" + $f, "RTB_TOKEN=" + $t]}]' --arg f "$TEST_DIR/hangs" --arg t "$TOKEN"
	"$RUNTIME" --root "$ROOT" --systemd-cgroup create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&- &
	wait_file "$TEST_DIR/hangs"
	populated
	kill -KILL $!
	delete --force
	no_unit
	missing "$DIR"
	our_processes | xargs -r kill -KILL 2>/dev/null || :
	leak_check
}

@test "CGO-01 CGO-04 NS-08 a writable scope belongs to the container's user" {
	userns
	add_namespace cgroup
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
	running
	eq "$(stat -c %u "$DIR" "$DIR/cgroup.procs" "$DIR/memory.max" | tr '\n' ' ')" "100000 100000 0 "
	delete --force
	annotate run.oci.delegate-cgroup payload
	running
	eq "$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")" "/system.slice/$UNIT/payload"
	eq "$(stat -c %u "$DIR" "$DIR/payload")" $'0\n100000'
	delete --force
	no_unit
}

@test "the annotation run.oci.systemd.subgroup: a cgroup below the scope, where the cgroup namespace begins" {
	local name

	add_namespace cgroup
	annotate run.oci.systemd.subgroup main
	config '.linux.resources.memory.limit = 67108864'
	running
	eq "$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")" "/system.slice/$UNIT/main"
	eq "$(<"$DIR/memory.max")" 67108864
	has "$(<"$DIR/main/cgroup.controllers")" memory
	ok exec "$ID" cat /proc/self/cgroup
	eq "$(sed -n 's/^0:://p' <<<"$output")" /
	ok ps --format json "$ID"
	eq "$(jq length <<<"$output")" 1
	ok update --pids-limit 30 "$ID"
	eq "$(<"$DIR/pids.max")" 30
	delete --force
	no_unit
	# With one that is the container's own in it.
	annotate run.oci.delegate-cgroup payload
	running
	eq "$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")" "/system.slice/$UNIT/main/payload"
	ok exec "$ID" cat /proc/self/cgroup
	eq "$(sed -n 's/^0:://p' <<<"$output")" /payload
	has "$(<"$DIR/main/payload/cgroup.controllers")" memory
	delete --force
	no_unit
	for name in a/b .. 'a b'; do
		annotate run.oci.systemd.subgroup "$name"
		fails --systemd-cgroup create --bundle "$BUNDLE" "$ID"
		has "$error" run.oci.systemd.subgroup
	done
	annotate run.oci.systemd.subgroup ''
	config 'del(.annotations["run.oci.delegate-cgroup"])'
	running
	eq "$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")" "/system.slice/$UNIT"
	delete --force
	no_unit
}

@test "no other command asks systemd" {
	need_program strace
	running
	start
	local command
	for command in "state $ID" "kill $ID 0" "ps --format json $ID" "exec $ID true" "pause $ID" "resume $ID" "list"; do
		# shellcheck disable=SC2086
		strace -f -qq -o "$TEST_DIR/trace" -e trace=openat,connect "$RUNTIME" --root "$ROOT" $command \
			</dev/null >"$OUT" 2>"$ERR" || { cat "$ERR" >&2; return 1; }
		lacks "$(<"$TEST_DIR/trace")" libsystemd
		lacks "$(<"$TEST_DIR/trace")" sun_path
	done
}

@test "without a message bus systemd's own socket will do" {
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent
	running
	delete --force
	unset DBUS_SYSTEM_BUS_ADDRESS
	no_unit
}

@test "UNI-04 a controller that the unit above was not given: its name, the directory, and Delegate=" {
	local above=/sys/fs/cgroup/system.slice/$TOKEN.service
	need_program setpriv
	systemd-run --quiet --service-type=exec --unit "$TOKEN.service" -p Delegate=pids sleep 1000
	mkdir "$above/main"
	systemctl show "$TOKEN.service" -p MainPID --value >"$above/main/cgroup.procs"
	# Who may not write here is anybody but root, or root without its capabilities.
	chown 1000 "$above/cgroup.subtree_control"
	config '.linux.cgroupsPath = $p' --arg p "/system.slice/$TOKEN.service/below"
	resources '{memory: {limit: 67108864}}'
	args true
	setpriv --inh-caps -dac_override --bounding-set -dac_override "$RUNTIME" --root "$ROOT" create \
		--bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" && return 1
	error=$(sed 's/\\"/"/g' "$ERR")
	systemctl stop "$TOKEN.service"
	has "$error" "/linux/resources/memory/limit"
	has "$error" "$above/below\" lacks the cgroup controller memory"
	has "$error" "systemd gives it to the unit $TOKEN.service by \"Delegate=memory\""
}
