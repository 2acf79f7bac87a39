#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Podman says of a container's program and namespaces, and its hooks.

load engines
load podman

# ---- the process --------------------------------------------------------------

@test "podman run --user: numbers, names, groups" {
	run pod run --rm --user 1000:29 $IMAGE id
	[[ "$output" == "uid=1000(user) gid=29(audio)"* ]]
	run pod run --rm --user user --group-add audio $IMAGE id
	[[ "$output" == *"uid=1000(user)"* && "$output" == *"29(audio)"* ]]
	run pod run --rm --user 4711 $IMAGE sh -c 'id -u; id -g'
	[ "$output" = $'4711\n0' ]
}

@test "podman run --cap-drop, --cap-add: the sets of the program" {
	run pod run --rm --cap-drop ALL $IMAGE grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status
	[ "$(grep -c 0000000000000000 <<< "$output")" = 4 ]
	run pod run --rm --cap-drop ALL --cap-add NET_ADMIN $IMAGE grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status
	[ "$(grep -c 0000000000001000 <<< "$output")" = 3 ]
	run pod run --rm --cap-drop CHOWN $IMAGE chown 1 /etc/group
	[ "$status" -ne 0 ]
}

@test "podman run --privileged: host devices and mounting" {
	run pod run --rm --privileged $IMAGE sh -c 'mount -t tmpfs none /mnt && test -c /dev/kmsg && echo ok'
	[ "$status" -eq 0 ]
	[ "$output" = ok ]
}

@test "podman run --security-opt no-new-privileges" {
	run pod run --rm --security-opt no-new-privileges $IMAGE grep NoNewPrivs /proc/self/status
	[[ "$output" == *1 ]]
	run pod run --rm $IMAGE grep NoNewPrivs /proc/self/status
	[[ "$output" == *0 ]]
}

@test "podman run: the default seccomp profile is loaded" {
	run pod run --rm $IMAGE grep '^Seccomp:' /proc/self/status
	[ "$status" -eq 0 ]
	[[ "$output" == *2 ]]
}

@test "podman run --security-opt seccomp=unconfined: no filter" {
	run pod run --rm --security-opt seccomp=unconfined $IMAGE grep '^Seccomp:' /proc/self/status
	[ "$status" -eq 0 ]
	[[ "$output" == *0 ]]
}

