#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# features: what it announces is understood, and what it denies is refused.

load helpers

feature() { jq -r "$1" features.json; }
words() { jq -r "$1[]" features.json; }

setup() {
	test_begin
	ok features
	cp "$OUT" features.json
}

sorted() {	# JQ-PATH
	eq "$(words "$1")" "$(words "$1" | LC_ALL=C sort -u)" "$1"
}

# What is false must be refused with TEXT; what is true may fail for want of the host's support alone.
agrees() {	# JQ-PATH TEXT
	if [[ $(feature "$1") == false ]]; then
		refused "$2"
	else
		eq "$(feature "$1")" true "$1"
		run_ct
		lacks "$error" "is not supported"
	fi
}

@test "FEAT-01 FEAT-03 FEAT-10 SCH-12 one JSON document of the right form, and nothing else" {
	local schema=$SUITES/../data/schema/features-schema.json

	eq "$error" ""
	eq "$(sed -n 1,2p features.json)" "$(printf '{\n    "ociVersionMin": "1.0.0",')"
	python3 "$SUITES/validate.py" "$schema" features.json
	eq "$(feature '.linux | type')" object
	jq '.linux.namespaces += ["net"]' features.json >bad.json
	run ! python3 "$SUITES/validate.py" "$schema" bad.json
	run ! python3 "$SUITES/validate.py" "$schema" \
		"$SUITES/../data/schema/test/features/bad/missing-ociVersionMax.json"
	fails features more
}

@test "FEAT-02 it does not depend on the host" {
	chmod 755 "$TEST_DIR"
	env -i "$RUNTIME" features >bare.json
	cmp features.json bare.json
	# a sanitizer reads its options in /proc, and looks for leaks there
	if ! is_sanitized; then
		unshare --mount --net --uts --ipc --pid --fork sh -c \
			'{ umount -l /sys 2>/dev/null || mount -t tmpfs none /sys; } && mount -t tmpfs none /proc && exec "$1" features' sh "$RUNTIME" >bare.json
		cmp features.json bare.json
	fi
	# where another user may read the program
	cp "$RUNTIME" "$TEST_DIR/copy"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$TEST_DIR/copy" features >bare.json
	cmp features.json bare.json
}

@test "FEAT-05 FEAT-06 the versions: configurations of both are taken, none of its members is newer" {
	local version

	eq "$(feature .ociVersionMax)" "$("$RUNTIME" --version | sed -n 's/^spec: //p')"
	for version in "$(feature .ociVersionMin)" "$(feature .ociVersionMax)"; do
		config '.ociVersion = $v' --arg v "$version"
		args true
		run_ok
	done
	# every member is in the schema of that version
	python3 - "$SUITES/../data/schema" features.json <<-'END'
		import json, sys
		load = lambda name: json.load(open(name))
		schema = load(sys.argv[1] + "/features-schema.json")
		schema["properties"]["linux"] = load(sys.argv[1] + "/features-linux.json")["linux"]
		# these are in features-linux.md of 1.3.0, which its schema does not follow
		linux = schema["properties"]["linux"]["properties"]
		linux["memoryPolicy"] = {}
		linux["intelRdt"]["properties"].update(schemata={}, monitoring={})
		def walk(node, schema, place):
		    for key, value in node.items():
		        assert key in schema["properties"], place + key
		        known = schema["properties"][key]
		        if isinstance(value, dict) and "properties" in known:
		            walk(value, known, place + key + "/")
		walk(load(sys.argv[2]), schema, "/")
	END
}

@test "FEAT-07 the hooks are run" {
	local kind

	eq "$(feature '.hooks | join(" ")')" \
		"prestart createRuntime createContainer startContainer poststart poststop"
	writable_root
	mkdir -p "$BUNDLE/rootfs/seen"
	for kind in $(words .hooks); do
		config '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", $c]}]' --arg k "$kind" \
			--arg c "touch $BUNDLE/rootfs/seen/$kind 2>/dev/null || touch /seen/$kind"
	done
	args true
	run_ok
	for kind in $(words .hooks); do
		exists "$BUNDLE/rootfs/seen/$kind"
	done
}

