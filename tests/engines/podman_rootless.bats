#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman as an ordinary user drives the runtime under test: in Podman's user namespace, without cgroups of v1, and with
# a cgroup of v2 that belongs to the user. What a test does is done with Debian's crun at the same time, and compared.

load engines
load user
load podman_rootless

# ---- output and exit status ---------------------------------------------------

@test "rootless run: output, errors and exit status come through" {
	life() {
		say pod run --rm $IMAGE sh -c 'echo to-out; echo to-err >&2; exit 7'
		say pod run --rm $IMAGE sh -c 'exit 255'
		say pod run --rm --pid host $IMAGE sh -c 'kill -TERM $$'
		printf 'a\nb\n' | say pod run --rm -i $IMAGE wc -l
	}
	both life
	eq "$(said pod run --rm $IMAGE sh -c 'echo to-out')" $'to-out\n= 7'
	grep -q '^to-err$' "$W/t/ours.errors"
	eq "$(said pod run --rm $IMAGE sh -c 'exit 255')" "= 255"
	eq "$(said pod run --rm --pid)" "= 143"
	eq "$(said pod run --rm -i)" $'2\n= 0'
}

@test "rootless run: what cannot be executed gives 126 or 127, and nothing stays" {
	life() {
		say pod run --rm $IMAGE no-such-program
		say pod run --rm $IMAGE /etc/passwd
		say pod run --rm $IMAGE /etc
		say pod ps -aq
	}
	both life
	eq "$(said pod run --rm $IMAGE no-such-program)" "= 127"
	eq "$(said pod run --rm $IMAGE /etc/passwd)" "= 126"
	grep -q 'no-such-program' "$W/t/ours.errors"
}

@test "rootless run: the process and its surroundings" {
	life() {
		say pod run --rm $IMAGE sh -c "$FACTS"
		say pod run --rm $IMAGE sh -c 'tr -s " " < /proc/self/uid_map; cat /proc/self/setgroups'
	}
	both life
	eq "$(said pod run --rm $IMAGE sh -c 'tr')" $' 0 64001 1\n 1 300000 65536\nallow\n= 0'
}

@test "rootless run: another user, fewer capabilities, no new privileges, --privileged" {
	life() {
		say pod run --rm --user 1000:29 --cap-drop all $IMAGE sh -c "id; $FACTS"
		say pod run --rm --cap-drop all --cap-add NET_ADMIN --security-opt no-new-privileges $IMAGE \
			grep -E '^(Cap|NoNewPrivs)' /proc/self/status
		say pod run --rm --privileged $IMAGE sh -c 'grep ^Cap /proc/self/status
			mount -t tmpfs none /mnt && echo mounted; test -c /dev/null && echo device'
	}
	both life
	[[ "$(said pod run --rm --user)" == "uid=1000(user) gid=29(audio)"* ]]
	[[ "$(said pod run --rm --privileged)" == *$'mounted\ndevice\n= 0' ]]
}

@test "rootless run: the seccomp profile of Podman, and one of the user's own" {
	life() {
		echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"],
			"action": "SCMP_ACT_ERRNO", "errnoRet": 5}]}' > "$W/$SIDE/home/profile"
		say pod run --rm $IMAGE grep ^Seccomp: /proc/self/status
		say pod run --rm --security-opt seccomp=unconfined $IMAGE grep ^Seccomp: /proc/self/status
		say pod run --rm --security-opt "seccomp=profile" $IMAGE sh -c 'mkdir /x; echo $?'
	}
	both life
	[[ "$(said pod run --rm $IMAGE grep)" == *2$'\n= 0' ]]
	eq "$(said pod run --rm --security-opt seccomp=profile)" $'1\n= 0'
}

# ---- terminal -----------------------------------------------------------------

