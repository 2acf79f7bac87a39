#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds teu, and runs every test.
set -u
usage() {
	cat <<'TEXT'
usage: sudo tests/run.sh [--only STAGE,...] [--no-install] [--list]

Installs the packages that the tests need (Debian, Ubuntu), builds below build/tests, runs all
stages in this order and ends with one line "N passed, M failed, K skipped". The exit status is 0
only when nothing failed. Needs no terminal. What each stage printed is in build/tests/log/STAGE.

  unit        make check of a build with gcc and of one with clang, warnings are errors
  tidy        clang-tidy over all sources (only when it is named: it takes minutes)
  variants    other configurations: dynamic, static, shared libraries, without seccomp
  dist        a tarball, built without Python and without autotools, tested and installed
  bats        the behaviour suites (tests/bats) against the gcc build
  rootless    the behaviour suites by an ordinary user, and in a user namespace
  vm          those for cgroups, AppArmor and ordinary users in an emulated machine with systemd and cgroup v2
              (tests/vm); its image is kept in ${XDG_CACHE_HOME:-/var/cache}/teu-vm
  crash       SIGKILL before every system call of a command (tests/crash)
  engines     Podman and Buildah (as root and as a user), containerd, Docker, conmon, umoci (tests/engines)
  filter      seccomp programs against libseccomp's: ten thousands of random profiles
  sanitizers  make check and the behaviour suites with ASan and UBSan

  --only      run these stages only
  --no-install  the packages are there already
  --list      print the names of the stages
TEXT
}

top=$(cd "$(dirname "$0")/.." && pwd)
stages="unit tidy variants dist bats rootless vm crash engines filter sanitizers"
selected=${stages/ tidy/}
install=yes
while [ $# -gt 0 ]; do
	case $1 in
	--only) selected=${2-}; selected=${selected//,/ }; shift 2 || { usage >&2; exit 2; } ;;
	--only=*) selected=${1#*=}; selected=${selected//,/ }; shift ;;
	--no-install) install=no; shift ;;
	--list) echo "$stages"; exit 0 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
for stage in $selected; do
	case " $stages " in *" $stage "*) ;; *) echo "run.sh: no stage \"$stage\"" >&2; exit 2 ;; esac
