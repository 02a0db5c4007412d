#!/usr/bin/python3
"""The lines of tables that documents show: table_lines.py DIR FILE...

Writes them into DIR: N.virtusertable and N.mailertable, with each key once in a
table, so that a key that is shown with two values is in two tables.  What
documents call example.org is lab.test in them.
"""
import re
import sys

sys.dont_write_bytecode = True

DOMAIN = r"(?:[\w-]+\.)*example\.org"
TABLES = {
    "virtusertable": re.compile(r"[\w.+*-]*@" + DOMAIN + r"$"),
    "mailertable": re.compile(r"\.?" + DOMAIN + r"(?:\.mailman3?)?$"),
}
VALUES = {
    "virtusertable": re.compile(r"error:|[\w.%+-]+(?:@[\w.-]+)?$"),
    "mailertable": re.compile(r"[a-z0-9]+:\S+$"),
}


def shown(path):
    """What may be a line of a table.  A man page quotes one behind .Ql, a
    Markdown file between back quotes; sendmail.mc has them behind dnl."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = re.sub(r"^(?:dnl|\.Ql)?\s+|^\.Ql\s+", "", line.rstrip("\n"))
            yield re.sub(r" [.,;:]$", "", line)
            yield from re.findall(r"`([^`]+)`", line)


def table_lines(paths):
    for path in paths:
        for line in shown(path):
            words = line.split(None, 1)
            for name in TABLES:
                if (len(words) == 2 and TABLES[name].match(words[0]) and
                        VALUES[name].match(words[1])):
                    yield name, words[0], words[1]


def main():
    tables = {name: [] for name in TABLES}
    for name, key, value in table_lines(sys.argv[2:]):
        if any(t.get(key) == value for t in tables[name]):
            continue
        table = next((t for t in tables[name] if key not in t), None)
        if table is None:
            table = {}
            tables[name].append(table)
        table[key] = value
    for name in TABLES:
        for n, table in enumerate(tables[name]):
            with open("%s/%d.%s" % (sys.argv[1], n, name), "w",
                      encoding="utf-8") as out:
                for line in table.items():
                    out.write(("%s\t%s\n" % line).replace("example.org",
                                                          "lab.test"))


main()