@test "rootless run -it, exec -it: a terminal of the caller's size" {
	life() {
		say terminal "pod run --rm -it $IMAGE sh -c 'tty; $size; exit 9'; echo status \$?"
		pod run -d -t --name term $IMAGE sh -c 'tty; sleep 60' > /dev/null
		say terminal "pod exec -it term sh -c 'tty; $size; exit 8'; echo status \$?"
		say logs_have term /dev/pts/0
	}
	# Podman tells the size while the program starts.
	local size='for i in $(seq 50); do stty size 2>&1 | grep "33 77" && break; sleep 0.1; done'

	both life
	[[ "$(said terminal pod run)" == *"/dev/pts/0"*"33 77"*"status 9"* ]]
	[[ "$(said terminal pod exec)" == *"/dev/pts/1"*"33 77"*"status 8"* ]]
	eq "$(said logs_have)" "= 0"
}

# ---- detached life ------------------------------------------------------------

commands() { pod top "$1" comm | sort -u; }

@test "rootless run -d, logs, exec, kill, stop: the whole life of a container" {
	life() {
		pod run -d --name d $IMAGE sh -c 'trap "echo got-usr1" USR1; trap "echo got-term; exit 3" TERM; echo ready
			while :; do sleep 0.1; done' > /dev/null
		say logs_have d ready
		say pod exec d sh -c 'cat /proc/1/comm; id -u; tr -s " " < /proc/self/uid_map; exit 6'
		printf 'x\ny\n' | say pod exec -i d wc -l
		say pod exec --user user --workdir /tmp --env A=b d sh -c 'id -un; pwd; echo $A'
		say pod exec d sh -c "$FACTS"
		say pod exec d no-such-program
		say pod exec d /etc/passwd
		say pod exec -d d sh -c 'echo from-exec > /tmp/f; sleep 60'
		say wait_for 5 in_container d test -s /tmp/f
		# Its loop is between two programs now and then.
		say commands d
		say pod kill -s USR1 d
		say logs_have d got-usr1
		say pod stop -t 10 d
		say pod inspect -f '{{.State.Status}} {{.State.ExitCode}}' d
		say pod logs d
		say pod rm d
	}
	both life
	eq "$(said pod exec d sh -c 'cat')" $'sh\n0\n 0 64001 1\n 1 300000 65536\n= 6'
	eq "$(said pod exec -i)" $'2\n= 0'
	eq "$(said pod exec --user)" $'user\n/tmp\nb\n= 0'
	eq "$(said pod exec d no-such)" "= 127"
	eq "$(said pod exec d /etc/passwd)" "= 126"
	eq "$(said pod inspect)" $'exited 3\n= 0'
	eq "$(said pod logs)" $'ready\ngot-usr1\ngot-term\n= 0'
}

in_container() {
	pod exec "$@"
}

@test "rootless kill, stop of a program that ignores TERM, rm -f: 137, and it is gone" {
	life() {
		pod run -d --name k $IMAGE sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' > /dev/null
		say logs_have k ready
		say pod stop -t 1 k
		say pod wait k
		pod run -d --name k2 $IMAGE sleep 60 > /dev/null
		say pod kill k2
		say pod wait k2
		pod run -d --name k3 $IMAGE sleep 60 > /dev/null
		say pod rm -f -t 0 k3
		say pod container exists k3
	}
	both life
	eq "$(said pod wait k)" $'137\n= 0'
	eq "$(said pod wait k2)" $'137\n= 0'
	eq "$(said pod container exists)" "= 1"
}

@test "rootless create, init, start, restart: waiting until it is started, no signal blocked" {
	life() {
		pod create --name c $IMAGE sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status; sleep 60' > /dev/null
		say pod init c
		say pod inspect -f '{{.State.Status}}' c
		say pod start c
		say pod restart -t 0 c
		say pod inspect -f '{{.State.Status}}' c
		mkdir -p "$W/$SIDE/home/v"
		chmod 777 "$W/$SIDE/home/v"
		pod run -d --name again --restart on-failure:5 -v "$W/$SIDE/home/v:/v" $IMAGE \
			sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status >> /v/f; [ $(wc -l < /v/f) -ge 6 ]' > /dev/null
		say wait_for 20 bash -c "[ \"\$(wc -l < $W/$SIDE/home/v/f)\" = 6 ]"
		sort -u "$W/$SIDE/home/v/f"
	}
	both life
	eq "$(said pod inspect)" $'initialized\n= 0'
	eq "$(said wait_for | tail -n 2 | tr -s '\t' ' ')" $'SigBlk: 0000000000000000\nSigIgn: 0000000000000000'
}

