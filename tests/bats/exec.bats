#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: one more process in a container: where it is, who it is, what becomes of it.

load helpers

setup() {
	test_begin
	args sleep 1000
}

begin() {	# [OPTION...]: a running container, INIT
	create "$@"
	start
	INIT=$(pid_of)
}

ex() { run_runtime exec "$ID" "$@"; }	# COMMAND...
ex_ok() { ok exec "$@"; }		# [OPTION...] ID COMMAND...

# Fails before the program, with runc's status for that.
ex_fails() {	# [OPTION...] ID COMMAND...
	local want=255

	[[ $RUNTIME_NAME != crun ]] || want=1
	run_runtime exec "$@"
	((status == want)) && [[ -n $error ]] ||
		{ echo "must fail with $want and a message: $RUNTIME_NAME exec $*" >&2; show_failure; return 1; }
}

probe_in() {	# [OPTION...] -- SECTION...: the facts are in $output
	local options=()

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	ex_ok "${options[@]}" "$ID" /bin/probe "${@:2}"
}

# --- where ---------------------------------------------------------------------------------------

@test "the process is in all namespaces of init" {
	begin
	probe_in -- ns
	local type
	for type in cgroup ipc mnt net pid uts; do
		eq "$(value "ns.$type" | tr -dc 0-9)" "$(ns_of "$INIT" $type)" "$type"
	done
}

@test "it is a member of the pid namespace and a child of nobody there" {
	begin
	ex_ok "$ID" sh -c 'cat /proc/self/stat /proc/$$/status; ps'
	matches "$output" 'PPid:[[:space:]]0'
	has "$output" "sleep 1000"
}

@test "it is in init's cgroup in every hierarchy" {
	begin
	ex_ok "$ID" cat /proc/self/cgroup
	eq "$output" "$(cat "/proc/$INIT/cgroup")"
}

@test "in a user, a time and a cgroup namespace" {
	userns
	add_namespace cgroup
	[[ ! -e /proc/self/ns/time ]] || add_namespace time
	config '.linux.timeOffsets = {monotonic: {secs: 1000000}}'
	begin
	probe_in -- ns ids clock
	local type
	for type in cgroup ipc mnt net pid user uts time; do
		eq "$(value "ns.$type" | tr -dc 0-9)" "$(ns_of "$INIT" $type)" "$type"
	done
	value_is uid "0 0 0 0"
	(($(value clock.monotonic | cut -d. -f1) >= 1000000))
	ex_ok --user 1000:1000 "$ID" /bin/probe ids
	value_is uid "1000 1000 1000 1000"
}

@test "with namespaces of the host" {
	without_namespace pid
	without_namespace network
	without_namespace ipc
	is_host_root || config 'del(.mounts[] | select(.type == "mqueue"))'
	begin
	probe_in -- ns
	for type in mnt net pid ipc uts; do
		eq "$(value "ns.$type" | tr -dc 0-9)" "$(ns_of "$INIT" $type)" "$type"
	done
}

@test "with namespaces that the container has joined" {
	need_root "join a namespace of another"
	begin
	local other=$ID
	ID=$ID-b
	add_namespace network "/proc/$INIT/ns/net"
	add_namespace ipc "/proc/$INIT/ns/ipc"
	create
	start
	INIT=$(pid_of)
	probe_in -- ns
	for type in mnt net pid ipc uts; do
		eq "$(value "ns.$type" | tr -dc 0-9)" "$(ns_of "$INIT" $type)" "$type"
	done
	delete --force
	ID=$other
}

@test "a created container takes processes" {
	create
	ex_ok "$ID" sh -c 'echo here; ps'
	has "$output" here
	eq "$(state status)" created
}

@test "the file system of the bundle is not used again" {
	begin
	mv "$BUNDLE/rootfs" "$BUNDLE/elsewhere"
	mv "$BUNDLE/config.json" "$BUNDLE/config.away"
	ex_ok "$ID" echo still
	mv "$BUNDLE/elsewhere" "$BUNDLE/rootfs"
	mv "$BUNDLE/config.away" "$BUNDLE/config.json"
	eq "$output" still
}

