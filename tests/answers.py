#!/usr/bin/python3
"""A socketmap server for tests: answers.py SOCKET <ANSWERS

ANSWERS has lines `map key<TAB>reply'; where a request has several, they are
given one after the other, the last one for ever.  All else is NOTFOUND.
"""
import socketserver
import sys


def read_answers(lines):
    answers = {}
    for line in lines:
        request, reply = line.rstrip("\n").split("\t")
        answers.setdefault(request, []).append(reply)
    return answers


class Session(socketserver.StreamRequestHandler):
    def read_request(self):
        length = b""
        while not length.endswith(b":"):
            byte = self.rfile.read(1)
            if not byte:
                return None
            length += byte
        return self.rfile.read(int(length[:-1]) + 1)[:-1].decode("latin-1")

    def handle(self):
        while (request := self.read_request()) is not None:
            replies = self.server.answers.get(request, ["NOTFOUND "])
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            self.wfile.write(b"%d:%s," % (len(reply), reply.encode()))


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


with Server(sys.argv[1], Session) as server:
    server.answers = read_answers(sys.stdin)
    server.serve_forever()