@test "rootless init, rm: a container that was never started is removed" {
	life() {
		pod create --name i $IMAGE sh -c 'echo never' > /dev/null
		say pod init i
		say pod rm -f -t 0 i
	}
	both life
	eq "$(said pod rm)" $'i\n= 0'
}

# ---- namespaces ---------------------------------------------------------------

@test "rootless pod: containers share the pod's namespaces" {
	life() {
		pod pod create --name p --hostname podhost > /dev/null
		pod run -d --pod p --name p1 $IMAGE sleep 60 > /dev/null
		say pod run --rm --pod p --name p2 $IMAGE sh -c 'hostname; readlink /proc/self/ns/net > /tmp/n
			ls -1 /sys/class/net'
		say pod exec p1 sh -c 'hostname; ps -o comm | head -n 2'
		say same_namespaces p1 p-infra
		say pod pod stop -t 0 p
		say pod pod start p
		say pod exec p1 echo again
		say pod pod rm -f -t 0 p
	}
	# shellcheck disable=SC2317
	same_namespaces() {
		local ns infra

		infra=$(pod pod inspect -f '{{.InfraContainerID}}' p)
		for ns in net ipc uts user pid mnt; do
			[ "$(namespace_of "$1" $ns)" = "$(namespace_of "$infra" $ns)" ] && echo "$ns is shared"
		done
		true
	}
	both life
	eq "$(said same_namespaces)" $'net is shared\nipc is shared\nuts is shared\nuser is shared\n= 0'
	eq "$(said pod exec p1 echo)" $'again\n= 0'
}

namespace_of() {
	world readlink "/proc/$(pod inspect -f '{{.State.Pid}}' "$1")/ns/$2"
}

@test "rootless run: the host's namespaces, and those of another container" {
	life() {
		pod run -d --name a --hostname other $IMAGE sleep 60 > /dev/null
		say pod run --rm --pid container:a --ipc container:a $IMAGE sh -c 'ps -o comm | sed -n 2p; ls -1 /dev/shm | wc -l'
		say pod run --rm --network container:a $IMAGE sh -c 'hostname; ls -1 /sys/class/net'
		say pod run --rm --pid host ${ipc:+--ipc host} --uts host $IMAGE sh -c 'test $(ls -d /proc/[0-9]* | wc -l) -gt 3; echo $?
			cat /proc/1/comm'
	}
	local ipc=

	# Podman binds the host's message queues, which not every machine has mounted.
	[ ! -d /dev/mqueue ] || ipc=yes
	both life
	eq "$(said pod run --rm --pid container)" $'sleep\n0\n= 0'
	[[ "$(said pod run --rm --pid host)" == $'0\nbash\n'*'= 0' ]]
}

@test "rootless run --userns=keep-id: the user is itself inside, and its files are its own" {
	life() {
		mkdir -p "$W/$SIDE/home/v"
		chown "$USER_ID:$USER_ID" "$W/$SIDE/home/v"
		say pod run --rm --userns keep-id -v "$W/$SIDE/home/v:/v" $IMAGE sh -c 'id; tr -s " " < /proc/self/uid_map
			echo mine > /v/f; stat -c "%u %g" /v/f'
		stat -c '%u %g' "$W/$SIDE/home/v/f"
		pod run -d --name keep --userns keep-id $IMAGE sleep 60 > /dev/null
		say pod exec keep sh -c 'id -u; tr -s " " < /proc/self/gid_map'
		say pod exec --user 0 keep sh -c 'id -u; grep ^CapEff /proc/self/status; touch /root/f && stat -c %u /root/f'
		say pod run --rm --userns keep-id $IMAGE sh -c "$FACTS"
		say pod stop -t 0 keep
	}
	both life
	[[ "$(said pod run --rm --userns)" == "uid=$USER_ID("*"$USER_ID $USER_ID"*"= 0"* ]]
	[[ "$output" == *$'\n'"$USER_ID $USER_ID"$'\n'* ]]
	[[ "$(said pod exec --user)" == $'0\n'*$'\n0\n= 0' ]]
}