@test "X-31 LIFE-05 later changes of config.json have no effect" {
	config '.process.env += ["WHICH=first"]'
	begin
	config '.process.env[-1] = "WHICH=second" | .process.user.uid = 77'
	probe_in -- env ids
	has "$output" WHICH=first
	value_is uid "0 0 0 0"
}

# --- what becomes of it ----------------------------------------------------------------------------

@test "the exit status is the program's" {
	begin
	local code
	for code in 0 1 7 125 126 127 128 255; do
		ex sh -c "exit $code"
		eq "$status" "$code"
		eq "$error" ""
	done
}

@test "a program killed by a signal gives 128 and its number" {
	begin
	ex sh -c 'kill -KILL $$'
	eq "$status" 137
	ex sh -c 'kill -TERM $$'
	eq "$status" 143
}

@test "PROC-14 a program that cannot be executed: 255 and the texts that engines know" {
	begin
	ex_fails "$ID" nope
	has "$error" 'exec: "nope": executable file not found in $PATH'
	ex_fails "$ID" /bin/nope
	has "$error" "no such file or directory"
	ex_fails "$ID" /etc/passwd
	has "$error" "permission denied"
	ex_fails "$ID" /etc
	ex_fails "$ID" ""
	lacks "$error" config.json
}

@test "a script without its interpreter says so" {
	printf '#!/bin/nopython\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	begin
	ex_fails "$ID" script
	has "$error" nopython
	printf 'neither\n' >"$BUNDLE/rootfs/bin/odd"
	chmod 755 "$BUNDLE/rootfs/bin/odd"
	ex_fails "$ID" odd
}

@test "a container that is not there, or has stopped" {
	ex_fails "$ID" true
	has "$error" "does not exist"
	begin
	kill_ct KILL
	wait_pid "$INIT"
	ex_fails "$ID" true
	has "$error" "cannot exec in a stopped container"
}

@test "without a command" {
	begin
	ex_fails "$ID"
	run_runtime exec
	ne "$status" 0
}

@test "CG-02 a paused container is refused, with the name of the cgroup" {
	need_v1 freezer
	begin
	local freezer
	freezer=$(hierarchy freezer)$(cgroup_path_of "$INIT" freezer)
	echo FROZEN >"$freezer/freezer.state"
	ex_fails "$ID" true
	has "$error" "cannot exec in a paused container (use --ignore-paused to override)"
	has "$error" "$freezer"
	echo THAWED >"$freezer/freezer.state"
	ex_ok "$ID" true
}

@test "--ignore-paused waits until the container is resumed" {
	writable_root
	need_v1 freezer
	begin
	local freezer
	freezer=$(hierarchy freezer)$(cgroup_path_of "$INIT" freezer)
	echo FROZEN >"$freezer/freezer.state"
	background runtime exec --ignore-paused "$ID" sh -c 'echo done >/tmp/done' </dev/null
	sleep 0.3
	kill -0 "$BACKGROUND"
	echo THAWED >"$freezer/freezer.state"
	wait_pid "$BACKGROUND"
	ex_ok "$ID" cat /tmp/done
	eq "$output" done
}

@test "a container whose parent cgroup is frozen" {
	need_v1 freezer
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN/inner"
	begin
	local above
	above=$(hierarchy freezer)/$TOKEN
	echo FROZEN >"$above/freezer.state"
	ex_fails "$ID" true
	has "$error" "\"$above\" is frozen"
	echo THAWED >"$above/freezer.state"
}

# --- what it is told -------------------------------------------------------------------------------

@test "PROC-10 the environment is the container's, and --env adds to it" {
	config '.process.env += ["A=1", "B=2"]'
	begin
	SECRET=leak probe_in -- env
	has "$output" env=A=1
	has "$output" env=HOME=/root
	lacks "$output" leak
	probe_in -e A=x --env C=3 -e D= --env=E=y=z -- env
	eq "$(value env | grep -c '^A=')" 1
	has "$output" env=A=x
	has "$output" env=B=2
	has "$output" env=C=3
	has "$output" env=D=
	has "$output" env=E=y=z
}

@test "--env without = or without a name is refused" {
	begin
	ex_fails -e NOEQ "$ID" true
	ex_fails -e =x "$ID" true
}

