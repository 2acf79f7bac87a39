#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.intelRdt. Few machines have resctrl: here a directory imitates it, through a library that is
# loaded into the runtime (resctrl_double.c). What the kernel itself would refuse is not seen here.

load helpers

setup_file() {
	suite_begin
	export DOUBLE=$SUITE_DIR/double.so
	"${CC:-cc}" -std=gnu11 -shared -fPIC -O1 -o "$DOUBLE" "$SUITES/resctrl_double.c" -ldl
}

setup() {
	test_begin
	if ! has_loader "$RUNTIME"; then
		# teu's own sister has one.
		has_loader "${RUNTIME%/*}/teu-systemd" || skip "$RUNTIME_NAME is static, nothing can be loaded into it"
		RUNTIME=${RUNTIME%/*}/teu-systemd
	fi
	! is_sanitized || skip "$RUNTIME_NAME is built with sanitizers, which take the calls first"
	RDT=$TEST_DIR/resctrl
	mkdir "$RDT"
	host_mount -t tmpfs -o mode=755 "$TOKEN" "$RDT"
	mkdir "$RDT"/{info,mon_groups}
	: >"$RDT/tasks"
	printf '    MB:0=100;1=100\n    L3:0=fff;1=fff\n' >"$RDT/schemata"
	cp "$RDT/schemata" "$TEST_DIR/default"
	export RTB_RESCTRL=$RDT
	loaded
	args /bin/sleep 100
}

has_loader() { LC_ALL=C readelf -lW "$1" 2>/dev/null | grep -q 'program interpreter'; }	# PROGRAM

# The runtime with the double in it, and what else stands before it.
loaded() {	# [ENVIRONMENT...]
	REAL=${REAL:-$RUNTIME}
	RUNTIME=$TEST_DIR/teu
	printf '#!/bin/sh\nexec env %s LD_PRELOAD=%s %s "$@"\n' "$*" "$DOUBLE" "$REAL" >"$RUNTIME"
	chmod 755 "$RUNTIME"
}

rdt() { config ".linux.intelRdt = $1"; }

group() {	# NAME [SCHEMATA]: one that an administrator made
	mkdir -p "$RDT/$1/mon_groups"
	: >"$RDT/$1/tasks"
	printf '%b' "${2:-    MB:0= 20;1= 70\n    L3:0=7f0;1=01f\n}" >"$RDT/$1/schemata"
}

groups() { (cd "$RDT" && ls -d -- */ | grep -v -x -e info/ -e mon_groups/ | tr -d '/\n') || :; }
in_group() { file_is "$RDT/$1/tasks" "$(pid_of)"; }

@test "RDT-01 RDT-18 imitated resctrl: without schemata a container enters the named group" {
	group gold
	rdt '{closID: "gold"}'
	create
	in_group gold
	ok delete --force "$ID"
	exists "$RDT/gold"
	rdt '{closID: "silver"}'
	refused '/linux/intelRdt/closID: there is no resctrl group "/silver"'
	eq "$(groups)" gold
}

@test "RDT-05 imitated resctrl: closID / is the root, and nothing is made or removed" {
	rdt '{closID: "/"}'
	create
	in_group .
	eq "$(groups)" ""
	ok delete --force "$ID"
	exists "$RDT/tasks"
	cmp "$RDT/schemata" "$TEST_DIR/default"
}

@test "RDT-10 RDT-11 RDT-13 RDT-16 RDT-20 RT-DEL-04 imitated resctrl: schemata in order, in a new group that stays" {
	rdt '{closID: "gold", memBwSchema: "MB:0=20;1=70", l3CacheSchema: "L3:0=7f0;1=1f",
		schemata: ["L2:0=f;1=f", "L3:0=7f0"]}'
	create
	file_is "$RDT/gold/schemata" $'L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f;1=f\nL3:0=7f0'
	in_group gold
	ok delete --force "$ID"
	eq "$(groups)" gold
}