@test "FEAT-08 FEAT-09 every mount option is understood, data of file systems is not among them" {
	need_root "map the ids of a mount, which is one of the options"
	local word type source

	sorted .mountOptions
	lacks " $(words .mountOptions | tr '\n' ' ')" " size"
	lacks " $(words .mountOptions | tr '\n' ' ')" " mode"
	(($(words .mountOptions | grep -c =) == 0))
	mkdir source
	args true
	cp "$BUNDLE/config.json" plain.json
	for word in $(words .mountOptions | sample); do
		cp plain.json "$BUNDLE/config.json"
		case $word in
		idmap | ridmap)
			# "idmap" alone means the user namespace of the container
			config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["rbind", $w],
				uidMappings: [{containerID: 0, hostID: 1000, size: 1}],
				gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]' \
				--arg s "$TEST_DIR/source" --arg w "$word"
			;;
		remount)
			add_mount /tmp tmpfs tmpfs
			add_mount /tmp tmpfs tmpfs remount ro
			;;
		bind | rbind) add_mount /mnt none "$TEST_DIR/source" "$word" ;;
		copy-symlink | src-nofollow) bind "$TEST_DIR/source" /mnt "$word" ;;
		*) add_mount /mnt tmpfs tmpfs "$word" ;;
		esac
		run_ct
		((status == 0)) || { echo "option $word: $error" >&2; return 1; }
	done
	# the counter-test: a word that is not listed
	cp plain.json "$BUNDLE/config.json"
	add_mount /mnt tmpfs tmpfs nosuch
	fails run --bundle "$BUNDLE" "$ID"
}

@test "FEAT-11 annotations are strings about this program" {
	eq "$(feature '[.annotations[] | type] | unique | join(" ")')" string
	eq "$(feature '.annotations["teu.version"]')" "$("$RUNTIME" --version | sed -n '1s/.* //p')"
	eq "$(feature '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" false
	fails checkpoint --help
	eq "$(feature '.annotations["io.github.seccomp.libseccomp.version"]')" \
		"$("$RUNTIME" --version | sed -n 's/^libseccomp: //p')"
}

@test "FEAT-12 annotations that change what is done are listed" {
	sorted .potentiallyUnsafeConfigAnnotations
	for name in run.oci.keep_original_groups run.oci.hooks.stdout run.oci.hooks.stderr \
		run.oci.mount_context_type; do
		words .potentiallyUnsafeConfigAnnotations | grep -qx "$name"
	done
	# that they have an effect is for hooks.bats and annotations.bats
}

@test "FEAT-20 every namespace can be had" {
	sorted .linux.namespaces
	eq "$(feature '.linux.namespaces | length')" 8
	args true
	for type in $(words .linux.namespaces); do
		[[ $type == user ]] || add_namespace "$type"
	done
	run_ok
	userns
	run_ok
}

@test "FEAT-21 every capability is known" {
	sorted .linux.capabilities
	eq "$(feature '.linux.capabilities | length')" 41
	for name in $(words .linux.capabilities); do
		config '(.process.capabilities[]) += [$n]' --arg n "$name"
	done
	config '(.process.capabilities[]) |= unique'
	args true
	run_ok_logged
	run ! grep -i unknown "$LOG"
	config '.process.capabilities.bounding += ["CAP_NOSUCH"]'
	rm "$LOG"
	warned CAP_NOSUCH
}

@test "FEAT-22 what cgroups it knows" {
	eq "$(feature '.linux.cgroup | keys | join(" ")')" "rdma systemd systemdUser v1 v2"
	eq "$(feature '[.linux.cgroup[] | type] | unique | join(" ")')" boolean
	eq "$(feature .linux.cgroup.v2)" true
	eq "$(feature .linux.cgroup.v1)" true
	if [[ $(feature .linux.cgroup.systemd) == false ]]; then
		fails --systemd-cgroup create --bundle "$BUNDLE" "$ID"
		has "$error" systemd
	fi
}

seccomp_config() {	# JQ of the profile
	config ".linux.seccomp = $1"
	args true
	run_ct
}

