#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks on cgroups and devices.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
}

hierarchies() { awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts; }

@test "SEC-9-1 cgroupsPath does not lead out of the hierarchies" {
	local path up=../../../../../../../..

	for path in .. /.. ../.. "/$up$CANARY/x" "$up$CANARY/x" "/$TOKEN/../../../../..$CANARY/x" / /. . // \
		"/$TOKEN/.." "/$TOKEN/./../.." "/../$TOKEN" "$(printf "/$TOKEN\nx")" "/$TOKEN/$(printf '%0300d' 0)"; do
		config '.linux.cgroupsPath = $p' --arg p "$path"
		args true
		run_ct
		((status < 124))
		canary_same
		leak_check || { echo "with $path" >&2; return 1; }
		[[ ! -e /tmp/x && ! -e $CANARY/x ]]
	done
}

@test "SEC-9-1 keys and words that would be paths or further lines" {
	local change

	cp "$BUNDLE/config.json" pristine.json
	for change in '.unified = {"../cgroup.procs": "1"}' '.unified = {"a/b": "1"}' '.unified = {"memory.max\nx": "1"}' \
		'.unified = {"": "1"}' '.unified = {"..": "1"}' '.unified = {"cgroup.procs": "0"}' \
		'.hugepageLimits = [{pageSize: "../../x", limit: 1}]' '.hugepageLimits = [{pageSize: "2MB/../x", limit: 1}]' \
		'.hugepageLimits = [{pageSize: "2MB\n", limit: 1}]' '.rdma = {"../x": {hcaHandles: 1}}' \
		'.rdma = {"mlx\nx": {hcaHandles: 1}}' '.cpu = {cpus: "0\n1"}' '.cpu = {cpus: "../x"}' \
		'.network = {priorities: [{name: "lo\nx", priority: 1}]}' '.network = {priorities: [{name: "../x", priority: 1}]}'; do
		cp pristine.json "$BUNDLE/config.json"
		config ".linux.resources |= (. + {} | $change)"
		args true
		run_ct
		((status > 0 && status < 124)) || { echo "taken: $change" >&2; return 1; }
		leak_check
	done
}

@test "SEC-9-2 the program is in its cgroup in every hierarchy, and was never elsewhere" {
	script 'cat /proc/self/cgroup; sleep 100 & cat /proc/$!/cgroup; kill $!'
	run_ok
	# A line per hierarchy that is mounted and writable, each below one of the container's own.
	eq "$(grep -c ':/$' <<<"$(grep -v '^0::' <<<"$output")")" 0
}

@test "SEC-9-2 a cgroup that others are in is not joined" {
	need_v1 pids
	local dir=$(hierarchy pids)/$TOKEN-taken

	mkdir "$dir"
	background sleep 1000
	echo "$BACKGROUND" >"$dir/cgroup.procs"
	config '.linux.cgroupsPath = $p' --arg p "/$TOKEN-taken"
	args true
	run_ct
	local result=$status
	background_stop
	eventually rmdir "$dir"
	# Only a refusal keeps limits and kill to the container's own.
	((result > 0)) || [[ $RUNTIME_NAME != teu ]]
}

release_agents() {
	run_script 'find /sys/fs/cgroup -name release_agent 2>/dev/null; for d in /sys/fs/cgroup /sys/fs/cgroup/*; do
		mkdir $d/new 2>/dev/null && echo "made $d/new"
		for f in cgroup.procs notify_on_release cgroup.clone_children; do
			[ ! -e $d/$f ] || { echo 0 >$d/$f; } 2>/dev/null && [ -e $d/$f ] && echo "wrote $d/$f"
		done
	done; echo end'
	eq "$output" end
}

@test "SEC-9-3 the container finds no release_agent, no foreign cgroup and nothing to write" {
	all_caps
	config '(.process.capabilities[]) -= ["CAP_SYS_ADMIN"]'
	release_agents
	add_namespace cgroup
	release_agents
}

@test "SEC-9-3 with CAP_SYS_ADMIN the mounts are read-only and the namespace is the container's" {
	add_namespace cgroup
	all_caps
	run_script 'cat /proc/self/cgroup; find /sys/fs/cgroup -name release_agent'
	eq "$(grep -v ':/$' <<<"$output")" ""
}

