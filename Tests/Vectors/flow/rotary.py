#!/usr/bin/env python3
"""Makes rotary.json from the text of Documentation/Protocol/Arithmetic.md, in plain Python floats (binary64). Needs nothing but Python."""
import json
import math
import struct


def bits32(x):
    return "%08x" % struct.unpack("<I", struct.pack("<f", x))[0]


SIN = [1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6]
COS = [-1 / 87178291200, 1 / 479001600, -1 / 3628800, 1 / 40320, -1 / 720, 1 / 24, -1 / 2]


def sine_cosine(theta):
    n = float(round(theta * 0.6366197723675814))  # Python's round is half to even
    r = (theta - n * 1.5707963267341256) - n * 6.077100506506192e-11
    z = r * r
    p = -1 / 1307674368000
    for c in SIN:
        p = p * z + c
    s = r + (r * z) * p
    p = 1 / 20922789888000
    for c in COS:
        p = p * z + c
    c = 1 + z * p
    return [(s, c), (c, -s), (-s, -c), (-c, s)][int(n) % 4]


def frequencies(head):
    ratio = 1 / 10000
    half = head // 2
    while half > 1:
        ratio = math.sqrt(ratio)
        half //= 2
    f = [1.0]
    while len(f) < head // 2:
        f.append(f[-1] * ratio)
    return f


cases = []
for head in (4, 8, 32, 64, 128):
    f = frequencies(head)
    for position in (0, 1, 2, 3, 11, 63, 127, 255, 1023, 4095):
        pairs = [sine_cosine(position * x) for x in f]
        for (s, c), x in zip(pairs, f):  # the polynomials are near the true functions
            assert abs(s - math.sin(position * x)) < 1e-9 and abs(c - math.cos(position * x)) < 1e-9
        cases.append({"headLength": head, "position": position,
                      "sin": " ".join(bits32(s) for s, _ in pairs), "cos": " ".join(bits32(c) for _, c in pairs)})
with open(__file__.replace(".py", ".json"), "w") as out:
    json.dump({"source": "rotary.py; words are the bits of binary32 numbers", "cases": cases}, out, indent=0)
    out.write("\n")
