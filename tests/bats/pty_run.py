#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of its own, as a user's shell does.

pty_run.py [--size ROWSxCOLUMNS] [--on TEXT ACTION]... COMMAND [ARG...]

When TEXT has appeared in the output (each --on once, in order) ACTION is done:
    send:WORDS       types WORDS (\\n, \\x03 ... are understood)
    size:RxC         changes the window size
    kill:SIGNAL      sends a signal to COMMAND
Prints the output, then "status=N" and "restored=yes" or "no" for the terminal's settings.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time


def set_size(fd, text):
    rows, columns = map(int, text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def act(action, primary, pid):
    kind, value = action.split(":", 1)
    if kind == "send":
        os.write(primary, value.encode().decode("unicode_escape").encode())
    elif kind == "size":
        set_size(primary, value)
    elif kind == "kill":
        os.kill(pid, getattr(signal, value))


def start(secondary, command):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(secondary, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(secondary, fd)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    return pid


def serve(primary, pid, steps):
    output, seen, deadline = b"", 0, time.monotonic() + 20
    status = None
    while time.monotonic() < deadline:
        ready, _, _ = select.select([primary], [], [], 0.05)
        if ready:
            output += os.read(primary, 65536)
            while steps and steps[0][0] in output[seen:]:
                seen = output.index(steps[0][0], seen) + len(steps[0][0])
                act(steps.pop(0)[1], primary, pid)
        elif status is not None:
            break
        if status is None:
            done, raw = os.waitpid(pid, os.WNOHANG)
            if done:
                status = os.waitstatus_to_exitcode(raw)
    if status is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return output, status


def main():
    words, steps, size = sys.argv[1:], [], "24x80"
    while words and words[0].startswith("--"):
        if words[0] == "--size":
            size = words[1]
            words = words[2:]
        else:
            steps.append((words[1].encode(), words[2]))
            words = words[3:]
    primary, secondary = pty.openpty()
    set_size(primary, size)
    before = termios.tcgetattr(secondary)
    output, status = serve(primary, start(secondary, words), steps)
    sys.stdout.buffer.write(output.replace(b"\r\n", b"\n"))
    print(f"\nstatus={status}")
    # A killed runtime leaves it to another process, which needs a moment.
    end = time.monotonic() + (2 if status < 0 else 0)
    while termios.tcgetattr(secondary) != before and time.monotonic() < end:
        time.sleep(0.02)
    print("restored=" + ("yes" if termios.tcgetattr(secondary) == before else "no"))


main()
