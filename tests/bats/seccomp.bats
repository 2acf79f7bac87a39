#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp but for listeners (seccomp_notify.bats): what a profile says is what happens. The programs themselves
# are compared with libseccomp's in tests/filter.

load helpers

# The numbers that the tests use are x86_64's.
setup() {
	test_begin
	[[ $(uname -m) == x86_64 ]] || skip "the call numbers of this suite are x86_64's"
}

profile() {	# DEFAULT RULES [FILTER]: all calls but those of RULES (JSON objects with commas between)
	config "$(cat <<-JQ
		.linux.seccomp = {defaultAction: "$1", syscalls: [$2]} ${3:+| .linux.seccomp |= ($3)}
	JQ
	)"
}

deny() {	# NAME [ERRNO]: everything is allowed, NAME fails
	profile SCMP_ACT_ALLOW "{names: [\"$1\"], action: \"SCMP_ACT_ERRNO\", errnoRet: ${2:-13}}"
}

# mkdir is 83, getuid 102, getpgid 121, on i386 mkdir is 39

@test "SEC-01 without a profile there is no filter" {
	run_script 'grep ^Seccomp: /proc/self/status'
	has "$output" $'\t0'
}

@test "SEC-01 SEC-17 SEC-18 SEC-20 a rule with an errno" {
	deny mkdir
	try mkdir /tmp/x , call 102
	eq "$output" "EACCES ok"
	run_script 'grep ^Seccomp: /proc/self/status'
	has "$output" $'\t2'
}

@test "SEC-01 a profile that forbids what is done between its filter and the program" {
	local name

	for name in execveat fcntl memfd_create prctl capset sendto; do
		deny "$name"
		try call 102
		eq "$output" ok "$name"
	done
}

@test "SEC-20 the errno is EPERM unless the rule says another" {
	profile SCMP_ACT_ALLOW '{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}, {names: ["getuid"],
		action: "SCMP_ACT_ERRNO", errnoRet: 0}'
	try mkdir /tmp/x , call 102
	eq "$output" "EPERM ok"
}

@test "SEC-02 SEC-03 the default action and its errno" {
	profile SCMP_ACT_ERRNO '{names: ["read", "write", "writev", "close", "openat", "execve", "brk", "mmap", "mprotect",
		"arch_prctl", "exit_group", "exit", "fstat", "newfstatat", "set_tid_address", "set_robust_list", "rseq",
		"prlimit64", "readlink", "getrandom", "munmap", "futex"], action: "SCMP_ACT_ALLOW"}' \
		'.defaultErrnoRet = 99'
	try mkdir /tmp/x , call 121 0
	eq "$output" "EADDRNOTAVAIL EADDRNOTAVAIL"
	config 'del(.linux.seccomp.defaultErrnoRet)'
	try mkdir /tmp/x
	eq "$output" EPERM
	config 'del(.linux.seccomp.defaultAction)'
	refused defaultAction
}

@test "SEC-19 actions that kill" {
	for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
		profile SCMP_ACT_ALLOW "{names: [\"mkdir\"], action: \"SCMP_ACT_$action\"}"
		args /bin/probe try mkdir /tmp/x
		run_ct
		eq "$status" 159 "$action"
	done
}

@test "SEC-19 actions that do not" {
	profile SCMP_ACT_ALLOW '{names: ["getuid"], action: "SCMP_ACT_LOG"},
		{names: ["mkdir"], action: "SCMP_ACT_TRACE", errnoRet: 5},
		{names: ["rmdir"], action: "SCMP_ACT_ALLOW"}'
	# Nobody traces.
	try call 102 , mkdir /tmp/x
	eq "$output" "ok ENOSYS"
}

