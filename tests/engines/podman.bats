#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman (root, cgroupfs) drives the runtime under test: create by conmon, start, kill, delete --force.

load engines

setup_file() {
	suite_begin
	podman_conf > "$W/containers.conf"
	export CONTAINERS_CONF=$W/containers.conf
	pod import -q "$W/rootfs.tar" localhost/bb
	export IMAGE=localhost/bb
	mounts_below "$W" > "$W/mounts.before"
}

teardown_file() {
	[ -n "${W-}" ] || return 0
	pod pod rm -af -t 0 > /dev/null 2>&1 || true
	pod rm -af -t 0 > /dev/null 2>&1 || true
	suite_end
}

pod() {
	timeout --foreground -k 5 90 podman --root "$W/p/root" --runroot "$W/p/run" --tmpdir "$W/p/tmp" \
		--storage-driver vfs "$@" 3>&- 4>&-
}

setup() {
	mkdir -p "$W/p/tmp/events"
	: > "$W/p/tmp/events/events.log"
	mkdir "$W/t"
	cd "$W/t" # conmon writes a file "oom" where it was started
}

teardown() {
	cd /
	pod pod rm -af -t 0 > /dev/null 2>&1 || true
	pod rm -af -t 0 > /dev/null
	mounts_below "$W/t" | tac | xargs -r -n1 umount
	rm -rf "$W/t"
	leaks_expect_none podman_leaks
}

# Every container of the test stands in Podman's event log, also those that --rm removed long ago.
podman_leaks() {
	local ids

	ids=$(jq -r 'select(.Type == "container") | .ID' "$W/p/tmp/events/events.log" | sort -u)
	# shellcheck disable=SC2086
	leaks_of "/run/$RUNTIME_NAME" $ids
	leaks_known
	leaks_word
	mounts_below "$W" | diff "$W/mounts.before" - | sed -n 's/^> /mount /p'
}

pid_of() {
	pod inspect -f '{{.State.Pid}}' "$1"
}

field() {
	pod inspect -f "$2" "$1"
}

# logs NAME TEXT: waits until the container's output holds the text (conmon copies it in the background).
logs_have() {
	wait_for 10 bash -c "$(declare -f pod); pod logs $1 2>&1 | grep -qF -- '$2'"
}

# ---- output and exit status ---------------------------------------------------

@test "podman run: standard output and standard error arrive, status 0" {
	run --separate-stderr pod run --rm $IMAGE sh -c 'echo to-out; echo to-err >&2'
	[ "$status" -eq 0 ]
	[ "$output" = to-out ]
	[ "$stderr" = to-err ]
}

@test "podman run: the program's exit status comes through, 125 to 127 too" {
	local code

	for code in 1 7 125 126 127 255; do
		run -$code pod run --rm $IMAGE sh -c "exit $code"
	done
}

@test "podman run: a program killed by a signal gives 128 + number" {
	run pod run --rm $IMAGE sh -c 'kill -TERM $$' # pid 1 without a handler ignores it ...
	[ "$status" -eq 0 ]
	run pod run --rm --init=false --pid host $IMAGE sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
}

@test "podman run: a program that is not there gives 127 and says so" {
	run -127 pod run --rm $IMAGE no-such-program
	[[ "$output" == *"no-such-program"* ]]
	run -127 pod run --rm $IMAGE /no/such/program
	[[ "$output" == *"/no/such/program"* ]]
}

@test "podman run: a file that is not executable, and a directory, give 126" {
	run pod run --rm $IMAGE /etc/passwd
	[ "$status" -eq 126 ]
	run pod run --rm $IMAGE /etc
	[ "$status" -eq 126 ]
}

@test "podman run: an executable file of no known format fails, nothing stays" {
	run pod run --rm --name bad $IMAGE /bin/noexec
	[ "$status" -ne 0 ]
	run pod container exists bad
	[ "$status" -eq 1 ]
}

@test "podman run: Podman's own failure gives 125" {
	run pod run --rm --pull never localhost/no-such-image true
	[ "$status" -eq 125 ]
}

@test "podman run -i: standard input reaches the program, its end too" {
	run bash -c "$(declare -f pod); printf 'a\nb\n' | pod run --rm -i $IMAGE wc -l"
	[ "$status" -eq 0 ]
	[ "$output" = 2 ]
}

@test "podman run: a mebibyte of output arrives complete" {
	run bash -c "$(declare -f pod); pod run --rm $IMAGE head -c 1048576 /dev/zero | wc -c"
	[ "$output" = 1048576 ]
}

# ---- terminal -----------------------------------------------------------------

