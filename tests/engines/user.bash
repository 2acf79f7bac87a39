# SPDX-License-Identifier: Apache-2.0
# An ordinary user for the engine suites, in a world of its own: mount and pid namespaces in which /etc/passwd,
# /etc/subuid and their like know the user, and /dev/net/tun and /dev/fuse are open to everyone as they are on most
# machines. The host's files are not touched, and whatever the user starts ends with the world.
#
# There is one world for each word of SIDE, each with its own home and XDG_RUNTIME_DIR:
#   ours       the machine's own cgroups, RUNTIME
#   theirs     the same, REFERENCE (Debian's crun, which refuses the hybrid layout: there is no cgroup2 beside v1)
#   delegated  cgroup v2 alone, with a cgroup that belongs to the user, RUNTIME
#   bare       cgroup v2 alone, none of which belongs to the user, RUNTIME
#   alone      as ours, but the user has no subordinate ids
#
# shellcheck shell=bash

USER_ID=64001
USER_NAME=teuengine
export USER_ID USER_NAME

# What becomes pid 1 of a world: $1 the suite's place, $2 the SIDE, $3 the suite's word.
world_init() {
	local file dir=$1/$2/etc

	set -e
	mount -t tmpfs -o mode=755 none "$dir"
	cp /etc/passwd /etc/group "$dir"
	echo "$USER_NAME:x:$USER_ID:$USER_ID::$1/$2/home:/bin/sh" >> "$dir/passwd"
	echo "$USER_NAME:x:$USER_ID:" >> "$dir/group"
	: > "$dir/subuid"
	[ "$2" = alone ] || echo "$USER_NAME:300000:65536" > "$dir/subuid"
	cp "$dir/subuid" "$dir/subgid"
	for file in passwd group subuid subgid; do
		[ -e "/etc/$file" ] || : > "/etc/$file"
		mount --bind "$dir/$file" "/etc/$file"
	done
	world_device net/tun "$dir/tun" c 10 200
	world_device fuse "$dir/fuse" c 10 229
	case $2 in
	theirs)
		file=$(awk '$3 == "cgroup2" && $2 != "/sys/fs/cgroup" { print $2 }' /proc/mounts)
		[ -z "$file" ] || umount "$file"
		;;
	bare)
		mount -t cgroup2 none /sys/fs/cgroup
		;;
	delegated)
		mount -t cgroup2 none /sys/fs/cgroup
		mkdir -p "/sys/fs/cgroup/$3/user"
		chown "$USER_ID" "/sys/fs/cgroup/$3"{,/user}{,/cgroup.{procs,threads,subtree_control}}
		;;
	esac
	echo ready > "$1/$2/ready"
	while :; do
		sleep 86399 &
		wait $!
	done
}

world_device() {
	[ -e "/dev/$1" ] || return 0
	mknod -m 666 "$2" "$3" "$4" "$5"
	mount --bind "$2" "/dev/$1"
}

# world_begin SIDE: makes the world, unless it is there.
world_begin() {
	local dir=$W/$1

	[ ! -e "$dir/init" ] || return 0
	mkdir -p "$dir"/{etc,home,run}
	chmod 700 "$dir/run"
	chown "$USER_ID:$USER_ID" "$dir"/{home,run}
	# Bats does not wait for what has none of its descriptors. Whoever kills it takes the world along.
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
		bash -c "$(declare -f world_init world_device); world_init $W $1 $WORD" \
		< /dev/null > "$dir/log" 2>&1 3>&- 4>&- &
	echo $! > "$dir/outer"
	wait_for 5 test -s "$dir/ready" || { cat "$dir/log"; return 1; }
	pgrep -P "$(cat "$dir/outer")" > "$dir/init"
}

# worlds_end: ends all worlds, and says what is left of them.
worlds_end() {
	local file

	for file in "$W"/*/outer; do
		[ -e "$file" ] || continue
		kill -KILL "$(cat "$file")" 2>/dev/null || true
		wait_for 10 world_gone "$(cat "${file%outer}init")" || echo "world ${file%/outer} has not ended"
	done
	pgrep -af -- "$W/" | sed 's/^/process /'
}

world_gone() {
	! [ -d "/proc/$1" ]
}

# world COMMAND...: runs it as root in the world of $SIDE.
world() {
	nsenter -t "$(cat "$W/$SIDE/init")" -m -p -- "$@"
}

# as_user COMMAND...: runs it as the user, who has no privilege and only the variables of a fresh session.
as_user() {
	local cgroup=/sys/fs/cgroup/$WORD/user

	[ "$SIDE" = delegated ] || cgroup=/
	world sh -c '[ "$0" = / ] || echo 0 > "$0/cgroup.procs"; exec "$@"' "$cgroup" \
		setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --inh-caps=-all \
		env -i -C "$W/$SIDE/home" HOME="$W/$SIDE/home" USER="$USER_NAME" TERM=linux \
		PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR="$W/$SIDE/run" \
		CONTAINERS_CONF="$W/$SIDE/containers.conf" BUILDAH_RUNTIME="$(runtime_of)" "$@"
}

runtime_of() {
	if [ "$SIDE" = theirs ]; then echo "$REFERENCE"; else echo "$RUNTIME"; fi
}

# world_leaks: what containers have left in the world of $SIDE. Podman's own process that keeps the user namespace stays.
world_leaks() {
	world ps -e -o pid=,args= | awk '$1 != 1 && $2 != "ps" && $0 !~ / sleep 86399$| (catatonit -P|podman)$/' |
		sed 's/^/process /'
	find "$W/$SIDE/run" -mindepth 2 -maxdepth 2 -path "*/$(basename "$(runtime_of)")/*" | sed 's/^/state /'
	find /sys/fs/cgroup -mindepth 1 -type d -path "*$WORD/*" ! -name conmon ! -path "*$WORD/user" 2> /dev/null |
		sed 's/^/cgroup /'
}
