#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Annotations: kept, shown, ignored, or refused.

load helpers

@test "ANN-01 ANN-02 ANN-10 ANN-12 values are kept byte for byte, unknown keys ignored" {
	config '.annotations = {"org.example.json": "{\"a\": [1, \"ä€😀\\n\"]}", "x": "", "a b/c": "\t\\ \""}'
	create
	eq "$(state 'annotations["org.example.json"]')" '{"a": [1, "ä€😀\n"]}'
	eq "$(state 'annotations["x"]')" ""
	eq "$(state 'annotations["a b/c"]')" "$(printf '\t\\ "')"
	eq "$(state 'annotations | length')" 3
}

@test "ANN-03 absent and empty are the same" {
	config '.annotations = {}'
	create
	eq "$(runtime state "$ID" </dev/null | jq 'has("annotations")')" false
	delete --force
	config 'del(.annotations)'
	create
}

@test "ANN-02 ANN-11 VAL-01 an annotation that is no string, annotations that are no map" {
	local json
	for json in '["a"]' '"a"' '5' '{"a": 5}' '{"a": true}' '{"a": {}}' '{"a": ["b"]}'; do
		config ".annotations = $json"
		refused annotations || { echo "with $json" >&2; return 1; }
	done
}

@test "ANN-04 SCH-11 X-17 an empty key is refused" {
	config '.annotations = {"": "x"}'
	refused annotations
}

@test "ANN-06..09 reserved keys are accepted whatever they say, and do nothing" {
	config '.annotations = {"org.opencontainers.image.os": "plan9",
		"org.opencontainers.image.architecture": "none", "org.opencontainers.image.stopSignal": "SIGQUIT",
		"org.opencontainers.image.created": "yesterday", "org.opencontainers.other": "x"}'
	args /bin/probe wait-signals
	create_logged
	start
	wait_file "$TEST_DIR/ct.out"
	local pid=$(pid_of)
	ok kill "$ID"
	wait_pid "$pid"
	has "$(ct_output)" "signal=15"
}

@test "a thousand annotations" {
	config '.annotations = ([range(1000) | {key: "org.example.k\(.)", value: "v\(.)"}] | from_entries)'
	create
	eq "$(state 'annotations | length')" 1000
	ok list --format json
	eq "$(jq '.[0].annotations | length' "$OUT")" 1000
}

@test "run.oci.hooks.stdout and stderr collect what hooks say" {
	config '.annotations = {"run.oci.hooks.stdout": $o, "run.oci.hooks.stderr": $e}
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo out; echo err >&2"]}]' \
		--arg o "$TEST_DIR/hooks.out" --arg e "$TEST_DIR/hooks.err"
	echo before >hooks.out
	args true
	run_ok
	file_is hooks.out "before
out"
	file_is hooks.err err
}

@test "run.oci.keep_original_groups keeps the caller's groups" {
	need_root "keep groups that its user namespace does not know"
	config '.annotations = {"run.oci.keep_original_groups": "1"}'
	args /bin/probe ids
	RTB_TOKEN=$TOKEN setpriv --groups 4242 "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
	output=$(<"$OUT")
	listed "$(value groups)" 4242
}