@test "podman run --security-opt seccomp=FILE: the profile decides" {
	cat > "$W/t/profile.json" <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
		 "syscalls": [{"names": ["mkdir", "mkdirat", "not_a_system_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
	JSON
	run pod run --rm --security-opt "seccomp=$W/t/profile.json" $IMAGE mkdir /tmp/x
	[ "$status" -ne 0 ]
	[[ "$output" == *"not supported"* ]]
}

@test "podman run --read-only: the root is read-only, the volumes are not" {
	mkdir "$W/t/v"
	run pod run --rm --read-only -v "$W/t/v:/mnt" $IMAGE sh -c 'echo ok > /mnt/f; echo ok > /tmp/f; echo no > /etc/f'
	[ "$status" -ne 0 ]
	[[ "$output" == *"/etc/f: Read-only file system"* ]]
	[ "$(cat "$W/t/v/f")" = ok ]
}

@test "podman run --hostname, --env, --workdir, --umask" {
	run pod run --rm --hostname box --env A=b --workdir /tmp --umask 0077 $IMAGE sh -c 'hostname; echo $A; pwd; umask'
	[ "$status" -eq 0 ]
	[ "$output" = $'box\nb\n/tmp\n0077' ]
}

@test "podman run --device: reading as allowed, writing refused" {
	local device found=

	for device in /dev/loop-control /dev/net/tun /dev/fuse; do
		[ ! -c $device ] || found=$device
	done
	[ -n "$found" ] || skip "this machine has none of /dev/loop-control, /dev/net/tun, /dev/fuse"
	run pod run --rm --device "$found:/dev/mine:r" $IMAGE sh -c ': < /dev/mine && echo readable; : > /dev/mine'
	[ "$status" -ne 0 ]
	[[ "$output" == *readable* ]]
	[[ "$output" == *"Operation not permitted"* ]]
}

@test "podman run: a device that was not given cannot be made and opened" {
	run pod run --rm $IMAGE sh -c 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg'
	[ "$status" -ne 0 ]
	[[ "$output" == *"Operation not permitted"* ]]
}

@test "podman run --init: a small init is pid 1 and reaps" {
	[ -x /usr/libexec/podman/catatonit ] || skip "catatonit is not installed"
	run pod run --rm --init $IMAGE sh -c 'cat /proc/1/comm; exit 6'
	[ "$status" -eq 6 ]
	[[ "$output" == *catatonit* || "$output" == *podman-init* ]]
}

@test "podman run --sysctl: in its own network and ipc namespace" {
	run pod run --rm --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=12345 $IMAGE \
		cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
	[ "$status" -eq 0 ]
	[ "$output" = $'1\n12345' ]
}

@test "podman run --shm-size" {
	run pod run --rm --shm-size 3m $IMAGE sh -c 'df -k /dev/shm | tail -1'
	[[ "$output" == *" 3072 "* ]]
}

@test "podman run: masked and read-only paths of /proc" {
	local file files=()

	for file in kcore keys timer_list latency_stats sched_debug; do
		[ ! -e /proc/$file ] || files+=(/proc/$file)
	done
	[ ${#files[@]} -gt 0 ]
	run pod run --rm $IMAGE cat "${files[@]}"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run pod run --rm $IMAGE sh -c 'echo "files: $(ls -A /sys/firmware | wc -l)"; echo 1 > /proc/sys/kernel/panic'
	[ "$status" -ne 0 ]
	[[ "$output" == *"files: 0"* ]]
	[[ "$output" == *"Read-only file system"* ]]
}

@test "podman run --preserve-fds: descriptor 3 is handed over, nothing else" {
	echo content > "$W/t/f"
	run bash -c "podman --root $W/p/root --runroot $W/p/run --tmpdir $W/p/tmp --storage-driver vfs \
		run --rm --preserve-fds 1 $IMAGE sh -c 'cat <&3; ls /proc/self/fd | wc -l' 3< $W/t/f 4>&-"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = content ]
	[ "${lines[1]}" = 5 ] # 0 to 3, and ls's own
}

@test "podman run: no descriptor of the engine reaches the program" {
	run pod run --rm $IMAGE sh -c 'ls /proc/self/fd | wc -l'
	[ "$output" = 4 ]
}

@test "podman run: no signal is blocked or ignored" {
	run pod run --rm $IMAGE grep -E '^Sig(Blk|Ign)' /proc/self/status
	[ "$(grep -c 0000000000000000 <<< "$output")" = 2 ]
}

@test "podman run --systemd=always: the mounts that an init expects" {
	run pod run --rm --systemd=always $IMAGE sh -c 'grep -c -E " /(run|run/lock|tmp|var/log/journal) " /proc/self/mounts; cat /proc/1/comm'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" -ge 3 ]
}

# ---- namespaces ---------------------------------------------------------------

@test "podman run --uidmap: root inside is another user outside" {
	pod run -d --name um --uidmap 0:100000:65536 --gidmap 0:100000:65536 $IMAGE sh -c 'id -u; sleep 60'
	logs_have um 0
	[ "$(stat -c %u "/proc/$(pid_of um)")" = 100000 ]
	grep -q ' 0 *100000 *65536' "/proc/$(pid_of um)/uid_map"
	pod_remove um
}

@test "podman run --pid, --ipc, --uts, --network host: the host's namespaces" {
	local ns

	pod run -d --name hn --pid host --ipc host --uts host --network host $IMAGE sleep 60
	for ns in pid ipc uts net; do
		[ "$(readlink "/proc/$(pid_of hn)/ns/$ns")" = "$(readlink /proc/self/ns/$ns)" ]
	done
	[ "$(readlink "/proc/$(pid_of hn)/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
	pod rm -f -t 0 hn
}

@test "podman run --pid host: stop ends every process of the container" {
	pod run -d --name ha --pid host --stop-signal KILL $IMAGE sh -c "sleep 9174 & sleep 9174 & echo ready; wait"
	logs_have ha ready
	pod stop -t 1 ha
	wait_for 5 bash -c '! pgrep -f "^sleep 9174"'
	pod rm ha
}

@test "podman run --pid container:X, --network container:X: joined by path" {
	pod run -d --name a1 $IMAGE sleep 60
	run pod run --rm --pid container:a1 --network container:a1 --ipc container:a1 $IMAGE \
		sh -c 'readlink /proc/self/ns/pid; readlink /proc/self/ns/net; ps | grep -c "[s]leep 60"'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$(readlink "/proc/$(pid_of a1)/ns/pid")" ]
	[ "${lines[1]}" = "$(readlink "/proc/$(pid_of a1)/ns/net")" ]
	[ "${lines[2]}" = 1 ]
	pod rm -f -t 0 a1
}

@test "podman pod: containers share the pod's namespaces" {
	pod pod create --name p1 --infra-image $IMAGE --infra-command "sleep 600"
	pod run -d --pod p1 --name pa $IMAGE sleep 60
	pod run -d --pod p1 --name pb $IMAGE sleep 60
	[ "$(readlink "/proc/$(pid_of pa)/ns/net")" = "$(readlink "/proc/$(pid_of pb)/ns/net")" ]
	[ "$(readlink "/proc/$(pid_of pa)/ns/uts")" = "$(readlink "/proc/$(pid_of pb)/ns/uts")" ]
	[ "$(readlink "/proc/$(pid_of pa)/ns/mnt")" != "$(readlink "/proc/$(pid_of pb)/ns/mnt")" ]
	pod pod rm -f -t 0 p1
}

# ---- hooks --------------------------------------------------------------------

@test "podman --hooks-dir: hooks run with the state on standard input" {
	mkdir "$W/t/hooks"
	cat > "$W/t/hook" <<-SH
		#!/bin/sh
		{ echo "\$1"; cat; echo; } >> $W/t/calls
	SH
	chmod 755 "$W/t/hook"
	for kind in createRuntime poststart; do
		cat > "$W/t/hooks/$kind.json" <<-JSON
			{"version": "1.0.0", "hook": {"path": "$W/t/hook", "args": ["hook", "$kind"]},
			 "when": {"always": true}, "stages": ["$kind"]}
		JSON
	done
	pod --hooks-dir "$W/t/hooks" run --rm --name hk --annotation test.key=value $IMAGE true
	[ "$(grep -cE '^(createRuntime|poststart)$' "$W/t/calls")" = 2 ]
	[ "$(sed -n 1p "$W/t/calls")" = createRuntime ]
	sed -n 2p "$W/t/calls" | jq -e '.pid > 0 and .annotations["test.key"] == "value" and (.bundle | startswith("/"))'
}

@test "podman --hooks-dir: a failing createRuntime hook fails the run, nothing stays" {
	mkdir "$W/t/hooks"
	cat > "$W/t/hooks/bad.json" <<-'JSON'
		{"version": "1.0.0", "hook": {"path": "/bin/false"}, "when": {"always": true}, "stages": ["createRuntime"]}
	JSON
	run pod --hooks-dir "$W/t/hooks" run --rm $IMAGE echo must-not-run
	[ "$status" -ne 0 ]
	[[ "$output" != *must-not-run* ]]
	[[ "$output" == *hook* ]]
}
