#!/usr/bin/env python3
"""Asks the same questions round and round, until it is told to end.

usage: asking.py SOCKET REQUEST...

Each REQUEST is "MAP KEY", and there is a list for each.  Prints a line when
all were answered once.  SIGTERM lets it ask all of them once more, print how
many answers there were of each kind, and end; with 1 where one was "absent",
which it shows, or where the connection was lost.
"""
import signal
import sys

sys.dont_write_bytecode = True
from ask import Asker  # noqa: E402

KINDS = {b"OK": "found", b"NOTFOUND": "absent", b"TEMP": "no answer"}


def main():
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    asker = Asker(sys.argv[1])
    requests = [r.encode() for r in sys.argv[2:]]
    seen = dict.fromkeys(KINDS.values(), 0)
    absent = {}
    rounds = last = 0
    while not last:
        last = len(over)
        for request in requests:
            reply = asker.ask(request)
            if reply is None:
                sys.exit("the connection was lost")
            kind = KINDS[reply.split(b" ")[0]]
            seen[kind] += 1
            if kind == "absent":
                absent.setdefault(request.decode(), rounds)
        if not rounds:
            print("all answered once", flush=True)
        rounds += 1
    print(rounds, "rounds:", seen)
    for request, number in list(absent.items())[:5]:
        print("absent in round %d: %s" % (number, request))
    sys.exit(1 if absent else 0)


if __name__ == "__main__":
    main()
