#!/usr/bin/env python3
"""Asks for lists that exist while everything around them changes.

usage: no_false_absent.py SECONDS SOCKET LISTS_DIR PID REBUILD...

PID is the daemon's, REBUILD the command that cron runs.  Ends with 1 and
what was wrong at the first answer that is not "found", and where a
connection is lost; prints what it did otherwise.  Goes on for SECONDS, and
until each of the changes came about some times.
"""
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from ask import Asker  # noqa: E402
from patience import PATIENCE  # noqa: E402

STAYING = ["stay%d" % i for i in range(40)]
FEWEST = {"asked": 2000, "new lists": 100, "saved": 100, "reloads": 3,
          "rebuilds": 5, "connections": 100}

done = dict.fromkeys(FEWEST, 0)
wrong = []
over = threading.Event()


def fail(text):
    wrong.append(text)
    over.set()


def expect_found(asker, request):
    reply = asker.ask(request.encode())
    if reply is None or not reply.startswith(b"OK "):
        fail("%s: %r" % (request, reply))


def until_over(job):
    """Runs a thread's steps; what it dies of is a failure as well."""
    def run(*args):
        try:
            for step in job(*args):
                done[step] += 1
                if over.is_set():
                    return
        except Exception as e:
            fail("%s: %r" % (job.__name__, e))
    return run


@until_over
def ask_for_staying(socket, offset):
    asker = Asker(socket)
    names = itertools.cycle(STAYING[offset:] + STAYING[:offset])
    forms = itertools.cycle((
        "recipients %s@lists.example.org", "aliases %s",
        "listmap %s-owner@example.org", "virtuser %s@example.org",
        "recipients %s-bounces+a=b@lists.example.org",
        "transport owner-%s@example.org"))
    for name, form in zip(names, forms):
        expect_found(asker, form % name)
        yield "asked"


@until_over
def connect_anew(socket):
    """As sendmail's processes do: a connection, a few look-ups."""
    for i in itertools.count():
        asker = Asker(socket)
        for name in STAYING[i % 36:i % 36 + 5]:
            expect_found(asker, "listmap %s@lists.example.org" % name)
        asker.s.close()
        yield "connections"


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def newlist(directory):
    os.mkdir(directory)
    write(directory + "/config.pck.tmp", b"}q\x01.")
    os.rename(directory + "/config.pck.tmp", directory + "/config.pck")


@until_over
def come_and_go(socket, lists):
    """Neighbours: asked for from their first moment to their last."""
    asker = Asker(socket)
    alive = []
    for i in itertools.count():
        # Every third one has a better claim to a neighbour's address.
        name = "stay%d-owner" % (i % 40) if i % 3 == 0 else "go%d" % i
        if os.path.exists("%s/%s" % (lists, name)):
            continue
        newlist("%s/%s" % (lists, name))
        alive.append(name)
        for known in alive:
            expect_found(asker, "recipients %s@lists.example.org" % known)
        if len(alive) > 8:
            gone = alive.pop(0)
            shutil.rmtree("%s/%s" % (lists, gone))
        yield "new lists"


@until_over
def save(lists):
    """As Mailman saves a list's configuration."""
    for i in itertools.count():
        pck = "%s/%s/config.pck" % (lists, STAYING[i % len(STAYING)])
        write(pck + ".tmp", b"}q\x01.%d" % i)
        if os.path.exists(pck + ".last"):
            os.unlink(pck + ".last")
        os.link(pck, pck + ".last")
        os.rename(pck + ".tmp", pck)
        over.wait(0.005)
        yield "saved"


@until_over
def rebuild(command):
    while True:
        r = subprocess.run(command, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        if r.returncode != 0 or r.stdout:
            fail("rebuild ended with %d: %r" % (r.returncode, r.stdout))
        over.wait(0.05)
        yield "rebuilds"


@until_over
def reload(pid):
    while not over.wait(0.7):
        os.kill(pid, signal.SIGHUP)
        yield "reloads"


def main():
    seconds, socket, lists, pid = sys.argv[1:5]
    for name in STAYING:
        newlist("%s/%s" % (lists, name))
    threads = [threading.Thread(target=t, args=a) for t, a in [
        (ask_for_staying, (socket, 0)), (ask_for_staying, (socket, 13)),
        (connect_anew, (socket,)), (come_and_go, (socket, lists)),
        (save, (lists,)), (rebuild, (sys.argv[5:],)), (reload, (int(pid),))]]
    start = time.monotonic()
    for t in threads:
        t.start()
    while not over.wait(0.1):
        ran = time.monotonic() - start
        enough = all(done[what] >= FEWEST[what] for what in FEWEST)
        if ran > float(seconds) and enough:
            over.set()
        if ran > PATIENCE + float(seconds):
            fail("too few: %r" % done)
    for t in threads:
        t.join()
    if wrong:
        sys.exit("\n".join(wrong))
    print(done)


if __name__ == "__main__":
    main()
