#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# check, asked by an ordinary user: which mappings it would not get, and what forbids user namespaces.

load helpers
load callers
load helpers_caller

setup() {
	needs_subids
	test_begin
	args true
}

teardown() {
	unmount_over /usr/bin/newuidmap /usr/bin/newgidmap /etc/subuid /etc/subgid /etc/nsswitch.conf
	test_end
}

# All findings as "level where" lines; texts stay in report.json.
findings() {
	run_runtime check --format json "$BUNDLE"
	cp "$OUT" report.json
	eq "$(ls -A "$ROOT")" ""
	jq -r '.findings[] | "\(.level) \(.where)"' report.json
}

text_of() {	# WHERE
	jq -r --arg w "$1" '.findings[] | select(.where == $w).text' report.json
}

@test "mappings that are granted are nothing to speak of" {
	eq "$(findings)" ""
	own_id
	host_mount --bind /dev/null /usr/bin/newuidmap
	host_mount --bind /dev/null /usr/bin/newgidmap
	eq "$(findings)" ""
}

@test "mappings that are not granted: all of them, each in its place" {
	granted subuid "rtbuser:$RTB_SUBIDS:1000" "rtbuser:$((RTB_SUBIDS + 1000)):64535"
	config '.linux.uidMappings += [{containerID: 100000, hostID: 5, size: 2}, {containerID: 200000, hostID: 9, size: 1}]'
	eq "$(findings)" "error /linux/uidMappings/1
error /linux/uidMappings/2
error /linux/uidMappings/3"
	has "$(text_of /linux/uidMappings/1)" "/etc/subuid does not grant user rtbuser user id $((RTB_SUBIDS + 65535))"
	has "$(text_of /linux/uidMappings/2)" "user id 5 of the host's ids 5-6"
	eq "$(jq '.findings[0].line > 1' report.json)" true
	granted subgid "$RTB_USER:$((RTB_SUBIDS + 100000)):65536"
	granted subuid "rtbuser:$RTB_SUBIDS:65536" "rtbuser:5:2"
	eq "$(findings)" "error /linux/uidMappings/3"
	refused "user id 9"
	has "$error" /linux/uidMappings/3
}

@test "nobody grants anything, or the files are not there to ask" {
	granted subuid nobody:1000000:65536
	eq "$(findings)" "error /linux/uidMappings"
	has "$(text_of /linux/uidMappings)" "/etc/subuid has no line for user rtbuser ($RTB_USER)"
	printf 'passwd: files\nsubid: sss\n' >nsswitch.conf
	[[ -e /etc/nsswitch.conf ]] || skip "this host has no /etc/nsswitch.conf to be replaced"
	host_mount --bind nsswitch.conf /etc/nsswitch.conf
	eq "$(findings)" ""
	printf 'subid:\tfiles\n' >nsswitch.conf
	eq "$(findings)" "error /linux/uidMappings"
}

@test "helpers that are missing, or have no power" {
	host_mount --bind /dev/null /usr/bin/newuidmap
	cp /usr/bin/newgidmap newgidmap
	host_mount --bind newgidmap /usr/bin/newgidmap
	eq "$(findings)" "error /linux/uidMappings
error /linux/gidMappings"
	has "$(text_of /linux/uidMappings)" "newuidmap is not installed"
	has "$(text_of /linux/gidMappings)" "neither set-user-ID nor has file capabilities"
}

@test "no user namespace in the configuration: what to add, and what shows it" {
	config 'del(.linux.namespaces[] | select(.type == "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	eq "$(findings)" "error /linux/namespaces"
	has "$(text_of /linux/namespaces)" '{"type": "user"}'
	has "$(text_of /linux/namespaces)" "spec --rootless"
	refused '{"type": "user"}'
	has "$error" "spec --rootless"
}

@test "settings of the kernel that forbid it" {
	mkdir -p kernel user root
	mount --rbind / root && mount --make-rslave root
	mount --bind kernel root/proc/sys/kernel && mount --bind user root/proc/sys/user
	look() {	# FILE VALUE
		rm -f kernel/* user/*
		echo "$2" >"$1"
		chroot root "$RUNTIME" --root "$ROOT" check --format json "$BUNDLE" </dev/null >report.json 2>"$ERR" || :
		jq -r '.findings[] | "\(.level) \(.where)"' report.json
	}
	eq "$(look kernel/unprivileged_userns_clone 0)" "error /linux/namespaces"
	has "$(text_of /linux/namespaces)" "kernel.unprivileged_userns_clone is 0"
	eq "$(look kernel/apparmor_restrict_unprivileged_userns 1)" "warning /linux/namespaces"
	has "$(text_of /linux/namespaces)" "kernel.apparmor_restrict_unprivileged_userns is 1"
	eq "$(look user/max_user_namespaces 0)" "error /linux/namespaces"
	has "$(text_of /linux/namespaces)" "user.max_user_namespaces is 0"
	eq "$(look user/max_pid_namespaces 0)" "error /linux/namespaces"
	has "$(text_of /linux/namespaces)" "user.max_pid_namespaces is 0"
	eq "$(look user/max_user_namespaces 10)" ""
	umount -l root
}

@test "without side effects" {
	need_program strace
	RTB_TOKEN=$TOKEN ASAN_OPTIONS=detect_leaks=0 as_user strace -f -qq -o trace \
		-e trace='/mkdir|mount|mknod|unlink|rename|symlink|clone|fork|vfork|setns|unshare|ch(own|mod)|kill|execve|write' \
		"${RUNTIME%/*}/program/teu" --root "$ROOT" check "$BUNDLE" >out
	run ! grep -vE ' execve\(|write\(1, |fsmount\(' trace
}
