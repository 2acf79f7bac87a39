#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec and cgroups: sub-cgroups, used up limits, an init that has moved, nothing left behind.

load helpers

setup() {
	test_begin
	args sleep 1000
	[[ -n ${RTB_OPTIONS:-} ]] || config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/$ID"
}

begin() {
	create
	start
	INIT=$(pid_of)
}

ex_fails() {	# [OPTION...] ID COMMAND...
	local want=255

	[[ $RUNTIME_NAME != crun ]] || want=1
	run_runtime exec "$@"
	((status == want)) && [[ -n $error ]] ||
		{ echo "must fail with $want and a message: $RUNTIME_NAME exec $*" >&2; show_failure; return 1; }
}

below() {	# NAME...: cgroups below the container's, in all v1 hierarchies
	local name dir

	for name; do
		for dir in $(awk '$3 == "cgroup" { print $2 }' /proc/mounts); do
			mkdir -p "$dir/$TOKEN/$ID/$name"
			[[ ! -e $dir/cpuset.cpus ]] || {
				cat "$dir/$TOKEN/$ID/cpuset.cpus" >"$dir/$TOKEN/$ID/$name/cpuset.cpus"
				cat "$dir/$TOKEN/$ID/cpuset.mems" >"$dir/$TOKEN/$ID/$name/cpuset.mems"
			}
			given "$dir/$TOKEN/$ID/$name"
		done
	done
}

# --- --cgroup ----------------------------------------------------------------------------------------

@test "--cgroup is a cgroup below the container's" {
	need_v1 pids memory
	begin
	below inner
	local path line
	for path in inner /inner; do
		ok exec --cgroup "$path" "$ID" cat /proc/self/cgroup
		while read -r line; do
			[[ $line == 0::* ]] || matches "$line" "/$TOKEN/$ID/inner\$"
		done <<<"$output"
	done
	ok exec --cgroup / "$ID" cat /proc/self/cgroup
	eq "$output" "$(cat "/proc/$INIT/cgroup")"
}

@test "--cgroup CONTROLLER:PATH is for some hierarchies" {
	need_v1 pids memory cpu
	begin
	below inner other
	ok exec --cgroup pids,memory:inner --cgroup cpu:/other "$ID" cat /proc/self/cgroup
	matches "$output" ":pids:/$TOKEN/$ID/inner"
	matches "$output" ":memory:/$TOKEN/$ID/inner"
	matches "$output" "cpu[a-z,]*:/$TOKEN/$ID/other"
	matches "$output" ":devices:/$TOKEN/$ID
"
	ex_fails --cgroup nosuch:inner "$ID" true
	ex_fails --cgroup pids:inner --cgroup pids:other "$ID" true
}

@test "--cgroup never leads out, and makes nothing" {
	begin
	mkdir "$TEST_DIR/host"
	local path before
	before=$(our_cgroups)
	for path in .. ../ /.. inner/../.. ../../.. ./inner inner//deeper inner/ "../$ID-x" /../../tmp/x . \
		pids:.. pids:../.. memory:/../x "$(printf 'x%.0s' {1..300})"; do
		ex_fails --cgroup "$path" "$ID" true || { echo "with $path" >&2; return 1; }
	done
	ex_fails --cgroup missing "$ID" true
	has "$error" missing
	eq "$(our_cgroups)" "$before"
}

# --- limits that are used up ---------------------------------------------------------------------------

# The container's directory where a controller is, of either version → DIR and VERSION.
place() {	# CONTROLLER
	local mount

	if [[ -n $(hierarchy "$1") ]]; then
		VERSION=1 DIR=$(hierarchy "$1")$(cgroup_path_of "$INIT" "$1")
	else
		mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		VERSION=2 DIR=$mount$(awk -F: '$1 == 0 { print $3 }' "/proc/$INIT/cgroup")
		[[ -n $mount ]] && grep -qw "$1" "$DIR/cgroup.controllers" || skip "no $1 controller here"
	fi
}

@test "with one task left in the pids cgroup" {
	config '.linux.resources.pids.limit = 2'
	begin
	place pids
	local i
	for i in {1..20}; do
		ok exec "$ID" true
	done
	ok exec -d "$ID" sleep 1000
	eq "$(<"$DIR/pids.current")" 2
	if ((VERSION == 2)); then
		ex_fails "$ID" true
		has "$error" "the pids limit of cgroup \"$DIR\" is used up: 2 of 2"
	else
		# Who is put into a cgroup is not held against its limit, so that it works beyond, too.
		ok exec "$ID" true
	fi
}

@test "memory that is full of what can be given back" {
	config '.linux.resources.memory.limit = 16777216 | .root.readonly = false'
	begin
	place memory
	ok exec "$ID" sh -c 'dd if=/dev/zero of=/tmp/file bs=1M count=40 2>/dev/null; cat /tmp/file >/dev/null'
	local i
	for i in {1..10}; do
		ok exec "$ID" true
	done
}

