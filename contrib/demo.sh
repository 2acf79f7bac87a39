#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds teu in build/demo and runs one container with it, showing each step.
# For a fresh Debian or Ubuntu: sudo contrib/demo.sh
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "demo.sh: please run it as root: sudo $0" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
umask 022

packages="gcc make autoconf automake pkg-config python3 libyajl-dev libseccomp-dev libcap-dev busybox-static"

step() {
	printf '\n== %s\n' "$*"
}

# show COMMAND...: prints the command, then runs it.
show() {
	echo "\$ $*" | sed "s|$teu|teu|g; s|$work|\$WORK|g"
	"$@"
}

# quiet NAME COMMAND...: keeps the output in a file, shows it only when the command fails.
quiet() {
	local log=$work/$1.log

	shift
	"$@" > "$log" 2>&1 < /dev/null || { cat "$log" >&2; echo "demo.sh: failed: $*" >&2; return 1; }
}

# Under sudo the files of the build belong to the owner of the tree, not to root.
as_owner() {
	if [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ] && runuser -u "$SUDO_USER" -- test -w "$top"; then
		runuser -u "$SUDO_USER" -- "$@"
	else
		"$@"
	fi
}

work=$(mktemp -d /tmp/teu-demo.XXXXXX)
build=$top/build/demo
[ ! -f "$top/config.status" ] || build=$top # somebody builds in the tree itself
teu=$build/teu
id=teu-demo-$$

finish() {
	[ ! -x "$teu" ] || "$teu" --root "$work/state" delete --force "$id" || true
	rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

step "1. What the build needs"
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=" $package"
done
if [ -n "$missing" ]; then
	echo "installing$missing"
	quiet update apt-get update
	# shellcheck disable=SC2086
	quiet install apt-get install -y --no-install-recommends $missing
else
	echo "all there: $packages"
fi

step "2. Build, in $build"
as_owner mkdir -p "$build"
cd "$build"
[ -x "$top/configure" ] || quiet autogen as_owner "$top/autogen.sh"
# An existing build is brought up to date.
[ -f Makefile ] || quiet configure as_owner "$top/configure"
quiet make as_owner make -j"$(nproc)"
show "$teu" --version

step "3. A bundle: a directory tree and a config.json (WORK=$work)"
bundle=$work/bundle
mkdir -p "$bundle/rootfs"/{bin,proc,sys,dev,tmp}
cp "$(command -v busybox)" "$bundle/rootfs/bin/busybox"
for applet in $("$bundle/rootfs/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$bundle/rootfs/bin/$applet"
done
cat > "$bundle/rootfs/bin/hello" <<'SH'
#!/bin/sh
echo "hello: pid $$ on host \"$(hostname)\", user id $(id -u)"
echo "hello: network interfaces: $(ls /sys/class/net)"
touch /file 2> /dev/null || echo "hello: the root file system is read-only"
sleep 1
exit 7
SH
chmod 755 "$bundle/rootfs/bin/hello"
show "$teu" spec --bundle "$bundle"
# The example configuration asks for a terminal and a shell; this program needs neither.
python3 - "$bundle/config.json" "$id" <<'PY'
import json, sys
path, id = sys.argv[1:]
with open(path) as f:
    config = json.load(f)
config["process"].update(terminal=False, args=["/bin/hello"])
config["hostname"] = "demo"
config["linux"]["cgroupsPath"] = "/" + id
config["linux"]["resources"]["pids"] = {"limit": 32}
with open(path, "w") as f:
    json.dump(config, f, indent="\t")
PY
echo "changed in config.json: no terminal, args /bin/hello, hostname demo, at most 32 processes"

# limit: where the pids controller is (version 1 or 2) the container's own directory holds its limit.
limit_file() {
	find /sys/fs/cgroup -path "*/$id/pids.max" 2> /dev/null | head -1
}

step "4. create: everything is set up, the program does not run yet"
# The container inherits standard output: the first line of the file is that of show.
show "$teu" --root "$work/state" create --bundle "$bundle" "$id" > "$work/output" 2>&1 < /dev/null ||
	{ cat "$work/output"; exit 1; }
sed -n 1p "$work/output"
show "$teu" --root "$work/state" state "$id"
file=$(limit_file)
[ -z "$file" ] || show cat "$file"

step "5. start: the program runs"
show "$teu" --root "$work/state" start "$id"
show "$teu" --root "$work/state" list
until "$teu" --root "$work/state" state "$id" | grep -q '"stopped"'; do sleep 0.1; done
echo "its output:"
tail -n +2 "$work/output"

step "6. delete: nothing stays"
show "$teu" --root "$work/state" delete "$id"
echo "state directories: $(find "$work/state" -mindepth 1 | wc -l)," \
	"cgroups: $(find /sys/fs/cgroup -type d -name "$id" | wc -l)," \
	"mounts: $(grep -c "$work" /proc/self/mounts || true)"

step "7. run: all of it in one command, with the program's exit status"
status=0
show "$teu" --root "$work/state" run --bundle "$bundle" "$id" || status=$?
echo "exit status: $status (the program ends with 7)"
[ "$status" = 7 ]

step "Done"
echo "The program is $teu; \`$teu --help\` lists its commands. \`make -C $build install\` installs it."
