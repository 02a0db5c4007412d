#!/usr/bin/env python3
"""Flips bits in the cache of a site and asks for all of its lists.

usage: damage.py cold|running|rebuild COUNT SEED DIR CONF PROGRAMS

DIR is the directory of lib.bash's conf(), CONF the configuration, PROGRAMS
where listmapd and listmap are.  DIR/addresses has the address of a list in
each line, and the cache is good.  COUNT times one to four bits at random are
flipped in it:

    cold     then a daemon starts, and is asked
    running  while a daemon runs, which is asked before and after a rebuild
    rebuild  then `listmap query --direct' is asked, and a rebuild follows

Ends with 1 and what was wrong at the first address that is absent, and where
the cache is not what it was, byte for byte, after the next rebuild.
"""
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
from ask import Asker  # noqa: E402
from patience import PATIENCE, until  # noqa: E402


class Site:
    def __init__(self, directory, conf, programs):
        self.cache = directory + "/cache/lists.cdb"
        self.socket = directory + "/run/socket"
        self.log = directory + "/log"
        self.daemon = [programs + "/listmapd", "-c", conf]
        self.listmap = [programs + "/listmap", "-c", conf]
        with open(directory + "/addresses") as f:
            self.addresses = f.read().split()
        with open(self.cache, "rb") as f:
            self.good = f.read()

    def damaged(self, dice):
        """The good cache with some bits flipped, each another one."""
        bytes_ = bytearray(self.good)
        for bit in dice.sample(range(8 * len(bytes_)), dice.randint(1, 4)):
            bytes_[bit // 8] ^= 1 << bit % 8
        return bytes_

    def damage(self, dice):
        """Into the very file, where whoever has it open or mapped sees it."""
        with open(self.cache, "r+b") as f:
            f.write(self.damaged(dice))

    def is_good(self):
        with open(self.cache, "rb") as f:
            return f.read() == self.good

    def rebuild(self):
        subprocess.run(self.listmap + ["rebuild"], check=True,
                       stderr=subprocess.PIPE, timeout=PATIENCE)
        if not self.is_good():
            sys.exit("the rebuild left the cache damaged")

    def start(self):
        with open(self.log, "a") as log:
            daemon = subprocess.Popen(self.daemon, stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log)
        try:
            until(lambda: self.answers(daemon), "an answer of the daemon")
        except BaseException:
            daemon.kill()
            raise
        return daemon

    def answers(self, daemon):
        if daemon.poll() is not None:
            sys.exit("the daemon ended with %d" % daemon.returncode)
        try:
            return b"\tpid\t%d\n" % daemon.pid in Asker(self.socket).ask(
                b".status pid")
        except OSError:
            return False

    def ask(self):
        """Whether nothing of what exists is absent, nor refused."""
        asker = Asker(self.socket)
        for address in self.addresses:
            reply = asker.ask(b"recipients " + address.encode())
            if not reply.startswith((b"OK ", b"TEMP ")):
                sys.exit("recipients %s: %r" % (address, reply))
            reply = asker.ask(b"refusal " + address.encode())
            if not reply.startswith((b"NOTFOUND ", b"TEMP ")):
                sys.exit("refusal %s: %r" % (address, reply))

    def ask_directly(self):
        for address in self.addresses:
            status = subprocess.run(
                self.listmap + ["query", "--direct", "recipients", address],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                timeout=PATIENCE).returncode
            if status not in (0, 75):
                sys.exit("--direct %s: %d" % (address, status))


def stop(daemon):
    daemon.terminate()
    daemon.wait(PATIENCE)


def cold(site, dice):
    site.damage(dice)
    daemon = site.start()
    try:
        site.ask()
    finally:
        stop(daemon)
    site.rebuild()


def running(site, dice):
    if not hasattr(site, "running"):
        site.running = site.start()
    site.damage(dice)
    site.ask()
    site.rebuild()
    site.ask()


def rebuild(site, dice):
    site.damage(dice)
    site.ask_directly()
    site.rebuild()


def main():
    case = {"cold": cold, "running": running, "rebuild": rebuild}[sys.argv[1]]
    count, seed = int(sys.argv[2]), int(sys.argv[3])
    site = Site(*sys.argv[4:])
    try:
        for i in range(count):
            number = seed + i
            try:
                case(site, random.Random(number))
            except SystemExit as e:
                sys.exit("with the seed %d: %s" % (number, e.code))
    finally:
        if hasattr(site, "running"):
            stop(site.running)


if __name__ == "__main__":
    main()
