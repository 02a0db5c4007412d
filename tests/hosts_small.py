#!/usr/bin/env python3
"""Holds listmap's answers against what Mailman 2.1.39 said of lists-small,
each address with its host: found there, and nowhere else.

usage: hosts_small.py DATA CONF WHERE LISTMAP DEDICATED KNOWN|UNKNOWN CHECK...

DATA is the directory of the lists-small.* files; WHERE and LISTMAP are the
programs, which read CONF; DEDICATED the dedicated domains of CONF, by commas;
UNKNOWN where no list's host can be read.  CHECK is any of

addresses	rows of lists-small.expected.tsv at each domain of the site
tricky		rows of tricky.tsv as they stand
dumps		the dumps hold what is found, no more and no less
daemon		before one of these: asks the daemon, not the caches
"""
import ast
import subprocess
import sys

sys.dont_write_bytecode = True
import lists_small  # noqa: E402
from lists_small import (ALPHABET, BROKEN, DOMAINS, LOOP,  # noqa: E402
                         MISNAMED, NO_ANSWER, ODD, OWNER, PLUS, UNLOADABLE,
                         Data, no_answers, raw, rows)

# Mailman gives these a default host, listmap knows none: no host_name in the
# file, and Mailman's format of before 2002.
MARSHALLED = [b"z-dbonly", b"z-dblast"]
HOSTLESS = [b"z-nohost"] + MARSHALLED
# Nobody can know the host of these.
SPOILED = [b"z-corrupt", b"z-empty", b"z-fifo", b"z-pckisdir", b"z-truncated",
           b"z-truncated2"]
# Mailman may not read these, root may; their files are copies of dev's.
FOR_ROOT = [b"z-noaccess", b"z-unreadable"]
ACTIONS = [b"admin", b"bounces", b"confirm", b"join", b"leave", b"owner",
           b"request", b"subscribe", b"unsubscribe"]

# What listmap answers on purpose otherwise than Mailman's own tables, with
# the hosts kept apart.
DOT = "a trailing dot of the domain means nothing"
DIFFERENCES = {
    ("foo", "lists.example.org."): ("post foo", DOT),
    ("a+b-confirm+0123456789abcdef0123456789abcdef01234567",
     "lists.example.org"): ("confirm a+b", PLUS),
    ("verp-bounces+a=b.c-bounces+u=h.com", "lists.example.org"):
        ("bounces verp-bounces+a=b.c", PLUS),
    ("at@example.com", "lists.example.org"): ("no answer", MISNAMED),
    ("dev%25", "lists.example.org"): ("post dev%25", ALPHABET),
    ("dev~", "lists.example.org"): ("post dev~", ALPHABET),
    ("mailman-loop", "lists.example.org"): ("loop mailman", LOOP),
    ("owner-dev-announce", "lists.example.org"): ("owner dev-announce", OWNER),
    ("z-corrupt", "lists.example.org"): ("post z-corrupt", BROKEN),
    ("z-corrupt-request", "lists.example.org"): ("request z-corrupt", BROKEN),
    ("z-fifo", "lists.example.org"): ("post z-fifo", BROKEN),
    ("z-pckisdir", "lists.example.org"): ("post z-pckisdir", BROKEN),
    ("z-truncated", "lists.example.org"): ("post z-truncated", BROKEN),
    ("z-unreadable", "lists.example.org"): ("post z-unreadable", BROKEN),
}


