"""Documentation/Protocol/Arithmetic.md on numpy arrays: binary32, every operation rounded by itself."""
import math

import numpy as np

F = np.float32


class InvalidStep(Exception):
    pass


def exponent(a):
    """E of a maximum |x| ≥ 0, elementwise."""
    bits = np.asarray(a, F).view(np.uint32) & np.uint32(0x7FFFFFFF)
    if np.any(bits >= 0x7F800000):
        raise InvalidStep("not finite")
    return (bits >> np.uint32(23)).astype(np.int64) - 126


def max_abs(x, axis=None, keepdims=False):
    bits = np.ascontiguousarray(x, F).view(np.uint32) & np.uint32(0x7FFFFFFF)
    return np.asarray(bits.max(axis=axis, keepdims=keepdims, initial=0)).astype(np.uint32).view(F)


def power(e):
    """2^e, −126 ≤ e ≤ 127."""
    e = np.asarray(e, np.int64)
    assert np.all((e >= -126) & (e <= 127))
    return ((e + 127) << 23).astype(np.uint32).view(F)


def quantise(x, bits, axis=None):
    """(q as int64, s) with one scale along `axis` kept with length one (axis None: one for everything)."""
    x = np.asarray(x, F)
    s = exponent(max_abs(x, axis, keepdims=True)) - (bits - 1)
    if np.any(s > 40):
        raise InvalidStep("exponent above range")
    s = np.maximum(s, -60)
    top = 2 ** (bits - 1) - 1
    return np.clip(np.rint(x * power(-s)).astype(np.int64), -top, top), s


def product(a, sa, b, sb):
    """float32(a · b) · 2^(sa + sb); sa broadcasts down the rows of the result, sb along its columns."""
    # Sums stay below 2^53, so binary64 holds each integer exactly.
    total = a.astype(np.float64) @ b.astype(np.float64)
    assert np.all(np.abs(total) < 2.0**47)
    return total.astype(np.int64).astype(F) * power(sa + sb)


def lane_sum(x):
    """Sum along the last axis."""
    x = np.asarray(x, F)
    n = x.shape[-1]
    rows = -(-n // 16)
    padded = np.zeros(x.shape[:-1] + (rows * 16,), F)
    padded[..., :n] = x  # adding +0 to an accumulator that is never −0 changes nothing
    acc = np.zeros(x.shape[:-1] + (16,), F)
    for r in range(rows):
        acc = acc + padded[..., r * 16 : r * 16 + 16]
    for h in (8, 4, 2, 1):
        acc = acc[..., :h] + acc[..., h : 2 * h]
    return acc[..., 0]


def column_sum(x, groups=None, count=None):
    """Sum over rows; with `groups`, one sum for each of `count` row labels. One scale for the whole matrix."""
    x = np.asarray(x, F)
    e = int(exponent(max_abs(x)))
    if e - 7 > 40:
        raise InvalidStep("exponent above range")
    s = max(e - 31, -84)
    q = np.rint(x * power(-s)).astype(np.int64)
    if groups is None:
        total = q.sum(axis=0)
    else:
        total = np.zeros((count, x.shape[1]), np.int64)
        np.add.at(total, groups, q)
    return total.astype(F) * power(s)


def exp(x):
    t = np.minimum(np.maximum(np.asarray(x, F), F(-80)), F(80))
    n = (t * F(1.44269504088896341) + F(12582912)) - F(12582912)
    r = (t - n * F(0.693359375)) - n * F(-2.12194440e-4)
    z = r * r
    p = np.full_like(r, F(1.9875691500e-4))
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        p = p * r + F(c)
    y = ((p * z) + r) + F(1)
    return y * power(n.astype(np.int64))


def sigmoid(x):
    return F(1) / (F(1) + exp(-np.asarray(x, F)))


def log(x):
    m, e = np.frexp(np.asarray(x, F))
    small = m < F(0.707106781186547524)
    e = np.where(small, e - 1, e).astype(F)
    r = np.where(small, (m + m) - F(1), m - F(1)).astype(F)
    z = r * r
    p = np.full_like(r, F(7.0376836292e-2))
    for c in (-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
              2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1):
        p = p * r + F(c)
    y = (p * r) * z
    y = y + e * F(-2.12194440e-4)
    y = y - F(0.5) * z
    return (r + y) + e * F(0.693359375)


def rotary_table(head, positions):
    """cos, sin of shape [positions, head / 2]."""
    half = head // 2
    ratio = 1 / 10000
    for _ in range(int(math.log2(half))):
        ratio = math.sqrt(ratio)
    factors = [1.0]
    while len(factors) < half:
        factors.append(factors[-1] * ratio)
    cos, sin = np.zeros((positions, half), F), np.zeros((positions, half), F)
    for position in range(positions):
        for i, factor in enumerate(factors):
            theta = position * factor
            n = round(theta * 0.6366197723675814)
            r = (theta - n * 1.5707963267341256) - n * 6.077100506506192e-11
            z = r * r
            p = -1 / 1307674368000
            for c in (1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6):
                p = p * z + c
            s = r + (r * z) * p
            p = 1 / 20922789888000
            for c in (-1 / 87178291200, 1 / 479001600, -1 / 3628800, 1 / 40320, -1 / 720, 1 / 24, -1 / 2):
                p = p * z + c
            k = 1 + z * p
            s, k = [(s, k), (k, -s), (-s, -k), (-k, s)][n % 4]
            sin[position, i], cos[position, i] = s, k
    return cos, sin


def philox(counter, key):
    """Philox4x32-10; counter is four uint32 arrays or numbers, key two numbers."""
    c = [np.asarray(v, np.uint64) for v in counter]
    k0, k1 = key
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c
