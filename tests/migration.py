#!/usr/bin/env python3
"""Lists that move from Mailman 2.1 to 3 one by one under steady mail.

usage: migration.py live LISTMAP RECORD
       migration.py tally RUN VAR RECORD

live	in the world of sendmail.bash, with both sendmails, the daemon and a
	Mailman 3 running: makes the lists in 2.1; then clients send all the
	time, and try again what was put off, while each list is made in 3 and
	removed from 2.1 a moment later, or at the end; ends when all queues are empty.  RECORD is what
	was said, and when.
tally	holds RECORD against what the wrapper's double has under RUN and what
	lies in the queues under VAR; prints what it counted, and ends with 1
	and what is wrong.  For the python that runs Mailman.
"""
import collections
import glob
import itertools
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import mm3  # noqa: E402
import mm3_queue  # noqa: E402
from delivery import Session, now, read, stored  # noqa: E402
from patience import until  # noqa: E402

DOMAIN, SHARED = "lists.lab.test", "lab.test"
LISTS = "/run/mailman/lists"
CONF = "/run/listmap.conf"
DIRECT, QUEUED, STOCK = 2525, 2526, 2527
QUEUES = {"/run/sendmail/queue": "/run/sendmail/mailman3.cf",
          "/run/sendmail/stock": "/run/sendmail/mailman3-stock.cf"}
NUMBER = 50
PAUSE = 0.06  # between two messages of a client
BOTH = 0.3  # that a list is in both
# Of what there is: a message that was accepted before a list was made in 3,
# and got there, was given to 2.1's mailer or waited for a queue run.
FEWEST = {"messages": 300, "in 2.1": 100, "in 3": 100, "put off": 10,
          "moved while queued": 10, "after the move": 50}

# What the address is, what it is to each of them.
FORMS = (("%s", "post", "in post"),
         ("%s-request", "request", "command request"),
         ("%s-bounces+Joe.User=x.org", "bounces", "bounces bounces"),
         ("%s-owner", "owner", "in owner"),
         ("%s-confirm+0a1b2c", "confirm", "command confirm"))

TEXT = b"""Date: Sun, 22 Nov 2026 15:18:13 +0000
From: M <m@remote.test>
Message-Id: <%d@remote.test>

number %d
"""


def name_of(i):
    return "team%02d" % i


def domain_of(name):
    """In 3 each has one; every fifth is the shared one."""
    return SHARED if int(name[4:]) % 5 == 0 else DOMAIN


def stays(name):
    """In 2.1 as well, until all have moved."""
    return int(name[4:]) % 10 == 9


