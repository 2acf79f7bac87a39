#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# dockerd, with a containerd of its own, drives the runtime under test: create, start, exec, kill, pause, resume,
# update, ps, delete, delete --force. The daemon needs no bridge and no packet filter here.

load engines

setup_file() {
	suite_begin
	mkdir -p "$W/d/path" "$W/d/cli"
	# The Docker of the distribution, whichever other one comes first in the PATH.
	DOCKER=/usr/bin/docker
	[ -x $DOCKER ] || DOCKER=$(command -v docker)
	export DOCKER DOCKER_HOST=unix://$W/d/docker.sock IMAGE=bb
	# BuildKit inside the daemon takes "runc" from the PATH.
	ln -s "$RUNTIME" "$W/d/path/runc"
	daemon_config > "$W/d/daemon.json"
	daemon_start || skip "dockerd does not start here: $(daemon_complaint)"
	dk import "$W/rootfs.tar" $IMAGE
}

teardown_file() {
	[ -n "${W-}" ] || return 0
	daemon_stop || true
	suite_end
}

# contrib/docker-daemon.json with the runtime under test in the place of the installed one, and a private daemon.
daemon_config() {
	jq --arg d "$W/d" --arg runtime "$RUNTIME" --arg word "$WORD" \
		--arg runc "$(command -v runc)" --arg crun "$(command -v crun)" '
		.runtimes.teu.path = $runtime | .runtimes.runc_reference.path = $runc | .runtimes.crun_reference.path = $crun
		| .runtimes |= with_entries(select(.value.path != "")) | ."default-runtime" = "teu"
		| ."data-root" = $d + "/root" | ."exec-root" = $d + "/exec" | .pidfile = $d + "/pid"
		| .hosts = ["unix://" + $d + "/docker.sock"] | ."cgroup-parent" = "/" + $word
		| .iptables = false | .ip6tables = false | ."ip-forward" = false | ."ip-masq" = false | .bridge = "none"
		| ."storage-driver" = "vfs" | ."live-restore" = true' "$BATS_TEST_DIRNAME/../../contrib/docker-daemon.json"
}

daemon_start() {
	PATH=$W/d/path:$PATH setsid dockerd --config-file "$W/d/daemon.json" >> "$W/d/log" 2>&1 3>&- 4>&- < /dev/null &
	wait_for 30 dk version
}

daemon_complaint() {
	sed -nE 's/.*(failed to start daemon|level=(fatal|error)|failed to load)/\1/p' "$W/d/log" | tail -n 1 | cut -c1-300
}

# gone PID: ended, even when nobody has waited for it.
gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

# Ends the daemon, not the containers. Its containerd is its child and ends with it.
daemon_stop() {
	local pid containerd

	[ -s "$W/d/pid" ] || return 0
	pid=$(cat "$W/d/pid")
	containerd=$(cat "$W/d/exec/containerd/containerd.pid")
	kill "$@" "$pid"
	wait_for 20 gone "$pid"
	wait_for 20 gone "$containerd"
	# The next daemon takes one of them that nobody has waited for yet for one that runs.
	rm -f "$W/d/pid" "$W/d/exec/containerd/containerd.pid"
}

dk() {
	timeout --foreground -k 5 60 "$DOCKER" --config "$W/d/cli" "$@" 3>&- 4>&-
}

dr() {
	dk run --network none "$@"
}

setup() {
	mkdir "$W/t"
	cd "$W/t"
}

teardown() {
	cd /
	dk version > /dev/null 2>&1 || daemon_start
	dk ps -aq | xargs -r timeout 60 "$DOCKER" --config "$W/d/cli" rm -f > /dev/null
	rm -rf "$W/t"
	leaks_expect_none docker_leaks
}

docker_leaks() {
	find "$W/d/exec" -path '*runtime-*/moby/*' -prune | sed 's/^/state directory /'
	leaks_word
	pgrep -af "containerd-shim.*$W" | cut -c1-120 | sed 's/^/process /'
	find "$W/d/exec/containerd/daemon" -path '*v2.task/moby/*' -prune | sed 's/^/bundle /'
	# The daemon keeps the host's network namespace at hand.
	mounts_below "$W/d/exec" | grep -v '/netns/default$' | sed 's/^/mount /'
}

field() {
	dk inspect -f "$2" "$1"
}

field_is() {
	[ "$(field "$1" "$2")" = "$3" ]
}

