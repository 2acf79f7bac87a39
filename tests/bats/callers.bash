#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # $results, $here: tests/bats/run's
#
# The callers that tests/bats/run can put in the place of root: for each the suites that make sense, and
# what has to be there. $enter is what a suite is run by.

# The variables that tests/bats/run has and takes.
# shellcheck disable=SC2034,SC2154

# What an ordinary user can have: everything but cgroups, devices and the host's own namespaces.
# shellcheck disable=SC2034 # of tests/bats/run
CALLER_SUITES_USER=(lifecycle process exec exec_io hooks terminal masks hostname kill delete
	state mounts seccomp timens list)

# What engines do who have made a user namespace before they call.
# shellcheck disable=SC2034 # of tests/bats/run
CALLER_SUITES_USERNS=(lifecycle userns exec exec_io idmap namespaces timens kill delete pause mounts
	outcome mounts_command)

# A name, and ids and subordinate ids, that nothing else has. Its files are seen by the suites alone.
CALLER_ID=471147
CALLER_FIRST=472000

caller_files() {
	local file

	for file in passwd group subuid subgid; do
		cat "/etc/$file" >"$results/$file" 2>/dev/null
	done
	echo "rtbuser:x:$CALLER_ID:$CALLER_ID::/nonexistent:/bin/sh" >>"$results/passwd"
	echo "rtbuser:x:$CALLER_ID:" >>"$results/group"
	echo "rtbuser:$CALLER_FIRST:65536" >>"$results/subuid"
	echo "rtbuser:$((CALLER_FIRST + 100000)):65536" >>"$results/subgid"
}

caller_user() {
	type -P newuidmap newgidmap >/dev/null ||
		{ echo "newuidmap and newgidmap are not installed" >&2; exit 2; }
	caller_files
	# Where the tree is may be nobody else's to see.
	[[ -n ${RUNTIME:-} ]] || RUNTIME=$(bats_require_minimum_version() { :; }
		cd "$here" && source "$here/helpers.bash" && find_runtime && echo "$RUNTIME")
	mkdir "$results/program"
	cp "$RUNTIME" "$results/program/teu" || exit 2
	# The suites, which are root, call it, and so do hooks, which are not.
	cat >"$results/$(basename "$RUNTIME")" <<-END
		#!/bin/sh
		umask 022
		[ "\$(id -u)" = 0 ] || exec $results/program/teu "\$@"
		exec setpriv --reuid $CALLER_ID --regid $CALLER_ID --clear-groups --inh-caps=-all $results/program/teu "\$@"
	END
	chmod 755 "$results/$(basename "$RUNTIME")"
	RUNTIME=$results/$(basename "$RUNTIME")
	export RUNTIME RTB_USER=$CALLER_ID RTB_FILES=$results RTB_SUBIDS=$CALLER_FIRST
	enter="unshare --mount --propagation private $here/callers.bash enter-user"
}

# In the suite's mount namespace.
caller_mount() {
	local file

	for file in passwd group subuid subgid; do
		[[ -e /etc/$file ]] || : >"/etc/$file"
		mount --bind "$RTB_FILES/$file" "/etc/$file" || return
	done
}

enter_user() {
	caller_mount || exit 2
	exec "$@"
}

cgroup_mounts() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts; }

# A cgroup of its own in every hierarchy, which is all that the suites see, with themselves in a leaf of it.
caller_userns() {
	local mount

	export RTB_USERNS=1
	chown "$CALLER_FIRST" "$results"
	export CALLER_CGROUP=rtb-userns-$$
	for mount in $(cgroup_mounts); do
		mkdir "$mount/$CALLER_CGROUP" 2>/dev/null || continue
		cpus_of_parent "$mount/$CALLER_CGROUP"
		mkdir "$mount/$CALLER_CGROUP/suites"
		cpus_of_parent "$mount/$CALLER_CGROUP/suites"
		[[ ! -e $mount/cpu.rt_runtime_us ]] || echo 100000 >"$mount/$CALLER_CGROUP/cpu.rt_runtime_us"
		chown "$CALLER_FIRST" "$mount/$CALLER_CGROUP" "$mount/$CALLER_CGROUP/suites"
		for file in tasks cgroup.procs cgroup.subtree_control cgroup.threads; do
			[[ ! -e $mount/$CALLER_CGROUP/$file ]] || chown "$CALLER_FIRST" "$mount/$CALLER_CGROUP/$file"
			[[ ! -e $mount/$CALLER_CGROUP/suites/$file ]] ||
				chown "$CALLER_FIRST" "$mount/$CALLER_CGROUP/suites/$file"
		done
		echo $$ >"$mount/$CALLER_CGROUP/cgroup.procs"
	done
	enter="$RTB_PROBE as in-userns $CALLER_FIRST 1000000 unshare --cgroup $here/callers.bash enter-userns"
}

cpus_of_parent() {	# DIR
	local file

	for file in cpuset.cpus cpuset.mems; do
		[[ ! -e ${1%/*}/$file ]] || cat "${1%/*}/$file" >"$1/$file"
	done
}

# In the suite's namespaces: every hierarchy begins at the cgroup of its own.
enter_userns() {
	local mount

	for mount in $(cgroup_mounts); do
		[[ -e $mount/$CALLER_CGROUP ]] || continue
		mount --bind "$mount/$CALLER_CGROUP" "$mount" && echo 0 >"$mount/suites/cgroup.procs" || exit 2
	done
	exec "$@"
}

caller_end() {
	local mount

	[[ -n ${CALLER_CGROUP:-} ]] || return 0
	for mount in $(cgroup_mounts); do
		[[ -e $mount/$CALLER_CGROUP ]] || continue
		echo $$ >"$mount/cgroup.procs"
		rmdir "$mount/$CALLER_CGROUP/suites" "$mount/$CALLER_CGROUP"
	done
}

case ${1:-} in
enter-user) enter_user "${@:2}" ;;
enter-userns) enter_userns "${@:2}" ;;
esac