@test "podman run -it: the program has a terminal of the caller's size" {
	run on_terminal 33 77 "$(declare -f pod); pod run --rm -it $IMAGE sh -c 'tty; stty size; exit 9'"
	[ "$status" -eq 9 ]
	[[ "$output" == *"/dev/pts/0"* || "$output" == *"/dev/console"* ]]
	[[ "$output" == *"33 77"* ]]
}

@test "podman run -t: /dev/console and /dev/ptmx are there" {
	run pod run --rm -t $IMAGE sh -c 'test -c /dev/console && test -e /dev/ptmx && test -t 0 && echo all-there'
	[ "$status" -eq 0 ]
	[[ "$output" == *all-there* ]]
}

@test "podman run -d -t: output of a detached terminal reaches the log" {
	pod run -d -t --name term $IMAGE sh -c 'tty; sleep 60'
	logs_have term /dev/
	pod rm -f -t 0 term
}

# ---- detached life ------------------------------------------------------------

@test "podman run -d, stop, rm: the program gets TERM and its status is kept" {
	pod run -d --name d1 $IMAGE sh -c 'trap "echo got-term; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	logs_have d1 ready
	[ "$(field d1 '{{.State.Status}}')" = running ]
	pod stop -t 10 d1
	[ "$(field d1 '{{.State.Status}} {{.State.ExitCode}}')" = "exited 3" ]
	pod logs d1 | grep -q got-term
	pod rm d1
}

@test "podman stop: a program that ignores TERM is killed" {
	pod run -d --name d2 $IMAGE sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	logs_have d2 ready
	pod stop -t 1 d2
	[ "$(field d2 '{{.State.ExitCode}}')" = 137 ]
}

@test "podman kill: signals by name and number" {
	pod run -d --name k1 $IMAGE sh -c 'trap "echo usr1" USR1; trap "exit 5" USR2; echo ready; while :; do sleep 0.1; done'
	logs_have k1 ready
	pod kill -s USR1 k1
	logs_have k1 usr1
	pod kill -s 12 k1
	[ "$(pod wait k1)" = 5 ]
}

@test "podman kill: KILL ends the container with 137" {
	pod run -d --name k2 $IMAGE sleep 60
	pod kill k2
	[ "$(pod wait k2)" = 137 ]
}

@test "podman rm -f: a running container goes at once" {
	pod run -d --name r1 $IMAGE sleep 60
	pod rm -f -t 0 r1
	run pod container exists r1
	[ "$status" -eq 1 ]
}

@test "podman create, start, restart: the same id again" {
	pod create --name c1 $IMAGE sh -c 'echo run; sleep 60'
	[ "$(field c1 '{{.State.Status}}')" = created ]
	pod start c1
	pod restart -t 0 c1
	[ "$(field c1 '{{.State.Status}}')" = running ]
	wait_for 5 bash -c "$(declare -f pod); [ \"\$(pod logs c1 | grep -c run)\" = 2 ]"
}

@test "podman init: created and waiting, start releases it" {
	pod create --name i1 $IMAGE sh -c 'echo released; exit 4'
	pod init i1
	[ "$(field i1 '{{.State.Status}}')" = initialized ]
	[ -z "$(pod logs i1)" ]
	pod start i1
	[ "$(pod wait i1)" = 4 ]
	[ "$(pod logs i1)" = released ]
}

@test "podman init, rm: a container that was never started is removed" {
	pod create --name i2 $IMAGE sh -c 'echo never'
	pod init i2
	pod rm -f -t 0 i2
}

@test "podman run --restart on-failure: started again until it succeeds" {
	mkdir "$W/t/v"
	pod run -d --name rs --restart on-failure:5 -v "$W/t/v:/v" $IMAGE sh -c 'echo x >> /v/n; [ $(wc -l < /v/n) -ge 3 ]'
	wait_for 15 bash -c "[ \"\$(wc -l < $W/t/v/n)\" = 3 ]"
	wait_for 10 bash -c "$(declare -f pod); pod inspect -f '{{.State.Status}} {{.State.ExitCode}}' rs | grep -qx 'exited 0'"
}

@test "podman run: twenty containers in turn, all gone" {
	local i

	for i in $(seq 20); do
		pod run --rm $IMAGE true
	done
}

# ---- volumes ------------------------------------------------------------------

@test "podman run -v: a volume is writable" {
	mkdir "$W/t/v"
	pod run --rm -v "$W/t/v:/mnt" $IMAGE sh -c 'echo from-inside > /mnt/f'
	[ "$(cat "$W/t/v/f")" = from-inside ]
}

