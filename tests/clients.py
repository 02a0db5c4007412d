"""What the tests of the daemon's sockets have in common: a client that asks
as sendmail does, a daemon to start, and what /proc says of a process.
"""
import glob
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time

from patience import PATIENCE, until

WRAPPER = "/usr/lib/mailman/mail/mailman"


class Closed(Exception):
    """The daemon closed in good order."""


class Silence(Exception):
    """Nothing came in time."""


def fail(text):
    raise SystemExit("FAILED: " + text)


def check(true, text):
    if not true:
        fail(text)


def same(got, wanted, what):
    check(got == wanted, f"{what}: {got!r}, not {wanted!r}")


def eventually(what, condition):
    try:
        until(condition, what)
    except TimeoutError as e:
        fail(str(e))


def connect(spec, patience):
    kind, _, where = spec.partition(":")
    if kind == "local":
        sock, where = socket.socket(socket.AF_UNIX), where
    else:
        port, _, host = where.partition("@")
        family = socket.AF_INET6 if kind == "inet6" else socket.AF_INET
        sock, where = socket.socket(family), (host, int(port))
    sock.settimeout(patience)
    try:
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock


def frame(text):
    text = text.encode()
    return b"%d:%s," % (len(text), text)


def posting(name):
    """What the role `aliases' says of a list."""
    return f'OK "|{WRAPPER} post {name}"'


class Client:
    """A connection, and the bytes that came and were not taken yet."""

    def __init__(self, spec, patience=PATIENCE):
        self.patience = patience
        self.sock = connect(spec, patience)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()

    def close(self):
        self.sock.close()

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, *names):
        self.raw(b"".join(frame("aliases " + n) for n in names))

    def end(self):
        self.sock.shutdown(socket.SHUT_WR)

    def more(self, seconds):
        if not select.select([self.sock], [], [], max(seconds, 0))[0]:
            raise Silence
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.bytes += data

    def reply(self, seconds=None):
        end = time.monotonic() + (
            self.patience if seconds is None else seconds)
        while True:
            length, colon, rest = self.bytes.partition(b":")
            if colon and len(rest) > int(length):
                break
            self.more(end - time.monotonic())
        n = int(length)
        check(rest[n:n + 1] == b",", f"no frame: {self.bytes[:80]!r}")
        self.bytes = rest[n + 1:]
        return rest[:n].decode()

    def request(self, text):
        self.raw(frame(text))
        return self.reply()

    def answers(self, *names):
        """Asks for lists, one after the other: each must be found."""
        for name in names:
            same(self.request("aliases " + name), posting(name), name)

    def status(self):
        """{(object, word): value}"""
        text = self.request(".status all").partition(" ")[2]
        rows = [line.split("\t") for line in text.splitlines()]
        return {(row[0], row[1]): row[2] for row in rows}

    def pid(self):
        return int(self.status()["daemon", "pid"])

    def closed(self, what):
        """Waits for an end in good order, with nothing said before it."""
        try:
            self.more(self.patience)
        except Closed:
            return
        except Silence:
            fail(f"still open: {what}")
        except OSError as e:
            fail(f"{e}: {what}")
        fail(f"{self.bytes[:80]!r}: {what}")


def serves(spec, pid):
    """Whether the daemon PID answers there."""
    try:
        with Client(spec) as c:
            return c.pid() == pid
    except (OSError, Closed, Silence):
        return False


def free_port():
    """Below those that the kernel gives to clients; the next one is free,
    too."""
    hosts = [(socket.AF_INET, "127.0.0.1")]
    if has_ipv6():
        hosts.append((socket.AF_INET6, "::1"))
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        try:
            for family, host in hosts:
                for number in port, port + 1:
                    with socket.socket(family) as s:
                        s.bind((host, number))
            return port
        except OSError:
            continue


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def make_list(lists, name):
    """As Mailman does it: the configuration is renamed into its place."""
    directory = os.path.join(lists, name)
    path = os.path.join(directory, "config.pck")
    os.mkdir(directory)
    with open(path + ".tmp", "wb") as f:
        f.write(b"}q\1.")
    os.rename(path + ".tmp", path)


def state(pid):
    """As in /proc/PID/stat; Z where it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(") ")[2].split()
    except OSError:
        return ["Z"]


def alive(pid):
    return state(pid)[0] != "Z"


def cpu_ticks(pid):
    fields = state(pid)
    return int(fields[11]) + int(fields[12])


def memory(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f
                    if line.startswith("VmRSS:"))


def descriptors(pid):
    """{number: what it is}"""
    found = {}
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            found[int(os.path.basename(path))] = os.readlink(path)
        except OSError:
            pass
    return found


def watches(pid):
    return "anon_inode:inotify" in descriptors(pid).values()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


def is_worker(pid):
    """Whether it is one that look-ups ask, and no scan."""
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip() == "listmap-worker"
    except OSError:
        return False


def stop(pid):
    """Stops it, and makes sure."""
    os.kill(pid, signal.SIGSTOP)
    eventually("stop", lambda: state(pid)[0] in "TZ")


class Daemon:
    """A listmapd of the test's own; stop_all() ends whatever was started."""

    started = []

    def __init__(self, conf, *options, command=(), **how):
        self.log = os.path.join(os.path.dirname(conf), "log")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [*(command or [os.environ["LISTMAPD"]]), "-c", conf, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **how)
        self.pid = self.process.pid
        Daemon.started.append(self)

    def ready(self, *specs):
        for spec in specs:
            eventually(f"{self.pid} serves {spec}",
                       lambda: self.process.poll() is not None or
                       serves(spec, self.pid))
            check(self.process.poll() is None, "the daemon has ended")
        return self

    def ended(self):
        """Its exit code."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            fail("the daemon did not end")

    def terminate(self):
        self.process.terminate()
        return self.ended()

    @classmethod
    def stop_all(cls):
        for d in cls.started:
            if d.process.poll() is None:
                d.process.send_signal(signal.SIGCONT)
                d.process.kill()
            d.process.wait()


def run(scenarios):
    """The scenario that the command line names, with its other words."""
    by_name = {s.__name__: s for s in scenarios}
    try:
        by_name[sys.argv[1]](*sys.argv[2:])
    except Closed:
        fail("closed by the daemon")
    except Silence:
        fail("no answer in time")
    finally:
        Daemon.stop_all()
