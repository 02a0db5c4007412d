#!/usr/bin/python3
"""Clients of every kind on a running daemon: sockets.py SCENARIO WORD...

Each scenario ends with a reason where the daemon did not do what it should.
The lists l0 to l19 are there.
"""
import fcntl
import itertools
import os
import random
import resource
import signal
import socket
import time

import clients
from clients import (Client, Closed, Silence, alive, check, cpu_ticks,
                     descriptors, eventually, fail, memory, posting, same)
from patience import PATIENCE

MALFORMED = (b"x", b"01:a,", b"-1:a,", b" 1:a,", b":,", b"3:a b;", b"99999:",
             b"4294967297:a,", b"GET / HTTP/1.0\r\n\r\n")
IDLE = 500
IDLE_BYTES = 16384  # for each at most; the aim is a quarter of it
ANSWERS = 50  # in so many turns the daemon reads what it reads at all
FRAME_SECONDS = 10


def port():
    print(clients.free_port())


def ipv6():
    check(clients.has_ipv6(), "no IPv6 here")


def names(n):
    return [f"l{i % 20}" for i in range(n)]


def serve(*specs):
    for spec in specs:
        with Client(spec) as c:
            c.answers("l0", "l19")


def bind_only(path):
    """Leaves a socket behind that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)


def live_and_refused(path, *command):
    """Somebody else's live socket is not taken."""
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(5)
        code = os.spawnvp(os.P_WAIT, command[0], list(command))
        with socket.socket(socket.AF_UNIX) as c:
            c.settimeout(PATIENCE)
            c.connect(path)
    same(code, 69, "exit code")


def busy_port(number, *command):
    with socket.socket() as s:
        s.bind(("127.0.0.1", int(number)))
        s.listen(5)
        code = os.spawnvp(os.P_WAIT, command[0], list(command))
    same(code, 69, "exit code")


def idle_descriptors(spec, pid):
    """How many it has without a client and without a scan."""
    with Client(spec) as c:
        eventually("no other client, no scan", lambda: c.status()[
            "daemon", "connections"] == "1" and
            all(map(clients.is_worker, clients.children(pid))))
        n = count_descriptors(pid) - 1
    same_descriptors(pid, n)
    return n


def count_descriptors(pid):
    """But for those by which it asks its workers, which come and go."""
    workers = [c for c in clients.children(pid) if clients.is_worker(c)]
    return len(descriptors(pid)) - len(workers)


def same_descriptors(pid, before):
    eventually("as many descriptors as before",
               lambda: count_descriptors(pid) == before)


def is_shed(spec):
    """Whether a new client is sent away; it must not be left waiting."""
    c = Client(spec)
    try:
        c.send("l1")
        same(c.reply(), posting("l1"), "l1")
    except (Closed, BrokenPipeError, ConnectionResetError):
        return True
    except Silence:
        fail("a client waits in the backlog")
    finally:
        c.close()
    return False


def shed(spec, pid, limit):
    pid, limit = int(pid), int(limit)
    before = idle_descriptors(spec, pid)
    inside = [Client(spec) for _ in range(limit)]
    for c in inside:
        c.answers("l1")
    outside = [Client(spec) for _ in range(3)]
    for c in outside:
        c.closed("a client too many")
    check(all(is_shed(spec) for _ in range(20)), "served over the limit")
    for c in inside:
        c.answers("l2")
    for c in inside[1:]:
        c.close()
    eventually("served again", lambda: not is_shed(spec))
    others = []
    for i in range(limit - 1):
        eventually("a place", lambda: others.append(Client(spec)) or
                   answered(others[-1]))
    inside[0].answers("l4")
    for c in inside + outside + others:
        c.close()
    same_descriptors(pid, before)


def lowered(spec, pid, conf):
    """Who is connected stays, and nobody comes before there is room."""
    inside = [Client(spec) for _ in range(10)]
    for c in inside:
        c.answers("l1")
    with open(conf) as f:
        text = f.read()
    with open(conf, "w") as f:
        f.write(text.replace("max_connections = 20", "max_connections = 3"))
    os.kill(int(pid), signal.SIGHUP)
    eventually("the new limit", lambda: inside[0].status()[
        "daemon", "max_connections"] == "3")
    for c in inside:
        c.answers("l2")
    check(is_shed(spec), "served over the limit")
    for c in inside[2:]:
        c.close()
    eventually("served again", lambda: not is_shed(spec))
    for c in inside[:2]:
        c.answers("l3")
        c.close()


def answered(c):
    try:
        c.answers("l3")
        return True
    except (Closed, OSError):
        return False


def limit_descriptors(pid, n):
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (n, hard))


def fill(spec, pid, spare):
    """Takes the last descriptors; returns the clients who have them."""
    taken = descriptors(pid)
    free = [n for n in range(10000) if n not in taken]
    limit_descriptors(pid, free[spare])
    held = []
    while True:
        c = Client(spec)
        held.append(c)
        try:
            c.answers("l5")
        except (Closed, BrokenPipeError, ConnectionResetError):
            held.pop().close()
            break
        except Silence:
            fail("a client waits in the backlog")
        check(len(held) < 10 * spare, "the limit of descriptors has no effect")
    check(all(is_shed(spec) for _ in range(10)), "served over the limit")
    return held


