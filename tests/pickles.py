#!/usr/bin/env python3
"""Makes and saves lists as Mailman 2.1 does.

usage: pickles.py LISTS_DIR <COMMANDS

Each line of the input is one command:

list NAME HOST [ADVERTISED]	a list, saved; an empty host: no such key
save NAME			by traffic: other content, the same host
bytes NAME HEX			a list of that host, which is no text

A save is Mailman's: see mm2ops.py.
"""
import os
import pickle
import sys

sys.dont_write_bytecode = True
import mm2ops  # noqa: E402


def new_state(name, host, advertised):
    state = {"real_name": name.capitalize(), "post_id": 1,
             "advertised": advertised, "members": {"a@example.com": 0},
             "decoy": {"host_name": "decoy.example.com"}}
    if host:
        state["host_name"] = host
        state["web_page_url"] = "http://%s/mailman/" % host.lower() \
            if host.isascii() else "http://nowhere/"
    return state


def main():
    where = sys.argv[1]
    for line in sys.stdin.read().split("\n"):
        words = line.split(" ")
        if words[0] not in ("list", "save", "bytes"):
            continue
        path = where + "/" + words[1]
        os.makedirs(path, exist_ok=True)
        if words[0] == "save":
            with open(path + "/config.pck", "rb") as f:
                state = pickle.load(f)
            state["post_id"] += 1
            state["members"]["b%d@example.com" % state["post_id"]] = 0
        else:
            host = words[2] if len(words) > 2 else ""
            if words[0] == "bytes":
                host = bytes.fromhex(host).decode("latin-1")
            state = new_state(words[1], host,
                              int(words[3]) if len(words) > 3 else 1)
        mm2ops.save(path, pickle.dumps(state, 1))


if __name__ == "__main__":
    main()
