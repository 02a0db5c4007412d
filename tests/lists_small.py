#!/usr/bin/env python3
"""Holds listmap's answers against what Mailman 2.1.39 said of lists-small.

usage: lists_small.py DATA LISTMAP [OPTION...] check ROOT|OTHER
       lists_small.py DATA LISTMAP [OPTION...] addresses

DATA is the directory of the lists-small.* files, LISTMAP with its options
the command that asks ("listmap -c conf query", "... query --direct").
check: every address of lists-small.expected.tsv and tricky.tsv has the right
answer; ROOT where the answerer runs as root.  addresses: prints all of
them, with variants, one a line, for other tests.
"""
import os
import re
import subprocess
import sys

DOMAINS = [b"lists.example.org", b"lists.example.net", b"example.com"]
WRAPPER = b"/usr/lib/mailman/mail/mailman"

# What listmap answers on purpose otherwise than Mailman's own alias files.
HOSTS = "a list answers at every domain of its site"
OWNER = "owner-NAME is an address of the list, as in the days of Majordomo"
LOOP = "mailman-loop is a file on every domain of the site"
BROKEN = "broken content does not make it less a list"
PLUS = "the part before any + counts, so lists with a + get their cookies"
ALPHABET = "any name is a list's, also one that Mailman gives no new list"
MISNAMED = "no address leads to it, but it is there"
NO_ANSWER = b"no answer"
DIFFERENCES = {
    "12345": ("post 12345", HOSTS),
    "=": ("post =", HOSTS),
    "a": ("post a", HOSTS),
    "at@example.com": ("no answer", MISNAMED),
    "a+b-confirm+0123456789abcdef0123456789abcdef01234567":
        ("confirm a+b", PLUS),
    "dev": ("post dev", HOSTS),
    "dev%25": ("post dev%25", ALPHABET),
    "dev~": ("post dev~", ALPHABET),
    "foo": ("post foo", HOSTS),
    "foo-request": ("request foo", HOSTS),
    "mailman-join": ("join mailman", HOSTS),
    "mailman-loop": ("loop mailman", LOOP),
    "mixedhost": ("post mixedhost", HOSTS),
    "owner-dev-announce": ("owner dev-announce", OWNER),
    "owner-foo": ("owner foo", OWNER),
    "owner-join": ("post owner-join", HOSTS),
    "verp-bounces+a=b.c-bounces+u=h.com":
        ("bounces verp-bounces+a=b.c", PLUS),
    "x": ("post x", HOSTS),
    "z-corrupt": ("post z-corrupt", BROKEN),
    "z-corrupt-request": ("request z-corrupt", BROKEN),
    "z-fifo": ("post z-fifo", BROKEN),
    "z-pckisdir": ("post z-pckisdir", BROKEN),
    "z-truncated": ("post z-truncated", BROKEN),
    "z-unreadable": ("post z-unreadable", BROKEN),
}
# These may not be searched by anybody but root.
CLOSED = ["z-noaccess", "z-noaccess-request", "owner-z-noaccess"]
# Lists of which Mailman's own aliases say nothing, since it cannot load them.
UNLOADABLE = ["z-corrupt", "z-empty", "z-emptyhost", "z-fifo", "z-nonehost",
              "z-notdict", "z-pckisdir", "z-truncated", "z-truncated2",
              "z-unreadable"]
# Directories like lists whose names Mailman takes for none; mm-handler-2.1.10
# delivered to them.
ODD = [b"#dev#", "caf\u00e9".encode(), b"dev%25", b"dev~", b"has space"]
# Such names as no address has at all.
NAMELESS = [b"Upper", b"at@example.com", b"new\nline"]


