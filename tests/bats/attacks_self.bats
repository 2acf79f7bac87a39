#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks on the runtime's own file: a container that gets to write to it owns the host the next time
# anybody uses it. The runtime under test is a copy, whose sum is compared.

load helpers
load helpers_attack

setup_file() { attack_baseline; }

setup() {
	test_begin
	attack_setup
	[[ $(uname -m) == x86_64 ]] || skip "the planted interpreter is for x86_64"
	cp "$(program_of)" "$TEST_DIR/copy"
	sum=$(sha256sum <"$TEST_DIR/copy")
	# By whom it is called is not changed by that.
	COPY=$TEST_DIR/copy
	if [[ -n ${RTB_USER:-} ]]; then
		COPY=$TEST_DIR/called
		sed "s|$(program_of)|$TEST_DIR/copy|g" "$RUNTIME" >"$COPY"
		chmod 755 "$COPY"
	fi
	INTERPRETER=$TEST_DIR/interpreter
	"${CC:-cc}" -O1 -static -nostdlib -ffreestanding -fno-stack-protector -fno-builtin -Wl,-e,start \
		-o "$INTERPRETER" "$SUITES/attack_interpreter.c"
	writable_root
}

unchanged() {
	eq "$(sha256sum <"$TEST_DIR/copy")" "$sum" "sum of the runtime"
	lacks "$output" OVERWRITTEN
	echo "$BATS_TEST_NUMBER $status $output" >>"${RTB_SELF_LOG:-/dev/null}"
}

# What a dynamic program would take for its loader, and its libraries, is the attacker's.
plant() {	# PROGRAM
	local loader

	loader=$(LC_ALL=C readelf -lW "$1" 2>/dev/null | sed -n 's/.*program interpreter: \(.*\)]/\1/p')
	[[ -n $loader ]] || return 0
	mkdir -p "$BUNDLE/rootfs$(dirname "$loader")"
	cp "$INTERPRETER" "$BUNDLE/rootfs$loader"
}

# The runtime's start must not depend on the copy lying where the original lies.
copy_runs() {	# [OPTION...]
	local RUNTIME=$COPY

	run_ct "$@"
}

privileges() {
	case $1 in
	few) ;;
	all) all_caps ;;
	esac
	config '.process.noNewPrivileges = false'
}