@test "SEC-19 SEC-23 SEC-26 SEC-04 SEC-21 SEC-18 X-36 what no specification knows is refused" {
	local action='action: "SCMP_ACT_ERRNO"'

	profile SCMP_ACT_OFTEN ''
	refused SCMP_ACT_OFTEN
	profile SCMP_ACT_ALLOW '{names: ["mkdir"], action: "SCMP_ACT_SELDOM"}'
	refused "/linux/seccomp/syscalls/0/action"
	profile SCMP_ACT_ALLOW '' '.defaultErrnoRet = 1'
	refused "/linux/seccomp/defaultErrnoRet"
	profile SCMP_ACT_ERRNO '{names: ["mkdir"], action: "SCMP_ACT_KILL", errnoRet: 2}'
	refused "/linux/seccomp/syscalls/0/errnoRet"
	profile SCMP_ACT_ALLOW "{names: [\"mkdir\"], $action, errnoRet: 4096}"
	refused 4096
	profile SCMP_ACT_ALLOW "{names: [], $action}"
	refused "/linux/seccomp/syscalls/0/names"
	profile SCMP_ACT_ALLOW "{names: [\"mkdir\"], $action, args: [{index: 6, value: 1, op: \"SCMP_CMP_EQ\"}]}"
	refused "/linux/seccomp/syscalls/0/args/0/index"
	profile SCMP_ACT_ALLOW "{names: [\"mkdir\"], $action, args: [{index: 0, value: 1, op: \"SCMP_CMP_IS\"}]}"
	refused "/linux/seccomp/syscalls/0/args/0/op"
	profile SCMP_ACT_ALLOW '' '.architectures = ["SCMP_ARCH_VAX"]'
	refused SCMP_ARCH_VAX
	profile SCMP_ACT_ALLOW '' '.architectures = ["SCMP_ARCH_S390X"]'
	refused "byte order"
	profile SCMP_ACT_ALLOW '' '.flags = ["SECCOMP_FILTER_FLAG_OFF"]'
	refused SECCOMP_FILTER_FLAG_OFF
}

@test "SEC-18 a call that nobody knows is left out with a warning" {
	profile SCMP_ACT_ALLOW '{names: ["nosuchcall", "mkdir"], action: "SCMP_ACT_ERRNO"}'
	args /bin/probe try mkdir /tmp/x
	warned '"nosuchcall" is left out'
	eq "$output" EPERM
}

@test "SEC-18 unless an annotation wants it refused" {
	profile SCMP_ACT_ALLOW '{names: ["mkdir", "nosuchcall"], action: "SCMP_ACT_ERRNO"}'
	config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "1"}'
	refused "/linux/seccomp/syscalls/0/names/1"
	config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "0"}'
	run_ok
}

@test "SEC-22 SEC-24 SEC-25 SEC-26 conditions, also above 32 bits" {
	local op want n got

	# getpgid looks at its first argument as an int: what the kernel makes of it is no matter, 0 always works.
	for want in "EQ 4294967296 ok EPERM ok" "NE 4294967296 EPERM ok EPERM" "GT 4294967296 ok ok EPERM" \
		"GE 4294967296 ok EPERM EPERM" "LT 4294967296 EPERM ok ok" "LE 4294967296 EPERM EPERM ok"; do
		read -r op n want <<<"$want"
		profile SCMP_ACT_ALLOW "{names: [\"getuid\"], action: \"SCMP_ACT_ERRNO\",
			args: [{index: 5, value: $n, op: \"SCMP_CMP_$op\"}]}"
		try call 102 0 0 0 0 0 0 , call 102 0 0 0 0 0 0x100000000 , call 102 0 0 0 0 0 0x300000000
		eq "$output" "$want" "$op"
	done
	profile SCMP_ACT_ALLOW '{names: ["getuid"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 255, valueTwo: 5, op: "SCMP_CMP_MASKED_EQ"}]}'
	try call 102 0x105 , call 102 0x106 , call 102 5
	eq "$output" "EPERM ok EPERM"
	# All of a rule's conditions hold, or it says nothing.
	profile SCMP_ACT_ALLOW '{names: ["getuid"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 5, op: "SCMP_CMP_EQ"}, {index: 1, value: 7, op: "SCMP_CMP_GE"}]}'
	try call 102 5 7 , call 102 5 6 , call 102 4 7
	eq "$output" "EPERM ok ok"
	# Two on the same argument are two rules, as other runtimes have it.
	profile SCMP_ACT_ALLOW '{names: ["getuid"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 5, op: "SCMP_CMP_EQ"}, {index: 0, value: 7, op: "SCMP_CMP_EQ"}]}'
	try call 102 5 , call 102 6 , call 102 7
	eq "$output" "EPERM ok EPERM"
}

@test "SEC-22 rules that meet: the unconditional one wins, then the first" {
	profile SCMP_ACT_ALLOW '{names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 2,
			args: [{index: 0, value: 5, op: "SCMP_CMP_EQ"}]},
		{names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 3},
		{names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 4}'
	try call 102 5 , call 102 6
	eq "$output" "ESRCH ESRCH"
}

@test "SEC-05 other architectures' calls" {
	deny mkdir
	args /bin/probe try call32 39
	run_ct
	eq "$status" 159 "a call of an architecture that is not listed"
	args /bin/probe try call 0x40000053
	run_ct
	eq "$status" 159 "an x32 call"
	config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]'
	try mkdir /tmp/x , call32 39 , call 0x40000053
	eq "$output" "EACCES EACCES EACCES"
	# The native one is always there.
	config '.linux.seccomp.architectures = ["SCMP_ARCH_X86"]'
	try mkdir /tmp/x , call32 39
	eq "$output" "EACCES EACCES"
}

