#!/usr/bin/env python3
"""Asks over one connection that stays open.

usage: ask.py SOCKET

Each line of the input, "MAP KEY", is one request; the whole reply is printed
as one line.  Ends with 1 where the connection is lost.
"""
import socket
import sys

sys.dont_write_bytecode = True
from patience import PATIENCE  # noqa: E402


class Asker:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(PATIENCE)
        self.s.connect(path)
        self.f = self.s.makefile("rb")

    def ask(self, request):
        """The reply's payload, or None when the connection was lost."""
        self.send(request)
        return self.reply()

    def send(self, *requests):
        """All of them at once."""
        self.s.sendall(b"".join(b"%d:%s," % (len(r), r) for r in requests))

    def reply(self):
        """The next one's payload, or None when the connection was lost."""
        digits = b""
        while not digits.endswith(b":"):
            c = self.f.read(1)
            if not c:
                return None
            digits += c
        n = int(digits[:-1])
        reply = self.f.read(n + 1)
        return reply[:-1] if len(reply) == n + 1 else None


def main():
    asker = Asker(sys.argv[1])
    for line in sys.stdin.buffer:
        reply = asker.ask(line.rstrip(b"\n"))
        if reply is None:
            sys.exit("the connection was lost")
        sys.stdout.buffer.write(reply + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
