# SPDX-License-Identifier: Apache-2.0
# Shared by the engine suites: a private place per suite, a busybox tree, reading cgroups, and the leak check.
#
# RUNTIME names the runtime under test (an absolute path). Each suite keeps everything of its engine below $W, which
# holds a unique word, so whatever is left behind can be told from what other programs of the machine do.
#
# shellcheck shell=bash disable=SC2034

bats_require_minimum_version 1.5.0

# ---- the suite's place --------------------------------------------------------

suite_begin() {
	[ "$(id -u)" = 0 ] || { echo "the engine suites need root" >&2; return 1; }
	[ -x "${RUNTIME:?set RUNTIME to the runtime under test}" ] || {
		echo "RUNTIME=$RUNTIME is not an executable" >&2
		return 1
	}
	unset DOCKER_CONFIG DOCKER_HOST CONTAINER_HOST XDG_RUNTIME_DIR NOTIFY_SOCKET LISTEN_FDS
	export RUNTIME
	RUNTIME_NAME=$(basename "$RUNTIME")
	W=$(mktemp -d "${TMPDIR:-/tmp}/teu-engines.XXXXXX") # searchable by everyone: users in containers
	chmod 755 "$W"
	WORD=teueng${W##*.}
	mkdir "$W/tmp"
	export RUNTIME_NAME W WORD TMPDIR="$W/tmp"
	tree_make "$W/rootfs"
	tar -C "$W/rootfs" -cf "$W/rootfs.tar" .
	chmod 644 "$W/rootfs.tar"
}

suite_end() {
	[ -n "${W-}" ] || return 0
	local mount

	# Engines mount their storage; the deepest mount goes first.
	mounts_below "$W" | tac | while read -r mount; do
		umount "$mount" || true
	done
	find /sys/fs/cgroup -depth -type d -path "*$WORD*" -exec rmdir {} + 2>/dev/null || true
	rm -rf --one-file-system "$W"
}

# tree_make DIR: a root file system of busybox and two users.
tree_make() {
	local root=$1 busybox applet

	mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,run,root,home,mnt}
	chmod 1777 "$root/tmp"
	busybox=$(command -v busybox)
	cp "$busybox" "$root/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n' > "$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\naudio:x:29:user\n' > "$root/etc/group"
	echo "not a program" > "$root/bin/noexec"
}

# podman_conf: contrib/containers.conf with the runtime under test in the place of the installed one.
podman_conf() {
	cat <<-CONF
		[containers]
		netns = "none"
		default_ulimits = ["nofile=$(default_rlimit -n 4096)", "nproc=$(default_rlimit -u 4096)"]
	CONF
	sed -e "s|/usr/local/bin/teu|$RUNTIME|" -e 's/^\[engine\]$/&\nevents_logger = "file"/' \
		"$BATS_TEST_DIRNAME/../../contrib/containers.conf"
}

# pod_remove OPTION|NAME...: with any runtime, the cleanup that conmon starts may stand in the way of the removal of a
# container with a user namespace ("userdata/shm: device or resource busy"); what is left of it is removed after that.
pod_remove() {
	pod rm -f -t 0 "$@" || pod rm -f -t 0 "$@"
}

# default_rlimit NAME MAX: MAX, or less where this machine's own hard limit is below it.
default_rlimit() {
	local hard

	hard=$(ulimit -H "$1")
	if [ "$hard" = unlimited ] || [ "$hard" -gt "$2" ]; then echo "$2"; else echo "$hard"; fi
}

# ---- waiting ------------------------------------------------------------------

# Engines tell a terminal's size while the program starts. For on_terminal 33 77.
SIZE_COMES='for i in $(seq 50); do stty size 2>&1 | grep 33.77 && break; sleep 0.1; done'

# wait_for SECONDS COMMAND...: until the command succeeds; its last status otherwise.
wait_for() {
	local left=$(($1 * 20))

	shift
	until "$@" > /dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}

# runtime_idle PATH: no runtime works on what is below PATH. An init that waits for its start looks like one; it is a
# member of another pid namespace.
runtime_idle() {
	local pid

	for pid in $(pgrep -f "^$RUNTIME .*$1"); do
		[ "$(awk '/^NSpid:/ { print NF }' "/proc/$pid/status")" != 2 ] || return 1
	done
}

# ---- looking at a container ---------------------------------------------------

# cgroup_dir PID CONTROLLER: the directory that governs this controller for the process (v1 or v2).
cgroup_dir() {
	local path mount

	path=$(awk -F: -v c="$2" '{ n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) print $3 }' \
		"/proc/$1/cgroup")
	if [ -n "$path" ]; then
		mount=$(awk -v c="$2" '{ for (i = 7; i <= NF; i++) if ($i == "-") break
			if ($(i + 1) != "cgroup") next
			n = split($(i + 3), a, ","); for (j = 1; j <= n; j++) if (a[j] == c) { print $5; exit } }' \
			/proc/self/mountinfo)
	else
		path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
		mount=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") break
			if ($(i + 1) == "cgroup2") { print $5; exit } }' /proc/self/mountinfo)
	fi
	[ -d "$mount$path" ] && echo "$mount$path"
}

# cgroup_read PID CONTROLLER V1-FILE V2-FILE: the value of whichever file this machine has.
cgroup_read() {
	local dir

	dir=$(cgroup_dir "$1" "$2") || return 1
	cat "$dir/$3" 2>/dev/null || cat "$dir/$4"
}

