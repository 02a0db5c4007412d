"""Files as Mailman 2.1 leaves them: config.pck in all its forms, config.db.

files() has the forms, by the names that pickles/expected.tsv and made.tsv give
them.  The names of the attributes, and what order and memo look like, are
those of real files; the words in them are ours.
"""
import pickle
import sys
import types

from python2 import Instance, Long, Once, marshalled, pickled

# The very same object wherever it is.
ENGLISH = b"en"


def url_of(host):
    """Where the pages of a host's lists are."""
    host = host.lower()
    return b"http://%s/mailman/" % (b"www." + host if host == b"example.com"
                                    else host)


def options(first, last):
    """Settings that nobody asks for: what stands between those wanted."""
    for i in range(first, last):
        yield b"option%03d" % i, [i % 4 == 0, i, [], {}, 0.5 * i,
                                  Once(b"some words")][i % 6]


def subscribers(n):
    """One address is the same object in all four dictionaries."""
    who = [b"reader%06d@d%03d.example.net" % (i, i % 1000) for i in range(n)]
    return {b"members": dict.fromkeys(who, 0),
            b"passwords": {a: Once(b"word%06d" % i)
                           for i, a in enumerate(who)},
            b"user_options": dict.fromkeys(who, 264),
            b"language": dict.fromkeys(who, ENGLISH)}


def config(name, host, n=0, **changes):
    """A list with N members, but for the CHANGES; with no host, no such key.

    The host stands behind some 700 bytes and before the members, the URL
    behind all that is long.
    """
    state = {b"owner": [b"one@example.com", b"two@example.com"],
             b"advertised": True}
    state.update(options(0, 36))
    state[b"real_name"] = name
    if host is not None:
        state[b"host_name"] = host
    state.update(options(36, 60))
    state.update(subscribers(n))
    state[b"emergency"] = 0
    state[b"preferred_language"] = ENGLISH
    state[b"available_languages"] = [ENGLISH]
    state[b"max_message_size"] = 40000
    state[b"next_post_number"] = 1 << 20
    state[b"new_member_options"] = None
    state.update(options(60, 100))
    state[b"web_page_url"] = url_of(host if isinstance(host, bytes) and host
                                    else b"lists.example.org")
    state[b"data_version"] = 112
    state.update((k.encode(), v) for k, v in changes.items())
    return state


def rich(name, host, n):
    """A list with a past: digests, bounces, topics, long texts, unicode; much
    of it stands before the host, as the order of Python 2 will have it."""
    plain = config(name, host, n)
    who = list(plain[b"members"])
    day = (2026, 11, 22)
    state = {b"bounce_info": {
        a: Instance(b"Mailman.Bouncer", b"_BounceInfo",
                    {b"member": a, b"score": 1.5, b"date": day,
                     b"lastnotice": (2026, 11, 1, None), b"cookie": None})
        for a in who[:20]}}
    # An address that was written in capitals is kept that way as the value.
    state[b"digest_members"] = {
        a: Once(a.upper()) if i % 5 == 0 else 0
        for i, a in enumerate(who[::4])}
    state[b"hold_and_cmd_autoresponses"] = {who[0]: (day, 3)}
    state[b"topics"] = [(b"topic %d" % i, b"^[a-m].*", b"", i % 2 == 0)
                        for i in range(40)]
    state.update(plain)
    state[b"usernames"] = {a: "J\u00fcrgen %d" % i
                           for i, a in enumerate(who[:10])}
    state[b"description"] = Once(b"It's \"rich\"\n\ta list with a past")
    state[b"info"] = Once(b"some words")
    state[b"digest_header"] = Once(b"longer than short strings may be " * 30)
    state[b"digest_footer"] = Once(b"%(real_name)s at %(host_name)s")
    state[b"digest_volume"] = Long(7)
    state[b"bytes_ever"] = Long(1 << 70)
    state[b"created_at"] = 1 << 40
    return state


def unicode_host(name):
    """As withlist sets it from a unicode string, the list's name as well."""
    state = config(name, b"lists.example.org", 30)
    state[b"host_name"] = "lists.example.org"
    state[b"real_name"] = name.decode()
    return pickled(state)


def moved_to_end(state, *keys):
    return {**{k: v for k, v in state.items() if k not in keys},
            **{k: state[k] for k in keys}}