class Migration:
    def __init__(self, listmap):
        self.listmap = listmap
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.ids = itertools.count(1)
        self.names = [name_of(i) for i in range(NUMBER)]
        self.sent, self.wrong = [], []
        self.moves = {}
        self.settled = {}  # since when the daemon says that they are in 3
        self.put_off = 0

    def make_old(self, name):
        """As Mailman 2.1 does it."""
        directory = LISTS + "/" + name
        os.mkdir(directory)
        with open(directory + "/config.pck.tmp", "wb") as f:
            f.write(b"}q\x01.")
        os.rename(directory + "/config.pck.tmp", directory + "/config.pck")

    def remove_old(self, name):
        shutil.rmtree(LISTS + "/" + name)

    def query(self, role, name):
        """What it says of a list; nothing where it says no."""
        return subprocess.run(
            [self.listmap, "-c", CONF, "query", role,
             "%s@%s" % (name, domain_of(name))], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout

    def known(self, name):
        return self.query("recipients", name)

    def moved(self, name):
        return self.query("listmap", name).startswith(b"mailman3:")

    def until(self, condition, what):
        """Waits for it, or for the end of all."""
        until(lambda: self.over.is_set() or condition(), what)

    def taken(self, reply, message):
        """The reply may put the message off, but refuse nothing."""
        with self.lock:
            if reply[0] == "4":
                self.put_off += 1
            elif reply[:3] != "250":
                self.wrong.append("%r: %s" % (message, reply))
        return reply.startswith("250")

    def envelope(self, session, message):
        return self.taken(session.say("MAIL FROM:<m%d@remote.test>" %
                                      message["number"]), message) and \
            all(self.taken(session.say("RCPT TO:<%s>" % to), message)
                for to in message["to"])

    def attempt(self, session, message):
        """Whether all of it was accepted: else nothing was."""
        begin = now()
        if not self.envelope(session, message):
            session.say("RSET")
            return False
        if not self.taken(session.data(TEXT % (2 * (message["number"],))),
                          message):
            return False
        message.update(begin=begin, end=now())
        with self.lock:
            self.sent.append(message)
        return True

    def message(self, rng, names, port):
        to = {}
        for name in names:
            i = rng.randrange(len(FORMS))
            local = FORMS[i][0] % name
            if rng.random() < 0.2:
                local = local.upper()
            to["%s@%s" % (local, domain_of(name))] = [name, i]
        return {"number": next(self.ids), "to": to, "port": port}

    def next_names(self, rng):
        """Above all those that are about to move."""
        at = len(self.moves)
        near = self.names[max(0, at - 8):at + 4]
        names = near if rng.random() < 0.6 and near else self.names
        return rng.sample(names, rng.choice((1, 1, 2)))

    def client(self, seed, port):
        rng, waiting = random.Random(seed), []
        while waiting or not self.over.is_set():
            session = Session(port)
            again, waiting = waiting, []
            if not self.over.is_set():
                again += [self.message(rng, self.next_names(rng), port)
                          for _ in range(6)]
            for message in again:
                if not self.attempt(session, message):
                    waiting.append(message)
                time.sleep(PAUSE)
            session.close()

    def runner(self):
        while not self.over.wait(1.5):
            self.run_queues()

    def run_queues(self):
        for cf in QUEUES.values():
            subprocess.run(["sendmail", "-C", cf, "-qf"],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

    def queues_are_empty(self):
        self.run_queues()
        return not any(map(os.listdir, QUEUES))

    def queue_one(self, name):
        """That it is in the queue when the list moves."""
        session = Session(QUEUED)
        self.attempt(session, self.message(random.Random(name), [name],
                                           QUEUED))
        session.close()

    def move(self, name):
        self.queue_one(name)
        begin = now()
        self.moves[name] = begin, None
        mm3.rest("POST", "lists", fqdn_listname="%s@%s" %
                 (name, domain_of(name)))
        self.moves[name] = begin, now()
        if not stays(name):
            self.over.wait(BOTH)
            self.remove_old(name)

    def course(self):
        for name in self.names:
            if self.over.is_set():
                return
            self.move(name)
        self.until(lambda: len(self.settled) == NUMBER, "all are in 3")
        enough = len(self.sent) + FEWEST["after the move"]
        self.until(lambda: len(self.sent) >= enough, "mail after that")
        # As quickly as rmlist can be run.
        for name in filter(stays, self.names):
            self.remove_old(name)
            time.sleep(0.1)

    def settler(self):
        for name in self.names:
            self.until(lambda: self.moves.get(name, (0, None))[1],
                       name + " is made in 3")
            self.until(lambda: self.moved(name), name + " is known in 3")
            if self.over.is_set():
                return
            self.settled[name] = now()

    def guarded(self, job, *args):
        try:
            job(*args)
        except Exception as e:
            self.wrong.append("%s: %r" % (job.__name__, e))
            self.over.set()

    def live(self):
        for name in ["mailman"] + self.names:
            self.make_old(name)
        until(lambda: all(map(self.known, self.names)), "2.1 has the lists")
        jobs = [(self.client, 1, DIRECT), (self.client, 2, DIRECT),
                (self.client, 3, QUEUED), (self.client, 4, STOCK),
                (self.client, 5, STOCK), (self.runner,), (self.settler,)]
        threads = [threading.Thread(target=self.guarded, args=job)
                   for job in jobs]
        for t in threads:
            t.start()
        self.guarded(self.course)
        self.over.set()
        for t in threads:
            t.join()
        self.guarded(until, self.queues_are_empty, "the queues are empty")


def live(listmap, record):
    m = Migration(listmap)
    m.live()
    with open(record, "w") as f:
        json.dump({"wrong": m.wrong, "sent": m.sent, "moves": m.moves,
                   "settled": m.settled, "put off": m.put_off}, f, indent=1)
    return 0


class Tally:
    def __init__(self, run, var, record):
        self.record = json.loads(read(record))
        self.wrong = self.record["wrong"]
        self.counts = collections.Counter({"put off": self.record["put off"]})
        self.old, self.new = self.read_old(run), self.read_new(var)
        for path in glob.glob(run + "/sendmail/delivered/mail*"):
            self.fail("went elsewhere:", read(path).decode("latin-1")[:400])
        if os.path.exists(run + "/mailman/mail/got/faults"):
            self.fail(read(run, "mailman/mail/got/faults").decode())

    def fail(self, *words):
        self.wrong.append(" ".join(map(str, words)))

    def number(self, text):
        """The message's, which is in it twice."""
        m = re.search(rb"(?m)^Message-Id: <(\d+)@", text, re.I)
        if text.partition(b"\n\n")[2] != b"number %s\n" % m[1]:
            self.fail("was changed on its way:", text)
        return int(m[1])

    def read_old(self, run):
        """(number, list, action): how often."""
        old = collections.Counter()
        for argv, text in stored(run + "/mailman/mail/got"):
            action, name = argv.split()
            old[self.number(text), name, action] += 1
        return old

    def read_new(self, var):
        """(number, list-id, queue and sub-address): how often."""
        new = collections.Counter()
        for queue, message, data in mm3_queue.queued(var):
            new[self.number(message.as_bytes()), data["listid"],
                queue + " " + mm3_queue.sub_address(data)] += 1
        return new

    def judge_one(self, message, to, name, form):
        where = "message %d to %s" % (message["number"], to)
        old = self.old.pop((message["number"], name, FORMS[form][1]), 0)
        new = self.new.pop((message["number"], name + "." + domain_of(name),
                            FORMS[form][2]), 0)
        begun = self.record["moves"][name][0]
        self.counts["in 2.1"] += old
        self.counts["in 3"] += new
        self.counts["through port %d" % message["port"]] += 1
        if old + new != 1:
            self.fail(where, "is %d times in 2.1 and %d times in 3" %
                      (old, new))
        if message["end"] < begun and new:
            self.counts["moved while queued"] += 1
        if message["begin"] > self.record["settled"].get(name, math.inf):
            self.counts["after the move"] += 1
            if not new:
                self.fail(where, "came late, and is not in 3")

    def judge(self):
        for message in self.record["sent"]:
            self.counts["messages"] += 1
            for to, (name, form) in message["to"].items():
                self.counts["recipients"] += 1
                self.judge_one(message, to, name, form)
        for key in [*self.old, *self.new]:
            self.fail("from nowhere:", *key)
        self.counts["lists"] = len(self.record["moves"])
        if self.counts["lists"] != NUMBER:
            self.fail("not all lists moved")
        for what, least in FEWEST.items():
            if self.counts[what] < least:
                self.fail("too few to tell:", what, self.counts[what])


def tally(run, var, record):
    t = Tally(run, var, record)
    t.judge()
    for what in sorted(t.counts):
        print("%s: %d" % (what, t.counts[what]))
    for line in t.wrong[:20]:
        print("wrong:", line)
    return int(bool(t.wrong))


if __name__ == "__main__":
    sys.exit({"live": live, "tally": tally}[sys.argv[1]](*sys.argv[2:]))