memory_used() { cat "$DIR/memory.usage_in_bytes" 2>/dev/null || cat "$DIR/memory.current"; }
memory_kills() { sed -n 's/^oom_kill //p' "$DIR/memory.oom_control" 2>/dev/null || sed -n 's/^oom_kill //p' "$DIR/memory.events"; }

# The limit comes down on what the container holds and cannot give back.
leave() {	# KIB
	local file=$DIR/memory.limit_in_bytes

	((VERSION == 1)) || file=$DIR/memory.max
	((VERSION == 2)) || echo 0 >"$DIR/memory.force_empty" || :
	echo $(($(memory_used) + $1 * 1024)) >"$file"
}

full() {
	config '.linux.resources.memory = {limit: 33554432}
		| .mounts += [{destination: "/eat", type: "tmpfs", source: "tmpfs"}]'
	begin
	place memory
	ok exec "$ID" dd if=/dev/zero of=/eat/file bs=64k count=64
}

@test "under memory pressure the workload is never the one that is killed" {
	[[ $(wc -l </proc/swaps) == 1 ]] || skip "this machine has swap"
	full
	local free i good=0 refused=0
	for free in 2048 1024 512 384 256 192 128 96 64 32 16 4; do
		leave "$free"
		for i in {1..5}; do
			run_runtime exec "$ID" true
			echo "$free KiB: $status $error" >>"$TEST_DIR/seen"
			kill -0 "$INIT" || { cat "$TEST_DIR/seen" >&2; return 1; }
			eq "$(state status)" running "with $free KiB free"
			if ((status == 0)); then
				((++good))
				continue
			fi
			# Each processor may hold 64 pages of the limit in advance (MEMCG_CHARGE_BATCH).
			((free < 256 * (1 + $(nproc)))) || { cat "$TEST_DIR/seen" >&2; return 1; }
			# Killed on the way into its program, it may be called killed.
			((status == 137)) && continue
			eq "$status" 255
			has "$error" "the memory limit of cgroup \"$DIR\" is used up: "
			((++refused))
		done
	done
	# What earlier ones used is given back when the kernel comes to it.
	((good >= 5 && refused >= 5))
	leave 2048
	ok exec "$ID" true
}

@test "a program that is killed for want of memory gives 137" {
	full
	run_runtime exec "$ID" awk 'BEGIN { s = "0123456789abcdef"; while (1) s = s s }'
	eq "$status" 137
	eq "$(state status)" running
}

# --- an init that has moved ------------------------------------------------------------------------------

unified() {	# → UNIFIED, the container's directory in cgroup v2, and INIT
	begin
	UNIFIED=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[[ -n $UNIFIED ]] || skip "no cgroup2 is mounted here"
	UNIFIED+=$(awk -F: '$1 == 0 { print $3 }' "/proc/$INIT/cgroup")
}

# Takes the controllers away from the directory above, so that it may hold processes.
bare() {
	local controller

	for controller in $(<"${UNIFIED%/*}/cgroup.subtree_control"); do
		echo "-$controller" >"${UNIFIED%/*}/cgroup.subtree_control"
	done
}

same_cgroup() {
	ok exec "$ID" cat /proc/self/cgroup
	eq "$(grep ^0:: <<<"$output")" "$(grep ^0:: "/proc/$INIT/cgroup")"
}

@test "init has moved to a leaf of its cgroup, which can hold no process any more" {
	unified
	local controller
	controller=$(cut -d' ' -f1 <"${UNIFIED%/*}/cgroup.controllers")
	[[ -z $controller ]] || echo "+$controller" >"${UNIFIED%/*}/cgroup.subtree_control"
	[[ -n $controller ]] || skip "no controller in cgroup v2"
	mkdir "$UNIFIED/leaf"
	echo "$INIT" >"$UNIFIED/leaf/cgroup.procs"
	echo "+$controller" >"$UNIFIED/cgroup.subtree_control"
	same_cgroup
	has "$output" "/leaf"
	ok exec -d "$ID" sleep 1000
	eq "$(wc -l <"$UNIFIED/leaf/cgroup.procs")" 2
}

@test "init and its cgroup are threaded" {
	need_cgroupfs
	unified
	bare
	echo "$INIT" >"${UNIFIED%/*}/cgroup.procs"
	echo threaded >"$UNIFIED/cgroup.type" || skip "this hierarchy has no threads"
	ok exec "$ID" true
	echo "$INIT" >"$UNIFIED/cgroup.procs"
	ok exec "$ID" true
	# A domain for the removal.
	echo "$INIT" >"${UNIFIED%/*}/cgroup.procs"
}

@test "init is elsewhere and its cgroup has become an invalid domain" {
	need_cgroupfs
	unified
	bare
	echo "$INIT" >"${UNIFIED%/*}/cgroup.procs"
	mkdir "${UNIFIED%/*}/threads"
	echo threaded >"${UNIFIED%/*}/threads/cgroup.type" || skip "this hierarchy has no threads"
	eq "$(<"$UNIFIED/cgroup.type")" "domain invalid"
	given "${UNIFIED%/*}/threads"
	echo "$INIT" >"${UNIFIED%/*}/threads/cgroup.procs"
	same_cgroup
	delete --force
	rmdir "${UNIFIED%/*}/threads"
	rmdir "${UNIFIED%/*}"
}

