#!/usr/bin/env python3
"""Senders of half a message: each starts mm-handler, writes, and dies.

usage: mm_sender.py WORD=VALUE... -- COMMAND...

how=sendmail	a session of its own for the command, a pipe for its output
how=pipe	only its standard input is a pipe; it prints to nowhere
how=held	as `pipe', but somebody else reads what it prints
reaper=init	whose children they become: those of process 1
reaper=us	of this process, which is of another session
reaper=session	of this process, which is of the same session
delays=0,20000	microseconds from the start of the command to the death
times=N		so many senders for each delay
half=TEXT	what is sent; \\n is a new line
size=N		and so many bytes after that, as far as anybody reads them
end=death	the sender is killed; end=close: it ends its message and waits

Prints a line for each status that was seen, "STATUS COUNT"; with reaper=init
they are not to be seen: "? COUNT".
"""
import ctypes
import os
import select
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def write_until(fd, text, deadline):
    """Writes what is taken until the time is over."""
    os.set_blocking(fd, False)
    while text and time.monotonic() < deadline:
        try:
            text = text[os.write(fd, text):]
        except BlockingIOError:
            select.select([], [fd], [], max(0, deadline - time.monotonic()))
    time.sleep(max(0, deadline - time.monotonic()))


def start(how, command, output):
    """Starts the command; its process, and where to write the message."""
    message, back = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(message[0], 0)
        if how["how"] == "sendmail":
            os.dup2(back[1], 1)
            os.setsid()
        else:
            os.dup2(output, 1)
        os.dup2(1, 2)
        os.closerange(3, 1000)
        os.execvp(command[0], command)
    os.close(message[0])
    os.close(back[1])
    return pid, message[1]


def send(how, command, delay, report, output):
    """The life of a sender."""
    if how["reaper"] != "session":
        os.setsid()
    text = how["half"].replace("\\n", "\n").encode()
    text += b"x" * int(how["size"])
    pid, to = start(how, command, output)
    deadline = time.monotonic() + delay / 1e6
    if how["end"] == "death":
        os.write(report, b"%d\n" % pid)
        write_until(to, text, deadline)
        os.kill(os.getpid(), signal.SIGKILL)
    while text:
        text = text[os.write(to, text):]
    os.close(to)
    os.write(report, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def numbers(fd):
    with os.fdopen(fd) as lines:
        return [int(line) for line in lines]


def wait_gone(pid):
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([fd], [], [])
    os.close(fd)


def count(how, command, delay):
    """The senders for one delay, all at once; how the commands ended."""
    output = os.open("/dev/null", os.O_WRONLY)
    if how["how"] == "held":
        held, output = os.pipe()
    reports, report = os.pipe()
    senders = []
    for _ in range(int(how["times"])):
        senders.append(os.fork())
        if senders[-1] == 0:
            os.close(reports)
            send(how, command, delay, report, output)
    os.close(report)
    ends = []
    waiting = senders + numbers(reports)
    if how["reaper"] == "init" and how["end"] == "death":
        for pid in senders:
            os.waitpid(pid, 0)
        for pid in waiting[len(senders):]:
            wait_gone(pid)
            ends.append("?")
        return ends
    while waiting:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            break
        if pid in waiting:
            waiting.remove(pid)
            if (pid in senders) == (how["end"] != "death"):
                ends.append(str(os.waitstatus_to_exitcode(status)))
    return ends


def main():
    end = sys.argv.index("--")
    how = dict(how="sendmail", reaper="init", delays="0", times="1",
               half="Subject: x\\n\\nhalf", size="0", end="death")
    how.update(word.split("=", 1) for word in sys.argv[1:end])
    if how["reaper"] != "init" or how["end"] != "death":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ends = []
    for delay in how["delays"].split(","):
        ends += count(how, sys.argv[end + 1:], int(delay))
    for status in sorted(set(ends)):
        print(status, ends.count(status))


main()
