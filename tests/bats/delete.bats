#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# delete: in which states, by force, and what is gone afterwards.

load helpers

@test "RT-DEL-02 a running container is refused and runs on" {
	args sleep 1000
	create
	start
	fails delete "$ID"
	has "$error" "cannot delete container $ID that is not stopped: running"
	eq "$(state status)" running
	exists "/proc/$(pid_of)"
}

@test "RT-DEL-02 X-33 a created container is killed and deleted" {
	create
	local pid=$(pid_of)
	ok delete "$ID"
	is_gone
	wait_pid "$pid" 0.1
}

@test "RT-DEL-02 a paused container is refused" {
	need_controller freezer
	args sleep 1000
	create
	start
	freeze "$(pid_of)"
	fails delete "$ID"
	eq "$(state status)" paused
}

@test "--force ends a paused container too" {
	need_controller freezer
	args sleep 1000
	create
	start
	freeze "$(pid_of)"
	ok delete --force "$ID"
	leak_check
}

@test "--force and -f kill a running container with everything in it" {
	script 'sleep 1009 & (setsid sleep 1010) & trap "" TERM INT HUP; echo ready; wait'
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
	ok delete -f "$ID"
	leak_check
}

@test "--force without a pid namespace takes what was left behind" {
	need_cgroup
	without_namespace pid
	script '(setsid sleep 1011 >/dev/null 2>&1 &); exit 0'
	create
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	eq "$(state status)" stopped
	ok delete --force "$ID"
	leak_check
}

@test "RT-DEL-03 delete of a stopped container takes what was left behind" {
	need_cgroup
	without_namespace pid
	script '(setsid sleep 1011 >/dev/null 2>&1 &); exit 0'
	create
	local pid=$(pid_of)
	start
	wait_pid "$pid"
	ok delete "$ID"
	leak_check
}

@test "--force of an unknown id is success" {
	ok delete --force "$ID"
}

@test "an unknown id is an error" {
	fails delete "$ID"
	has "$error" "does not exist"
}

@test "RT-DEL-03 a fork bomb does not outrun delete" {
	need_controller pids
	without_namespace pid
	config '.linux.resources.pids.limit = 60'
	script 'bomb() { bomb & bomb & wait; }; echo ready; bomb 2>/dev/null; sleep 1012'
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
	ok delete --force "$ID"
	leak_check
}

@test "ids that would leave the state directory are not followed" {
	mkdir "$TEST_DIR/victim" && touch "$TEST_DIR/victim/file"
	run_runtime delete --force ../victim
	exists "$TEST_DIR/victim/file"
	run_runtime delete --force ""
	ne "$status" 0
	run_runtime delete --force .
	exists "$ROOT"
	run_runtime delete --force ..
	exists "$TEST_DIR/victim/file"
}

@test "the files of the bundle stay" {
	create
	delete --force
	exists "$BUNDLE/config.json"
	exists "$BUNDLE/rootfs/bin/busybox"
}
