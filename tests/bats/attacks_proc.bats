#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks on masks, on the runtime's own use of /proc, and on sysctls.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
}

# What a hostile /dev/null is: "nothing" stands for a missing one.
fake_null() {	# DIR KIND
	rm -rf "$1/null"
	case $2 in
	nothing) ;;
	file) echo counterfeit >"$1/null" ;;
	link) ln -s /secret/key "$1/null" ;;
	link-proc) ln -s /proc/sys/kernel/core_pattern "$1/null" ;;
	link-host) ln -s "$CANARY/file" "$1/null" ;;
	zero) mknod "$1/null" c 1 5 ;;
	random) mknod "$1/null" c 1 8 ;;
	directory) mkdir "$1/null" ;;
	fifo) mkfifo "$1/null" ;;
	esac
}

KINDS="nothing file link link-proc link-host zero random directory fifo"

mask_holds() {
	writable_root
	mkdir -p "$BUNDLE/rootfs/secret"
	echo secret-of-the-image >"$BUNDLE/rootfs/secret/key"
	config '.linux.maskedPaths = ["/secret/key", "/proc/uptime", "/proc/irq"]'
	script 'head -c1 /secret/key; head -c1 /proc/uptime; ls -A /proc/irq; echo end; echo x >/secret/key;
		echo x >/proc/uptime; stat -c %t:%T /secret/key >&2'
	attempt
	# A mask is the null device or nothing, never something of the image.
	((status)) || eq "$output" end
	[[ $error != *:* || $error == *1:3* || $status != 0 ]]
	file_is "$BUNDLE/rootfs/secret/key" secret-of-the-image
}

@test "SEC-1-7 the null device of a /dev that is a volume" {
	need_nodes
	local kind

	cp "$BUNDLE/config.json" pristine.json
	for kind in $KINDS; do
		cp pristine.json "$BUNDLE/config.json"
		rm -rf volume && mkdir volume
		fake_null "$TEST_DIR/volume" "$kind"
		config '.mounts |= map(select(.destination | startswith("/dev") | not))'
		bind "$TEST_DIR/volume" /dev
		mask_holds || { echo "null as $kind" >&2; return 1; }
	done
}

@test "SEC-1-7 the null device of the image's own /dev" {
	need_nodes
	local kind

	cp "$BUNDLE/config.json" pristine.json
	for kind in $KINDS; do
		cp pristine.json "$BUNDLE/config.json"
		rm -rf "${BUNDLE:?}/rootfs/dev" && mkdir "$BUNDLE/rootfs/dev"
		fake_null "$BUNDLE/rootfs/dev" "$kind"
		config '.mounts |= map(select(.destination | startswith("/dev") | not))'
		mask_holds || { echo "null as $kind" >&2; return 1; }
	done
}

@test "SEC-1-7 a mask of a directory is empty, read-only and cannot be filled" {
	mkdir -p "$BUNDLE/rootfs/secret" && echo x >"$BUNDLE/rootfs/secret/key"
	writable_root
	config '.linux.maskedPaths = ["/secret", "/sys/firmware", "/proc/irq"]'
	try read /secret/key , create /secret/new , mkdir /secret/d , create /proc/irq/x
	eq "$output" "ENOENT EROFS EROFS EROFS"
}

@test "SEC-1-7 masks stay for a root with few capabilities, and nothing is mounted after them" {
	config '.linux.maskedPaths = ["/proc/uptime", "/proc/irq"]'
	try umount /proc/uptime , umount /proc/irq , bind /proc/version /proc/uptime
	eq "$output" "EPERM EPERM EPERM"
	run_probe mounts
	# The last mounts of all are the masks and the read-only paths.
	local last
	last=$(awk '$1 == "mount" { print $2 }' <<<"$output" | tail -n 2 | tr '\n' ' ')
	matches "$last" "^(/proc/|/sys/)"
}

