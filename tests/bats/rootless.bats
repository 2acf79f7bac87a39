#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers of an ordinary user: id maps, the state root, what has no cgroup, mounts that the kernel holds back.

load helpers
load callers
load helpers_caller

setup() {
	needs_subids
	test_begin
}

teardown() {
	unmount_over /usr/bin/newuidmap /usr/bin/newgidmap /etc/subuid /etc/subgid /proc/irq /proc/fs
	test_end
}

# --- id maps -------------------------------------------------------------------------------------

@test "UMAP-05 newuidmap and newgidmap map what is granted" {
	script 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; cat /proc/self/setgroups; id -u'
	run_ok
	eq "$output" " 0 $RTB_USER 1
 1 $RTB_SUBIDS 65536
 0 $RTB_USER 1
 1 $((RTB_SUBIDS + 100000)) 65536
allow
0"
}

@test "UMAP-05 without them the caller's own id, and setgroups is denied" {
	host_mount --bind /dev/null /usr/bin/newuidmap
	host_mount --bind /dev/null /usr/bin/newgidmap
	own_id
	script 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; cat /proc/self/setgroups; id -u'
	run_ok
	eq "$output" " 0 $RTB_USER 1
 0 $RTB_USER 1
deny
0"
}

@test "UMAP-05 the own id may be another inside" {
	own_id
	config '(.linux.uidMappings[0], .linux.gidMappings[0]).containerID = 1000
		| .process.user = {uid: 1000, gid: 1000}'
	script 'id -u; id -g; touch /tmp/file'
	writable_root
	run_ok
	eq "$output" "1000
1000"
	eq "$(stat -c %u "$BUNDLE/rootfs/tmp/file")" "$RTB_USER"
}

@test "a missing helper is named, and what it is for" {
	host_mount --bind /dev/null /usr/bin/newgidmap
	refused "newgidmap is not installed"
	has "$error" "/linux/gidMappings"
	host_mount --bind /dev/null /usr/bin/newuidmap
	refused "newuidmap is not installed"
	has "$error" "/linux/uidMappings"
}

@test "a user whom nothing is granted: the file and the user are named" {
	granted subuid nobody:1000000:65536
	refused "/etc/subuid has no line for user rtbuser ($RTB_USER)"
}

@test "ids that are not granted: the file, the first id and the entry are named" {
	granted subuid "rtbuser:$RTB_SUBIDS:65535"
	refused "/etc/subuid does not grant user rtbuser user id $((RTB_SUBIDS + 65535))"
	has "$error" "/linux/uidMappings/1"
	granted subuid "$RTB_USER:$RTB_SUBIDS:65536"
	granted subgid "rtbuser:1000000:65536"
	refused "/etc/subgid does not grant user rtbuser group id $((RTB_SUBIDS + 100000))"
	has "$error" "/linux/gidMappings/1"
}

@test "a helper without privileges: the reason is told" {
	cp /usr/bin/newuidmap "$TEST_DIR/newuidmap"
	host_mount --bind "$TEST_DIR/newuidmap" /usr/bin/newuidmap
	refused "neither set-user-ID nor has file capabilities"
}

@test "no_new_privs takes the helper's privileges" {
	run_runtime --version
	STATUS=0
	RTB_TOKEN=$TOKEN setpriv --no-new-privs "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" || STATUS=$?
	eq "$STATUS" 1
	has "$(cat "$ERR")" no_new_privs
}

@test "USER-02 ids of the process that are not mapped are refused in their place" {
	config '.process.user = {uid: 70000, gid: 0}'
	refused "/process/user/uid: user id 70000 is not mapped"
	config '.process.user = {uid: 0, gid: 70000}'
	refused "/process/user/gid: group id 70000 is not mapped"
	config '.process.user = {uid: 0, gid: 0, additionalGids: [5, 70000]}'
	refused "/process/user/additionalGids/1: group id 70000 is not mapped"
}

@test "USER-04 groups are set where they are mapped, and refused where setgroups is denied" {
	config '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	run_script 'id -u; id -g; id -G'
	eq "$output" "7
8
8 9"
	own_id
	config '.process.user = {uid: 0, gid: 0, additionalGids: [0]}'
	refused "/process/user/additionalGids: cannot be set"
}

@test "the caller's groups do not come along" {
	RTB_TOKEN=$TOKEN setpriv --reuid "$RTB_USER" --regid "$RTB_USER" --groups 4242 --inh-caps=-all \
		"${RUNTIME%/*}/program/teu" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" \
		|| { cat "$ERR" >&2; return 1; }
	script 'grep ^Groups: /proc/self/status'
	run_ok
	eq "$(tr -d '\t ' <<<"$output")" "Groups:"
}

