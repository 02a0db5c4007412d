#!/usr/bin/env python3
"""Makes each system call of a scan fail, and asks for every list.

usage: faults.py [--sample N] [--jobs N] [--only PHASE,VERIFY,CALL,ERROR]
	LISTMAPD LISTMAP

The phases:

first		the daemon's first scan: there is no cache
later		a scan of a daemon that has a cache, after changes on disk
daemon		the daemon itself at that time, while it is asked: no scan, but
		what it calls for one, for a look on disk and for a new cache
rebuild		listmap rebuild, without a cache
again		listmap rebuild, with a cache, after the same changes

each with verify_misses yes and no.  Every call between the lock of the cache
and the end of the process fails with every error, once (the first, the last
and some others of its name) and always.  No list may ever be absent at its
host, from then on; a scan or a rebuild that is not whole must say so, a
rebuild with its exit code as well; and when nothing fails any more every list
is found at its host and only there.

The table has a line for each call and a column for each error:

w whole		the cache holds all there is
t told		it does not, and that is said
L lost		it does not, and nobody is told
A absent	a list was absent
X exit		a wrong exit code
H not healed	in peace it is still not as it should be
-		a call that met no fault

Ends with 1 where there is any L, A, X or H, and with 77 where strace may not
trace here.  --only takes parts of what there is, an empty word is all of it.
"""
import argparse
import collections
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from fault_site import Injector, Site, Trouble  # noqa: E402
from patience import PATIENCE  # noqa: E402

ERRORS = ["EACCES", "EIO", "EMFILE", "ENFILE", "ENOMEM", "EINTR", "ESTALE",
          "ETIMEDOUT", "ELOOP"]
PHASES = ["first", "later", "daemon", "rebuild", "again"]
VERIFY = ["yes", "no"]
# Those of sysexits.h that listmap(1) has for a rebuild that did not succeed.
EXITS = (66, 73, 75)
# A call that is interrupted again and again is tried again and again.
ALWAYS = {"EINTR": "1..40"}
# The rest is that of its connections, and of the loop.
OF_DAEMON = ("openat", "newfstatat", "fstat", "fstatfs", "statfs", "mmap",
             "munmap", "close", "pread64", "pipe2", "clone", "clone3",
             "inotify_init1", "inotify_add_watch", "inotify_rm_watch")
DAEMON_SECONDS = 0.5  # debounce, and a scan
SOME = 4  # of the calls of one name, beside the first and the last

Fault = collections.namedtuple("Fault", "call error when")
Case = collections.namedtuple("Case", "phase verify fault")


