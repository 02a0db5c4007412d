#!/usr/bin/python3
"""An LMTP server for tests: lmtp.py PORT

Prints each command that it gets, and `accepted' or `refused' for each message;
refuses recipients that begin with "no".
"""
import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def take(self, recipients):
        self.say("354 go on")
        while self.rfile.readline() not in (b".\r\n", b""):
            pass
        for _ in recipients:
            self.say("250 2.0.0 accepted")

    def handle(self):
        recipients = []
        self.say("220 lmtp.lab.test")
        for line in self.rfile:
            line = line.decode("latin-1").rstrip("\r\n")
            print(line, flush=True)
            word = line.split(" ")[0].upper()
            if word == "RCPT" and "<no" in line:
                self.say("550 5.1.1 no such list")
            elif word == "RCPT":
                recipients.append(line)
                self.say("250 2.1.5 ok")
            elif word == "DATA":
                self.take(recipients)
                recipients = []
            elif word == "QUIT":
                self.say("221 2.0.0 bye")
                return
            elif word == "LHLO":
                self.say("250-lmtp.lab.test")
                self.say("250 ENHANCEDSTATUSCODES")
            else:
                recipients = []
                self.say("250 2.0.0 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", int(sys.argv[1])), Session) as server:
    print("ready", flush=True)
    server.serve_forever()
