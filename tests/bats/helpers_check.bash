# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Comparisons, values out of the probe's output, and what this machine can do.

# --- comparing -----------------------------------------------------------------------------------

eq() {	# GOT WANT [WHAT]
	[[ $1 == "$2" ]] || { printf '%s\n' "${3:-value}: got \"$1\"" "want \"$2\"" >&2; return 1; }
}

ne() {	# GOT UNWANTED [WHAT]
	[[ $1 != "$2" ]] || { printf '%s\n' "${3:-value}: must not be \"$1\"" >&2; return 1; }
}

has() {	# TEXT PART
	[[ $1 == *"$2"* ]] || { printf '%s\n' "no \"$2\" in:" "$1" >&2; return 1; }
}

lacks() {	# TEXT PART
	[[ $1 != *"$2"* ]] || { printf '%s\n' "unwanted \"$2\" in:" "$1" >&2; return 1; }
}

matches() {	# TEXT REGEX
	[[ $1 =~ $2 ]] || { printf '%s\n' "no match of $2 in:" "$1" >&2; return 1; }
}

# A word of a comma list.
listed() { has ",$1," ",$2,"; }
unlisted() { lacks ",$1," ",$2,"; }

file_is() {	# FILE CONTENT
	eq "$(cat "$1")" "$2" "$1"
}

exists() { [[ -e $1 ]] || { echo "missing: $1" >&2; return 1; }; }
missing() { [[ ! -e $1 && ! -L $1 ]] || { echo "must not be there: $1" >&2; return 1; }; }

# --- the probe's output --------------------------------------------------------------------------

value() {	# KEY → its value in $output
	sed -n "s/^$1=//p" <<<"$output"
}

value_is() { eq "$(value "$1")" "$2" "$1"; }	# KEY WANT

# One field (fstype source opt prop sb root) of the topmost mount on a path inside.
mount_field() {	# PATH FIELD
	awk -v path="$1" -v field="$2=" '$1 == "mount" && $2 == path { found = ""
		for (i = 3; i <= NF; i++) if (index($i, field) == 1) found = substr($i, length(field) + 1)
	} END { print found }' <<<"$output"
}

mount_count() { grep -c "^mount $1 " <<<"$output" || :; }	# PATH
mount_opt() { listed "$(mount_field "$1" opt)" "$2"; }	# PATH WORD
mount_no_opt() { unlisted "$(mount_field "$1" opt)" "$2"; }
mount_sb() { listed "$(mount_field "$1" sb)" "$2"; }
mount_no_sb() { unlisted "$(mount_field "$1" sb)" "$2"; }

# The same fields of a process of the host, without anything running inside.
mounts_of() {	# PID → $output as if the probe had printed it
	output=$(awk '{ for (i = 7; $i != "-"; i++) p = p (i > 7 ? "," : "") $i
		print "mount " $5 " fstype=" $(i+1) " source=" $(i+2) " opt=" $6 " prop=" p \
			" sb=" $(i+3) " root=" $4; p = "" }' "/proc/$1/mountinfo")
}

ns_of() {	# PID TYPE → inode
	stat -L -c %i "/proc/$1/ns/$2"
}

# --- cgroups of the host -------------------------------------------------------------------------

# Where a controller's hierarchy is mounted, and of what version.
hierarchy() {	# CONTROLLER
	awk -v c="$1" '$3 == "cgroup" && ("," $4 ",") ~ ("," c ",") { print $2; exit }' /proc/mounts
}

need_v1() {	# CONTROLLER...
	local c

	need_cgroup

	for c; do
		[[ -n $(hierarchy "$c") ]] || skip "cgroup v1 controller $c is not mounted here"
	done
}

# Where cgroup v2 is: all there is, or beside v1 hierarchies.
v2_mount() {
	if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then
		echo /sys/fs/cgroup
	elif [[ -e /sys/fs/cgroup/unified/cgroup.procs ]]; then
		echo /sys/fs/cgroup/unified
	fi
}

need_cgroupfs() { [[ -z ${RTB_OPTIONS:-} ]] || skip "systemd makes the cgroups, and paths are of another form"; }

is_pure_v2() { [[ $(v2_mount) == /sys/fs/cgroup ]]; }