@test "SEC-9-3 a new cgroup2 mount without a cgroup namespace is refused" {
	config '.mounts += [{destination: "/mnt", type: "cgroup2", source: "cgroup2"}]'
	run_ct
	[[ $RUNTIME_NAME != teu ]] || ne "$status" 0
	lacks "$output" "$TOKEN"
}

@test "SEC-9-4 a start that fails leaves nothing frozen and nothing behind" {
	config '.hooks.createContainer = [{path: "/bin/false"}]'
	refused
	config 'del(.hooks) | .process.args = ["/no/such"]'
	refused
	config '.linux.maskedPaths = ["/proc/uptime/x/.."] | .mounts += [{destination: "/m", type: "nothing"}]'
	refused
}

@test "SEC-9-5 annotations that would be properties of a unit have no effect" {
	local out=$TEST_DIR/executed

	config '.annotations = {"org.systemd.property.ExecStartPost": $v, "org.systemd.property.ExecStart": $v,
		"org.systemd.property.Type": "\"oneshot\""}' --arg v "[('/bin/touch', ['touch', '$out'], false)]"
	args true
	run_ct
	missing "$out"
}

# --- devices -------------------------------------------------------------------------------------

DENIED="b 7 0, b 8 0, b 253 0, c 1 1, c 1 2, c 1 4, c 4 0, c 10 229, c 10 237, c 29 0"

# Makes every node and reads from it: what opens is printed.
opens_nothing() {
	writable_root
	all_caps
	script "echo '$DENIED' | tr , '\n' | while read -r t a b; do
		mknod /tmp/node \$t \$a \$b 2>/dev/null || { echo \"no node \$t \$a \$b\" >&2; continue; }
		probe try read /tmp/node , write /tmp/node | sed \"s/^/\$t \$a:\$b /\"; rm /tmp/node; done"
	run_ok
	ne "$output" "" "what was tried"
	eq "$(grep -v EPERM <<<"$output")" "" "devices that open"
}

@test "SEC-10 the host's devices do not open: with a rule, without rules, without resources" {
	need_mknod
	config '.linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	opens_nothing
	config '.linux.resources = {devices: []}'
	opens_nothing
	config '.linux.resources = {}'
	opens_nothing
	config 'del(.linux.resources)'
	opens_nothing
}

@test "SEC-10 a process that joins has the same devices" {
	need_mknod
	need_exec
	writable_root
	all_caps
	config 'del(.linux.resources)'
	script 'exec sleep 1000'
	run_ok --detach
	run_runtime exec "$ID" sh -c 'mknod /tmp/disk b 8 0; mknod /tmp/mem c 1 1; probe try read /tmp/disk , read /tmp/mem'
	eq "$(tr '\n' ' ' <<<"$output")" "EPERM EPERM "
}

@test "SEC-10 a rule without numbers is a wildcard only where it says so" {
	need_mknod
	config '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 5, access: "r"}]'
	writable_root
	all_caps
	script 'mknod /tmp/zero c 1 5; mknod /tmp/mem c 1 1; probe try read /tmp/zero , write /tmp/zero , read /tmp/mem'
	run_ok
	# zero is one of the default devices, so both ways work.
	eq "$(tr '\n' ' ' <<<"$output")" "ok ok EPERM "
}

@test "SEC-10 what the image has in the place of a device is not changed" {
	need_nodes
	rm -rf "${BUNDLE:?}/rootfs/dev" && mkdir "$BUNDLE/rootfs/dev"
	config '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 511, uid: 5, gid: 6}]'
	writable_root
	mknod -m 600 "$BUNDLE/rootfs/dev/zero" c 1 5
	mknod -m 600 "$BUNDLE/rootfs/dev/full" c 1 1
	args true
	run_ct
	eq "$(stat -c %a:%u:%t:%T "$BUNDLE/rootfs/dev/full")" 600:0:1:1
	rm "$BUNDLE/rootfs/dev/full"
	ln "$CANARY/file" "$BUNDLE/rootfs/dev/full"
	canary_print >"$TEST_DIR/canary.before"
	run_ct
	canary_same
}

@test "SEC-10 a device that is bound from the host is the device that was asked for" {
	userns
	writable_root
	config '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 7}]'
	script 'stat -c %t:%T /dev/kmsg'
	run_ct
	((status)) || eq "$output" 1:7
	config '.linux.devices = [{path: $p, type: "c", major: 1, minor: 3}]' --arg p "$CANARY/file"
	script "cat $CANARY/file"
	attempt
}