@test "PROC-12 HOME follows the user" {
	begin
	probe_in --user 1000 -- env
	has "$output" env=HOME=/home/app
	probe_in --user 4711 -- env
	has "$output" env=HOME=/
	probe_in -e HOME=/mine -- env
	has "$output" env=HOME=/mine
}

@test "PROC-07 PROC-08 the directory is the container's, or --cwd" {
	config '.process.cwd = "/tmp"'
	begin
	probe_in -- cwd
	value_is cwd /tmp
	probe_in --cwd /etc -- cwd
	value_is cwd /etc
	ex_fails --cwd /nope "$ID" true
	has "$error" "no such file or directory"
	ex_ok "$ID" sh -c '[ ! -e /nope ]'
	ex_fails --cwd relative "$ID" true
}

@test "words after the id are the command's" {
	begin
	ex_ok "$ID" echo -t --user 5 -- x
	eq "$output" "-t --user 5 -- x"
}

@test "the words arrive byte for byte" {
	begin
	ex_ok "$ID" /bin/probe argv '' ' two  blanks ' $'tab\t' 'ä€'
	eq "$(value argc)" 6
	eq "$(value argv | sed -n 4p)" ' two  blanks '
}

# --- who it is -------------------------------------------------------------------------------------

@test "the user is the container's, or --user UID[:GID]" {
	config '.process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	begin
	probe_in -- ids
	value_is uid "5 5 5 5"
	value_is gid "6 6 6 6"
	value_is groups 7
	probe_in -u 1000 -- ids
	value_is uid "1000 1000 1000 1000"
	value_is gid "6 6 6 6"
	probe_in --user=1000:2000 -- ids
	value_is gid "2000 2000 2000 2000"
	value_is groups 7
}

@test "what is no user id is never root" {
	# The image tries to give numbers a meaning.
	printf '%s\n' 1000:x:0:0::/:/bin/sh -1:x:0:0::/:/bin/sh :x:0:0::/:/bin/sh 01x:x:0:0::/:/bin/sh \
		root:x:0:0:root:/root:/bin/sh >"$BUNDLE/rootfs/etc/passwd.new"
	mv "$BUNDLE/rootfs/etc/passwd.new" "$BUNDLE/rootfs/etc/passwd"
	begin
	local user
	for user in -1 4294967295 4294967296 18446744073709551616 18446744073709551615 1e3 0x10 +1 ' 1' '1 ' 1000x \
		01x '' : :0 1: 1:-1 1:4294967295 1:4294967296 1:x1y 1:2:3 1.0 $'1\n' nobody-here 'a b'; do
		ex_fails --user "$user" "$ID" id || { echo "with \"$user\"" >&2; return 1; }
	done
	probe_in --user 1000 -- ids
	value_is uid "1000 1000 1000 1000"
}

@test "a name is looked up in the container's passwd and group" {
	[[ $RUNTIME_NAME == teu ]] || skip "only teu takes names"
	config '.process.user.additionalGids = [77]'
	begin
	probe_in --user app -- ids
	value_is uid "1000 1000 1000 1000"
	value_is gid "1000 1000 1000 1000"
	value_is groups 2000
	probe_in --user app:extra -- ids
	value_is gid "2000 2000 2000 2000"
	probe_in --user app:5 -g 9 -- ids
	value_is gid "5 5 5 5"
	value_is groups 9,2000
	probe_in --user 3:extra -- ids
	value_is uid "3 3 3 3"
	value_is gid "2000 2000 2000 2000"
	value_is groups 77
	ex_fails --user nobody "$ID" true
	has "$error" 'user "nobody" is not in the container'
	ex_fails --user app:nogroup "$ID" true
	has "$error" 'group "nogroup" is not in the container'
}

@test "account files that an attacker made hold nobody up" {
	[[ $RUNTIME_NAME == teu ]] || skip "only teu takes names"
	writable_root
	begin
	local etc=$BUNDLE/rootfs/etc make
	for make in 'mkfifo' 'mkdir' 'ln -s /dev/zero' 'ln -s /proc/self/mem' 'truncate -s 6G'; do
		rm -rf "${etc:?}/passwd"
		$make "$etc/passwd"
		ex_fails --user app "$ID" true || { echo "with $make" >&2; return 1; }
		ex_ok --user 1000 "$ID" true
	done
	rm "$etc/passwd"
	ln -s /etc/group "$etc/passwd"
	ex_fails --user extra "$ID" true
	rm -rf "$etc/passwd"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000:app:/home/app:/bin/sh >"$etc/passwd"
	rm -rf "$etc/group"
	mkfifo "$etc/group"
	ex_fails --user app "$ID" true
	rm "$etc/group"
	probe_in --user app -- ids
	value_is groups ""
}

