"""A site of Mailman 2.1 whose scans meet faults: what faults.py works with.

Whoever scans a site takes the lock of its cache first.  The tests hold it, so
that the process which is about to scan waits, and strace can be attached to
that process alone: the program loader, the daemon that serves, and everything
before the scan are left in peace, and a call's number is always the same.
"""
import fcntl
import os
import pickle
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import mm2ops  # noqa: E402
import pickles  # noqa: E402
from ask import Asker  # noqa: E402
from patience import until  # noqa: E402

DEDICATED = "lists.example.org"
DOMAINS = [DEDICATED, "example.org", "example.net"]
UNKNOWN = ["nosuch", "nosuch-owner", "bin", "old"]
FORMS = ["%s", "%s-owner", "%s-bounces+a=b"]

CONF = """
listen = {{ "local:{where}/socket" }}
cache_dir = "{where}/{cache}"
user = "root"
debounce = 0.2
rescan = 3600
deadline = 25
site "lists" {{
    lists_dir = "{where}/lists"
    wrapper = "/usr/lib/mailman/mail/mailman"
    verify_misses = "{verify}"
    domain "lists.example.org" {{ dedicated = true }}
    domain "example.org" {{}}
    domain "example.net" {{}}
}}
"""

# So that memory comes from the kernel, which may say no, in small pieces.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1024", "MALLOC_TOP_PAD_": "0"}

# What the kernel never refuses; the call that waited when strace came; and
# what is called by chance.
NEVER = ("exit_group", "exit", "restart_syscall", "rt_sigreturn", "flock",
         "getrandom")

# By which a child makes its report; then it waits until the daemon is done with
# what it gave.
REPORTS = "sendto"

# The host of this one is another since the last scan: until it was read, and
# where nobody may look, it is not known at its new one.
MOVED = ("moved",)

# These lines of the status are another every time.
CHANGING = re.compile("lists|scanning|verifying|watching|scans|.*_at|.*_ms")


class Trouble(Exception):
    """What went wrong, in the words of the table."""


def read_cdb(path):
    """The records of a CDB, or None where it is none."""
    try:
        with open(path, "rb") as f:
            data = f.read()
        end = min(struct.unpack("<512I", data[:2048])[::2])
    except (OSError, struct.error):
        return None
    records, at = {}, 2048
    while at < end:
        keys, values = struct.unpack_from("<II", data, at)
        at += 8 + keys + values
        records[data[at - keys - values:at - values]] = data[at - values:at]
    return records


