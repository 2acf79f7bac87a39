# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a test of podman_rootless.bats is made of: both sides, their transcripts, and the comparison of these.

setup_file() {
	local side

	suite_begin
	export IMAGE=localhost/bb REFERENCE='' WHY='crun is not installed'
	worlds="ours delegated"
	if REFERENCE=$(command -v crun); then worlds+=" theirs"; fi
	for side in $worlds; do
		side_begin "$side"
	done
	[ -z "$REFERENCE" ] || reference_try
}

# side_begin SIDE: a world, Podman's configuration in it, and the image.
side_begin() {
	local SIDE=$1

	world_begin "$SIDE"
	RUNTIME=$(runtime_of) podman_conf > "$W/$SIDE/containers.conf"
	pod import -q "$W/rootfs.tar" $IMAGE
}

# Without a container of crun there is nothing to compare with; the last test says so.
reference_try() {
	local SIDE=theirs

	WHY=$(pod run --rm $IMAGE true 2>&1) || REFERENCE=
}

teardown_file() {
	[ -n "${W-}" ] || return 0
	local left

	left=$(worlds_end)
	suite_end
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

pod() {
	as_user timeout --foreground -k 5 60 podman --storage-driver vfs "$@" 3>&- 4>&-
}

setup() {
	mkdir "$W/t"
	export SIDE=ours
}

teardown() {
	local SIDE pid cleaners=() status=0

	for SIDE in ours theirs delegated bare alone; do
		[ -e "$W/t/$SIDE.used" ] || continue
		side_clean 3>&- 4>&- &
		cleaners+=($!)
	done
	for pid in "${cleaners[@]}"; do
		wait "$pid" || status=1
	done
	rm -rf "$W/t"
	return $status
}

# Whatever is left of the test's containers and files, and nothing of the runtime's may be left after that.
side_clean() {
	local containers=$W/$SIDE/home/.local/share/containers/storage/vfs-containers

	if [ "$(find "$containers" -mindepth 1 -maxdepth 1 -type d 2> /dev/null | wc -l)" -gt 0 ]; then
		pod pod rm -af -t 0 > /dev/null 2>&1 || true
		pod_remove -a > /dev/null || return 1
	fi
	find "$W/$SIDE/home" -mindepth 1 -maxdepth 1 ! -name '.*' -exec rm -rf {} +
	leaks_expect_none world_leaks
}

# both FUNCTION: runs it in our world and in that of the reference. What it prints, and what `say` notes, is the same;
# ours is in $output. Errors, which each words in its own way, stand in $W/t/SIDE.errors. On a busy machine Podman now and
# then loses output of a short program, whichever runtime it drives: where nothing but output is missing on one side, both
# are done once more, and the test says so.
both() {
	both_once "$1"
	[ -n "$REFERENCE" ] || return 0
	if output_is_missing; then
		echo "# $BATS_TEST_DESCRIPTION: again, since output is missing: $(compared | grep '^[<>]' | head -n 3)" >&3
		for SIDE in theirs ours; do
			side_clean
		done
		both_once "$1"
	fi
	compared || { cat "$W/t/theirs.errors"; return 1; }
}

both_once() {
	local theirs=

	if [ -n "$REFERENCE" ]; then
		only theirs "$1" > /dev/null 3>&- 4>&- &
		theirs=$!
	fi
	only ours "$1"
	[ -z "$theirs" ] || wait "$theirs" || true
}

compared() {
	diff <(neutral theirs) <(neutral ours)
}

# Lines of one side alone, none of which is a command or a status.
output_is_missing() {
	local lines

	lines=$(compared | grep '^[<>]') || return 1
	! grep -q '^[<>] [+=] ' <<< "$lines" && [ "$(cut -c1 <<< "$lines" | sort -u | wc -l)" = 1 ]
}

# only SIDE FUNCTION: the same without a comparison.
only() {
	: > "$W/t/$1.used"
	SIDE=$1
	"$2" < /dev/null > "$W/t/$1" 2> "$W/t/$1.errors" || true
	output=$(cat "$W/t/$1")
	cat "$W/t/$1" "$W/t/$1.errors"
}

# Ids and places differ. So does /dev/core, a link to a file that is not there: crun makes it, runc does not either. With
# the host's network /sys is the host's, and in the reference's world cgroup2 is not mounted there.
neutral() {
	sed -E -e "s|$W/$1|PLACE|g" -e 's/\b[0-9a-f]{12}([0-9a-f]{52})?\b/ID/g' -e '/^core$/d' -e '\|^/sys/fs/cgroup/unified$|d' "$W/t/$1"
}

# say COMMAND...: a line of the transcript, the command's standard output, and its status.
say() {
	local status=0

	echo "+ ${*//$'\n'/ }"
	"$@" || status=$?
	echo "= $status"
}

# The output of the transcript's command that begins with these words, and its status as the last line.
said() {
	awk -v want="+ $*" '/^\+ / { on = index($0, want) == 1 && !seen; seen = seen || on; next } on' <<< "$output"
}

eq() {
	[ "$1" = "$2" ] || { printf 'got:\n%s\nexpected:\n%s\n' "$1" "$2"; return 1; }
}

# logs_have NAME TEXT: waits until the container's output holds the text.
logs_have() {
	local i

	for i in $(seq 100); do
		! pod logs "$1" 2>&1 | grep -qF -- "$2" || return 0
		sleep 0.1
	done
	return 1
}

# terminal COMMAND: runs it on a pseudoterminal whose user types nothing, not even the end of input, which script(1) would
# pass on at any moment.
terminal() {
	[ -p "$W/t/$SIDE.keys" ] || mkfifo "$W/t/$SIDE.keys"
	timeout 60 script -qec "stty rows 33 cols 77; $(declare -f pod bud br as_user world runtime_of); $*" /dev/null \
		<> "$W/t/$SIDE.keys" 3>&- 4>&- | tr -d '\r'
}
