#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bus with a manager on it that answers as systemd does, or badly.

    fake_systemd.py SOCKET CGROUPS LOG [MESSAGE=FAULT]

Listens on SOCKET, makes scopes as cgroups below CGROUPS (a mount of cgroup v2) with the processes that
it is given, and writes a line of JSON into LOG for each call: [method, arguments]. MESSAGE is a method
(Hello, AddMatch, StartTransientUnit, StopUnit, ResetFailedUnit, SetUnitProperties), "auth" or
"JobRemoved"; FAULT is what becomes of it:

    delay=SECONDS   it comes late
    silent          nothing is done and nothing said
    lost            it is done, and nothing said
    twice           it is said twice
    close           the connection ends instead of it
    lost-close      it is done, and the connection ends
    error=NAME      an error of that name is the answer; error-once=NAME: to the first call only
    result=WORD     JobRemoved says WORD
    foreign=SLICE   just before it is done, another has a unit of that name made in SLICE, with the
                    process $FOREIGN_PID in it; foreign-lost: and nothing is said;
                    foreign-slow: the process comes half a second after its cgroup;
                    foreign-brief: no process comes, and half a second later the unit has ended;
                    foreign-often: and so do others that come after it
"""

import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time

PATH = "/org/freedesktop/systemd1"
MANAGER = "org.freedesktop.systemd1.Manager"
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4


# ---- messages: D-Bus specification, "Marshaling" ---------------------------------------------------

ALIGN = dict(y=1, b=4, n=2, q=2, i=4, u=4, x=8, t=8, d=8, s=4, o=4, g=1, a=4, v=1)
BASIC = dict(y="B", b="I", n="h", q="H", i="i", u="I", x="q", t="Q", d="d")


def first_type(signature):
    if signature[0] == "a":
        return "a" + first_type(signature[1:])
    if signature[0] != "(":
        return signature[0]
    depth = 0
    for i, c in enumerate(signature):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return signature[:i + 1]
    raise ValueError(signature)


def types(signature):
    while signature:
        one = first_type(signature)
        yield one
        signature = signature[len(one):]


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def align(self, n):
        self.at += -self.at % n

    def take(self, code):
        n = struct.calcsize(code)
        self.align(n)
        value = struct.unpack_from("<" + code, self.data, self.at)[0]
        self.at += n
        return value

    def text(self, n):
        value = self.data[self.at:self.at + n].decode()
        self.at += n + 1
        return value

    def value(self, kind):
        if kind in BASIC:
            return self.take(BASIC[kind])
        if kind in "so":
            return self.text(self.take("I"))
        if kind == "g":
            return self.text(self.take("B"))
        if kind == "v":
            return self.value(self.value("g"))
        if kind[0] == "(":
            self.align(8)
            return [self.value(one) for one in types(kind[1:-1])]
        size = self.take("I")
        self.align(8 if kind[1] == "(" else ALIGN[kind[1]])
        end, items = self.at + size, []
        while self.at < end:
            items.append(self.value(kind[1:]))
        return items


def put(out, kind, value):
    def align(n):
        out.extend(b"\0" * (-len(out) % n))

    if kind in BASIC:
        align(ALIGN[kind])
        out += struct.pack("<" + BASIC[kind], value)
    elif kind in "so":
        align(4)
        out += struct.pack("<I", len(value.encode())) + value.encode() + b"\0"
    elif kind == "g":
        out += struct.pack("<B", len(value)) + value.encode() + b"\0"


def message(kind, serial, fields, signature="", values=()):
    body, header = bytearray(), bytearray()
    for one, value in zip(types(signature), values):
        put(body, one, value)
    if signature:
        fields = fields + [(8, "g", signature)]
    for code, one, value in fields:
        header += b"\0" * (-len(header) % 8)
        header += struct.pack("<B", code)
        put(header, "g", one)
        put(header, one, value)
    start = struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), serial, len(header))
    header += b"\0" * (-(len(start) + len(header)) % 8)
    return start + bytes(header) + bytes(body)


# ---- the manager -----------------------------------------------------------------------------------

class Manager:
    def __init__(self, cgroups, log, fault):
        self.cgroups, self.log = cgroups, log
        self.fault = dict([fault.split("=", 1)] if fault else [])
        self.units, self.jobs, self.lock = {}, 0, threading.Lock()
        self.subscribers, self.intruded = [], False

    def faults(self, name):
        kind, _, value = self.fault.get(name, "").partition("=")
        if kind == "error-once":
            del self.fault[name]
        return kind, value

    def note(self, method, arguments):
        with open(self.log, "a") as f:
            f.write(json.dumps([method, arguments]) + "\n")

    def make(self, unit, slice_name):
        path = self.cgroups
        slices = slice_name[:-len(".slice")].split("-")
        for n in range(len(slices)):
            path += "/" + "-".join(slices[:n + 1]) + ".slice"
        path += "/" + unit
        os.makedirs(path)
        self.units[unit] = path

    def enter(self, unit, pids):
        for pid in pids:
            with open(self.units[unit] + "/cgroup.procs", "w") as f:
                f.write(str(pid))

    def start(self, unit, properties):
        if unit in self.units:
            return "UnitExists"
        given = dict(properties)
        self.make(unit, given["Slice"])
        self.enter(unit, given["PIDs"])
        return None

    def intrude(self, kind, slice_name, unit):
        """Somebody else is faster."""
        if unit in self.units or (kind == "foreign-brief" and self.intruded):
            return
        self.intruded = True
        self.make(unit, slice_name)
        pids = [os.environ.get("FOREIGN_PID")]

        def later():
            with self.lock:
                if kind == "foreign-slow":
                    self.enter(unit, pids)
                else:
                    self.stop(unit)

        if kind in ("foreign-slow", "foreign-brief", "foreign-often"):
            threading.Timer(0.5, later).start()
        else:
            self.enter(unit, pids)

    def stop(self, unit):
        path = self.units.pop(unit, None)
        if not path:
            return "NoSuchUnit"
        try:
            with open(path + "/cgroup.kill", "w") as f:
                f.write("1")
        except OSError:
            pass
        while os.path.isdir(path):
            try:
                os.rmdir(path)
            except OSError:
                time.sleep(0.01)
        for connection in self.subscribers:
            connection.unit_removed(unit)
        return None


class Connection(threading.Thread):
    def __init__(self, manager, sock):
        super().__init__(daemon=True)
        self.manager, self.sock, self.serial, self.buffer = manager, sock, 0, b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def read(self, n):
        while len(self.buffer) < n:
            self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def read_line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.lstrip(b"\0").decode()

    def authenticate(self):
        kind, value = self.manager.faults("auth")
        if kind == "silent":
            time.sleep(3600)
        if kind == "delay":
            time.sleep(float(value))
        if kind == "close":
            raise EOFError
        while True:
            line = self.read_line()
            if line == "BEGIN":
                return
            answer = {"AUTH EXTERNAL": "DATA", "NEGOTIATE_UNIX_FD": "AGREE_UNIX_FD"}.get(line, "OK " + "0" * 32)
            self.sock.sendall(answer.encode() + b"\r\n")

    def receive(self):
        start = self.read(16)
        body, serial, fields = struct.unpack_from("<III", start, 4)
        rest = self.read(fields + -fields % 8 + body)
        header = {}
        reader = Reader(start + rest[:fields], 12)
        for code, value in reader.value("a(yv)"):
            header[code] = value
        data = Reader(rest[fields + -fields % 8:])
        return serial, header.get(3), [data.value(one) for one in types(header.get(8, ""))]

    def send(self, kind, fields, signature="", values=()):
        self.serial += 1
        fields = fields + [(7, "s", "org.freedesktop.systemd1")]
        self.sock.sendall(message(kind, self.serial, fields, signature, values))

    def job_removed(self, job, unit):
        kind, value = self.manager.faults("JobRemoved")
        if kind in ("silent", "lost"):
            return
        if kind == "close":
            raise EOFError
        if kind == "delay":
            time.sleep(float(value))
        result = value if kind == "result" else "done"
        for _ in range(2 if kind == "twice" else 1):
            self.send(SIGNAL, [(1, "o", PATH), (2, "s", MANAGER), (3, "s", "JobRemoved")], "uoss",
                      (int(job.split("/")[-1]), job, unit, result))

    def unit_removed(self, unit):
        path = PATH + "/unit/" + re.sub(r"\W", lambda c: f"_{ord(c[0]):02x}", unit)
        try:
            self.send(SIGNAL, [(1, "o", PATH), (2, "s", MANAGER), (3, "s", "UnitRemoved")], "so", (unit, path))
        except OSError:
            pass

    def work(self, method, arguments):
        """The error's short name or None, and what the answer holds."""
        manager = self.manager
        if method == "StartTransientUnit":
            return manager.start(arguments[0], arguments[2])
        if method == "StopUnit":
            return manager.stop(arguments[0])
        if method in ("ResetFailedUnit", "SetUnitProperties"):
            return None if arguments[0] in manager.units or method == "ResetFailedUnit" else "NoSuchUnit"
        if method == "Subscribe":
            self.manager.subscribers.append(self)
            return None
        if method == "GetUnit":
            return None if arguments[0] in manager.units else "NoSuchUnit"
        return None if method in ("Hello", "AddMatch") else "UnknownMethod"

    def answer(self, serial, method, arguments):
        kind, value = self.manager.faults(method)
        self.manager.note(method, arguments)
        if kind == "silent":
            return
        if kind == "close":
            raise EOFError
        if kind == "delay":
            time.sleep(float(value))
        to = [(5, "u", serial), (6, "s", ":1.1")]
        if kind.startswith("error"):
            self.send(ERROR, to + [(4, "s", value)], "s", ("as the test wants it",))
            return
        if kind.startswith("foreign"):
            self.manager.intrude(kind, value, arguments[0])
        error = self.work(method, arguments)
        if kind == "lost-close":
            raise EOFError
        if kind in ("lost", "foreign-lost"):
            return
        if error:
            self.send(ERROR, to + [(4, "s", "org.freedesktop.systemd1." + error)], "s", (error,))
            return
        self.manager.jobs += 1
        job = f"{PATH}/job/{self.manager.jobs}"
        signature, values = {"Hello": ("s", (":1.1",)), "StartTransientUnit": ("o", (job,)),
                             "StopUnit": ("o", (job,)), "GetUnit": ("o", (PATH + "/unit/it",))}.get(method, ("", ()))
        for _ in range(2 if kind == "twice" else 1):
            self.send(RETURN, to, signature, values)
        if signature == "o" and method != "GetUnit":
            self.job_removed(job, arguments[0])

    def run(self):
        try:
            self.authenticate()
            while True:
                call = self.receive()
                with self.manager.lock:
                    self.answer(*call)
        except (EOFError, OSError):
            pass
        self.sock.close()


def main():
    path, cgroups, log = sys.argv[1:4]
    manager = Manager(cgroups, log, sys.argv[4] if len(sys.argv) > 4 else None)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path + ".new")
    server.listen(16)
    os.rename(path + ".new", path)
    # Units of an earlier manager, as a systemd that was exchanged for another knows them.
    for base, _, _ in os.walk(cgroups):
        if re.search(r"\.scope$", base) and os.environ["FAKE_TOKEN"] in base:
            manager.units[os.path.basename(base)] = base
    while True:
        Connection(manager, server.accept()[0]).start()


main()
