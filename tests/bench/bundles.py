# SPDX-License-Identifier: Apache-2.0
"""The bundles that tests/bench starts, and the floor's seccomp program."""

import ctypes
import ctypes.util
import json
import os
import shutil
import struct

PROFILE = "/usr/share/containers/seccomp.json"

MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
          "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
          "/proc/scsi"]
READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
DEFAULT_CAPS = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
ENGINE_CAPS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
               "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP",
               "CAP_SETUID", "CAP_SYS_CHROOT"]


def default_config():
    """What `spec` writes, without the terminal."""
    nodev = ["nosuid", "noexec", "nodev"]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/true"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "TERM=xterm"],
            "cwd": "/",
            "capabilities": {kind: DEFAULT_CAPS
                             for kind in ("bounding", "effective", "permitted")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "bench",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
                         "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
             "options": nodev + ["mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
             "options": nodev},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": nodev + ["ro"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
             "options": nodev + ["relatime", "ro"]},
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
            "maskedPaths": MASKED,
            "readonlyPaths": READONLY,
        },
    }


def engine_seccomp(profile):
    """The profile as an engine translates it for amd64 and ENGINE_CAPS."""

    def applies(entry):
        include, exclude = entry.get("includes") or {}, entry.get("excludes") or {}
        if not set(include.get("caps") or []) <= set(ENGINE_CAPS):
            return False
        if include.get("arches") and "amd64" not in include["arches"]:
            return False
        return not (set(exclude.get("caps") or []) & set(ENGINE_CAPS)
                    or "amd64" in (exclude.get("arches") or []))

    calls = []
    for entry in profile["syscalls"]:
        if not applies(entry):
            continue
        call = {"names": entry.get("names") or [entry["name"]], "action": entry["action"]}
        if entry.get("args"):
            call["args"] = entry["args"]
        if entry.get("errnoRet") is not None:
            call["errnoRet"] = entry["errnoRet"]
        calls.append(call)
    seccomp = {"defaultAction": profile["defaultAction"],
               "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
               "syscalls": calls}
    if profile.get("defaultErrnoRet") is not None:
        seccomp["defaultErrnoRet"] = profile["defaultErrnoRet"]
    return seccomp


def engine_config(profile):
    """The default bundle as an engine would ask for it: its capabilities, paths, profile."""
    config = default_config()
    config["process"]["capabilities"] = {kind: ENGINE_CAPS
                                         for kind in ("bounding", "effective", "permitted")}
    config["process"]["noNewPrivileges"] = False
    config["linux"]["maskedPaths"] = [path for path in MASKED if path != "/proc/asound"] + [
        "/sys/fs/selinux", "/sys/dev/block"]
    config["linux"]["readonlyPaths"] = ["/proc/asound"] + READONLY
    config["linux"]["resources"]["pids"] = {"limit": 2048}
    config["linux"]["seccomp"] = engine_seccomp(profile)
    return config


def rootless_config(user):
    """The default bundle for an ordinary user that has no other id than its own, and no cgroup."""
    config = default_config()
    own = [{"containerID": 0, "hostID": user, "size": 1}]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"].update({"uidMappings": own, "gidMappings": own})
    del config["linux"]["resources"]
    config["mounts"] = [mount for mount in config["mounts"] if mount["type"] != "cgroup"]
    for mount in config["mounts"]:
        mount["options"] = [word for word in mount.get("options", []) if word != "gid=5"]
    return config


def write_bundle(path, config, program):
    """A bundle whose whole root file system is PROGRAM, as /true and as /pause."""
    root = os.path.join(path, "rootfs")
    for name in ("proc", "dev", "sys"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for name in ("true", "pause"):
        shutil.copy(program, os.path.join(root, name))
    with open(os.path.join(path, "config.json"), "w", encoding="ascii") as file:
        json.dump(config, file, indent=1)
    return path


# BPF: load word, jump if equal, jump if greater or equal, return.
LD, JEQ, JGE, RET = 0x20, 0x15, 0x35, 0x06
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
ARCHES = {"x86_64": 0xC000003E, "x86": 0x40000003, "x32": 0xC000003E}


def _segments(actions, default):
    """{number: action} -> [(first number, action)] for every number from 0 up."""
    result = [(0, default)]
    for number in sorted(actions):
        if result[-1][0] == number:
            result.pop()
        if not result or result[-1][1] != actions[number]:
            result.append((number, actions[number]))
        result.append((number + 1, default))
    merged = result[:1]
    for segment in result[1:]:
        if segment[1] != merged[-1][1]:
            merged.append(segment)
    return merged


def _tree(segments):
    """A balanced search; each cluster of jumps shares its returns within a jump's reach."""
    if len(segments) > 128:
        middle = len(segments) // 2
        left = _tree(segments[:middle])
        return [(JGE, len(left), 0, segments[middle][0])] + left + _tree(segments[middle:])

    def jumps(part):
        """[(number, ge, lt)], each target a distance in jumps or ("return", action)."""
        if len(part) == 1:
            return []
        middle = len(part) // 2
        left, right = jumps(part[:middle]), jumps(part[middle:])
        return [(part[middle][0],
                 len(left) if right else ("return", part[middle][1]),
                 0 if left else ("return", part[0][1]))] + left + right

    nodes = jumps(segments)
    returns = sorted({action for _, action in segments})

    def distance(index, target):
        if isinstance(target, int):
            return target
        return len(nodes) - index - 1 + returns.index(target[1])

    code = [(JGE, distance(index, yes), distance(index, no), number)
            for index, (number, yes, no) in enumerate(nodes)]
    return code + [(RET, 0, 0, action) for action in returns]


def floor_filter(seccomp, path):
    """Writes SECCOMP as a program; conditions on arguments are left out.

    Returns the number of instructions. Raises OSError where libseccomp is missing."""
    name = ctypes.util.find_library("seccomp")
    if not name:
        raise OSError("no libseccomp")
    library = ctypes.CDLL(name)
    resolve = library.seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    tokens = {"x86_64": 0xC000003E, "x86": 0x40000003, "x32": 0x4000003E}
    default = ERRNO | seccomp.get("defaultErrnoRet", 1)
    trees = {}
    for arch, token in tokens.items():
        actions = {}
        for call in seccomp["syscalls"]:
            allow = call["action"] == "SCMP_ACT_ALLOW"
            for each in call["names"]:
                number = resolve(token, each.encode())
                if number >= 0 and actions.get(number) != ALLOW:
                    actions[number] = ALLOW if allow else ERRNO | call.get("errnoRet", 1)
        trees[arch] = _tree(_segments(actions, default))
    native = [(LD, 0, 0, 0), (JGE, len(trees["x86_64"]), 0, 0x40000000)]
    native += trees["x86_64"] + trees["x32"]
    code = [(LD, 0, 0, 4), (JEQ, 1, 0, ARCHES["x86_64"]), (0x05, 0, 0, len(native))]
    code += native
    code += [(JEQ, 1, 0, ARCHES["x86"]), (RET, 0, 0, KILL), (LD, 0, 0, 0)] + trees["x86"]
    with open(path, "wb") as file:
        for operation, yes, no, value in code:
            file.write(struct.pack("=HBBI", operation, yes, no, value))
    return len(code)