pid_of() {
	field "$1" '{{.State.Pid}}'
}

# ---- run ----------------------------------------------------------------------

@test "docker run: output, error and status come through, 125 to 127 too" {
	local code

	run --separate-stderr dr --rm $IMAGE sh -c 'echo to-out; echo to-err >&2'
	[ "$status" -eq 0 ]
	[ "$output" = to-out ]
	[ "$stderr" = to-err ]
	for code in 1 125 126 127 255; do
		run "-$code" dr --rm $IMAGE sh -c "exit $code"
	done
}

@test "docker run: a program that is not there gives 127, one that cannot run 126" {
	run -127 dr --rm $IMAGE no-such-program
	[[ "$output" == *'exec: "no-such-program": executable file not found in $PATH'* ]]
	run -127 dr --rm $IMAGE /no/such/program
	run -126 dr --rm $IMAGE /etc/passwd
	[[ "$output" == *"permission denied"* ]]
	run -126 dr --rm $IMAGE /etc
}

@test "docker run -i: standard input reaches the program, its end too" {
	run bash -c "$(declare -f dk dr); printf 'a\nb\n' | dr --rm -i $IMAGE wc -l"
	[ "$status" -eq 0 ]
	[ "$output" = 2 ]
	run bash -c "$(declare -f dk dr); dr --rm $IMAGE head -c 1048576 /dev/zero | wc -c"
	[ "$output" = 1048576 ]
}

@test "docker run -it: a terminal of the caller's size" {
	run on_terminal 33 77 "$(declare -f dk dr); dr --rm -it $IMAGE sh -c 'tty; $SIZE_COMES; exit 9'"
	[ "$status" -eq 9 ]
	[[ "$output" == *"/dev/"* ]]
	[[ "$output" == *"33 77"* ]]
}

@test "docker run -d, logs, wait, stop, start, restart, rm: the status is kept" {
	dr -d --name d1 $IMAGE sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 bash -c "$(declare -f dk); dk logs d1 | grep -q ready"
	dk stop -t 10 d1
	field_is d1 '{{.State.Status}} {{.State.ExitCode}}' 'exited 3'
	dk start d1
	wait_for 10 bash -c "$(declare -f dk); [ \$(dk logs d1 | grep -c ready) = 2 ]"
	dk restart -t 10 d1
	wait_for 10 bash -c "$(declare -f dk); [ \$(dk logs d1 | grep -c ready) = 3 ]"
	dk kill -s KILL d1
	[ "$(dk wait d1)" = 137 ]
	dk rm d1
}

@test "docker create, rm: a container that was never started" {
	dk create --network none --name c1 $IMAGE true
	field_is c1 '{{.State.Status}}' created
	dk rm c1
}

@test "docker run --user, --workdir, --env, --hostname, --group-add" {
	run dr --rm --user 1000:29 --workdir /tmp --env A=b --hostname box --group-add 4711 $IMAGE \
		sh -c 'id -u; id -g; pwd; echo $A; hostname; id -G'
	[ "$status" -eq 0 ]
	[ "$output" = $'1000\n29\n/tmp\nb\nbox\n29 4711' ]
}

@test "docker run -v, --tmpfs, --read-only, --shm-size" {
	mkdir "$W/t/v" "$W/t/r"
	echo old > "$W/t/r/f"
	run --separate-stderr dr --rm --read-only -v "$W/t/v:/mnt" -v "$W/t/r:/made:ro" --tmpfs /run:size=1m,mode=1770 --shm-size 2m $IMAGE \
		sh -c 'cat /made/f > /mnt/f; df -k /run /dev/shm | awk "NR > 1 { print \$2 }"; stat -c %a /run
			echo x > /made/f && echo written; echo x > /etc/f && echo written; true'
	[ "$status" -eq 0 ]
	[ "$(cat "$W/t/v/f" "$W/t/r/f")" = $'old\nold' ]
	[ "$output" = $'1024\n2048\n1770' ]
	[ "$(grep -c "Read-only file system" <<< "$stderr")" = 2 ]
}

