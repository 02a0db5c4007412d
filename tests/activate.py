#!/usr/bin/python3
"""Starts a program as systemd does: activate.py FD... -- PROGRAM WORD...

The descriptors become 3 and those after it, and the environment says so.
"""
import os
import sys

cut = sys.argv.index("--")
passed = [int(word) for word in sys.argv[1:cut]]
# Out of the way first, since one may have another's number.
copies = [os.dup(fd) for fd in passed]
while min(copies) < 3 + len(copies):
    copies = [os.dup(fd) for fd in copies]
for number, fd in enumerate(copies, 3):
    os.dup2(fd, number)
os.closerange(3 + len(copies), 1024)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(copies))
os.execv(sys.argv[cut + 1], sys.argv[cut + 1:])
