#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The five capability sets and noNewPrivileges.

load helpers

# CAP_CHOWN 0, CAP_KILL 5, CAP_SETUID 7, CAP_NET_BIND_SERVICE 10, CAP_AUDIT_WRITE 29

caps() {	# SET NAME...
	config '.process.capabilities[$s] = $ARGS.positional' --arg s "$1" --args -- "${@:2}"
}

no_caps() { config '.process.capabilities = {}'; }

@test "CAP-01 CAP-04 CAP-05 CAP-07 CAP-09 the sets of a root process" {
	run_probe caps
	value_is cap.bounding 20000420
	value_is cap.permitted 20000420
	value_is cap.effective 20000420
	value_is cap.inheritable 0
	value_is cap.ambient 0
	value_is keepcaps 0
	value_is securebits 0
}

@test "CAP-01 X-08 an absent object drops everything" {
	config 'del(.process.capabilities)'
	run_probe caps
	for set in bounding permitted effective inheritable ambient; do
		value_is cap.$set 0
	done
}

@test "CAP-09 an empty object drops everything" {
	no_caps
	run_probe caps
	value_is cap.bounding 0
	value_is cap.permitted 0
}

@test "CAP-06 the inheritable set is what the config says" {
	no_caps
	for set in bounding permitted effective inheritable; do
		caps $set CAP_KILL
	done
	run_probe caps
	value_is cap.inheritable 20
}

@test "CAP-08 ambient capabilities survive the change to another user" {
	config '.process.user = {uid: 1000, gid: 1000}'
	no_caps
	for set in bounding permitted effective inheritable ambient; do
		caps $set CAP_NET_BIND_SERVICE
	done
	run_probe caps
	value_is cap.ambient 400
	value_is cap.effective 400
	value_is cap.permitted 400
}

@test "CAP-04 another user without ambient capabilities has none after exec" {
	config '.process.user = {uid: 1000, gid: 1000}'
	run_probe caps
	value_is cap.effective 0
	value_is cap.permitted 0
	value_is cap.inheritable 0
	value_is cap.bounding 20000420
}

@test "CAP-08 an ambient capability that is not inheritable is a warning" {
	caps ambient CAP_KILL
	script '/bin/probe caps'
	warned CAP_KILL
	value_is cap.ambient 0
}

@test "CAP-02 X-35 RT-WARN-01 an unknown capability is a warning that names it" {
	for set in bounding permitted effective; do
		caps $set CAP_KILL CAP_FOO
	done
	args /bin/probe caps
	warned CAP_FOO
	value_is cap.effective 20
}

@test "CAP-03 a capability that the caller does not have is a warning" {
	need_root "have fewer capabilities in a user namespace of its own than all"
	for set in bounding permitted effective; do
		caps $set CAP_KILL CAP_SYS_BOOT
	done
	args /bin/probe caps
	RTB_TOKEN=$TOKEN setpriv --bounding-set -sys_boot "$RUNTIME" --root "$ROOT" --debug --log "$LOG" \
		--log-format json run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 3>&- 4>&-
	output=$(<"$OUT")
	value_is cap.effective 20
	value_is cap.bounding 20
	has "$(jq -r 'select(.level | startswith("warn")).msg' "$LOG")" CAP_SYS_BOOT
}

@test "CAP-01 every capability of this kernel is known by name" {
	need_root "have fewer capabilities in a user namespace of its own than all"
	local names
	names=$(sed -n 's/^#define \(CAP_[A-Z_]*\)[[:space:]]\{1,\}[0-9]\{1,\}$/\1/p' \
		/usr/include/linux/capability.h)
	[[ -n $names ]] || skip "no kernel headers"
	for set in bounding permitted effective; do
		caps $set $names
	done
	args /bin/probe caps
	ok --debug --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	local own
	own=$("$PROBE" caps | sed -n 's/cap.effective=//p')
	value_is cap.effective "$own"
}

@test "NNP-01 noNewPrivileges is set, or not" {
	run_probe caps
	value_is nnp 1
	config '.process.noNewPrivileges = false'
	run_probe caps
	value_is nnp 0
	config 'del(.process.noNewPrivileges)'
	run_probe caps
	value_is nnp 0
}

@test "NNP-01 a setuid program gains nothing with noNewPrivileges" {
	need_root "own a set-user-ID file of root"
	cp "$BUNDLE/rootfs/bin/probe" "$BUNDLE/rootfs/bin/suid"
	chmod 4755 "$BUNDLE/rootfs/bin/suid"
	config '.process.user = {uid: 1000, gid: 1000}'
	args /bin/suid ids
	run_ok
	value_is uid "1000 1000 1000 1000"
	config '.process.noNewPrivileges = false'
	run_ok
	value_is uid "1000 0 0 0"
}

@test "the program can be dumped and traced like any other" {
	run_probe caps
	value_is dumpable 1
}
