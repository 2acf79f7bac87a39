#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks of an image, or of a volume, on what the runtime does with paths. A directory of the host,
# the canary, lies where a link of the image would lead if it were followed as the host sees it.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
}

# Links that lead to NAME in the canary if they are followed from the host's root.
links_to() {	# NAME
	local up=../../../../../../../../../../../..

	printf '%s\n' "$CANARY/$1" "$up$CANARY/$1" "/proc/self/root$CANARY/$1" "/proc/1/root$CANARY/$1" \
		"/proc/self/cwd/$up$CANARY/$1" "/proc/thread-self/root/$up$CANARY/$1"
}

# Puts the link into the image, lets the function change the config, and tries.
through_links() {	# NAME-IN-CANARY FUNCTION
	local link

	cp "$BUNDLE/config.json" pristine.json
	while read -r link; do
		ln -sfn "$link" "$BUNDLE/rootfs/link"
		cp pristine.json "$BUNDLE/config.json"
		script 'cat /link/file /link 2>/dev/null; :'
		"$2"
		attempt || { echo "with /link -> $link" >&2; return 1; }
		rm -rf "$BUNDLE/rootfs${TEST_DIR:?}"
	done < <(links_to "$1" | sample)
	cp pristine.json "$BUNDLE/config.json"
}

directory_bind() { mkdir -p src && bind "$TEST_DIR/src" "/link$SUB"; }
file_bind() { touch src.file && bind "$TEST_DIR/src.file" "/link$SUB"; }
tmpfs_mount() { add_mount "/link$SUB" tmpfs tmpfs; }
device_node() {
	writable_root
	config '.linux.devices = [{path: $p, type: "c", major: 1, minor: 3}]' --arg p "/link$SUB"
}
working_directory() { writable_root; config '.process.cwd = $p' --arg p "/link$SUB"; }
copied_up() { add_mount "/link$SUB" tmpfs tmpfs tmpcopyup; }
made_link() { ln -sfn somewhere src.link && bind "$TEST_DIR/src.link" "/link$SUB" copy-symlink; }

everything() {	# NAME-IN-CANARY
	local how

	for how in directory_bind file_bind tmpfs_mount device_node working_directory copied_up; do
		through_links "$1" "$how" || { echo "by $how, /link$SUB" >&2; return 1; }
	done
	[[ $RUNTIME_NAME != teu ]] || through_links "$1" made_link
}

@test "SEC-1-1 SEC-1-3 links to a directory of the host in the last place" {
	SUB='' everything dir
}

@test "SEC-1-3 dangling links into a directory of the host" {
	SUB='' everything new
}

@test "SEC-1-3 links on the way" {
	SUB=/made/here everything ""
}

@test "SEC-1-3 links to a file of the host" {
	SUB='' everything file
}

@test "SEC-1-7 masked and read-only paths over links" {
	masked() { config '.linux.maskedPaths = ["/link"]'; }
	readonly_too() { config '.linux.readonlyPaths = ["/link"]'; }
	through_links file masked
	through_links dir masked
	through_links "" readonly_too
	# The host's file system stays writable.
	touch "$TEST_DIR/canary/file"
}

@test "SEC-1-1 loops, too many links and long names end in an error" {
	local n

	ln -s loop "$BUNDLE/rootfs/loop"
	add_mount /loop tmpfs tmpfs
	refused
	config '.mounts[-1].destination = "/l41"'
	for ((n = 41; n > 0; n--)); do ln -s l$((n - 1)) "$BUNDLE/rootfs/l$n"; done
	mkdir "$BUNDLE/rootfs/l0"
	refused
	config '.mounts[-1].destination = $d' --arg d "/$(printf '%04096d' 0)"
	refused
	canary_same
}