def no_descriptors(spec, pid):
    """Nobody waits while one in reserve is left; without it nothing spins."""
    pid = int(pid)
    before = idle_descriptors(spec, pid)
    usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    held = fill(spec, pid, 3)
    limit_descriptors(pid, 3)
    waiting = Client(spec)
    waiting.send("l6")
    ticks = cpu_ticks(pid)
    for _ in range(20):
        try:
            waiting.reply(0.1)
            fail("served without a descriptor")
        except Silence:
            held[0].answers("l7")
    spent = (cpu_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK")
    check(spent < 0.4, f"{spent} s of CPU time for waiting")
    limit_descriptors(pid, usual)
    same(waiting.reply(), posting("l6"), "who waited")
    held += fill(spec, pid, 3) + [waiting]
    held[0].answers("l8")
    for c in held:
        c.close()
    limit_descriptors(pid, usual)
    eventually("served again", lambda: not is_shed(spec))
    same_descriptors(pid, before)


def pump(c, spec):
    """Asks without reading until the daemon, while it answers somebody else
    over and over, reads no more.  How many."""
    block = b"".join(clients.frame("aliases " + n) for n in names(1000))
    sent = answers = 0
    # Little of it is the kernel's, so that it is answered soon.
    for buffer in socket.SO_SNDBUF, socket.SO_RCVBUF:
        c.sock.setsockopt(socket.SOL_SOCKET, buffer, 1 << 14)
    c.sock.setblocking(False)
    with Client(spec) as other:
        while answers < ANSWERS:
            try:
                sent += c.sock.send(block[sent % len(block):])
                answers = 0
            except BlockingIOError:
                other.answers("l0")
                answers += 1
            check(sent < 100 << 20, "the daemon reads without end")
    c.sock.settimeout(c.patience)
    whole, rest = divmod(sent, len(block))
    n, at = whole * 1000, 0
    for name in names(1000):
        at += len(clients.frame("aliases " + name))
        if at > rest:
            break
        n += 1
    return n


def replies(n):
    return b"".join(clients.frame(posting(name)) for name in names(n))


def collect(c, n):
    for i, name in enumerate(names(n)):
        same(c.reply(), posting(name), f"reply {i} of {n}")


def unread(spec, pid):
    pid = int(pid)
    with Client(spec) as other, Client(spec) as greedy:
        other.answers("l0")
        before = memory(pid)
        n = pump(greedy, spec)
        other.answers(*names(500))
        check(memory(pid) - before < 1 << 20, "memory for one client")
        collect(greedy, n)
        other.answers("l1")


def begun(c, idle):
    """Sends the half of a frame; a moment after which the daemon reads it."""
    before = time.monotonic()
    idle.answers("l1")
    c.raw(b"10:alia")
    return before


def ends(c, seconds):
    """Whether the daemon closes in that time."""
    try:
        c.more(seconds)
    except Silence:
        return False
    except (Closed, ConnectionResetError):
        return True
    fail(f"{c.bytes[:80]!r} unasked")


def not_before_its_time(before):
    check(time.monotonic() - before >= FRAME_SECONDS,
          "the half of a frame was cut before its time")


def in_two_halves(spec, idle):
    """Who asks slowly is answered; where this took longer than a frame may,
    he asks again."""
    while True:
        slow = Client(spec)
        before = begun(slow, idle)
        try:
            if not ends(slow, 2):
                slow.raw(b"ses l1,")
                same(slow.reply(), posting("l1"), "a slow question")
                return slow
        except (Closed, BrokenPipeError, ConnectionResetError):
            pass
        not_before_its_time(before)
        slow.close()


def in_drops(drip):
    """One byte after the other, until the daemon closes."""
    end = time.monotonic() + PATIENCE
    try:
        for drop in itertools.chain(b"1000:aliases ", itertools.repeat(120)):
            check(time.monotonic() < end, "a frame may take for ever")
            drip.raw(bytes([drop]))
            if ends(drip, 0.5):
                break
    except (BrokenPipeError, ConnectionResetError):
        pass


def ten_seconds(spec, spec2, pid2):
    """What the daemon's two limits of ten seconds end, and what not."""
    pid2 = int(pid2)
    idle, half, drip = [Client(spec) for _ in range(3)]
    unread2 = Client(spec2)
    pump(unread2, spec2)
    os.kill(pid2, signal.SIGTERM)
    before = begun(half, idle)
    slow = in_two_halves(spec, idle)
    if ends(half, 0):
        not_before_its_time(before)
    in_drops(drip)
    half.closed("half a frame")
    eventually("the end of who is told to end", lambda: not alive(pid2))
    idle.answers("l2")
    slow.answers("l3")
    for c in (idle, slow, half, drip, unread2):
        c.close()


def terminate(pid, *specs):
    """In flight is finished, idle is closed, nobody new gets in."""
    pid = int(pid)
    idle = [Client(spec) for spec in specs]
    for c in idle:
        c.answers("l0")
    busy = [Client(spec) for spec in specs]
    wanted = [replies(pump(c, spec)) for c, spec in zip(busy, specs)]
    os.kill(pid, signal.SIGTERM)
    for c in idle:
        c.closed("an idle one")
    for spec in specs:
        try:
            Client(spec).close()
            fail("still listening: " + spec)
        except (FileNotFoundError, ConnectionRefusedError):
            pass
    check(alive(pid), "ended with work in flight")
    # Before the daemon has no more patience with them.
    for c, all_of_it in zip(busy, wanted):
        # The start of one more may have been sent.
        c.end()
        check(b"".join(iter(lambda: c.sock.recv(1 << 20), b"")) == all_of_it,
              "not the answers, or not all, in good order")
        c.close()
    eventually("its end", lambda: not alive(pid))


def malformed(spec, pid):
    """One TEMP, and then an end in good order."""
    before = idle_descriptors(spec, int(pid))
    for data in MALFORMED * 5:
        with Client(spec) as c:
            c.answers("l1")
            c.raw(data + b"17:aliases l2,")
            check(c.reply().startswith("TEMP "), repr(data))
            c.closed(repr(data))
    with Client(spec) as c:
        # More than is read at once: closed early, it would be a reset.
        c.raw(b"x" * 500000)
        check(c.reply().startswith("TEMP "), "a lot of nonsense")
        c.closed("a lot of nonsense")
    with Client(spec) as c:
        for text in ("nospace", "nosuchmap l1", " l1", ""):
            check(c.request(text).startswith("TEMP "), repr(text))
        c.answers("l1")
    same_descriptors(int(pid), before)


def idle(spec, pid):
    pid = int(pid)
    with Client(spec) as c:
        c.answers(*names(100))
    start = idle_descriptors(spec, pid)
    before = memory(pid)
    crowd = [Client(spec) for _ in range(IDLE)]
    for c in crowd:
        c.answers("l9")
    same(count_descriptors(pid), start + IDLE, "descriptors")
    each = (memory(pid) - before) / IDLE
    check(each <= IDLE_BYTES, f"{each} bytes for each connection")
    for c in reversed(crowd):
        c.answers("l10")
        c.close()
    same_descriptors(pid, start)


def garbage_bytes(r):
    data = r.randbytes(r.randrange(1, 3000))
    kind = r.randrange(4)
    if kind == 0:
        return data
    if kind == 1:
        return b"%d:" % r.randrange(20000) + data
    if kind == 2:
        return b"%d:%s," % (len(data), data)
    good = bytearray(b"".join(clients.frame("aliases " + n)
                              for n in names(50)))
    good[r.randrange(len(good))] = r.randrange(256)
    return bytes(good)


def garbage(spec, pid):
    pid, r = int(pid), random.Random(4010)
    start = idle_descriptors(spec, pid)
    kept = []
    with Client(spec) as good:
        for _ in range(200):
            c = Client(spec)
            try:
                c.raw(garbage_bytes(r))
                if r.randrange(2):
                    c.end()
            except (BrokenPipeError, ConnectionResetError):
                pass
            if r.randrange(2):
                c.close()
            else:
                kept.append(c)
            good.answers("l11")
        same(good.pid(), pid, "the daemon")
    for c in kept:
        c.close()
    same_descriptors(pid, start)


def waiting_child(pid, lock):
    """A child that scans, and has come as far as to wait for the lock."""
    for child in clients.children(pid):
        if lock in descriptors(child).values():
            return child
    return None


def slow_child(spec, pid, directory):
    """A connection ends when the daemon closes it, whoever else runs."""
    pid, lock = int(pid), directory + "/cache/lists.lock"
    c, other = Client(spec), Client(spec)
    c.answers("l1")
    other.answers("l1")
    with open(lock) as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        clients.make_list(directory + "/lists", "later")
        eventually("a child that scans", lambda: waiting_child(pid, lock))
        child = waiting_child(pid, lock)
        # It has one of its own, to which it reports.
        daemons = set(descriptors(pid).values())
        same([what for what in descriptors(child).values()
              if what.startswith("socket:") and what in daemons], [],
             "sockets of the child that are the daemon's")
        c.end()
        c.closed("its end, while a child scans")
        other.answers("l2", "later")
        same([c for c in clients.children(pid) if not clients.is_worker(c)],
             [child], "scans")
    eventually("the new list", lambda: other.status()[
        "site lists", "lists"] == "21")
    c.close()
    other.close()


clients.run([port, ipv6, serve, bind_only, live_and_refused, busy_port, shed,
             lowered, no_descriptors, unread, ten_seconds, terminate, malformed, idle,
             garbage, slow_child])
