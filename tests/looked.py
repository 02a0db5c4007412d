"""Waits until a file was opened: looked.py FILE TIMES

For a daemon that looks at the file every now and then.  What it does after
the first time is done when it looks again.
"""
import ctypes
import os
import select
import sys

sys.dont_write_bytecode = True
from patience import PATIENCE  # noqa: E402

IN_OPEN = 0x20
EVENT_SIZE = 16


def main(path, times):
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init()
    if fd == -1 or libc.inotify_add_watch(fd, os.fsencode(path), IN_OPEN) == -1:
        sys.exit("%s: %s" % (path, os.strerror(ctypes.get_errno())))
    # One at a time: the kernel makes one of two that are alike.
    for _ in range(int(times)):
        if not select.select([fd], [], [], PATIENCE)[0]:
            sys.exit("nobody looks at " + path)
        os.read(fd, EVENT_SIZE)


main(*sys.argv[1:])