@test "rootless run --uidmap, --userns=nomap: a user namespace within the user's own" {
	life() {
		say pod run --rm --uidmap 0:1:1000 --gidmap 0:1:1000 $IMAGE sh -c 'tr -s " " < /proc/self/uid_map; id -u; touch /f && stat -c %u /f'
		say pod run --rm --userns nomap $IMAGE sh -c 'tr -s " " < /proc/self/uid_map'
		say pod run --rm --uidmap 0:1:1000 --gidmap 0:1:1000 $IMAGE sh -c "$FACTS"
	}
	both life
	eq "$(said pod run --rm --uidmap)" $' 0 1 1000\n0\n0\n= 0'
}

# ---- network ------------------------------------------------------------------

@test "rootless run --net none and host" {
	life() {
		say pod run --rm --net none $IMAGE sh -c 'ls -1 /sys/class/net; ip -o addr show lo | grep -c 127.0.0.1'
		say pod run --rm --net host $IMAGE ls -1 /proc/sys/net
		say pod run --rm --net host $IMAGE sh -c "$FACTS"
	}
	both life
	eq "$(said pod run --rm --net none)" $'lo\n1\n= 0'
}

@test "rootless run --net slirp4netns: an interface of its own, a port of it on the host" {
	local why

	command -v slirp4netns > /dev/null || skip "slirp4netns is not installed"
	why=$(as_user sh -c 'exec 3<> /dev/net/tun' 2>&1) || skip "the user cannot open a tap device: $why"
	life() {
		local port=127.0.0.1:$((20000 + RANDOM % 5000))

		# Both are on the host's network at once.
		[ "$SIDE" = ours ] || port=127.0.0.1:$((25000 + RANDOM % 5000))

		say pod run --rm --net slirp4netns $IMAGE sh -c 'ip -o -4 addr show dev tap0 | tr -s " " | cut -d" " -f4
			ip route | grep ^default'
		pod run -d --name web --net slirp4netns -p $port:80 $IMAGE \
			sh -c 'echo hello > /tmp/index.html; httpd -f -p 80 -h /tmp' > /dev/null
		FETCH=$port say wait_for 10 fetch
		say pod exec web ls -1 /sys/class/net
	}
	both life
	eq "$(said pod run)" $'10.0.2.100/24\ndefault via 10.0.2.2 dev tap0 \n= 0'
	eq "$(said wait_for)" "= 0"
	eq "$(said pod exec)" $'lo\ntap0\n= 0'
}

