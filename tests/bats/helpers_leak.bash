# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The leak check. "Ours" is what carries $TOKEN: cgroup directories by name, processes by
# environment. Mounts are compared as a whole where the suite has a mount namespace of its own
# (tests/bats/run gives it one), otherwise those below the suite's directory.

# Those of systemd's services come and go with them: on a slow machine its watchdog begins them anew.
mount_table() {
	if [[ -n ${RTB_PRIVATE:-} ]]; then
		grep -v ' /run/credentials/' /proc/self/mountinfo
	else
		grep -F "$SUITE_DIR" /proc/self/mountinfo || :
	fi
}

mounts_below() {	# DIR → mount points, deepest first
	awk -v dir="$1/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | sort -r
}

# Other suites' directories come and go while find walks: its status says nothing.
our_cgroups() {
	find /sys/fs/cgroup -mindepth 2 -depth -type d \( -fstype cgroup -o -fstype cgroup2 \) \
		-path "*$TOKEN*" 2>/dev/null || :
}

our_processes() {
	{ grep -alsF "RTB_TOKEN=$TOKEN" /proc/[0-9]*/environ 2>/dev/null || :; } | cut -d/ -f3
}

state_entries() {
	[[ ! -d $ROOT ]] || ls "$ROOT"
}

leak_before() { mount_table >"$TEST_DIR/mounts.before"; }

# What a test itself mounts on the host becomes part of the picture.
host_mount() {	# ARG... of mount(8)
	mount "$@" && leak_before
}

no_process_left() { [[ -z $(our_processes) ]]; }

leak_check() {
	local leaked=0 left

	left=$(state_entries)
	[[ -z $left ]] || { leaked=1; echo "LEAK: state directory entries: $left" >&2; }
	left=$(our_cgroups)
	[[ -z $left ]] || { leaked=1; printf 'LEAK: cgroups:\n%s\n' "$left" >&2; }
	if ! left=$(mount_table | diff "$TEST_DIR/mounts.before" -); then
		leaked=1
		printf 'LEAK: mounts of the host changed:\n%s\n' "$left" >&2
	fi
	# The last process of a killed container may still be on its way out.
	if ! no_process_left && ! eventually no_process_left 2>/dev/null; then
		leaked=1
		echo "LEAK: processes:" >&2
		our_processes | xargs -r ps -o pid,ppid,stat,args -p >&2
	fi
	return "$leaked"
}

containers_remove() {
	local id

	for id in $(state_entries); do
		runtime delete --force "$id" </dev/null >"$OUT" 2>"$ERR" ||
			{ echo "delete --force $id failed: $(cat "$ERR")" >&2; return 1; }
	done
}

# The next test must not suffer from this one.
leak_repair() {
	local dir

	our_processes | xargs -r kill -KILL 2>/dev/null
	eventually no_process_left 2>/dev/null || :
	for dir in $(our_cgroups); do
		[[ ! -e $dir/freezer.state ]] || echo THAWED >"$dir/freezer.state"
		xargs -r kill -KILL <"$dir/cgroup.procs" 2>/dev/null
		rmdir "$dir" 2>/dev/null || eventually rmdir "$dir" 2>/dev/null || :
	done
	rm -rf "${ROOT:?}"
}
