#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How config.json is read: JSON, types, ranges, unknown and wrong members, the version.

load helpers

refused_text() {	# TEXT-OF-CONFIG [ERROR-TEXT]
	printf '%s' "$1" >"$BUNDLE/config.json"
	refused "${2:-}" || { printf 'config: %.100s\n' "$1" >&2; return 1; }
}

@test "GEN-01 GEN-02 UTF-8 arrives, other bytes are refused" {
	config '.process.env += ["U=ä€😀"] | .process.args = ["sh", "-c", "echo $U"]'
	run_ok
	eq "$output" ä€😀
	local bytes
	for bytes in '\xff' '\xc3' '\xc0\x80' '\xed\xa0\x80' '\xf5\x80\x80\x80'; do
		config '.hostname = "@bytes@"'
		printf '%s' "$(cat "$BUNDLE/config.json")" | sed "s/@bytes@/a${bytes}b/" >raw.json
		cp raw.json "$BUNDLE/config.json"
		refused || { echo "bytes $bytes" >&2; return 1; }
		config_reset
	done
}

config_reset() {
	rm -rf "$BUNDLE"
	bundle_make "$BUNDLE"
}

@test "GEN-02 a lone surrogate escape is refused" {
	config '.hostname = "@x@"'
	sed -i 's/@x@/\\ud800/' "$BUNDLE/config.json"
	refused
}

@test "GEN-03 X-01 the same key twice is refused and named" {
	sed -i 's|"cwd": "/",|"cwd": "/", "cwd": "/tmp",|' "$BUNDLE/config.json"
	refused cwd
	config_reset
	sed -i 's|"terminal": false,|"terminal": false, "args": ["true"],|' "$BUNDLE/config.json"
	refused args
}

@test "GEN-03 the same key twice in a map" {
	config '.annotations = {"a": "1", "b": "2"}'
	sed -i 's|"b": "2"|"a": "2"|' "$BUNDLE/config.json"
	refused
}

@test "GEN-04 the order of keys has no meaning" {
	config 'def turn: if type == "object" then to_entries | reverse | map({key, value: (.value | turn)})
		| from_entries elif type == "array" then map(turn) else . end; turn'
	args echo works
	run_ok
	eq "$output" works
}

@test "JSON that is none" {
	local text
	for text in '' ' ' '{' '[' '{}}' '{"a":}' '{"a" 1}' "{'a': 1}" '{"a": 01}' '{"a": 1,}' 'nonsense' \
		'{"a": "x' '{"a": tru}' '{} {}' '{"a": "\x"}' '{"a": 1e}' '// comment' '{"a": NaN}'; do
		refused_text "$text"
	done
}

@test "a document that is no object" {
	local text
	for text in '[]' 'null' '5' '"x"' 'true'; do
		refused_text "$text"
	done
}

@test "text behind the document is refused" {
	echo garbage >>"$BUNDLE/config.json"
	refused
}

@test "an error has line, column and place" {
	config '.process.user.uid = "root"'
	refused /process/user/uid
	matches "$error" '[0-9]+:[0-9]+|line [0-9]+'
}

@test "VER-01 VER-02 X-02 ociVersion" {
	local version
	for version in 1.0.0 1.0.2 1.0.2-dev 1.2.0+x 1.3.0 1.3.0-rc.1 1.99.0; do
		config '.ociVersion = $v | .process.args = ["true"]' --arg v "$version"
		run_ok
	done
	for version in '""' '"1"' '"1.0"' 1 '"0.9.0"' '"2.0.0"' '"01.0.0"' '"1.0.0 "' '"v1.0.0"' null '"1.0.x"'; do
		config ".ociVersion = $version"
		refused ociVersion || { echo "version $version" >&2; return 1; }
	done
	config 'del(.ociVersion)'
	refused ociVersion
}

@test "X-02 a version later than ours is noted at level debug" {
	config '.process.args = ["true"]'
	run_ok_logged
	lacks "$(cat "$LOG")" "this runtime knows"
	config '.ociVersion = "1.99.0"'
	rm "$LOG"
	run_ok_logged
	eq "$(jq -r 'select(.msg | contains("this runtime knows")).level' "$LOG")" debug
}