@test "SEC-1-4 /proc as a link whose place a volume covers later" {
	mkdir "$TEST_DIR/volume" && mkdir -p "$TEST_DIR/volume/sys/kernel" "$TEST_DIR/volume/self/attr"
	touch "$TEST_DIR"/volume/sys/kernel/domainname "$TEST_DIR"/volume/self/attr/exec
	rmdir "$BUNDLE/rootfs/proc" && mkdir "$BUNDLE/rootfs/x" && ln -s x "$BUNDLE/rootfs/proc"
	config '.linux.sysctl = {"kernel.domainname": "canary-value"}'
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	bind "$TEST_DIR/volume" /x
	script 'uname -a; busybox dnsdomainname; probe uname'
	run_ct
	((status)) || value_is domainname canary-value
	eq "$(find volume -type f -size +0)" ""
	canary_same
}

@test "SEC-1-5 nothing is mounted inside of procfs, whatever it is called" {
	local target

	mkdir -p src && touch src.file
	ln -s proc "$BUNDLE/rootfs/innocent"
	ln -s /proc/self/attr "$BUNDLE/rootfs/deep"
	for target in /proc/self /proc/self/attr /proc/1/attr /proc/sys /proc/sys/kernel /proc/fs /innocent/sys \
		/innocent/../proc/self /deep /proc//self/./attr /tmp/../proc/sys; do
		bind "$TEST_DIR/src" "$target"
		refused
		config 'del(.mounts[-1])'
		add_mount "$target" tmpfs tmpfs
		refused
		config 'del(.mounts[-1])'
	done
	for target in /proc/self/status /proc/self/attr/exec /proc/sysrq-trigger /proc/self/sched \
		/innocent/self/attr/current /proc/sys/kernel/core_pattern /proc/self/environ; do
		bind "$TEST_DIR/src.file" "$target"
		refused
		config 'del(.mounts[-1])'
	done
}

@test "SEC-1-5 only procfs goes over the root of procfs" {
	mkdir -p src/self lower upper work
	ln -s proc "$BUNDLE/rootfs/innocent"
	bind "$TEST_DIR/src" /proc
	refused
	config '.mounts[-1].destination = "/innocent"'
	refused
	config 'del(.mounts[-1])'
	add_mount /proc tmpfs proc
	refused
	config 'del(.mounts[-1])'
	add_mount /proc overlay proc "lowerdir=$TEST_DIR/lower,upperdir=$TEST_DIR/upper,workdir=$TEST_DIR/work"
	refused
}

@test "SEC-1-5 files that only inform may be covered" {
	local file

	echo fake >src.file
	for file in cpuinfo meminfo loadavg stat uptime swaps diskstats; do
		bind "$TEST_DIR/src.file" "/proc/$file"
	done
	run_script 'cat /proc/cpuinfo /proc/meminfo /proc/loadavg /proc/stat /proc/uptime /proc/swaps'
	eq "$(sort -u <<<"$output")" fake
}

@test "SEC-1-6 /dev is a link out of the image and the config has no /dev" {
	local link extra

	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	writable_root
	for extra in '.' '.linux.devices = [{path: "/dev/extra", type: "c", major: 1, minor: 7}]'; do
		config "$extra"
		while read -r link; do
			rm -rf "${BUNDLE:?}/rootfs/dev" "$BUNDLE/rootfs${TEST_DIR:?}"
			ln -s "$link" "$BUNDLE/rootfs/dev"
			script 'cat /dev/file; :'
			attempt
		done < <(links_to "" | sed 's|/$||')
	done
}

@test "SEC-1-6 other spellings of /dev in the config" {
	local spelling

	cp "$BUNDLE/config.json" pristine.json
	for spelling in /dev/ //dev /./dev /tmp/../dev; do
		cp pristine.json "$BUNDLE/config.json"
		config '(.mounts[] | select(.destination == "/dev")).destination = $d' --arg d "$spelling"
		run_script 'echo x >/dev/null; head -c 2 /dev/zero | wc -c; ls -l /dev/ptmx'
		has "$output" 2
		has "$output" pts/ptmx
	done
}

