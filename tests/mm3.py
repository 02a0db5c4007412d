"""Talks to a Mailman 3: REST at $MM3_REST, LMTP at $MM3_LMTP, on 127.0.0.1.

	mm3.py ready			both answer
	mm3.py listening		LMTP does
	mm3.py domain NAME [ALIAS]	makes a domain
	mm3.py nodomain NAME		deletes it, and with it its lists
	mm3.py create ADDRESS...	makes lists
	mm3.py remove ADDRESS...	removes them
	mm3.py rcpt			addresses from standard input, each with
					TAB and the LMTP server's code
	mm3.py addresses ADDRESS...	what hostile and friendly people make
					of the addresses of lists
	mm3.py loop N DOMAIN SOCKET	makes N lists, and asks listmapd for
					each while it is made and for its
					first second: it may be absent until
					its directory is there, and found only
					when LMTP has it; status 1 and a line
					for each answer that was another
"""
import base64
import os
import smtplib
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
from patience import PATIENCE  # noqa: E402

REST = "http://127.0.0.1:%s/3.1/" % os.environ.get("MM3_REST")
AUTH = "Basic " + base64.b64encode(b"restadmin:restpass").decode()


def rest(method, path, **fields):
    """The answer's status; an exception where it is none of 2xx."""
    data = urllib.parse.urlencode(fields).encode() if fields else None
    r = urllib.request.Request(REST + path, data, method=method,
                               headers={"Authorization": AUTH})
    with urllib.request.urlopen(r, timeout=PATIENCE) as answer:
        return answer.status


class Lmtp(smtplib.LMTP):
    def __init__(self):
        super().__init__("127.0.0.1", int(os.environ["MM3_LMTP"]),
                         timeout=PATIENCE)
        self.docmd("LHLO", "client.test")

    def rcpt_code(self, address):
        """The code of RCPT TO; what no line can hold has none."""
        self.docmd("MAIL FROM:<>")
        code = self.docmd("RCPT TO:<%s>" % address)[0]
        self.docmd("RSET")
        return code


def list_id(address):
    return address.replace("@", ".")


def rcpt():
    server = Lmtp()
    for line in sys.stdin:
        address = line.rstrip("\n")
        print("%s\t%d" % (address, server.rcpt_code(address)))


SUFFIXES = ("bounces", "confirm", "join", "leave", "owner", "request",
            "subscribe", "unsubscribe")
NO_SUFFIXES = ("admin", "post", "loop", "help", "bounce", "requests", "")
SITE = ("mailman", "mailman-owner", "mailman-loop", "postmaster", "abuse",
        "root", "-request", "-owner", "owner-", "request", "join", ".", "..",
        "%", "*", "x/y", "../x", "./x", "=", "~", "$", "{}")


def addresses(lists):
    domains = sorted({a.split("@")[1] for a in lists})
    for a in lists:
        name, domain = a.split("@")
        yield a
        yield a.upper()
        yield "%s+detail@%s" % (name, domain)
        for x in SUFFIXES:
            yield "%s-%s@%s" % (name, x, domain)
        yield "%s-bounces+user=client.test@%s" % (name, domain)
        yield "%s-owner++x@%s" % (name, domain)
        yield "%s-Confirm+0123abcdef@%s" % (name, domain)
        for x in NO_SUFFIXES:
            yield "%s-%s@%s" % (name, x, domain)
        yield "owner-%s@%s" % (name, domain)
        yield "%s--join@%s" % (name, domain)
        yield "%s-join-join@%s" % (name, domain)
        yield "%s@%s" % (list_id(a), domain)
        yield "%s@sub.%s" % (name, domain)
        head, _, rest = domain.partition(".")
        yield "%s.%s@%s" % (name, head, rest)
        for other in domains:
            yield "%s@%s" % (name, other)
    for domain in domains:
        for x in SITE:
            yield "%s@%s" % (x, domain)


class Asker:
    """A client of listmapd's socket."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(PATIENCE)
        self.s.connect(path)

    def ask(self, text):
        data = text.encode()
        self.s.sendall(b"%d:%s," % (len(data), data))
        head = b""
        while not head.endswith(b":"):
            head += self.s.recv(1)
        need, body = int(head[:-1]) + 1, b""
        while len(body) < need:
            body += self.s.recv(need - len(body))
        return body[:-1].decode()


class Young:
    """Lists in their first second, and what was said of them."""

    def __init__(self, path):
        self.asker, self.lmtp = Asker(path), Lmtp()
        self.made, self.seen = {}, set()
        self.counts, self.wrong = {}, 0

    def complain(self, address, what):
        print("%s: %s" % (address, what))
        self.wrong += 1

    def ask(self, address):
        there = address in self.made
        word = self.asker.ask("recipients " + address).split(" ")[0]
        self.counts[word] = self.counts.get(word, 0) + 1
        if word == "NOTFOUND" and there:
            self.complain(address, "refused though it was made")
        elif word == "NOTFOUND" and address in self.seen:
            self.complain(address, "refused though it was coming")
        elif word == "OK" and self.lmtp.rcpt_code(address) != 250:
            self.complain(address, "found before LMTP has it")
        if word != "NOTFOUND":
            self.seen.add(address)

    def make(self, address):
        rest("POST", "lists", fqdn_listname=address)
        self.made[address] = time.monotonic()

    def ask_recent(self):
        now = time.monotonic()
        for address in [a for a, t in self.made.items() if now - t < 1]:
            self.ask(address)


def loop(n, domain, path):
    young = Young(path)
    for i in range(n):
        address = "loop%d@%s" % (i, domain)
        maker = threading.Thread(target=young.make, args=(address,))
        maker.start()
        while maker.is_alive():
            young.ask(address)
        maker.join()
        young.ask_recent()
    while young.made and time.monotonic() - max(young.made.values()) < 1:
        young.ask_recent()
    print(" ".join("%s %d" % x for x in sorted(young.counts.items())))
    return 0 if young.wrong == 0 and len(young.made) == n else 1


def main(command, *args):
    if command == "ready":
        rest("GET", "system/versions")
        Lmtp().quit()
    elif command == "listening":
        Lmtp().quit()
    elif command == "domain":
        rest("POST", "domains", mail_host=args[0],
             **({"alias_domain": args[1]} if len(args) > 1 else {}))
    elif command == "nodomain":
        rest("DELETE", "domains/" + args[0])
    elif command == "create":
        for a in args:
            rest("POST", "lists", fqdn_listname=a)
    elif command == "remove":
        for a in args:
            rest("DELETE", "lists/" + urllib.parse.quote(list_id(a)))
    elif command == "rcpt":
        rcpt()
    elif command == "addresses":
        print("\n".join(dict.fromkeys(addresses(args))))
    elif command == "loop":
        return loop(int(args[0]), args[1], args[2])
    else:
        return 64
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, smtplib.SMTPException, urllib.error.URLError) as e:
        sys.exit("mm3: %s: %s" % (" ".join(sys.argv[1:4]), e))
