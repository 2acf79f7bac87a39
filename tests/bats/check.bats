#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# check: what is wrong with a bundle, all of it, without making anything.

load helpers

setup() {
	test_begin
	args true
}

# The findings as "level where" lines; texts stay in report.json.
check() {	# [ARG...]
	run_runtime check --format json "$@" "$BUNDLE"
	cp "$OUT" report.json
	findings=$(jq -r '.findings[] | "\(.level) \(.where)"' report.json)
}

text_of() {	# WHERE
	jq -r --arg w "$1" '.findings[] | select(.where == $w).text' report.json
}

# One finding, the one that is named; create says the same where it refuses, too.
one() {	# LEVEL WHERE TEXT
	check
	eq "$findings" "$1 $2"
	has "$(text_of "$2")" "$3"
	eq "$status" "$([[ $1 == error ]] && echo 1 || echo 0)"
	eq "$(jq .complete report.json)" true
}

as_create() {	# WHERE TEXT
	one error "$1" "$2"
	refused "$2"
}

@test "nothing is wrong with the suite's own bundle, and nothing is made" {
	check
	eq "$status" 0
	eq "$error" ""
	eq "$(jq -c '[.errors, .warnings, .complete, .findings]' report.json)" "[0,0,true,[]]"
	eq "$(jq -r .bundle report.json)" "$BUNDLE"
	ok check "$BUNDLE"
	eq "$output" "0 errors, 0 warnings"
	cd "$BUNDLE"
	ok check
	ok check --bundle .
	fails check --bundle . .
	eq "$(ls -A "$ROOT")" ""
}

@test "no system call that changes anything" {
	need_program strace
	config '.hooks.createRuntime = [{path: "/bin/true"}]'
	bind "$TEST_DIR" /opt/data ro
	# a sanitizer makes the directory of its report
	caller env -u UBSAN_OPTIONS ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -e trace='/mkdir|mount|mknod|unlink|rename|symlink|clone|fork|vfork|setns|unshare|ch(own|mod)|kill|execve|open_tree|write' \
		"$(program_of)" --root "$ROOT" check "$BUNDLE" >out
	# itself, its report, and the private view of procfs that it reads from
	run ! grep -vE ' execve\(|write\(1, |fsmount\(|open_tree\(AT_FDCWD, "/proc", OPEN_TREE_CLONE' trace
}

@test "all findings, with their places in the file" {
	config '.procces = {} | .process.cwd = "rel" | .process.env += ["FOO"]
		| .mounts = [{destination: ""}] + .mounts
			+ [{destination: "/a", type: "bind", source: "/nonexistent", options: ["bind", "nosuch"]}]
			+ [{destination: "/b", type: "bind", source: "/nonexistent2", options: ["bind"]}]
		| .process.rlimits = [{type: "RLIMIT_X", soft: 1, hard: 1}] + .process.rlimits
			+ [{type: "RLIMIT_CORE", soft: 2, hard: 1}]
		| .hooks = {createRuntime: [{path: "rel"}, {path: "/nohook"}]}
		| .linux.namespaces += [{type: "cgroup", path: "relative"}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_NO", syscalls: [{names: ["acct"], action: "X"}]}
		| .linux.sysctl = {"kernel.panic": "1"} | .process.args = ["nope"]'
	check
	eq "$status" 1
	eq "$(sort <<<"$findings")" "$(sort <<-END
		error /hooks/createRuntime/0
		error /hooks/createRuntime/1
		error /linux/namespaces/$(jq '.linux.namespaces | length - 1' "$BUNDLE/config.json")
		error /linux/seccomp/defaultAction
		error /linux/seccomp/syscalls/0/action
		error /linux/sysctl
		error /mounts/0/destination
		error /mounts/8/options/1
		error /mounts/8/source
		error /mounts/9/source
		error /process/args/0
		error /process/cwd
		error /process/env/3
		error /process/rlimits/0
		error /process/rlimits/2
		warning /procces
	END
	)"
	eq "$(jq -c '[.errors, .warnings, .complete]' report.json)" "[15,1,true]"
	# every place is where it says
	while read -r line where; do
		has "$(sed -n "${line}p" "$BUNDLE/config.json")" "$where"
	done <<-END
		$(jq '.findings[] | select(.where == "/mounts/9/source").line' report.json) /nonexistent2
		$(jq '.findings[] | select(.where == "/process/cwd").line' report.json) "rel"
		$(jq '.findings[] | select(.where == "/procces").line' report.json) procces
	END
	has "$error" "15 findings"
	run_runtime check "$BUNDLE"
	eq "$(tail -n 1 "$OUT")" "15 errors, 1 warning"
	grep -Eq '^error: config.json:[0-9]+:[0-9]+ /process/cwd: Cwd must be an absolute path' "$OUT"
	grep -Eq '^warning: config.json:[0-9]+:[0-9]+ /procces: unknown key, did you mean "process"' "$OUT"
}

@test "a misspelt key is a warning, an error with --strict" {
	config '.linux.maskedPath = []'
	one warning /linux/maskedPath 'did you mean "maskedPaths"'
	eq "$error" ""
	check --strict
	eq "$status" 1
}

