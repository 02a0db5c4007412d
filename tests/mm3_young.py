#!/usr/bin/env python3
"""Mail to lists of Mailman 3 that are being made.

usage: mm3_young.py NAME N DOMAIN PORT

Makes the lists NAME0 to N-1, one after the other, each when a client of its
own was refused, which then tries to send it one message: while Mailman makes
it, in its first second, and until the message is taken, by the sendmail at
PORT.  Prints the codes of RCPT; ends with 1 and a line for each that refused a
list whose directory was there, or whose address had been put off while it was
made, and where not every message was taken.
"""
import collections
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
import mm3  # noqa: E402
from delivery import SENDER, Session  # noqa: E402
from patience import PATIENCE  # noqa: E402

LISTS = os.environ["MM3"] + "/var/lists/"
TEXT = b"""Date: Sun, 22 Nov 2026 15:18:13 +0000
From: U <u@remote.test>
Message-Id: <%s@remote.test>

some words
"""
FIRST = 0.02	# seconds between two tries until the list is there
SECOND = 0.2	# and in its first second


class Young:
    def __init__(self, port):
        self.port = port
        self.lock = threading.Lock()
        self.codes = collections.Counter()
        self.wrong = []

    def complain(self, *words):
        with self.lock:
            self.wrong.append(" ".join(map(str, words)))

    def count(self, when, code):
        with self.lock:
            self.codes["%s %s" % (when, code)] += 1

    def made(self, address):
        return os.path.isdir(LISTS + mm3.list_id(address))

    def recipient(self, session, address, coming):
        """The code of RCPT, for a list that may be there."""
        there = self.made(address)
        session.say("MAIL FROM:<%s>" % SENDER)
        reply = session.say("RCPT TO:<%s>" % address)
        self.count("there" if there else "before", reply[:3])
        if reply[0] not in "24" and (there or coming):
            self.complain(address, "there" if there else "coming", reply)
        return reply

    def ask_for_nobody(self, session, address):
        """Until it is refused, as what nobody makes is at last."""
        end = time.monotonic() + PATIENCE
        while self.recipient(session, address, False)[:3] != "550":
            if time.monotonic() > end:
                raise TimeoutError("is never refused")
            session.say("RSET")
            time.sleep(FIRST)
        session.say("RSET")

    def deliver(self, address, refused):
        session, coming = Session(self.port), False
        self.ask_for_nobody(session, address)
        refused.set()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            reply = self.recipient(session, address, coming)
            if reply.startswith("250"):
                break
            coming = coming or reply[0] == "4"
            session.say("RSET")
            time.sleep(SECOND if self.made(address) else FIRST)
        reply = session.data(TEXT % address.split("@")[0].encode())
        session.close()
        self.count("message", reply[:3])

    def guarded(self, address, refused):
        try:
            self.deliver(address, refused)
        except Exception as e:
            self.complain(address, repr(e))
        refused.set()

    def run(self, addresses):
        clients = []
        for address in addresses:
            refused = threading.Event()
            clients.append(threading.Thread(target=self.guarded,
                                            args=(address, refused)))
            clients[-1].start()
            refused.wait()
            mm3.rest("POST", "lists", fqdn_listname=address)
        for client in clients:
            client.join()


def main(name, n, domain, port):
    young = Young(int(port))
    young.run("%s%d@%s" % (name, i, domain) for i in range(int(n)))
    for what in sorted(young.codes.items()):
        print("%s: %d" % what)
    # Without these nothing was tried.
    for what, least in ("before 550", int(n)), ("there 250", 1):
        if young.codes[what] < least:
            young.complain("too few:", what)
    if young.codes["message 250"] != int(n):
        young.complain("too few messages were taken")
    for line in young.wrong[:20]:
        print("wrong:", line)
    return int(bool(young.wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