def parent_of(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="latin-1") as f:
            return int(f.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


class Injector:
    """strace, which makes calls of the process PID fail."""

    def __init__(self, pid, trace, fault=None):
        self.trace = trace
        command = ["strace", "-p", str(pid), "-o", trace]
        if fault:
            command += ["-e", "inject=%s:error=%s:when=%s" % fault[:3]]
            traced = fault.call + "," + REPORTS
            # Where malloc() goes next; 0 is how this call fails.
            if traced == "mmap":
                command += ["-e", "inject=brk:retval=0"]
                traced += ",brk"
            command += ["-e", "trace=" + traced]
        self.p = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = self.p.stderr.readline()
        if "attached" not in line:
            self.p.wait()
            raise RuntimeError("strace: " + line + self.p.stderr.read())

    def until_reported(self):
        """Until the process has made its report, or ended."""
        def has():
            with open(self.trace, encoding="latin-1") as f:
                return self.p.poll() is not None or REPORTS + "(" in f.read()
        until(has, "the scan's end")

    def wait(self):
        """Until the process ended.  How often it made each call, and how many
        of them were made to fail."""
        self.p.stderr.close()
        self.p.wait()
        calls, injected = {}, 0
        with open(self.trace, encoding="latin-1") as f:
            for line in f:
                m = re.match(r"(\w+)\(", line)
                if m and m[1] not in NEVER:
                    calls[m[1]] = calls.get(m[1], 0) + 1
                injected += "(INJECTED)" in line
        return calls, injected

    def detach(self):
        self.p.send_signal(signal.SIGINT)
        return self.wait()


class Site:
    def __init__(self, where, listmapd, listmap, verify):
        self.where, self.verify = where, verify
        self.before = None  # the snapshot before the fault: its inode
        self.listmapd, self.listmap = listmapd, listmap
        self.hosts, self.asker, self.held = {}, None, None
        self.daemon = self.rebuilder = None
        self.usual = None  # its health
        self.racing = False  # scans may come while the lists are changed
        self.trace = where + "/trace"
        os.mkdir(where)
        for name in "cache", "reference":
            os.mkdir(where + "/" + name)
            with open("%s/%s.conf" % (where, name), "w",
                      encoding="ascii") as f:
                f.write(CONF.format(where=where, cache=name, verify=verify))
        self.log = open(where + "/log", "ab+")
        os.makedirs(where + "/lists/bin")

    # --- the lists

    def put(self, name, host):
        path = "%s/lists/%s" % (self.where, name)
        os.makedirs(path, exist_ok=True)
        mm2ops.save(path, pickle.dumps(pickles.new_state(name, host, 1), 1))
        self.hosts[name] = host

    def remove(self, name):
        path = "%s/lists/%s" % (self.where, name)
        self.hosts.pop(name, None)
        if os.path.exists(path):
            shutil.rmtree(path)

    def put_all(self):
        """Lists at each domain; one that has nothing but the file before its
        last; one that is half made."""
        for name, host in (("mailman", DEDICATED), ("dev", DEDICATED),
                           ("users", "example.org"), ("press", "example.net"),
                           ("old", DEDICATED), ("moved", "example.org"),
                           ("last", "example.net")):
            self.remove(name)
            self.put(name, host)
        last = self.where + "/lists/last/config.pck"
        os.rename(last, last + ".last")
        for name in "late", "fresh":
            self.remove(name)
        os.mkdir(self.where + "/lists/late")

    def change(self):
        """What the next scan has to read: a list in a directory that was
        there, one that is saved, one with another host, one that went, and
        last a new one, which is what the daemon is told of."""
        self.put("late", "example.org")
        self.put("users", "example.org")
        self.put("moved", "example.net")
        self.remove("old")
        self.put("fresh", DEDICATED)

    # --- the cache and its lock

    def lock(self):
        self.held = os.open(self.where + "/cache/lists.lock",
                            os.O_RDONLY | os.O_CREAT, 0o600)
        fcntl.flock(self.held, fcntl.LOCK_EX)

    def unlock(self):
        if self.held is not None:
            os.close(self.held)
        self.held = None

    def waiting(self):
        """The process of ours that waits for the lock, or None."""
        with open("/proc/locks", encoding="ascii") as f:
            blocked = re.findall(r"-> FLOCK +\w+ +\w+ (\d+) ", f.read())
        parents = [p.pid for p in (self.rebuilder, self.daemon) if p]
        for pid in map(int, blocked):
            if parent_of(pid) in parents:
                return pid
        return None

    def scanner(self, fault):
        """The scan that waits begins and ends, and meets FAULT.  The daemon,
        if there is one, hears of it later, when the lock is held again, so
        that no other scan comes before it was asked."""
        until(self.waiting, "a scan")
        injector = Injector(self.waiting(), self.trace, fault)
        if self.daemon:
            self.daemon.send_signal(signal.SIGSTOP)
        self.unlock()
        if self.daemon:
            injector.until_reported()
            self.lock()
            self.daemon.send_signal(signal.SIGCONT)
        return injector.wait()

    def clear_cache(self):
        for name in os.listdir(self.where + "/cache"):
            os.unlink(self.where + "/cache/" + name)

    def snapshot(self, name="cache"):
        return read_cdb("%s/%s/lists.cdb" % (self.where, name))

    def holds(self, reference):
        """Whether the cache has all that REFERENCE has.  A list that went may
        still be in it."""
        have = self.snapshot() or {}
        return all(have.get(name) == record for name, record in
                   reference.items() if not name.startswith(b":"))

    def reference(self):
        """What a scan in peace makes of the lists."""
        subprocess.run([self.listmap, "-c", self.where + "/reference.conf",
                        "rebuild"], check=True, stdout=self.log,
                       stderr=self.log)
        return self.snapshot("reference")

    def start_rebuild(self):
        self.rebuilder = subprocess.Popen(
            [self.listmap, "-c", self.where + "/cache.conf", "rebuild"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **MEMORY})
        return self.rebuilder

    # --- the daemon

    def start_daemon(self):
        self.log.truncate(0)
        self.daemon = subprocess.Popen(
            [self.listmapd, "-c", self.where + "/cache.conf"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, **MEMORY})

    def connect(self):
        def connected():
            if self.daemon.poll() is not None:
                raise Trouble("the daemon ended")
            try:
                self.asker = Asker(self.where + "/socket")
            except OSError:
                return False
            return True
        until(connected, "the daemon")

    def stop_daemon(self):
        self.unlock()
        if self.asker:
            self.asker.s.close()
        if self.daemon:
            self.daemon.send_signal(signal.SIGCONT)
            self.daemon.terminate()
            self.daemon.wait()
        self.daemon = self.asker = None

    def status(self):
        """The lines about the site."""
        said = self.asker.ask(b".status all").decode().split(" ", 1)[1]
        lines = [line.split("\t") for line in said.split("\n")]
        return {line[1]: line[2] for line in lines
                if line[0] == "site lists"}

    def health(self):
        """Those that say how it is."""
        return {k: v for k, v in self.status().items()
                if not CHANGING.fullmatch(k)}

    def wait_for_scan(self, before):
        until(lambda: int(self.status()["scans"]) > before, "the scan's end")

    def scans(self):
        return int(self.status()["scans"])

    def tells(self):
        """Whether the daemon says, in its status or its log, that something
        is not as usual."""
        self.log.seek(0)
        return self.health() != self.usual or bool(re.search(
            rb"cannot|could not|may not|fail|no use|broken|vanish",
            self.log.read()))

    # --- answers

    def answer(self, role, key):
        reply = self.asker.ask(("%s %s" % (role, key)).encode())
        return {b"OK": 1, b"NOTFOUND": 0, b"TEMP": -1}[reply.split(b" ")[0]]

    def answers_of_daemon(self, keys):
        return {k: self.answer(*k) for k in keys}

    def answers_of_cache(self, keys):
        """The same from listmap query --direct."""
        got = {}
        for role in {role for role, _ in keys}:
            mine = [key for r, key in keys if r == role]
            r = subprocess.run(
                [self.listmap, "-c", self.where + "/cache.conf", "query",
                 "--direct", role, "-"], input="\n".join(mine + [""]),
                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            found = {line.split("\t")[0] for line in r.stdout.split("\n")}
            silent = set(re.findall(r"^listmap: (\S+): no answer", r.stderr,
                                    re.M))
            for key in mine:
                got[role, key] = -1 if key in silent else int(key in found)
        return got

    def uncertain(self):
        """The lists of which nothing can be expected until a scan succeeds:
        without verification these are also the new ones, for as long as the
        old snapshot is the one in use, or may be of the time between two
        changes."""
        if self.verify == "no" and self.before and (
                self.racing or self.serves_old()):
            return MOVED + ("late", "fresh")
        return MOVED if self.before else ()

    def note_snapshot(self):
        """The one in use is the one before the fault."""
        self.log.truncate(0)
        self.before = self.inode()

    def serves_old(self):
        if self.daemon is None:
            return self.inode() == self.before
        self.log.seek(0)
        return not re.search(rb"refresh: (new )?snapshot", self.log.read())

    def inode(self):
        try:
            return os.stat(self.where + "/cache/lists.cdb").st_ino
        except FileNotFoundError:
            return None

    def keys_of_lists(self):
        """Each list at its host: (asks, those that refuse)."""
        asks, refusals = [], []
        without = self.uncertain()
        for name, host in self.hosts.items():
            if name in without:
                continue
            for form in FORMS:
                key = (form % name) + "@" + host
                asks.append(("recipients", key))
                if host == DEDICATED:
                    refusals.append(("refusal", key))
        return asks, refusals

    def false_absents(self, answers):
        """The lists' addresses that are absent, or refused, now."""
        asks, refusals = self.keys_of_lists()
        got = answers(asks + refusals)
        return [key for key in asks if got[key] == 0] + \
            [key for key in refusals if got[key] == 1]

    def expected(self):
        want = {}
        for name in [*self.hosts, *UNKNOWN]:
            for domain in DOMAINS:
                if name == "mailman":  # at every domain
                    continue
                want["recipients", name + "@" + domain] = int(
                    self.hosts.get(name) == domain)
        return want

    def wrong(self, answers):
        """How the answers differ from what they should be."""
        want = self.expected()
        got = answers(list(want))
        return {k: got[k] for k in want if got[k] != want[k]}
