#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles of every origin start: by hand, of `spec`, of umoci, of ctr, of Podman.

load engines

setup_file() {
	suite_begin
	umoci init --layout "$W/oci"
	umoci new --image "$W/oci:bb"
	umoci unpack --image "$W/oci:bb" "$W/seed"
	cp -a "$W/rootfs/." "$W/seed/rootfs/"
	umoci repack --image "$W/oci:bb" "$W/seed"
	umoci config --image "$W/oci:bb" --config.cmd /bin/sh --config.cmd -c --config.cmd 'echo from-the-image; exit 5' \
		--config.env FROM=image --config.workingdir /tmp
	rm -rf "$W/seed"
}

teardown_file() {
	suite_end
}

setup() {
	mkdir -p "$W/t/root"
	cd "$W/t"
	B=$W/t/b
}

teardown() {
	cd /
	leaks_expect_none bundle_leaks
	rm -rf "$W/t"
}

bundle_leaks() {
	find "$W/t/root" -mindepth 1 -maxdepth 1 | sed 's/^/state directory /'
	leaks_word
	mounts_below "$W/t" | sed 's/^/mount /'
}

rt() {
	timeout 30 "$RUNTIME" --root "$W/t/root" "$@" 3>&- 4>&-
}

# config FILTER: changes the bundle's config.json.
config() {
	jq --arg path "/$WORD/u1" ".linux.cgroupsPath = \$path | $1" "$B/config.json" > "$B/config.new"
	mv "$B/config.new" "$B/config.json"
}

# lifecycle CODE: create, start, wait until stopped, delete; the words of the specification in turn.
lifecycle() {
	rt create --bundle "$B" --pid-file "$W/t/pid" u1 < /dev/null > "$W/t/out" 2>&1
	[ "$(rt state u1 | jq -r .status)" = created ]
	rt start u1
	wait_for 10 bash -c "[ \"\$('$RUNTIME' --root '$W/t/root' state u1 | jq -r .status)\" = stopped ]"
	rt delete u1
}

@test "a bundle by hand: the least that the specification asks for" {
	[ "$RUNTIME_NAME" != runc ] || skip "runc 1.1 needs /proc in every container"
	mkdir -p "$B"
	cp -a "$W/rootfs" "$B/rootfs"
	cat > "$B/config.json" <<-JSON
		{"ociVersion": "1.0.0", "root": {"path": "rootfs"},
		 "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["/bin/echo", "by hand"]},
		 "linux": {"namespaces": [{"type": "mount"}], "cgroupsPath": "/$WORD/u1"}}
	JSON
	run rt run --bundle "$B" u1
	[ "$status" -eq 0 ]
	[ "$output" = "by hand" ]
}

@test "a bundle by hand: every namespace, mounts, a user, a limit" {
	mkdir -p "$B"
	cp -a "$W/rootfs" "$B/rootfs"
	cat > "$B/config.json" <<-JSON
		{"ociVersion": "1.2.0", "hostname": "hand", "root": {"path": "rootfs", "readonly": true},
		 "process": {"user": {"uid": 1000, "gid": 29, "umask": 63}, "cwd": "/tmp",
			"env": ["PATH=/bin", "A=b"], "args": ["sh", "-c", "hostname; id -u; umask; pwd; echo \$A; exit 4"],
			"capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]},
			"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 100}], "noNewPrivileges": true},
		 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "size=1m", "mode=1777"]}],
		 "linux": {"cgroupsPath": "/$WORD/u1", "resources": {"pids": {"limit": 20}},
			"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network"}]}}
	JSON
	run rt run --bundle "$B" u1
	[ "$status" -eq 4 ]
	[ "$output" = $'hand\n1000\n0077\n/tmp\nb' ]
	rt create --bundle "$B" u1 < /dev/null > /dev/null 2>&1
	rt delete u1
}

