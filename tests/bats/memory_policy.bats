#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.memoryPolicy.

load helpers

setup() {
	test_begin
	[[ $("$PROBE" mempolicy) != *ENOSYS* ]] || skip "this kernel has no memory policies"
}

policy() { config ".linux.memoryPolicy = $1"; }

@test "MPOL-01 without one the default" {
	run_probe mempolicy
	value_is mempolicy 0:0
}

@test "MPOL-01 MPOL-02 MPOL-03 each mode on node 0" {
	local mode number
	for mode in DEFAULT:0 PREFERRED:1 BIND:2 INTERLEAVE:3 LOCAL:4 PREFERRED_MANY:5 WEIGHTED_INTERLEAVE:6; do
		number=${mode#*:} mode=MPOL_${mode%:*}
		[[ $number != 5 ]] || kernel_is 5.15 || continue
		[[ $number != 6 ]] || kernel_is 6.9 || continue
		case $number in
		0 | 4) policy "{mode: \"$mode\"}" ;;
		*) policy "{mode: \"$mode\", nodes: \"0\"}" ;;
		esac
		run_probe mempolicy
		matches "$(value mempolicy)" "^$number:"
		case $number in
		0 | 4) ;;
		*) value_is mempolicy "$number:1" ;;
		esac
	done
}

@test "MPOL-04 flags" {
	policy '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	run_probe mempolicy
	value_is mempolicy 8002:1
	policy '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"]}'
	run_probe mempolicy
	value_is mempolicy 4002:1
}

@test "MPOL-02 MPOL-03 MPOL-04 VAL-01 members that are missing or wrong" {
	local json
	for json in '{nodes: "0"}' '{mode: "MPOL_X"}' '{mode: "bind"}' '{mode: "MPOL_BIND"}' \
		'{mode: "MPOL_INTERLEAVE", nodes: ""}' '{mode: "MPOL_PREFERRED_MANY"}' \
		'{mode: "MPOL_DEFAULT", nodes: "0"}' '{mode: "MPOL_LOCAL", nodes: "0"}' \
		'{mode: "MPOL_BIND", nodes: "x"}' '{mode: "MPOL_BIND", nodes: "2-1"}' \
		'{mode: "MPOL_BIND", nodes: "1023"}' '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_X"]}'; do
		policy "$json"
		refused memoryPolicy || { echo "with $json" >&2; return 1; }
	done
}