fetch() {
	[ "$(busybox wget -q -O - "http://$FETCH/")" = hello ]
}

# ---- files --------------------------------------------------------------------

@test "rootless run -v: writable, read-only, with :U, a file, a named volume" {
	life() {
		local home=$W/$SIDE/home

		mkdir -p "$home/v" "$home/u"
		chown "$USER_ID:$USER_ID" "$home/v" "$home/u"
		say pod run --rm -v "$home/v:/v" $IMAGE sh -c 'echo inside > /v/f; stat -c "%u %g" /v/f'
		stat -c '%n %u %g' "$home/v/f"
		say pod run --rm -v "$home/v:/v:ro" $IMAGE sh -c 'cat /v/f; echo x > /v/f'
		say pod run --rm -v "$home/v/f:/etc/passwd:ro" -v "$home/v/f:/opt/new/file" $IMAGE cat /etc/passwd /opt/new/file
		say pod run --rm -v "$home/v:/v:noexec,nosuid,nodev" $IMAGE sh -c 'grep " /v " /proc/self/mountinfo | cut -d" " -f6'
		say pod run --rm --user 1000:29 -v "$home/u:/u:U" $IMAGE sh -c 'stat -c "%u %g" /u; touch /u/f'
		stat -c '%n %u %g' "$home/u" "$home/u/f"
		say pod run --rm -v vol:/data:U --user 1000 $IMAGE sh -c 'echo kept > /data/f'
		say pod run --rm -v vol:/data $IMAGE sh -c 'cat /data/f; stat -c %u /data'
		say pod volume rm vol
	}
	both life
	[[ "$output" == *"/v/f $USER_ID $USER_ID"* ]]
	[[ "$output" == *"/u/f 300999 300028"* ]]
	eq "$(said pod run --rm -v vol:/data $IMAGE)" $'kept\n1000\n= 0'
	eq "$(said pod run --rm -v "$W/ours/home/v:/v:ro")" $'inside\n= 1'
}

@test "rootless run --mount idmap: on a tmpfs of the user's namespace it maps, on the host's files it is refused" {
	life() {
		as_user mkdir -p v
		say as_user podman unshare mount -t tmpfs none "$W/$SIDE/home/v"
		say as_user podman unshare sh -c 'touch v/root v/user; chown 5:6 v/user'
		say pod run --rm --uidmap 0:1:1000 --gidmap 0:1:1000 --mount "type=bind,src=$W/$SIDE/home/v,dst=/v,idmap" $IMAGE \
			sh -c 'touch /v/new; stat -c "%n %u %g" /v/*'
		say as_user podman unshare sh -c 'stat -c "%n %u %g" v/*; umount v'
		say pod run --rm --uidmap 0:1:1000 --gidmap 0:1:1000 --mount "type=bind,src=$W/$SIDE/home/v,dst=/v,idmap" $IMAGE ls /v
	}
	both life
	[[ "$(said pod run)" == $'/v/new 0 0\n/v/root 0 0\n/v/user 5 6\n= 0'* ]]
	[[ "$output" == *$'= 126' ]]
	grep -q 'map the ids of.*operation not permitted' "$W/t/ours.errors"
}

@test "rootless run --read-only, --tmpfs, --shm-size" {
	life() {
		say pod run --rm --read-only --tmpfs /scratch:rw,size=2m,mode=1770 $IMAGE sh -c 'touch /x; touch /etc/x
			touch /tmp/x && echo tmp; touch /scratch/f && echo scratch; stat -c %a /scratch
			df -k /scratch | tail -n 1 | tr -s " " | cut -d" " -f2
			awk "\$5 == \"/\" { print \$6 }" /proc/self/mountinfo | cut -d, -f1'
		say pod run --rm --shm-size 2m $IMAGE sh -c 'df -k /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2'
		say pod run --rm --mount type=tmpfs,dst=/m,tmpfs-size=1m,tmpfs-mode=700 $IMAGE stat -c '%a %u' /m
	}
	both life
	eq "$(said pod run --rm --read-only)" $'tmp\nscratch\n1770\n2048\nro\n= 0'
	eq "$(said pod run --rm --shm-size)" $'2048\n= 0'
}

@test "rootless run --device, -v of a device; masked paths and --security-opt unmask" {
	life() {
		say pod run --rm --device /dev/zero:/dev/nought $IMAGE sh -c 'head -c 4 /dev/nought | wc -c; echo x > /dev/null && echo written
			mknod /dev/x c 1 3 || echo refused'
		say pod run --rm $IMAGE sh -c 'wc -c < /proc/timer_list; ls -A /sys/firmware | wc -l; touch /proc/sys/kernel/hostname'
		say pod run --rm --security-opt unmask=ALL $IMAGE sh -c 'grep -cE " /proc/[a-z]" /proc/self/mountinfo'
	}
	both life
	eq "$(said pod run --rm --device)" $'4\nwritten\nrefused\n= 0'
	eq "$(said pod run --rm $IMAGE)" $'0\n0\n= 1'
}

@test "rootless storage: the kernel's overlay, and fuse-overlayfs" {
	life() {
		local why

		say over kernel
		if ! command -v fuse-overlayfs > /dev/null; then
			echo "no fuse-overlayfs"
		else
			say over fuse --storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs
		fi
	}
	# shellcheck disable=SC2317
	over() {
		local name=$1

		shift
		as_user mkdir -p "over-$name/tmp"
		set -- as_user timeout -k 5 60 podman --root "$W/$SIDE/home/over-$name/root" --storage-driver overlay "$@"
		"$@" import -q "$W/rootfs.tar" $IMAGE > /dev/null
		"$@" run --rm $IMAGE sh -c 'echo changed > /etc/passwd; cat /etc/passwd; stat -c "%u %g" /etc/passwd
			awk "\$5 == \"/\"" /proc/self/mountinfo | sed "s/.* - //" | cut -d" " -f1'
		"$@" rm -af > /dev/null
		as_user podman unshare sh -c "umount -R over-$name/root/overlay; rm -rf over-$name" 2> /dev/null
	}
	both life
	[[ "$output" == *$'changed\n0 0\noverlay\n'* ]]
	command -v fuse-overlayfs > /dev/null || skip "fuse-overlayfs is not installed; the kernel's overlay works"
	[ -e /dev/fuse ] || skip "no /dev/fuse; the kernel's overlay works"
	[[ "$output" == *$'changed\n0 0\nfuse.fuse-overlayfs\n'* || "$output" == *$'changed\n0 0\nfuse\n'* ]]
}

# ---- more of Podman -----------------------------------------------------------

@test "rootless run: limits of the process, --init, --systemd=always, --preserve-fds, hooks" {
	life() {
		say pod run --rm --ulimit nofile=256:512 --ulimit core=0:0 $IMAGE sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
		say pod run --rm --oom-score-adj 123 $IMAGE cat /proc/self/oom_score_adj
		[ ! -x /usr/libexec/podman/catatonit ] || say pod run --rm --init $IMAGE cat /proc/1/comm
		say pod run --rm --systemd=always $IMAGE sh -c 'for d in /run /tmp /run/lock; do grep -c " $d tmpfs " /proc/mounts; done'
		say pod run --rm --cgroups=disabled $IMAGE echo without
		say pod run --rm --cgroups=disabled --systemd=always $IMAGE echo neither
		say pod run --rm --sysctl net.ipv4.ip_default_ttl=77 $IMAGE cat /proc/sys/net/ipv4/ip_default_ttl
		mkdir -p "$W/$SIDE/home/hooks"
		printf '#!/bin/sh\njq -r ".id | length" > %s/hooks/seen\n' "$W/$SIDE/home" > "$W/$SIDE/home/hooks/hook"
		chmod -R a+rwx "$W/$SIDE/home/hooks"
		jq -n --arg path "$W/$SIDE/home/hooks/hook" '{version: "1.0.0", hook: {path: $path}, when: {always: true},
			stages: ["createRuntime"]}' > "$W/$SIDE/home/hooks/hook.json"
		say pod --hooks-dir "$W/$SIDE/home/hooks" run --rm $IMAGE echo hooked
		cat "$W/$SIDE/home/hooks/seen"
	}
	both life
	eq "$(said pod run --rm --ulimit)" $'256\n512\n0\n= 0'
	eq "$(said pod run --rm --oom)" $'123\n= 0'
	eq "$(said pod run --rm --cgroups)" $'without\n= 0'
	eq "$(said pod run --rm --cgroups=disabled --systemd)" $'neither\n= 0'
	eq "$(said pod run --rm --sysctl)" $'77\n= 0'
	eq "$(said pod --hooks-dir)" $'hooked\n= 0\n64'
}