@test "ids in the options of a mount must be mapped" {
	config '.linux.uidMappings |= .[:1] | .linux.gidMappings |= .[:1]'
	refused "the id is not mapped by linux.gidMappings"
	has "$error" "/mounts/2/options/5"
}

@test "without a user namespace it is said that there must be one" {
	config 'del(.linux.namespaces[] | select(.type == "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	refused '/linux/namespaces: an ordinary user can only make a container with a user namespace'
	has "$error" '{"type": "user"}'
	has "$error" "teu spec --rootless"
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	add_namespace user
	refused "needs id mappings"
}

# --- the state root ------------------------------------------------------------------------------

@test "the state root is below XDG_RUNTIME_DIR, for its user alone, and sticky" {
	mkdir "$TEST_DIR/run" && chown "$RTB_USER" "$TEST_DIR/run" && chmod 700 "$TEST_DIR/run"
	args true
	RTB_TOKEN=$TOKEN XDG_RUNTIME_DIR=$TEST_DIR/run "$RUNTIME" run --bundle "$BUNDLE" "$ID" </dev/null
	eq "$(stat -c '%a %u' "$TEST_DIR/run/teu")" "1700 $RTB_USER"
	RTB_TOKEN=$TOKEN XDG_RUNTIME_DIR=$TEST_DIR/run "$RUNTIME" --root "$TEST_DIR/other" run --bundle "$BUNDLE" "$ID" </dev/null
	eq "$(stat -c '%a %u' "$TEST_DIR/other")" "700 $RTB_USER"
}

@test "without XDG_RUNTIME_DIR it is told what to set" {
	local command

	mkdir -p -m 700 /run/teu
	for command in "run --bundle $BUNDLE $ID" list "state $ID"; do
		# shellcheck disable=SC2086
		! env -u XDG_RUNTIME_DIR "$RUNTIME" $command </dev/null >"$OUT" 2>"$ERR"
		has "$(cat "$ERR")" "XDG_RUNTIME_DIR is not set"
		# shellcheck disable=SC2086
		! XDG_RUNTIME_DIR='' "$RUNTIME" $command </dev/null >"$OUT" 2>"$ERR"
		has "$(cat "$ERR")" "XDG_RUNTIME_DIR is not set"
	done
	rmdir /run/teu 2>/dev/null || :
}

# --- cgroups -------------------------------------------------------------------------------------

@test "where no cgroup may be written the container has none, with a warning" {
	args true
	warned "the container has no cgroup"
	without_namespace pid
	config '.mounts |= map(if .type == "proc" then .options = ["ro"] else . end)'
	warned "without a pid namespace of its own"
}

@test "a limit is refused there, in its place" {
	config '.linux.resources.pids.limit = 10'
	refused "/linux/resources/pids/limit: "
	has "$error" "permission denied"
}