class Site:
    """What the tables say, told by address."""

    def __init__(self, where, dedicated):
        self.data = Data(where)
        self.rows = {}  # (local, domain): [(action, list)]
        self.flags = {}
        for address, action, name, *flags in \
                rows(where + "/lists-small.expected.tsv"):
            local, _, domain = raw(address).rpartition(b"@")
            key = local, domain.lower()
            name = raw(name)
            if name in HOSTLESS:
                continue
            self.rows.setdefault(key, []).append((action.encode(), name))
            for flag in flags:
                self.flags.setdefault(flag, []).append(key)
        self.homeless = set(HOSTLESS) | {n.encode() for n in UNLOADABLE}
        self.for_root = set(FOR_ROOT)
        self.homeless -= self.for_root
        self.hosts = {raw(r[0]): ast.literal_eval(r[5]) for r in
                      rows(where + "/lists-small.dirs.tsv")
                      if r[2] == "1" and r[4] == "ok"}
        self.wild = dedicated or DOMAINS  # where the homeless answer
        # Where lists whose host nobody knows answer, and where that is open.
        self.dedicated = dedicated
        self.shared = [d for d in DOMAINS if d not in dedicated]

    def lives_at(self, name, domain):
        if name in SPOILED:
            return domain in self.dedicated
        if name in self.homeless:
            return domain in self.wild
        if name in self.for_root:
            return domain == b"lists.example.org"
        host = "lists.example.org" if name in ODD else self.hosts.get(name)
        return host is not None and host.lower().encode() == domain

    def forms(self, name):
        yield name, b"post"
        for action in ACTIONS:
            yield name + b"-" + action, action

    def wanted(self):
        """(local, domain): b"action list", of all addresses that there are."""
        want = {}
        for key, answers in self.rows.items():
            local, domain = key
            if len(answers) > 1:  # a list of that very name counts first
                answers = [a for a in answers if a == (b"post", local)]
            if len(answers) != 1:
                sys.exit("%r: %r" % (key, answers))
            want[key] = b" ".join(answers[0])
        for name in sorted(self.homeless | self.for_root | set(ODD)):
            for domain in DOMAINS:
                if self.lives_at(name, domain):
                    for local, action in self.forms(name):
                        want[local, domain] = action + b" " + name
        names = set(self.hosts) | self.homeless | self.for_root | set(ODD)
        for name in names:
            for domain in DOMAINS:
                if self.lives_at(name, domain):
                    want.setdefault((b"owner-" + name, domain),
                                    b"owner " + name)
        for domain in DOMAINS:
            want[b"mailman-loop", domain] = b"loop mailman"
        self.leave_open(want, SPOILED)
        return want

    def leave_open(self, want, names):
        """The addresses of lists of unknown hosts at shared domains."""
        self.opened = [(b"owner-" + n, b"owner " + n) for n in names]
        for name in names:
            self.opened += [(local, action + b" " + name)
                            for local, action in self.forms(name)]
        for local, _ in self.opened:
            for domain in self.shared:
                want[local, domain] = NO_ANSWER


class Unknown(Site):
    """No list's host is known: each answers at every domain of the kind."""

    def __init__(self, where, dedicated):
        super().__init__(where, dedicated)
        # Of z-noaccess nobody can say anything.
        self.homeless |= set(self.hosts) | {b"z-unreadable"} | set(ODD)
        # What is in a config.db nobody reads, so these name no host.
        self.homeless -= set(MARSHALLED)

    def lives_at(self, name, domain):
        return name in self.homeless and domain in self.dedicated

    def wanted(self):
        want = {}
        exact = {n: b"post " + n for n in self.homeless}
        suffixed = {n + b"-" + a: a + b" " + n
                    for n in self.homeless for a in ACTIONS}
        owners = {b"owner-" + n: b"owner " + n for n in self.homeless}
        for local, meaning in {**owners, **suffixed, **exact}.items():
            for domain in self.dedicated:
                want[local, domain] = meaning
        self.leave_open(want, self.homeless)
        for name in MARSHALLED:
            for domain in self.wild:
                want[b"owner-" + name, domain] = b"owner " + name
                for local, action in self.forms(name):
                    want[local, domain] = action + b" " + name
        for domain in DOMAINS:
            want[b"mailman-loop", domain] = b"loop mailman"
            for action in b"owner", b"bounces", b"request":
                want[b"mailman-" + action, domain] = action + b" mailman"
            want[b"mailman", domain] = b"post mailman"
        return want


