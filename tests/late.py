#!/usr/bin/python3
"""Clients of a daemon that is stopped again and again:
late.py SCENARIO PID SECONDS TIMES PATIENCE SPEC...

The daemon is stopped for SECONDS, so many TIMES; clients wait for an answer
for PATIENCE, and then ask the next question on the same connection, as
sendmail does.  The lists l0 to l199 are there, and no two are asked for twice
in a row, so that an answer tells its question.
"""
import multiprocessing
import os
import select
import signal
import socket
import threading
import time

import clients
from clients import Client, Closed, Silence, check, eventually, posting, same

LISTS = 200
AT_EACH = 3  # clients of each kind on each listener
PAUSE = 0.002


class Session(threading.Thread):
    """Asks for ever, one question at a time."""

    def __init__(self, spec, number, patience):
        super().__init__(daemon=True)
        self.spec, self.number, self.patience = spec, number, patience
        self.asked = self.answered = self.closed = 0
        self.wrong = None
        self.over = False
        self.turn = threading.Lock()  # from a question to its answer

    def run(self):
        client = Client(self.spec)
        while not self.over and not self.wrong:
            try:
                self.converse(client)
            except Silence:
                continue
            except (Closed, BrokenPipeError, ConnectionResetError):
                self.closed += 1
                client.close()
                client = Client(self.spec)
            except BaseException as e:
                self.wrong = repr(e)
        client.close()

    def converse(self, client):
        self.asked += 1
        name = f"l{(self.number * 7 + self.asked) % LISTS}"
        with self.turn:
            client.send(name)
            reply = client.reply(self.patience)
        if reply != posting(name):
            self.wrong = f"asked for {name}: {reply}"
        self.answered += 1
        try:
            client.more(PAUSE)
            self.wrong = f"after {name} unasked: {client.bytes!r}"
        except Silence:
            pass

    def goes_on(self, answered):
        """Whether it got an answer since then; and nothing wrong, ever."""
        check(not self.wrong, f"{self.spec}: {self.wrong}")
        return self.answered > answered


def press(spec):
    """Asks so much that the daemon is hardly ever idle."""
    block = b"".join(clients.frame(f"aliases l{i}") for i in range(LISTS)) * 20
    while True:
        with Client(spec) as c:
            try:
                while True:
                    readable, writable, _ = select.select(
                        [c.sock], [c.sock], [], clients.PATIENCE)
                    if readable and not c.sock.recv(1 << 20):
                        break
                    if writable:
                        c.sock.send(block, socket.MSG_DONTWAIT)
            except OSError:
                continue


class Stopped:
    """The daemon, for the block."""

    def __init__(self, pid, seconds):
        self.pid, self.seconds = pid, seconds

    def stop(self):
        clients.stop(self.pid)

    def __enter__(self):
        self.stop()
        self.end = time.monotonic() + self.seconds

    def __exit__(self, *why):
        time.sleep(max(self.end - time.monotonic(), 0))
        os.kill(self.pid, signal.SIGCONT)


class StoppedIdle(Stopped):
    """The same, while none of the sessions waits for an answer.

    Stopped with a question read, the daemon ends that connection first, and
    then all who wait, which can be the same client again.  Who was answered
    last may be closed, too: that is nobody of the test's.
    """

    def __init__(self, pid, seconds, sessions):
        super().__init__(pid, seconds)
        self.sessions = sessions

    def stop(self):
        for s in self.sessions:
            s.turn.acquire()
        with Client(self.sessions[0].spec) as last:
            last.answers("l9")
            super().stop()
        for s in self.sessions:
            s.turn.release()


def start(specs, patience):
    sessions = [Session(spec, i * len(specs) + k, patience)
                for i in range(AT_EACH) for k, spec in enumerate(specs)]
    for s in sessions:
        s.start()
    all_go_on(sessions)
    return sessions


def all_go_on(sessions):
    before = [(s, s.answered) for s in sessions]
    for s, answered in before:
        eventually(f"{s.spec} is answered", lambda: s.goes_on(answered))


def end(sessions):
    for s in sessions:
        s.over = True
    for s in sessions:
        s.join()
        check(not s.wrong, f"{s.spec}: {s.wrong}")


def late(pid, seconds, times, patience, *specs):
    """No late answer; one end for each who waited; the idle stay."""
    pid, seconds = int(pid), float(seconds)
    idle = [Client(spec) for spec in specs for _ in range(AT_EACH)]
    used = [Client(spec) for spec in specs for _ in range(AT_EACH)]
    sessions = start(specs, float(patience))
    for n in range(1, int(times) + 1):
        for c in used:
            c.answers("l1")
        asking = [Client(spec) for spec in specs for _ in range(AT_EACH)]
        for c in asking:
            c.answers("l2")
        with StoppedIdle(pid, seconds, sessions):
            asking += [Client(spec) for spec in specs for _ in range(AT_EACH)]
            waiting = [Client(spec) for spec in specs for _ in range(AT_EACH)]
            for c in asking:
                c.send("l3")
            asking[0].send("l4", "l5")
        for c in asking:
            c.closed("who asked a stopped daemon")
            c.close()
        for c in waiting:
            c.answers("l6", "l7")
            c.close()
        all_go_on(sessions)
        for s in sessions:
            same(s.closed, n, f"ends of {s.spec}")
    for c in idle + used:
        c.answers("l8")
        c.close()
    end(sessions)


def often(pid, seconds, times, patience, *specs):
    """Stops in the midst of the daemon's work: no late answer."""
    pid, seconds = int(pid), float(seconds)
    busy = [multiprocessing.Process(target=press, args=(spec,), daemon=True)
            for spec in specs]
    for b in busy:
        b.start()
    sessions = start(specs, float(patience))
    for _ in range(int(times)):
        with Stopped(pid, seconds):
            pass
        all_go_on(sessions)
    end(sessions)
    for b in busy:
        b.kill()
        b.join()
    check(sum(s.closed for s in sessions) > 0, "no stop met a question")


def short(pid, seconds, times, patience, *specs):
    """A stop within the deadline costs nobody an answer."""
    pid, seconds = int(pid), float(seconds)
    sessions = start(specs, float(patience))
    for _ in range(int(times)):
        with Stopped(pid, seconds):
            pass
        all_go_on(sessions)
    end(sessions)
    same(sum(s.closed for s in sessions), 0, "ends")


clients.run([late, often, short])