def host_from_memo():
    """The host's value is a string that came before: `h', not `U'."""
    host = b"lists.example.net"
    state = {b"accept_these_nonmembers": [host],
             **config(b"Memoval2", host)}
    return {**state, b"web_page_url": url_of(b"lists.example.org")}


def keys_from_memo():
    """Keys that came before in what is nested, with other values there."""
    host, name, shown, url = (b"host_name", b"real_name", b"advertised",
                              b"web_page_url")
    state = {b"topics": [(host, name)],
             b"usernames": {host: b"evil.example.com", name: b"Evil",
                            shown: False, url: b"http://evil.example.com/"}}
    for key, value in config(b"Memokey", b"lists.example.org").items():
        # the same objects, not others that are equal
        key = {k: k for k in (host, name, shown, url)}.get(key, key)
        state[key] = value
    return state


def decoys():
    """Texts that hold what another pickle would say of the host."""
    state = rich(b"Rich100", b"lists.example.org", 100)
    state = {b"header_filter_rules":
             [(b"^X-A: b\nhost_name: fake.example.com", 3, False)],
             b"bad_words": [b"host_name", b"real_name"], **state}
    state[b"info"] = b"U\thost_nameq\x16U\x10evil.example.comq\x17"
    state[b"description"] = b"S'host_name'\np1\nS'evil.example.com'\np2\n"
    return moved_to_end(state, b"web_page_url")


def as_python3(value, bounces=None):
    """Every text is text; what bounced is an object of a class like others."""
    if isinstance(value, bytes):
        return sys.intern(value.decode())
    if isinstance(value, (list, tuple)):
        return type(value)(as_python3(one, bounces) for one in value)
    if isinstance(value, dict):
        return {as_python3(k, bounces): as_python3(v, bounces)
                for k, v in value.items()}
    if isinstance(value, Instance):
        one = bounces()
        one.__dict__.update(as_python3(value.state))
        return one
    return int(value) if isinstance(value, Long) else value


def by_python3(state, protocol):
    """Python's own pickle, with the class where Mailman has it."""
    module = types.ModuleType("Mailman.Bouncer")
    module._BounceInfo = type("_BounceInfo", (),
                              {"__module__": module.__name__})
    sys.modules["Mailman"] = types.ModuleType("Mailman")
    sys.modules[module.__name__] = module
    return pickle.dumps(as_python3(state, module._BounceInfo), protocol)


def before(data, what):
    return data[:data.index(what)]


def files():
    """(name, content)"""
    org = b"lists.example.org"
    fresh = pickled(config(b"Dev", org))
    yield "bad-empty.pck", b""
    yield "bad-truncated-before-host.pck", before(fresh, b"host_name")
    yield "mm20-style-marshal.db", marshalled(config(b"Z-dbonly", org, 30))
    # 100: memo numbers of four bytes; 1000: a whole batch; 1001: one left
    for n in 0, 1, 100, 1000, 1001:
        yield "mm2139-%d-members.pck" % n, \
            pickled(config(b"Big%d" % n, org, n))
    yield "mm2139-fresh-sitelist.pck", pickled(config(b"Mailman", org))
    yield "mm2139-memo-host-is-binget.pck", pickled(host_from_memo())
    yield "mm2139-memo-key-is-binget-nested-decoys.pck", \
        pickled(keys_from_memo())
    yield "mm2139-mixedcase-host.pck", \
        pickled(config(b"Mixedhost", b"Lists.Example.NET"))
    yield "mm2139-nohost.pck", pickled(config(b"Z-nohost", None, 30))
    yield "mm2139-unicode-host.pck", unicode_host(b"Z-unihost")
    old = rich(b"Rich100", org, 100)
    for protocol, name in enumerate(("py2-cPickle-proto0-rich100.pck",
                                     "mm2139-rich100.pck",
                                     "py2-cPickle-proto2-rich100.pck")):
        yield name, pickled(old, protocol)
    yield "py2-decoy-bytes-in-strings.pck", pickled(decoys())
    yield "py2-order-host-last-proto1.pck", \
        pickled(moved_to_end(old, b"host_name"))
    yield "py3port-fresh.pck", \
        by_python3(config(b"Foo", b"example.com"), 1)
    for protocol in range(6):
        yield "py3-pickle-proto%d-100.pck" % protocol, \
            by_python3(config(b"Big100", org, 100), protocol)
        yield "py3-pickle-proto%d-rich100.pck" % protocol, \
            by_python3(old, protocol)
