#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rlimits and oomScoreAdj.

load helpers

rlimit() {	# TYPE SOFT HARD
	config ".process.rlimits = [{type: \"RLIMIT_$1\", soft: $2, hard: $3}]"
}

@test "RLIM-02 RLIM-04 RLIM-05 RLIM-06 every limit can be set" {
	local name
	config '.process.rlimits = []'
	for name in AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME \
		SIGPENDING STACK; do
		run_probe limits
		local hard=$(value "limit.$name" | cut -d: -f2) soft
		[[ $hard != unlimited ]] || hard=1099511627776
		soft=$((hard > 1 ? hard - 1 : hard))
		rlimit $name "$soft" "$hard"
		run_probe limits
		value_is "limit.$name" "$soft:$hard"
		config '.process.rlimits = []'
	done
}

@test "RLIM-01 types that are not listed keep the caller's value" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 100}]'
	args /bin/probe limits
	(ulimit -S -s 4096; ulimit -S -c 1; runtime run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT")
	output=$(<"$OUT")
	value_is limit.NOFILE 100:100
	value_is limit.STACK 4194304:unlimited
	matches "$(value limit.CORE)" '^(512|1024):'
}

@test "RLIM-03 VAL-01 names that are no limit are refused" {
	local name
	for name in RLIMIT_FOO NOFILE rlimit_nofile RLIMIT_ ""; do
		config '.process.rlimits = [{type: $n, soft: 1, hard: 1}]' --arg n "$name"
		refused || { echo "with $name" >&2; return 1; }
	done
}

@test "RLIM-05 soft above hard is refused" {
	rlimit NOFILE 101 100
	refused
}

@test "RLIM-02 RLIM-05 RLIM-06 all three members are required" {
	local member
	for member in type soft hard; do
		rlimit NOFILE 100 100
		config "del(.process.rlimits[0].$member)"
		refused "$member" || { echo "without $member" >&2; return 1; }
	done
}

@test "SCH-02 SCH-05 the whole range of 64 bits" {
	args /bin/probe limits
	rlimit RSS '"@soft@"' '"@hard@"'
	number soft 18446744073709551614
	number hard 18446744073709551615
	run_ok
	value_is limit.RSS 18446744073709551614:unlimited
	local bad
	for bad in -1 18446744073709551616 1.5 '"1"'; do
		rlimit RSS '"@soft@"' 1
		number soft "$bad"
		refused soft || { echo "with $bad" >&2; return 1; }
	done
}

@test "RLIM-06 a hard limit may rise with the privilege" {
	need_resource_cap
	rlimit NOFILE 30000 30000
	run_probe limits
	value_is limit.NOFILE 30000:30000
}

@test "RLIM-06 a hard limit does not rise without the privilege" {
	! can 24 || skip "this machine may raise hard limits"
	rlimit NPROC 10000000 10000000
	refused "operation not permitted"
	has "$error" RLIMIT_NPROC
}

@test "RLIM-07 the same type twice is refused" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 100},
		{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_NOFILE", soft: 50, hard: 50}]'
	refused RLIMIT_NOFILE
}

@test "OOM-01 OOM-02 the score is written" {
	config '.process.oomScoreAdj = 321'
	args sleep 1000
	create
	eq "$(cat "/proc/$(pid_of)/oom_score_adj")" 321
	delete --force
	config '.process.oomScoreAdj = 1000'
	run_probe oom
	value_is oom_score_adj 1000
}

@test "OOM-02 a score of 0 is a value, not its absence" {
	config '.process.oomScoreAdj = 0'
	args /bin/probe oom
	(echo 0 >/proc/self/oom_score_adj && run_ok && value_is oom_score_adj 0)
}

@test "OOM-02 a score that cannot be written is an error" {
	! can 24 || skip "this machine may lower the score"
	config '.process.oomScoreAdj = -1000'
	refused
	has "$error" oom
}

@test "OOM-03 an absent score leaves the caller's" {
	args /bin/probe oom
	(
		sh -c "echo 123 >/proc/$BASHPID/oom_score_adj"
		runtime run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT"
	)
	output=$(<"$OUT")
	value_is oom_score_adj 123
}

@test "OOM-01 VAL-01 values out of range are refused" {
	local value
	for value in -1001 1001 2147483648 '"5"' 1.5; do
		config ".process.oomScoreAdj = $value"
		refused oomScoreAdj || { echo "with $value" >&2; return 1; }
	done
}