# A counterfeit of procfs whose files keep what is written to them.
fake_proc() {	# DIR
	local dir

	for dir in self thread-self 1 1/task/1; do
		mkdir -p "$1/$dir/attr/apparmor" "$1/$dir/fd" "$1/$dir/fdinfo" "$1/$dir/ns"
		touch "$1/$dir"/attr/{current,exec,keycreate} "$1/$dir"/{oom_score_adj,uid_map,gid_map} \
			"$1/$dir"/{setgroups,loginuid,timens_offsets}
	done
	mkdir -p "$1/sys/kernel" "$1/sys/net/ipv4" "$1/sys/fs/mqueue"
	touch "$1"/sys/kernel/{domainname,shmmax,core_pattern,cap_last_cap} "$1"/sys/net/ipv4/ip_forward \
		"$1"/sys/fs/mqueue/msg_max "$1"/{mounts,filesystems,cmdline}
	chmod -R a+rwX "$1"
}

nothing_written() {	# DIR
	eq "$(find "$1" -type f -size +0)" "" "written counterfeits"
}

sysctls() {
	config '.linux.sysctl = {"kernel.domainname": "canary-value", "net.ipv4.ip_forward": "1",
		"kernel.shmmax": "123456", "fs.mqueue.msg_max": "7"} | .process.oomScoreAdj = 300
		| del(.linux.maskedPaths, .linux.readonlyPaths)'
}

@test "SEC-2-1 SEC-2-2 sysctls and attributes do not go to a /proc of the image" {
	config '.mounts |= map(select(.type != "proc"))'
	fake_proc "$BUNDLE/rootfs/proc"
	sysctls
	args /bin/probe uname
	attempt
	((status)) || value_is domainname canary-value
	nothing_written "$BUNDLE/rootfs/proc"
}

@test "SEC-2-1 SEC-2-2 nor to a volume at /proc" {
	config '.mounts |= map(select(.type != "proc"))'
	fake_proc "$TEST_DIR/volume"
	sysctls
	bind "$TEST_DIR/volume" /proc
	args /bin/probe uname
	attempt
	((status)) || value_is domainname canary-value
	nothing_written volume
}

@test "SEC-2-1 a user namespace: maps and groups do not go there either" {
	userns
	config '.mounts |= map(select(.type != "proc"))'
	fake_proc "$BUNDLE/rootfs/proc"
	sysctls
	config 'del(.linux.sysctl)'
	args /bin/probe ids
	run_ct
	nothing_written "$BUNDLE/rootfs/proc"
	((status)) || value_is uid "0 0 0 0"
}

@test "SEC-2-2 spellings of a parameter of the host are refused, whatever the value" {
	local key now=$(</proc/sys/kernel/core_pattern)

	for key in kernel.core_pattern kernel/core_pattern kernel..core_pattern kernel.//core_pattern \
		net.../kernel.core_pattern net/../kernel/core_pattern net/./../kernel/core_pattern \
		kernel.shmmax/../core_pattern fs.mqueue/../../kernel/core_pattern /proc/sys/kernel/core_pattern \
		.kernel.core_pattern kernel.core_pattern. kernel/core_pattern/ kernel.core_pattern=x \
		"kernel.core_pattern " " kernel.core_pattern" "kernel core_pattern" Kernel.core_pattern \
		net/ipv4/../../kernel/core_pattern kernel.modprobe kernel.hotplug kernel.poweroff_cmd \
		fs.binfmt_misc.register kernel.sysrq "" . / net net. net/ ; do
		config '.linux.sysctl = {($k): $v}' --arg k "$key" --arg v "$now"
		run_ct
		((status > 0 && status < 124)) || { echo "\"$key\" was taken" >&2; return 1; }
	done
	eq "$(</proc/sys/kernel/core_pattern)" "$now"
}

@test "SEC-2-2 host namespaces by omission and by path have no sysctls" {
	local type key before

	for type in network:net.ipv4.ip_forward ipc:kernel.shmmax uts:kernel.domainname; do
		key=${type#*:} type=${type%%:*}
		before=$(<"/proc/sys/${key//./\/}")
		config 'del(.hostname, .linux.sysctl)'
		without_namespace "$type"
		config '.linux.sysctl = {($k): $v}' --arg k "$key" --arg v "$before"
		refused "$key"
		add_namespace "$type" "/proc/self/ns/$(case $type in network) echo net ;; *) echo "$type" ;; esac)"
		refused
		eq "$(<"/proc/sys/${key//./\/}")" "$before"
		config 'del(.linux.sysctl)'
		add_namespace "$type"
	done
}