@test "RDT-06 RDT-07 RDT-08 RDT-12 RDT-15 RDT-19 imitated resctrl: a group of its own ends with the container" {
	local member text
	for member in 'l3CacheSchema: "L3:0=7f0;1=1f"' 'memBwSchema: "MB:0=20;1=70"' 'schemata: ["L2:0=f"]'; do
		rdt "{$member}"
		create
		text=${member#*\"}
		file_is "$RDT/$ID/schemata" "${text%%\"*}"
		in_group "$ID"
		ok delete --force "$ID"
		eq "$(groups)" ""
	done
}

@test "RDT-01 RDT-21 imitated resctrl: what exec starts is in the same groups" {
	rdt '{enableMonitoring: true}'
	create
	start
	ok exec --detach --pid-file "$TEST_DIR/pid" "$ID" /bin/sleep 100
	ne "$(<"$TEST_DIR/pid")" "$(pid_of)"
	file_is "$RDT/$ID/tasks" "$(<"$TEST_DIR/pid")"
	file_is "$RDT/$ID/mon_groups/$ID/tasks" "$(<"$TEST_DIR/pid")"
	ok delete --force "$ID"
	eq "$(groups)" ""
}

@test "RDT-14 imitated resctrl: without schemata none is written" {
	rdt '{}'
	create
	in_group "$ID"
	cmp "$RDT/$ID/schemata" "$TEST_DIR/default"
	cmp "$RDT/schemata" "$TEST_DIR/default"
	ok delete --force "$ID"
	eq "$(groups)" ""
}

@test "RDT-20 imitated resctrl: a group of the container's name that was there stays" {
	group "$ID"
	rdt '{}'
	create
	in_group "$ID"
	ok delete --force "$ID"
	eq "$(groups)" "$ID"
}

@test "RDT-17 imitated resctrl: an existing group must have what is asked for" {
	local json
	group gold
	cp "$RDT/gold/schemata" before
	for json in 'l3CacheSchema: "L3:0=7f0;1=2f"' 'memBwSchema: "MB:0=21;1=70"' 'l3CacheSchema: "L3:7=7f0"' \
		'l3CacheSchema: "L3CODE:0=7f0"' 'l3CacheSchema: "L3:0=7f0", memBwSchema: "MB:0=9"' \
		'l3CacheSchema: "L3:nonsense"' 'l3CacheSchema: "L3:0=7f0 1=1f"'; do
		rdt "{closID: \"gold\", $json}"
		refused '/linux/intelRdt/' || { echo "with $json" >&2; return 1; }
		has "$error" 'resctrl group "/gold" exists and does not have'
		cmp "$RDT/gold/schemata" before
	done
	# the order, leading zeros and capital letters say nothing
	rdt '{closID: "gold", l3CacheSchema: "L3:1=1F;0=07f0", memBwSchema: "MB:1=70;0=20"}'
	create
	in_group gold
}

@test "RDT-09 RDT-21 imitated resctrl: a monitoring group, removed with the container" {
	group gold
	rdt '{closID: "gold", enableMonitoring: true}'
	create
	in_group gold
	in_group "gold/mon_groups/$ID"
	ok delete --force "$ID"
	eq "$(ls "$RDT/gold/mon_groups")" ""
	rdt '{closID: "/", enableMonitoring: true}'
	create
	in_group "mon_groups/$ID"
	ok delete --force "$ID"
	eq "$(ls "$RDT/mon_groups")" ""
	rdt '{enableMonitoring: true}'
	create
	in_group "$ID/mon_groups/$ID"
	ok delete --force "$ID"
	eq "$(groups)" gold
	rdt '{closID: "gold", enableMonitoring: false}'
	create
	eq "$(ls "$RDT/gold/mon_groups")" ""
}

@test "RDT-21 imitated resctrl: no room for another group" {
	group gold
	loaded RTB_RESCTRL_FULL=1
	rdt '{closID: "gold", enableMonitoring: true}'
	echo "out of RMIDs" >"$RDT/info/last_cmd_status"
	refused "/linux/intelRdt/enableMonitoring: make resctrl group \"/gold/mon_groups/$ID\" (out of RMIDs): no space left on device"
	echo ok >"$RDT/info/last_cmd_status"
	rdt '{closID: "new", schemata: ["L3:0=f"]}'
	refused '/linux/intelRdt/closID: make resctrl group "/new": no space left on device'
	eq "$(groups)" gold
}

@test "RT-CREATE-07 imitated resctrl: a create that fails leaves no group that it made" {
	group other
	config '.hooks.createRuntime = [{path: "/bin/false"}]'
	local json
	for json in '{enableMonitoring: true}' '{closID: "new", schemata: ["L3:0=f"], enableMonitoring: true}' \
		'{closID: "other", enableMonitoring: true}'; do
		rdt "$json"
		refused hook
		eq "$(groups)" other
		eq "$(ls "$RDT/mon_groups" "$RDT/other/mon_groups" | grep -v :)" ""
	done
}

@test "imitated resctrl: delete --force after a runtime that was killed" {
	rdt '{closID: "new", schemata: ["L3:0=f"], enableMonitoring: true}'
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID"]}]'
	run_runtime create --bundle "$BUNDLE" "$ID"
	ok delete --force "$ID"
	eq "$(groups)" ""
}

@test "RDT-03 imitated resctrl: without intelRdt it is left alone" {
	type -P strace >/dev/null || skip "strace is not installed"
	find "$RDT" -printf '%p %T@\n' >before
	RTB_TOKEN=$TOKEN strace -qq -e trace=file -o trace "$REAL" --root "$ROOT" create --bundle "$BUNDLE" "$ID" \
		</dev/null >/dev/null 2>&1 3>&- 4>&-
	[[ -s trace ]]
	! grep resctrl trace || return 1
	ok delete --force "$ID"
	find "$RDT" -printf '%p %T@\n' | diff before -
}

@test "imitated resctrl: enableCMT and enableMBM are said to have no effect" {
	rdt '{closID: "/", enableCMT: true}'
	args /bin/true
	warned "enableMonitoring"
}

@test "imitated resctrl: events tells what the group may use and has used" {
	rdt '{l3CacheSchema: "L3:0=ff;1=ff", enableMonitoring: true}'
	mkdir -p "$RDT"/info/{L3,MB}
	echo fff >"$RDT/info/L3/cbm_mask"
	echo 1 >"$RDT/info/L3/min_cbm_bits"
	echo 16 >"$RDT/info/L3/num_closids"
	echo 10 >"$RDT/info/MB/min_bandwidth"
	echo 10 >"$RDT/info/MB/bandwidth_gran"
	create
	local mon=$RDT/$ID/mon_groups/$ID/mon_data
	mkdir -p "$mon/mon_L3_00" "$mon/mon_L3_01"
	echo 123 >"$mon/mon_L3_00/llc_occupancy"
	echo Unavailable >"$mon/mon_L3_01/llc_occupancy"
	echo 7 >"$mon/mon_L3_00/mbm_total_bytes"
	echo 5 >"$mon/mon_L3_00/mbm_local_bytes"
	ok events --stats "$ID"
	eq "$(jq -c .data.intel_rdt.l3_cache_info <<<"$output")" \
		'{"cbm_mask":"fff","min_cbm_bits":1,"num_closids":16}'
	eq "$(jq -r .data.intel_rdt.l3_cache_schema_root <<<"$output")" "L3:0=fff;1=fff"
	has "$(jq -r .data.intel_rdt.l3_cache_schema <<<"$output")" "L3:0=ff;1=ff"
	eq "$(jq -c .data.intel_rdt.mem_bw_info <<<"$output")" '{"bandwidth_gran":10,"min_bandwidth":10}'
	eq "$(jq -c .data.intel_rdt.cmt_stats <<<"$output")" '[{"llc_occupancy":123},{}]'
	eq "$(jq -c .data.intel_rdt.mbm_stats <<<"$output")" '[{"mbm_total_bytes":7,"mbm_local_bytes":5},{}]'
	has "$(jq -c .data.intel_rdt.schemata <<<"$output")" "L3:0=ff;1=ff"
	rm -r "$mon"
}

@test "RDT-05 imitated resctrl: update changes the schemata of the container's group" {
	rdt '{l3CacheSchema: "L3:0=ff;1=ff"}'
	create
	ok update --l3-cache-schema "L3:0=f0;1=f0" --mem-bw-schema "MB:0=50;1=50" "$ID"
	has "$(cat "$RDT/$ID/schemata")" "L3:0=f0;1=f0"
	has "$(cat "$RDT/$ID/schemata")" "MB:0=50;1=50"
}