@test "docker run --cap-drop, --cap-add, --security-opt" {
	local profile

	run dr --rm --cap-drop ALL --cap-add CHOWN $IMAGE grep CapEff /proc/self/status
	[[ "$output" == *0000000000000001 ]]
	run dr --rm --security-opt no-new-privileges $IMAGE grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
	run dr --rm --security-opt seccomp=unconfined $IMAGE grep '^Seccomp:' /proc/self/status
	[ "$output" = $'Seccomp:\t0' ]
	profile=$W/t/profile.json
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}' > "$profile"
	run dr --rm --security-opt "seccomp=$profile" $IMAGE mkdir /tmp/x
	[ "$status" -eq 1 ]
	[[ "$output" == *"not permitted"* ]]
}

@test "docker run --privileged" {
	local all

	all=$(printf '%x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))
	[ "$((16#$(awk '/CapBnd/ { print $2 }' /proc/self/status)))" = "$((16#$all))" ] ||
		skip "the caller lacks capabilities that docker --privileged asks for"
	run dr --rm --privileged $IMAGE mount -t tmpfs none /mnt
	[ "$status" -eq 0 ]
}

@test "docker run --ulimit, --device, --sysctl, --oom-score-adj" {
	run --separate-stderr dr --rm --ulimit nofile=99:100 --device /dev/full:/dev/given --sysctl net.ipv4.ip_unprivileged_port_start=99 \
		--oom-score-adj 77 $IMAGE sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/sys/net/ipv4/ip_unprivileged_port_start
			cat /proc/self/oom_score_adj; echo x > /dev/given'
	[ "$status" -ne 0 ]
	[ "$output" = $'99\n100\n99\n77' ]
	[[ "$stderr" == *"No space left"* ]]
}

@test "docker run --init: a small init is pid 1" {
	command -v docker-init > /dev/null || skip "docker-init is not installed"
	run dr --rm --init $IMAGE sh -c 'cat /proc/1/comm; exit 5'
	[ "$status" -eq 5 ]
	[ "$output" = docker-init ]
}

@test "docker run --pid host: every process of the container ends with it" {
	dr -d --name h1 --pid host $IMAGE sh -c 'sleep 9177 & wait'
	wait_for 5 pgrep -f '^sleep 9177'
	dk kill h1
	dk wait h1
	wait_for 5 bash -c '! pgrep -f "^sleep 9177"'
}

@test "docker run --ipc, --uts, --network host and of another container" {
	run --separate-stderr dk run --rm --ipc host --uts host --network host $IMAGE sh -c 'for n in ipc uts net; do readlink /proc/self/ns/$n; done'
	[ "$output" = "$(for n in ipc uts net; do readlink /proc/self/ns/$n; done)" ]
	dr -d --name n1 --ipc shareable $IMAGE sleep 60
	run --separate-stderr dk run --rm --pid container:n1 --ipc container:n1 --network container:n1 $IMAGE \
		sh -c 'for n in pid ipc net; do readlink /proc/self/ns/$n; done'
	[ "$output" = "$(for n in pid ipc net; do readlink "/proc/$(pid_of n1)/ns/$n"; done)" ]
}

@test "docker run: the limits stand in the cgroup files; out of memory is told" {
	local pid

	dr -d --name l1 --memory 64m --cpus 0.5 --pids-limit 55 --cpu-shares 512 $IMAGE sleep 60
	pid=$(pid_of l1)
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(cgroup_read "$pid" pids pids.max pids.max)" = 55 ]
	run cgroup_read "$pid" cpu cpu.cfs_quota_us cpu.max
	[ "$output" = 50000 ] || [ "$output" = "50000 100000" ]
	run -137 dr --name l2 --memory 16m --memory-swap 16m $IMAGE \
		sh -c 'sleep 1; exec dd if=/dev/zero of=/dev/null bs=64M count=1'
	# The shim watches from when start has returned, and tells of it on its own.
	wait_for 5 field_is l2 '{{.State.OOMKilled}}' true
}

@test "docker run --restart: on-failure as often as said, always after a kill" {
	dr -d --name r1 --restart on-failure:2 $IMAGE sh -c 'echo once; exit 3'
	wait_for 20 field_is r1 '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' '2 exited 3'
	[ "$(dk logs r1 | grep -c once)" = 3 ]
	dr -d --name r2 --restart always $IMAGE sleep 300
	kill -KILL "$(pid_of r2)"
	wait_for 20 field_is r2 '{{.RestartCount}} {{.State.Status}}' '1 running'
	dk exec r2 true
	dk stop -t 1 r2
	field_is r2 '{{.State.Status}}' exited
}

@test "docker run: five at the same time" {
	local i pids=()

	for i in 1 2 3 4 5; do
		dr --rm $IMAGE sh -c "exit $i" > /dev/null &
		pids+=($!)
	done
	for i in 1 2 3 4 5; do
		status=0
		wait "${pids[$((i - 1))]}" || status=$?
		[ $status -eq $i ]
	done
}

# ---- a running container ------------------------------------------------------

@test "docker exec: output, status, standard input, a terminal" {
	local code

	dr -d --name x1 $IMAGE sleep 300
	run --separate-stderr dk exec x1 sh -c 'echo to-out; echo to-err >&2; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = to-out ]
	[ "$stderr" = to-err ]
	for code in 1 126 127 255; do
		run "-$code" dk exec x1 sh -c "exit $code"
	done
	run bash -c "$(declare -f dk); printf 'a\nb\n' | dk exec -i x1 wc -l"
	[ "$output" = 2 ]
	run on_terminal 33 77 "$(declare -f dk); dk exec -it x1 sh -c 'tty; $SIZE_COMES; exit 9'"
	[ "$status" -eq 9 ]
	[[ "$output" == *"/dev/pts/"*"33 77"* ]]
}

@test "docker exec: a program that is not there gives 127, one that cannot run 126" {
	dr -d --name x1 $IMAGE sleep 300
	run dk exec x1 no-such-program
	[ "$status" -eq 127 ] || [ "$status" -eq 126 ] # which of them, the version of Docker decides
	[[ "$output" == *'exec: "no-such-program": executable file not found in $PATH'* ]]
	run -126 dk exec x1 /etc/passwd
	run dk exec --workdir /nowhere x1 true
	[ "$status" -ne 0 ]
	[[ "$output" == *nowhere* ]]
	dk exec x1 true
}

@test "docker exec --user, --env, --workdir, -d; where the container is" {
	dr -d --name x1 --env A=1 $IMAGE sleep 300
	run dk exec --user 1000:29 --env B=2 --workdir /tmp x1 sh -c 'id -u; id -g; echo $A$B; pwd'
	[ "$output" = $'1000\n29\n12\n/tmp' ]
	run dk exec x1 sh -c 'cat /proc/self/cgroup; readlink /proc/self/ns/mnt'
	[ "$(head -n -1 <<< "$output")" = "$(cat "/proc/$(pid_of x1)/cgroup")" ]
	[ "$(tail -n 1 <<< "$output")" = "$(readlink "/proc/$(pid_of x1)/ns/mnt")" ]
	dk exec -d x1 sleep 9178
	wait_for 5 pgrep -f '^sleep 9178'
	dk rm -f x1
	wait_for 5 bash -c '! pgrep -f "^sleep 9178"'
}

@test "docker stats, top: what the container uses, and its processes" {
	dr -d --name s1 --memory 64m $IMAGE sh -c 'sleep 9179 & wait'
	dk exec -d s1 sleep 9180
	wait_for 5 pgrep -f '^sleep 9179'
	wait_for 5 pgrep -f '^sleep 9180'
	run dk stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' s1
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^s1\ [1-9][0-9.]*[KM]iB\ /\ 64MiB\ 3$ ]]
	run dk top s1 -o pid,args
	[[ "$output" == *"$(pid_of s1)"* && "$output" == *"sleep 9179"* && "$output" == *"sleep 9180"* ]]
	[ "${#lines[@]}" = 4 ]
}

