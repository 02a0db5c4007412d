#!/usr/bin/env python3
"""Four processes change lists directories and ask at once for what they did.

usage: hammer.py fill SITE...
       hammer.py [--flood PID] SECONDS SOCKET SITE...

The first makes lists that stay, before the daemon starts.  SITE is
KIND,DOMAIN,LISTS_DIR[,OTHER], the daemon's name for the first one is s0; each
domain is a dedicated one.  KIND:

two	Mailman 2.1, every list on every domain
hosts	Mailman 2.1, each list at its host; OTHER is the site's second domain
three	Mailman 3, settle = 0
young	Mailman 3, settle = 2
files	Mailman 3 with settle = 0, whose files in the directory OTHER name
	lists that have no directory
lower	as two, LISTS_DIR being an overlay whose lower layer is OTHER: lists
	are also made there, which no inotify tells of
stale	as two, and stale3 as three, for a directory of which inotify tells
	nothing: of names that went only a rescan tells, and nothing is said
	of them here

Ends with 1 and what was wrong:
- a name that was a list from before the question was sent until after the
  answer came was absent, or had no answer where the site is well;
- a name that never was a list was found;
- a name that was a list since before the scan before last began was answered
  for by another list, to which the address belongs without it;
- a name that went was found after a scan that began later: that is so when two
  more scans ended, and still so after some seconds in which nothing went.

Each site has its seasons.  In one of them lists go as fast as they can, and the
guard of mass loss keeps them for a moment (cache/gone.h); in the other they go
singly.  --flood stops the daemon now and then until its inotify queue has
overflowed; nothing is said then of names that went.

It goes on for SECONDS, and until each thing was done some times; it prints how
often it did what.
"""
import collections
import fcntl
import json
import mmap
import os
import pickle
import random
import signal
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
import mm2ops  # noqa: E402
import pickles  # noqa: E402
from ask import Asker  # noqa: E402
from patience import PATIENCE, until  # noqa: E402

WORKERS = 4
STAYING = 400  # lists of a site that are never touched
ALIVE = 60     # of a worker at a site, besides: together less than half
FEW = 5        # of these that it leaves when many go
SETTLE = 2.0   # of the kind "young"
SEASONS = 3.0, 6.0  # seconds in which lists go quickly, and singly
# Not more than three in the two seconds in which one more might be a burst.
SINGLY = 0.9
BURST_OVER = 2.6
QUIET = 6.0    # seconds after which the guard keeps nothing
BATCH = 12    # questions that are sent at once, at most
NOBODY = ("nosuch-%d", "w%d", "stay-%d")
FORMS = ("recipients %s@%s", "recipients %s-owner@%s",
         "listmap %s-bounces+a=b.c@%s", "transport %s-request@%s",
         "refusal %s@%s", "refusal %s-bounces+a=b.c@%s")
# Of the first site alone, as is role "aliases".
CLAIMED = ("recipients %s@%s", "refusal %s@%s", "aliases %s")
CLAIMS = {"list": b'post pair-admin"', "action": b'admin pair"'}
SUFFIXES3 = ["-bounces", "-confirm", "-join", "-leave", "-owner", "-request",
             "-subscribe", "-unsubscribe"]
FEWEST = {"found": 500, "absent": 100, "at once": 200, "under way": 200}


class Wrong(Exception):
    """What was wrong."""


class State:
    """What a name was since a moment: a "list", "never" one, "gone", or
    "changing".  Each change makes a new one, so that who sees the same one
    before and after knows that nothing changed between."""

    def __init__(self, what):
        self.what, self.since = what, time.monotonic()
        self.scans = self.scans_at = None  # when what went was gone for sure