@test "rootless build, commit, cp, unshare: what is made in the user's namespace is seen in it" {
	life() {
		local home=$W/$SIDE/home

		mkdir -p "$home/ctx"
		cp "$W/rootfs.tar" "$home/ctx/"
		printf 'FROM scratch\nADD rootfs.tar /\nRUN echo made > /made && chown 7:8 /made\nUSER 1000\nRUN id -u\n' \
			> "$home/ctx/Containerfile"
		say pod build -q --isolation oci --network none -t built "$home/ctx"
		say pod run --rm built sh -c 'id -u; stat -c "%u %g" /made'
		pod run -d --name c $IMAGE sleep 60 > /dev/null
		echo copied > "$home/file"
		say pod cp "$home/file" c:/tmp/file
		say pod exec c sh -c 'cat /tmp/file'
		say pod commit -q c committed
		say pod run --rm committed cat /tmp/file
		say as_user podman unshare sh -c 'id -u; tr -s " " < /proc/self/uid_map; touch mine; stat -c %u mine'
		stat -c %u "$home/mine"
		say as_user podman unshare podman --storage-driver vfs run --rm $IMAGE echo nested
	}
	both life
	eq "$(said pod run --rm built)" $'1000\n7 8\n= 0'
	eq "$(said pod run --rm committed)" $'copied\n= 0'
	[[ "$(said as_user podman unshare podman)" == $'nested\n= 0' ]]
	[[ "$output" == *$'\n'"$USER_ID"$'\n'* ]]
}