v2_has() {	# CONTROLLER, by its name in v2
	[[ -n $(v2_mount) && ( $1 == freezer || -n $(grep -w "$1" "$(v2_mount)/cgroup.controllers") ) ]]
}

need_v2() {	# CONTROLLER...
	local c

	is_pure_v2 || skip "this host has cgroup v1"
	for c; do
		v2_has "$c" || skip "this kernel has no cgroup v2 controller $c"
	done
}

# In either version, for what both do alike.
need_controller() {	# CONTROLLER...
	need_cgroup
	local c

	for c; do
		[[ -n $(hierarchy "$c") ]] || v2_has "$c" || skip "no cgroup controller $c here"
	done
}

cgroup_dir_of() {	# PID CONTROLLER → directory
	if [[ -n $(hierarchy "$2") ]]; then
		echo "$(hierarchy "$2")$(cgroup_path_of "$1" "$2")"
	else
		echo "$(v2_mount)$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
	fi
}

# As another than the runtime would do it.
freeze() { set_freezer "$1" FROZEN 1; }	# PID
thaw() { set_freezer "$1" THAWED 0; }	# PID

set_freezer() {	# PID V1-WORD V2-WORD
	local dir

	dir=$(cgroup_dir_of "$1" freezer)
	if [[ -e $dir/freezer.state ]]; then
		echo "$2" >"$dir/freezer.state"
	else
		echo "$3" >"$dir/cgroup.freeze"
	fi
}

cgroup_path_of() {	# PID CONTROLLER → path inside the hierarchy
	awk -F: -v c="$2" '("," $2 ",") ~ ("," c ",") { print $3 }' "/proc/$1/cgroup"
}

cgroup_file() {	# CONTROLLER FILE → content, of the container's cgroup
	cat "$(hierarchy "$1")$(cgroup_path_of "$(pid_of)" "$1")/$2"
}

# The directory of the container's cgroup that a controller is in, or v2's for one that v2 does not have.
place() {	# CONTROLLER
	local mount

	mount=$(hierarchy "$1")
	if [[ -n $mount ]]; then
		echo "$mount$(cgroup_path_of "$(pid_of)" "$1")"
	else
		mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		echo "$mount$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of)/cgroup")"
	fi
}

# --- the machine ---------------------------------------------------------------------------------

can() {	# CAPABILITY NUMBER: is it effective?
	(((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> $1) & 1))
}

# Who calls (tests/bats/run): root of the host, an ordinary user, root of a user namespace.
need_root() {	# [WHAT]
	[[ -z ${RTB_USER:-} ]] || skip "an ordinary user cannot ${1:-have this}"
}

need_cgroup() {
	[[ -z ${RTB_USER:-} || -n ${RTB_DELEGATED:-} ]] || skip "an ordinary user has no cgroup here"
}

need_host_root() {	# [WHAT]
	need_root "${1:-}"
	[[ -z ${RTB_USERNS:-} ]] || skip "root of a user namespace cannot ${1:-have this}"
}

is_host_root() { [[ -z ${RTB_USER:-}${RTB_USERNS:-} ]]; }

# Lines of variants: all of them for root of the host; other callers, for whom the code is the same, take every third.
sample() {
	if is_host_root; then cat; else awk 'NR % 3 == 1'; fi
}

# Where nodes are bound from the host, they are as the host has them.
need_nodes() { [[ -z ${RTB_USERNS:-} ]] || skip "root of a user namespace cannot make device nodes"; }
need_mknod() { need_host_root "make device nodes"; }

is_sanitized() { grep -q __asan_init "$RUNTIME"; }

# For the rest of a subshell; a sanitizer reserves more than any limit.
limit_memory() {	# KIB
	is_sanitized || ulimit -v "$1"
}

need_resource_cap() { can 24 && [[ -z ${RTB_USERNS:-} ]] || skip "no CAP_SYS_RESOURCE on this machine"; }
need_nice_cap() { can 23 && [[ -z ${RTB_USERNS:-} ]] || skip "no CAP_SYS_NICE on this machine"; }
need_program() { type -P "$1" >/dev/null || skip "$1 is not installed"; }
need_fs() { grep -qw "$1" /proc/filesystems || skip "this kernel has no $1"; }

kernel_is() {	# MAJOR.MINOR or newer
	[[ $(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n1) == "$1" ]]
}

need_kernel() { kernel_is "$1" || skip "needs Linux $1"; }
