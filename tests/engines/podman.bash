# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the suites of Podman (root, cgroupfs) share: its storage, an image, what is left after each test.

setup_file() {
	suite_begin
	podman_conf > "$W/containers.conf"
	export CONTAINERS_CONF=$W/containers.conf
	pod import -q "$W/rootfs.tar" localhost/bb
	export IMAGE=localhost/bb
	mounts_below "$W" > "$W/mounts.before"
}

teardown_file() {
	[ -n "${W-}" ] || return 0
	pod pod rm -af -t 0 > /dev/null 2>&1 || true
	pod rm -af -t 0 > /dev/null 2>&1 || true
	suite_end
}

pod() {
	timeout --foreground -k 5 90 podman --root "$W/p/root" --runroot "$W/p/run" --tmpdir "$W/p/tmp" \
		--storage-driver vfs "$@" 3>&- 4>&-
}

setup() {
	mkdir -p "$W/p/tmp/events"
	: > "$W/p/tmp/events/events.log"
	mkdir "$W/t"
	cd "$W/t" # conmon writes a file "oom" where it was started
}

teardown() {
	cd /
	pod pod rm -af -t 0 > /dev/null 2>&1 || true
	pod_remove -a > /dev/null
	mounts_below "$W/t" | tac | xargs -r -n1 umount
	rm -rf "$W/t"
	leaks_expect_none podman_leaks
}

# Every container of the test stands in Podman's event log, also those that --rm removed long ago.
podman_leaks() {
	local ids

	ids=$(jq -r 'select(.Type == "container") | .ID' "$W/p/tmp/events/events.log" | sort -u)
	# shellcheck disable=SC2086
	leaks_of "/run/$RUNTIME_NAME" $ids
	leaks_known
	leaks_word
	mounts_below "$W" | diff "$W/mounts.before" - | sed -n 's/^> /mount /p'
}

pid_of() {
	pod inspect -f '{{.State.Pid}}' "$1"
}

field() {
	pod inspect -f "$2" "$1"
}

# logs NAME TEXT: waits until the container's output holds the text (conmon copies it in the background).
logs_have() {
	wait_for 10 bash -c "$(declare -f pod); pod logs $1 2>&1 | grep -qF -- '$2'"
}