@test "required members that are missing do not hide the rest" {
	need_root "do without a user namespace"
	config_text <<<'{"ociVersion": "1.3.0", "process": {"args": ["sh"], "cwd": ""}, "root": {}}'
	check
	eq "$(sort <<<"$findings")" "$(printf 'error /process/cwd\nerror /root/path')"
	config_text <<<'{}'
	check
	eq "$(sort <<<"$findings")" "$(printf 'error /ociVersion\nerror /root')"
	config_text <<<'{"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "process": {"args": [], "cwd": "/"}}'
	check
	eq "$findings" "error /process/args"
}

@test "a document that is no JSON, no file, no bundle" {
	config_text <<<'{"ociVersion": "1.0.0",'
	check
	eq "$(jq -c '[.errors, .complete]' report.json)" "[1,false]"
	has "$(jq -r .findings[0].text report.json)" "not valid JSON"
	run_runtime check "$BUNDLE"
	has "$output" "could not be looked at"
	rm "$BUNDLE/config.json"
	check
	has "$(jq -r .findings[0].text report.json)" "config.json not found"
	fails check "$TEST_DIR/nowhere"
	fails check --format xml "$BUNDLE"
}

@test "--config" {
	config '.root.path = "none"'
	mv "$BUNDLE/config.json" "$TEST_DIR/other.json"
	run_runtime check --config "$TEST_DIR/other.json" "$BUNDLE"
	eq "$status" 1
	has "$output" "error: other.json:"
	has "$output" "/root/path: root directory"
}

@test "the root directory and mount sources that are missing" {
	bind "$TEST_DIR/none" /mnt
	as_create "/mounts/7/source" 'no such file or directory'
	config '.mounts = .mounts[:7] | .root.path = "nothing"'
	as_create /root/path 'no such file or directory'
	touch "$BUNDLE/file"
	config '.root.path = "file"'
	as_create /root/path 'not a directory'
}

@test "a directory over a file, and the other way round" {
	mkdir data
	bind "$TEST_DIR/data" /etc/passwd
	as_create /mounts/7 'the source is a directory'
	config '.mounts = .mounts[:7]'
	touch data/file
	bind "$TEST_DIR/data/file" /tmp
	as_create /mounts/7 'the source is a file'
	# what an earlier mount brings counts
	config '.mounts = .mounts[:7]'
	bind "$TEST_DIR/data" /opt
	bind "$TEST_DIR/data/file" /opt/file
	check
	eq "$findings" ""
}

@test "the program: not found, not executable, not a file, found in PATH and through links" {
	args nope
	as_create /process/args/0 'exec: "nope": executable file not found in $PATH'
	args /etc/passwd
	as_create /process/args/0 'permission denied'
	args /etc
	as_create /process/args/0 'permission denied'
	args /none/prog
	as_create /process/args/0 'stat /none/prog: no such file or directory'
	mkdir -p "$BUNDLE/rootfs/opt/bin"
	ln -s /bin/true "$BUNDLE/rootfs/opt/bin/prog"
	ln -s ../../../../../../bin "$BUNDLE/rootfs/opt/up"
	args /opt/up/true
	check
	eq "$findings" ""
	args prog
	config '.process.env = ["PATH=/nowhere:/opt/bin"]'
	check
	eq "$findings" ""
	config '.process.env = ["PATH=bin"] | .process.cwd = "/opt"'
	check
	eq "$findings" ""
	# the host has it, the container does not
	args "$(type -P bash)"
	as_create /process/args/0 'no such file or directory'
}

@test "the program comes with a mount, is hidden by one, or lies where nobody can look" {
	mkdir -p tools
	cp "$BUNDLE/rootfs/bin/busybox" tools/busybox
	bind "$TEST_DIR/tools" /usr/bin
	args /usr/bin/busybox true
	check
	eq "$findings" ""
	run_ok
	bind "$TEST_DIR/tools" /bin
	args /bin/true
	as_create /process/args/0 'no such file or directory'
	config '.mounts = .mounts[:7]'
	bind "$TEST_DIR/tools" /usr/bin noexec
	args /usr/bin/busybox true
	as_create /process/args/0 'permission denied'
	config '.mounts = .mounts[:7]'
	add_mount /bin tmpfs tmpfs
	args /bin/true
	check
	eq "$findings" ""
}

@test "scripts: missing interpreter, Windows line ends, none at all" {
	make_script() { printf "$1" >"$BUNDLE/rootfs/script" && chmod 755 "$BUNDLE/rootfs/script"; }
	args /script
	make_script '#!/bin/sh\ntrue\n'
	check
	eq "$findings" ""
	make_script '#!/usr/bin/python9\n'
	one error /process/args/0 'its interpreter "/usr/bin/python9": no such file or directory'
	make_script '#!/bin/sh\r\ntrue\n'
	one error /process/args/0 'carriage return'
	make_script '#!\n'
	one error /process/args/0 'no interpreter'
	# an interpreter that is a script, whose interpreter is missing
	printf '#!/bin/none\n' >"$BUNDLE/rootfs/inner"
	chmod 755 "$BUNDLE/rootfs/inner"
	make_script '#!/inner\n'
	one error /process/args/0 'its interpreter "/bin/none"'
	make_script '#!/script\n'
	check	# one that runs itself ends somewhere
	[[ ! -e /proc/sys/fs/binfmt_misc/status ]] || skip "other formats may be registered here"
	make_script 'true\n'
	one error /process/args/0 'neither a program for this machine nor a script'
}

