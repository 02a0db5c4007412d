"""What Python 2 writes, opcode by opcode: cPickle at the protocols 0, 1 and 2,
and marshal.

Python 2's str is bytes here, its unicode is str.  cPickle remembers what has
more than one reference: here everything but what is Once.  What comes again,
the very same object, is taken from the memo.
"""
import struct

BATCH = 1000  # so many items between two marks, at most


class Once(bytes):
    """A str that nothing else refers to: it gets no number in the memo."""


class Long(int):
    """Python 2's long; its int has 64 bits where it is pickled."""


class Instance:
    """Of a class of the old kind, which is no object to be reduced."""

    def __init__(self, module, name, state):
        self.of, self.state = module + b"\n" + name + b"\n", state


class Pickler:
    def __init__(self, protocol):
        self.protocol, self.out = protocol, bytearray()
        self.memo, self.seen = {}, []

    def dumps(self, value):
        if self.protocol >= 2:
            self.out += b"\x80" + bytes([self.protocol])
        self.save(value)
        return bytes(self.out + b".")

    def numbered(self, text, small, large, number):
        """An opcode of the memo: in text, with one byte, or with four."""
        if self.protocol == 0:
            self.out += b"%s%d\n" % (text, number)
        elif number < 256:
            self.out += small + bytes([number])
        else:
            self.out += large + struct.pack("<i", number)

    def put(self, key, value):
        self.seen.append(value)  # or another one could have its id
        self.memo[key] = len(self.memo) + 1
        self.numbered(b"p", b"q", b"r", self.memo[key])

    def save(self, value):
        if id(value) in self.memo:
            self.numbered(b"g", b"h", b"j", self.memo[id(value)])
            return
        for kind, save in ((bool, self.save_bool), (Long, self.save_long),
                           (int, self.save_int), (float, self.save_float),
                           (type(None), self.save_none),
                           (bytes, self.save_bytes), (str, self.save_text),
                           (tuple, self.save_tuple), (list, self.save_list),
                           (dict, self.save_dict),
                           (Instance, self.save_instance)):
            if isinstance(value, kind):
                save(value)
                return
        raise TypeError(value)

    def save_none(self, _):
        self.out += b"N"

    def save_bool(self, value):
        if self.protocol >= 2:
            self.out += b"\x88" if value else b"\x89"
        else:
            self.out += b"I0%d\n" % value

    def save_int(self, value):
        if self.protocol == 0 or not -2 ** 31 <= value < 2 ** 31:
            self.out += b"I%d\n" % value
        elif 0 <= value < 256:
            self.out += b"K" + bytes([value])
        elif 0 <= value < 65536:
            self.out += b"M" + struct.pack("<H", value)
        else:
            self.out += b"J" + struct.pack("<i", value)

    def save_long(self, value):
        if self.protocol < 2:
            self.out += b"L%dL\n" % value
            return
        n = value.bit_length() // 8 + 1
        self.out += b"\x8a" + bytes([n]) + value.to_bytes(n, "little",
                                                          signed=True)

    def save_float(self, value):
        if self.protocol == 0:
            self.out += b"F%s\n" % repr(value).encode()
        else:
            self.out += b"G" + struct.pack(">d", value)

    def save_bytes(self, value):
        if self.protocol == 0:
            self.out += b"S" + repr(bytes(value))[1:].encode() + b"\n"
        elif len(value) < 256:
            self.out += b"U" + bytes([len(value)]) + value
        else:
            self.out += b"T" + struct.pack("<i", len(value)) + value
        if not isinstance(value, Once):
            self.put(id(value), value)

    def save_text(self, value):
        if self.protocol == 0:
            self.out += b"V" + value.encode("raw_unicode_escape") + b"\n"
        else:
            text = value.encode()
            self.out += b"X" + struct.pack("<i", len(text)) + text
        self.put(id(value), value)

    def save_tuple(self, value):
        short = self.protocol >= 2 and 0 < len(value) < 4
        if not value:
            self.out += b")" if self.protocol else b"(t"
            return
        self.out += b"" if short else b"("
        for one in value:
            self.save(one)
        self.out += b"\x84\x85\x86\x87"[len(value):][:1] if short else b"t"
        self.put(id(value), value)

    def save_list(self, value):
        self.out += b"]" if self.protocol else b"(l"
        self.put(id(value), value)
        self.batches([(one,) for one in value], b"a", b"e")

    def save_dict(self, value):
        self.out += b"}" if self.protocol else b"(d"
        self.put(id(value), value)
        self.batches(list(value.items()), b"s", b"u")

    def batches(self, items, one, many):
        """Each by itself, or those between two marks together."""
        alone = self.protocol == 0 or len(items) == 1
        for i, item in enumerate(items):
            if not alone and i % BATCH == 0:
                self.out += b"("
            for part in item:
                self.save(part)
            if alone:
                self.out += one
            elif i % BATCH == BATCH - 1 or i == len(items) - 1:
                self.out += many

    def save_instance(self, value):
        """The class is an object of its own, but at protocol 0."""
        self.out += b"("
        if self.protocol == 0:
            self.out += b"i" + value.of
        else:
            if value.of in self.memo:
                self.numbered(b"g", b"h", b"j", self.memo[value.of])
            else:
                self.out += b"c" + value.of
                self.put(value.of, value)
            self.out += b"o"
        self.put(id(value), value)
        self.save(value.state)
        self.out += b"b"


def pickled(value, protocol=1):
    return Pickler(protocol).dumps(value)


def marshalled(value):
    """marshal's first form, which knows no other text than bytes."""
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"T", False: b"F"}[value]
    if isinstance(value, int):
        return b"i" + struct.pack("<i", value)
    if isinstance(value, float):
        text = repr(value).encode()
        return b"f" + bytes([len(text)]) + text
    if isinstance(value, bytes):
        return b"s" + struct.pack("<i", len(value)) + value
    if isinstance(value, list):
        return b"[" + struct.pack("<i", len(value)) + \
            b"".join(map(marshalled, value))
    return b"{" + b"".join(marshalled(k) + marshalled(v)
                           for k, v in value.items()) + b"0"
