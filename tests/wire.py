#!/usr/bin/env python3
"""Raw-bytes conformance of a socketmap daemon: what it answers to every kind
of frame, request and behaviour, whole and byte by byte.  TAP on stdout.

    wire.py SPEC MAP KNOWN_KEY UNKNOWN_KEY

SPEC is local:/path or inet:port@host.  MAP has KNOWN_KEY, not UNKNOWN_KEY.
"""
import os
import select
import socket
import sys

from patience import PATIENCE

REQUEST_MAX = 10000


def connect(spec):
    kind, _, rest = spec.partition(':')
    if kind in ('inet', 'inet6'):
        port, _, host = rest.partition('@')
        s = socket.create_connection((host.strip('[]'), int(port)), PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(rest if kind in ('local', 'unix') else spec)
    return s


def frame(payload):
    return b'%d:%s,' % (len(payload), payload)


class Peer:
    """One connection.  Whatever the daemon does, it ends in bytes or an
    exception, never in waiting for ever."""

    def __init__(self, spec):
        self.s = connect(spec)
        self.buffer = b''

    def send(self, data, step=0):
        """All at once, or in pieces; what a closing peer does not take any
        more is no matter here."""
        try:
            for i in range(0, len(data), step or len(data) or 1):
                self.s.sendall(data[i:i + (step or len(data))])
        except (BrokenPipeError, ConnectionResetError):
            pass

    def fill(self):
        data = self.s.recv(65536)
        self.buffer += data
        return bool(data)

    def reply(self):
        """The next reply's payload; None at the end."""
        while True:
            head, colon, rest = self.buffer.partition(b':')
            if colon:
                assert head.isdigit() and str(int(head)).encode() == head, \
                    'bad length %r' % head
                n = int(head)
                assert n <= 100000, 'reply of %d bytes' % n
                if len(rest) > n:
                    assert rest[n:n + 1] == b',', 'no comma after a reply'
                    self.buffer = rest[n + 1:]
                    return rest[:n]
            if not self.fill():
                assert not self.buffer, 'ends in %r' % self.buffer
                return None

    def end(self):
        """Nothing more comes, and what comes is no reset."""
        got = self.reply()
        assert got is None, 'unexpected %r' % got

    def quiet(self):
        """Nothing comes without a question."""
        ready = select.select([self.s], [], [], 0)[0]
        assert not ready and not self.buffer, 'unexpected bytes'

    def shut(self):
        try:
            self.s.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.s.close()


def is_found(got):
    assert got is not None and got.startswith(b'OK '), got
    assert len(got) > 3, 'OK without a value'


def is_absent(got):
    assert got == b'NOTFOUND ', got


def is_temp(got):
    assert got is not None and got.startswith(b'TEMP '), got
    assert len(got) > 5, 'TEMP without a reason'


def is_some(got):
    """Any of the three words, properly made."""
    assert got is not None, 'closed'
    word, space, text = got.partition(b' ')
    assert space and word in (b'OK', b'NOTFOUND', b'TEMP'), got
    assert bool(text) == (word != b'NOTFOUND'), got
    assert all(32 <= c < 127 for c in text), got


class Suite:
    def __init__(self, spec, name, known, unknown):
        self.spec = spec
        self.map = name
        self.known = frame(name + b' ' + known)
        self.unknown = frame(name + b' ' + unknown)
        self.known_key = known
        self.done = self.failed = 0

    def case(self, name, body):
        peer = None
        self.done += 1
        try:
            peer = Peer(self.spec)
            body(peer)
            print('ok %d - %s' % (self.done, name))
        except Exception as e:
            self.failed += 1
            print('not ok %d - %s' % (self.done, name))
            print('# %s: %s' % (type(e).__name__, e))
        finally:
            if peer:
                peer.close()
        sys.stdout.flush()

    def both(self, name, body):
        self.case(name + ', whole', lambda p: body(p, 0))
        self.case(name + ', byte by byte', lambda p: body(p, 1))

    def alive(self, peer):
        peer.send(self.known)
        is_found(peer.reply())
        peer.quiet()

    # A good conversation: every reply as it should be, connection kept.
    def good(self, name, data, checks):
        def body(peer, step):
            peer.send(data, step)
            for check in checks:
                check(peer.reply())
            peer.quiet()
            self.alive(peer)
        self.both(name, body)

    # A malformed one: answers before, one TEMP, then the end; what follows
    # is neither answered nor a reason for a reset.
    def bad(self, name, data, before=()):
        def body(peer, step):
            peer.send(data, step)
            for check in before:
                check(peer.reply())
            is_temp(peer.reply())
            peer.send(self.known * 100)
            peer.end()
        self.both(name, body)
        self.both(name + ', more behind it',
                  lambda peer, step: (peer.send(data + self.known * 3, step),
                                      [c(peer.reply()) for c in before],
                                      is_temp(peer.reply()), peer.end()))

    # One that ends in the middle.
    def cut(self, name, data, checks):
        def body(peer, step):
            peer.send(data, step)
            peer.shut()
            for check in checks:
                check(peer.reply())
            peer.end()
        self.both(name, body)

    def frames(self):
        k, u = self.known, self.unknown
        self.good('found', k, [is_found])
        self.good('absent', u, [is_absent])
        self.good('three pipelined', k + u + k,
                  [is_found, is_absent, is_found])
        self.good('a hundred pipelined', (k + u) * 50,
                  [is_found, is_absent] * 50)
        self.good('empty frame', b'0:,', [is_temp])
        self.good('nested frames', b'17:5:Hello,6:World!,,', [is_temp])
        self.good('payload of one byte', b'1:a,', [is_temp])
        self.good('payload is a comma', b'1:,,', [is_temp])
        largest = self.map + b' '
        largest += b'k' * (REQUEST_MAX - len(largest))
        self.good('exactly the limit', frame(largest), [is_absent])
        self.bad('the limit and one more', frame(largest + b'k'))
        self.bad('100000 bytes', frame(b'x' * 100000))
        self.bad('CRLF after a frame', k + b'\r\n', [is_found])
        self.bad('LF after a frame', k + b'\n', [is_found])
        for data in (b':x,', b':,', b'-1:x,', b'+5:hello,', b'5 :hello,',
                     b' 5:hello,', b'0x5:hello,', b'01:a,', b'00:,',
                     b'05:hello,', b'18446744073709551616:x,',
                     b'184467440737095516160:x,', b'9223372036854775808:x,',
                     b'4294967297:x,', b'999999999:', b'10001:',
                     b'5hello,', b'1a,', b'5,', b'aaa:aaa', b'0:;', b'0:_',
                     b'5:hello;', b'5:hello:', b'3:aaa_', b'2:hello,',
                     b'5:hello\0', b'\0', b'\xff\xfe', b',', b'\n',
                     b'GET / HTTP/1.0\r\nHost: x\r\n\r\n',
                     b'get x\n', b'EHLO there\r\n'):
            self.bad('malformed %r' % data, data)
        self.bad('malformed after good ones', k + u + b'5:hello;',
                 [is_found, is_absent])

    def splits(self):
        def body(at):
            def run(peer):
                peer.send(self.known[:at])
                peer.quiet()
                peer.send(self.known[at:])
                is_found(peer.reply())
                self.alive(peer)
            return run
        for at in range(1, len(self.known)):
            self.case('split after byte %d' % at, body(at))

    def ends(self):
        for at in range(len(self.known)):
            self.cut('end after byte %d' % at, self.known[:at], [])
            self.cut('end after one and byte %d' % at,
                     self.unknown + self.known[:at], [is_absent])
        self.cut('half-close after a request', self.known, [is_found])
        self.cut('half-close after many', (self.known + self.unknown) * 20,
                 [is_found, is_absent] * 20)
        for data in (b'9999:', b'10000:x', b'3', b'3:', b'3:a', b'3:aaa'):
            self.cut('incomplete %r' % data, data, [])

    def requests(self):
        m = self.map
        self.good('no space', frame(m), [is_temp])
        self.good('no space, an address', frame(b'a@b'), [is_temp])
        self.good('a tab for a space', frame(m + b'\tx'), [is_temp])
        self.good('unknown map', frame(b'no-such-map ' + self.known_key),
                  [is_temp])
        self.good('map in upper case', frame(b'NO-SUCH-MAP x'), [is_temp])
        self.good('leading space', frame(b' ' + self.known_key), [is_temp])
        self.good('only a space', frame(b' '), [is_temp])
        for name, key in (('empty key', b''), ('""', b'""'),
                          ('@dom', b'@no.such.domain.example'),
                          ('quoted with spaces', b'"a  b"@c.example'),
                          ('spaces', b'te st  x@c.example'),
                          ('NUL', b'a\0b@c.example'),
                          ('NUL behind a known key',
                           self.known_key + b'\0'),
                          ('8-bit', b'gr\xfc\xdfe@c.example'),
                          ('UTF-8', 'größe@c.example'.encode()),
                          ('bad UTF-8', b'\xc3\x28@c.example'),
                          ('line feed', b'a\nb@c.example'),
                          ('control bytes', bytes(range(1, 32))),
                          ('all bytes', bytes(range(256))),
                          ('two ats', b'a@b@c.example'),
                          ('percent', b'%s%n%1@c.example'),
                          ('path', b'../../etc/passwd@c.example'),
                          ('blank behind a known key',
                           self.known_key + b' '),
                          ('256 bytes', b'k' * 256),
                          ('257 bytes', b'k' * 257),
                          ('5000 bytes', b'k' * 5000)):
            self.good('key: ' + name, frame(m + b' ' + key), [is_some])
        self.good('NUL in a map name', frame(m + b'\0 x'), [is_temp])

    def behaviour(self):
        def interleaved(peer):
            others = [Peer(self.spec) for _ in range(20)]
            for other in others:
                other.send(self.known[:5])
            self.alive(peer)
            for other in others:
                other.send(self.known[5:] + self.unknown)
            for other in others:
                is_found(other.reply())
                is_absent(other.reply())
                other.close()

        def idle(peer):
            for _ in range(50):
                other = Peer(self.spec)
                self.alive(other)
                other.close()
            self.alive(peer)

        def rude(peer):
            """Those who ask and go without reading harm nobody."""
            for _ in range(50):
                other = Peer(self.spec)
                other.send(self.known * 50)
                other.close()
            self.alive(peer)

        def deaf(peer):
            """One that never reads stops being read, while others are
            answered over and over, and loses nothing."""
            peer.s.setblocking(False)
            other = Peer(self.spec)
            sent, turns = 0, 0
            data = self.known * 1000
            while sent < 64 << 20 and turns < 50:
                try:
                    sent += peer.s.send(data[sent % len(data):])
                    turns = 0
                except BlockingIOError:
                    self.alive(other)
                    turns += 1
            assert turns, 'it takes everything'
            other.close()
            peer.s.settimeout(PATIENCE)
            for _ in range(sent // len(self.known)):
                is_found(peer.reply())
            peer.send(self.known[sent % len(self.known):]
                      if sent % len(self.known) else b'')
            if sent % len(self.known):
                is_found(peer.reply())
            self.alive(peer)

        self.case('order is kept among many connections', interleaved)
        self.case('an idle connection stays', idle)
        self.case('clients that do not wait for answers', rude)
        self.case('a client that never reads', deaf)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    spec = sys.argv[1]
    name, known, unknown = (os.fsencode(a) for a in sys.argv[2:])
    suite = Suite(spec, name, known, unknown)
    suite.frames()
    suite.splits()
    suite.ends()
    suite.requests()
    suite.behaviour()
    print('1..%d' % suite.done)
    return 1 if suite.failed else 0


if __name__ == '__main__':
    sys.exit(main())