done
[ -n "${selected// /}" ] || { usage >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "run.sh: please run it as root: sudo tests/run.sh" >&2; exit 2; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
exec < /dev/null
umask 022

build=$top/build/tests
log=$build/log
passed=0 failed=0 skipped=0
failures=

# Under sudo the files of a build belong to the owner of the tree, not to root.
if [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ] && runuser -u "$SUDO_USER" -- test -w "$top"; then
	as_owner() { runuser -u "$SUDO_USER" -- "$@"; }
else
	as_owner() { "$@"; }
fi

count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

# check NAME COMMAND...: a step that passes or fails as a whole.
check() {
	local name=$1 begin=$SECONDS

	shift
	echo "--- $name: $*" >> "$log/$stage"
	if "$@" >> "$log/$stage" 2>&1; then
		count 1 0 0
		echo "   ok $name ($((SECONDS - begin)) s)"
	else
		count 0 1 0
		failures+=" $stage/$name"
		echo "   FAILED $name ($((SECONDS - begin)) s); the end of $log/$stage:"
		tail -n 15 "$log/$stage" | sed 's/^/      /'
		return 1
	fi
}

# prepare NAME COMMAND...: a step that counts only when it fails.
prepare() {
	check "$@" && passed=$((passed - 1))
}

# suite NAME COMMAND...: a program that ends with "N passed, M failed[, K skipped]". One that says nothing of the
# kind, or fails without naming a failure, counts as one failure.
suite() {
	local name=$1 begin=$SECONDS part=$log/$stage.part status line p=0 f=0 s=0

	shift
	echo "--- $name: $*" >> "$log/$stage"
	"$@" > "$part" 2>&1
	status=$?
	cat "$part" >> "$log/$stage"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$part" | tail -n 1)
	if [ -n "$line" ]; then
		read -r p f s < <(sed -E 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\1 \2 \4/' <<< "$line")
		s=${s:-0}
	fi
	if [ "$f" = 0 ] && { [ $status != 0 ] || [ -z "$line" ] || [ $((p + s)) = 0 ]; }; then f=1; fi
	count "$p" "$f" "$s"
	echo "   $name: $p passed, $f failed, $s skipped ($((SECONDS - begin)) s)"
	grep -E "^ok .*# *(skip|SKIP)|^1\.\.0 # SKIP|^# .*: skipped" "$part" | sed "s|^|      |"
	if [ "$f" != 0 ]; then
		failures+=" $stage/$name"
		grep -B 8 -A 12 -E '^([a-z0-9_@]+: )?(not ok|FAIL|ERROR)' "$part" | head -n 150 | sed 's/^/      /'
		[ -n "$line" ] || tail -n 15 "$part" | sed 's/^/      /'
	fi
	rm -f "$part"
	[ "$f" = 0 ]
}

# make check, its totals in the words of the other suites.
make_check() {
	local status out=$log/check.part

	make -C "$1" check > "$out" 2>&1
	status=$?
	cat "$out"
	[ $status = 0 ] || grep -h -A 12 -E '^([a-z0-9_@]+: )?(not ok|FAIL|ERROR)' "$1"/test-suite.log 2>/dev/null
	awk '/^# (PASS|XFAIL): / { p += $3 } /^# (FAIL|XPASS|ERROR): / { f += $3 } /^# SKIP: / { s += $3 }
		END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$out"
	rm -f "$out"
	return $status
}

# builds NAME OPTION...: configures and makes build/tests/NAME unless this run has done it.
builds() {
	local name=$1

	shift
	[ ! -e "$build/$name/.made" ] || return 0
	as_owner mkdir -p "$build/$name"
	prepare "build $name" build_in "$build/$name" "$@" && touch "$build/$name/.made"
}

build_in() {
	local dir=$1

	shift
	(cd "$dir" && as_owner "$top/configure" "$@") && as_owner make -C "$dir" -j"$(nproc)"
}

# ---- what is needed -----------------------------------------------------------

packages="gcc clang clang-format clang-tidy make autoconf automake pkg-config python3 python3-jsonschema
	libyajl-dev libseccomp-dev libcap-dev linux-libc-dev libc6-dev bats busybox-static jq git man-db
	podman conmon containerd docker.io runc crun buildah umoci catatonit uidmap slirp4netns fuse-overlayfs iproute2 procps psmisc strace
	util-linux bsdextrautils shellcheck"
machine_packages="qemu-system-x86 mmdebstrap debian-archive-keyring e2fsprogs zstd"

install_packages() {
	local package missing=() policy=/usr/sbin/policy-rc.d status

	command -v apt-get > /dev/null || { echo "no apt-get here: nothing installed, the tests take what they find"; return 0; }
	case " $selected " in *" vm "*) [ "$(uname -m)" != x86_64 ] || packages+=" $machine_packages" ;; esac
	for package in $packages; do
		# Docker's own packages and those of the distribution exclude each other.
		case $package in
		containerd) ! command -v containerd > /dev/null || continue ;;
		docker.io) ! command -v dockerd > /dev/null || continue ;;
		esac
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	apt-get update || return
	# The command line of newer Docker packages stands alone.
	command -v docker > /dev/null || [ -z "$(apt-cache search --names-only '^docker-cli$')" ] || missing+=(docker-cli)
	# The suites start daemons of their own; those of the packages stay off, unless the host has rules about that.
	if [ -e $policy ]; then policy=; else install -m 755 /dev/stdin $policy <<< $'#!/bin/sh\nexit 101'; fi
	apt-get install -y --no-install-recommends "${missing[@]}"
	status=$?
	rm -f $policy
	return $status
}

# ---- stages -------------------------------------------------------------------

stage_unit() {
	builds gcc --enable-devel CC=gcc && suite "make check (gcc)" make_check "$build/gcc"
	builds clang --enable-devel CC=clang && suite "make check (clang)" make_check "$build/clang"
}

stage_tidy() {
	builds clang --enable-devel CC=clang || return
	suite "clang-tidy" tap env abs_top_builddir="$build/clang" "$top/tests/lint/tidy"
}

# tap COMMAND...: counts what it says in TAP.
tap() {
	local status out=$log/tap.part

	"$@" > "$out" 2>&1
	status=$?
	cat "$out"
	awk '/^ok .*# SKIP/ || /^1\.\.0 # SKIP/ { s++; next } /^ok / { p++ } /^not ok / { f++ }
		END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$out"
	rm -f "$out"
	return $status
}

stage_variants() {
	# The default build needs no shared library but libc, and teu itself not even that.
	builds gcc --enable-devel CC=gcc && check "default: no interpreter" is_static "$build/gcc/teu" &&
		check "default: what asks systemd needs libc only" only_libc "$build/gcc/teu-systemd"
	builds dynamic --enable-devel --disable-static &&
		check "dynamic: libc only" only_libc "$build/dynamic/teu"
	builds static --enable-devel --enable-static &&
		check "static: no interpreter" is_static "$build/static/teu"
	builds shared --enable-devel --disable-bundled-archives &&
		check "shared: runs" "$build/shared/teu" --version
	builds no-seccomp --enable-devel --disable-seccomp &&
		check "without seccomp: says so" says_no_seccomp "$build/no-seccomp/teu"
	builds gcc --enable-devel CC=gcc &&
		suite "arm64: compiles" tap env abs_top_builddir="$build/gcc" "$top/tests/lint/cross"
}

only_libc() {
	objdump -p "$1" | awk '/NEEDED/ { print $2 }' | tee /dev/stderr |
		grep -v -x -E 'libc\.so\.6|ld-linux.*' && return 1
	"$1" --version
}

is_static() {
	! readelf -l "$1" | grep INTERP && "$1" --version
}

says_no_seccomp() {
	! "$1" --version | grep -F +SECCOMP
}

