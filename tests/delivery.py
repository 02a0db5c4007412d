#!/usr/bin/env python3
"""Mail from an outside client, and what Mailman's wrapper got of it.

usage: delivery.py send [-p PORT] [-s SENDER] RCPT... <MESSAGE
       delivery.py kept GOT MESSAGE [SENDER]

send prints the replies to RCPT, and to the message; ends with 1 if any of
them is not 250.  kept prints how the wrapper's double was called for each
message in its directory GOT, with the address that was added; ends with 1
where one is not MESSAGE byte for byte, but for the lines that a delivery adds.
"""
import getopt
import os
import re
import socket
import sys
import time

sys.dont_write_bytecode = True
from patience import PATIENCE  # noqa: E402

SERVER = "127.0.0.1"
CLIENT = "127.0.0.5"  # trusted by nobody
SENDER = "u@remote.test"


def now():
    return time.monotonic()


class Session:
    """An SMTP session."""

    def __init__(self, port=2525):
        self.s = socket.create_connection((SERVER, port), PATIENCE,
                                          (CLIENT, 0))
        self.f = self.s.makefile("rb")
        self.greeting = self.reply()
        self.say("EHLO mx.remote.test")

    def reply(self):
        """The last line of the reply."""
        while True:
            line = self.f.readline()
            if line[3:4] != b"-":
                break
        if not line.endswith(b"\n"):
            raise ConnectionError("closed: %r" % line)
        return line.decode("latin-1").rstrip()

    def say(self, command):
        self.s.sendall(command.encode() + b"\r\n")
        return self.reply()

    def data(self, message):
        """MESSAGE with lines as in a file."""
        answer = self.say("DATA")
        if not answer.startswith("354"):
            return answer
        if message and not message.endswith(b"\n"):
            message += b"\n"
        self.s.sendall(re.sub(rb"(?m)^\.", b"..", message)
                       .replace(b"\n", b"\r\n") + b".\r\n")
        return self.reply()

    def close(self):
        self.say("QUIT")
        self.f.close()
        self.s.close()


def send(args):
    options, rcpts = getopt.getopt(args, "p:s:")
    options = dict(options)
    session = Session(int(options.get("-p", "2525")))
    replies = [session.say("MAIL FROM:<%s>" % options.get("-s", SENDER))]
    replies += [session.say("RCPT TO:<%s>" % r) for r in rcpts]
    replies.append(session.data(sys.stdin.buffer.read()))
    session.close()
    print("\n".join(replies[1:]))
    return int(not all(r.startswith("250 ") for r in replies))


def read(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def stored(got):
    """Of each message that the double has: argv and the message."""
    for name in sorted(os.listdir(got)):
        if name[0].isdigit():
            argv = re.search(rb"(?m)^argv: (.*)", read(got, name, "report"))
            yield argv[1].decode(), read(got, name, "message")


ADDED = re.compile(
    rb"From (?P<sender>\S+)  ?\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n"
    rb"Delivered-To: (?P<address>.*)\n"
    rb"X-Mailman-Handler: listmap \S+\n"
    rb"Received: .*\n(?:[\t ].*\n)+")


def kept(args):
    got, path = args[:2]
    sender = (args[2:] or [SENDER])[0]
    sent, wrong = read(path), 0
    for argv, message in stored(got):
        m = ADDED.match(message)
        print(argv, m["address"].decode("latin-1") if m else "?")
        if not m or m["sender"].decode() != sender:
            print("it begins with %r" % message[:300])
            wrong = 1
        elif message[m.end():] != sent:
            print("not as it was sent: %r" % message[m.end():][:1000])
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit({"send": send, "kept": kept}[sys.argv[1]](sys.argv[2:]))