@test "ELF: a loader that is missing, another machine" {
	local target=$BUNDLE/rootfs/prog host

	args /prog
	host=$(type -P cat)
	cp "$host" "$target"
	one error /process/args/0 'its loader "/lib'
	run_ct
	((status != 0))
	cp "$BUNDLE/rootfs/bin/busybox" prog.new
	printf '\x2b\x00' | dd of=prog.new bs=1 seek=18 conv=notrunc status=none
	cp prog.new "$target.new"
	chmod 755 "$target.new"
	mv "$target.new" "$target"
	check
	eq "$(wc -l <<<"$findings")" 1
	has "$(text_of /process/args/0)" "a program for sparc, not for "
}

@test "a mode that keeps the user out is a warning" {
	rm "$BUNDLE/rootfs/bin/true"
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/true"
	chmod 700 "$BUNDLE/rootfs/bin/true"
	args /bin/true
	config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	one warning /process/args/0 "does not let user 1000"
	chmod 755 "$BUNDLE/rootfs/bin/true"
	check
	eq "$findings" ""
}

@test "the working directory" {
	config '.process.cwd = "/etc/passwd"'
	one error /process/cwd 'not a directory'
	config '.process.cwd = "/new/dir"'
	check
	eq "$findings" ""
}

@test "hooks: of the host, and of the container" {
	config '.hooks = {createRuntime: [{path: "/bin/sh"}], startContainer: [{path: "/bin/busybox"}]}'
	check
	eq "$findings" ""
	config '.hooks = {poststop: [{path: "/none"}], startContainer: [{path: $p}]}' \
		--arg p "$(type -P jq)"
	check
	eq "$findings" "$(printf 'error /hooks/startContainer/0\nerror /hooks/poststop/0')"
	touch plain
	config '.hooks = {prestart: [{path: $p}]}' --arg p "$TEST_DIR/plain"
	one error /hooks/prestart/0 'permission denied'
}

@test "namespaces that cannot be joined" {
	add_namespace network /proc/self/ns/uts
	as_create "/linux/namespaces/$(jq '.linux.namespaces | length - 1' "$BUNDLE/config.json")" 'no network namespace'
	add_namespace network "$TEST_DIR/none"
	add_namespace uts "$TEST_DIR/none2"
	check
	eq "$(grep -c "error /linux/namespaces/" <<<"$findings")" 2
	lacks "$findings" hostname
}

@test "controllers and limits that this host does not have: all of them" {
	need_cgroup
	config '.linux.resources |= . + {rdma: {mlx5_1: {hcaHandles: 3}},
		memory: {limit: 1000000000}, unified: {"memory.high": "1"}}'
	check
	if [[ -z $(hierarchy rdma) && -z $(hierarchy cgroup2) ]]; then
		has "$findings" "error /linux/resources/rdma"
	fi
	# a busy cgroup, as for create
	config 'del(.linux.resources.rdma, .linux.resources.unified)'
	create
	config '.linux.cgroupsPath = $p' --arg p "$(cgroup_path_of "$(pid_of)" pids)"
	run_runtime check "$BUNDLE"
	has "$output" "holds processes already"
}

@test "hard limits that may not be raised" {
	can 24 && skip "with CAP_SYS_RESOURCE they may"
	config '.process.rlimits += [{type: "RLIMIT_NPROC", soft: 1, hard: 4000000000}]'
	one error /process/rlimits/1 'may not be raised to 4000000000'
	fails create --bundle "$BUNDLE" "$ID"
}

@test "file systems and their options" {
	add_mount /mnt nosuchfs none
	one warning /mounts/7/type 'does not have the file system "nosuchfs"'
	config '.mounts = .mounts[:7]'
	add_mount /mnt tmpfs tmpfs sise=3k
	one warning /mounts/7/options/0 'did you mean "size"'
}

@test "seccomp: names that nobody knows; sysctls that are not there; network devices" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["nosuchcall"], action: "SCMP_ACT_ERRNO"}]}'
	one warning /linux/seccomp/syscalls/0/names/0 '"nosuchcall"'
	config 'del(.linux.seccomp) | .linux.sysctl = {"net.ipv4.nosuch": "1"}'
	one warning /linux/sysctl 'net/ipv4/nosuch'
	config 'del(.linux.sysctl) | .linux.netDevices = {rtb_nosuch: {}}'
	check
	has "$findings" "error /linux/netDevices"
}

@test "the options that decide about cgroups count" {
	config '.linux.resources.memory = {limit: 100000000}'
	run_runtime --cgroup-manager disabled check "$BUNDLE"
	has "$output" /linux/resources
	run_runtime check "$BUNDLE"
	eq "$output" "0 errors, 0 warnings"
}