class Bench:
    """Does one case after the other, with a site for each kind of them."""

    def __init__(self, top, arguments):
        self.top, self.arguments = top, arguments
        self.sites = {}

    def site(self, phase, verify):
        key = phase, verify
        if key not in self.sites:
            self.sites[key] = Site("%s/%s-%s" % (self.top, phase, verify),
                                   self.arguments.listmapd,
                                   self.arguments.listmap, verify)
        return self.sites[key]

    def do(self, case):
        """(marks, text, calls)"""
        site = self.site(case.phase, case.verify)
        if case.phase == "first" and case.fault and not site.usual:
            self.do(case._replace(fault=None))
        try:
            return getattr(self, "do_" + case.phase)(site, case.fault)
        except Trouble as e:
            return "H", str(e), {}
        finally:
            if case.phase == "first" or case.fault is None:
                site.stop_daemon()

    def do_first(self, site, fault):
        site.clear_cache()
        site.put_all()
        site.change()
        reference = site.reference()
        site.lock()
        site.start_daemon()
        # the daemon's own scan comes next
        calls, injected = site.scanner(fault)
        site.connect()
        return self.judge(site, fault, reference, calls, injected)

    def settle(self, site):
        """A daemon that is well, with the cache of what was before."""
        if site.daemon is None:
            site.clear_cache()
            site.put_all()
            site.start_daemon()
            site.connect()
            heal(site)
        # back to what it was before the last case
        before = site.scans()
        site.put_all()
        site.wait_for_scan(before)
        heal(site)
        site.usual = site.health()
        site.note_snapshot()

    def do_later(self, site, fault):
        self.settle(site)
        site.lock()
        before = site.scans()
        site.change()
        reference = site.reference()
        calls, injected = site.scanner(fault)
        site.wait_for_scan(before)
        return self.judge(site, fault, reference, calls, injected)

    def judge(self, site, fault, reference, calls, injected):
        """Of a daemon whose scan met its fault."""
        marks, text = "", ""
        absents = site.false_absents(site.answers_of_daemon)
        if site.holds(reference):
            marks += "w"
        else:
            marks += "t" if site.tells() else "L"
        site.unlock()
        absents += heal(site)
        if fault is None:
            site.usual = site.health()
        if absents:
            marks += "A"
            text = " ".join("%s %s" % key for key in absents[:3])
        return marks + ("" if injected else "-"), text, calls

    def do_daemon(self, site, fault):
        site.racing = False
        self.settle(site)
        site.racing = True
        injector = Injector(site.daemon.pid, site.trace, fault)
        site.change()
        absents = []
        end = time.monotonic() + DAEMON_SECONDS
        while time.monotonic() < end:
            absents += site.false_absents(site.answers_of_daemon)
        calls, injected = injector.detach()
        absents += heal(site)
        text = " ".join("%s %s" % key for key in absents[:3])
        calls = {c: min(n, 2) for c, n in calls.items() if c in OF_DAEMON}
        return "w" + "A" * bool(absents) + "-" * (not injected), text, calls

    def rebuild(self, site, fault, reference):
        site.lock()
        p = site.start_rebuild()
        calls, injected = site.scanner(fault)
        said = p.communicate()[0]
        marks = text = ""
        if site.holds(reference):
            marks += "w"
        else:
            marks += "t" if p.returncode != 0 else "L"
        if p.returncode not in EXITS + (0,) or \
                (p.returncode == 0) != (marks == "w" and not said):
            marks += "X"
        absents = site.false_absents(site.answers_of_cache)
        if absents:
            marks += "A"
        text = "exit %d: %s %s" % (
            p.returncode, said.strip()[:150],
            " ".join("%s %s" % key for key in absents[:3]))
        p = site.start_rebuild()
        said = p.communicate()[0]
        wrong = site.wrong(site.answers_of_cache)
        if p.returncode != 0 or not site.holds(reference) or wrong:
            marks += "H"
            text += " then %d: %s %s" % (p.returncode, said, wrong)
        return marks + ("" if injected else "-"), text, calls

    def do_rebuild(self, site, fault):
        site.clear_cache()
        site.put_all()
        site.change()
        return self.rebuild(site, fault, site.reference())

    def do_again(self, site, fault):
        site.clear_cache()
        site.put_all()
        site.start_rebuild().communicate()
        site.note_snapshot()
        site.change()
        return self.rebuild(site, fault, site.reference())


def heal(site):
    """Waits until every list is at its host and only there.  What was absent
    meanwhile."""
    absents = []
    end = time.monotonic() + int(os.environ.get("FAULTS_PATIENCE", PATIENCE))
    while True:
        absents += site.false_absents(site.answers_of_daemon)
        wrong = site.wrong(site.answers_of_daemon)
        if not wrong and site.status()["state"] == "ok":
            return absents
        if time.monotonic() > end:
            raise Trouble("not healed: %r" % wrong)
        time.sleep(0.05)


def numbers(count):
    """Some of the calls of one name."""
    if count <= SOME + 2:
        return range(1, count + 1)
    step = (count - 1) / (SOME + 1)
    return sorted({1 + round(i * step) for i in range(SOME + 2)})


def faults_of(calls):
    for call in sorted(calls):
        for error in ERRORS:
            yield Fault(call, error, ALWAYS.get(error, "1+"))
            for n in numbers(calls[call]):
                yield Fault(call, error, str(n))


