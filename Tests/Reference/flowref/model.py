"""Documentation/Protocol/Model.md: tensors, initial weights, one training step."""
import math
from dataclasses import dataclass

import numpy as np

from .arithmetic import (F, column_sum, exp, lane_sum, log, philox, power, product, quantise, rotary_table, sigmoid)

VOCABULARY = 258


@dataclass(frozen=True)
class Shape:
    embedding: int
    layers: int
    heads: int
    experts: int
    width: int
    context: int
    batch: int
    linear_bits: int = 8
    attention_bits: int = 8
    router_bits: int = 8
    balancing: float = 0.01

    @property
    def head(self):
        return self.embedding // self.heads

    @property
    def tokens(self):
        return self.batch * self.context

    def tensors(self):
        """(name, shape, D) in canonical order; D is None for gains."""
        d, n, w, x, h = self.embedding, self.layers, self.width, self.experts, self.head
        out = [("token_embd", (VOCABULARY, d), d)]
        for i in range(n):
            p = f"blk.{i}."
            out += [
                (p + "attn_norm", (d,), None), (p + "attn_q", (d, d), d), (p + "attn_k", (d, d), d), (p + "attn_v", (d, d), d),
                (p + "attn_q_norm", (h,), None), (p + "attn_k_norm", (h,), None), (p + "attn_output", (d, d), 2 * n * d),
                (p + "ffn_norm", (d,), None), (p + "ffn_gate_inp", (x, d), 64 * d), (p + "ffn_gate_exps", (x, w, d), d),
                (p + "ffn_up_exps", (x, w, d), d), (p + "ffn_down_exps", (x, d, w), 2 * n * w),
            ]
        return out + [("output_norm", (d,), None), ("output", (VOCABULARY, d), 64 * d)]