@test "SEC-4-1 control: the attack works on a program that does not protect itself" {
	need_program python3
	cp "$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" victim
	plant "$TEST_DIR/victim"
	[[ -n $(find "$BUNDLE/rootfs" -name 'ld-linux*') ]] || skip "python3 is static here"
	mkdir -p "$BUNDLE/rootfs/proc"
	unshare --mount --pid --fork sh -c 'mount -t proc proc "$1/proc" && exec "$2" -c "
import os, sys
os.chroot(sys.argv[1])
os.chdir(\"/\")
os.execv(\"/proc/self/exe\", [\"x\"])" "$1"' sh "$BUNDLE/rootfs" "$TEST_DIR/victim" >"$OUT" 2>&1
	has "$(cat "$OUT")" OVERWRITTEN
	has "$(head -c 11 victim)" OVERWRITTEN
}

@test "SEC-4-1 /proc/self/exe as the program" {
	local caps

	plant "$TEST_DIR/copy"
	for caps in few all; do
		privileges $caps
		args /proc/self/exe --version
		copy_runs
		unchanged
		args /proc/self/exe run "$ID"
		copy_runs
		unchanged
	done
}

@test "SEC-4-1 a script whose interpreter is /proc/self/exe" {
	local caps

	plant "$TEST_DIR/copy"
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	ln -s /proc/self/exe "$BUNDLE/rootfs/bin/link"
	for caps in few all; do
		privileges $caps
		for program in /bin/script /bin/link; do
			args "$program"
			copy_runs
			unchanged
		done
	done
}

@test "SEC-4-1 an ELF program whose interpreter is /proc/self/exe" {
	local caps

	# The interpreter's name in the program header is as long as its text.
	printf 'int main(void){return 0;}' >x.c
	"${CC:-cc}" -o "$BUNDLE/rootfs/bin/odd" x.c -Wl,--dynamic-linker=/proc/self/exe 2>/dev/null ||
		skip "the linker makes no such program"
	for caps in few all; do
		privileges $caps
		args /bin/odd
		copy_runs
		unchanged
	done
}

@test "SEC-4-1 a startContainer hook that is /proc/self/exe" {
	plant "$TEST_DIR/copy"
	all_caps
	config '.hooks.startContainer = [{path: "/proc/self/exe", args: ["x", "--version"]}]'
	args true
	copy_runs
	unchanged
}

@test "SEC-4-1 the file of the waiting init, and of one that is started, from a pid namespace that it shares" {
	need_root "join a pid namespace of the host"
	local holder

	all_caps
	script "exec probe attack overwrite-any 20 $(stat -c %s copy)"
	runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/attacked" 2>&1
	eventually grep -q watching "$TEST_DIR/attacked"
	holder=$(pid_of)
	add_namespace pid "/proc/$holder/ns/pid"
	args true
	for i in 1 2 3 4; do
		RTB_TOKEN=$TOKEN "$COPY" --root "$ROOT" create --bundle "$BUNDLE" "$ID-$i" </dev/null >&2 \
			3>&- 4>&-
		sleep 0.3
		RTB_TOKEN=$TOKEN "$COPY" --root "$ROOT" start "$ID-$i" >&2 3>&- 4>&-
		RTB_TOKEN=$TOKEN "$COPY" --root "$ROOT" delete --force "$ID-$i" >&2 3>&- 4>&-
	done
	wait_pid "$holder" 40
	output=$(<"$TEST_DIR/attacked")
	matches "$output" "tried [1-9]"
	unchanged
}

@test "SEC-4-1 processes that join" {
	need_exec
	local holder
	plant "$TEST_DIR/copy"
	all_caps
	script "exec probe attack overwrite-any 6 $(stat -c %s copy)"
	runtime run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$TEST_DIR/attacked" 2>&1
	eventually grep -q watching "$TEST_DIR/attacked"
	holder=$(pid_of)
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	for program in /proc/self/exe /bin/script true true true true; do
		RTB_TOKEN=$TOKEN timeout 10 "$COPY" --root "$ROOT" exec "$ID" "$program" </dev/null >exec.out \
			2>&1 3>&- 4>&- || :
		lacks "$(cat exec.out)" OVERWRITTEN
	done
	wait_pid "$holder" 15
	output=$(<"$TEST_DIR/attacked")
	matches "$output" "tried [0-9]"
	unchanged
}

@test "SEC-4-1 the fallbacks: without open_tree and mount_setattr, and without exchanging the file" {
	need_root "write the program, which is why it is copied here"
	[[ $RUNTIME_NAME == teu ]] || skip "for the fallbacks of teu"
	need_program python3
	# The caller's own filter answers ENOSYS, as an old kernel would.
	cat >old.py <<-'END'
		import ctypes, os, struct, sys
		numbers = [int(n) for n in sys.argv[1].split(",")]
		code = [(0x20, 0, 0, 0)]
		for i, n in enumerate(numbers):
		    code.append((0x15, len(numbers) - i, 0, n))
		code += [(0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, 0x50000 + 38)]
		text = b"".join(struct.pack("HBBI", *c) for c in code)
		buf = ctypes.create_string_buffer(text)
		prog = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buf))
		libc = ctypes.CDLL(None, use_errno=True)
		libc.prctl(38, 1, 0, 0, 0)
		if libc.prctl(22, 2, ctypes.create_string_buffer(prog), 0, 0):
		    sys.exit("no filter: " + os.strerror(ctypes.get_errno()))
		os.execv(sys.argv[2], sys.argv[2:])
	END
	plant "$TEST_DIR/copy"
	args /proc/self/exe --version
	# 428 open_tree, 442 mount_setattr, 319 memfd_create
	for missing in 428 442 428,442; do
		status=0
		RTB_TOKEN=$TOKEN timeout "$TIMEOUT" python3 old.py "$missing" "$TEST_DIR/copy" --root "$ROOT" run \
			--bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
		output=$(<"$OUT")
		unchanged
		args /bin/echo works
		RTB_TOKEN=$TOKEN timeout "$TIMEOUT" python3 old.py "$missing" "$TEST_DIR/copy" --root "$ROOT" create \
			--bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&-
		# The sealed copy, and never the file itself.
		eq "$(readlink "/proc/$(pid_of)/exe")" "/memfd:teu (deleted)" "with $missing missing"
		runtime delete --force "$ID"
		args /proc/self/exe --version
	done
	# And where a copy cannot be made either, nothing runs.
	args true
	status=0
	RTB_TOKEN=$TOKEN timeout "$TIMEOUT" python3 old.py 428,319 "$TEST_DIR/copy" --root "$ROOT" run \
		--bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&- 4>&- || status=$?
	ne "$status" 0
	has "$(cat "$ERR")" "own program"
}

@test "SEC-4-1 a variable does not make the runtime believe that it is protected" {
	[[ $RUNTIME_NAME == teu ]] || skip "for a variable of teu"
	plant "$TEST_DIR/copy"
	all_caps
	args /proc/self/exe --version
	export _TEU_PROTECTED=1
	copy_runs
	unchanged
	args sleep 1000
	local RUNTIME=$COPY
	create
	lacks "$(probe_exe)" "$TEST_DIR/copy"
}

# What the file of init is: on a read-only mount of its own, or in memory.
probe_exe() {
	local exe=/proc/$(pid_of)/exe

	if [[ $(readlink "$exe") == /memfd:* ]] || ! : 2>/dev/null >>"$exe"; then
		echo protected
	else
		readlink "$exe"
	fi
}

@test "SEC-0-6 the runtime looks nothing up later: everything is bound before it starts" {
	need_program readelf
	local program symbol

	for program in "$(program_of)" "$(dirname "$(program_of)")/teu-systemd"; do
		[[ -x $program ]] || continue
		# A position independent program without a loader relocates itself, before all else.
		has "$(LC_ALL=C readelf -dW "$program" 2>&1)" NOW
		# No name service: image files would be what is found.
		for symbol in getpwnam getpwuid getgrnam getgrouplist iconv_open getaddrinfo setlocale; do
			lacks "$(LC_ALL=C readelf -W --dyn-syms "$program")" " $symbol"
		done
	done
}

@test "SEC-0-6 no library is loaded for a container" {
	need_program strace
	config '.process.args = ["/bin/true"]'
	[[ -z ${RTB_USER:-} ]] || own_id # newuidmap gets no privileges where it is traced
	run caller strace -f -e trace=open,openat,openat2 -o calls "$(program_of)" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
	eq "$status" 0 "$output"
	has "$(<calls)" '/config.json'
	lacks "$(sed '1,/config\.json/d' calls)" '.so'
}