def sample_of(cases, most):
    """About so many, spread over all; the same every time."""
    step = max(1, len(cases) // most)
    while step % len(ERRORS) == 0 or step % (SOME + 3) == 0:
        step += 1
    return cases[::step]


def wanted(case, only):
    have = case.phase, case.verify, case.fault.call, case.fault.error
    return all(not o or o == h for o, h in zip(only, have))


def run_all(bench_of, cases, jobs):
    """{case: (marks, text, calls)}"""
    todo, results, died = queue.Queue(), {}, []
    for case in cases:
        todo.put(case)

    def work(number):
        bench = bench_of(number)
        try:
            while not died:
                case = todo.get_nowait()
                results[case] = bench.do(case)
        except queue.Empty:
            pass
        except BaseException as e:
            died.append((case, e))
            raise
        finally:
            for site in bench.sites.values():
                site.stop_daemon()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(jobs)]
    for t in threads:
        t.start()
    try:
        while any(t.is_alive() for t in threads):
            time.sleep(0.1)
            if sys.stderr.isatty():
                print("\r%d of %d " % (len(results), len(cases)), end="",
                      file=sys.stderr)
    except BaseException as e:
        died.append(("interrupted", e))
        for t in threads:
            t.join()
        raise
    if died:
        sys.exit("%r: %r" % died[0])
    return results


def print_table(results, calls, shown):
    for phase, verify in calls:
        mine = {c: r for c, r in results.items()
                if (c.phase, c.verify) == (phase, verify)}
        if not mine:
            continue
        print("\n%s, verify_misses %s" % (phase, verify))
        print("%-14s" % "" + "".join("%9s" % e for e in ERRORS))
        for call in sorted({c.fault.call for c in mine}):
            cells = []
            for error in ERRORS:
                cell = [r[0] for c, r in mine.items()
                        if c.fault[:2] == (call, error)]
                marks = "".join(m for m in "wtLAXH-" if any(
                    m in one for one in cell))
                cells.append("%9s" % marks)
            print("%-11s%3d" % (call, calls[phase, verify][call]) +
                  "".join(cells))
    bad = [(c, r) for c, r in results.items() if set("LAXH") & set(r[0])]
    for c, r in bad[:shown]:
        print("\n%s, verify_misses %s, %s=%s:%s: %s: %s" %
              (c.phase, c.verify, *c.fault, *r[:2]))


def print_sum(results):
    """Whether all is right."""
    count = collections.Counter(m for r in results.values() for m in r[0])
    # How often the daemon makes a call is a matter of chance.
    strays = sum("-" in r[0] and c.phase != "daemon"
                 for c, r in results.items())
    print("\n%d faults: whole %d, told %d, lost in silence %d, false absents "
          "%d, wrong exits %d, not healed %d; no call met %d" %
          (len(results), *(count[m] for m in "wtLAXH-")))
    return not any(count[m] for m in "LAXH") and \
        strays * 20 <= len(results)


def may_trace():
    return shutil.which("strace") and subprocess.run(
        ["strace", "-o", "/dev/null", "true"],
        stderr=subprocess.DEVNULL).returncode == 0 and os.geteuid() == 0


def main():
    p = argparse.ArgumentParser(usage=__doc__.split("\n\n", 2)[1][7:])
    p.add_argument("--sample", type=int, default=0)
    p.add_argument("--jobs", type=int, default=6)
    p.add_argument("--only", default="")
    p.add_argument("--shown", type=int, default=20)
    p.add_argument("listmapd")
    p.add_argument("listmap")
    arguments = p.parse_args()
    if not may_trace():
        print("strace may not trace here")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    top = tempfile.mkdtemp(prefix="lm.", dir="/tmp")

    def bench_of(number):
        os.makedirs("%s/%s" % (top, number))
        return Bench("%s/%s" % (top, number), arguments)
    try:
        plain = [Case(phase, verify, None) for phase in PHASES
                 for verify in VERIFY]
        peace = run_all(lambda n: bench_of("plain%d" % n), plain,
                        arguments.jobs)
        for case in plain:
            if peace[case][0] != "w-":
                sys.exit("without a fault: %r: %r" % (case, peace[case]))
        calls = {c[:2]: peace[c][2] for c in plain}
        cases = [Case(*key, fault) for key in calls
                 for fault in faults_of(calls[key])]
        cases = [c for c in cases
                 if wanted(c, arguments.only.split(","))]
        if arguments.sample:
            cases = sample_of(cases, arguments.sample)
        results = run_all(bench_of, cases, arguments.jobs)
        print_table(results, calls, arguments.shown)
        sys.exit(0 if print_sum(results) else 1)
    finally:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