@test "SEC-1-8 what is mounted on a shared directory of the host stays inside" {
	mkdir shared
	mount -t tmpfs "$TOKEN" shared && mount --make-rshared shared
	mkdir shared/below
	all_caps
	bind "$TEST_DIR/shared" /mnt
	script 'mount -t tmpfs inner /mnt/below && grep -c inner /proc/self/mountinfo'
	run_ok
	eq "$output" 1
	eq "$(grep -c " $TEST_DIR/shared/below " /proc/self/mountinfo)" 0
	umount shared
}

@test "SEC-1-8 a read-only bind cannot be written, even with all that was below" {
	mkdir -p src/below && touch src/file
	bind "$TEST_DIR/src" /mnt ro
	bind "$TEST_DIR/src" /opt rro
	try write /mnt/file , create /mnt/new , create /mnt/below/new , create /opt/below/new
	eq "$output" "EROFS EROFS EROFS EROFS"
}

@test "SEC-1-9 SEC-3-1 the way out of a chroot leads to the container's root" {
	local form

	all_caps
	writable_root
	for form in "" --no-pivot; do
		args /bin/probe attack leave-root "$CANARY/file"
		run_ok $form
		eq "$output" inside
		script "cat /proc/1/root$CANARY/file /proc/self/root$CANARY/file ../../../../..$CANARY/file"
		run_ct $form
		lacks "$output" secret
	done
	canary_same
}

@test "SEC-1-9 no line of the host in the container's mount table" {
	run_probe mounts
	# Everything is the root, below /proc, /sys or /dev.
	eq "$(awk '$1 == "mount" && $2 !~ "^/(proc|sys|dev)(/|$)" && $2 != "/" { print $2 }' <<<"$output")" ""
	eq "$(awk '$1 == "mount" && $2 == "/"' <<<"$output" | wc -l)" 1
}

@test "SEC-1-10 tmpcopyup takes links as links and opens no FIFO, socket or device" {
	need_nodes
	local dir=$BUNDLE/rootfs/seed

	mkdir "$dir"
	ln -s "$CANARY/file" "$dir/absolute"
	ln -s ../../../../../../../../..$CANARY/file "$dir/relative"
	ln -s /proc/1/root "$dir/magic"
	mkfifo "$dir/fifo"
	mknod "$dir/full" c 1 7
	mknod "$dir/zero" c 1 5
	echo content >"$dir/plain"
	add_mount /seed tmpfs tmpfs tmpcopyup
	script 'cd /seed; cat plain; stat -c "%n %F" fifo full absolute relative 2>&1; readlink absolute; cat relative'
	STDIN=/dev/null run_ct
	lacks "$output" secret
	((status < 124))
	canary_same
}

@test "SEC-1-10 what a container made is taken away, nothing else" {
	mkdir -p src && echo mine >src/file
	bind "$TEST_DIR/src" /mnt
	writable_root
	script 'ln -s /mnt /gone; exec sleep 1000'
	run_ok --detach
	kill_ct
	eventually eval '[[ $(state status) == stopped ]]'
	delete
	file_is src/file mine
	canary_same
}

@test "SEC-11-2 a destination that is the root itself is refused or covers nothing of the host" {
	local destination

	for destination in / /. // /tmp/.. ""; do
		mkdir -p src
		bind "$TEST_DIR/src" "$destination"
		run_ct
		leak_check
		config 'del(.mounts[-1])'
	done
	canary_same
}

@test "SEC-11-2 exchanging the bundle changes nothing for a container that runs" {
	script 'exec sleep 1000'
	create
	mv "$BUNDLE" elsewhere
	mkdir "$BUNDLE"
	ln -s "$CANARY" "$BUNDLE/rootfs"
	start
	eq "$(state status)" running
	kill_ct
	delete --force
	rm -rf "$BUNDLE" && mv elsewhere "$BUNDLE"
	canary_same
}
