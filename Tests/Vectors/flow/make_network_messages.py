#!/usr/bin/env python3
"""Writes network-messages.json from Documentation/Protocol/Network.md alone: a second, independent encoder.

Usage: python3 make_network_messages.py > network-messages.json    (needs nothing but Python 3)
"""
import json
import struct

MASK = (1 << 64) - 1


def keccak256(data):
    def rotate(value, count):
        return ((value << count) | (value >> (64 - count))) & MASK if count else value

    lanes = [[0] * 5 for _ in range(5)]
    padded = bytearray(data) + b"\x01" + b"\x00" * (135 - len(data) % 136)
    padded[-1] |= 0x80
    for start in range(0, len(padded), 136):
        for i in range(17):
            lanes[i % 5][i // 5] ^= struct.unpack_from("<Q", padded, start + 8 * i)[0]
        register = 1
        for _ in range(24):
            c = [a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] for a in lanes]
            d = [c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
            lanes = [[lanes[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            x, y, current = 1, 0, lanes[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, lanes[x][y] = lanes[x][y], rotate(current, (t + 1) * (t + 2) // 2 % 64)
            for y in range(5):
                row = [lanes[x][y] for x in range(5)]
                for x in range(5):
                    lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
            for j in range(7):
                register = ((register << 1) ^ ((register >> 7) * 0x71)) % 256
                if register & 2:
                    lanes[0][0] ^= 1 << ((1 << j) - 1)
    return b"".join(struct.pack("<Q", lanes[i][0]) for i in range(4))


assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
assert keccak256(b"x" * 135 + b"y" * 140) != keccak256(b"")

MAGIC = 0xF10C0129


def u8(v): return struct.pack("<B", v)
def u16be(v): return struct.pack(">H", v)
def u32(v): return struct.pack("<I", v)
def u64(v): return struct.pack("<Q", v)


def compact(v):
    if v < 0xFD:
        return u8(v)
    if v <= 0xFFFF:
        return b"\xfd" + struct.pack("<H", v)
    if v <= 0xFFFFFFFF:
        return b"\xfe" + u32(v)
    return b"\xff" + u64(v)


def var(data): return compact(len(data)) + data
def array(items): return compact(len(items)) + b"".join(items)
def pattern(first, count): return bytes((first + i) & 0xFF for i in range(count))
def h(first): return pattern(first, 32)


def envelope(command, payload):
    checksum = keccak256(keccak256(payload))[:4]
    return u32(MAGIC) + command.encode().ljust(12, b"\0") + u32(len(payload)) + checksum + payload


def version(agent=b"/flowcoind:0.1.0/", relay=1):
    return (u32(1) + u64(7) + u64(1774051200) + h(0x10) + u64(0x1122334455667788) + var(agent)
            + u32(4242) + u8(relay))


def address(time, services, network, data, port):
    return u32(time) + compact(services) + u8(network) + var(data) + u16be(port)


items = [u32(1) + h(0x20), u32(2) + h(0x40), u32(0x40000002) + h(0x60)]
messages = [
    ("version", "version", version()),
    ("version without relay and agent", "version", version(b"", 0)),
    ("verack", "verack", b""),
    ("ping", "ping", u64(0x0102030405060708)),
    ("pong", "pong", u64(0xFFFFFFFFFFFFFFFF)),
    ("getaddr", "getaddr", b""),
    ("addr", "addr", array([
        address(1774051200, 1, 1, bytes([192, 0, 2, 7]), 9555),
        address(1774051201, 0x1_0000_0000, 2, bytes.fromhex("20010db8000000000000000000000001"), 19555),
        address(0, 0, 4, pattern(1, 32), 9555),
        address(7, 253, 200, pattern(9, 3), 1),
    ])),
    ("empty addr", "addr", array([])),
    ("inv", "inv", array(items)),
    ("getdata", "getdata", array(items[:2])),
    ("notfound", "notfound", array([u32(3) + h(0x80), u32(4) + h(0xA0)])),
    ("getheaders", "getheaders", u32(1) + array([h(1), h(2), h(3)]) + bytes(32)),
    ("headers", "headers", array([pattern(0, 160), pattern(7, 160)])),
    ("empty headers", "headers", array([])),
    ("sendheaders", "sendheaders", b""),
    ("block", "block", pattern(3, 300)),
    ("tx", "tx", pattern(5, 61)),
    ("mempool", "mempool", b""),
    ("feefilter", "feefilter", u64(1000)),
    ("getmodel", "getmodel", h(0x30) + compact(3) + u64(0) + u64(5) + u64(49714)),
    ("model", "model", h(0x30) + u64(5) + u64(49715) + var(pattern(11, 260)) + array([h(4), h(5)])),
    ("getcorpus", "getcorpus", h(0x31) + compact(1) + u64(0)),
    ("corpus of one piece", "corpus", h(0x31) + u64(0) + u64(1) + var(b"In the beginning") + array([])),
]

malformed = [
    ("version", version()[:-1], "the last byte is missing"),
    ("version", version() + b"\0", "a byte follows"),
    ("version", version(relay=2), "relay is neither 0 nor 1"),
    ("version", version(b"a" * 257), "the user agent has 257 bytes"),
    ("version", version(b"\x1b[2J"), "the user agent holds a control character"),
    ("version", version(b"\xff\xfe"), "the user agent is not UTF-8"),
    ("verack", b"\0", "a byte follows"),
    ("ping", b"", "the number is missing"),
    ("ping", bytes(9), "a byte follows"),
    ("getaddr", b"\0", "a byte follows"),
    ("addr", array([address(0, 0, 1, bytes(5), 1)]), "an IPv4 address has 4 bytes"),
    ("addr", array([address(0, 0, 2, bytes(10) + b"\xff\xff" + bytes(4), 1)]), "an IPv4 address inside IPv6"),
    ("addr", array([address(0, 0, 99, bytes(513), 1)]), "an address of 513 bytes"),
    ("addr", array([address(0, 0, 1, bytes(4), 1)] * 1001), "1,001 addresses"),
    ("inv", b"\xfd\x01\x00" + u32(1) + bytes(32), "the count 1 is written with three bytes"),
    ("inv", compact(2) + u32(1) + bytes(32), "the second item is missing"),
    ("inv", b"\xff" + b"\xff" * 8, "a count that no memory holds"),
    ("getdata", array([]) + b"\0", "a byte follows"),
    ("notfound", b"", "the count is missing"),
    ("getheaders", u32(1) + array([bytes(32)] * 102) + bytes(32), "102 hashes"),
    ("getheaders", u32(1) + array([bytes(32)]), "the stop hash is missing"),
    ("headers", array([bytes(159)]), "a header of 159 bytes"),
    ("headers", array([bytes(160) + b"\0"]), "headers have no count of transactions here"),
    ("sendheaders", b"\0", "a byte follows"),
    ("block", b"", "a block has at least one byte"),
    ("tx", b"", "a transaction has at least one byte"),
    ("mempool", b"\0", "a byte follows"),
    ("feefilter", bytes(7), "a byte is missing"),
    ("getmodel", h(0x30) + compact(65) + bytes(8 * 65), "65 indices"),
    ("getmodel", h(0x30) + compact(2) + u64(0), "the second index is missing"),
    ("model", h(0x30) + u64(5) + u64(5) + var(b"x") + array([]), "leaf 5 of 5"),
    ("model", h(0x30) + u64(0) + u64(1) + var(b"") + array([]), "an empty leaf"),
    ("corpus", h(0x31) + u64(0) + u64(1) + var(bytes(65537)) + array([]), "a leaf of 65,537 bytes"),
    ("corpus", h(0x31) + u64(0) + u64(1) + var(b"x") + array([bytes(32)] * 65), "65 proof hashes"),
]

print(json.dumps({
    "magic": MAGIC,
    "messages": [
        {"name": n, "command": c, "payload": p.hex(), "envelope": envelope(c, p).hex()} for n, c, p in messages],
    "malformed": [{"command": c, "payload": p.hex(), "why": w} for c, p, w in malformed],
}, indent=1))
