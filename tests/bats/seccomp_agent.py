#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A seccomp agent, as linux.seccomp.listenerPath wants one.

seccomp_agent.py SOCKET OUTPUT [--pause SECONDS] [--count N] [HOW]

Listens on SOCKET. Of every connection it writes to OUTPUT.N.json the data up to the end of file, and to OUTPUT.N.fds
how many descriptors came with each recvmsg that returned something. HOW decides what becomes of notifications:

  continue     every call goes on (default)
  errno NR E   call NR fails with errno E, every other one goes on
  die          ends as soon as it has the listener

OUTPUT.N.calls gets the number of every call that was notified, a line each. --pause lets the first notification
wait, --count ends after N connections; the listeners are served until their last process has ended.
"""
import argparse
import array
import ctypes
import os
import select
import socket
import struct
import threading
import time

RECV, SEND = 0xC0502100, 0xC0182101
CONTINUE = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def receive(connection, output):
    size = array.array("i").itemsize
    data, descriptors, counts = b"", array.array("i"), []
    while True:
        part, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(16 * size))
        if not part:
            break
        came = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                came.frombytes(content[: len(content) - len(content) % size])
        data += part
        counts.append(len(came))
        descriptors.extend(came)
    with open(output + ".fds", "w", encoding="ascii") as file:
        file.write(" ".join(map(str, counts)) + "\n")
    with open(output + ".json.new", "wb") as file:
        file.write(data)
    return descriptors


def serve(listener, output, arguments):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    refused = arguments.how[1:] if arguments.how[0] == "errno" else None
    with open(output + ".calls", "w", buffering=1, encoding="ascii") as calls:
        os.rename(output + ".json.new", output + ".json")
        while True:
            if any(event & select.POLLHUP for _, event in poll.poll()):
                return
            request = ctypes.create_string_buffer(80)
            if LIBC.ioctl(listener, ctypes.c_ulong(RECV), request) < 0:
                continue  # the process was killed meanwhile
            number, = struct.unpack_from("=i", request.raw, 16)
            calls.write(f"{number}\n")
            time.sleep(arguments.pause)
            arguments.pause = 0
            error, flags = 0, CONTINUE
            if refused and number == int(refused[0]):
                error, flags = -int(refused[1]), 0
            answer = ctypes.create_string_buffer(request.raw[:8] + struct.pack("=qiI", 0, error, flags), 24)
            LIBC.ioctl(listener, ctypes.c_ulong(SEND), answer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("output")
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("how", nargs="*", default=["continue"])
    arguments = parser.parse_intermixed_args()
    arguments.how = arguments.how or ["continue"]
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory, name = os.path.split(arguments.socket)
    os.chdir(directory)  # the address has room for 107 bytes
    # It is seen when it can be connected to.
    server.bind(name + ".new")
    server.listen(1)
    os.rename(name + ".new", name)
    threads = []
    for number in range(1, arguments.count + 1):
        connection, _ = server.accept()
        output = f"{arguments.output}.{number}"
        descriptors = receive(connection, output)
        connection.close()
        if arguments.how[0] == "die":
            os.rename(output + ".json.new", output + ".json")
            return
        threads.append(threading.Thread(target=serve, args=(descriptors[0], output, arguments)))
        threads[-1].start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
