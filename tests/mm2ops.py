#!/usr/bin/env python3
"""Does to a lists directory what Mailman 2.1.39 was seen to do, system call
for system call.

usage: mm2ops.py LISTS_DIR OPERATION NAME [ARGUMENT]

newlist NAME CONFIG	a list with the content of the file CONFIG
halfway NAME		newlist that failed before it saved anything
save NAME CONFIG	as every post, command and page does it
killed-save NAME CONFIG	what is left where the writer dies in the middle
fix-corrupt NAME	the load of a config.pck that cannot be read
touch-noise NAME	the files that a held message and a digest change
rename NAME OTHER	by hand
rmlist NAME		in the order of the directory
rmlist-lastfirst NAME	with config.pck behind all others
"""
import os
import shutil
import socket
import sys

CONFIG = "/config.pck"
LAST = "/config.pck.last"


def temporary(path):
    return "%s%s.tmp.%s.%d" % (path, CONFIG, socket.gethostname(),
                               os.getpid())


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


def save(path, content):
    """The old file becomes the one before, the new one takes its place."""
    new = temporary(path)
    write(new, content)
    try:
        os.unlink(path + LAST)
    except FileNotFoundError:
        pass
    try:
        os.link(path + CONFIG, path + LAST)
    except FileNotFoundError:
        pass
    os.rename(new, path + CONFIG)


def content_of(path):
    with open(path, "rb") as f:
        return f.read()


def halfway(path):
    old = os.umask(0)
    try:
        os.mkdir(path, 0o2775)
    except FileExistsError:
        pass
    os.umask(old)


def newlist(path, config):
    halfway(path)
    save(path, content_of(config))


def killed_save(path, config):
    content = content_of(config)
    write(temporary(path), content[:len(content) // 2])


def fix_corrupt(path):
    """The one before is copied into its place, not renamed to it."""
    os.rename(path + CONFIG, path + CONFIG + ".corrupt")
    shutil.copy(path + LAST, path + CONFIG)
    shutil.copy(path + LAST, path + CONFIG + ".safety")


def touch_noise(path):
    for name, new in (("/pending.pck", ".tmp.%d.1" % os.getpid()),
                      ("/request.pck", ".tmp")):
        write(path + name + new, b"")
        os.rename(path + name + new, path + name)
    with open(path + "/digest.mbox", "a", encoding="ascii") as f:
        f.write("x\n")


def rename(path, other):
    os.rename(path, os.path.join(os.path.dirname(path), other))


def rmlist(path, order=list):
    for name in order(os.listdir(path)):
        os.unlink(os.path.join(path, name))
    os.rmdir(path)


def rmlist_lastfirst(path):
    rmlist(path, lambda names: sorted(names, reverse=True))


OPERATIONS = {
    "newlist": newlist, "halfway": halfway, "rename": rename,
    "save": lambda path, config: save(path, content_of(config)),
    "killed-save": killed_save, "fix-corrupt": fix_corrupt,
    "touch-noise": touch_noise, "rmlist": rmlist,
    "rmlist-lastfirst": rmlist_lastfirst,
}


def main(where, operation, name, *arguments):
    os.umask(0o007)  # the group may write, and others may not even read
    OPERATIONS[operation](os.path.join(where, name), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
