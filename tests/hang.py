#!/usr/bin/env python3
"""Clients of a daemon while one of its file servers hangs.

usage: hang.py ask SOCKET MAP_KEY=WORD...
       hang.py probe SOCKET COUNT MAP_KEY=WORD...
       hang.py order SOCKET MISS HIT NEAR
       hang.py states SOCKET NUMBERS STATE...
       hang.py budget SOCKET MISS HIT N
       hang.py give-up SOCKET MISS N

A WORD is OK, NOTFOUND or TEMP.

ask	asks all of them at the same time, each on a connection of its own
probe	asks each of them over and over, a millisecond after the last answer,
	on a connection that stays and on new ones; writes into the file COUNT
	how many were answered; until SIGTERM, when it prints that and the
	longest time that a reply took
order	asks what has to wait, MISS, among others on one connection: the
	answers come in order, TEMP for MISS; meanwhile another connection
	gets the answer for NEAR
budget	N clients ask for names like MISS, which has %d in it: some get TEMP
	before others who asked earlier, all get TEMP in the end, and none of
	them keeps HIT from being answered
states	the sites s0 and so on of these numbers are in one of the states
give-up	N clients ask for MISS, and go while they wait

Where the machine is so busy that the daemon is late it closes connections with
a question: these ask again.
"""
import os
import resource
import select
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
from ask import Asker  # noqa: E402
from clients import Client, Silence, frame  # noqa: E402
from patience import PATIENCE, until  # noqa: E402


def word_of(reply):
    return "lost" if reply is None else reply.split(b" ")[0].decode()


def parse(wanted):
    """MAP_KEY=WORD"""
    request, _, word = wanted.rpartition("=")
    return request.replace("_", " ", 1), word


def ask(path, *wanted):
    wanted = [parse(w) for w in wanted]
    end, wrong = time.monotonic() + PATIENCE, []
    while wanted and time.monotonic() < end:
        clients = [Asker(path) for _ in wanted]
        for c, (request, _) in zip(clients, wanted):
            c.send(request.encode())
        lost = []
        for c, (request, word) in zip(clients, wanted):
            reply = c.reply()
            if reply is None:
                lost.append((request, word))
            elif word_of(reply) != word:
                wrong.append("%s: %r, not %s" % (request, reply, word))
            c.s.close()
        wanted = lost
    print("\n".join(wrong + ["%s: lost" % w[0] for w in wanted]))
    return len(wrong + wanted)


class Probe:
    def __init__(self, path, count, wanted):
        self.path, self.count = path, count
        self.wanted = [parse(w) for w in wanted]
        self.asked, self.lost, self.longest, self.wrong = 0, 0, 0.0, []

    def ask(self, asker, request, word):
        """Whether ASKER may be used again."""
        start = time.monotonic()
        reply = asker.ask(request.encode())
        self.longest = max(self.longest, time.monotonic() - start)
        self.asked += reply is not None
        self.lost += reply is None
        if reply is not None and word_of(reply) != word:
            self.wrong.append("%s: %r" % (request, reply))
        return reply is not None

    def write_count(self):
        with open(self.count + ".new", "w", encoding="ascii") as f:
            f.write("%d\n" % self.asked)
        os.rename(self.count + ".new", self.count)

    def run(self):
        over = []
        signal.signal(signal.SIGTERM, lambda *_: over.append(1))
        asker = Asker(self.path)
        while not over and not self.wrong:
            for request, words in self.wanted:
                if not self.ask(asker, request, words):
                    asker = Asker(self.path)
                time.sleep(0.001)
            fresh = Asker(self.path)
            self.ask(fresh, *self.wanted[self.asked % len(self.wanted)])
            fresh.s.close()
            self.write_count()
        print("%d answers, the longest after %.1f ms; %d were closed" % (
            self.asked, self.longest * 1e3, self.lost))
        print("\n".join(self.wrong))
        return len(self.wrong)


def order(path, miss, hit, near):
    """Both answers may come while nobody looks, so it tries again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with Client("local:" + path) as c, Client("local:" + path) as other:
            c.raw(b"".join(map(frame, (hit, miss, near, hit, miss, near))))
            first = c.reply()
            other_reply = other.request(near)
            try:
                early = c.reply(0)
            except Silence:
                early = None
            replies = [first, early or c.reply()]
            replies += [c.reply() for _ in range(4)]
        words = [r.split(" ")[0] for r in replies]
        if words != ["OK", "TEMP", "OK", "OK", "TEMP", "OK"] or \
                not other_reply.startswith("OK "):
            print("%s; another: %s" % (replies, other_reply))
            return 1
        if early is None:
            return 0
    print("nobody was answered while another one waited")
    return 1


def states(path, numbers, *allowed):
    report = Asker(path).ask(b".status all").decode().split("\n")
    found = {}
    for line in report:
        words = line.split("\t")
        if words[1:2] == ["state"]:
            found[words[0]] = words[2]
    wrong = {n: found.get("site s" + n) for n in numbers.split()
             if found.get("site s" + n) not in allowed}
    print("not %s: %s" % (allowed, wrong))
    return len(wrong)


def raise_limit(n):
    """For N descriptors and some more; those above 1023 are for poll()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < n + 100:
        sys.exit("no more than %d files may be open here" % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, hard))


def budget(path, miss, hit, n):
    n = int(n)
    raise_limit(n)
    hits, poll, waiting = Asker(path), select.poll(), {}
    for i in range(n):
        c = Asker(path)
        waiting[c.s.fileno()] = c
        poll.register(c.s, select.POLLIN)
    for i, c in enumerate(waiting.values()):
        c.send((miss % i).encode())
    early, wrong = 0, []
    while waiting and not wrong:
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            sys.exit("%d of %d got no answer" % (len(waiting), n))
        for fd, _ in ready:
            c = waiting.pop(fd)
            poll.unregister(fd)
            reply = c.reply()
            if word_of(reply) not in ("TEMP", "lost"):
                wrong.append(reply)
            c.s.close()
        # They were opened, and have asked, in the order of their numbers.
        first = min(waiting, default=max(fd for fd, _ in ready) + 1)
        early += sum(fd > first for fd, _ in ready)
        reply = hits.ask(hit.encode())
        if word_of(reply) != "OK":
            wrong.append("%d still wait: %r" % (len(waiting), reply))
    print("%d of %d had an answer before another one who asked earlier" % (
        early, n))
    print("\n".join(map(repr, wrong[:5])))
    return len(wrong) or early == 0


def connections(asker):
    report = asker.ask(b".status all").decode()
    return int(report.partition("daemon\tconnections\t")[2].split()[0])


def give_up(path, miss, n):
    """Others may come and go meanwhile, but not so many."""
    asker = Asker(path)
    before = connections(asker)
    for i in range(int(n)):
        c = Client("local:" + path)
        c.raw(frame(miss % i) * (1 + i % 3))
        if i % 3 == 0:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
        elif i % 3 == 1:
            c.end()
        c.close()
    until(lambda: connections(asker) <= before + 2, "the connections' ends")
    return 0


def main():
    what, path, *words = sys.argv[1:]
    if what == "probe":
        return Probe(path, words[0], words[1:]).run()
    return {"ask": ask, "order": order, "states": states, "budget": budget,
            "give-up": give_up}[what](path, *words)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
