#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a host grants an ordinary user of Podman, or not: a cgroup of v2, subordinate ids.

load engines
load user
load podman_rootless

@test "rootless pause, stats: Podman refuses them without cgroup v2" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || skip "this machine has cgroup v2: see the next test"
	life() {
		pod run -d --name c $IMAGE sleep 60 > /dev/null
		say pod pause c
		say pod stats --no-stream c
	}
	both life
	eq "$(said pod pause)" "= 125"
	grep -q 'cgroup V1' "$W/t/ours.errors"
}

@test "rootless with a delegated cgroup v2: a cgroup of its own, pause, exec in it, nothing stays" {
	life() {
		local pid

		pod run -d --name c $IMAGE sh -c 'while :; do echo x >> /tmp/n; sleep 0.05; done' > /dev/null
		pid=$(pod inspect -f '{{.State.Pid}}' c)
		say world sh -c "grep ^0:: /proc/$pid/cgroup"
		say pod exec c grep ^0:: /proc/self/cgroup
		say pod exec c sh -c 'cat /sys/fs/cgroup/cgroup.procs | head -n 1; mkdir /sys/fs/cgroup/x || echo refused'
		say pod pause c
		say pod inspect -f '{{.State.Status}}' c
		say count c
		say pod unpause c
		say wait_for 5 pod exec c true
		say pod top c comm
		say pod stats --no-stream --format '{{.Name}}' c
		say pod stop -t 0 c
		say pod rm c
		say pod run --rm --pids-limit 33 $IMAGE sh -c 'cat /sys/fs/cgroup/pids.max'
	}
	# shellcheck disable=SC2317
	count() {
		local first

		first=$(world stat -c %s "$(root_of "$1")/tmp/n")
		sleep 0.3
		[ "$(world stat -c %s "$(root_of "$1")/tmp/n")" = "$first" ] && echo frozen
	}
	# shellcheck disable=SC2317
	root_of() {
		echo "/proc/$(pod inspect -f '{{.State.Pid}}' "$1")/root"
	}
	only delegated life
	[[ "$(said world)" == "0::/$WORD/"[0-9a-f]*$'\n= 0' ]]
	eq "$(said pod exec c grep)" $'0::/\n= 0'
	eq "$(said pod exec c sh)" $'1\nrefused\n= 0'
	eq "$(said pod inspect)" $'paused\n= 0'
	eq "$(said count)" $'frozen\n= 0'
	eq "$(said pod stats)" $'c\n= 0'
	if grep -qw pids "$(cgroup2_mount)/$WORD/cgroup.controllers"; then
		eq "$(said pod run --rm --pids-limit)" $'33\n= 0'
	else
		eq "$(said pod run --rm --pids-limit)" "= 126"
		grep -q 'pids.*no cgroup controller\|no cgroup controller pids' "$W/t/delegated.errors"
	fi
}

@test "rootless with a cgroup v2 of somebody else: the container stays in it, and sees it read-only" {
	life() {
		side_begin bare
		say pod run --rm $IMAGE sh -c 'grep ^0:: /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.controllers | wc -l
			mkdir /sys/fs/cgroup/x || echo refused
			awk "\$5 ~ /^.sys.fs.cgroup/ { print \$5, \$6 }" /proc/self/mountinfo'
		say pod run --rm --systemd=always $IMAGE echo systemd
	}
	only bare life
	eq "$(said pod run --rm $IMAGE)" $'0::/\n1\nrefused\n/sys/fs/cgroup ro,nosuid,nodev,noexec,relatime\n= 0'
	eq "$(said pod run --rm --systemd)" $'systemd\n= 0'
}

cgroup2_mount() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

@test "rootless without subordinate ids: one id is mapped, and Podman says what is missing" {
	life() {
		world_begin alone
		RUNTIME=$(runtime_of) podman_conf > "$W/$SIDE/containers.conf"
		say alone import -q "$W/rootfs.tar" $IMAGE
		say alone run --rm $IMAGE sh -c 'tr -s " " < /proc/self/uid_map; id -u; cat /proc/self/setgroups'
		say alone run -d --name c $IMAGE sleep 60
		say alone exec c sh -c 'id -u; touch /f && stat -c %u /f'
		say alone run --rm --user 1000 $IMAGE true
		say alone rm -f -t 0 c
	}
	# shellcheck disable=SC2317
	alone() {
		pod --storage-opt vfs.ignore_chown_errors=true "$@"
	}
	only alone life
	eq "$(said alone run --rm $IMAGE sh)" " 0 $USER_ID 1"$'\n0\ndeny\n= 0'
	eq "$(said alone exec)" $'0\n0\n= 0'
	[[ "$(said alone run --rm --user)" == "= 12"[567] ]]
}
