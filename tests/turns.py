#!/usr/bin/env python3
"""What may happen to a name, and what is answered in the moment after.

usage: turns.py events SOCKET PID DOMAIN=LISTS_DIR...
       turns.py stops SOCKET DOMAIN LISTS_DIR PID

events: lets each of them happen to names of a Mailman 2.1 site, asks at once,
and prints a line for each that was answered otherwise than it must be where
the site is well, however the daemon knows what its lists are.  The daemon's
name for the first site is s0; LISTS_DIR is where the lists are changed.

stops: stops the daemon at each system call of the turn in which it answers a
question, makes the list that was asked for, asks for it again behind that
question and on another connection, and lets the daemon go on.  What was asked
after the list was made must be found.  Prints how many stops there were.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import mm2ops  # noqa: E402
from ask import Asker  # noqa: E402
from clients import Client, Silence, frame  # noqa: E402
from patience import until  # noqa: E402

KINDS = {b"OK": "found", b"NOTFOUND": "absent", b"TEMP": "no answer"}
# A stop in these is none of a turn's, or one in which the turn began.
NO_STOPS = ("epoll_wait", "epoll_pwait", "restart_syscall", "rt_sigreturn",
            "accept4", "accept", "exit_group")


CONFIG = b"}q\x01."
FORMS = ("recipients %s@%s", "listmap %s-bounces+a=b.c@%s",
         "recipients %s-owner@%s")


def kind(reply):
    return "lost" if reply is None else KINDS[reply.split(b" ")[0]]


def newlist(path):
    os.mkdir(path)
    mm2ops.save(path, CONFIG)


class Names:
    """Events that happen to a name, one generator each.  It yields where a
    scan must come, and ends with the answers that may come in the moment
    after."""

    def __init__(self, asker, pid, number, domain, lists_dir):
        self.asker, self.pid = asker, pid
        self.domain, self.dir = domain, lists_dir
        self.site = "site s%d\tscans\t" % number
        self.aside = tempfile.mkdtemp(dir=os.path.dirname(lists_dir))

    def path(self, name):
        return os.path.join(self.dir, name)

    def ask(self, name, form="recipients %s@%s"):
        return kind(self.asker.ask((form % (name, self.domain)).encode()))

    def is_none(self, name):
        answer = self.ask(name)
        if answer != "absent":
            raise AssertionError("%s, before anything: %s" % (name, answer))

    def ready_made(self, name):
        path = os.path.join(self.aside, name)
        newlist(path)
        return path

    def nothing(self, name):
        return "absent"
        yield

    def stays(self, name):
        newlist(self.path(name))
        yield
        return "found"

    def another(self, name):
        """What happens to one name says nothing of the others."""
        newlist(self.path(name + "-other"))
        return "absent"
        yield

    def made(self, name):
        newlist(self.path(name))
        return "found"
        yield

    def moved_in(self, name):
        newlist(self.path(".aside-" + name))
        yield
        os.rename(self.path(".aside-" + name), self.path(name))
        return "found"

    def linked(self, name):
        os.symlink(self.ready_made(name), self.path(name))
        return "found"
        yield

    def half_made(self, name):
        os.mkdir(self.path(name))
        return "absent"
        yield

    def half_made_and_finished(self, name):
        os.mkdir(self.path(name))
        self.is_none(name)
        mm2ops.save(self.path(name), CONFIG)
        return "found"
        yield

    def half_made_scanned_and_finished(self, name):
        """The scan in between knows a directory that is no list."""
        os.mkdir(self.path(name))
        yield
        self.is_none(name)
        mm2ops.save(self.path(name), CONFIG)
        return "found"

    def linked_early(self, name):
        os.symlink(os.path.join(self.aside, name), self.path(name))
        yield
        self.ask(name)
        self.ready_made(name)
        return "found"

    def link_switched(self, name):
        """From what is no list to one."""
        os.mkdir(os.path.join(self.aside, name + "-none"))
        os.symlink(os.path.join(self.aside, name + "-none"), self.path(name))
        yield
        self.is_none(name)
        os.symlink(self.ready_made(name), self.path(name) + ".new")
        os.rename(self.path(name) + ".new", self.path(name))
        return "found"

    def junk(self, name):
        mm2ops.write(self.path(name), b"")
        return "absent"
        yield

    def junk_replaced(self, name):
        mm2ops.write(self.path(name), b"")
        yield
        self.is_none(name)
        os.unlink(self.path(name))
        newlist(self.path(name))
        return "found"

    def removed(self, name):
        """Until a scan the snapshot's word counts."""
        newlist(self.path(name))
        yield
        mm2ops.rmlist(self.path(name))
        return "found absent"

    def removed_and_scanned(self, name):
        newlist(self.path(name))
        yield
        mm2ops.rmlist(self.path(name))
        yield
        until(lambda: self.ask(name) == "absent", name + " is gone")
        return "absent"

    def removed_and_made(self, name):
        newlist(self.path(name))
        yield
        mm2ops.rmlist(self.path(name))
        newlist(self.path(name))
        return "found"

    def removed_scanned_and_made(self, name):
        newlist(self.path(name))
        yield
        mm2ops.rmlist(self.path(name))
        yield
        until(lambda: self.ask(name) == "absent", name + " is gone")
        newlist(self.path(name))
        return "found"

    def unmade_scanned_and_remade(self, name):
        """Its configuration goes and comes back: no event tells of that."""
        newlist(self.path(name))
        yield
        os.unlink(self.path(name) + "/config.pck")
        yield
        mm2ops.save(self.path(name), CONFIG)
        return "found"

    def renamed(self, name):
        newlist(self.path(name + "-old"))
        yield
        os.rename(self.path(name + "-old"), self.path(name))
        return "found"

    def renamed_over_none(self, name):
        """An empty directory is no list, and gives way to one."""
        os.mkdir(self.path(name))
        yield
        self.is_none(name)
        newlist(self.path(name + "-old"))
        os.rename(self.path(name + "-old"), self.path(name))
        return "found"

    def saved(self, name):
        newlist(self.path(name))
        yield
        mm2ops.save(self.path(name), CONFIG)
        return "found"

    EVENTS = (nothing, stays, another, made, moved_in, linked, half_made,
              half_made_and_finished, half_made_scanned_and_finished,
              linked_early, link_switched, junk, junk_replaced, removed,
              removed_and_scanned, removed_and_made,
              removed_scanned_and_made, unmade_scanned_and_remade, renamed,
              renamed_over_none, saved)

    def scans(self):
        report = self.asker.ask(b".status all").decode()
        return int(re.search(self.site + r"(\d+)", report)[1])

    def wait_for_scan(self):
        """One that began after this was called: the second that ends."""
        for _ in range(2):
            before = self.scans()
            os.kill(self.pid, signal.SIGHUP)
            until(lambda: self.scans() > before, "a scan")


