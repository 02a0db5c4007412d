#!/usr/bin/env python3
"""A double of syslogd: keeps what comes in, a line each.

usage: mm_syslog.py SOCKET FILE

FACILITY LEVEL REST, where REST is the datagram without its priority and its
time; bytes that are not printable ASCII are shown as {NN}.
"""
import os
import re
import socket
import sys


def line(datagram):
    m = re.match(rb"<(\d+)>(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?(.*)", datagram,
                 re.S)
    text = datagram if m is None else m[2]
    priority = -1 if m is None else int(m[1])
    shown = "".join(chr(c) if 32 <= c < 127 else "{%02x}" % c for c in text)
    return "%d %d %s\n" % (priority >> 3, priority & 7, shown)


def main():
    path, to = sys.argv[1:]
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    os.chmod(path, 0o666)
    while True:
        datagram = s.recv(65536)
        # opened anew: the tests empty the file
        with open(to, "a") as f:
            f.write(line(datagram))


main()