class Site:
    def __init__(self, text, number):
        self.kind, self.domain, self.dir, *other = text.split(",")
        self.other = other[0] if other else None
        self.number = number
        self.three = self.kind in ("three", "stale3", "young", "files")
        self.watched = self.kind not in ("lower", "stale", "stale3")
        self.aside = self.dir.rstrip("/") + ".aside"

    def name(self, word):
        return "%s.%s" % (word, self.domain) if self.three else word

    def path(self, word):
        return os.path.join(self.dir, self.name(word))

    def fill(self):
        for path in self.dir, self.aside:
            os.makedirs(path, exist_ok=True)
        if self.kind == "lower":
            os.makedirs(self.other + ".aside", exist_ok=True)
        for i in range(STAYING):
            self.old_list("stay%d" % i)
        self.old_list("pair")
        if self.kind == "files":
            self.write_files(["stay%d" % i for i in range(STAYING)] + ["pair"])

    def old_list(self, word):
        self.newlist(self.path(word), word)
        os.utime(self.path(word), (1e9, 1e9))

    def content(self, word, host=None):
        if self.kind != "hosts":
            return b"}q\x01."
        return pickle.dumps(pickles.new_state(word, host or self.domain, 1), 1)

    def configure(self, path, word, host=None):
        """What makes a directory of Mailman 2.1 a list."""
        mm2ops.save(path, self.content(word, host))

    def newlist(self, path, word):
        os.mkdir(path)
        if not self.three:
            self.configure(path, word)

    def write_files(self, words):
        """As Mailman 3 does for Postfix."""
        lmtp = ["# made for a test\n"]
        for word in words:
            lmtp += ["%s%s@%s lmtp:[127.0.0.1]:8024\n"
                     % (word, suffix, self.domain)
                     for suffix in [""] + SUFFIXES3] + ["\n"]
        domains = ["# made for a test\n\n",
                   "%s %s\n" % (self.domain, self.domain), "\n"]
        for name, lines in (("lmtp", lmtp), ("domains", domains)):
            path = "%s/postfix_%s" % (self.other, name)
            mm2ops.write(path + ".new", "".join(lines).encode())
            os.rename(path + ".new", path)


class Removals:
    """Says when lists may go, whichever process takes them away."""

    PLACE = struct.Struct("3d")  # the last one, the last quick one, a pause

    def __init__(self, sites):
        self.memory = mmap.mmap(-1, self.PLACE.size * sites)
        self.lock = os.memfd_create("hammer")

    def get(self, number):
        return self.PLACE.unpack_from(self.memory, self.PLACE.size * number)

    def put(self, number, *times):
        self.PLACE.pack_into(self.memory, self.PLACE.size * number, *times)

    @staticmethod
    def quickly(number):
        """Whether it is the season for that."""
        return (time.monotonic() + 2 * number) % sum(SEASONS) < SEASONS[0]

    def last_quick(self, number):
        return self.get(number)[1]

    def may(self, number):
        mine = os.open("/proc/self/fd/%d" % self.lock, os.O_RDWR)
        try:
            fcntl.flock(mine, fcntl.LOCK_EX)
            last, quick, pause = self.get(number)
            now = time.monotonic()
            if now < pause:
                return False
            if now - last < SINGLY:
                if not self.quickly(number):
                    return False
                quick = now
            self.put(number, now, quick, pause)
            return True
        finally:
            os.close(mine)

    def pause(self, number):
        last, quick, _ = self.get(number)
        self.put(number, last, quick, time.monotonic() + PATIENCE)

    def go_on(self, number):
        last, quick, _ = self.get(number)
        self.put(number, last, quick, 0.0)


class Scans:
    """How many scans of each site have ended, as the daemon says."""

    def __init__(self, socket, sites, removals):
        self.asker, self.number, self.waiting = Asker(socket), {}, []
        self.removals = removals
        self.domains = {"site s%d" % s.number: s.number for s in sites}
        self.read_at = 0.0

    def read(self):
        waiting, self.waiting = self.waiting, []
        report = self.asker.ask(b".status all").decode()
        for line in report.split("\n"):
            words = line.split("\t")
            if words[0] in self.domains and words[1] == "scans":
                self.number[self.domains[words[0]]] = int(words[2])
            if words[0] in self.domains and words[1] == "state" and \
                    words[2] != "ok":
                raise Wrong("%s is %s\n%s" % (words[0], words[2], report))
        self.read_at = time.monotonic()
        for site, state in waiting:
            if self.read_at - self.removals.last_quick(site.number) < \
                    BURST_OVER:
                self.waiting.append((site, state))
                continue
            state.scans = self.number[site.number]
            state.scans_at = self.read_at

    def now_and_then(self):
        if time.monotonic() - self.read_at > 0.05:
            self.read()