@test "rootless: conmon killed; the container goes on, exec works in it, rm -f and delete --force take it" {
	life() {
		local id

		pod run -d --name c $IMAGE sh -c 'sleep 60' > /dev/null
		id=$(pod inspect -f '{{.Id}}' c)
		world kill -KILL "$(pod inspect -f '{{.State.ConmonPid}}' c)"
		say pod exec c echo alive
		say pod rm -f -t 0 c
		say pod ps -aq
		# Podman takes it for one that has ended long ago.
		say as_user podman unshare $(runtime_of) delete --force $id
	}
	only ours life
	eq "$(said pod exec)" $'alive\n= 0'
	eq "$(said pod ps)" "= 0"
	eq "$(said as_user)" "= 0"
}

# ---- Buildah ------------------------------------------------------------------

@test "rootless buildah run, bud: RUN with the isolation oci" {
	command -v buildah > /dev/null || skip "buildah is not installed"
	life() {
		local c home=$W/$SIDE/home

		c=$(bud from $IMAGE)
		say br "$c" -- sh -c 'echo to-out; id -u; tr -s " " < /proc/self/uid_map; exit 4'
		printf 'a\nb\n' | say br "$c" -- wc -l
		say br --user 1000:29 --hostname box --workingdir /tmp "$c" -- sh -c 'id -u; id -g; hostname; pwd'
		say br "$c" -- sh -c 'echo kept > /etc/kept'
		say br "$c" -- sh -c 'cat /etc/kept; ls /proc/self/fd | wc -l'
		say br "$c" -- no-such-program
		say terminal "br -t $c -- sh -c 'tty; exit 5'; echo status \$?"
		mkdir -p "$home/v" "$home/ctx"
		chown "$USER_ID" "$home/v"
		say br -v "$home/v:/mnt" "$c" -- sh -c 'echo inside > /mnt/f'
		say br -v "$home/v:/mnt:ro" "$c" -- sh -c 'cat /mnt/f; echo x > /mnt/f'
		say br --cap-drop CAP_CHOWN "$c" -- chown 1 /etc/group
		say bud rm "$c"
		cp "$W/rootfs.tar" "$home/ctx/"
		printf 'FROM scratch\nADD rootfs.tar /\nRUN echo made > /made && chown 7 /made\nRUN test "$(stat -c %%u /made)" = 7\n' \
			> "$home/ctx/Containerfile"
		say bud bud -q --isolation oci --network none "$home/ctx"
		printf 'FROM scratch\nADD rootfs.tar /\nRUN exit 3\n' > "$home/ctx/Containerfile"
		say bud bud -q --isolation oci --network none "$home/ctx"
	}
	both life
	eq "$(said br)" $'to-out\n0\n 0 '"$USER_ID"$' 1\n 1 300000 65536\n= 4'
	[[ "$(said terminal)" == *"/dev/pts/0"*"status 5"* ]]
	[[ "$(said bud bud)" == *"= 0"* ]]
}

bud() {
	as_user timeout --foreground -k 5 60 buildah --storage-driver vfs "$@" 3>&- 4>&-
}

br() {
	bud run --isolation oci --network none "$@"
}

# ---- the comparison itself ----------------------------------------------------

@test "rootless: Debian's crun runs here, so that all of the above was compared with it" {
	[ -n "$REFERENCE" ] || skip "nothing was compared: $WHY"
	SIDE=theirs
	: > "$W/t/theirs.used"
	run pod info --format '{{.Host.OCIRuntime.Path}}'
	eq "$output" "$REFERENCE"
	SIDE=ours
	run pod info --format '{{.Host.OCIRuntime.Path}}'
	eq "$output" "$RUNTIME"
}
