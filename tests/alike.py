#!/usr/bin/env python3
"""Holds what tests/data/make makes against what a Mailman left.

usage: alike.py MADE REAL	prints how they differ; status 1 where they do
       alike.py MADE		Python itself reads what was made

Both directories have lists/, pickles/ and var/: names, kinds, modes, links and
owners are the same, so are the lines of the files for Postfix, and each file
that was made has every opcode of the real one.
"""
import io
import marshal
import os
import pickle
import pickletools
import stat
import sys

sys.dont_write_bytecode = True
from lists_small import rows  # noqa: E402

TABLES = os.path.dirname(os.path.abspath(__file__)) + \
    "/data/mailman-2.1/pickles/"


def shapes(top):
    """Path: what kind of thing is there."""
    found = {}
    for path, directories, files in os.walk(top):
        for name in directories + files:
            whole = os.path.join(path, name)
            s = os.lstat(whole)
            found[os.path.relpath(whole, top)] = (
                stat.filemode(s.st_mode), s.st_uid, s.st_gid,
                os.readlink(whole) if os.path.islink(whole) else "")
    return found


def lines(path):
    with open(path, encoding="ascii") as f:
        return [line.split() for line in f if line[0] != "#" and
                not (line[0] == " " and line.isspace())]


def content(path):
    with open(path, "rb") as f:
        return f.read()


def opcodes(data):
    """As far as there are any."""
    found = set()
    try:
        for opcode, *_ in pickletools.genops(data):
            found.add(opcode.name)
    except ValueError:
        pass
    return found


def differences(made, real):
    one, other = shapes(made + "/lists"), shapes(real + "/lists")
    for path in sorted(set(one) | set(other)):
        if one.get(path) != other.get(path):
            yield path, one.get(path), other.get(path)
    one, other = (set(os.listdir(d + "/var/lists")) for d in (made, real))
    if one != other:
        yield "var/lists", one - other, other - one
    for name in "postfix_lmtp", "postfix_domains", "postfix_vmap":
        one, other = (lines(d + "/var/data/" + name) for d in (made, real))
        if one != other:
            yield name, one, other
    for name in os.listdir(real + "/pickles"):
        if name.endswith(".pck"):
            one, other = (opcodes(content(os.path.join(d, "pickles", name)))
                          for d in (made, real))
            if not other <= one:
                yield name, other - one


class Unpickler(pickle.Unpickler):
    """There is no Mailman here whose classes could be had."""

    def find_class(self, module, name):
        if module.startswith("Mailman."):
            return type(name, (), {})
        return super().find_class(module, name)


def host(data, marshalled):
    """As the table would have it."""
    if marshalled:
        return marshal.loads(data)[b"host_name"].decode()
    try:
        state = Unpickler(io.BytesIO(data), encoding="latin-1").load()
    except (EOFError, pickle.UnpicklingError):
        return "-"
    return state.get("host_name", "MISSING")


def unreadable(made):
    """What Python reads otherwise than the tables say."""
    for table in "expected.tsv", "made.tsv":
        for name, want, *_ in rows(TABLES + table):
            if name[0] == "#":
                continue
            got = host(content(made + "/pickles/" + name),
                       name.endswith(".db"))
            if got != want:
                yield name, got, want


def main():
    wrong = list(differences(*sys.argv[1:]) if len(sys.argv) > 2 else
                 unreadable(sys.argv[1]))
    for one in wrong:
        print(*one)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