def rows(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        for line in f.read().split("\n"):
            if line and not line.startswith("#localpart") \
                    and not line.startswith("#address") \
                    and not line.startswith("#name"):
                yield line.split("\t")


def raw(text):
    """The bytes of a column that is written in unicode_escape."""
    text = text.encode("utf-8").decode("unicode_escape")
    return text.encode("latin-1") if max(text, default="a") < "\u0100" \
        else text.encode("utf-8")


class Data:
    def __init__(self, where):
        dirs = list(rows(where + "/lists-small.dirs.tsv"))
        self.lists = [raw(r[0]) for r in dirs if r[2] == "1"]
        odd = [raw(r[0]) for r in dirs if r[2:4] == ["0", "1"]]
        if sorted(odd) != sorted(ODD + NAMELESS):
            sys.exit("other names than these: %r" % odd)
        self.expected = {}  # address: (action, list)
        for address, action, name, *_ in \
                rows(where + "/lists-small.expected.tsv"):
            self.expected.setdefault(raw(address), []).append(
                (action.encode(), raw(name)))
        self.tricky = [(raw(r[0]), r[1].encode(), r[0], r[3], r[4])
                       for r in rows(where + "/tricky.tsv")]


def by_name_first(data, local, answers):
    """A list of that very name counts first."""
    if local in data.lists:
        return b"post " + local
    if len(answers) != 1:
        sys.exit("ambiguous: %r: %r" % (local, answers))
    return b" ".join(answers[0])


def wanted_of_expected(data):
    """Mailman's addresses: each at every domain of the site."""
    wanted = {}
    for address, answers in data.expected.items():
        local = address.rpartition(b"@")[0]
        wanted[local] = by_name_first(data, local, sorted(set(answers)))
    for name in [n.encode() for n in UNLOADABLE] + ODD:
        wanted[name] = b"post " + name
        wanted[name + b"-leave"] = b"leave " + name
    return wanted


def wanted_of_tricky(data):
    wanted, used = {}, set()
    for local, _, text, exact, stripped in data.tricky:
        want = None
        if text in DIFFERENCES:
            used.add(text)
            want = DIFFERENCES[text][0].encode()
        elif exact != "none":
            want = exact.encode()
            if local in data.lists:
                want = b"post " + local
        elif stripped.split(" ")[0] in ("bounces", "confirm"):
            want = stripped.encode()
        elif local.lower() in data.lists + ODD:
            sys.exit("%r is a list, the table says none" % local)
        wanted[local] = want
    unused = set(DIFFERENCES) - used
    if unused:
        sys.exit("no such row in tricky.tsv: %r" % unused)
    return wanted


def no_answers(text):
    """The keys of what `listmap query' complains of."""
    for line in text.split(b"\n")[:-1]:
        m = re.fullmatch(rb"listmap: (.*): no answer: .*", line)
        if not m:
            sys.exit("said: %r" % line)
        yield m.group(1).decode("unicode_escape").encode("latin-1")


def ask(command, role, keys):
    """Key and value of those found, and NO_ANSWER."""
    lines = [k for k in keys if b"\n" not in k]
    others = [k for k in keys if b"\n" in k]
    found = {}
    for arguments, text in ((["-"], b"".join(k + b"\n" for k in lines)),
                            (others, b"")):
        if not arguments:
            continue
        r = subprocess.run(command + [role] + arguments, input=text,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode not in (0, 1, 75) or \
                (r.returncode == 75) != bool(r.stderr):
            sys.exit("ended with %d: %s" % (r.returncode, r.stderr.decode()))
        for key in no_answers(r.stderr):
            found[key] = NO_ANSWER
        for line in r.stdout.split(b"\n")[:-1]:
            key, value = line.split(b"\t", 1)
            found[key] = value
    return found


def alias(want):
    if want == b"loop mailman":
        return b"owner-bounces.mbox"
    # A shell would run such a name.
    if want == NO_ANSWER or want.split(b" ", 1)[1] in ODD:
        return NO_ANSWER
    return b'"|%s %s"' % (WRAPPER, want)


def compare(what, want, got):
    wrong = ["%s %r: %r, not %r" % (what, k, got.get(k), want[k])
             for k in want if want[k] is None and k in got or
             want[k] is not None and
             not got.get(k, b"").endswith(want[k])]
    wrong += ["%s %r was not asked" % (what, k) for k in got if k not in want]
    if wrong:
        sys.exit("\n".join(wrong))


def check_aliases(command, wanted):
    compare("aliases",
            {k: alias(w) if w else None for k, w in wanted.items()},
            ask(command, "aliases", wanted))


def recipient(want):
    return want if want in (None, NO_ANSWER) else b"OK"


def check_recipients(command, wanted):
    """At each domain of the site, in any case, and nowhere else."""
    want = {}
    for local, w in wanted.items():
        for domain in DOMAINS:
            want[local + b"@" + domain] = recipient(w)
        want[local + b"@lists.example.invalid"] = None
        want[local + b"@localhost"] = None
        want[local.upper() + b"@LISTS.Example.org."] = recipient(w)
    compare("recipients", want, ask(command, "recipients", want))


def check_tricky_domains(command, data, wanted):
    """The addresses as they are in the table."""
    want = {}
    for local, domain, *_ in data.tricky:
        ours = domain.lower().rstrip(b".") in DOMAINS
        want[local + b"@" + domain] = recipient(ours and wanted[local] or None)
    compare("recipients", want, ask(command, "recipients", want))


def check_closed(command, as_root):
    for name in CLOSED:
        r = subprocess.run(command + ["aliases", name],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode != (0 if as_root else 75):
            sys.exit("%s: ended with %d" % (name, r.returncode))


def addresses(data):
    """All of them, and forms of them that nobody may answer differently."""
    locals_ = set(wanted_of_expected(data)) | set(wanted_of_tricky(data))
    locals_ |= {name.encode() for name in CLOSED}
    for name in sorted(data.lists + ODD):
        for form in (b"%s-", b"-%s", b"%s+x", b"%s-bounces+a=b", b"%s-post",
                     b"owner-%s", b"%s-confirm+", b"%s.", b"%s-bounces-owner",
                     b"%s-owner+x", b"+%s", b"%s@example.com", b" %s"):
            locals_.add(form % name)
    for local in sorted(locals_):
        if b"\n" not in local:
            yield local


def main():
    data = Data(sys.argv[1])
    if sys.argv[-1] == "addresses":
        for local in addresses(data):
            sys.stdout.buffer.write(local + b"\n")
        return
    command, as_root = sys.argv[2:-2], sys.argv[-1] == "ROOT"
    expected, tricky = wanted_of_expected(data), wanted_of_tricky(data)
    if len(expected) < 500 or len(tricky) < 150 or len(data.lists) < 60:
        sys.exit("%d, %d, %d: the tables are not what they were" %
                 (len(expected), len(tricky), len(data.lists)))
    check_aliases(command, {**tricky, **expected})
    check_recipients(command, {**tricky, **expected})
    check_tricky_domains(command, data, tricky)
    check_closed(command, as_root)
    for key in tricky:
        if key in expected and expected[key] != tricky[key]:
            sys.exit("%r: the tables disagree" % key)


if __name__ == "__main__":
    main()