@test "SCH-15 VAL-01 a wrong type for each kind of member" {
	local expr
	cp "$BUNDLE/config.json" good.json
	for expr in '.process = []' '.process.args = "sh"' '.process.args = [1]' '.process.terminal = "no"' \
		'.process.terminal = 0' '.process.user.uid = 1.5' '.process.user = "root"' '.root = "rootfs"' \
		'.root.readonly = "true"' '.mounts = {}' '.mounts = ["x"]' '.mounts[0].options = "ro"' \
		'.hostname = 5' '.linux = []' '.linux.namespaces = {}' '.linux.resources.pids.limit = "5"' \
		'.annotations = []' '.hooks = []' '.hooks.prestart = {}' '.linux.sysctl = []' \
		'.linux.resources.memory = 5' '.process.capabilities = ["CAP_KILL"]' '.linux.devices = "x"' \
		'.linux.maskedPaths = "x"' '.process.oomScoreAdj = true' '.process.noNewPrivileges = 1'; do
		cp good.json "$BUNDLE/config.json"
		config "$expr"
		refused || { echo "with $expr" >&2; return 1; }
	done
}

@test "SCH-15 null where a member is optional means absent" {
	config '.hooks = null | .annotations = null | .hostname = null | .linux.devices = null
		| .linux.sysctl = null | .process.rlimits = null | .linux.seccomp = null | .linux.resources.memory = null'
	args echo works
	run_ok
	eq "$output" works
}

@test "SCH-15 null where a number is required is refused" {
	config '.process.rlimits[0].soft = null'
	refused soft
	config_reset
	config '.process.user.uid = null'
	refused uid
}

@test "SCH-01 a minimal config" {
	need_root "do without a user namespace"
	config '{ociVersion, root, process: {cwd: "/", args: ["/bin/true"]}}'
	run_ok
}

@test "SCH-02 SCH-05 numbers with exponent, fraction and sign" {
	local text
	for text in 1.0 1e3 1.5 -1 -0 1E400 0x10 1_000; do
		config '.process.rlimits = [{type: "RLIMIT_CORE", soft: "@n@", hard: 0}] | .process.args = ["true"]'
		number n "$text"
		run_ct
		((status < 124))
		case $text in
		-0) ;;
		*) ne "$status" 0 "number $text" ;;
		esac
		config_reset
	done
}

@test "SCH-06 SCH-07 the bad examples of the specification are refused" {
	local name
	for name in invalid-json linux-hugepage linux-netdevice linux-rdma; do
		cp "$SUITES/../data/schema/test/config/bad/$name.json" "$BUNDLE/config.json"
		refused || { echo "with $name" >&2; return 1; }
	done
}

@test "EXT-01 unknown members everywhere are ignored" {
	config '(.. | objects) |= . + {"x-unknown": {"deep": [1, null, "x"]}}
		| .annotations = {"a": "b"} | del(.linux.sysctl)'
	args echo works
	run_ok
	eq "$output" works
	eq "$error" ""
}

@test "EXT-01 a key one letter off is warned about" {
	config '.process.enviroment = [] | .procss = {} | .linux.maskedPath = []'
	args true
	run_ok
	eq "$error" ""
	warned procss
	warned maskedPath
}

@test "PLAT-02 PLAT-03 members for other platforms have no effect" {
	config '.solaris = {milestone: "x"} | .windows = {layerFolders: 5} | .zos = {} | .freebsd = {}
		| .vm = {hypervisor: {path: 7}, kernel: {}}'
	args echo works
	run_ok
	eq "$output" works
}

@test "\\u0000 in a string is refused everywhere" {
	local expr
	cp "$BUNDLE/config.json" good.json
	for expr in '.hostname = "a\u0000b"' '.root.path = "rootfs\u0000x"' '.mounts[0].destination = "/proc\u0000x"' \
		'.mounts[0].options = ["ro\u0000x"]' '.process.cwd = "/\u0000x"' '.annotations = {"a": "b\u0000c"}' \
		'.linux.cgroupsPath = "/x\u0000y"' '.process.env += ["A=b\u0000c"]' '.annotations = {"a\u0000b": "c"}'; do
		cp good.json "$BUNDLE/config.json"
		config "$expr"
		refused || { echo "with $expr" >&2; return 1; }
	done
}

@test "deep nesting inside an unknown member" {
	config '.unknown = "@deep@"'
	sed -i "s/\"@deep@\"/$(printf '[%.0s' {1..50})$(printf ']%.0s' {1..50})/" "$BUNDLE/config.json"
	args true
	run_ok
	config '.unknown = "@deep@"'
	python3 - "$BUNDLE/config.json" <<-'END'
		import sys
		text = open(sys.argv[1]).read()
		open(sys.argv[1], "w").write(text.replace('"@deep@"', "[" * 200000 + "]" * 200000))
	END
	run_ct
	((status < 124))
	ne "$status" 0
	leak_check
}

@test "a byte order mark is no part of JSON" {
	{ printf '\xef\xbb\xbf'; cat "$BUNDLE/config.json"; } >with.json
	cp with.json "$BUNDLE/config.json"
	refused
}