@test "FEAT-23 FEAT-24 FEAT-25 seccomp: every action and operator is taken" {
	local word rule

	sorted .linux.seccomp.actions
	sorted .linux.seccomp.operators
	eq "$(feature .linux.seccomp.enabled)" true
	eq "$(feature '.linux.seccomp.actions | length')" 9
	eq "$(feature '.linux.seccomp.operators | length')" 7
	for word in $(words .linux.seccomp.actions); do
		rule='{names: ["acct"], action: "'$word'"}'
		if [[ $word == SCMP_ACT_NOTIFY ]]; then
			# it is understood, and lacks a listener
			seccomp_config "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [$rule]}"
			((status != 0))
			lacks "$error" unknown
			continue
		fi
		seccomp_config "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [$rule]}"
		((status == 0)) || { echo "$word: $error" >&2; return 1; }
	done
	for word in $(words .linux.seccomp.operators); do
		rule='{names: ["acct"], action: "SCMP_ACT_ERRNO",
			args: [{index: 0, value: 1, valueTwo: 2, op: "'$word'"}]}'
		seccomp_config "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [$rule]}"
		((status == 0)) || { echo "$word: $error" >&2; return 1; }
	done
}

@test "FEAT-26 seccomp: every architecture is taken" {
	sorted .linux.seccomp.archs
	words .linux.seccomp.archs | grep -qx "SCMP_ARCH_$(uname -m | tr a-z A-Z)"
	for word in $(words .linux.seccomp.archs); do
		seccomp_config "{defaultAction: \"SCMP_ACT_ALLOW\", architectures: [\"$word\"],
			syscalls: [{names: [\"acct\"], action: \"SCMP_ACT_ERRNO\"}]}"
		((status == 0)) || { echo "$word: $error" >&2; return 1; }
	done
}

@test "FEAT-27 FEAT-28 seccomp: known flags are understood, supported ones work" {
	sorted .linux.seccomp.knownFlags
	sorted .linux.seccomp.supportedFlags
	eq "$(feature '.linux.seccomp.knownFlags | length')" 4
	eq "$(feature '.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags | length')" 0
	for word in $(words .linux.seccomp.knownFlags); do
		seccomp_config "{defaultAction: \"SCMP_ACT_ALLOW\", flags: [\"$word\"],
			syscalls: [{names: [\"acct\"], action: \"SCMP_ACT_ERRNO\"}]}"
		lacks "$error" "unknown flag"
		# the last one has an effect with a listener only
		[[ $word == *WAIT_KILLABLE* ]] && continue
		words .linux.seccomp.supportedFlags | grep -qx "$word" || continue
		((status == 0)) || { echo "$word: $error" >&2; return 1; }
	done
	if kernel_is 5.19; then
		words .linux.seccomp.supportedFlags | grep -q WAIT_KILLABLE_RECV
	fi
}

@test "FEAT-29 AppArmor" {
	config '.process.apparmorProfile = "teu-no-such-profile"'
	agrees .linux.apparmor.enabled apparmorProfile
}

@test "FEAT-30 SELinux" {
	config '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	agrees .linux.selinux.enabled selinux
}

@test "FEAT-31 FEAT-32 FEAT-33 memory policies: every mode and flag is understood" {
	local word nodes

	sorted .linux.memoryPolicy.modes
	sorted .linux.memoryPolicy.flags
	eq "$(feature '.linux.memoryPolicy.modes | length')" 7
	eq "$(feature '.linux.memoryPolicy.flags | length')" 3
	args true
	for word in $(words .linux.memoryPolicy.modes); do
		case $word in MPOL_DEFAULT | MPOL_LOCAL) nodes='' ;; *) nodes=0 ;; esac
		config '.linux.memoryPolicy = {mode: $m, nodes: $n}' --arg m "$word" --arg n "$nodes"
		run_ct
		lacks "$error" unknown
		lacks "$error" config.json:
	done
	for word in $(words .linux.memoryPolicy.flags); do
		config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$f]}' --arg f "$word"
		run_ct
		lacks "$error" unknown
		lacks "$error" config.json:
	done
}

@test "FEAT-34 resctrl" {
	eq "$(feature '.linux.intelRdt | keys | join(" ")')" "enabled monitoring schemata"
	config '.linux.intelRdt = {closID: "rtb"}'
	agrees .linux.intelRdt.enabled /linux/intelRdt
}

@test "FEAT-35 FEAT-36 id-mapped mounts" {
	eq "$(feature .linux.mountExtensions.idmap.enabled)" true
	# that they work is for idmap.bats
}

@test "FEAT-37 network devices" {
	config '.linux.netDevices = {rtb_nosuch: {}}'
	agrees .linux.netDevices.enabled /linux/netDevices
}