def initial_tensors(shape, seed):
    """(name, weights) one tensor after the other."""
    for k, (name, dims, divisor) in enumerate(shape.tensors()):
        count = math.prod(dims)
        if divisor is None:
            yield name, np.ones(dims, F)
            continue
        r = math.isqrt(3 * 2**40 // divisor)
        block = np.arange(-(-count // 4), dtype=np.uint64)
        words = philox([block & np.uint64(0xFFFFFFFF), block >> np.uint64(32), k, 0], (seed & 0xFFFFFFFF, seed >> 32))
        u = np.stack(words, axis=1).reshape(-1)[:count]
        steps = ((u * np.uint64(2 * r + 1)) >> np.uint64(32)).astype(np.int64) - r
        yield name, (steps.astype(F) * power(-20)).reshape(dims)


def initial_weights(shape, seed):
    return dict(initial_tensors(shape, seed))


def rms_forward(x, gain):
    r = F(1) / np.sqrt(lane_sum(x * x) / F(x.shape[-1]) + F(1e-6))
    r = r[..., None]
    return (x * r) * gain, r


def rms_backward(x, gain, r, dy):
    """dx and the gain's gradient; the last axis is the norm's, all others are rows."""
    n = x.shape[-1]
    u = dy * gain
    c = lane_sum(u * x)[..., None]
    f = ((r * r) * r) * (c / F(n))
    dx = (u * r) - (x * f)
    return dx, column_sum((dy * (x * r)).reshape(-1, n))


def linear(x, w, bits):
    qx, sx = quantise(x, bits, axis=1)
    qw, sw = quantise(w, bits)
    return product(qx, sx, qw.T, sw)


def linear_backward(x, w, dy, bits):
    qy, sy = quantise(dy, bits, axis=1)
    qw, sw = quantise(w, bits)
    cy, scy = quantise(dy, bits, axis=0)
    cx, scx = quantise(x, bits, axis=0)
    return product(qy, sy, qw, sw), product(cy.T, scy.T, cx, scx)


def rotate(u, cos, sin):
    half = u.shape[-1] // 2
    a, b = u[..., :half], u[..., half:]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def rotate_back(g, cos, sin):
    half = g.shape[-1] // 2
    a, b = g[..., :half], g[..., half:]
    return np.concatenate([a * cos + b * sin, b * cos - a * sin], axis=-1)


class Step:
    """Forward and backward of one batch: token windows of context + 1."""

    def __init__(self, shape: Shape, weights, windows):
        self.s, self.w = shape, weights
        self.inputs = windows[:, :-1].reshape(-1)
        self.targets = windows[:, 1:].reshape(-1)
        self.batch, self.context = windows.shape[0], windows.shape[1] - 1
        self.tokens = self.batch * self.context
        self.cos, self.sin = rotary_table(shape.head, self.context)
        self.gradients = {}
        self.counts = []
        self.balancing_loss = 0.0

    def run(self):
        self.forward()
        self.backward()
        return self

    # Forward

    def forward(self):
        s, w = self.s, self.w
        x = w["token_embd"][self.inputs]
        self.layers = []
        for i in range(s.layers):
            kept = {}
            x = self.attention(x, f"blk.{i}.", kept)
            x = self.experts(x, f"blk.{i}.", kept)
            self.layers.append(kept)
        self.final_input = x
        self.final, self.final_r = rms_forward(x, w["output_norm"])
        z = linear(self.final, w["output"], s.linear_bits)
        top = z.max(axis=1)
        e = exp(z - top[:, None])
        total = lane_sum(e)
        losses = (log(total) + top) - z[np.arange(self.tokens), self.targets]
        self.logits, self.losses = z, losses
        self.loss = sum(losses.tolist()) / self.tokens  # binary64, ascending t
        soft = e * (F(1) / total)[:, None]
        soft[np.arange(self.tokens), self.targets] -= F(1)
        self.d_logits = soft * (F(1) / F(self.tokens))

    def heads(self, flat):
        return flat.reshape(self.batch, self.context, self.s.heads, self.s.head)

    def attention(self, x, p, kept):
        s, w, bits = self.s, self.w, self.s.attention_bits
        kept["x"] = x
        h, kept["r"] = rms_forward(x, w[p + "attn_norm"])
        kept["h"] = h
        raw_q, raw_k, v = (linear(h, w[p + n], s.linear_bits) for n in ("attn_q", "attn_k", "attn_v"))
        kept["raw_q"], kept["raw_k"] = self.heads(raw_q), self.heads(raw_k)
        q, kept["rq"] = rms_forward(kept["raw_q"], w[p + "attn_q_norm"])
        k, kept["rk"] = rms_forward(kept["raw_k"], w[p + "attn_k_norm"])
        cos, sin = self.cos[None, :, None], self.sin[None, :, None]
        quantised = [quantise(t, bits, axis=3) for t in (rotate(q, cos, sin), rotate(k, cos, sin), self.heads(v))]
        kept["quantised"] = quantised
        (qq, sq), (qk, sk), (qv, sv) = quantised
        alpha = F(1) / np.sqrt(F(s.head))
        causal = np.tril(np.ones((self.context, self.context), bool))
        out = np.zeros((self.batch, self.context, s.heads, s.head), F)
        kept["p"] = np.zeros((self.batch, s.heads, self.context, self.context), F)
        for b in range(self.batch):
            for a in range(s.heads):
                scores = product(qq[b, :, a], sq[b, :, a], qk[b, :, a].T, sk[b, :, a].T) * alpha
                top = np.where(causal, scores, F(-np.inf)).max(axis=1)
                e = np.where(causal, exp(scores - top[:, None]), F(0))
                probability = e * (F(1) / lane_sum(e))[:, None]
                kept["p"][b, a] = probability
                folded, sp = quantise(probability * power(sv[b, :, a].T), bits, axis=1)
                out[b, :, a] = product(folded, sp, qv[b, :, a], np.int64(0))
        kept["o"] = out.reshape(self.tokens, -1)
        return x + linear(kept["o"], w[p + "attn_output"], s.linear_bits)

    def experts(self, x, p, kept):
        s, w = self.s, self.w
        kept["fx"] = x
        h, kept["fr"] = rms_forward(x, w[p + "ffn_norm"])
        z = linear(h, w[p + "ffn_gate_inp"], s.router_bits)
        first = z.argmax(axis=1)  # the lowest index among equals
        rest = z.copy()
        rest[np.arange(self.tokens), first] = -np.inf
        second = rest.argmax(axis=1)
        lower, upper = np.minimum(first, second), np.maximum(first, second)
        e = exp(z - z.max(axis=1)[:, None])
        probability = e * (F(1) / lane_sum(e))[:, None]
        t = np.arange(self.tokens)
        pa, pb = probability[t, lower], probability[t, upper]
        wa, wb = pa / (pa + pb), pb / (pa + pb)
        kept.update(fh=h, router=probability, lower=lower, upper=upper, wa=wa, wb=wb, slots=[])
        outputs = np.zeros((2, self.tokens, s.embedding), F)
        counts = np.zeros(s.experts, np.int64)
        for expert in range(s.experts):
            rows = np.nonzero((lower == expert) | (upper == expert))[0]
            counts[expert] = len(rows)
            if len(rows) == 0:
                kept["slots"].append(None)
                continue
            gate, up, down = (w[p + n][expert] for n in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"))
            g = linear(h[rows], gate, s.linear_bits)
            u = linear(h[rows], up, s.linear_bits)
            sg = sigmoid(g)
            a = (g * sg) * u
            o = linear(a, down, s.linear_bits)
            outputs[(upper[rows] == expert).astype(int), rows] = o
            kept["slots"].append((rows, g, u, sg, a, o))
        kept["counts"] = counts
        self.counts.append(counts.tolist())
        share = counts / (2 * self.tokens)
        self.balancing_loss += s.balancing * s.experts * float((share * probability.astype(np.float64).mean(axis=0)).sum())
        return x + ((wa[:, None] * outputs[0]) + (wb[:, None] * outputs[1]))

    # Backward

    def backward(self):
        s, w, g = self.s, self.w, self.gradients
        d_final, g["output"] = linear_backward(self.final, w["output"], self.d_logits, s.linear_bits)
        dx, g["output_norm"] = rms_backward(self.final_input, w["output_norm"], self.final_r, d_final)
        for i in reversed(range(s.layers)):
            dx = self.experts_backward(dx, f"blk.{i}.", self.layers[i])
            dx = self.attention_backward(dx, f"blk.{i}.", self.layers[i])
        g["token_embd"] = column_sum(dx, self.inputs, VOCABULARY)

    def experts_backward(self, dy, p, kept):
        s, w, g = self.s, self.w, self.gradients
        lower, upper, wa, wb = kept["lower"], kept["upper"], kept["wa"], kept["wb"]
        names = [p + n for n in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")]
        for name in names:
            g[name] = np.zeros_like(w[name])
        parts = np.zeros((2, self.tokens, s.embedding), F)
        dw = np.zeros((2, self.tokens), F)
        for expert, slot in enumerate(kept["slots"]):
            if slot is None:
                continue
            rows, gt, u, sg, a, o = slot
            gate, up, down = (w[n][expert] for n in names)
            side = (upper[rows] == expert).astype(int)
            weight = np.where(side == 1, wb[rows], wa[rows])[:, None]
            d_out = weight * dy[rows]
            dw[side, rows] = lane_sum(dy[rows] * o)
            da, g[names[2]][expert] = linear_backward(a, down, d_out, s.linear_bits)
            du = da * (gt * sg)
            dg = (da * u) * (sg * (F(1) + gt * (F(1) - sg)))
            h = kept["fh"][rows]
            from_gate, g[names[0]][expert] = linear_backward(h, gate, dg, s.linear_bits)
            from_up, g[names[1]][expert] = linear_backward(h, up, du, s.linear_bits)
            parts[side, rows] = from_gate + from_up
        probability = kept["router"]
        v = (wa * wb) * (dw[0] - dw[1])
        share = kept["counts"].astype(F) / F(2 * self.tokens)
        c = ((F(s.balancing) * F(s.experts)) * share) / F(self.tokens)
        k = lane_sum(probability * c)
        dz = probability * (c - k[:, None])
        t = np.arange(self.tokens)
        dz[t, lower] = dz[t, lower] + v
        dz[t, upper] = dz[t, upper] - v
        router, g[p + "ffn_gate_inp"] = linear_backward(kept["fh"], w[p + "ffn_gate_inp"], dz, s.router_bits)
        dh = (parts[0] + parts[1]) + router
        dx, g[p + "ffn_norm"] = rms_backward(kept["fx"], w[p + "ffn_norm"], kept["fr"], dh)
        return dy + dx

    def attention_backward(self, dy, p, kept):
        s, w, g, bits = self.s, self.w, self.gradients, self.s.attention_bits
        do, g[p + "attn_output"] = linear_backward(kept["o"], w[p + "attn_output"], dy, s.linear_bits)
        (qq, sq), (qk, sk), (qv, sv) = kept["quantised"]
        qo, so = quantise(self.heads(do), bits, axis=3)
        alpha = F(1) / np.sqrt(F(s.head))
        causal = np.tril(np.ones((self.context, self.context), bool))
        dq, dk, dv = (np.zeros((self.batch, self.context, s.heads, s.head), F) for _ in range(3))
        none = np.int64(0)
        for b in range(self.batch):
            for a in range(s.heads):
                probability = kept["p"][b, a]
                dp = product(qo[b, :, a], so[b, :, a], qv[b, :, a].T, sv[b, :, a].T)
                dp = np.where(causal, dp, F(0))
                k = lane_sum(probability * dp)[:, None]
                ds = np.where(causal, (probability * (dp - k)) * alpha, F(0))
                rows, sr = quantise(ds * power(sk[b, :, a].T), bits, axis=1)
                dq[b, :, a] = product(rows, sr, qk[b, :, a], none)
                columns, sc = quantise(ds * power(sq[b, :, a]), bits, axis=0)
                dk[b, :, a] = product(columns.T, sc.T, qq[b, :, a], none)
                columns, sc = quantise(probability * power(so[b, :, a]), bits, axis=0)
                dv[b, :, a] = product(columns.T, sc.T, qo[b, :, a], none)
        cos, sin = self.cos[None, :, None], self.sin[None, :, None]
        dq, g[p + "attn_q_norm"] = rms_backward(kept["raw_q"], w[p + "attn_q_norm"], kept["rq"], rotate_back(dq, cos, sin))
        dk, g[p + "attn_k_norm"] = rms_backward(kept["raw_k"], w[p + "attn_k_norm"], kept["rk"], rotate_back(dk, cos, sin))
        total = None
        for name, d in (("attn_q", dq), ("attn_k", dk), ("attn_v", dv)):
            part, g[p + name] = linear_backward(kept["h"], w[p + name], d.reshape(self.tokens, -1), s.linear_bits)
            total = part if total is None else total + part
        dx, g[p + "attn_norm"] = rms_backward(kept["x"], w[p + "attn_norm"], kept["r"], total)
        return dy + dx


def update(shape, weights, momentum, step, units):
    """One sign-momentum step in place."""
    eta = F(units) * power(-20)
    for name, _, _ in shape.tensors():
        live = slice(None)
        if name.endswith("_exps"):
            live = np.array(step.counts[int(name.split(".")[1])]) > 0
        m, w, g = momentum[name], weights[name], step.gradients[name]
        m[live] = m[live] + (g[live] - m[live]) * F(0.1)
        w[live] = np.clip(w[live] - eta * np.sign(m[live]), F(-4), F(4))


def learning_rate_units(peak, warmup, n):
    return max(128, peak * min(n + 1, warmup) // warmup)
