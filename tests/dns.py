#!/usr/bin/python3
"""A name server of a few records for tests: dns.py ZONE [PORT]

ZONE has lines `name type value', type being A, CNAME, MX (without a number)
or PTR.  Names that it does not hold do not exist, whatever the type.  Each
question is printed.
"""
import socket
import struct
import sys

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15}


def read_zone(path):
    with open(path) as f:
        rows = [line.split() for line in f if line.strip()]
    return {name: (TYPES[kind], value) for name, kind, value in rows}


def encode_name(name):
    labels = name.encode().split(b".")
    return b"".join(bytes([len(x)]) + x for x in labels) + b"\0"


def encode_record(name, kind, value):
    data = socket.inet_aton(value) if kind == TYPES["A"] else encode_name(value)
    if kind == TYPES["MX"]:
        data = struct.pack("!H", 10) + data
    head = struct.pack("!HHIH", kind, 1, 60, len(data))
    return encode_name(name) + head + data


def question_of(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    kind = struct.unpack("!H", packet[at + 1:at + 3])[0]
    return ".".join(labels).lower(), kind, packet[12:at + 5]


def answers_for(zone, name, kind):
    """The records for a question, a CNAME and what it leads to included."""
    found = []
    while name in zone:
        has, value = zone[name]
        if has == kind or has == TYPES["CNAME"]:
            found.append(encode_record(name, has, value))
        if has != TYPES["CNAME"] or kind == has:
            break
        name = value
    return found


def reply_to(zone, packet):
    name, kind, question = question_of(packet)
    print(name, kind, flush=True)
    answers = answers_for(zone, name, kind)
    flags = 0x8580 if name in zone else 0x8583
    head = packet[:2] + struct.pack("!HHHHH", flags, 1, len(answers), 0, 0)
    return head + question + b"".join(answers)


def main():
    zone = read_zone(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 53
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", port))
    print("ready", flush=True)
    while True:
        packet, peer = server.recvfrom(4096)
        server.sendto(reply_to(zone, packet), peer)


main()
