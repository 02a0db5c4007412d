"""Holds the #includes of src/ and maps/ against tests/data/layers.

	layers.py TOP LAYERS	names what differs; status 1 where anything does
	layers.py TOP		prints the lines of the files as they are

A line of LAYERS is "path: what it may include", or "folder/: folders/", the
folders below it; they come first, the lowest at the top.
"""
import os
import re
import sys

FOLDERS = ("src", "maps")
FENCED = ("ev.h", "cdb.h", "sys/inotify.h", "confuse.h", "syslog.h",
          "xxhash.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]*>|"[^"]*")', re.M)


def folder(header):
    return header.split("/")[0] + "/"


def includes(top):
    """Path -> the project's and the fenced headers that it includes."""
    found = {}
    for where in FOLDERS:
        for path, _, files in os.walk(os.path.join(top, where)):
            for name in files:
                if not name.endswith((".c", ".h")):
                    continue
                full = os.path.join(path, name)
                with open(full, encoding="ascii") as f:
                    all_of_it = INCLUDE.findall(f.read())
                found[os.path.relpath(full, top)] = {
                    h[1:-1] if h[0] == '"' else h for h in all_of_it
                    if h[0] == '"' or h[1:-1] in FENCED}
    return found


def read(path):
    """The folders' order and the files' grants."""
    layers, grants = {}, {}
    with open(path, encoding="ascii") as f:
        for line in f:
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, what = line.partition(":")
            to = layers if name.endswith("/") else grants
            if name in to:
                complain(f"{name}: has two lines")
            to[name] = set(what.split())
    return layers, grants


errors = []


def complain(text):
    errors.append(text)


def check_layers(layers):
    """A folder may only rest on folders above it in the file."""
    seen = set()
    for name, below in layers.items():
        for other in sorted(below - seen):
            complain(f"{name}: {other} is not below it")
        seen.add(name)


def check_files(found, layers, grants):
    for path in sorted(found.keys() - grants.keys()):
        complain(f"{path}: has no line")
    for path in sorted(grants.keys() - found.keys()):
        complain(f"{path}: is not there")
    for path in sorted(found.keys() & grants.keys()):
        for header in sorted(found[path] - grants[path]):
            complain(f"{path}: may not include {header}")
        for header in sorted(grants[path] - found[path]):
            complain(f"{path}: does not include {header}")
    for path in sorted(found):
        own = folder(path.removeprefix("src/"))
        for header in sorted(found[path]):
            if header[0] != "<" and folder(header) != own and \
                    folder(header) not in layers.get(own, ()):
                complain(f"{path}: {header} is not below {own}")


def check_circles(found):
    """Headers that include one another, however far round."""
    graph = {p.removeprefix("src/"): {h for h in hs if h[0] != "<"}
             for p, hs in found.items()}
    done = set()

    def visit(name, way):
        if name in way:
            complain("circle: " + " ".join(way[way.index(name):] + [name]))
        elif name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, way + [name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])


def main(top, layers_file=None):
    found = includes(top)
    if layers_file is None:
        for path in sorted(found):
            print(f"{path}: {' '.join(sorted(found[path]))}".rstrip())
        return 0
    layers, grants = read(layers_file)
    check_layers(layers)
    check_files(found, layers, grants)
    check_circles(found)
    print("\n".join(errors))
    return 1 if errors or not found else 0


sys.exit(main(*sys.argv[1:]))
