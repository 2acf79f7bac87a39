# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # $results: callers.bash
# For the suites that are an ordinary user's whoever runs them: the user, /etc/subuid and /etc/subgid
# are there for such a suite alone.

setup_file() { caller_begin; }
teardown_file() { caller_finish; }

caller_begin() {
	[[ -n ${RTB_PRIVATE:-} && -z ${RTB_USERNS:-} ]] || return 0
	export CALLER_DIR
	CALLER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/rtb-caller.XXXX")
	chmod 755 "$CALLER_DIR"
	if [[ -z ${RTB_USER:-} ]]; then
		find_runtime
		results=$CALLER_DIR
		caller_user
		caller_mount
	fi
	suite_begin
}

caller_finish() {
	suite_end
	[[ -n ${CALLER_DIR:-} ]] || return 0
	umount -l /etc/passwd /etc/group /etc/subuid /etc/subgid
	rm -rf "${CALLER_DIR:?}"
}

needs_subids() {
	[[ -z ${RTB_USERNS:-} ]] || skip "an ordinary user of the host; rootless_nested.bats is for user namespaces"
	[[ -n ${RTB_PRIVATE:-} ]] || skip "needs the mount namespace of tests/bats/run"
}

# Another /etc/subuid or /etc/subgid, which counts for this test.
granted() {	# FILE LINE...
	printf '%s\n' "${@:2}" >"$TEST_DIR/$1"
	host_mount --bind "$TEST_DIR/$1" "/etc/$1"
}

as_user() { setpriv --reuid "$RTB_USER" --regid "$RTB_USER" --clear-groups --inh-caps=-all "$@"; }

# What a test has mounted over these files; over /etc/subuid and /etc/subgid the suite has one of its own.
unmount_over() {	# FILE...
	local place own

	for place; do
		[[ $place == /etc/sub* ]] && own=1 || own=0
		while (($(awk -v p="$place" '$5 == p { n++ } END { print n + 0 }' /proc/self/mountinfo) > own)); do
			umount "$place" || break
		done
	done
	leak_before
}
