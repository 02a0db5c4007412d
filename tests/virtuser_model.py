#!/usr/bin/env python3
"""What sendmail makes of a virtusertable, and whether two of them agree.

usage: virtuser_model.py VIRTUSER MAILERTABLE DOMAINS LISTMAP [OPTION...]
           [--without NAME...] <LOCAL PARTS

VIRTUSER and MAILERTABLE are files in makemap's form; LISTMAP with its options
is the command that asks the daemon or its caches for a role ("listmap -c conf
query").  Every local part of the input, at each of DOMAINS (by commas), must
come out of the files as it does out of the roles virtuser and mailertable:
the same mailer, host and user, or refused by both, or left to sendmail by
both.  Of a list NAME with a '+' in it the files cannot take details, which
must then be all that differs.

The rules are those of cf/m4/proto.m4 (virtusertable), which tries, for
user+detail@domain: itself, user++@, user+*@, user@, ++@, +*@ and @domain.
"""
import re
import subprocess
import sys


def forms(local, domain):
    """The keys in their order, each with %1, %2 and %3."""
    yield local + "@" + domain, (local, "", "")
    plus = local.find("+", 1)  # the user has one character at least
    if plus > 0:
        user, detail = local[:plus], local[plus + 1:]
        arguments = user, detail, "+" + detail
        if detail:
            yield user + "++@" + domain, arguments
        yield user + "+*@" + domain, arguments
        yield user + "@" + domain, arguments
        if detail:
            yield "++@" + domain, arguments
        yield "+*@" + domain, arguments
        yield "@" + domain, arguments
    else:
        yield "@" + domain, (local, "", "")


def fill(value, arguments):
    def one(m):
        if m.group(1) == "%":
            return "%"
        return arguments[int(m.group(1)) - 1]
    return re.sub("%([1-3%])", one, value)


def outcome(virtuser, mailertable, local, domain):
    for key, arguments in forms(local, domain):
        value = virtuser.get(key.lower())
        if value is not None:
            break
    else:
        value, arguments = "%1@" + domain, (local, "", "")
        if domain not in mailertable:
            return "left to sendmail"
    if value.startswith("error:"):
        return "refused " + value.split(":")[1]
    user, _, host = fill(value, arguments).rpartition("@")
    if host not in mailertable:
        return "goes to %s@%s" % (user, host)
    return "%s gets %s" % (mailertable[host], user)


def pairs(lines):
    table = {}
    for line in lines:
        if line.startswith("# left out, for "):
            continue
        key, value = line.rstrip("\n").split("\t")
        if key in table:
            sys.exit("%s comes twice" % key)
        table[key] = value
    return table


def ask(command, role, keys):
    r = subprocess.run(command + [role, "-"], stdout=subprocess.PIPE,
                       input="".join(k + "\n" for k in sorted(keys)),
                       encoding="utf-8")
    if r.returncode not in (0, 1):
        sys.exit("%s ended with %d" % (role, r.returncode))
    return pairs(r.stdout.splitlines())


def main():
    files = [pairs(open(name, encoding="utf-8")) for name in sys.argv[1:3]]
    domains = sys.argv[3].split(",")
    command, odd = sys.argv[4:], []
    if "--without" in command:
        at = command.index("--without")
        command, odd = command[:at], command[at + 1:]
    # What sendmail takes for one word, as it is, and no table for a comment.
    locals_ = [w for w in sys.stdin.read().split("\n")
               if re.fullmatch(r"[-+=_.a-z0-9A-Z/*!#$&'{}|~^?`]+", w)
               and w not in ("++", "+*") and not w.startswith("#")]
    addresses = [(w, d) for w in locals_ for d in domains]
    keys = {k.lower() for w, d in addresses for k, _ in forms(w, d)}
    roles = [ask(command, "virtuser", keys),
             ask(command, "mailertable",
                 set(domains) | {d + ".mailman" for d in domains})]
    seen, wrong, excused = {}, [], set()
    for local, domain in addresses:
        want = outcome(*roles, local, domain)
        got = outcome(*files, local, domain)
        seen[want.split(" ")[0]] = seen.get(want.split(" ")[0], 0) + 1
        if got == want:
            continue
        name = [n for n in odd if re.match(re.escape(n) + r"(-[a-z]+)?\+",
                                           local)]
        if name and got.split(" ")[0] in ("refused", "left"):
            excused.add(name[0])
        else:
            wrong.append("%s@%s: %s, not %s" % (local, domain, got, want))
    if wrong:
        sys.exit("\n".join(wrong[:30]) + "\n%d in all" % len(wrong))
    if excused != set(odd):
        sys.exit("only %r differ" % sorted(excused))
    print(" ".join("%s %d" % s for s in sorted(seen.items())))


if __name__ == "__main__":
    main()