@test "SEC-27 calls newer than the profile fail with ENOSYS" {
	# cachestat, 451, is the newest that the profile knows.
	local rules='{names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 13},
		{names: ["openat2"], action: "SCMP_ACT_LOG"},
		{names: ["read", "write", "writev", "close", "openat", "execve", "brk", "mmap", "mprotect", "arch_prctl",
		"exit_group", "exit", "fstat", "newfstatat", "set_tid_address", "set_robust_list", "rseq", "prlimit64",
		"readlink", "getrandom", "munmap", "futex"], action: "SCMP_ACT_ALLOW"}'

	profile SCMP_ACT_ERRNO "$rules"
	try call 438 , call 9999 , call 436 , mkdir /tmp/x
	eq "$output" "ENOSYS ENOSYS EPERM EACCES"
	config '.annotations = {"teu.seccomp.no_enosys": "1"}'
	try call 438 , call 9999
	eq "$output" "EPERM EPERM"
	# A default that is no refusal has nothing to answer.
	profile SCMP_ACT_TRACE "$rules" '.defaultErrnoRet = 7'
	config 'del(.annotations)'
	try call 9999
	eq "$output" ENOSYS # nobody traces
}

@test "SEC-06 flags" {
	profile SCMP_ACT_ALLOW ''
	for flags in '["SECCOMP_FILTER_FLAG_TSYNC"]' '["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' '[]'; do
		config ".linux.seccomp.flags = $flags"
		run_ok
	done
	# Only a filter that notifies waits for anybody.
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	refused "/linux/seccomp/flags"
}

flags_seen() {	# the flags of the call that loads the filter
	strace -f -o "$TEST_DIR/trace" -e trace=seccomp "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>&1 || { cat "$OUT" >&2; return 1; }
	sed -n 's/.*SECCOMP_SET_MODE_FILTER, \([^,]*\), {len.*/\1/p' "$TEST_DIR/trace"
}

@test "SEC-06 without flags speculation mitigations stay off; an annotation logs what is blocked" {
	need_program strace
	profile SCMP_ACT_ALLOW ''
	args /bin/true
	eq "$(flags_seen)" SECCOMP_FILTER_FLAG_SPEC_ALLOW
	config '.linux.seccomp.flags = []'
	eq "$(flags_seen)" 0
	config '.annotations = {"teu.seccomp.log": "1"}'
	eq "$(flags_seen)" SECCOMP_FILTER_FLAG_LOG
}

