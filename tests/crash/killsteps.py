#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills RUNTIME before its N-th system call, for every N, and looks for what is left behind.

For each of the chosen commands: the runtime's process (not its children) gets SIGKILL on entry
to system call N = 1, 1 + STRIDE, ... until the command comes to its end. After each kill one
`delete --force ID` has to succeed and to leave nothing: no cgroup in any hierarchy, no process,
no mount, no state directory, no file beside the bundle. At the end the same id has to work again.

Only the first thread's calls are counted, and children are not: a runtime that does its work in
other threads (runc) or in a child (`crun run --detach`) is hit there by --random alone. With
--children it is the other way round: of exec, or arrive (exec into a container that may trace), the
processes that the runtime makes are killed, up to the end of their program, and what is looked at is
that the runtime says so and the container is unharmed.

With --random COUNT, COUNT points in time are taken instead of system calls: they also hit the
instructions between two calls and the waits inside one.
"""

import argparse
import ctypes
import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PTRACE_TRACEME, PTRACE_SYSCALL = 0, 24
PTRACE_SETOPTIONS, PTRACE_GET_SYSCALL_INFO = 0x4200, 0x420E
OPTIONS_BITS = 0x01 | 0x10  # PTRACE_O_TRACESYSGOOD, PTRACE_O_TRACEEXEC
FOLLOW_BITS = 0x02 | 0x04 | 0x08  # PTRACE_O_TRACEFORK, PTRACE_O_TRACEVFORK, PTRACE_O_TRACECLONE
ENTRY = 1  # PTRACE_SYSCALL_INFO_ENTRY
PR_SET_CHILD_SUBREAPER = 36
WALL = 0x40000000
DEADLINE = 20

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long


def ptrace(request, pid, address=None, data=None):
    result = LIBC.ptrace(request, pid, address, data)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x}: {os.strerror(number)}")
    return result


def syscall_names():
    """Names for messages, where the compiler's headers are installed."""
    names = {}
    machine = os.uname().machine
    for path in (f"/usr/include/{machine}-linux-gnu/asm/unistd_64.h",
                 "/usr/include/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h"):
        if not names and os.path.exists(path):
            with open(path, encoding="ascii") as file:
                names = {int(number): name for name, number in
                         re.findall(r"#define __NR_(\w+)\s+(\d+)", file.read())}
    return names


class Hang(Exception):
    """A command did not end in time."""


def folders(path):
    """The directories in PATH; none where it is gone, as others' cgroups and mounts may be."""
    try:
        return [entry.path for entry in os.scandir(path) if entry.is_dir()]
    except FileNotFoundError:
        return []


def on_alarm(_signal, _frame):
    raise Hang(f"no end within {DEADLINE} s")


