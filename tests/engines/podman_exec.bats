#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman and a running container: exec, pause, top, update; engines that die; the same life on another runtime.

load engines
load podman

# ---- exec ---------------------------------------------------------------------

@test "podman exec: output, error and status come through, 125 to 127 too" {
	local code

	pod run -d --name x1 $IMAGE sleep 300
	run --separate-stderr pod exec x1 sh -c 'echo to-out; echo to-err >&2'
	[ "$status" -eq 0 ]
	[ "$output" = to-out ]
	[ "$stderr" = to-err ]
	for code in 1 7 125 126 127 255; do
		run -$code pod exec x1 sh -c "exit $code"
	done
	run -143 pod exec x1 sh -c 'kill -TERM $$'
}

@test "podman exec: a program that is not there gives 127, one that cannot run 126" {
	pod run -d --name x1 $IMAGE sleep 300
	run -127 pod exec x1 no-such-program
	[[ "$output" == *no-such-program* ]]
	run -127 pod exec x1 /no/such/program
	run -126 pod exec x1 /etc/passwd
	run -126 pod exec x1 /etc
	run -127 pod exec --workdir /nowhere x1 true
	[[ "$output" == *nowhere* ]]
}

@test "podman exec: in the container's namespaces and cgroups" {
	pod run -d --name x1 --memory 64m $IMAGE sleep 300
	run pod exec x1 sh -c 'cat /proc/self/cgroup; readlink /proc/self/ns/mnt'
	[ "$status" -eq 0 ]
	[ "$(head -n -1 <<< "$output")" = "$(cat "/proc/$(pid_of x1)/cgroup")" ]
	[ "$(tail -n 1 <<< "$output")" = "$(readlink "/proc/$(pid_of x1)/ns/mnt")" ]
}

@test "podman exec -i: standard input reaches the program, its end too" {
	pod run -d --name x1 $IMAGE sleep 300
	run bash -c "$(declare -f pod); printf 'a\nb\n' | pod exec -i x1 wc -l"
	[ "$status" -eq 0 ]
	[ "$output" = 2 ]
	run bash -c "$(declare -f pod); pod exec x1 head -c 1048576 /dev/zero | wc -c"
	[ "$output" = 1048576 ]
}

@test "podman exec -it: the program has a terminal of the caller's size" {
	pod run -d --name x1 $IMAGE sleep 300
	run on_terminal 33 77 "$(declare -f pod); pod exec -it x1 sh -c 'tty; $SIZE_COMES; exit 9'"
	[ "$status" -eq 9 ]
	[[ "$output" == *"/dev/pts/"* ]]
	[[ "$output" == *"33 77"* ]]
}

@test "podman exec --user, --env, --workdir, --privileged" {
	pod run -d --name x1 --env A=1 --user 1000:1000 $IMAGE sleep 300
	run pod exec x1 sh -c 'id -u; id -g; echo $A'
	[ "$output" = $'1000\n1000\n1' ]
	run pod exec --user root --env A=2 --workdir /tmp x1 sh -c 'id -u; echo $A; pwd'
	[ "$output" = $'0\n2\n/tmp' ]
	run pod exec --user 1000:29 x1 id -g
	[ "$output" = 29 ]
	run pod exec --privileged --user root x1 grep CapEff /proc/self/status
	[ "$status" -eq 0 ]
	[ "$(awk '{ print $2 }' <<< "$output")" != 0000000000000000 ]
}

@test "podman exec -d: goes on, and ends with the container" {
	pod run -d --name x1 $IMAGE sleep 300
	pod exec -d x1 sh -c 'echo here > /tmp/here; exec sleep 299'
	wait_for 10 pod exec x1 test -s /tmp/here
	pod top x1 args | grep -q 'sleep 299'
	pod stop -t 1 x1
	run pod exec x1 true
	[ "$status" -ne 0 ]
}

@test "podman exec: the seccomp profile and no_new_privs hold" {
	pod run -d --name x1 --security-opt no-new-privileges $IMAGE sleep 300
	run pod exec x1 grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
}

@test "podman exec --preserve-fds: descriptor 3 is handed over, nothing else" {
	pod run -d --name x1 $IMAGE sleep 300
	echo content > "$W/t/file"
	run bash -c "$(declare -f pod | sed 's/ 3>&-//'); pod exec --preserve-fds 1 x1 sh -c 'cat <&3; ls /proc/self/fd' 3< $W/t/file"
	[ "$status" -eq 0 ]
	[ "$output" = $'content\n0\n1\n2\n3\n4' ] # the last is the listing's own
}

@test "podman exec in a user namespace, a pod and with the host's pid namespace" {
	pod run -d --name x1 --uidmap 0:100000:65536 --gidmap 0:100000:65536 $IMAGE sleep 300
	run pod exec x1 sh -c 'id -u; head -n1 /proc/self/uid_map | tr -s " "'
	[ "$output" = $'0\n 0 100000 65536' ]
	pod run -d --name x2 --pid host $IMAGE sleep 300
	run pod exec x2 sh -c 'echo $$'
	[ "$output" -gt 1 ]
	pod pod create --name x3 --infra-command "sleep 300" --infra-image $IMAGE
	pod run -d --pod x3 --name x4 $IMAGE sleep 300
	run pod exec x4 readlink /proc/self/ns/ipc
	[ "$output" = "$(readlink "/proc/$(pid_of x4)/ns/ipc")" ]
}

