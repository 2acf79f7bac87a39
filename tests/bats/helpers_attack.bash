# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the suites attacks_*: "refused or harmless" is judged there, so each begins with proof that the
# runtime works here at all, and watches over a directory of the host, the canary.

# Once a suite. A runtime that refuses everything would pass every attack.
attack_baseline() {
	suite_begin || return 1
	export BASELINE=""
	BATS_TEST_NUMBER=0
	test_begin
	script 'echo works'
	run_ct
	[[ $status == 0 && $output == works ]] ||
		BASELINE="$RUNTIME_NAME runs no container here: $(tail -n1 "$ERR" | cut -c1-200)"
	test_end
}

# Once a test, after test_begin.
attack_setup() {
	[[ -z $BASELINE ]] || {
		[[ $RUNTIME_NAME != teu ]] || { echo "$BASELINE" >&2; return 1; }
		skip "$BASELINE"
	}
	CANARY=$TEST_DIR/canary
	mkdir -p "$CANARY/dir"
	echo secret-of-the-host >"$CANARY/file"
	echo do-not-touch >"$CANARY/ptmx"
	chmod 700 "$CANARY" && chmod 600 "$CANARY/file"
	touch -d @1000000000 "$CANARY"/* "$CANARY"
	canary_print >"$TEST_DIR/canary.before"
}

canary_print() {
	find "$CANARY" -printf '%p %y %m %U %G %T@ %s %n %l\n' | sort
	cat "$CANARY"/file "$CANARY"/ptmx
}

canary_same() {
	canary_print | diff "$TEST_DIR/canary.before" - >&2 || { echo "the host was changed" >&2; return 1; }
}

# The program runs or is refused, both is good; what it prints must not be the host's.
attempt() {	# [OPTION...]
	run_ct "$@"
	((status < 124)) || { echo "it hung or died" >&2; show_failure; return 1; }
	lacks "$output$error" secret-of-the-host
	canary_same
	leak_check
}

need_exec() {
	"$RUNTIME" exec --help >/dev/null 2>&1 || skip "$RUNTIME_NAME has no exec"
}
