#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Receives a terminal over a console socket, as an engine does.

console_receive.py SOCKET OUTPUT [TEXT]

Listens on SOCKET and takes one connection: writes the message's data to OUTPUT.data and the number
of descriptors that came to OUTPUT.fds, sends TEXT to the terminal and copies what the terminal says
to OUTPUT until the container is gone.
"""
import array
import os
import socket
import sys


def receive(connection):
    size = array.array("i").itemsize
    data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(16 * size))
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % size])
    return data, descriptors


def main():
    path, output = sys.argv[1:3]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory, name = os.path.split(path)
    os.chdir(directory)  # the address has room for 107 bytes
    # It is seen when it can be connected to.
    listener.bind(name + ".new")
    listener.listen(1)
    os.rename(name + ".new", name)
    connection, _ = listener.accept()
    data, descriptors = receive(connection)
    with open(output + ".data", "wb") as file:
        file.write(data)
    with open(output + ".fds", "w") as file:
        file.write(f"{len(descriptors)}\n")
    terminal = descriptors[0]
    if len(sys.argv) > 3:
        os.write(terminal, sys.argv[3].encode())
    with open(output, "wb", buffering=0) as file:
        while True:
            try:
                chunk = os.read(terminal, 4096)
            except OSError:  # EIO: nobody has the other end any more
                break
            if not chunk:
                break
            file.write(chunk)


main()
