#!/usr/bin/env python3
"""alone.py COMMAND...: runs a command in a network namespace of its own, with nothing but `lo`.
What it starts may then listen on all addresses and nobody else can reach it, nor it anybody."""
import fcntl
import os
import socket
import struct
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        answer = fcntl.ioctl(asked, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", answer)[1]
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        bring_up_loopback()
        os.execvp(sys.argv[2], sys.argv[2:])
    how = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
    os.execvp("unshare", ["unshare", *how, sys.executable, __file__, "--inside", *sys.argv[1:]])
