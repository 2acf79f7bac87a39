#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# list: table, JSON and ids.

load helpers

@test "nothing to list" {
	ok list
	matches "$output" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$'
	ok list -q
	eq "$output" ""
	ok list --format json
	eq "$output" "[]"
}

@test "RT-CREATE-03 the table" {
	args sleep 1000
	create
	ok list
	eq "$(wc -l <"$OUT")" 2
	read -r id pid status bundle created owner <<<"$(tail -n1 "$OUT")"
	eq "$id $pid $status $bundle $owner" "$ID $(pid_of) created $BUNDLE $(id -nu "${RTB_USER:-0}")"
	matches "$created" '^20.*Z$'
	start
	ok list
	has "$output" running
}

@test "columns are as wide as their longest cell" {
	create
	ok list
	local head row
	head=$(head -n1 "$OUT") row=$(tail -n1 "$OUT")
	eq "${row:0:${#ID}+3}" "$ID   "
	eq "${head:${#ID}+3:3}" PID
	eq "${head:${#ID}+15:6}" STATUS
}

@test "JSON: one line, the members of state" {
	config '.annotations = {"k": "v"}'
	create
	ok list --format json
	eq "$(wc -l <"$OUT")" 1
	eq "$(jq -r '.[0] | keys_unsorted | join(" ")' "$OUT")" \
		"ociVersion id pid status bundle rootfs created annotations owner"
	eq "$(jq -r '.[0].id' "$OUT")" "$ID"
	eq "$(jq -Sc '.[0]' "$OUT")" "$(runtime state "$ID" </dev/null | jq -Sc .)"
	ok list -f=json
	eq "$(jq length "$OUT")" 1
}

@test "ids sorted, one a line" {
	local n
	for n in c a b; do
		ok create --bundle "$BUNDLE" "$ID-$n"
	done
	ok list -q
	eq "$output" "$ID-a
$ID-b
$ID-c"
	ok list --quiet --format json
	eq "$(wc -l <"$OUT")" 3
}

@test "an unknown format" {
	fails list --format xml
	has "$error" "invalid format option"
	eq "$status" 1
}

@test "a broken entry is told on stderr and the others are listed" {
	ok create --bundle "$BUNDLE" "$ID-broken"
	create
	local record
	record=$(grep -rlF "$ID-broken" "$ROOT/$ID-broken" | grep -v config | head -n1)
	[[ -n $record ]] || skip "no record file found"
	mv "$record" record.saved
	head -c 20 record.saved >"$record"
	ok list
	eq "$(grep -c "^$ID " "$OUT")" 1
	has "$error" "$ID-broken"
	mv record.saved "$record"
}

@test "what is no container is no trouble" {
	create
	mkdir "$ROOT/directory"
	touch "$ROOT/plain-file"
	ln -s / "$ROOT/link"
	ok list
	has "$output" "$ID"
	rm -r "$ROOT/directory" "$ROOT/plain-file" "$ROOT/link"
}

@test "a stopped container shows pid 0" {
	args true
	run_ok --keep
	ok list
	matches "$(tail -n1 "$OUT")" "^$ID +0 +stopped "
	delete
}
