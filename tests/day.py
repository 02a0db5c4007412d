#!/usr/bin/env python3
"""A day in the life of a list host, and its tally.

usage: day.py live LISTMAPD LISTMAP RECORD
       day.py tally RUN RECORD

live	in the world of sendmail.bash, with sendmail running and no list and no
	daemon yet: clients send all the time, to lists, users and nobody, while
	lists are made, saved and removed, the daemon is succeeded and restarted,
	and the queue is run; it ends when the queue is empty.  RECORD is what
	was said, and when.
tally	holds RECORD against what was delivered under RUN; prints what it
	counted, and ends with 1 and what is wrong.
"""
import collections
import email
import glob
import hashlib
import itertools
import json
import os
import pwd
import random
import re
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from delivery import Session, now, read, stored  # noqa: E402
from patience import PATIENCE, until  # noqa: E402

DOMAIN = "lists.lab.test"
SHARED = "lab.test"
USER = "games@mx.lab.test"
LISTS = "/run/mailman/lists"
CONF = "/run/listmap.conf"
SOCKET = "/run/listmap/socket"
CF = "/run/sendmail/delivery.cf"
QUEUE = "/run/sendmail/queue"
DIRECT, QUEUED = 2525, 2526

# M a list is made, R one is removed, T the daemon is succeeded, S it is stopped
# and started; behind each, so many messages have to be accepted.
PLAN = "MMMMMMRMTMMRMMSMMRMTMRMMRM"
MESSAGES = 16
PAUSE = 0.2  # between two messages of a client
FEWEST = {"messages": 200, "lists": 16, "removed": 5, "bounced": 5,
          "saved": 100, "put off": 1, "nobody": 30, "users": 10}

FORMS = (("post", "%s@" + DOMAIN), ("request", "%s-request@" + DOMAIN),
         ("bounces", "%s-bounces+Joe.User=x.org@" + DOMAIN),
         ("owner", "owner-%s@" + DOMAIN), ("post", "%s@" + SHARED),
         ("confirm", "%s-confirm+0a1b2c@" + DOMAIN))


