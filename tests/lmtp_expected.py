"""Holds what a map answers against what Mailman's LMTP server answered.

	lmtp_expected.py EXPECTED COMMAND...	gives the addresses to `COMMAND...
		recipients -' and prints those whose answer differs, one a
		line: "+ADDRESS" is found and was refused, "-ADDRESS" the other
		way round; "?ADDRESS" has no answer.

EXPECTED has lines of address, TAB, the reply's code.  Codes 500, 501 and 553
are the protocol's affair and are left out.  Status 0 in any case.
"""
import subprocess
import sys


def expected(path):
    """(address, whether it is taken) of each line."""
    with open(path, encoding="latin-1") as f:
        for line in f:
            address, code = line.rstrip("\n").split("\t")[:2]
            if code in ("250", "550"):
                yield address, code == "250"


def ask(command, addresses):
    """Address -> found, absent (not there), or None: no answer."""
    run = subprocess.run(command, input="".join(a + "\n" for a in addresses),
                         capture_output=True, text=True, encoding="latin-1")
    if run.returncode not in (0, 1, 75) or "is listmapd running" in run.stderr:
        sys.exit("status %d: %s" % (run.returncode, run.stderr))
    got = {line.split("\t")[0]: True for line in run.stdout.splitlines()}
    for line in run.stderr.splitlines():
        if ": no answer: " in line:
            got[line.split(": no answer: ")[0].removeprefix("listmap: ")] = None
    return got


def main():
    rows = list(expected(sys.argv[1]))
    got = ask(sys.argv[2:] + ["recipients", "-"],
              [a for a, _ in rows])
    for address, taken in rows:
        found = got.get(address, False)
        if found is None:
            print("?" + address)
        elif found != taken:
            print(("+" if found else "-") + address)


main()
