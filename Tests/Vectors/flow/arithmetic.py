#!/usr/bin/env python3
"""Makes arithmetic.json from the text of Documentation/Protocol/Arithmetic.md with numpy float32 scalars, each operation rounded by itself."""
import json
import numpy as np

F = np.float32
np.seterr(all="ignore")
rng = np.random.default_rng(20260321)


def bits(x):
    return "%08x" % np.asarray(x, dtype=F).view(np.uint32).item()


def words(xs):
    return " ".join(bits(x) for x in xs)


def power(e):
    return np.asarray((int(e) + 127) << 23, dtype=np.uint32).view(F)[()]


def exp(x):
    t = min(max(x, F(-80)), F(80))
    n = F(F(t * F(1.44269504088896341)) + F(12582912)) - F(12582912)
    r = F(F(t - F(n * F(0.693359375))) - F(n * F(-2.12194440e-4)))
    z = F(r * r)
    p = F(1.9875691500e-4)
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        p = F(F(p * r) + F(c))
    y = F(F(F(p * z) + r) + F(1))
    return F(y * power(int(n)))


def sigmoid(x):
    return F(F(1) / F(F(1) + exp(F(-x))))


def log(x):
    m, e = np.frexp(x)
    m = F(m)
    if m < F(0.707106781186547524):
        e -= 1
        r = F(F(m + m) - F(1))
    else:
        r = F(m - F(1))
    z = F(r * r)
    p = F(7.0376836292e-2)
    for c in (-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
              -2.4999993993e-1, 3.3333331174e-1):
        p = F(F(p * r) + F(c))
    y = F(F(p * r) * z)
    y = F(y + F(F(e) * F(-2.12194440e-4)))
    y = F(y - F(F(0.5) * z))
    return F(F(r + y) + F(F(e) * F(0.693359375)))


def lane_sum(xs):
    lanes = [F(0)] * 16
    for i, x in enumerate(xs):
        lanes[i % 16] = F(lanes[i % 16] + x)
    for h in (8, 4, 2, 1):
        for l in range(h):
            lanes[l] = F(lanes[l] + lanes[l + h])
    return lanes[0]


def exponent(xs):
    a = int(np.max(np.asarray(xs, dtype=F).view(np.uint32) & 0x7FFFFFFF)) if len(xs) else 0
    if a >= 0x7F800000:
        return None
    return (a >> 23) - 126


def quantise(xs, b):
    e = exponent(xs)
    if e is None or e - (b - 1) > 40:
        return None
    s = max(e - (b - 1), -60)
    top = 2 ** (b - 1) - 1
    # binary64 holds x · 2^−s exactly; numpy's rint is half to even
    q = [int(np.clip(np.rint(float(x) * 2.0 ** -s), -top, top)) for x in xs]
    return s, q


def column_sums(rows):
    e = exponent(np.concatenate(rows))
    if e is None or e - 7 > 40:
        return None
    s = max(e - 31, -84)
    sums = []
    for column in zip(*rows):
        total = sum(int(np.rint(float(x) * 2.0 ** -s)) for x in column)  # Python integers
        sums.append(F(F(np.float64(total)) * power(s)))  # below 2^53, so binary64 is exact and float32 rounds once
    return sums


def special(count, spread):
    xs = (rng.standard_normal(count) * spread).astype(F)
    return xs


points = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 88.0, -88.0, 80.0, -80.0, 79.99999, -79.99999, 1e-30, -1e-30, 1e-45, 0.34657359, -0.34657359, 0.6931472, 3e38, -3e38,
          float("inf"), float("-inf")]
arguments = [F(p) for p in points] + list(special(100, 3)) + list(special(60, 30))
positive = [F(p) for p in (1.0, 0.70710677, 0.7071068, 2.0, 0.5, 1.1754944e-38, 3.4028235e38, 258.0, 1.0000001, 0.99999994)] + list(np.abs(special(120, 200)) + F(1e-6))
sums = [special(n, 10.0 ** (n % 5 - 2)) for n in (0, 1, 2, 15, 16, 17, 31, 33, 64, 100, 258, 512)]
quantised = []
for b in (2, 4, 8, 9, 12, 16):
    for xs in (special(33, 1), special(16, 1e-4), special(7, 1e6), special(5, 1e-25), special(9, 1e-40), np.zeros(4, F),
               np.asarray([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 127.5, 126.5], F), np.asarray([1, -1, 0.99999994, 0.998], F)):
        s, q = quantise(xs, b)
        quantised.append({"bits": b, "x": words(xs), "scale": s, "q": q})
columns = []
for spread in (1, 1e-12, 1e9, 1e-30, 1e-41):
    rows = [special(5, spread) for _ in range(40)]
    columns.append({"rows": [words(r) for r in rows], "sums": words(column_sums(rows))})
json.dump({
    "source": "arithmetic.py; words are the bits of binary32 numbers",
    "exp": {"x": words(arguments), "y": words([exp(x) for x in arguments])},
    "sigmoid": {"x": words(arguments), "y": words([sigmoid(x) for x in arguments])},
    "log": {"x": words(positive), "y": words([log(x) for x in positive])},
    "laneSums": [{"x": words(xs), "sum": bits(lane_sum(xs))} for xs in sums],
    "quantised": quantised,
    "columnSums": columns,
}, open(__file__.replace(".py", ".json"), "w"), indent=0)