class Question:
    def __init__(self, worker, site, word, form):
        self.site, self.word, self.form = site, word, form
        domain = site.domain
        if "!" in word:  # at its second domain
            self.word, domain = word.split("!")[0], site.other
        self.key = site.number, word
        self.text = (form % ((self.word, domain)[:form.count("%")])).encode()
        self.before = worker.state.get(self.key)
        self.scans = worker.scans.number.get(site.number, 0)
        self.sent = time.monotonic()

    def answer(self, reply):
        """found, absent or no answer; a refusal says it the other way."""
        word = reply.split(b" ")[0].decode()
        kinds = {"OK": "found", "NOTFOUND": "absent", "TEMP": "no answer"}
        if self.form.startswith("refusal"):
            kinds["OK"], kinds["NOTFOUND"] = "absent", "found"
        if word not in kinds:
            raise Wrong("%s: %r" % (self, reply))
        return kinds[word]

    def may_have_no_answer(self):
        """A list that is too young; a change of Mailman 3's files that no
        scan has read yet."""
        if self.site.kind == "young":
            return self.before.since + SETTLE > self.sent
        return self.site.kind == "files" or \
            (self.site.kind == "hosts" and "!" in self.key[1])

    def __str__(self):
        return "%s (%s, %s for %.6f s)" % (
            self.text.decode(), self.site.kind, self.before.what,
            self.sent - self.before.since)