@test "podman run -v ro: a volume is read-only" {
	mkdir "$W/t/v"
	echo old > "$W/t/v/f"
	run pod run --rm -v "$W/t/v:/mnt:ro" $IMAGE sh -c 'cat /mnt/f; echo new > /mnt/f'
	[ "$status" -ne 0 ]
	[[ "$output" == *old* ]]
	[[ "$output" == *"Read-only file system"* ]]
	[ "$(cat "$W/t/v/f")" = old ]
}

@test "podman run -v of a file, over a file and where nothing is" {
	echo host > "$W/t/f"
	run pod run --rm -v "$W/t/f:/etc/passwd:ro" -v "$W/t/f:/opt/new/file" $IMAGE cat /etc/passwd /opt/new/file
	[ "$status" -eq 0 ]
	[ "$output" = $'host\nhost' ]
}

@test "podman run -v: noexec and nosuid are set" {
	mkdir "$W/t/v"
	run pod run --rm -v "$W/t/v:/mnt:noexec,nosuid,nodev" $IMAGE grep ' /mnt ' /proc/self/mounts
	[ "$status" -eq 0 ]
	[[ "$output" == *nosuid* && "$output" == *nodev* && "$output" == *noexec* ]]
}

@test "podman run -v rshared: mounts travel both ways" {
	mkdir "$W/t/v"
	mount --bind "$W/t/v" "$W/t/v"
	mount --make-shared "$W/t/v"
	mkdir "$W/t/v/in" "$W/t/v/out"
	pod run -d --name sh --cap-add SYS_ADMIN -v "$W/t/v:/mnt:rshared" $IMAGE \
		sh -c 'mount -t tmpfs none /mnt/out && echo inside > /mnt/out/f && echo mounted
			while [ ! -e /mnt/in/f ]; do sleep 0.05; done; echo "saw $(cat /mnt/in/f)"; sleep 60'
	logs_have sh mounted
	[ "$(cat "$W/t/v/out/f")" = inside ]
	mount -t tmpfs none "$W/t/v/in"
	echo outside > "$W/t/v/in/f"
	logs_have sh "saw outside"
	pod rm -f -t 0 sh
}

@test "podman run -v rslave: mounts travel inwards only" {
	mkdir "$W/t/v"
	mount --bind "$W/t/v" "$W/t/v"
	mount --make-shared "$W/t/v"
	mkdir "$W/t/v/in" "$W/t/v/out"
	pod run -d --name sl --cap-add SYS_ADMIN -v "$W/t/v:/mnt:rslave" $IMAGE \
		sh -c 'mount -t tmpfs none /mnt/out && echo inside > /mnt/out/f && echo mounted
			while [ ! -e /mnt/in/f ]; do sleep 0.05; done; echo "saw $(cat /mnt/in/f)"; sleep 60'
	logs_have sl mounted
	[ ! -e "$W/t/v/out/f" ]
	mount -t tmpfs none "$W/t/v/in"
	echo outside > "$W/t/v/in/f"
	logs_have sl "saw outside"
	pod rm -f -t 0 sl
}

@test "podman run --tmpfs: of the given size and mode, gone afterwards" {
	run pod run --rm --tmpfs /scratch:rw,size=2m,mode=1770 $IMAGE \
		sh -c 'stat -c %a /scratch; df -k /scratch | tail -1; echo x > /scratch/f && echo written'
	[ "$status" -eq 0 ]
	[[ "$output" == *1770* ]]
	[[ "$output" == *" 2048 "* ]]
	[[ "$output" == *written* ]]
}

@test "podman run -v named volume: the image's content is there and stays" {
	pod run --rm -v vol1:/data $IMAGE sh -c 'echo kept > /data/f'
	run pod run --rm -v vol1:/data $IMAGE cat /data/f
	[ "$output" = kept ]
	pod volume rm vol1
}

@test "podman run --mount type=bind: over a symlink inside the image it stays inside" {
	mkdir "$W/t/v"
	pod create --name base $IMAGE sh -c 'ln -s /../../../../mnt /link'
	pod start -a base
	pod commit -q base localhost/linked
	echo there > "$W/t/v/f"
	run pod run --rm --mount "type=bind,src=$W/t/v,dst=/link/deep" localhost/linked cat /mnt/deep/f
	[ "$status" -eq 0 ]
	[ "$output" = there ]
	[ ! -e /mnt/deep ]
	pod rm base
	pod rmi localhost/linked
}

# ---- limits -------------------------------------------------------------------

