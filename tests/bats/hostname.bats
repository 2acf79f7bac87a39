#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hostname and domainname.

load helpers

@test "HOST-01 HOST-03 both names are seen inside and the host's stay" {
	local host domain
	host=$(uname -n) domain=$(</proc/sys/kernel/domainname)
	config '.hostname = "inside" | .domainname = "example.org"'
	run_probe uname
	value_is hostname inside
	value_is domainname example.org
	eq "$(uname -n)" "$host"
	eq "$(</proc/sys/kernel/domainname)" "$domain"
}

@test "HOST-01 without hostname the new namespace has the caller's" {
	config 'del(.hostname)'
	run_probe uname
	value_is hostname "$(uname -n)"
}

@test "HOST-02 HOST-04 X-12 without a UTS namespace both are refused" {
	local host
	host=$(uname -n)
	without_namespace uts
	config '.hostname = "inside"'
	refused hostname
	config 'del(.hostname) | .domainname = "example.org"'
	refused domainname
	eq "$(uname -n)" "$host"
}

@test "HOST-02 a joined UTS namespace that is the runtime's own is not renamed" {
	add_namespace uts /proc/self/ns/uts
	args true
	# The runtime's namespace is one made for this test, should the runtime fail it.
	RTB_TOKEN=$TOKEN unshare --uts sh -c 'hostname before; "$@"; echo $?; uname -n' sh \
		"$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	eq "$(tr '\n' ' ' <"$OUT")" "1 before "
}

@test "HOST-05 a joined UTS namespace gets the names" {
	need_root "join a namespace of the host"
	touch uts
	unshare --uts="$TEST_DIR/uts" true
	leak_before
	add_namespace uts "$TEST_DIR/uts"
	config '.hostname = "joined" | .domainname = "d"'
	run_probe uname
	value_is hostname joined
	eq "$(nsenter --uts="$TEST_DIR/uts" uname -n)" joined
}

@test "HOST-05 a name that is too long" {
	config '.hostname = "x" * 65'
	refused hostname
	config '.hostname = "x" * 64 | .domainname = "y" * 65'
	refused domainname
	config '.domainname = "y" * 64'
	run_probe uname
	value_is hostname "$(printf 'x%.0s' {1..64})"
}

@test "an empty name leaves the name alone" {
	config '.hostname = ""'
	run_probe uname
	value_is hostname "$(uname -n)"
}
