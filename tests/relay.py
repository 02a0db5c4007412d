#!/usr/bin/python3
"""What sendmail does for a stranger: relay.py CF <ADDRESSES

Asks sendmail's test mode, which prints for each address whether mail for it is
taken from a client that may not relay, and where it then goes:

	ADDRESS<TAB>VERDICT<TAB>MAILER HOST USER

VERDICT is `taken', `denied' or `later'.  An address that is refused anyway has
the mailer `error'.
"""
import re
import subprocess
import sys

sys.dont_write_bytecode = True

STRANGER = """.D{client_addr}127.0.0.5
.D{client_name}mx.remote.test
.D{client_resolve}OK
.D{mail_from}u@mx.remote.test
.Dfu@mx.remote.test
"""
CALL = re.compile(r"^(?:> )*(\S+) +(input|returns):(.*)$")


def top_calls(output):
    """Yields name and result of each ruleset that was called by hand."""
    depth = 0
    for line in output.splitlines():
        call = CALL.match(line)
        if not call:
            continue
        depth += 1 if call[2] == "input" else -1
        if depth == 0:
            yield call[1], call[3].strip()


def verdict(result):
    """With delay_checks what is taken is returned as an address."""
    error = re.match(r"\$# error \$@ ([0-9])", result)
    if not error:
        return "taken"
    return "later" if error[1] == "4" else "denied"


def route(result):
    """Mailer, host and user, without the blanks between tokens."""
    parts = re.match(r"\$# (\S+)(?: \$@ (.*?))?(?: \$: (.*))?$", result)
    if not parts:
        raise SystemExit("parse: " + result)
    return " ".join(re.sub(r" *([^\w\"]) *", r"\1", part or "-").strip()
                    for part in parts.groups())


def main():
    addresses = sys.stdin.read().splitlines()
    asked = STRANGER + "".join(
        "check_rcpt %s\n3,0 %s\n" % (a, a) for a in addresses)
    output = subprocess.run(
        ["sendmail", "-C", sys.argv[1], "-bt"], input=asked, text=True,
        errors="surrogateescape", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT).stdout
    answers = [list(top_calls(output))[i::3] for i in range(3)]
    if any(len(column) != len(addresses) for column in answers):
        raise SystemExit(output)
    for address, (_, taken), (_, way) in zip(addresses, answers[0],
                                             answers[2]):
        print("%s\t%s\t%s" % (address, verdict(taken), route(way)))


main()
