#!/usr/bin/env python3
"""Makes Sources/FlowCrypto/Text/NFKDTable.swift and nfkd.json from the PyPI package unicodedata2 (18.0.0 used).

The table holds the full compatibility decomposition of every code point that has one, but for Hangul syllables, which
are computed, and the canonical combining class of every code point whose class is not zero.
"""
import hashlib
import json
import os
import random

import unicodedata2 as ucd

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xAC00 + 11172)


def runs(pairs):
    """Joins consecutive sources whose values go on by one (step 1) or stay the same (step 0)."""
    result = []
    for source, values in pairs:
        if result and len(values) == 1:
            start, count, first, step = result[-1]
            if len(first) == 1 and source == start + count and values[0] == first[0] + step * count:
                result[-1] = (start, count + 1, first, step)
                continue
        result.append((source, 1, values, pairs_step))
    return result


def lines(entries):
    """Tokens `gap[+count]=value[.value…]` in hex; the gap is counted from the end of the token before."""
    tokens, end = [], 0
    for start, count, values, _ in entries:
        token = f"{start - end:x}" if start > end else ""
        if count > 1:
            token += f"+{count:x}"
        tokens.append(token + "=" + ".".join(f"{v:x}" for v in values))
        end = start + count
    result, line = [], ""
    for token in tokens:
        if len(line) + len(token) > 112:
            result.append(line)
            line = ""
        line += token + " "
    return result + [line.rstrip()]


def literal(entries):
    return "\n".join("        " + line + ("\\" if line.endswith(" ") else "") for line in lines(entries))


pairs_step = 1
decompositions = runs([
    (c, [ord(d) for d in ucd.normalize("NFKD", chr(c))])
    for c in SCALARS if c not in HANGUL and ucd.normalize("NFKD", chr(c)) != chr(c)
])
pairs_step = 0
classes = runs([(c, [ucd.combining(chr(c))]) for c in SCALARS if ucd.combining(chr(c))])

here = os.path.dirname(os.path.abspath(__file__))
target = os.path.join(here, "../../../Sources/FlowCrypto/Text/NFKDTable.swift")
with open(target, "w") as file:
    file.write(f'''/// Data of Unicode {ucd.unidata_version}, written by `Tests/Vectors/flow/make_nfkd.py`; do not edit by hand.
///
/// Tokens `gap[+count]=value[.value…]` in hex. The gap counts code points from the end of the token before; `count`
/// code points in a row (one if absent) share the token.
enum NFKDTable {{
    static let unicodeVersion = "{ucd.unidata_version}"

    /// Full compatibility decompositions without Hangul syllables; in a token with a count, values go on by one.
    static let decompositions = """
{literal(decompositions)}
        """

    /// Canonical combining classes that are not zero; in a token with a count, all have the same.
    static let combiningClasses = """
{literal(classes)}
        """
}}
''')

# One digest for each block of 4,096 scalars, over the UTF-8 of the normal forms of the scalars one by one, each
# followed by a zero byte; and texts in which marks must be put in order.
blocks = []
for start in range(0, 0x110000, 4096):
    digest = hashlib.blake2b(digest_size=32)
    for c in range(start, start + 4096):
        if not 0xD800 <= c < 0xE000:
            digest.update(ucd.normalize("NFKD", chr(c)).encode() + b"\0")
    blocks.append(digest.hexdigest())

random.seed(9)
marks = [c for c in SCALARS if ucd.combining(chr(c))]
decomposing = [c for c in SCALARS if ucd.normalize("NFKD", chr(c)) != chr(c)]
texts = ["", "a", "e\u0301", "\u00e9", "\ufb03", "\u1e9b\u0323", "\u212b", "\uac00\uac01", "\u1100\u1161\u11a8", "\u0344\u0345\u0301"]
for _ in range(400):
    text = ""
    for _ in range(random.randint(1, 12)):
        pool = random.choice([marks, decomposing, SCALARS, range(0x20, 0x7F)])
        text += chr(random.choice(pool))
    texts.append(text)

with open(os.path.join(here, "nfkd.json"), "w") as file:
    json.dump({
        "unicode": ucd.unidata_version,
        "block_rule": "BLAKE2b-256 of the UTF-8 of NFKD(scalar) and a zero byte, for the scalars of each 4096 code points",
        "blocks": blocks,
        "texts": [{"text": t, "nfkd": [ord(c) for c in ucd.normalize("NFKD", t)]} for t in texts],
    }, file, indent=0)
    file.write("\n")