@test "/sys/fs/cgroup shows the caller's cgroups there, read-only even where the mount is not" {
	local mount

	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	run_probe mounts
	for mount in $(awk '$3 == "cgroup" { print $2 }' /proc/mounts); do
		eq "$(mount_field "/sys/fs/cgroup/${mount##*/}" fstype)" cgroup
		mount_opt "/sys/fs/cgroup/${mount##*/}" ro
	done
	[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] || return 0
	eq "$(mount_field /sys/fs/cgroup fstype)" cgroup2
	mount_opt /sys/fs/cgroup ro
}

@test "--rootless=false tolerates nothing, true and auto do" {
	args true
	ok --rootless=true run --bundle "$BUNDLE" "$ID"
	ok --rootless=auto run --bundle "$BUNDLE" "$ID"
	fails --rootless=false run --bundle "$BUNDLE" "$ID"
	has "$error" "/linux/cgroupsPath"
}

@test "what needs a cgroup is refused without one, the rest works" {
	args sleep 1000
	create
	start
	eq "$(state status)" running
	ok exec "$ID" id -u
	eq "$output" 0
	ok exec --user 1000:1000 "$ID" sh -c 'id -u; id -g'
	eq "$output" "1000
1000"
	fails pause "$ID"
	has "$error" "no cgroup that can be frozen"
	fails update --pids-limit 10 "$ID"
	has "$error" "no cgroup to limit it with"
	fails ps "$ID"
	has "$error" "no cgroup"
	local pid=$(pid_of)
	ok kill --all "$ID" KILL
	wait_pid "$pid" 5
	delete
}

# A cgroup of each hierarchy (of v2: VERSION 2) that is the user's, with the caller in a leaf.
delegated() {	# VERSION COMMAND...
	local mount dir

	for mount in $(awk -v type="cgroup${1#1}" '$3 == type { print $2 }' /proc/mounts); do
		dir=$mount/$TOKEN-user
		mkdir -p "$dir"
		[[ ! -e $dir/cpuset.cpus || ! -e $mount/cpuset.cpus ]] ||
			for file in cpuset.cpus cpuset.mems; do cat "$mount/$file" >"$dir/$file"; done
		mkdir -p "$dir/caller"
		[[ ! -e $dir/cpuset.cpus || ! -e $mount/cpuset.cpus ]] ||
			for file in cpuset.cpus cpuset.mems; do cat "$mount/$file" >"$dir/caller/$file"; done
		chown "$RTB_USER" "$dir" "$dir/cgroup.procs" "$dir/caller" "$dir/caller/cgroup.procs"
		[[ ! -e $dir/tasks ]] || chown "$RTB_USER" "$dir/tasks"
		[[ ! -e $dir/cgroup.subtree_control ]] || chown "$RTB_USER" "$dir/cgroup.subtree_control"
	done
	(
		for mount in $(awk -v type="cgroup${1#1}" '$3 == type { print $2 }' /proc/mounts); do
			echo "$BASHPID" >"$mount/$TOKEN-user/caller/cgroup.procs"
		done
		"${@:2}"
	)
}

delegated_end() {
	local dir

	for dir in /sys/fs/cgroup/"$TOKEN-user" /sys/fs/cgroup/*/"$TOKEN-user"; do
		[[ ! -d $dir ]] || rmdir "$dir/caller" "$dir"
	done
}

create_and_look() {
	create
	cat "/proc/$(pid_of)/cgroup" >cgroup
}

exec_and_look() {
	ok exec --user 1000 "$ID" cat /proc/self/cgroup
	echo "$output" >exec-cgroup
}

@test "a v2 cgroup that the user may write but not enter" {
	local mount

	mount=$(awk '$3 == "cgroup2" { print $2 }' /proc/mounts)
	[[ -n $mount ]] || skip "cgroup v2 is not mounted here"
	mkdir "$mount/$TOKEN-user" && chown "$RTB_USER" "$mount/$TOKEN-user"
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-user/x"
	fails create --bundle "$BUNDLE" "$ID"
	has "$error" "enter cgroup"
	has "$error" "an ordinary user enters only from"
	rmdir "$mount/$TOKEN-user"
	leak_check
}

@test "a delegated v2 cgroup is used: the container is born beside its caller" {
	need_fs cgroup2
	[[ -n $(awk '$3 == "cgroup2"' /proc/mounts) ]] || skip "cgroup v2 is not mounted here"
	args sleep 1000
	delegated 2 create_and_look
	eq "$(sed -n 's/^0:://p' cgroup)" "/$TOKEN-user/$ID"
	start
	delegated 2 exec_and_look
	eq "$(sed -n 's/^0:://p' exec-cgroup)" "/$TOKEN-user/$ID"
	ok --log "$LOG" --log-level warning exec "$ID" true
	has "$(cat "$LOG")" "stays outside of the container's cgroup"
	local pid=$(pid_of)
	ok kill --all "$ID" KILL
	wait_pid "$pid" 5
	delete
	missing "$(awk '$3 == "cgroup2" { print $2 }' /proc/mounts)/$TOKEN-user/$ID"
	delegated_end
}

@test "delegated v1 cgroups are used: limits, pause, ps and update" {
	[[ -n $(hierarchy pids) && -n $(hierarchy freezer) ]] || skip "cgroup v1 is not mounted here"
	config '.linux.resources.pids.limit = 20'
	args sleep 1000
	delegated 1 create_and_look
	start
	eq "$(cgroup_file pids pids.max)" 20
	delegated 1 ok update --pids-limit 30 "$ID"
	eq "$(cgroup_file pids pids.max)" 30
	delegated 1 exec_and_look
	has "$(cat exec-cgroup)" ":pids:/$TOKEN-user/$ID"
	ok pause "$ID"
	eq "$(state status)" paused
	ok resume "$ID"
	ok ps "$ID"
	has "$output" "sleep 1000"
	delete --force
	delegated_end
}

# --- mounts --------------------------------------------------------------------------------------

@test "MNT-OPT-suid locked flags stay through a bind and a remount, and are named when they shall go" {
	mkdir src
	host_mount -t tmpfs -o mode=777,nosuid,nodev,noexec source src
	bind "$TEST_DIR/src" /mnt
	add_mount /mnt none none remount bind ro
	run_probe mounts
	local word
	for word in ro nosuid nodev noexec; do mount_opt /mnt $word; done
	for word in suid dev exec; do
		config '.mounts |= .[:7]'
		bind "$TEST_DIR/src" /mnt $word
		refused "locked: no$word"
		has "$error" "/mounts/7"
	done
	config '.mounts |= .[:7]'
	bind "$TEST_DIR/src" /mnt noatime
	refused "locked: relatime"
}

@test "MNT-OPT-rw a source that is read-only stays so, and a clearing word names it" {
	mkdir src
	host_mount -t tmpfs -o mode=777,ro source src
	bind "$TEST_DIR/src" /mnt
	try create /mnt/file
	eq "$output" EROFS
	config '.mounts |= .[:7]'
	bind "$TEST_DIR/src" /mnt rw
	refused "locked: ro"
}

@test "sysfs without a network namespace of its own: the host's, with the same attributes below" {
	without_namespace network
	run_probe mounts
	eq "$(mount_field /sys fstype)" sysfs
	local word
	for word in ro nosuid nodev noexec; do mount_opt /sys $word; done
	config 'del(.mounts[6])'
	run_probe mounts
	ne "$(mount_field /sys/fs/cgroup fstype)" ""
	for word in ro nosuid nodev noexec; do mount_opt /sys/fs/cgroup $word; done
}

@test "proc without a pid namespace of its own: the host's" {
	without_namespace pid
	run_script 'cat /proc/self/stat | cut -d" " -f1; echo $$'
	ne "$(tail -n1 <<<"$output")" 1
}

@test "mqueue without an ipc namespace of its own: the host's, or the reason" {
	without_namespace ipc
	mkdir -p /dev/mqueue
	if [[ $(stat -f -c %T /dev/mqueue) != mqueue ]]; then
		refused 'the host'"'"'s "/dev/mqueue" cannot be had'
		host_mount -t mqueue "$TOKEN" /dev/mqueue
	fi
	run_probe mounts
	eq "$(mount_field /dev/mqueue fstype)" mqueue
	! grep -q "mqueue $TOKEN" /proc/self/mountinfo || umount /dev/mqueue
	leak_before
	rmdir /dev/mqueue 2>/dev/null || :
}

@test "a masked /proc of the caller: the masks are named" {
	mkdir empty
	host_mount --bind empty /proc/irq
	host_mount --bind empty /proc/fs
	refused "/mounts/0: "
	has "$error" '"/proc" is masked at /proc/irq, /proc/fs'
	umount /proc/irq /proc/fs
	leak_before
	args true
	run_ok
}

@test "DEV-02 DDEV-01 devices are the host's nodes" {
	config '.linux.devices = [{path: "/dev/fuller", type: "c", major: 1, minor: 7}]'
	run_script 'stat -c "%t:%T" /dev/null /dev/fuller; echo x >/dev/null; echo x 2>/dev/null >/dev/fuller || echo full'
	eq "$output" "1:3
1:7
full"
	config '.linux.devices[0].minor = 199'
	refused "/linux/devices/0"
}

@test "MNT-19 an id-mapped mount is refused, with its place" {
	bind "$TEST_DIR" /mnt idmap
	refused "/mounts/7: map the ids of"
	has "$error" CAP_SYS_ADMIN
}

# --- the rest ------------------------------------------------------------------------------------

@test "TIME-01 NS-01 every namespace can be had" {
	config '.linux.namespaces += [{type: "cgroup"}, {type: "time"}]
		| .linux.timeOffsets = {boottime: {secs: 100000, nanosecs: 0}}'
	run_script 'cut -d. -f1 /proc/uptime'
	((output > $(cut -d. -f1 /proc/uptime) + 99000))
}

@test "NS-12 NS-18 a user namespace that is joined, with namespaces that are new and others that are joined too" {
	args sleep 1000
	create
	start
	local pid=$(pid_of) type
	config '(.linux.namespaces[] | select(.type == "user" or .type == "network" or .type == "ipc")) |=
			(.path = "/proc/\($pid)/ns/" + (if .type == "network" then "net" else .type end))
		| del(.linux.uidMappings, .linux.gidMappings)' --argjson pid "$pid"
	args /bin/probe ns ids
	ok run --bundle "$BUNDLE" "$ID-2"
	for type in user net ipc; do eq "$(value ns.$type | tr -dc 0-9)" "$(ns_of "$pid" $type)" "$type"; done
	for type in pid mnt uts; do ne "$(value ns.$type | tr -dc 0-9)" "$(ns_of "$pid" $type)" "$type"; done
	value_is uid "0 0 0 0"
	# One of the host's, with it, is none that the user may enter.
	config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net"'
	fails create --bundle "$BUNDLE" "$ID-2"
	has "$error" "/linux/namespaces/"
	delete --force
}

@test "hooks are the caller's, with its ids" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg s "id -u >$TEST_DIR/hook"
	args true
	run_ok
	file_is hook "$RTB_USER"
}

@test "OOM-01 OOM-02 an oom score is raised, for exec too, and not lowered" {
	config '.process.oomScoreAdj = 321'
	args sleep 1000
	create
	start
	eq "$(cat "/proc/$(pid_of)/oom_score_adj")" 321
	ok exec "$ID" cat /proc/self/oom_score_adj
	eq "$output" 321
	delete --force
	config '.process.oomScoreAdj = -321'
	refused "/process/oomScoreAdj: "
}

@test "OOM-01 SCHED-01 IOP-01 score and priorities of another user of the container, for exec too" {
	config '.process.oomScoreAdj = 321 | .process.user = {uid: 1000, gid: 1000}
		| .process.scheduler = {policy: "SCHED_BATCH", nice: 7} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	args sleep 1000
	create
	start
	local pid=$(pid_of)
	eq "$(cat "/proc/$pid/oom_score_adj")" 321
	eq "$(awk '{ print $19, $41 }' "/proc/$pid/stat")" "7 3"
	has "$(ionice -p "$pid")" "prio 6"
	ok exec "$ID" /bin/probe sched ioprio
	value_is sched.policy 3
	value_is sched.nice 7
	value_is ioprio 2:6
	ok exec "$ID" cat /proc/self/oom_score_adj
	eq "$output" 321
	delete --force
}

@test "the key quota is told in its own words" {
	local other=$((RTB_USER + 1)) teu=${RUNTIME%/*}/program/teu

	# The quota is the user's, everywhere on the host, so another one uses it up.
	other() { RTB_TOKEN=$TOKEN setpriv --reuid $other --regid $other --clear-groups --inh-caps=-all "$@" </dev/null; }
	own_id
	config '(.linux.uidMappings[0], .linux.gidMappings[0]).hostID = $id' --argjson id $other
	args true
	rootfs_own $other
	chown -R $other:$other "$ROOT" "$BUNDLE" "$TEST_DIR"
	other "$PROBE" as without-keys "$teu" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$OUT" 2>"$ERR" && return 1
	matches "$(cat "$ERR")" 'key quota of user [0-9]+ is used up'
	has "$(cat "$ERR")" kernel.keys.maxkeys
	lacks "$(cat "$ERR")" "disk quota"
	other "$PROBE" as without-keys "$teu" --root "$ROOT" run --no-new-keyring --bundle "$BUNDLE" "$ID"
}

@test "settings that forbid user namespaces are named with their value" {
	local setting

	mkdir -p kernel root
	mount --rbind / root && mount --make-rslave root
	mount --bind kernel root/proc/sys/kernel
	args true
	for setting in unprivileged_userns_clone=0 apparmor_restrict_unprivileged_userns=1; do
		rm -f kernel/*
		echo "${setting#*=}" >"kernel/${setting%=*}"
		# The kernel makes no user namespace for who is in a chroot.
		RTB_TOKEN=$TOKEN chroot root "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
			</dev/null >"$OUT" 2>"$ERR" && return 1
		has "$(cat "$ERR")" "kernel.${setting%=*} is ${setting#*=}"
	done
	umount -l root
}

# What a container of the user could write is copied before it comes near one, or executes its program by a relay.
protection() {	# PROGRAM create|run
	# No tracer beside another: the leak check of a build with sanitizers is one.
	RTB_TOKEN=$TOKEN ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 as_user \
		strace -qq -e trace=memfd_create -o trace "$1" --root "$ROOT" "$2" --bundle "$BUNDLE" "$ID" </dev/null
	[[ $2 == run ]] || ok delete --force "$ID"
	sed -n 's/.*memfd_create("\([a-z]*\)".*/\1/p' trace | xargs
}

@test "the program is protected where the user's containers could write it" {
	local program

	need_program strace
	own_id
	args true
	eq "$(protection "${RUNTIME%/*}/program/teu" create)" ''
	eq "$(protection "${RUNTIME%/*}/program/teu" run)" ''
	install -o "$RTB_USER" "${RUNTIME%/*}/program/teu" own
	install -m 775 "${RUNTIME%/*}/program/teu" shared
	for program in own shared; do
		eq "$(protection "$TEST_DIR/$program" create)" teu
		eq "$(protection "$TEST_DIR/$program" run)" relay
	done
}

@test "checkpoint is no command" {
	fails checkpoint "$ID"
	has "$error" 'checkpoint'
}