class Worker:
    def __init__(self, number, options, sites, removals):
        self.number, self.o, self.sites = number, options, sites
        self.removals = removals
        self.random = random.Random("%d %s" % (number, options.seed))
        self.state, self.counts = {}, collections.Counter()
        self.recent = collections.deque(maxlen=6)
        self.later = []     # half-made ones: (when, finish)
        self.suspects = []  # found, though they went
        self.alive = {s.number: [] for s in sites}
        self.below, self.rehosted = [], 0
        self.deed_of = {}  # by which of them a name went
        self.n, self.wrong = 0, []
        self.over = threading.Event()
        for s in sites:
            for i in range(STAYING):
                self.state[s.number, "stay%d" % i] = State("list")
            self.state[s.number, "pair"] = State("list")
            for i in range(20):
                for form in NOBODY:
                    self.state[s.number, form % i] = State("never")
        self.scans = Scans(options.socket, sites, removals)
        self.scans.read()
        self.asker = Asker(options.socket)

    # --- what a name is

    def set(self, site, word, what):
        state = State(what)
        self.state[site.number, word] = state
        self.recent.append((site, word))
        if what == "gone":
            self.scans.waiting.append((site, state))

    def new_word(self, site):
        self.n += 1
        word = "w%dn%d" % (self.number, self.n)
        self.set(site, word, "changing")
        return word

    def is_list(self, site, word):
        """It is one since now."""
        self.set(site, word, "list")
        if word not in self.alive[site.number]:
            self.alive[site.number].append(word)
        return [(site, word)]

    def one_alive(self, site):
        """One to change, or None."""
        alive = self.alive[site.number]
        if len(alive) <= FEW:
            return None
        return self.random.choice(alive)

    def one_that_may_go(self, site, word=None):
        word = word or self.one_alive(site)
        if word is None or self.suspects or \
                not self.removals.may(site.number):
            return None
        self.set(site, word, "changing")
        return word

    def has_gone(self, site, word):
        self.alive[site.number].remove(word)
        self.set(site, word, "gone")
        return [(site, word)]

    # --- what is done: each gives those to ask for

    def make(self, site):
        word = self.new_word(site)
        site.newlist(site.path(word), word)
        return self.is_list(site, word)

    def ready_made(self, site, word, aside=None):
        path = "%s/%s" % (aside or site.aside, word)
        site.newlist(path, word)
        if self.random.random() < 0.5:
            os.utime(path, (1e9, 1e9))
        return path

    def move_in(self, site):
        word = self.new_word(site)
        os.rename(self.ready_made(site, word), site.path(word))
        return self.is_list(site, word)

    def link_in(self, site):
        word = self.new_word(site)
        os.symlink(self.ready_made(site, word), site.path(word))
        return self.is_list(site, word)

    def link_early(self, site):
        """A link whose target comes later: no event tells of that."""
        word = self.new_word(site)
        os.symlink("%s/%s" % (site.aside, word), site.path(word))

        def finish():
            self.ready_made(site, word)
            return self.is_list(site, word)
        return self.do_later(site, word, finish)

    def half(self, site):
        """A directory that becomes a list later: no event tells of that."""
        word = self.new_word(site)
        os.mkdir(site.path(word))

        def finish():
            site.configure(site.path(word), word)
            return self.is_list(site, word)
        return self.do_later(site, word, finish)

    def junk(self, site):
        """A file, in whose place a directory is moved."""
        word = self.new_word(site)
        mm2ops.write(site.path(word), b"")

        def finish():
            if not self.removals.may(site.number):
                return self.do_later(site, word, finish)
            os.unlink(site.path(word))
            site.newlist(site.path(word), word)
            return self.is_list(site, word)
        return self.do_later(site, word, finish)

    def do_later(self, site, word, finish):
        delay = self.random.choice((0, 0.01, 0.1, 0.5, 1.0))
        self.later.append((time.monotonic() + delay, finish))
        return [(site, word)]

    def rename(self, site):
        word = self.one_that_may_go(site)
        if word is None:
            return []
        other = self.new_word(site)
        os.rename(site.path(word), site.path(other))
        return self.is_list(site, other) + self.has_gone(site, word)

    def remove(self, site):
        word = self.one_that_may_go(site)
        if word is None:
            return []
        self.take_away(site, word)
        return self.has_gone(site, word)

    def take_away(self, site, word):
        path = site.path(word)
        if os.path.islink(path):
            os.unlink(path)
        elif self.random.random() < 0.5:
            mm2ops.rmlist(path)
        else:
            mm2ops.rmlist_lastfirst(path)

    def again(self, site):
        """It goes and comes back."""
        word = self.one_that_may_go(site)
        if word is None:
            return []
        self.take_away(site, word)
        site.newlist(site.path(word), word)
        return self.is_list(site, word)

    def replace(self, site):
        """By a link to where it is moved."""
        word = self.one_that_may_go(site)
        if word is None:
            return []
        self.n += 1
        aside = "%s/moved%d-%d" % (site.aside, self.number, self.n)
        os.rename(site.path(word), aside)
        os.symlink(aside, site.path(word))
        return self.is_list(site, word)

    def unmake(self, site):
        """The directory stays: no event tells of that.  A link would count as
        one to a volume that is away."""
        word = self.one_alive(site)
        if word is None or os.path.islink(site.path(word)):
            return []
        word = self.one_that_may_go(site, word)
        if word is None:
            return []
        for name in "config.pck", "config.pck.last":
            if os.path.exists(site.path(word) + "/" + name):
                os.unlink(site.path(word) + "/" + name)
        return self.has_gone(site, word)

    def remake(self, site):
        """One that is gone, whose directory stayed."""
        gone = [word for (number, word), state in self.state.items()
                if number == site.number and state.what == "gone" and
                (number, word + "!") not in self.state and
                os.path.isdir(site.path(word))]
        if not gone or len(self.alive[site.number]) >= ALIVE:
            return []
        word = self.random.choice(gone)
        self.set(site, word, "changing")
        site.configure(site.path(word), word)
        return self.is_list(site, word)

    def claim(self, site):
        """A list pair-admin has a better claim than list pair to that address,
        for as long as it is there: found in any case."""
        if self.number != 0:
            return []
        path, aside = site.path("pair-admin"), site.aside + "/pair-admin"
        if not os.path.exists(aside) and not os.path.exists(path):
            site.newlist(aside, "pair-admin")
        if os.path.exists(aside):
            self.set(site, "pair-admin", "changing")
            os.rename(aside, path)
            self.set(site, "pair-admin", "list")
            self.scans.waiting.append((site, self.state[0, "pair-admin"]))
        elif self.removals.may(site.number):
            self.set(site, "pair-admin", "changing")
            os.rename(path, aside)
            self.set(site, "pair-admin", "action")
        return [(site, "pair-admin")]

    def rehost(self, site):
        """Saved with another host: no event tells of that."""
        if self.rehosted >= ALIVE:
            return []
        self.rehosted += 1
        word = self.new_word(site)
        site.newlist(site.path(word), word)

        def finish():
            self.set(site, word, "changing")
            site.configure(site.path(word), word, site.other)
            self.set(site, word + "!", "list")
            self.set(site, word, "gone")
            return [(site, word + "!"), (site, word)]
        self.is_list(site, word)
        self.alive[site.number].remove(word)
        return self.do_later(site, word, finish)

    def name_in_files(self, site):
        """A list that nothing but Mailman's files names, or names no more."""
        if self.number != 0:
            return []
        alive = self.alive[site.number]
        word = self.one_that_may_go(site)
        if word is not None:
            self.write_files(site, [w for w in alive if w != word])
            return self.has_gone(site, word)
        if len(alive) >= ALIVE:
            return []
        word = self.new_word(site)
        self.write_files(site, alive + [word])
        return self.is_list(site, word)

    def write_files(self, site, words):
        site.write_files(["stay%d" % i for i in range(STAYING)] + ["pair"] +
                         words)

    def make_below(self, site):
        """In the lower layer, where it is seen by whoever looks."""
        word = self.new_word(site)
        path = os.path.join(site.other, word)
        if self.random.random() < 0.5:
            os.rename(self.ready_made(site, word, site.other + ".aside"), path)
        else:
            site.newlist(path, word)
        if not os.path.exists(site.path(word) + "/config.pck"):
            self.counts["unseen through the overlay"] += 1
            return []
        self.set(site, word, "list")
        self.alive[site.number].append(word)
        self.below = (self.below + [(site, word)])[-BATCH:]
        return [(site, word)]

    def all_below(self, site):
        return list(self.below)

    def deeds(self, site):
        grow = [self.make, self.move_in, self.link_in]
        shrink = [self.rename, self.remove, self.again, self.replace]
        two = [self.half, self.junk, self.link_early, self.remake, self.claim]
        if site.kind == "files":
            return [self.name_in_files]
        if site.kind in ("three", "stale3", "young"):
            return grow + shrink
        if site.kind == "lower":
            return grow + two + [self.make_below, self.all_below]
        if site.kind == "stale":
            return grow + two + shrink
        if site.number != 0:
            two.remove(self.claim)
        if site.kind == "hosts":
            return grow + two + shrink + [self.rehost, self.unmake]
        return grow + two + shrink + [self.unmake]

    GROWING = ("make", "move_in", "link_in", "half", "junk", "link_early",
               "make_below")

    def do_something(self):
        now = time.monotonic()
        for at in [x for x in self.later if x[0] <= now]:
            self.later.remove(at)
            self.counts["finished later"] += 1
            return at[1]()
        site = self.random.choice(self.sites)
        deed = self.random.choice(self.deeds(site))
        if deed.__name__ in self.GROWING and (
                len(self.alive[site.number]) >= ALIVE or
                self.removals.quickly(site.number) and
                self.random.random() < 0.5):
            deed = self.all_below if site.kind == "lower" else self.remove
        done = deed(site)
        for _, word in done:
            self.deed_of[site.number, word] = deed.__name__
        if done:
            self.counts[deed.__name__] += 1
        return done

    # --- asking

    def question(self, site, word):
        forms = CLAIMED if word == "pair-admin" else FORMS
        return Question(self, site, word, self.random.choice(forms))

    def around(self):
        """Somebody else's questions beside those for what changed."""
        site = self.random.choice(self.sites)
        yield site, "stay%d" % self.random.randrange(STAYING)
        yield site, self.random.choice(NOBODY) % self.random.randrange(20)
        gone = [key for key, state in list(self.state.items())
                if state.what == "gone"]
        if gone:
            number, word = self.random.choice(gone)
            yield self.sites[number], word

    def judge(self, q, reply, counted):
        state = self.state.get(q.key)
        answer = q.answer(reply)
        self.counts[answer] += 1
        self.counts[counted] += 1
        if state is not q.before or state is None:
            self.counts["changed meanwhile"] += 1
            return
        if state.what in ("list", "action") and answer == "absent":
            raise Wrong("absent: %s: %r" % (q, reply))
        if state.what == "never" and answer == "found":
            raise Wrong("found: %s: %r" % (q, reply))
        if state.what != "changing" and answer == "no answer":
            self.counts["no answer, %s, %s" % (q.site.kind, state.what)] += 1
            if state.what == "list" and not q.may_have_no_answer():
                raise Wrong("no answer: %s: %r" % (q, reply))
        if q.form == CLAIMED[2] and state.what in CLAIMS and \
                not reply.endswith(CLAIMS[state.what]):
            self.counts["by another's claim, " + state.what] += 1
            if state.what == "list" and state.scans is not None and \
                    q.scans >= state.scans + 2:
                raise Wrong("by another's claim: %s: %r" % (q, reply))
        if state.what == "gone" and answer == "found":
            self.note_found_gone(q, state)

    def note_found_gone(self, q, state):
        self.counts["found, gone"] += 1
        if state.scans is not None and q.scans >= state.scans + 2 and \
                self.removals.last_quick(q.site.number) < state.scans_at and \
                q.site.watched and not self.o.flood:
            self.suspects.append((q, state))

    def ask(self, asker, questions, counted):
        """All at once, the answers in order."""
        asker.send(*[q.text for q in questions])
        for q in questions:
            reply = asker.reply()
            if reply is None:
                raise Wrong("the connection was lost: %s" % q)
            self.judge(q, reply, counted)

    def work(self):
        while not self.over.is_set():
            words = self.do_something()
            questions = [self.question(*w) for w in words]
            if self.random.random() < 0.3:
                questions += [self.question(*w) for w in self.around()]
                questions += [self.question(*w) for w in words]
            asker = self.asker
            if self.random.random() < 0.2:
                asker = Asker(self.o.socket)
            if questions:
                self.ask(asker, questions[:BATCH], "at once")
            if asker is not self.asker:
                asker.s.close()
            self.scans.now_and_then()
            self.look_at_suspects()

    def look_at_suspects(self):
        """Nothing goes at that site, until it is clear whether this went."""
        if not self.suspects:
            return
        q, state = self.suspects.pop()
        if self.state.get(q.key) is not state:
            return
        self.counts["found, gone: looked again"] += 1
        self.removals.pause(q.site.number)
        time.sleep(QUIET)
        self.scans.read()
        enough = self.scans.number[q.site.number] + 2
        until(lambda: self.more_scans(q.site, enough), "scans")
        again = Question(self, q.site, q.key[1], q.form)
        if again.answer(self.asker.ask(again.text)) == "found":
            raise Wrong("found, though it went: %s, by %s" % (
                again, self.deed_of.get(q.key)))
        self.suspects.clear()
        self.removals.go_on(q.site.number)

    def more_scans(self, site, enough):
        """Something happens, so that there is something to scan."""
        self.n += 1
        os.mkdir("%s/.hammer%d-%d" % (site.dir, self.number, self.n))
        time.sleep(0.1)
        self.scans.read()
        return self.scans.number[site.number] >= enough

    def ask_under_way(self):
        """A thread that asks for what the other is changing."""
        choice = random.Random(self.number)
        asker = Asker(self.o.socket)
        while not self.over.is_set():
            recent = list(self.recent)
            if not recent:
                time.sleep(0.001)
                continue
            some = choice.choices(recent, k=choice.choice((1, 1, 3, 8)))
            self.ask(asker, [self.question(s, w) for s, w in some],
                     "under way")

    def watched(self, job):
        try:
            job()
        except Exception as e:
            self.wrong.append("worker %d: %s" % (
                self.number, e if isinstance(e, Wrong) else repr(e)))
            self.over.set()

    def enough(self):
        return all(self.counts[what] >= fewest / WORKERS
                   for what, fewest in FEWEST.items())

    def run(self, end):
        """Until END is closed, and there was enough of everything."""
        latest = time.monotonic() + self.o.seconds + PATIENCE
        threads = [threading.Thread(target=self.watched, args=(job,))
                   for job in (self.work, self.ask_under_way)]
        for t in threads:
            t.start()
        while not self.over.wait(0.05):
            if end.is_there() and (self.enough() or
                                   time.monotonic() > latest):
                self.over.set()
        for t in threads:
            t.join()