@test "docker pause, unpause: nothing runs meanwhile; stop and rm of a paused container" {
	local before

	dr -d --name p1 $IMAGE sh -c 'while :; do echo x >> /tmp/ticks; sleep 0.05; done'
	wait_for 5 test -s "/proc/$(pid_of p1)/root/tmp/ticks"
	dk pause p1
	field_is p1 '{{.State.Status}}' paused
	before=$(wc -l < "/proc/$(pid_of p1)/root/tmp/ticks")
	sleep 0.4
	[ "$(wc -l < "/proc/$(pid_of p1)/root/tmp/ticks")" = "$before" ]
	run dk exec p1 true
	[ "$status" -ne 0 ]
	dk unpause p1
	wait_for 5 bash -c "[ \$(wc -l < /proc/$(pid_of p1)/root/tmp/ticks) -gt $before ]"
	dk pause p1
	dk rm -f p1
}

@test "docker update: the limits change, the others stay" {
	local pid

	dr -d --name u1 --memory 64m --pids-limit 55 --cpu-shares 512 $IMAGE sleep 300
	pid=$(pid_of u1)
	dk update --memory 96m --memory-swap 192m u1
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 100663296 ]
	[ "$(cgroup_read "$pid" pids pids.max pids.max)" = 55 ]
	dk update --pids-limit 66 --cpus 0.25 u1
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 100663296 ]
	[ "$(cgroup_read "$pid" pids pids.max pids.max)" = 66 ]
	run cgroup_read "$pid" cpu cpu.cfs_quota_us cpu.max
	[ "$output" = 25000 ] || [ "$output" = "25000 100000" ]
	[ ! -e "$(cgroup_dir "$pid" cpu)/cpu.shares" ] || [ "$(cat "$(cgroup_dir "$pid" cpu)/cpu.shares")" = 512 ]
	# More than swap and memory together allow: refused, nothing changes.
	run dk update --memory 512m u1
	[ "$status" -ne 0 ]
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 100663296 ]
	dk update --restart no u1
	dk exec u1 true
}

