#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `buildah run` drives the runtime under test: create, start, state while it runs, delete.

load engines

setup_file() {
	suite_begin
	export BUILDAH_RUNTIME=$RUNTIME
	C=$(bud from scratch)
	export C
	bud add -q "$C" "$W/rootfs.tar" /
}

teardown_file() {
	[ -n "${W-}" ] || return 0
	bud rm --all > /dev/null 2>&1 || true
	suite_end
}

bud() {
	timeout --foreground -k 5 90 buildah --root "$W/b/root" --runroot "$W/b/run" --storage-driver vfs "$@" 3>&- 4>&-
}

br() {
	bud run --isolation oci --network none "$@"
}

setup() {
	mkdir "$W/t"
	cd "$W/t" # conmon writes a file "oom" where it was started
	find /sys/fs/cgroup -type d -name 'buildah-buildah*' | sort > "$W/t/cgroups"
}

teardown() {
	cd /
	leaks_expect_none buildah_leaks
	rm -rf "$W/t"
}

buildah_leaks() {
	leaks_known
	leaks_word
	find /sys/fs/cgroup -type d -name 'buildah-buildah*' | sort | comm -13 "$W/t/cgroups" - | sed 's/^/cgroup /'
	find "$W/tmp" -mindepth 1 -maxdepth 1 -name 'buildah*' | sed 's/^/bundle /'
}

@test "buildah run: output and status" {
	run --separate-stderr br "$C" -- sh -c 'echo to-out; echo to-err >&2'
	[ "$status" -eq 0 ]
	[ "$output" = to-out ]
	[[ "$stderr" == *to-err* ]]
}

@test "buildah run: the program's exit status comes through" {
	local code

	for code in 1 3 125 255; do
		run -$code br "$C" -- sh -c "exit $code"
	done
}

@test "buildah run: a missing program fails with its name, nothing stays" {
	run br "$C" -- no-such-program
	[ "$status" -ne 0 ]
	[[ "$output" == *no-such-program* ]]
}

@test "buildah run: standard input and its end reach the program" {
	run bash -c "$(declare -f bud br); printf 'a\nb\n' | br $C -- wc -l"
	[ "$status" -eq 0 ]
	[[ "$output" == *2* ]]
}

@test "buildah run -t: a terminal" {
	run on_terminal 33 77 "$(declare -f bud br); br -t $C -- sh -c 'tty; exit 4'"
	[ "$status" -eq 4 ]
	[[ "$output" == */dev/* ]]
}

@test "buildah run: what one command writes the next one sees" {
	br "$C" -- sh -c 'echo kept > /etc/kept'
	run br "$C" -- cat /etc/kept
	[ "$output" = kept ]
}

@test "buildah run -v: read-only and writable" {
	mkdir "$W/t/v"
	br -v "$W/t/v:/mnt" "$C" -- sh -c 'echo inside > /mnt/f'
	[ "$(cat "$W/t/v/f")" = inside ]
	run br -v "$W/t/v:/mnt:ro" "$C" -- sh -c 'echo x > /mnt/f'
	[ "$status" -ne 0 ]
	[ "$(cat "$W/t/v/f")" = inside ]
}

@test "buildah run --user, --hostname, --workingdir" {
	run br --user 1000:29 --hostname box --workingdir /tmp "$C" -- sh -c 'id -u; id -g; hostname; pwd'
	[ "$status" -eq 0 ]
	[ "$output" = $'1000\n29\nbox\n/tmp' ]
}

@test "buildah run: no descriptor of the engine reaches the program" {
	run br "$C" -- sh -c 'ls /proc/self/fd | wc -l'
	[ "$output" = 4 ]
}

@test "buildah run --cap-drop, --cap-add" {
	run br --cap-drop CAP_CHOWN "$C" -- chown 1 /etc/group
	[ "$status" -ne 0 ]
	run br --cap-add CAP_SYS_ADMIN "$C" -- mount -t tmpfs none /mnt
	[ "$status" -eq 0 ]
}

@test "buildah from --cgroup-parent, --memory: the limit is in force" {
	local c

	c=$(bud from --memory 48m --memory-swap 48m --cgroup-parent "/$WORD/b" scratch)
	bud add -q "$c" "$W/rootfs.tar" /
	run br "$c" -- dd if=/dev/zero of=/dev/null bs=128M count=1
	[ "$status" -ne 0 ]
	run br "$c" -- dd if=/dev/zero of=/dev/null bs=1M count=1
	[ "$status" -eq 0 ]
	bud rm "$c"
}

@test "buildah bud: the steps of a Containerfile run" {
	mkdir "$W/t/ctx"
	cp "$W/rootfs.tar" "$W/t/ctx/"
	printf 'FROM scratch\nADD rootfs.tar /\nRUN echo made > /made\nRUN test "$(cat /made)" = made && echo seen\n' \
		> "$W/t/ctx/Containerfile"
	run bud bud -q --isolation oci --network none -f "$W/t/ctx/Containerfile" "$W/t/ctx"
	[ "$status" -eq 0 ]
	printf 'FROM scratch\nADD rootfs.tar /\nRUN exit 3\n' > "$W/t/ctx/Containerfile"
	run bud bud -q --isolation oci --network none -f "$W/t/ctx/Containerfile" "$W/t/ctx"
	[ "$status" -ne 0 ]
}