@test "init has left its cgroup, which was removed" {
	need_cgroupfs
	unified
	local away=${UNIFIED%/*}/$ID-away
	mkdir "$away"
	given "$away"
	echo "$INIT" >"$away/cgroup.procs"
	rmdir "$UNIFIED"
	same_cgroup
	delete --force
	rmdir "$away" "${UNIFIED%/*}"
}

@test "the same in a v1 hierarchy" {
	need_v1 pids
	begin
	local pids away
	pids=$(hierarchy pids)/$TOKEN
	away=$pids/$ID-away
	mkdir "$away"
	given "$away"
	echo "$INIT" >"$away/cgroup.procs"
	rmdir "$pids/$ID"
	ok exec "$ID" cat /proc/self/cgroup
	eq "$output" "$(cat "/proc/$INIT/cgroup")"
	delete --force
	rmdir "$away" "$pids"
}

# --- nothing is left -------------------------------------------------------------------------------------

@test "many processes leave nothing behind" {
	config '.linux.resources.memory.limit = 67108864'
	begin
	local before i times=1000

	! is_sanitized || times=50
	before=$(ls "$ROOT/$ID" | sort; our_cgroups | sort; ls "/proc/$INIT/fd" | wc -l)
	for ((i = 0; i < ${RTB_EXECS:-$times}; i++)); do
		RTB_TOKEN=$TOKEN "$RUNTIME" --root "$ROOT" exec "$ID" /bin/probe ids </dev/null >/dev/null 3>&- 4>&-
	done
	eq "$(ls "$ROOT/$ID" | sort; our_cgroups | sort; ls "/proc/$INIT/fd" | wc -l)" "$before"
	eq "$(our_processes | wc -l)" 1
	ok exec "$ID" sh -c 'ls -d /proc/[0-9]*'
	eq "$(grep -c . <<<"$output")" 2
}

# A capability to take away and a v1 hierarchy to enter cost calls that nobody can save; the rest is ours.
@test "one clone, no mount, no table of mounts, few system calls" {
	need_root "be in the container's pid namespace by one clone: it has to enter its user namespace first"
	need_program strace
	! is_sanitized || skip "$RUNTIME_NAME is built with sanitizers, which make calls of their own"
	begin
	caller strace -f -qq -o trace "$(program_of)" --root "$ROOT" exec "$ID" /bin/true </dev/null
	eq "$(grep -cE ' (clone3?|v?fork)\(' trace)" 1
	# Others than the children's pid namespace are joined by one call.
	eq "$(grep -c ' setns(' trace)" 2
	run ! grep -E ' (mount|umount2|fsopen|fsmount|move_mount|pivot_root|unshare)\(|mountinfo|/proc/mounts|dbus|bus_socket' trace
	# Not what the dynamic loader and the program itself do.
	awk '/PR_CAPBSET_READ/ { on = 1 } on && !program[$1] && !/resumed>/ && !/PR_CAPBSET_DROP|\/tasks"|"0", 1/ { n++ }
		/execve\("\/bin\/true"/ { program[$1] = 1 } END { print n + 0 }' trace >count
	echo "$(<count) calls of $(wc -l <trace)"
	# Outside of the initial user namespace some things are tried in vain.
	(($(<count) > 50 && $(<count) <= 160 + ${RTB_USERNS:-0} * 10))
	# 120 of the runtime's own process, of which 14 are the start of a static program.
	caller strace -qq -o trace "$(program_of)" --root "$ROOT" exec "$ID" /bin/true </dev/null
	sed -n '/PR_CAPBSET_READ/,$p' trace | wc -l >count
	echo "$(<count) calls of the runtime itself"
	(($(<count) > 30 && $(<count) <= 120 - 14 + ${RTB_USERNS:-0} * 20))
}

@test "many at the same time" {
	begin
	local i jobs=()
	for i in {1..20}; do
		runtime exec "$ID" sh -c "exit $i" </dev/null &
		jobs+=($!)
	done
	for i in {1..20}; do
		status=0
		wait "${jobs[i - 1]}" || status=$?
		eq "$status" "$i"
	done
	eq "$(our_processes | wc -l)" 1
}

@test "the container deleted meanwhile" {
	begin
	background runtime exec --pid-file "$TEST_DIR/pid" "$ID" sleep 1000 </dev/null
	local job=$BACKGROUND
	# It is there when the program runs.
	wait_file "$TEST_DIR/pid"
	delete --force
	status=0
	wait "$job" || status=$?
	eq "$status" 137
}

@test "deleting and executing at the same time" {
	local i
	for i in {1..10}; do
		begin
		runtime exec "$ID" true </dev/null >/dev/null 2>&1 &
		runtime exec "$ID" sleep 1000 </dev/null >/dev/null 2>&1 &
		delete --force
		wait
	done
}
