#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `seccomp explain`: which part of a profile decides a call.

load helpers

setup() {
	test_begin
	[[ $(uname -m) == x86_64 ]] || skip "the call numbers of this suite are x86_64's"
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 13,
		architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64"], syscalls: [
		{names: ["read", "mkdir", "socket"], action: "SCMP_ACT_ALLOW"},
		{names: ["personality"], action: "SCMP_ACT_ALLOW", args: [{index: 0, value: 8, op: "SCMP_CMP_EQ"}]},
		{names: ["mkdir"], action: "SCMP_ACT_KILL", args: [{index: 1, value: 0, op: "SCMP_CMP_GE"}]},
		{names: ["personality"], action: "SCMP_ACT_ERRNO", errnoRet: 22,
			args: [{index: 0, value: 4294967296, op: "SCMP_CMP_GE"}]}]}'
}

explain() { ok seccomp explain --bundle "$BUNDLE" --format json "$@"; }

answer() { jq -r ".[$1] | \"\(.architecture) \(.number) \(.action) \(.errno) \(.reason) \(.place)\"" <<<"$output"; }

@test "a rule decides" {
	explain mkdir 1 511
	eq "$(answer 0)" "SCMP_ARCH_X86_64 83 SCMP_ACT_ALLOW null rule /linux/seccomp/syscalls/0"
	eq "$(answer 1)" "SCMP_ARCH_X86 39 SCMP_ACT_ALLOW null rule /linux/seccomp/syscalls/0"
	eq "$(jq -r '.[0].others | join(" ")' <<<"$output")" /linux/seccomp/syscalls/2
}

@test "arguments decide between rules and the default" {
	explain personality 8
	eq "$(answer 0)" "SCMP_ARCH_X86_64 135 SCMP_ACT_ALLOW null rule /linux/seccomp/syscalls/1"
	explain personality 0x100000008
	eq "$(answer 0)" "SCMP_ARCH_X86_64 135 SCMP_ACT_ERRNO 22 rule /linux/seccomp/syscalls/3"
	explain personality
	eq "$(answer 0)" "SCMP_ARCH_X86_64 135 SCMP_ACT_ERRNO 13 default /linux/seccomp/defaultAction"
	eq "$(jq -c '.[0].missing' <<<"$output")" '[0]'
}

@test "calls through another one" {
	explain socket 2 1 0
	eq "$(jq -r '.[] | select(.architecture == "SCMP_ARCH_X86") | "\(.number) \(.through) \(.action)"' <<<"$output")" \
		$'359 null SCMP_ACT_ALLOW\n102 socketcall SCMP_ACT_ALLOW'
}

@test "newer calls, calls that do not exist, numbers of nobody" {
	explain openat2
	eq "$(answer 0)" "SCMP_ARCH_X86_64 437 SCMP_ACT_ERRNO 38 newer /linux/seccomp/defaultAction"
	explain waitpid
	eq "$(jq -r '.[0].exists' <<<"$output")" false
	explain 0x40000053
	eq "$(answer 0)" "SCMP_ARCH_X86_64 1073741907 SCMP_ACT_KILL null architecture /linux/seccomp/architectures"
}

@test "for people" {
	ok seccomp explain --bundle "$BUNDLE" personality
	has "$output" "SCMP_ARCH_X86_64: personality (135): SCMP_ACT_ERRNO 13 (permission denied): /linux/seccomp/defaultAction"
	has "$output" "rules look at argument 0, taken as 0"
}

@test "what is asked wrongly" {
	fails seccomp explain --bundle "$BUNDLE" nosuchcall
	has "$error" 'unknown system call "nosuchcall"'
	fails seccomp explain --bundle "$BUNDLE" mkdir x
	has "$error" "no number"
	fails seccomp tell mkdir
	config 'del(.linux.seccomp)'
	fails seccomp explain --bundle "$BUNDLE" mkdir
	has "$error" "/linux/seccomp"
}

@test "an answer is what happens" {
	local call args

	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{index: 0, value: 5, op: "SCMP_CMP_LE"}]},
		{names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 2, args: [{index: 1, value: 15, valueTwo: 3, op: "SCMP_CMP_MASKED_EQ"}]},
		{names: ["getuid"], action: "SCMP_ACT_ERRNO", errnoRet: 3, args: [{index: 0, value: 4294967296, op: "SCMP_CMP_GT"}]}]}'
	for args in "0 0" "5 3" "6 3" "6 0x13" "6 4" "0x100000001 3" "0x100000001 0" "0x100000000 0"; do
		# shellcheck disable=SC2086 # two words
		explain getuid $args
		call=$(jq -r '.[0].errno | {"1": "EPERM", "2": "ENOENT", "3": "ESRCH", "null": "ok"}[tostring]' <<<"$output")
		# shellcheck disable=SC2086
		try call 102 $args
		eq "$output" "$call" "$args"
	done
}