@test "docker run --health-cmd: healthy and not" {
	dr -d --name he1 --health-cmd 'test -e /tmp/well' --health-interval 0.3s --health-retries 1 $IMAGE sleep 300
	wait_for 20 field_is he1 '{{.State.Health.Status}}' unhealthy
	dk exec he1 touch /tmp/well
	wait_for 20 field_is he1 '{{.State.Health.Status}}' healthy
}

@test "docker build: the steps of a Dockerfile run, with and without BuildKit" {
	local kit

	mkdir "$W/t/ctx"
	printf 'FROM bb\nRUN echo made > /made\nRUN test "$(cat /made)" = made\n' > "$W/t/ctx/Dockerfile"
	printf 'FROM bb\nRUN exit 3\n' > "$W/t/ctx/Dockerfile.bad"
	for kit in 0 1; do
		DOCKER_BUILDKIT=$kit dk build -q --no-cache --network none -t made "$W/t/ctx"
		[ "$(dr --rm made cat /made)" = made ]
		run env DOCKER_BUILDKIT=$kit "$DOCKER" --config "$W/d/cli" build --no-cache --network none \
			-f "$W/t/ctx/Dockerfile.bad" "$W/t/ctx" 3>&- 4>&-
		[ "$status" -ne 0 ]
		[[ "$output" == *"returned a non-zero code: 3"* || "$output" == *"exit code: 3"* ]]
	done
}

# ---- a daemon that dies -------------------------------------------------------

@test "kill -9 of dockerd with live-restore: the container lives on and belongs to the next daemon" {
	local pid

	dr -d --name k1 $IMAGE sh -c 'trap "exit 6" TERM; : > /tmp/ready; while :; do sleep 0.1; done'
	dr -d --name k2 $IMAGE sh -c 'until [ -e /tmp/go ]; do sleep 0.05; done; exit 4'
	dr -d --name k3 $IMAGE sleep 300
	dk pause k3
	pid=$(pid_of k1)
	wait_for 5 test -e "/proc/$pid/root/tmp/ready"
	pid2=$(pid_of k2)
	daemon_stop -KILL
	kill -0 "$pid"
	: > "/proc/$pid2/root/tmp/go"
	wait_for 5 bash -c "! kill -0 $pid2"
	daemon_start || { tail -n 20 "$W/d/log" | cut -c1-300; return 1; }
	[ "$(pid_of k1)" = "$pid" ]
	run dk exec k1 sh -c 'exit 5'
	[ "$status" -eq 5 ]
	# One that ended meanwhile has its status.
	wait_for 10 field_is k2 '{{.State.Status}} {{.State.ExitCode}}' 'exited 4'
	field_is k3 '{{.State.Status}}' paused
	dk unpause k3
	dk exec k3 true
	dk update --pids-limit 33 k1
	[ "$(cgroup_read "$pid" pids pids.max pids.max)" = 33 ]
	dk stop -t 10 k1
	field_is k1 '{{.State.ExitCode}}' 6
	dk start k1
	dk rm -f k1 k2 k3
}

@test "an orderly end of dockerd with live-restore: the same" {
	local pid

	dr -d --name k1 $IMAGE sleep 300
	pid=$(pid_of k1)
	daemon_stop
	kill -0 "$pid"
	daemon_start
	[ "$(pid_of k1)" = "$pid" ]
	dk exec k1 true
}

