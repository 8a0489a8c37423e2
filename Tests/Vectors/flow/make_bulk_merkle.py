#!/usr/bin/env python3
"""Makes bulk-merkle.json from Python's hashlib alone, as Documentation/Protocol/Hashing.md states the tree.

Data of length n: byte i is (i * 167 + (i >> 8) * 13 + (i >> 16) * 31 + n) & 255.
"""
import hashlib
import json
import os

LEAF = 65536


def blake2b(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def data(n):
    return bytes((i * 167 + (i >> 8) * 13 + (i >> 16) * 31 + n) & 255 for i in range(n))


def levels(leaves):
    result = [leaves]
    while len(result[-1]) > 1:
        level = result[-1]
        above = [blake2b(b"\x01", level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        result.append(above)
    return result


def proof(tree, index):
    siblings = []
    for level in tree[:-1]:
        if index ^ 1 < len(level):
            siblings.append(level[index ^ 1].hex())
        index //= 2
    return siblings


def row(leaves):
    tree = levels(leaves)
    root = tree[-1][0] if leaves else bytes(32)
    return {"root": root.hex(), "proofs": [proof(tree, i) for i in range(len(leaves))]}


by_length = []
for n in [0, 1, 2, 127, 128, 129, 65535, 65536, 65537, 131072, 131073, 196608, 300000, 458752]:
    bytes_ = data(n)
    leaves = [blake2b(b"\x00", bytes_[i:i + LEAF]) for i in range(0, n, LEAF)]
    by_length.append({"length": n, "leaves": [leaf.hex() for leaf in leaves], **row(leaves)})

by_count = []
for count in range(0, 34):
    leaves = [blake2b(b"\x00", bytes([count, i])) for i in range(count)]
    by_count.append({"count": count, **row(leaves)})

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bulk-merkle.json")
with open(path, "w") as file:
    json.dump({
        "data_rule": "byte i of the data of length n is (i*167 + (i>>8)*13 + (i>>16)*31 + n) & 255",
        "leaf_rule": "by_count: leaf i of count is the leaf hash of the two bytes count, i",
        "by_length": by_length,
        "by_count": by_count,
    }, file, indent=0)
    file.write("\n")
