#!/usr/bin/env python3
"""Runs a program as unfriendly parents do.

usage: mm_start.py [WORD=VALUE...] -- COMMAND...

closed=0,2	these descriptors are closed
open=3,20	these and those between are open
ignore=CHLD,..	these signals are ignored; the others are as usual
block=TERM,..	these signals are blocked
ids=R,E,S	real, effective and saved user
gids=R,E,S	the same of the group
groups=A,B,..	supplementary groups; "groups=": none
without=A,B,..	numbers of capabilities that the program can never have
input=FILE	what is read ends with an error after the bytes of FILE, which
		are few
"""
import ctypes
import os
import pty
import signal
import sys
import tty


PR_CAPBSET_DROP = 24


def numbers(text):
    return [int(n) for n in text.split(",") if n]


def named(text):
    return [getattr(signal, "SIG" + n) for n in text.split(",")]


def fails_after(path):
    """A terminal that was hung up: its last bytes, then an error."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    with open(path, "rb") as f:
        os.write(slave, f.read())
    os.close(slave)
    os.dup2(master, 0)
    os.close(master)


def main():
    end = sys.argv.index("--")
    how = dict(word.split("=", 1) for word in sys.argv[1:end])
    command = sys.argv[end + 1:]
    # Python's own
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    for s in named(how["ignore"]) if "ignore" in how else ():
        signal.signal(s, signal.SIG_IGN)
    if "block" in how:
        signal.pthread_sigmask(signal.SIG_BLOCK, named(how["block"]))
    if "input" in how:
        fails_after(how["input"])
    if "open" in how:
        first, last = numbers(how["open"])
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(first, last + 1):
            os.dup2(null, fd, inheritable=True)
    for capability in numbers(how.get("without", "")):
        if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            sys.exit("capability %d cannot be given up" % capability)
    if "groups" in how:
        os.setgroups(numbers(how["groups"]))
    if "gids" in how:
        os.setresgid(*numbers(how["gids"]))
    if "ids" in how:
        os.setresuid(*numbers(how["ids"]))
    for fd in numbers(how.get("closed", "")):
        os.close(fd)
    os.execvp(command[0], command)


main()