class End:
    """What the parent writes to when all is over."""

    def __init__(self):
        self.r, self.w = os.pipe()
        os.set_blocking(self.r, False)

    def is_there(self):
        try:
            os.read(self.r, 1)
            return True
        except BlockingIOError:
            return False


class Process:
    """A worker in a process of its own."""

    def __init__(self, number, options, sites, removals, end):
        r, w = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(end.w)
            os.close(r)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.work(number, options, sites, removals, end, w)
        os.close(w)
        self.f = os.fdopen(r)

    @staticmethod
    def work(number, options, sites, removals, end, w):
        report = {"wrong": ["worker %d did not begin" % number], "counts": {}}
        try:
            worker = Worker(number, options, sites, removals)
            worker.run(end)
            report = {"wrong": worker.wrong, "counts": worker.counts}
        except BaseException as e:
            report["wrong"] = [repr(e)]
        finally:
            os.write(w, json.dumps(report).encode())
            os._exit(0)

    def ended(self):
        pid, _ = os.waitpid(self.pid, os.WNOHANG)
        return pid != 0

    def result(self):
        return json.loads(self.f.read())


def flood(options, sites, n):
    """The daemon sleeps while more happens than its inotify queue holds; then
    it is asked for what was made before, in and after that."""
    with open("/proc/sys/fs/inotify/max_queued_events",
              encoding="ascii") as f:
        events = int(f.read())
    site = sites[n % len(sites)]
    asker = Asker(options.socket)
    asker.ask(b".status all")
    words = ["flood%d-%s" % (n, w) for w in ("before", "in", "after")]
    os.kill(options.flood, signal.SIGSTOP)
    try:
        site.newlist(site.path(words[0]), words[0])
        path = "%s/.flood%d" % (site.dir, n)
        mm2ops.write(path, b"")
        for i in range(events // 2 + 200):
            os.rename(path + "-" * (i % 2), path + "-" * ((i + 1) % 2))
            if i == events // 4:
                site.newlist(site.path(words[1]), words[1])
        site.newlist(site.path(words[2]), words[2])
        asker.send(*[("recipients %s@%s" % (word, site.domain)).encode()
                     for word in words])
    finally:
        os.kill(options.flood, signal.SIGCONT)
    for word in words:
        reply = asker.reply()
        if reply is None or not reply.startswith(b"OK "):
            raise Wrong("flood: %s at %s: %r" % (word, site.domain, reply))
    asker.s.close()


def hammer(options, sites):
    begin(options, sites)
    end, removals = End(), Removals(len(sites))
    processes = [Process(i, options, sites, removals, end)
                 for i in range(WORKERS)]
    os.close(end.r)
    start, floods, wrong = time.monotonic(), 0, []
    try:
        while time.monotonic() - start < options.seconds:
            if options.flood:
                flood(options, sites, floods)
                floods += 1
            time.sleep(0.3)
            if any(p.ended() for p in processes):
                break
    except Wrong as e:
        wrong.append(str(e))
    os.close(end.w)
    results = [p.result() for p in processes]
    counts = collections.Counter(floods=floods)
    for r in results:
        wrong += r["wrong"]
        counts.update(r["counts"])
    return wrong, counts


def begin(options, sites):
    """Every site has been scanned, and knows its lists."""
    asker = Asker(options.socket)

    def all_found():
        return all(asker.ask(b"recipients stay%d@%s" % (
            STAYING - 1, s.domain.encode())).startswith(b"OK ") for s in sites)

    def all_settled():
        report = asker.ask(b".status all").decode().split("\n")
        return sum(line.endswith("\tlists\t%d" % (STAYING + 1))
                   for line in report) == len(sites)
    until(all_found, "the first lists")
    until(all_settled, "the first scans")


class Options:
    def __init__(self, words):
        self.flood = None
        if words[0] == "--flood":
            self.flood = int(words[1])
            words = words[2:]
        self.seconds, self.socket, *self.sites = words
        self.seconds = float(self.seconds)
        self.seed = os.environ.get("HAMMER_SEED", str(time.time_ns()))


def main():
    if sys.argv[1] == "fill":
        for i, text in enumerate(sys.argv[2:]):
            Site(text, i).fill()
        return
    options = Options(sys.argv[1:])
    sites = [Site(text, i) for i, text in enumerate(options.sites)]
    wrong, counts = hammer(options, sites)
    for what, n in sorted(counts.items()):
        print("%8d %s" % (n, what))
    if wrong:
        sys.exit("HAMMER_SEED=%s\n%s" % (options.seed, "\n".join(wrong)))
    few = [what for what in FEWEST if counts[what] < FEWEST[what]]
    if few:
        sys.exit("too few: %s" % ", ".join(few))


if __name__ == "__main__":
    main()