class Lists:
    """The lists directory, as Mailman writes it, and what was when."""

    def __init__(self, listmap):
        self.listmap = listmap
        self.lock = threading.Lock()
        self.lives = {}
        self.names = ("team%02d" % i for i in itertools.count())
        self.unborn = "mailman"
        self.owner = pwd.getpwnam("list")

    def write(self, path, data):
        with open(path, "wb") as f:
            f.write(data)
        os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def make(self, meanwhile):
        name, directory = self.unborn, LISTS + "/" + self.unborn
        life = self.lives[name] = dict.fromkeys(
            ("begun", "born", "dying", "gone"))
        os.mkdir(directory)
        meanwhile(name)
        os.chown(directory, self.owner.pw_uid, self.owner.pw_gid)
        self.write(directory + "/config.pck.tmp", b"}q\x01.")
        life["begun"] = now()
        os.rename(directory + "/config.pck.tmp", directory + "/config.pck")
        life["born"] = now()
        self.unborn = next(self.names)
        return name

    def alive(self):
        return [name for name, life in list(self.lives.items())
                if life["born"] and not life["dying"]]

    def removed(self):
        return [name for name, life in list(self.lives.items())
                if life["dying"]]

    def save(self, name, i):
        with self.lock:
            if self.lives[name]["dying"]:
                return
            pck = "%s/%s/config.pck" % (LISTS, name)
            self.write(pck + ".tmp", b"}q\x01.%d" % i)
            if os.path.exists(pck + ".last"):
                os.unlink(pck + ".last")
            os.link(pck, pck + ".last")
            os.rename(pck + ".tmp", pck)

    def query(self, name):
        return subprocess.run(
            [self.listmap, "-c", CONF, "query", "recipients",
             "%s@%s" % (name, DOMAIN)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode

    def remove(self, name, meanwhile):
        directory = LISTS + "/" + name
        with self.lock:
            self.lives[name]["dying"] = now()
        for file in sorted(os.listdir(directory)):
            os.unlink(directory + "/" + file)
            meanwhile(name)
        os.rmdir(directory)
        until(lambda: self.query(name) == 1, name + " is no list")
        self.lives[name]["gone"] = now()


class Daemon:
    """The daemons, one after the other."""

    def __init__(self, listmapd):
        self.listmapd = listmapd
        self.log = open("/run/day.log", "ab")
        self.all = []
        self.windows = []  # when there was none

    def socket(self):
        try:
            st = os.stat(SOCKET)
        except FileNotFoundError:
            return None
        return st.st_ino, st.st_ctime_ns

    def start(self, *options):
        old = self.socket()
        p = subprocess.Popen([self.listmapd, "-c", CONF, *options],
                             stdin=subprocess.DEVNULL, stdout=self.log,
                             stderr=self.log)
        self.all.append(p)
        until(lambda: self.socket() not in (old, None) or
              p.poll() is not None, "the daemon listens")
        if p.poll() is not None:
            raise RuntimeError("the daemon ended with %d" % p.returncode)

    def restart(self, felt, answers):
        begin = now()
        self.all[-1].send_signal(signal.SIGTERM)
        self.ended(self.all[-1])
        until(felt, "somebody notices that there is no daemon")
        self.start()
        until(answers, "the daemon answers")
        self.windows.append((begin, now()))

    def ended(self, p):
        if p.wait(PATIENCE) != 0:
            raise RuntimeError("a daemon ended with %d" % p.returncode)

    def end(self):
        """The ones that were succeeded end by themselves."""
        for p in self.all[:-1]:
            self.ended(p)
        self.all[-1].send_signal(signal.SIGTERM)
        self.ended(self.all[-1])


class Post:
    """What is sent, and what was said to it."""

    def __init__(self, lists):
        self.lists = lists
        self.lock = threading.Lock()
        self.rcpts = []
        self.messages = {}
        self.ids = itertools.count(1)

    def accepted(self):
        with self.lock:
            return sum(m["reply"][:3] == "250" for m in
                       self.messages.values())

    def seen(self, code):
        with self.lock:
            return sum(r["reply"][:1] == code for r in self.rcpts)

    def to_list(self, rng, name):
        action, form = rng.choice(FORMS)
        address = form % name
        if rng.random() < 0.2:
            local, _, domain = address.partition("@")
            address = local.upper() + "@" + domain
        return address, name, action + " " + name

    def recipient(self, rng):
        """ADDRESS, list, how the wrapper is to be called."""
        alive, removed = self.lists.alive(), self.lists.removed()
        dice = rng.random()
        if dice < 0.08:
            return USER, None, None
        if dice < 0.16 and removed:
            return self.to_list(rng, rng.choice(removed))
        if dice < 0.22:
            return self.to_list(rng, self.lists.unborn)
        if dice < 0.32 or not alive:
            return self.to_list(rng, "nobody%d" % rng.randrange(1000))
        return self.to_list(rng, rng.choice(alive))

    def text(self, rng, number):
        lines = [rng.choice((b"From the start", b".", b"", b"\xff\x80 8 bit",
                             b"x" * rng.randrange(200)))
                 for _ in range(rng.choice((0, 1, 20, 200)))]
        body = b"".join(line + b"\n" for line in lines)
        head = ("Date: Sun, 22 Nov 2026 15:18:13 +0000\n"
                "From: m%d@remote.test\nMessage-Id: <%d@remote.test>\n"
                "X-Day: %d\nX-Sum: %s\n\n" %
                (number, number, number, hashlib.sha1(body).hexdigest()))
        return head.encode() + body

    def send(self, session, rng, recipients):
        number = next(self.ids)
        reply = session.say("MAIL FROM:<m%d@remote.test>" % number)
        taken = {}
        for address, name, argv in {r[0].lower(): r for r in recipients}.values():
            begin = now()
            said = session.say("RCPT TO:<%s>" % address)
            with self.lock:
                self.rcpts.append({
                    "address": address, "list": name, "reply": said,
                    "fresh": session.fresh, "begin": begin, "end": now()})
            if said.startswith("250"):
                taken[address.lower()] = argv
        if taken:
            begin = now()
            reply = session.data(self.text(rng, number))
            if session.port == DIRECT and reply.startswith("250"):
                session.fresh = begin  # sendmail closed its maps
        else:
            session.say("RSET")
        if taken or not reply.startswith("250"):
            with self.lock:
                self.messages[number] = {"reply": reply, "to": taken}


def connect(port):
    begin = now()
    session = Session(port)
    session.port, session.fresh = port, begin
    return session


class Day:
    def __init__(self, listmapd, listmap):
        self.over = threading.Event()
        self.wrong = []
        self.lists = Lists(listmap)
        self.daemon = Daemon(listmapd)
        self.post = Post(self.lists)
        self.rng = random.Random(0)
        self.saved = self.runs = 0

    def client(self, number, port):
        rng = random.Random(number)
        while not self.over.is_set():
            session = connect(port)
            for _ in range(6):
                count = rng.choice((1, 1, 2, 3))
                self.post.send(session, rng, [
                    self.post.recipient(rng) for _ in range(count)])
                self.over.wait(PAUSE)
            session.close()

    def saver(self):
        for i in itertools.count():
            for name in self.lists.alive():
                self.lists.save(name, i)
                self.saved += 1
                if self.over.wait(0.03):
                    return
            if self.over.wait(0.03):
                return

    def runner(self):
        while not self.over.wait(1):
            self.run_queue()

    def run_queue(self):
        subprocess.run(["sendmail", "-C", CF, "-qf"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.runs += 1

    def send_to(self, name, port=DIRECT):
        session = connect(port)
        self.post.send(session, self.rng, [
            self.post.to_list(self.rng, name)])
        session.close()

    def step(self, letter):
        if letter == "M":
            self.send_to(self.lists.make(self.send_to))
        elif letter == "R":
            name = self.rng.choice(self.lists.alive()[1:])
            self.send_to(name, QUEUED)
            self.lists.remove(name, self.send_to)
        elif letter == "T":
            self.daemon.start("--take-over")
        elif letter == "S":
            before = self.post.seen("4")
            self.daemon.restart(lambda: self.post.seen("4") > before,
                                lambda: self.lists.query("mailman") == 0)

    def guarded(self, job, *args):
        try:
            job(*args)
        except Exception as e:
            self.wrong.append("%s: %r" % (job.__name__, e))
            self.over.set()

    def course(self):
        refused = self.post.seen("5")
        until(lambda: self.post.seen("5") >= refused + 10, "a few refusals")
        for letter in PLAN:
            before = self.post.accepted()
            self.step(letter)
            until(lambda: self.over.is_set() or
                  self.post.accepted() >= before + MESSAGES, "messages")
            if self.over.is_set():
                return

    def evening(self):
        def empty():
            self.run_queue()
            return not os.listdir(QUEUE)
        until(empty, "the queue is empty: %r" % os.listdir(QUEUE))
        self.daemon.end()

    def live(self):
        self.daemon.start()
        jobs = [(self.client, i, DIRECT) for i in range(4)] + \
            [(self.client, 4, QUEUED), (self.saver,), (self.runner,)]
        threads = [threading.Thread(target=self.guarded, args=job)
                   for job in jobs]
        for t in threads:
            t.start()
        self.guarded(self.course)
        self.over.set()
        for t in threads:
            t.join()
        self.guarded(self.evening)

    def record(self):
        return {"wrong": self.wrong, "rcpts": self.post.rcpts,
                "messages": self.post.messages, "lists": self.lists.lives,
                "windows": self.daemon.windows, "saved": self.saved,
                "runs": self.runs, "daemons": len(self.daemon.all)}


def live(listmapd, listmap, record):
    day = Day(listmapd, listmap)
    try:
        day.live()
    finally:
        for p in day.daemon.all:
            p.kill()
    with open(record, "w") as f:
        json.dump(day.record(), f, indent=1)
    return 0


class Tally:
    def __init__(self, run, record):
        self.day = json.loads(read(record))
        self.wrong = self.day["wrong"]
        self.counts = collections.Counter()
        self.kept = collections.Counter()
        self.bounced = collections.Counter()
        self.argv = {}
        self.read_store(run)
        self.read_others(run)

    def fail(self, *words):
        self.wrong.append(" ".join(map(str, words)))

    def read_message(self, message, what):
        """Its number, and it is what was sent."""
        head, _, body = message.partition(b"\n\n")
        number = re.search(rb"(?m)^X-Day: (\d+)$", head)
        total = re.search(rb"(?m)^X-Sum: (\w+)$", head)
        if not number or total[1].decode() != hashlib.sha1(body).hexdigest():
            self.fail(what, "was changed on its way:", message[:400])
            return "?"
        return number[1].decode()

    def read_store(self, run):
        for argv, message in stored(run + "/mailman/mail/got"):
            to = re.search(rb"(?m)^Delivered-To: (.*)$", message)[1].decode()
            key = self.read_message(message, to), to.lower()
            self.kept[key] += 1
            self.argv[key] = argv
        if os.path.exists(run + "/mailman/mail/got/faults"):
            self.fail(read(run, "mailman/mail/got/faults").decode())

    def read_others(self, run):
        for path in glob.glob(run + "/sendmail/delivered/mail*"):
            how, _, message = read(path).partition(b"\n")
            _, to = how.decode().split()
            if to == "games":
                self.kept[self.read_message(message, to), USER] += 1
            else:
                self.read_bounce(to[1:].partition("@")[0], message)

    def read_bounce(self, number, message):
        message = email.message_from_bytes(message.partition(b"\n")[2])
        for part in message.walk():
            to = part["Final-Recipient"]
            if to and part["Action"] == "failed":
                self.bounced[number, to.partition(";")[2].strip().lower()] += 1
            elif to:
                self.fail("a notice about", to, "says", part["Action"])

    def down(self, begin, end):
        return any(begin < last and end > first
                   for first, last in self.day["windows"])

    def wanted(self, rcpt):
        """The kind of the recipient, and the replies that are right."""
        life = self.day["lists"].get(rcpt["list"])
        if rcpt["address"] == USER:
            return "users", "2"
        if life is None or life["begun"] > rcpt["end"]:
            return "nobody", "5"
        if life["gone"] and life["gone"] < rcpt["fresh"]:
            return "removed", "5"
        if life["born"] < rcpt["begin"] and (
                not life["dying"] or life["dying"] > rcpt["end"]):
            return "lists", "2"
        return "being made or removed", "25"

    def judge_rcpts(self):
        for rcpt in self.day["rcpts"]:
            kind, right = self.wanted(rcpt)
            code = rcpt["reply"][:1]
            if code not in right and not (
                    code == "4" and kind != "users" and
                    self.down(rcpt["fresh"], rcpt["end"])):
                self.fail(kind, rcpt)
            self.counts["RCPT to " + kind] += 1
            self.counts["RCPT to %s: %sxx" % (kind, code)] += 1
            self.counts["put off"] += code == "4"
            self.counts[kind] += code in "25"

    def judge_message(self, number, message):
        if not message["reply"].startswith("250"):
            self.fail("message", number, "got", message["reply"])
            return
        self.counts["messages"] += 1
        for to, argv in message["to"].items():
            key = number, to
            kept, bounced = self.kept.pop(key, 0), self.bounced.pop(key, 0)
            self.counts["recipients"] += 1
            self.counts["kept"] += kept
            self.counts["bounced"] += bounced
            life = argv and self.day["lists"][argv.split()[1]]
            if kept + bounced != 1:
                self.fail("message", number, "to", to, "was",
                          "lost" if kept + bounced == 0 else "there twice:",
                          kept, "kept,", bounced, "bounced")
            if bounced and not (life and life["dying"]):
                self.fail("message", number, "to", to, "bounced")
            if kept and argv and self.argv[key] != argv:
                self.fail("message", number, "to", to, "as", self.argv[key])

    def judge(self):
        lives = self.day["lists"].values()
        self.judge_rcpts()
        for number, message in self.day["messages"].items():
            self.judge_message(number, message)
        for key in [*self.kept, *self.bounced]:
            self.fail("from nowhere:", *key)
        self.counts["saved"] = self.day["saved"]
        self.counts["queue runs"] = self.day["runs"]
        self.counts["daemons"] = self.day["daemons"]
        self.counts["lists"] = len(lives)
        self.counts["removed"] = sum(bool(life["gone"]) for life in lives)
        for what, least in FEWEST.items():
            if self.counts[what] < least:
                self.fail("too few to tell:", what, self.counts[what])

    def show(self):
        for what in ("messages", "recipients", "kept", "bounced", "lists",
                     "removed", "saved", "daemons", "queue runs"):
            print("%s: %d" % (what, self.counts[what]))
        for what in sorted(self.counts):
            if what.startswith("RCPT"):
                print("%s: %d" % (what, self.counts[what]))


def tally(run, record):
    t = Tally(run, record)
    t.judge()
    t.show()
    for line in t.wrong[:20]:
        print("wrong:", line)
    return int(bool(t.wrong))


if __name__ == "__main__":
    sys.exit({"live": live, "tally": tally}[sys.argv[1]](*sys.argv[2:]))
