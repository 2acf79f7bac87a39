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

# show COMMAND...: prints the command, then what it prints.
show() {
	echo "\$ $*" | sed "s|$teu |teu |; s|$work|\$WORK|g"
	"$@"
}

# quiet NAME COMMAND...: keeps the output in a file, shows it only when the command fails.
quiet() {
	local log=$work/$1.log

	shift
	"$@" > "$log" 2>&1 < /dev/null || { cat "$log" >&2; echo "demo.sh: failed: $*" >&2; return 1; }
}

work=$(mktemp -d /tmp/teu-demo.XXXXXX)
build=$top/build/demo
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

step "2. Build, in ${build#"$top"/}"
mkdir -p "$build"
[ -x "$top/configure" ] || quiet autogen "$top/autogen.sh"
cd "$build"
# An existing build is brought up to date.
[ -f Makefile ] || quiet configure "$top/configure"
quiet make make -j"$(nproc)"
show "$teu" --version

step "3. A bundle: a directory tree and a config.json"
bundle=$work/bundle
mkdir -p "$bundle/rootfs"/{bin,proc,sys,dev,tmp}
cp "$(command -v busybox)" "$bundle/rootfs/bin/busybox"
"$bundle/rootfs/bin/busybox" --install -s "$bundle/rootfs/bin" 2>/dev/null ||
	for applet in $("$bundle/rootfs/bin/busybox" --list); do
		ln -sf busybox "$bundle/rootfs/bin/$applet"
	done
# The links that --install makes name our own path; inside they must name theirs.
find "$bundle/rootfs/bin" -type l -exec ln -sfn busybox {} \;
show "$teu" spec --bundle "$bundle"
cat > "$bundle/rootfs/bin/hello" <<'SH'
#!/bin/sh
echo "hello from pid $$ on $(hostname), user $(id -u)"
echo "processes here: $(ps -o pid,args | tail -n +2 | wc -l); network interfaces: $(ls /sys/class/net)"
touch /x 2>&1
sleep 1
exit 7
SH
chmod 755 "$bundle/rootfs/bin/hello"
# The example wants a terminal and a shell; this program needs neither.
python3 - "$bundle/config.json" "$id" <<'PY'
import json, sys
path, id = sys.argv[1:]
with open(path) as f:
    config = json.load(f)
config["process"].update(terminal=False, args=["/bin/hello"])
config["hostname"] = "demo"
config["linux"]["resources"]["pids"] = {"limit": 32}
config["linux"]["cgroupsPath"] = "/" + id
with open(path, "w") as f:
    json.dump(config, f, indent="\t")
PY
echo "changed in config.json: no terminal, args /bin/hello, hostname demo, at most 32 processes"

step "4. create: everything is set up, the program waits"
show "$teu" --root "$work/state" create --bundle "$bundle" "$id" > "$work/head" 2> "$work/errors" < /dev/null \
	3> "$work/output" || { cat "$work/head" "$work/errors"; exit 1; }