@test "podman exec: thirty in turn, ten at the same time" {
	local i

	pod run -d --name x1 $IMAGE sleep 300
	for i in 1 2 3 4 5 6 7 8 9 10; do
		pod exec x1 true
	done
	for i in 1 2 3 4 5 6; do
		pod exec x1 sh -c "echo $i > /tmp/$i" &
	done
	wait
	run pod exec x1 sh -c 'cat /tmp/[1-6] | sort | tr -d "\n"'
	[ "$output" = 123456 ]
}

@test "podman healthcheck: healthy and not" {
	pod run -d --name x1 --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 $IMAGE sleep 300
	run pod healthcheck run x1
	[ "$status" -ne 0 ]
	pod exec x1 touch /tmp/well
	run pod healthcheck run x1
	[ "$status" -eq 0 ]
	[ "$(field x1 '{{.State.Health.Status}}')" = healthy ]
}

# ---- a running container ------------------------------------------------------

@test "podman pause, unpause: nothing runs meanwhile; rm -f of a paused container" {
	local before ticks

	pod run -d --name p1 $IMAGE sh -c 'while :; do echo x >> /tmp/ticks; sleep 0.05; done'
	ticks=/proc/$(pid_of p1)/root/tmp/ticks
	wait_for 5 test -s "$ticks"
	pod pause p1
	[ "$(field p1 '{{.State.Status}}')" = paused ]
	before=$(wc -l < "$ticks")
	sleep 0.4
	[ "$(wc -l < "$ticks")" = "$before" ]
	run pod exec p1 true
	[ "$status" -ne 0 ]
	pod unpause p1
	wait_for 5 bash -c "[ \$(wc -l < $ticks) -gt $before ]"
	pod pause p1
	pod rm -f -t 0 p1
}

@test "podman top, stats: its processes, and what it uses" {
	pod run -d --name t1 --memory 64m $IMAGE sh -c 'sleep 9181 & wait'
	pod exec -d t1 sleep 9182
	wait_for 5 pgrep -f '^sleep 9181'
	wait_for 5 pgrep -f '^sleep 9182'
	run pod top t1 hpid args
	[[ "$output" == *"$(pid_of t1)"* && "$output" == *"sleep 9181"* && "$output" == *"sleep 9182"* ]]
	[ "${#lines[@]}" = 4 ]
	run pod stats --no-stream --no-reset --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' t1
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^t1\ 3\ [1-9][0-9.]*[kM]B\ /\ 67.11MB$ ]]
}

@test "podman logs, attach: the output of a program that runs, and its status" {
	pod run -d -i --name a1 $IMAGE sh -c 'echo first; read line; echo "got $line"; exit 7'
	logs_have a1 first
	run bash -c "$(declare -f pod); (sleep 0.5; echo typed; sleep 5) | pod attach a1"
	[[ "$output" == *"got typed"* ]]
	[ "$(pod wait a1)" = 7 ]
	logs_have a1 "got typed"
	run pod logs a1
	[ "$output" = $'first\ngot typed' ]
}

@test "podman update: the limits change, the others stay" {
	local pid

	pod run -d --name u1 --memory 64m --pids-limit 55 $IMAGE sleep 300
	pid=$(pid_of u1)
	pod update --memory 96m --memory-swap 192m u1
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 100663296 ]
	[ "$(cgroup_read "$pid" pids pids.max pids.max)" = 55 ]
	pod update --cpus 0.25 --cpu-shares 512 u1
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 100663296 ]
	run cgroup_read "$pid" cpu cpu.cfs_quota_us cpu.max
	[ "$output" = 25000 ] || [ "$output" = "25000 100000" ]
	pod exec u1 true
}

@test "podman build: the steps of a Containerfile run" {
	mkdir "$W/t/ctx"
	printf 'FROM localhost/bb\nRUN echo made > /made\nRUN test "$(cat /made)" = made\n' > "$W/t/ctx/Containerfile"
	pod build -q --isolation oci --network none -t made "$W/t/ctx"
	[ "$(pod run --rm made cat /made)" = made ]
	printf 'FROM localhost/bb\nRUN exit 3\n' > "$W/t/ctx/Containerfile"
	run pod build -q --isolation oci --network none "$W/t/ctx"
	[ "$status" -ne 0 ]
	[[ "$output" == *"exit status 3"* ]]
}

# ---- an engine that dies ------------------------------------------------------

# kill_at MOMENT OPTION...: Podman and all that it started, but no container, are killed at that moment.
kill_at() {
	local moment=$1

	shift
	pod "$@" > /dev/null 2>&1 < /dev/null &
	sleep "$moment"
	# What one of them started meanwhile is one of them.
	while pkill -KILL -f "^podman --root $W/p/root |conmon .*$W/p/"; do :; done
	wait
	# A runtime that conmon had no time to tie to itself carries on.
	wait_for 10 runtime_idle "$W/p"
}