# A shim that was begun when both daemons were killed is known to neither of them afterwards (with runc neither): the runtime
# alone removes its container.
forgotten() {
	local dir

	wait_for 5 no_states || true
	for dir in "$W"/d/exec/runtime-*/moby/*; do
		[ -d "$dir" ] || continue
		pkill -KILL -f "containerd-shim.*-id ${dir##*/} .*$W" || true
		"$RUNTIME" --root "${dir%/*}" delete --force "${dir##*/}"
		rm -rf "$W/d/exec/containerd/daemon/io.containerd.runtime.v2.task/moby/${dir##*/}"
	done
}

no_states() { [ -z "$(find "$W/d/exec" -path '*runtime-*/moby/*' -prune)" ]; }

@test "kill -9 of dockerd while it creates, executes and removes: the next one goes on from there" {
	local moment

	for moment in 0.05 0.12 0.2; do
		dr -d --name k1 $IMAGE sleep 300
		dr -d --name "k$moment" $IMAGE sleep 300 > /dev/null 2>&1 &
		dk exec k1 sh -c 'sleep 0.1' > /dev/null 2>&1 &
		[ $moment != 0.2 ] || dk rm -f k1 > /dev/null 2>&1 &
		sleep $moment
		daemon_stop -KILL
		wait
		daemon_start || { tail -n 20 "$W/d/log" | cut -c1-300; return 1; }
		if [ $moment != 0.2 ]; then dk exec k1 true; fi
		dk ps -aq | xargs -r timeout 60 "$DOCKER" --config "$W/d/cli" rm -f
		[ -z "$(dk ps -aq)" ]
		forgotten
		leaks_expect_none docker_leaks
	done
}

@test "kill -9 of a shim: its container ends, and nothing of it stays" {
	local pid

	dr -d --name s1 --restart no $IMAGE sleep 300
	pid=$(pid_of s1)
	kill -KILL "$(pgrep -f "containerd-shim.*-id $(field s1 '{{.Id}}') .*$W")"
	wait_for 20 gone "$pid"
	wait_for 20 field_is s1 '{{.State.Status}}' exited
	wait_for 5 dk start s1
	dk exec s1 true
}

# ---- the same on another runtime ----------------------------------------------

# One container with everything that is compared, on RUNTIME.
docker_transcript() {
	local name=teu id

	[ "$RUNTIME" != "$REFERENCE" ] || name=$(basename "$REFERENCE")_reference
	facts() { dr --runtime "$name" --rm "$@" $IMAGE sh -c "$FACTS"; }
	echo "plain"; facts
	echo "user"; facts --user 1000:29 --cap-drop KILL --security-opt no-new-privileges --ulimit nofile=99:100
	echo "read-only"; facts --read-only --tmpfs /run:size=1m --pid host --oom-score-adj 7
	for id in nope /etc/passwd /etc /no/such; do
		echo "run $id"
		dr --runtime "$name" --rm $IMAGE "$id" 2>> "$W/t/errors" || echo "= $?"
	done
	dr --runtime "$name" -d --name cmp --memory 64m --pids-limit 55 $IMAGE sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' \
		> /dev/null
	say dk exec cmp sh -c "$FACTS"
	say dk exec --user 1000 --workdir /tmp --env B=c cmp sh -c 'id; pwd; echo $B; grep Cap /proc/self/status'
	say dk exec cmp nope > "$W/t/missing"
	tail -n 1 "$W/t/missing"
	say dk exec cmp sh -c 'kill -SEGV $$'
	say dk pause cmp
	say dk exec cmp true
	say dk unpause cmp
	say dk update --memory 96m --memory-swap 192m --cpu-quota 33000 cmp
	for id in memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us memory/memory.memsw.limit_in_bytes; do
		cat "/sys/fs/cgroup/${id%/*}/$WORD/$(field cmp '{{.Id}}')/${id#*/}" 2>/dev/null || echo "no ${id#*/}"
	done
	say dk stop -t 10 cmp
	say field cmp '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}'
	say dk start cmp
	say dk restart -t 10 cmp
	say dk kill -s KILL cmp
	say dk wait cmp
	say dk rm cmp
}

@test "docker: a life looks the same with Debian's crun or runc" {
	same_as_reference docker_transcript
}