mounts_below() {
	awk -v w="$1/" 'index($5 "/", w) == 1 { print $5 }' /proc/self/mountinfo
}

# ---- what must be gone after every test ---------------------------------------

# leaks_of STATE-DIR ID...: prints what is left of these containers: state, cgroups, processes.
leaks_of() {
	local state=$1 id

	shift
	for id; do
		[ ! -e "$state/$id" ] || echo "state directory $state/$id"
		find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null | sed 's/^/cgroup /'
		pgrep -af -- "$id" | cut -c1-120 | sed 's/^/process /'
	done
}

# Containers of this suite that the runtime itself still knows, under the given or its default --root.
leaks_known() {
	"$RUNTIME" "$@" list -f json 2>/dev/null |
		jq -r --arg w "$W/" '.[]? | select(.bundle | startswith($w)) | "container \(.id) (\(.status))"'
}

# Cgroups below a parent named for the suite; conmon's own (empty) one is Podman's affair.
leaks_word() {
	find /sys/fs/cgroup -mindepth 1 -type d -path "*$WORD/*" ! -name conmon 2>/dev/null | sed 's/^/cgroup /'
}

# leaks_expect_none FUNCTION: FUNCTION prints left-overs; engines clean up in the background, so it gets five seconds.
leaks_expect_none() {
	local left i

	for i in $(seq 50); do
		left=$("$@")
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	printf 'left behind:\n%s\n' "$left"
	return 1
}

# ---- terminals ----------------------------------------------------------------

# on_terminal ROWS COLUMNS COMMAND: runs the shell command on a pseudoterminal of that size; its status is returned.
on_terminal() {
	timeout 60 script -qec "stty rows $1 cols $2; $3" /dev/null < /dev/null
}

# ---- bundles ------------------------------------------------------------------

# bundle_make DIR ID FILTER: a bundle of `RUNTIME spec` on the suite's tree, changed by the jq filter.
bundle_make() {
	mkdir -p "$1"
	"$RUNTIME" spec --bundle "$1"
	jq --arg root "$W/rootfs" --arg path "/$WORD/$2" \
		".root.path = \$root | .process.terminal = false | .linux.cgroupsPath = \$path | $3" \
		"$1/config.json" > "$1/config.new"
	mv "$1/config.new" "$1/config.json"
}

# ---- the same on another runtime ----------------------------------------------

# reference_find: REFERENCE is Debian's crun or runc, whichever runs a container on this machine; else skips.
reference_find() {
	local name why=

	for name in crun runc; do
		REFERENCE=$(command -v "$name") || { why+=" $name is not installed;"; continue; }
		rm -rf "$W/t/reference"
		RUNTIME=$REFERENCE bundle_make "$W/t/reference" "reference-$name" '.process.args = ["true"] | .process.rlimits = []'
		if "$REFERENCE" --root "$W/t/reference/root" run --bundle "$W/t/reference" "$WORD" \
			< /dev/null > "$W/t/reference/out" 2>&1 3>&- 4>&-; then
			return 0
		fi
		why+=" $name: $(tail -n 1 "$W/t/reference/out");"
		"$REFERENCE" --root "$W/t/reference/root" delete --force "$WORD" > /dev/null 2>&1 || true
	done
	skip "no runtime to compare with:$why"
}

# say COMMAND...: what it prints on standard output, and its status; a line of a transcript.
say() {
	local status=0

	echo "+ $*"
	"$@" 2>> "$W/t/errors" || status=$?
	echo "= $status"
}

# same_as_reference FUNCTION: what it prints with RUNTIME and with REFERENCE in its place is the same.
same_as_reference() {
	reference_find
	: > "$W/t/errors"
	"$1" > "$W/t/ours" || true
	echo "errors with $REFERENCE:" >> "$W/t/errors"
	RUNTIME=$REFERENCE "$1" > "$W/t/theirs" || true
	[ "$(grep -c '^= 0' "$W/t/theirs")" -gt 3 ] || { cat "$W/t/theirs" "$W/t/errors"; return 1; }
	diff -u --label "$REFERENCE" --label "$RUNTIME" "$W/t/theirs" "$W/t/ours" || { cat "$W/t/errors"; return 1; }
}

# What a program sees of the container, in words that do not depend on the moment.
FACTS='grep -E "^(Uid|Gid|Groups|Umask|Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn)" /proc/self/status
	tr -s " " < /proc/self/limits | sort
	cat /proc/self/oom_score_adj
	cut -d" " -f5 /proc/self/mountinfo | sort -u
	env | grep -v HOSTNAME= | sort
	pwd; hostname | wc -c
	ls -1 /dev; stat -c "%n %a %u %g" /dev /dev/shm /dev/pts /proc /sys /tmp
	cat /proc/sys/kernel/cap_last_cap; ls /proc/self/fd | wc -l
	for path in /proc/kcore /proc/timer_list /proc/keys; do (wc -c < $path) 2> /dev/null; done
	for path in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/x /etc/written; do
		(: >> $path) 2> /dev/null && echo "$path is writable"
	done
	awk "\$5 !~ /^\/(dev|proc|sys)\// || \$5 ~ /^\/dev\/(shm|pts|mqueue)\$/ { print \$5, \$6 }" /proc/self/mountinfo |
		grep -v "^/ " | sort -u
	readlink /proc/self/exe; cat /proc/1/comm'