@test "NNP-02 the filter holds with and without noNewPrivileges, for every user, with and without capabilities" {
	deny mkdir
	for nnp in true false; do
		for uid in 0 1000; do
			for caps in '{}' '{bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]}'; do
				config ".process.noNewPrivileges = $nnp | .process.user = {uid: $uid, gid: $uid}
					| .process.capabilities = $caps"
				try mkdir /tmp/x
				eq "$output" EACCES "$nnp $uid $caps"
			done
		done
	done
}

@test "NNP-02 CAP-02 what the filter needed is gone in the program" {
	deny mkdir
	config '.process.noNewPrivileges = false'
	run_probe caps
	value_is cap.bounding 20000420
	value_is cap.permitted 20000420
	value_is cap.effective 20000420
	value_is cap.inheritable 0
	value_is cap.ambient 0
	config '.process.user = {uid: 1000, gid: 1000}'
	run_probe caps
	value_is cap.permitted 0
	value_is cap.effective 0
}

# What the program of the test needs: it says "ok" and ends.
MINIMUM='"execve", "write", "writev", "exit_group", "exit", "arch_prctl", "brk", "set_tid_address", "set_robust_list",
	"rseq", "prlimit64", "readlink", "readlinkat", "getrandom", "mprotect", "newfstatat", "fstat", "mmap", "munmap"'

@test "a profile need not allow what the runtime itself does" {
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		for action in SCMP_ACT_ERRNO SCMP_ACT_KILL_PROCESS; do
			profile $action "{names: [$MINIMUM], action: \"SCMP_ACT_ALLOW\"}"
			args /bin/probe try call 60000
			create_logged
			pid=$(pid_of)
			start
			wait_pid "$pid"
			eq "$(ct_output)" ENOSYS "$nnp $action"
			delete
		done
	done
}

@test "a program that cannot be run is reported whatever the filter forbids" {
	! is_sanitized || skip "$RUNTIME_NAME is built with sanitizers, which want exit_group to end a program"
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		profile SCMP_ACT_ERRNO '{names: ["mkdir"], action: "SCMP_ACT_ALLOW"}'
		args /bin/true
		create
		fails start "$ID"
		has "$error" "operation not permitted"
		is_gone
	done
}

@test "a startContainer hook is under the filter too" {
	deny mkdir
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "mkdir /tmp/x || echo no >/tmp/said"]}]'
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	run_script 'cat /tmp/said'
	eq "$output" no
}

@test "SEC-16 exec is under the filter too, for every user" {
	deny mkdir
	args /bin/sleep 30
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		ok run -d --bundle "$BUNDLE" "$ID"
		for user in 0 1000; do
			ok exec --user "$user" "$ID" /bin/probe try mkdir /tmp/x
			eq "$output" EACCES "$nnp $user"
		done
		ok exec "$ID" /bin/probe caps
		value_is cap.permitted 20000420
		value_is cap.effective 20000420
		delete --force
	done
}

@test "a profile need not allow what exec does, and why a program cannot be run is reported" {
	# What only execve finds out.
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/bin/orphan"
	chmod +x "$BUNDLE/rootfs/bin/orphan"
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		profile SCMP_ACT_ERRNO "{names: [$MINIMUM, \"nanosleep\", \"clock_nanosleep\", \"rt_sigaction\"], action: \"SCMP_ACT_ALLOW\"}"
		args /bin/sleep 30
		ok run -d --bundle "$BUNDLE" "$ID"
		ok exec "$ID" /bin/probe try call 60000
		eq "$output" ENOSYS "$nnp"
		run_runtime exec "$ID" /bin/orphan
		eq "$status" 255 "$nnp"
		has "$error" "/bin/orphan"
		delete --force
	done
}

@test "a filter that forbids execve is reported" {
	profile SCMP_ACT_ALLOW '{names: ["execve"], action: "SCMP_ACT_ERRNO", errnoRet: 38}'
	args /bin/sleep 30
	create
	fails start "$ID"
	has "$error" "function not implemented"
}