@test "--additional-gids adds groups" {
	config '.process.user.additionalGids = [7]'
	begin
	probe_in -g 8 --additional-gids 9 -- ids
	value_is groups 7,8,9
	ex_fails -g -1 "$ID" true
	ex_fails -g x "$ID" true
	ex_fails -g 4294967295 "$ID" true
}

@test "the umask is the container's" {
	config '.process.user.umask = 63'
	begin
	probe_in -- umask
	value_is umask 0077
}

# --- what it may -----------------------------------------------------------------------------------

@test "CAP-01 the capabilities are the container's" {
	run_probe caps
	local all=$output set
	args sleep 1000
	begin
	probe_in -- caps
	for set in bounding effective permitted inheritable ambient; do
		eq "$(value cap.$set)" "$(sed -n "s/^cap\.$set=//p" <<<"$all")" "$set"
	done
}

cap_mask() { awk -v k="Cap$1:" '$1 == k { print $2 }' <<<"$output"; }	# Eff|Prm|Inh|Bnd|Amb

@test "--cap adds a capability, but nothing inheritable" {
	config '.process.capabilities = {bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"]}'
	begin
	ex_ok "$ID" cat /proc/self/status
	eq "$(cap_mask Eff)" 0000000000000020
	ex_ok --cap CAP_CHOWN -c CAP_SETUID "$ID" cat /proc/self/status
	eq "$(cap_mask Eff)" 00000000000000a1
	eq "$(cap_mask Prm)" 00000000000000a1
	eq "$(cap_mask Bnd)" 00000000000000a1
	eq "$(cap_mask Inh)" 0000000000000000
	eq "$(cap_mask Amb)" 0000000000000000
	ex_fails --cap CAP_NONSENSE "$ID" true
	ex_fails --cap "" "$ID" true
}

@test "--cap is ambient where it is inheritable already" {
	config '.process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], inheritable: ["CAP_KILL"]}
		| .process.user.uid = 1000'
	begin
	ex_ok --cap CAP_KILL "$ID" cat /proc/self/status
	eq "$(cap_mask Amb)" 0000000000000020
	eq "$(cap_mask Eff)" 0000000000000020
}

@test "another user than root has no capability in effect" {
	begin
	ex_ok --user 1000 "$ID" cat /proc/self/status
	eq "$(cap_mask Eff)" 0000000000000000
	eq "$(cap_mask Prm)" 0000000000000000
	eq "$(cap_mask Amb)" 0000000000000000
}

@test "NNP-01 no_new_privs is the container's, or --no-new-privs" {
	config '.process.noNewPrivileges = false'
	begin
	ex_ok "$ID" grep NoNewPrivs /proc/self/status
	matches "$output" '0$'
	ex_ok --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	matches "$output" '1$'
	delete --force
	config '.process.noNewPrivileges = true'
	begin
	ex_ok "$ID" grep NoNewPrivs /proc/self/status
	matches "$output" '1$'
}

@test "--process-label and --apparmor are refused where there is no such thing" {
	[[ ! -e /sys/fs/selinux/enforce ]] || skip "this machine has SELinux"
	begin
	ex_fails --process-label system_u:system_r:container_t:s0 "$ID" true
	[[ ! -e /sys/module/apparmor/parameters/enabled ]] || skip "this machine has AppArmor"
	ex_fails --apparmor some-profile "$ID" true
	has "$error" AppArmor
}

@test "the seccomp filter holds for it" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	begin
	ex mkdir /tmp/x
	ne "$status" 0
	has "$error" "not implemented"
	ex_ok "$ID" grep Seccomp: /proc/self/status
	matches "$output" '2$'
	delete --force
	config '.process.noNewPrivileges = false'
	begin
	ex mkdir /tmp/x
	ne "$status" 0
	ex_ok --user 1000:1000 "$ID" grep Seccomp: /proc/self/status
	matches "$output" '2$'
}