def run(command, text=b""):
    """What it prints, and what it complains of."""
    r = subprocess.run(command, input=text, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    if r.returncode != (75 if r.stderr else 0):
        sys.exit("%r ended with %d: %s" %
                 (command, r.returncode, r.stderr.decode()))
    return r.stdout, r.stderr


def pairs(text):
    return dict(line.split(b"\t", 1) for line in text.split(b"\n")[:-1])


class Asked:
    def __init__(self, conf, where, listmap):
        self.conf, self.where, self.listmap = conf, where, listmap
        self.daemon = False
        self.unknown = False  # not all lists can be told

    def meanings(self, keys):
        return pairs(run([self.where, self.conf],
                         b"".join(k + b"\n" for k in keys))[0])

    def query(self, role, keys):
        text, complaints = run(
            [self.listmap, "-c", self.conf, "query"] +
            ([] if self.daemon else ["--direct"]) + [role, "-"],
            b"".join(k + b"\n" for k in keys))
        return {**pairs(text), **dict.fromkeys(no_answers(complaints),
                                               NO_ANSWER)}

    def dump(self, role):
        """The pairs; and how many comments there are about what is left
        out."""
        r = subprocess.run([self.listmap, "-c", self.conf, "dump", role],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Some are left out for good, z-pckdangling everywhere, or for now.
        if r.returncode != (75 if self.unknown else 0) or \
                b"z-pckdangling" not in r.stderr and not self.unknown:
            sys.exit("dump %s: %d, %r" % (role, r.returncode, r.stderr))
        lines = r.stdout.splitlines(True)
        comments = [n for n in lines if n.startswith(b"# left out, for ")]
        text = b"".join(n for n in lines if n not in comments)
        if len(pairs(text)) != text.count(b"\n"):
            sys.exit("dump %s: a key comes twice" % role)
        return pairs(text), len(comments)


def must_equal(what, want, got):
    wrong = ["%s %r: %r, not %r" % (what, k, got.get(k), want.get(k))
             for k in sorted(set(want) | set(got))
             if got.get(k) != want.get(k)]
    if wrong:
        sys.exit("\n".join(wrong[:40]) + "\n%d in all" % len(wrong))


def check(asked, want):
    """WANT: address: b"action list" or None; the domain is served there."""
    found = {k: m for k, m in want.items() if m}
    must_equal("meaning", found, asked.meanings(want))
    must_equal("recipients",
               {k: lists_small.recipient(m) for k, m in found.items()},
               asked.query("recipients", want))
    must_equal("listmap",
               {k: m if m == NO_ANSWER else b"mailman:" + domain_of(k)
                for k, m in found.items()}, asked.query("listmap", want))


def domain_of(address):
    return address.rpartition(b"@")[2].lower().rstrip(b".")


def check_addresses(site, asked, unknown):
    want = {}
    there = site.wanted()
    for local in sorted({local for local, _ in there}):
        for domain in DOMAINS + [b"lists.example.invalid"]:
            want[local + b"@" + domain] = there.get((local, domain))
        want[local.upper() + b"@LISTS.example.NET."] = \
            there.get((local, b"lists.example.net"))
    check(asked, want)
    if unknown:
        return
    # The tables were not empty, and had what this is about.
    if len(site.rows) < 500 or len(site.flags["SITE"]) != 8 or \
            len(site.flags["AMBIGUOUS"]) != 2 or \
            there[b"foo-admin", b"lists.example.org"] != b"post foo-admin" or \
            there[b"foo-bounces", b"lists.example.org"] != b"bounces foo" or \
            there[b"foo-bounces", b"example.com"] != b"post foo-bounces":
        sys.exit("the tables are not what they were")


def check_tricky(site, asked, _):
    want, used = {}, set()
    for local, domain, text, exact, stripped in site.data.tricky:
        meaning = None
        key = text, domain.decode()
        if key in DIFFERENCES:
            used.add(key)
            meaning = DIFFERENCES[key][0].encode()
        elif exact != "none":
            meaning = exact.encode()
        elif stripped.split(" ")[0] in ("bounces", "confirm"):
            meaning = stripped.encode()
        if meaning and meaning.split(b" ")[1] in SPOILED and \
                domain in site.shared:
            meaning = NO_ANSWER
        if b"\n" not in local:
            want[local + b"@" + domain] = meaning
    if used != set(DIFFERENCES) or len(want) < 150:
        sys.exit("tricky.tsv is not what it was")
    check(asked, want)


def must_dump(role, want, asked):
    """A key that no line can begin with has a comment in its place."""
    fit = {k: v for k, v in want.items()
           if b" " not in k and not k.startswith(b"#")}
    got, comments = asked.dump(role)
    must_equal("dump " + role, fit, got)
    if comments != len(want) - len(fit):
        sys.exit("dump %s: %d comments" % (role, comments))


def check_dumps(site, asked, _):
    there = {k: m for k, m in site.wanted().items() if m != NO_ANSWER}
    addresses = {local + b"@" + domain for local, domain in there}
    must_dump("recipients", dict.fromkeys(addresses, b"OK"), asked)
    # On dedicated domains only what sendmail would take for a detail.
    must_dump("virtuser",
              {local + b"@" + domain: b"%1@" + domain + b".mailman"
               for (local, domain), meaning in there.items()
               if domain in site.shared or b"+" in meaning}, asked)
    # Aliases know no domain: a list of that very name counts first.
    aliases = {}
    for local, meaning in sorted({(l, m) for (l, _), m in there.items()} |
                                 set(site.opened)):
        if not aliases.get(local, b"").startswith(b"post "):
            aliases[local] = meaning
        if meaning == b"post " + local:
            aliases[local] = meaning
    got, comments = asked.dump("aliases")
    aliases = {k: lists_small.alias(m) for k, m in aliases.items()}
    must_equal("dump aliases", {k: v for k, v in aliases.items()
                                if v != NO_ANSWER},
               {k: v.rpartition(b"/")[2] if k == b"mailman-loop" else v
                for k, v in got.items()})
    # One for each list.
    if comments != len(ODD):
        sys.exit("dump aliases: %d comments" % comments)


def main():
    where_data, conf, where, listmap, dedicated, known = sys.argv[1:7]
    dedicated = [d.encode() for d in dedicated.split(",") if d]
    unknown = known == "UNKNOWN"
    site = (Unknown if unknown else Site)(where_data, dedicated)
    asked = Asked(conf, where, listmap)
    asked.unknown = unknown
    checks = {"addresses": check_addresses, "tricky": check_tricky,
              "dumps": check_dumps}
    for name in sys.argv[7:]:
        if name == "daemon":
            asked.daemon = True
        else:
            checks[name](site, asked, unknown)


if __name__ == "__main__":
    main()