def wrong_answers(names, name, may):
    """A line for each answer that is another one."""
    for form in FORMS:
        answer = names.ask(name, form)
        if answer not in may:
            yield "%s: %s, not %s" % (form % (name, names.domain), answer, may)


def go_on(names, name, event):
    """Whether it wants a scan, and what was wrong."""
    try:
        next(event)
        return True, []
    except StopIteration as end:
        return False, list(wrong_answers(names, name, end.value))
    except Exception as e:
        return False, ["%s at %s: %r" % (name, names.domain, e)]


def events(socket, pid, *sites):
    """All of them go on together from one scan to the next."""
    asker, going, wrong = Asker(socket), [], []
    for number, site in enumerate(sites):
        names = Names(asker, int(pid), number, *site.split("="))
        going += [(names, event.__name__.replace("_", "-"), event)
                  for event in Names.EVENTS]
    going = [(names, name, event(names, name)) for names, name, event in going]
    while going:
        wanted = []
        for one in going:
            wants, lines = go_on(*one)
            wrong += lines
            wanted += [one] if wants else []
        going = wanted
        for names in {names for names, _, _ in going}:
            names.wait_for_scan()
    print("\n".join(wrong))
    return len(wrong)


class Tracer:
    """strace at the daemon, with more OPTIONS."""

    def __init__(self, pid, *options):
        self.pid, self.gone_on = pid, 0
        self.f = tempfile.NamedTemporaryFile("r")
        self.p = subprocess.Popen(
            ["strace", "-p", str(pid), "-o", self.f.name, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.p.stderr.readline()
        if "attached" not in line:
            raise RuntimeError(line)

    def read(self):
        self.f.seek(0)
        return self.f.read()

    def stops(self):
        """How often the daemon was stopped by SIGSTOP, and not only while
        strace looked."""
        return self.read().count("--- stopped by SIGSTOP")

    def let_go_on(self):
        if self.stops() > self.gone_on:
            self.gone_on += 1
            os.kill(self.pid, signal.SIGCONT)

    def end(self):
        self.p.send_signal(signal.SIGINT)
        self.p.wait()
        return self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Whatever happened: it would hold the daemon, and be waited for."""
        self.p.kill()
        self.p.wait()
        self.p.stderr.close()
        self.f.close()


class Stops:
    def __init__(self, socket, domain, lists_dir, pid):
        self.spec, self.domain, self.dir = "local:" + socket, domain, lists_dir
        self.pid, self.n, self.stops = pid, 0, 0
        self.first = Client(self.spec)
        self.wrong = []

    def ask(self, client, name):
        client.raw(frame("recipients %s@%s" % (name, self.domain)))

    def calls_of_a_turn(self):
        """Those by which a question for what is no list is answered, with how
        often each of them is made."""
        with Tracer(self.pid) as tracer:
            self.ask(self.first, "nosuch")
            self.first.reply()
            trace = tracer.end()
        calls = {}
        for line in trace.split("\n"):
            m = re.match(r"(\w+)\(", line)
            if m and m[1] not in NO_STOPS:
                calls[m[1]] = calls.get(m[1], 0) + 1
        return calls

    def stop_at(self, call, number):
        self.n += 1
        name = "stop%d" % self.n
        with Tracer(self.pid, "-e", "trace=" + call, "-e",
                    "inject=%s:signal=SIGSTOP:when=%d" % (call, number)) as t:
            replies = self.replies_around_a_stop(t, name)
            trace = t.end()
        if replies[0] not in ("found", "absent") or \
                replies[1:] != ["found", "found"]:
            self.wrong.append("%s %d: %s\n%s" % (call, number, replies, trace))

    def replies_around_a_stop(self, tracer, name):
        replies = []

        def take(client):
            try:
                replies.append(kind(client.reply(0).encode()))
                return True
            except Silence:
                return False

        def take_or_go_on(client):
            tracer.let_go_on()
            return take(client)
        self.ask(self.first, name)
        until(lambda: tracer.stops() or take(self.first), "a stop")
        self.stops += tracer.stops()
        newlist(os.path.join(self.dir, name))
        self.ask(self.first, name)
        with Client(self.spec) as second:
            self.ask(second, name)
            while len(replies) < 2:
                until(lambda: take_or_go_on(self.first), "a reply")
            until(lambda: take_or_go_on(second), "another's reply")
        return replies

    def run(self):
        for call, times in sorted(self.calls_of_a_turn().items()):
            for number in range(1, times + 1):
                self.stop_at(call, number)
        print("%d stops" % self.stops)
        print("\n".join(self.wrong))
        return len(self.wrong) or not self.stops


def main():
    what, *words = sys.argv[1:]
    if what == "events":
        return events(*words)
    return Stops(*words[:3], int(words[3])).run()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