@test "a bundle of spec: starts as it is once it needs no terminal" {
	mkdir -p "$B"
	cp -a "$W/rootfs" "$B/rootfs"
	"$RUNTIME" spec --bundle "$B"
	config '.process.terminal = false | .process.args = ["sh", "-c", "echo specified; exit 8"]'
	run rt run --bundle "$B" u1
	[ "$status" -eq 8 ]
	[ "$output" = specified ]
	lifecycle
	[ "$(cat "$W/t/out")" = specified ]
}

@test "a bundle of spec with its terminal" {
	mkdir -p "$B"
	cp -a "$W/rootfs" "$B/rootfs"
	"$RUNTIME" spec --bundle "$B"
	config '.process.args = ["sh", "-c", "tty; stty size; exit 7"]'
	run on_terminal 31 71 "'$RUNTIME' --root '$W/t/root' run --bundle '$B' u1"
	[ "$status" -eq 7 ]
	[[ "$output" == *"/dev/"* ]]
	[[ "$output" == *"31 71"* ]]
}

@test "a bundle of umoci unpack: the image's command" {
	umoci unpack --image "$W/oci:bb" "$B"
	config '.process.terminal = false'
	run rt run --bundle "$B" u1
	[ "$status" -eq 5 ]
	[ "$output" = from-the-image ]
	lifecycle
	[ "$(cat "$W/t/out")" = from-the-image ]
}

@test "a bundle of umoci unpack: its environment, directory and terminal" {
	umoci unpack --image "$W/oci:bb" "$B"
	config '.process.args = ["sh", "-c", "echo $FROM; pwd; test -t 1 && echo terminal"]'
	run on_terminal 24 80 "'$RUNTIME' --root '$W/t/root' run --bundle '$B' u1"
	[ "$status" -eq 0 ]
	[[ "$output" == *image* && "$output" == */tmp* && "$output" == *terminal* ]]
}

@test "a bundle of umoci unpack --rootless: a user namespace with one id" {
	umoci unpack --rootless --image "$W/oci:bb" "$B"
	config '.process.terminal = false | .process.args = ["sh", "-c", "cat /proc/self/uid_map; id -u"]'
	run rt run --bundle "$B" u1
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" =~ ^\ *0\ *0\ *1$ ]]
	[ "${lines[1]}" = 0 ]
}

@test "a bundle of ctr oci spec" {
	mkdir -p "$B"
	cp -a "$W/rootfs" "$B/rootfs"
	ctr oci spec > "$B/config.json"
	config '.process.args = ["sh", "-c", "echo by ctr; exit 2"] | .process.env = ["PATH=/bin"]'
	run rt run --bundle "$B" u1
	[ "$status" -eq 2 ]
	[ "$output" = "by ctr" ]
	lifecycle
	[ "$(cat "$W/t/out")" = "by ctr" ]
}

@test "a bundle of podman: the config.json that it gave to the runtime" {
	local pod config id

	podman_conf > "$W/t/containers.conf"
	export CONTAINERS_CONF=$W/t/containers.conf
	pod="podman --root $W/t/p/root --runroot $W/t/p/run --tmpdir $W/t/p/tmp --storage-driver vfs"
	$pod import -q "$W/rootfs.tar" localhost/bb 3>&-
	id=$($pod create --shm-size 1m --memory 64m --user 1000 --env A=b localhost/bb \
		sh -c 'echo by podman; id -u; echo $A; exit 9' 3>&-)
	# init makes Podman write its config.json and create the container; from there on it is ours.
	$pod init "$id" 3>&-
	config=$($pod inspect -f '{{.OCIConfigPath}}' "$id" 3>&-)
	mkdir -p "$B"
	cp "$config" "$B/config.json"
	config '.hooks = {}'
	run rt run --bundle "$B" u1
	$pod rm -f -t 0 "$id" 3>&-
	mounts_below "$W/t" | tac | xargs -r -n1 umount
	[ "$status" -eq 9 ]
	[ "$output" = $'by podman\n1000\nb' ]
}