@test "podman run --memory --pids-limit --cpus: the cgroup files hold them" {
	pod run -d --name l1 --memory 64m --pids-limit 33 --cpus 0.5 $IMAGE sleep 60
	local pid

	pid=$(pid_of l1)
	[ "$(cgroup_read "$pid" memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(cgroup_read "$pid" pids pids.max pids.max)" = 33 ]
	run cgroup_read "$pid" cpu cpu.cfs_quota_us cpu.max
	[ "$output" = 50000 ] || [ "$output" = "50000 100000" ]
	pod rm -f -t 0 l1
}

@test "podman run --memory-reservation --cpu-shares --cpuset-cpus: the cgroup files hold them" {
	pod run -d --name l2 --memory-reservation 32m --cpu-shares 512 --cpuset-cpus 0 $IMAGE sleep 60
	local pid

	pid=$(pid_of l2)
	[ "$(cgroup_read "$pid" memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	run cgroup_read "$pid" cpu cpu.shares cpu.weight
	[ "$output" = 512 ] || { [ "$output" -ge 20 ] && [ "$output" -le 60 ]; }
	[ "$(cgroup_read "$pid" cpuset cpuset.cpus cpuset.cpus)" = 0 ]
	pod rm -f -t 0 l2
}

@test "podman run --pids-limit: the next fork fails" {
	run pod run --rm --pids-limit 4 $IMAGE sh -c 'sleep 3 & sleep 3 & sleep 3 & sleep 3 & sleep 3 & wait'
	[[ "$output" == *fork* ]]
}

@test "podman run --memory: a program that uses more is killed, 137" {
	run pod run --rm --memory 16m --memory-swap 16m $IMAGE dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$status" -eq 137 ]
}

@test "podman run --ulimit: soft and hard limits" {
	run pod run --rm --ulimit nofile=256:512 --ulimit core=0:0 \
		--ulimit "nproc=$(default_rlimit -u 4096)" $IMAGE \
		sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
	[ "$status" -eq 0 ]
	[ "$output" = $'256\n512\n0' ]
}

@test "podman run --oom-score-adj" {
	run pod run --rm --oom-score-adj 123 $IMAGE cat /proc/self/oom_score_adj
	[ "$output" = 123 ]
}

@test "podman run --cgroup-parent: the container is there and leaves it empty" {
	pod run -d --name cp --cgroup-parent "/$WORD" $IMAGE sleep 60
	cgroup_dir "$(pid_of cp)" pids | grep -q "/$WORD/libpod-"
	pod rm -f -t 0 cp
	wait_for 5 bash -c "! find /sys/fs/cgroup -path '*$WORD/libpod-*' -name 'libpod-[0-9a-f]*' | grep -q ."
}

@test "podman run --cgroups=disabled: no cgroup is made" {
	"$RUNTIME" --help 2>&1 | grep -q cgroup-manager || skip "$RUNTIME_NAME has no --cgroup-manager"
	pod run -d --name nocg --cgroups=disabled $IMAGE sleep 60
	diff <(cut -d: -f2,3 /proc/self/cgroup) <(cut -d: -f2,3 "/proc/$(pid_of nocg)/cgroup")
	pod rm -f -t 0 nocg
}

@test "podman run --cgroups=disabled --systemd=always: an init's cgroups have their place" {
	"$RUNTIME" --help 2>&1 | grep -q cgroup-manager || skip "$RUNTIME_NAME has no --cgroup-manager"
	run pod run --rm --cgroups=disabled --systemd=always $IMAGE sh -c \
		'awk "\$5 ~ /^.sys.fs.cgroup/ { print \$5 }" /proc/self/mountinfo; touch /sys/fs/cgroup/x || echo closed'
	[ "$status" -eq 0 ]
	grep -q '^/sys/fs/cgroup' <<< "$output"
	[ ! -d /sys/fs/cgroup/systemd ] || grep -x -q /sys/fs/cgroup/systemd <<< "$output"
	grep -x -q closed <<< "$output"
}

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
	pod rm -f -t 0 um
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
	run on_terminal 33 77 "$(declare -f pod); pod exec -it x1 sh -c 'tty; sleep 0.3; stty size; exit 9'"
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
	local moment=$1 pid

	shift
	pod "$@" > /dev/null 2>&1 < /dev/null &
	sleep "$moment"
	pid=$(pgrep -f "^podman --root $W/p/root |conmon .*$W/p/" | tr '\n' ' ')
	# shellcheck disable=SC2086
	[ -z "${pid// /}" ] || kill -KILL $pid 2>/dev/null || true
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
		pkill -KILL -f "^podman --root $W/p/root .* exec x1" || true
		pkill -KILL -f "conmon .*$W/p/.* --exec-process-spec" || true
		wait
	done
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