# Podman without a conmon never calls delete (with runc neither): the runtime alone removes what is left.
forgotten() {
	local id

	for id in $("$RUNTIME" list -f json | jq -r --arg w "$W/" '.[]? | select(.bundle | startswith($w)) | .id'); do
		"$RUNTIME" delete --force "$id"
	done
}

@test "podman and conmon killed while they create: rm -f and delete --force take what is left" {
	local moment

	for moment in 0.03 0.06 0.09 0.12 0.15 0.2 0.25 0.3; do
		kill_at $moment run --name "cut$moment" $IMAGE sleep 300
		pod rm -af -t 0
		forgotten
	done
	run pod run --rm $IMAGE echo works
	[ "$output" = works ]
}

@test "podman and conmon killed while they execute: the container is as it was" {
	local moment

	pod run -d --name x1 $IMAGE sleep 300
	for moment in 0.03 0.06 0.09 0.12; do
		pod exec x1 sleep 0.2 > /dev/null 2>&1 &
		sleep $moment
		while pkill -KILL -f "^podman --root $W/p/root .* exec x1"; do :; done
		while pkill -KILL -f "conmon .*$W/p/.* --exec-process-spec"; do :; done
		wait
	done
	wait_for 10 runtime_idle "$W/p"
	wait_for 5 bash -c '! pgrep -f "^sleep 0.2"'
	run pod exec x1 ps -o args
	# Those that nobody waits for any more are init's to wait for, and this init does not.
	[ "$(grep -c '^sleep' <<< "$output")" = 1 ] || { echo "$output"; return 1; }
}

@test "podman killed while it stops and removes: a second try removes it" {
	local moment

	for moment in 0.03 0.06 0.1 0.15; do
		pod run -d --name r1 $IMAGE sleep 300
		pod rm -f -t 0 r1 > /dev/null 2>&1 &
		sleep $moment
		pkill -KILL -f "^podman --root $W/p/root .* rm -f" || true
		wait
		pod rm -f -t 0 -i r1
		[ -z "$(pod ps -aq)" ]
	done
}

@test "conmon killed: the container goes on, and exec works in it" {
	local pid

	pod run -d --name k1 $IMAGE sleep 300
	pid=$(pid_of k1)
	kill -KILL "$(field k1 '{{.State.ConmonPid}}')"
	sleep 0.2
	kill -0 "$pid"
	pod exec k1 true
	pod rm -f -t 0 k1
	forgotten
	wait_for 5 bash -c "! grep -qs '^State:[^Z]*$' /proc/$pid/status"
}

# ---- the same on another runtime ----------------------------------------------

# One container with everything that is compared, on RUNTIME.
podman_transcript() {
	local limit

	pd() { if [ "$RUNTIME" = "$REFERENCE" ]; then pod --runtime "$REFERENCE" "$@"; else pod "$@"; fi; }
	facts() { pd run --rm "$@" $IMAGE sh -c "$FACTS"; }
	echo plain; facts
	echo user; facts --user 1000:29 --cap-drop KILL --security-opt no-new-privileges --ulimit nofile=99:100 --umask 027
	echo read-only; facts --read-only --tmpfs /run:size=1m --pid host --oom-score-adj 7 --uts host --ipc host
	echo mapped; facts --uidmap 0:100000:65536 --gidmap 0:100000:65536
	for limit in nope /etc/passwd /etc /no/such; do
		say pd run --rm $IMAGE $limit
	done
	say pd run --rm --memory 16m --memory-swap 16m $IMAGE dd if=/dev/zero of=/dev/null bs=64M count=1
	pd run -d --name cmp --memory 64m --pids-limit 55 $IMAGE sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' > /dev/null
	say pd exec cmp sh -c "$FACTS"
	say pd exec --user 1000 --workdir /tmp --env B=c cmp sh -c 'id; pwd; echo $B; grep Cap /proc/self/status'
	say pd exec cmp nope
	say pd exec cmp /etc
	say pd exec cmp sh -c 'kill -SEGV $$'
	say pd pause cmp > "$W/t/last"; tail -n 1 "$W/t/last"
	say pd exec cmp true
	say pd unpause cmp > "$W/t/last"; tail -n 1 "$W/t/last"
	say pd update --memory 96m --memory-swap 192m --cpu-quota 33000 cmp > "$W/t/last"; tail -n 1 "$W/t/last"
	for limit in "memory memory.limit_in_bytes memory.max" "pids pids.max pids.max" "cpu cpu.cfs_quota_us cpu.max"; do
		# shellcheck disable=SC2086
		cgroup_read "$(pid_of cmp)" $limit
	done
	say pd stop -t 10 cmp
	say field cmp '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}'
	say pd start cmp
	say pd restart -t 10 cmp > "$W/t/last"; tail -n 1 "$W/t/last"
	say pd kill -s KILL cmp
	say pd wait cmp
	say pd rm cmp > "$W/t/last"; tail -n 1 "$W/t/last"
}

@test "podman: a life looks the same with Debian's crun or runc" {
	same_as_reference podman_transcript
}
