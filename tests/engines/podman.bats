#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman (root, cgroupfs) drives the runtime under test: create by conmon, start, kill, delete --force.

load engines
load podman

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
	run on_terminal 33 77 "$(declare -f pod); pod run --rm -it $IMAGE sh -c 'tty; $SIZE_COMES; exit 9'"
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
	logs_have c1 run
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
	echo outside > "$W/t/v/in/new"
	mv "$W/t/v/in/new" "$W/t/v/in/f"
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
	echo outside > "$W/t/v/in/new"
	mv "$W/t/v/in/new" "$W/t/v/in/f"
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
