#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spec: the config.json that it writes.

load helpers

spec() { jq -r "$1" "$TEST_DIR/config.json"; }

@test "ROOT-04 FS-01 the document" {
	ok spec
	eq "$(spec .ociVersion)" 1.3.0
	eq "$(spec '.process.args | join(" ")')" sh
	eq "$(spec .process.terminal)" true
	eq "$(spec '.process.env[0]')" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	eq "$(spec '.process.env[1]')" TERM=xterm
	eq "$(spec .process.cwd)" /
	eq "$(spec '.root.path')" rootfs
	eq "$(spec '.root.readonly')" true
	eq "$(spec .hostname)" "$RUNTIME_NAME"
	eq "$(spec '[.mounts[].destination] | join(" ")')" \
		"/proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup"
	eq "$(spec '[has("annotations", "hooks", "domainname")] | any')" false
}

@test "it is what this suite's own default config is" {
	ok spec
	jq -S '.process.terminal = true' "$SUITES/config.json" >want.json
	[[ ! -e /sys/fs/cgroup/cgroup.controllers ]] || skip "a host of cgroup v2 adds a cgroup namespace"
	jq -S . "$TEST_DIR/config.json" | diff want.json -
}

@test "tabs, a file of its own mode, --bundle and -b" {
	umask 022
	mkdir there
	given there
	ok spec --bundle "$TEST_DIR/there"
	eq "$(stat -c %a there/config.json)" 644
	eq "$(sed -n 2p there/config.json)" "$(printf '\t"ociVersion": "1.3.0",')"
	fails spec -b "$TEST_DIR/there"
	fails spec -b "$TEST_DIR/missing"
}

@test "an existing file is not overwritten" {
	echo mine >config.json
	fails spec
	has "$error" "File config.json exists. Remove it first"
	eq "$status" 1
	file_is config.json mine
}

@test "--rootless" {
	ok spec --rootless
	eq "$(spec '[.linux.namespaces[].type] | contains(["network"])')" false
	eq "$(spec '.linux.namespaces[-1].type')" user
	eq "$(spec '.linux.uidMappings[0] | [.containerID, .hostID, .size] | join(" ")')" "0 ${RTB_USER:-$(id -u)} 1"
	eq "$(spec '.linux.gidMappings[0] | [.containerID, .hostID, .size] | join(" ")')" "0 ${RTB_USER:-$(id -g)} 1"
	eq "$(spec '.mounts[] | select(.destination == "/sys") | .type + " " + (.options | join(","))')" \
		"none rbind,nosuid,noexec,nodev,ro"
	eq "$(spec '[.mounts[].options[]? | select(test("^[ug]id="))] | length')" 0
	eq "$(spec '.linux | has("resources")')" false
}

@test "FS-01 what it writes runs" {
	cd "$BUNDLE"
	rm config.json
	ok spec ${RTB_USER:+--rootless}
	config '.process.terminal = false'
	args /bin/probe mounts
	run_ok
	eq "$(mount_field /proc fstype) $(mount_field /sys fstype)" "proc sysfs"
	eq "$(mount_field /dev/pts fstype) $(mount_field /dev/shm fstype)" "devpts tmpfs"
}

@test "the schema of the specification accepts both forms" {
	need_program python3
	python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	ok spec
	python3 "$SUITES/validate.py" "$SUITES/../data/schema/config-schema.json" config.json
	rm config.json
	ok spec --rootless
	python3 "$SUITES/validate.py" "$SUITES/../data/schema/config-schema.json" config.json
}
