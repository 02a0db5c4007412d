#!/usr/bin/python3
"""A daemon and its successors: takeover.py SCENARIO DIRECTORY SPEC...

The directory holds `conf', and `lists' with l0 to l19.
"""
import os
import re
import socket
import sys
import threading
import time

import clients
from clients import (Client, Closed, Daemon, check, children, eventually,
                     is_worker, same, serves, watches)

TAKE_OVERS = 10
DRAIN = 1  # seconds, in the configuration of that test


class Traffic(threading.Thread):
    """Connects, asks and closes, as often as it can; counts what fails."""

    def __init__(self, spec):
        super().__init__(daemon=True)
        self.spec, self.done, self.failed = spec, 0, []
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            try:
                with Client(self.spec) as c:
                    c.answers("l1", "l2", "l3", "l4", "l5")
                self.done += 1
            except BaseException as e:
                self.failed.append(repr(e))

    def end(self):
        self.over = True
        self.join()
        same(self.failed, [], f"failures in {self.done} conversations")


def flows(traffic):
    """Waits until all of it went on for some conversations more."""
    before = [t.done for t in traffic]
    for t, n in zip(traffic, before):
        eventually("traffic", lambda: t.done > n + 5 or t.failed)


def conf_of(directory):
    return os.path.join(directory, "conf")


def log_of(directory):
    with open(os.path.join(directory, "log")) as f:
        return f.read()


def start(directory, *options):
    return Daemon(conf_of(directory), *options)


def take_over(directory, *specs):
    return start(directory, "--take-over").ready(*specs)


def at_once(directory, *specs):
    """Under traffic, one take-over after the other: nobody notices."""
    daemons = [start(directory).ready(*specs)]
    traffic = [Traffic(spec) for spec in specs for _ in range(3)]
    for _ in range(TAKE_OVERS):
        daemons.append(take_over(directory, specs[0]))
        flows(traffic)
    for d in daemons[:-1]:
        same(d.ended(), 0, "exit code of a predecessor")
    for t in traffic:
        t.end()
    daemons[-1].ready(*specs)
    path = specs[0].partition(":")[2]
    same(os.listdir(os.path.dirname(path)), [os.path.basename(path)],
         "sockets")


def one_by_one(directory, *specs):
    """The same, each predecessor having left before the next comes, since
    of the sockets that share a port the kernel knows only two apart."""
    daemon = start(directory).ready(*specs)
    traffic = [Traffic(spec) for spec in specs for _ in range(2)]
    for _ in range(5):
        successor = take_over(directory, *specs)
        same(daemon.ended(), 0, "exit code of the predecessor")
        daemon = successor.ready(*specs)
        flows(traffic)
    for t in traffic:
        t.end()


def open_connections(directory, *specs):
    """They stay with the old daemon, which answers and does not scan."""
    old = start(directory).ready(*specs)
    check(watches(old.pid), "the daemon watches")
    used = [Client(spec) for spec in specs]
    idle = [Client(spec) for spec in specs]
    for c in used:
        c.answers("l1")
    new = take_over(directory, *specs)
    eventually("the old one watches no more", lambda: not watches(old.pid))
    same([c for c in children(old.pid) if not is_worker(c)], [],
         "scans of the old one")
    scans = used[0].status()["site lists", "scans"]
    clients.make_list(os.path.join(directory, "lists"), "later")
    with Client(specs[0]) as c:
        eventually("the new one scans", lambda: c.status()[
            "site lists", "lists"] == "21")
        same(c.pid(), new.pid, "who answers a new client")
    eventually("the old one listens no more", lambda: not listens(old.pid))
    for c in used + idle:
        same(c.pid(), old.pid, "who answers an old client")
        c.answers("l2", "later")
    # So long as the new one takes for what the old one does no more.
    clients.make_list(os.path.join(directory, "lists"), "latest")
    with Client(specs[0]) as c:
        eventually("the new one scans again", lambda: c.status()[
            "site lists", "lists"] == "22")
    for c in used + idle:
        c.answers("l4", "l5", "latest")
    same(used[0].status()["site lists", "scans"], scans, "scans since")
    for c in used + idle[1:]:
        c.close()
    eventually("one is left", lambda: idle[0].status()[
        "daemon", "connections"] == "1")
    idle[0].answers("l3")
    idle[0].close()
    same(old.ended(), 0, "exit code of the old one")
    for spec in specs:
        check(serves(spec, new.pid), "the new one serves")


def listens(pid):
    """Whether it has a listening socket, of any kind."""
    mine = {what[8:-1] for what in clients.descriptors(pid).values()
            if what.startswith("socket:[")}
    found = set()
    with open("/proc/net/unix") as f:
        for words in map(str.split, f):
            if words[3] == "00010000":
                found.add(words[6])
    for name in ("tcp", "tcp6"):
        if os.path.exists("/proc/net/" + name):
            with open("/proc/net/" + name) as f:
                for words in map(str.split, f):
                    if words[3] == "0A":
                        found.add(words[9])
    return bool(mine & found)


