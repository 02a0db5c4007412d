#!/usr/bin/python3
"""An SMTP dialogue for tests: smtp.py [-f SOURCE] HOST PORT <COMMANDS >REPLIES

Sends the lines of its input, each after the reply to the one before; after a
354 all lines up to the dot are the message.  Prints every reply, the greeting
included, and `closed' where the server hangs up.  -f binds to an address, so
that the client is not the local host.  Waits for a server that is starting.
"""
import getopt
import socket
import sys

sys.dont_write_bytecode = True
from patience import PATIENCE, until  # noqa: E402


def connect(source, host, port):
    made = []

    def listens():
        try:
            made.append(socket.create_connection(
                (host, port), PATIENCE, (source, 0) if source else None))
        except ConnectionRefusedError:
            return False
        return True
    until(listens, "%s:%d listens" % (host, port))
    return made[0]


def read_reply(stream):
    """Prints one reply; its code, or None where the connection is closed."""
    while True:
        line = stream.readline()
        if not line:
            print("closed", flush=True)
            return None
        sys.stdout.buffer.write(line.replace(b"\r\n", b"\n"))
        sys.stdout.flush()
        if line[3:4] != b"-":
            return line[:3]


def send_message(sock, lines):
    for line in lines:
        sock.sendall(line.rstrip(b"\n") + b"\r\n")
        if line == b".\n":
            return


def converse(sock):
    stream, lines = sock.makefile("rb"), sys.stdin.buffer
    code = read_reply(stream)
    while code is not None:
        line = lines.readline()
        if not line:
            return
        sock.sendall(line.rstrip(b"\n") + b"\r\n")
        code = read_reply(stream)
        if code == b"354":
            send_message(sock, lines)
            code = read_reply(stream)


def main():
    options, (host, port) = getopt.getopt(sys.argv[1:], "f:")
    with connect(dict(options).get("-f"), host, int(port)) as sock:
        try:
            converse(sock)
        except ConnectionError:
            print("closed", flush=True)


main()