@test "a filter that denies what the runtime itself needs does not stop it" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{action: "SCMP_ACT_ERRNO", names:
		["sendto", "recvfrom", "setns", "clone3", "prlimit64", "chdir", "close_range", "keyctl", "setgroups"]}]}'
	config '.process.noNewPrivileges = true'
	begin
	ex_ok "$ID" echo fine
	eq "$output" fine
}

@test "the session keyring is the container's" {
	[[ -e /proc/keys ]] || skip "this kernel has no keyrings"
	writable_root
	script 'probe keyring >/tmp/new; mv /tmp/new /tmp/keyring; exec sleep 1000'
	begin
	wait_file "$BUNDLE/rootfs/tmp/keyring"
	probe_in -- keyring
	eq "$output" "$(cat "$BUNDLE/rootfs/tmp/keyring")"
	ne "$(value keyring.id)" ""
}

# --- limits ------------------------------------------------------------------------------------------

@test "RLIM-01 resource limits are the container's" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	begin
	probe_in -- limits
	has "$output" "100"
	ex_ok "$ID" sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	eq "$(tr '\n' ' ' <<<"$output")" "100 200 0 "
}

@test "OOM-01 oomScoreAdj is the container's, else the caller's" {
	begin
	ex_ok "$ID" cat /proc/self/oom_score_adj
	eq "$output" "$(cat /proc/self/oom_score_adj)"
	delete --force
	config '.process.oomScoreAdj = 321'
	begin
	ex_ok "$ID" cat /proc/self/oom_score_adj
	eq "$output" 321
	eq "$(cat "/proc/$INIT/oom_score_adj")" 321
	delete --force
	need_cgroup
	config '.linux.resources.memory = {limit: 67108864}'
	begin
	ex_ok "$ID" cat /proc/self/oom_score_adj
	eq "$output" 321
}

@test "OOM-01 with a memory limit it is the caller's as well" {
	need_cgroup
	config '.linux.resources.memory = {limit: 67108864}'
	begin
	local mine
	mine=$(cat /proc/self/oom_score_adj)
	ex_ok "$ID" cat /proc/self/oom_score_adj
	eq "$output" "$mine"
}

@test "SCHED-01 scheduler and ioPriority are the container's" {
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}
		| .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	begin
	probe_in -- sched ioprio
	value_is sched.policy 3
	value_is sched.nice 7
	has "$output" 6
}

@test "AFF-02 AFF-03 execCPUAffinity.final is where it runs" {
	(($(nproc) > 1)) || skip "one processor"
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	begin
	ex_ok "$ID" grep Cpus_allowed_list /proc/self/status
	matches "$output" '[[:space:]]1$'
	lacks "$(grep Cpus_allowed_list "/proc/$INIT/status")" $'\t1'
}

@test "AFF-02 execCPUAffinity.initial alone stays" {
	(($(nproc) > 1)) || skip "one processor"
	config '.process.execCPUAffinity = {initial: "0"}'
	begin
	ex_ok "$ID" grep Cpus_allowed_list /proc/self/status
	matches "$output" '[[:space:]]0$'
}

@test "AFF-04 without it the caller's own is not passed on" {
	(($(nproc) > 1)) || skip "one processor"
	begin
	status=0
	RTB_TOKEN=$TOKEN taskset -c 0 "$RUNTIME" --root "$ROOT" exec "$ID" grep Cpus_allowed_list /proc/self/status \
		</dev/null >"$OUT" 2>"$ERR" || status=$?
	eq "$(cut -f2 "$OUT")" "$(grep Cpus_allowed_list "/proc/$INIT/status" | cut -f2)"
}

@test "AFF-02 a processor that is not there is refused" {
	config '.process.execCPUAffinity = {initial: "1000"}'
	begin
	ex_fails "$ID" true
	has "$error" execCPUAffinity
	delete --force
	config '.process.execCPUAffinity = {final: "1000"}'
	begin
	ex_fails "$ID" true
	has "$error" execCPUAffinity
}

@test "PERS-01 the personality is the container's" {
	config '.linux.personality = {domain: "LINUX32"}'
	begin
	ex_ok "$ID" uname -m
	eq "$output" i686
}