def drained(directory, *specs):
    """With `drain' over it ends, whoever is connected."""
    old = start(directory).ready(*specs)
    kept = [Client(spec) for spec in specs]
    for c in kept:
        c.answers("l1")
    before = time.monotonic()
    new = take_over(directory, *specs)
    for c in [c for c in kept if answered(c, before)]:
        c.closed("drained")
    same(old.ended(), 0, "exit code of the old one")
    for spec in specs:
        check(serves(spec, new.pid), "the new one serves")


def answered(c, before):
    """It is, or it was drained, which is right so long after that moment."""
    try:
        c.answers("l2")
    except (Closed, BrokenPipeError, ConnectionResetError):
        check(time.monotonic() - before >= DRAIN, "drained before its time")
        return False
    return True


def inode(spec):
    return os.stat(spec.partition(":")[2]).st_ino


def wrong(directory, *specs):
    """A successor that cannot start leaves the old one as it was."""
    with open(conf_of(directory)) as f:
        good = f.read()
    path = specs[0].partition(":")[2]
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen(5)
        number = busy.getsockname()[1]
        wrongs = [
            ("a word too many", good + "\nnonsense = 1\n", 78),
            ("no such account", good.replace(
                'user = "root"', 'user = "nosuchuser"'),
             78 if os.getuid() == 0 else None),
            ("a busy port", listening(
                good, *specs, f"inet:{number}@127.0.0.1"), 69),
            ("no directory", listening(
                good, *specs, f"local:{directory}/no/such/socket"), 69),
            ("what is no socket", listening(
                good, *specs, f"local:{directory}/conf"), 69),
            ("no directory for the pidfile", good +
             f'\npidfile = "{directory}/no/pidfile"\n', 73),
            ("no directory for the cache", re.sub(
                r"cache_dir = .*", f'cache_dir = "{directory}/no/such"', good),
             73),
        ]
        old = start(directory).ready(*specs)
        kept = Client(specs[0])
        kept.answers("l1")
        before = inode(specs[0])
        for what, text, code in wrongs:
            if code is None:
                continue
            with open(conf_of(directory), "w") as f:
                f.write(text)
            same(start(directory, "--take-over").ended(), code, what)
            check(os.path.exists(path), f"{what}: the socket is gone")
            same(inode(specs[0]), before, f"{what}: the socket")
            for spec in specs:
                check(serves(spec, old.pid), f"{what}: {spec} is served")
            kept.answers("l2")
    # It still scans, which one that was succeeded does not.
    clients.make_list(os.path.join(directory, "lists"), "later")
    eventually("a scan", lambda: kept.status()[
        "site lists", "lists"] == "21")
    check("took over" not in log_of(directory), "the old one gave way")
    same(os.listdir(os.path.dirname(path)), [os.path.basename(path)],
         "sockets")
    kept.close()


def listening(conf, *specs):
    words = ", ".join(f'"{spec}"' for spec in specs)
    return re.sub(r"listen = .*", f"listen = {{ {words} }}", conf)


def passed(directory, *specs):
    """As systemd starts it: on sockets that are there before it and after."""
    sockets = [bound(spec) for spec in specs]
    before = inode(specs[0])
    early = [Client(spec) for spec in specs]
    asked = [Client(spec) for spec in specs]
    for c in asked:
        c.send("l1")
    first = activate(directory, sockets, *specs)
    for c in asked:
        c.closed("asked when nobody was there")
    for c in early:
        c.answers("l2")
    same(first.terminate(), 0, "exit code")
    same(inode(specs[0]), before, "the socket")
    for c in early:
        c.closed("at the end")
    early = [Client(spec) for spec in specs]
    second = activate(directory, sockets, *specs)
    for c in early:
        c.answers("l3")
    same(second.terminate(), 0, "exit code")
    same(inode(specs[0]), before, "the socket")
    check("listening on local:" + directory + "/run/other" not in
          log_of(directory), "also on sockets of its own")
    for s in sockets:
        s.close()


def bound(spec):
    kind, _, where = spec.partition(":")
    if kind == "local":
        s = socket.socket(socket.AF_UNIX)
        s.bind(where)
    else:
        s = socket.socket()
        s.bind(("127.0.0.1", int(where.partition("@")[0])))
    s.listen(50)
    return s


def activate(directory, sockets, *specs):
    """A daemon with these as descriptors 3, 4 and so on."""
    launcher = os.path.join(os.path.dirname(__file__), "activate.py")
    high = [os.dup(s.fileno()) for s in sockets]
    command = [sys.executable, launcher, *map(str, high), "--", os.environ["LISTMAPD"]]
    d = Daemon(conf_of(directory), command=command, pass_fds=high)
    for fd in high:
        os.close(fd)
    return d.ready(*specs)


clients.run([at_once, one_by_one, open_connections, drained, wrong, passed])
