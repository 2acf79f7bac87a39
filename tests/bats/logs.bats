#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Log records: where they go and what they look like.

load helpers

last_error() { jq -rs '[.[] | select(.level == "error")] | last | .msg' "$LOG"; }

@test "without --log an error is a key=value line on stderr" {
	fails state "$ID"
	matches "$(cat "$ERR")" '^time="20[0-9-]+T[0-9:.]+(Z|[+-][0-9:]+)" level=error msg="[^"].*"$'
}

@test "JSON: one object a line, level, msg, time" {
	run_runtime --log "$LOG" --log-format json state "$ID"
	eq "$(wc -l <"$LOG")" 1
	eq "$(jq -r 'keys_unsorted | join(" ")' "$LOG")" "level msg time"
	eq "$(jq -r .level "$LOG")" error
	has "$(jq -r .msg "$LOG")" "does not exist"
	matches "$(jq -r .time "$LOG")" '^20[0-9-]{8}T[0-9:]{8}(\.[0-9]+)?(Z|[+-])'
}

@test "with --log stderr has the plain message too, and it is the same" {
	run_runtime --log "$LOG" --log-format json state "$ID"
	eq "$error" "$(last_error)"
}

@test "text in a file" {
	run_runtime --log "$LOG" state "$ID"
	matches "$(cat "$LOG")" '^time="[^"]+" level=error msg="'
}

@test "the last error record is the whole sentence, and the only one" {
	add_mount /mnt nosuchfs none
	run_runtime --log "$LOG" --log-format json create --bundle "$BUNDLE" "$ID"
	eq "$(jq -s '[.[] | select(.level == "error")] | length' "$LOG")" 1
	has "$(last_error)" nosuchfs
	eq "$(last_error | wc -l)" 1
}

@test "errors of the child arrive the same way" {
	config '.process.cwd = "/etc/passwd"'
	run_runtime --log "$LOG" --log-format json create --bundle "$BUNDLE" "$ID"
	eq "$(jq -s '[.[] | select(.level == "error")] | length' "$LOG")" 1
	has "$(last_error)" "not a directory"
	config '.process.cwd = "/" | .process.args = ["/no/such/program"]'
	run_runtime --log "$LOG" --log-format json create --bundle "$BUNDLE" "$ID"
	has "$(last_error)" "no such file or directory"
}

@test "success writes no error record" {
	args true
	ok --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	[[ ! -s $LOG ]] || eq "$(jq -s '[.[] | select(.level == "error")] | length' "$LOG")" 0
}

@test "the log is opened before anything else can fail" {
	run_runtime --log "$LOG" --log-format json no-such-command
	[[ -s $LOG ]]
	rm "$LOG"
	run_runtime --log "$LOG" --log-format json create --no-such-option "$ID"
	[[ -s $LOG ]]
}

@test "records are appended, the file is made 0644" {
	umask 022
	run_runtime --log "$LOG" state "$ID"
	run_runtime --log "$LOG" state "$ID"
	eq "$(wc -l <"$LOG")" 2
	eq "$(stat -c %a "$LOG")" 644
}

@test "--log file:PATH" {
	run_runtime --log "file:$LOG" state "$ID"
	eq "$(wc -l <"$LOG")" 1
}

@test "a log that cannot be opened is an error" {
	run_runtime --log "$TEST_DIR/no/dir/log" list
	eq "$status" 1
	has "$error" no/dir/log
}

@test "--debug and --log-level debug say more, info and error less" {
	args true
	ok --debug --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	(($(jq -s '[.[] | select(.level == "debug")] | length' "$LOG") > 0))
	rm "$LOG"
	ok --log-level debug --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	(($(jq -s '[.[] | select(.level == "debug")] | length' "$LOG") > 0))
	rm "$LOG"
	ok --log-level error --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	[[ ! -s $LOG ]]
}

@test "RT-WARN-01 a warning does not change the outcome, and shows at its level" {
	config '.process.capabilities.bounding += ["CAP_NOT_KNOWN"]'
	script 'exit 5'
	run_runtime --log-level warning --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	eq "$status" 5
	has "$(jq -r 'select(.level == "warning").msg' "$LOG")" CAP_NOT_KNOWN
	rm "$LOG"
	run_runtime --log-level error --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID"
	eq "$status" 5
	[[ ! -s $LOG ]]
}

@test "newlines, quotes and bytes that are no UTF-8 are escaped" {
	run_runtime --log "$LOG" --log-format json state $'a"b\nc\xff'
	eq "$(wc -l <"$LOG")" 1
	jq -e . "$LOG" >/dev/null
	rm "$LOG"
	run_runtime --log "$LOG" state $'a"b\nc\xff'
	eq "$(wc -l <"$LOG")" 1
}

@test "after the program is executed nothing of ours writes" {
	script 'ls -l /proc/self/fd | grep -c log; exit 0'
	ok --debug --log "$LOG" run --bundle "$BUNDLE" "$ID"
	eq "$output" 0
}

@test "the log is no way into the container" {
	ln -s "$TEST_DIR/other" link
	run_runtime --log "$TEST_DIR/link" state "$ID"
	((status == 1))
}
