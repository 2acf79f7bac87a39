#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # $results, $here: tests/bats/run's
#
# The callers that tests/bats/run can put in the place of root, and what has to be there for them.
# $enter is what a suite is run by.

# The variables that tests/bats/run has and takes.
# shellcheck disable=SC2034,SC2154

# Suites about cgroups: there the ordinary user has some that are its own, in the others none.
CALLER_DELEGATED=" attacks_cgroups cgroup_hybrid cgroup_v1 delete events exec exec_cgroup faults kill outcome pause ps update "

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
	[[ ! -e ${RUNTIME%/*}/teu-systemd ]] || cp "${RUNTIME%/*}/teu-systemd" "$results/program/"
	# The suites, which are root, call it, and so do hooks, which are not.
	cat >"$results/$(basename "$RUNTIME")" <<-END
		#!/bin/sh
		umask 022
		[ "\$($(type -P id) -u)" = 0 ] || exec $results/program/teu "\$@"
		exec $(type -P setpriv) --reuid $CALLER_ID --regid $CALLER_ID --clear-groups --inh-caps=-all $results/program/teu "\$@"
	END
	chmod 755 "$results/$(basename "$RUNTIME")"
	RUNTIME=$results/$(basename "$RUNTIME")
	export RUNTIME RTB_PROGRAM=$results/program/teu RTB_USER=$CALLER_ID RTB_FILES=$results RTB_SUBIDS=$CALLER_FIRST
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

# A cgroup for a suite in every hierarchy, and a leaf of it for those who call.
caller_cgroups() {	# OWNER
	local mount file dir

	export CALLER_CGROUP=rtb-caller-$BASHPID
	for mount in $(cgroup_mounts); do
		mkdir "$mount/$CALLER_CGROUP" 2>/dev/null || continue
		[[ ! -e $mount/cpu.rt_runtime_us ]] || echo 100000 >"$mount/$CALLER_CGROUP/cpu.rt_runtime_us"
		cpus_of_parent "$mount/$CALLER_CGROUP"
		mkdir "$mount/$CALLER_CGROUP/suites"
		cpus_of_parent "$mount/$CALLER_CGROUP/suites"
		for dir in "$mount/$CALLER_CGROUP" "$mount/$CALLER_CGROUP/suites"; do
			chown "$1" "$dir"
			for file in tasks cgroup.procs cgroup.subtree_control cgroup.threads; do
				[[ ! -e $dir/$file ]] || chown "$1" "$dir/$file"
			done
		done
	done
}

caller_userns() {
	export RTB_USERNS=1
	chown "$CALLER_FIRST" "$results"
}

cpus_of_parent() {	# DIR
	local file

	for file in cpuset.cpus cpuset.mems; do
		[[ ! -e ${1%/*}/$file ]] || cat "${1%/*}/$file" >"$1/$file"
	done
}

# Where a cgroup namespace is made that begins there, or aside for whoever stays behind.
enter_cgroup() {	# /|/suites COMMAND...
	local mount

	for mount in $(cgroup_mounts); do
		[[ ! -e $mount/$CALLER_CGROUP ]] || echo 0 >"$mount/$CALLER_CGROUP$1/cgroup.procs" || exit 2
	done
	exec "${@:2}"
}

# In the suite's namespaces: every hierarchy begins at the cgroup of its own.
enter_view() {
	local mount

	for mount in $(cgroup_mounts); do
		[[ -e $mount/$CALLER_CGROUP ]] || continue
		mount --bind "$mount/$CALLER_CGROUP" "$mount" && echo 0 >"$mount/suites/cgroup.procs" || exit 2
	done
	exec "$@"
}

# What a suite is run by; ended by caller_end. Two that run at the same time share no cgroup.
caller_enter() {	# SUITE
	if [[ -n ${RTB_USERNS:-} ]]; then
		caller_cgroups "$CALLER_FIRST"
		enter="$here/callers.bash enter-leaf $RTB_PROBE as in-userns $CALLER_FIRST 1000000
			$here/callers.bash enter-cgroup unshare --cgroup $here/callers.bash enter-view"
	elif [[ -n ${RTB_USER:-} && $CALLER_DELEGATED == *" $1 "* ]]; then
		export RTB_DELEGATED=1
		caller_cgroups "$CALLER_ID"
		enter="$here/callers.bash enter-cgroup unshare --mount --cgroup --propagation private
			$here/callers.bash enter-user $here/callers.bash enter-view"
	fi
}

caller_end() {
	local mount

	[[ -n ${CALLER_CGROUP:-} ]] || return 0
	for mount in $(cgroup_mounts); do
		[[ ! -e $mount/$CALLER_CGROUP ]] || find "$mount/$CALLER_CGROUP" -depth -type d -exec rmdir {} +
	done
}

case ${1:-} in
enter-user) enter_user "${@:2}" ;;
enter-cgroup) enter_cgroup / "${@:2}" ;;
enter-leaf) enter_cgroup /suites "${@:2}" ;;
enter-view) enter_view "${@:2}" ;;
esac