stage_dist() {
	builds gcc --enable-devel CC=gcc || return
	check "make dist" as_owner make -C "$build/gcc" dist &&
		check "the tarball builds, passes and installs" from_tarball
}

# Without Python and autotools, which a tarball must not need.
from_tarball() {
	local dir status

	dir=$(mktemp -d "${TMPDIR:-/tmp}/teu-dist.XXXXXX")
	tar -C "$dir" -xf "$build"/gcc/teu-*.tar.* && (
		cd "$dir"/teu-* &&
			./configure PYTHON=: ACLOCAL=false AUTOCONF=false AUTOMAKE=false AUTOHEADER=false --prefix=/usr &&
			make -j"$(nproc)" && make install DESTDIR="$dir/root" &&
			"$dir/root/usr/bin/teu" --version && test -s "$dir/root/usr/share/man/man1/teu.1"
	)
	status=$?
	rm -rf "$dir"
	return $status
}

stage_bats() {
	builds gcc --enable-devel CC=gcc || return
	suite "behaviour" env RUNTIME="$build/gcc/teu" "$top/tests/bats/run"
}

# The most important first, as it takes no longer than 17 minutes whatever the host is.
stage_vm() {
	builds gcc --enable-devel CC=gcc || return
	suite "behaviour (systemd, cgroup v2, AppArmor)" env RUNTIME="$build/gcc/teu" timeout -k 20 1030 "$top/tests/vm/run" -t 1000 \
		cgroup_v2 systemd systemd_user update update@systemd lsm exec_cgroup outcome pause events delete@systemd kill@systemd rootless
}

stage_rootless() {
	builds gcc --enable-devel CC=gcc || return
	suite "as an ordinary user" env RUNTIME="$build/gcc/teu" "$top/tests/bats/run" --as-user -k
	suite "in a user namespace" env RUNTIME="$build/gcc/teu" "$top/tests/bats/run" --in-userns -k
}

stage_crash() {
	builds gcc --enable-devel CC=gcc || return
	suite "killed before every system call" env RUNTIME="$build/gcc/teu" python3 "$top/tests/crash/killsteps.py"
	suite "its processes killed so" env RUNTIME="$build/gcc/teu" python3 "$top/tests/crash/killsteps.py" --children
}

stage_engines() {
	builds gcc --enable-devel CC=gcc || return
	suite "engines" env RUNTIME="$build/gcc/teu" "$top/tests/engines/run"
}

stage_filter() {
	builds gcc --enable-devel CC=gcc || return
	check "build the comparison" make -C "$build/gcc" tests/filter/compare tests/filter/kernel &&
		suite "programs (libseccomp)" tap env abs_top_srcdir="$top" "$build/gcc/tests/filter/compare" -n 10000 -s "$RANDOM" &&
		suite "programs (kernel)" tap "$build/gcc/tests/filter/kernel" -n 1000 -s "$RANDOM"
}

stage_sanitizers() {
	local reports=$build/reports

	builds sanitizers --enable-devel --enable-sanitizers --enable-faults CC=gcc || return
	rm -rf "$reports"
	mkdir -p "$reports"
	chmod 1777 "$reports"
	# A process in a container cannot see that directory; its report goes to standard error, its status is not 0.
	export ASAN_OPTIONS=log_path=$reports/asan:abort_on_error=0:exitcode=99:disable_coredump=0
	export UBSAN_OPTIONS=log_path=$reports/ubsan:print_stacktrace=1:halt_on_error=1
	suite "make check (ASan, UBSan)" make_check "$build/sanitizers"
	# The leak checker makes a child at the end of the program; after exec that child would be born in the container's pid
	# namespace, and is waited for in vain.
	suite "behaviour (ASan, UBSan)" env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" RUNTIME="$build/sanitizers/teu" RTB_TIMEOUT=60 "$top/tests/bats/run"
	unset ASAN_OPTIONS UBSAN_OPTIONS
	check "no report of a sanitizer" no_reports "$reports"
}

# The leak checker notes a thread whose registers it could not read, for instance of a process that was killed
# meanwhile, and then treats its whole stack as reachable: that note alone reports no fault.
no_reports() {
	! cat "$1"/* 2>/dev/null | grep -Ev '^==[0-9]+==Unable to get registers from thread [0-9]+\.$'
}

# ---- the run ------------------------------------------------------------------

as_owner mkdir -p "$build"
mkdir -p "$log"
rm -f "$build"/*/.made
echo "== preparations"
stage=preparations
: > "$log/$stage"
if [ $install = yes ]; then
	prepare "packages" install_packages
fi
prepare "autogen" as_owner "$top/autogen.sh"
for stage in $stages; do
	case " $selected " in *" $stage "*) ;; *) continue ;; esac
	echo "== $stage"
	: > "$log/$stage"
	"stage_$stage"
done
[ -z "$failures" ] || echo "failed:$(sed -E 's/ ([a-z]+\/)/\n  \1/g' <<< "$failures")"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