class Harness:
    def __init__(self, options):
        self.options = options
        self.ident = f"killsteps{os.getpid()}"
        self.work = tempfile.mkdtemp(prefix=self.ident + ".")
        os.chmod(self.work, 0o711)
        self.root = os.path.join(self.work, "state")
        self.bundle = os.path.join(self.work, "bundle")
        self.pidfile = os.path.join(self.work, "pid")
        self.names = syscall_names()
        self.passed = self.failed = 0
        os.mkdir(self.root)
        self.make_bundle()
        self.errors = open(os.path.join(self.work, "stderr"), "w+", encoding="utf-8",
                           errors="replace")
        self.environment = dict(os.environ, TMPDIR=os.path.join(self.work, "tmp"))
        os.mkdir(self.environment["TMPDIR"])

    def make_bundle(self):
        rootfs = os.path.join(self.bundle, "rootfs")
        for name in ("bin", "proc", "dev", "sys", "tmp"):
            os.makedirs(os.path.join(rootfs, name))
        shutil.copy(self.options.busybox, os.path.join(rootfs, "bin/busybox"))
        subprocess.run([self.options.runtime, "spec"], cwd=self.bundle, check=True)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"]["terminal"] = False
        config["process"]["args"] = ["/bin/busybox", "sleep", "1000"]
        config["linux"]["cgroupsPath"] = "/" + self.ident
        config["linux"]["resources"]["pids"] = {"limit": 50}
        config["linux"]["resources"]["memory"] = {"limit": 64 << 20}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def configure(self, name):
        """For `arrive` a container that may trace who joins it."""
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        for caps in config["process"]["capabilities"].values():
            caps[:] = [cap for cap in caps if cap != "CAP_SYS_PTRACE"]
            caps += ["CAP_SYS_PTRACE"] * (name == "arrive")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def argv(self, *words):
        return [self.options.runtime, "--root", self.root, *words]

    def spawn(self, argv, traced=False):
        self.errors.seek(0)
        self.errors.truncate()
        pid = os.fork()
        if pid:
            return pid
        try:
            null = os.open("/dev/null", os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            os.dup2(self.errors.fileno(), 2)
            if traced:
                ptrace(PTRACE_TRACEME, 0)
            os.execve(argv[0], argv, self.environment)
        finally:
            os._exit(127)

    def stderr(self):
        self.errors.seek(0)
        return " ".join(self.errors.read().split())[-300:]

    def command(self, *words):
        """Runs a command to its end; returns its exit status."""
        pid = self.spawn(self.argv(*words))
        signal.alarm(DEADLINE)
        try:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except Hang:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return errno.ETIMEDOUT
        finally:
            signal.alarm(0)

    def kill_before(self, argv, number):
        """Runs ARGV and kills it on entry to its NUMBERth system call.

        Returns (the call's name, None) when killed, or (None, exit status) at its end."""
        pid = self.spawn(argv, traced=True)
        info = ctypes.create_string_buffer(88)
        count = pending = 0
        signal.alarm(DEADLINE)
        try:
            status = os.waitpid(pid, WALL)[1]
            if os.WIFSTOPPED(status):
                ptrace(PTRACE_SETOPTIONS, pid, None, OPTIONS_BITS)
            while os.WIFSTOPPED(status):
                stop = os.WSTOPSIG(status)
                if stop == signal.SIGTRAP | 0x80:
                    ptrace(PTRACE_GET_SYSCALL_INFO, pid, len(info), info)
                    if info.raw[0] == ENTRY:
                        count += 1
                    if info.raw[0] == ENTRY and count == number:
                        call = int.from_bytes(info.raw[24:32], "little")
                        os.kill(pid, signal.SIGKILL)
                        os.waitpid(pid, WALL)
                        return self.names.get(call, f"call {call}"), None
                elif stop != signal.SIGTRAP:
                    pending = stop
                ptrace(PTRACE_SYSCALL, pid, None, pending)
                pending = 0
                status = os.waitpid(pid, WALL)[1]
            return None, os.waitstatus_to_exitcode(status)
        except Hang:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, WALL)
            return None, errno.ETIMEDOUT
        finally:
            signal.alarm(0)

    def kill_child_before(self, argv, number):
        """The same for the NUMBERth system call of the processes that ARGV makes; lets ARGV end.

        Returns (the call's name or None, ARGV's exit status)."""
        main = self.spawn(argv, traced=True)
        info = ctypes.create_string_buffer(88)
        count, call, result, known = 0, None, None, set()
        signal.alarm(DEADLINE)
        try:
            while main not in known or len(known) > 1 or result is None:
                pid, status = os.waitpid(-1, WALL)
                if not os.WIFSTOPPED(status):
                    if pid == main:
                        result = os.waitstatus_to_exitcode(status)
                    known -= {pid} - {main}
                    continue
                stop = pending = os.WSTOPSIG(status)
                if pid not in known:
                    known.add(pid)
                    pending = 0
                    if pid == main:
                        ptrace(PTRACE_SETOPTIONS, pid, None, OPTIONS_BITS | FOLLOW_BITS)
                elif stop == signal.SIGTRAP | 0x80:
                    pending = 0
                    ptrace(PTRACE_GET_SYSCALL_INFO, pid, len(info), info)
                    count += pid != main and info.raw[0] == ENTRY
                    if pid != main and info.raw[0] == ENTRY and count == number and not call:
                        call = self.names.get(int.from_bytes(info.raw[24:32], "little"), "a call")
                        os.kill(pid, signal.SIGKILL)
                        continue
                elif stop == signal.SIGTRAP:
                    pending = 0
                try:
                    ptrace(PTRACE_SYSCALL, pid, None, pending)
                except ProcessLookupError:
                    pass  # killed by another meanwhile
            return call, result
        except Hang:
            for pid in known:
                os.kill(pid, signal.SIGKILL)
            return "no end", errno.ETIMEDOUT
        finally:
            signal.alarm(0)

    def kill_after(self, argv, seconds):
        """Runs ARGV and kills it after SECONDS; returns as kill_before() does."""
        pid = self.spawn(argv)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return None, os.waitstatus_to_exitcode(status)
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return f"{seconds * 1e3:.2f} ms", None
        return None, os.waitstatus_to_exitcode(status)

    def children(self):
        """Our living children: orphans of the runtime come to us, the subreaper."""
        try:
            while os.waitpid(-1, os.WNOHANG | WALL)[0]:
                pass
        except ChildProcessError:
            pass
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    def settle(self):
        """Waits for processes that are on their way out."""
        for _ in range(100):
            left = self.children()
            if not left:
                return []
            time.sleep(0.01)
        return left

    @staticmethod
    def mounts():
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return [(line.split()[4], line.split(" - ")[1].split()[0]) for line in file]

    def cgroups(self):
        """Every cgroup of ours, found by name, two levels deep and beside our own cgroup."""
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            own = {line.rstrip("\n").split(":", 2)[2] for line in file}
        found = set()
        for top, kind in self.mounts():
            if kind in ("cgroup", "cgroup2"):
                places = [top] + [top + path for path in own] + folders(top)
                found |= {path for place in places for path in folders(place)
                          if self.ident in os.path.basename(path)}
        return sorted(found)

    def leftovers(self):
        """What a container leaves that `delete --force` should have taken away."""
        result = [f"process {pid} ({self.cmdline(pid)})" for pid in self.settle()]
        result += ["cgroup " + path for path in self.cgroups()]
        result += ["mount " + path for path, _ in self.mounts() if self.ident in path]
        for place, _, files in os.walk(self.root):
            if self.ident in os.path.relpath(place, self.root) or any(
                    self.ident in name for name in files):
                result.append("state " + os.path.relpath(place, self.root))
        result += ["file " + name for name in sorted(os.listdir(self.environment["TMPDIR"]))]
        result += ["file bundle/" + name for name in sorted(os.listdir(self.bundle))
                   if name not in ("config.json", "rootfs")]
        for name in sorted(os.listdir("/run") + os.listdir("/tmp")):
            if self.ident in name and name != os.path.basename(self.work):
                result.append("file " + name)
        return result

    @staticmethod
    def cmdline(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return "gone"

    def sweep(self):
        """Takes away what the runtime did not, so that the next step starts clean."""
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)
        self.settle()
        for path, _ in reversed(self.mounts()):
            if self.ident in path:
                subprocess.run(["umount", "--lazy", path], check=False)
        for path in self.cgroups():
            subprocess.run(["find", path, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"],
                           check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root, exist_ok=True)
        for name in os.listdir(self.environment["TMPDIR"]):
            path = os.path.join(self.environment["TMPDIR"], name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def prepare(self, words):
        """Brings the container to where the command under test begins; returns an error."""
        for each in words:
            status = self.command(*each)
            if status:
                return f"{each[0]} fails with {status}: {self.stderr()}"
        if words and words[-1][0] == "kill":
            self.settle()
        return None

    def verdict(self, name, point, problems):
        if problems:
            self.failed += 1
            print(f"not ok {name} {point}: {'; '.join(problems)}", flush=True)
            self.sweep()
        else:
            self.passed += 1
            if self.options.verbose:
                print(f"ok {name} {point}", flush=True)

    def aftermath(self):
        problems = []
        status = self.command("delete", "--force", self.ident)
        if status:
            problems.append(f"delete --force ends with {status}: {self.stderr()}")
        problems += ["left: " + text for text in self.leftovers()]
        if self.command("state", self.ident) == 0:
            problems.append("state still knows the container")
        return problems

    def again(self, name):
        """The id works as if nothing had happened."""
        problem = self.prepare([self.create(), ["start", self.ident], ["state", self.ident]])
        problems = [problem] if problem else []
        self.verdict(name, "the same id again", problems + self.aftermath())

    def create(self):
        return ["create", "--bundle", self.bundle, "--pid-file", self.pidfile, self.ident]

    def exec(self):
        return ["exec", "--pid-file", self.pidfile, self.ident, "/bin/busybox", "true"]

    def unharmed(self):
        """What a killed exec leaves of the container: all of it."""
        problems = []
        self.children()
        for words in (["state", self.ident], self.exec()):
            status = self.command(*words)
            if status:
                problems.append(f"{words[0]} ends with {status} afterwards: {self.stderr()}")
        # Whoever was on its way into the container has ended with the runtime.
        for _ in range(100):
            # As an engine would: an init cannot end before the others in its pid namespace have been reaped.
            self.children()
            left = self.cgroup_processes()
            if len(left) == 1:
                return problems
            time.sleep(0.01)
        return problems + [f"{len(left)} processes in the container: "
                           + ", ".join(self.cmdline(pid) for pid in left)]

    def told(self, point, status):
        """What the runtime says of a process that was killed: 137 of its program, 255 and why before."""
        # One that ends when its copy has arrived is not missed.
        if status == 0 and "exit_group" in point:
            return []
        if status == 128 + signal.SIGKILL or (status == 255 and "killed by signal 9" in self.said):
            return []
        return [f"ends with {status}: {self.said}"]

    def cgroup_processes(self):
        found = set()
        for path in self.cgroups():
            with open(os.path.join(path, "cgroup.procs"), encoding="ascii") as file:
                found |= {int(word) for word in file.read().split()}
        return sorted(found)

    def commands(self):
        """name: (commands before, the command to be killed)"""
        ident, start = self.ident, ["start", self.ident]
        run = ["run", "--detach", "--bundle", self.bundle, "--pid-file", self.pidfile, ident]
        return {
            "create": ([], self.create()),
            "run": ([], run),
            "start": ([self.create()], start),
            "kill": ([self.create(), start], ["kill", ident, "KILL"]),
            "delete": ([self.create(), start, ["kill", ident, "KILL"]], ["delete", ident]),
            "force": ([self.create(), start], ["delete", "--force", ident]),
            "exec": ([self.create(), start], self.exec()),
            "arrive": ([self.create(), start], self.exec()),
        }

    def step(self, name, kill):
        """One kill and its aftermath; KILL is called with argv. Returns False at the end."""
        before, words = self.commands()[name]
        problem = self.prepare(before)
        if problem:
            self.verdict(name, "preparation", [problem])
            return False
        point, status = kill(self.argv(*words))
        problems = self.unharmed() if name in ("exec", "arrive") else []
        if point and self.options.children:
            problems += self.told(point, status)
        problems += self.aftermath()
        if point is None and status:
            problems.insert(0, f"ends with {status} without being killed: {self.stderr()}")
        self.verdict(name, f"killed at {point}" if point else "not killed", problems)
        return point is not None

    def walk(self, name):
        number = self.options.start
        self.configure(name)
        while not self.options.limit or number < self.options.limit:
            def kill(argv, at=number):
                way = self.kill_child_before if self.options.children else self.kill_before
                call, status = way(argv, at)
                self.said = self.stderr()
                return (f"{at} ({call})" if call else None), status

            if not self.step(name, kill):
                break
            number += self.options.stride
        print(f"# {name}: {number - 1} system calls walked through", flush=True)
        self.again(name)

    def scatter(self, name):
        self.configure(name)
        before, words = self.commands()[name]
        self.prepare(before)
        begin = time.monotonic()
        self.command(*words)
        span = time.monotonic() - begin
        self.command("delete", "--force", self.ident)
        self.settle()
        for _ in range(self.options.random):
            self.step(name, lambda argv: self.kill_after(argv, random.uniform(0, span * 1.1)))
        self.again(name)

    def close(self):
        self.sweep()
        self.errors.close()
        shutil.rmtree(self.work)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*",
                        help="create, run (detached), start, kill, delete, force (delete --force "
                             "of a running container), exec, arrive; default: create run start delete "
                             "exec arrive; with --children: exec arrive")
    parser.add_argument("--runtime", default=os.environ.get("RUNTIME"), help="default: $RUNTIME")
    parser.add_argument("--stride", type=int, default=1, help="take every STRIDEth system call")
    parser.add_argument("--start", type=int, default=1, help="the first system call")
    parser.add_argument("--limit", type=int, help="stop before this system call")
    parser.add_argument("--random", type=int, metavar="COUNT",
                        help="COUNT random points in time instead of system calls")
    parser.add_argument("--children", action="store_true",
                        help="kill the processes that the runtime makes instead of the runtime")
    parser.add_argument("--seed", type=int, default=None, help="of the random points")
    parser.add_argument("--verbose", action="store_true", help="print what passes, too")
    parser.add_argument("--busybox", default="/bin/busybox", help="a static busybox")
    options = parser.parse_args()
    if not options.runtime or not shutil.which(options.runtime):
        parser.error("RUNTIME is not set or cannot be executed")
    options.runtime = os.path.realpath(shutil.which(options.runtime))
    if options.children and options.random:
        parser.error("--children goes by system calls")
    options.commands = options.commands or ["exec", "arrive"] if options.children else \
        options.commands or ["create", "run", "start", "delete", "exec", "arrive"]
    unknown = set(options.commands) - {"create", "run", "start", "kill", "delete", "force", "exec",
                                       "arrive"}
    unknown |= set(options.commands) - {"exec", "arrive"} if options.children else set()
    if unknown:
        parser.error(f"unknown command {sorted(unknown)[0]}")
    if os.geteuid():
        parser.error("needs root")
    return options


def main():
    options = parse_options()
    signal.signal(signal.SIGALRM, on_alarm)
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if options.random:
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        print(f"# seed {seed}")
        random.seed(seed)
    harness = Harness(options)
    try:
        for name in options.commands:
            (harness.scatter if options.random else harness.walk)(name)
    finally:
        harness.close()
    print(f"{harness.passed} passed, {harness.failed} failed")
    return 1 if harness.failed or not harness.passed else 0


if __name__ == "__main__":
    sys.exit(main())
