"""The same quantised graph in PyTorch, binary64, gradients by autograd; quantisers pass gradients straight through.

`quantised_backward=False`: only the forward products are quantised, as a training framework with straight-through
quantisers does it. `True`: products are autograd functions whose backward also quantises the gradients that enter the two
products, as Model.md says. Everything between the products (norms, rotary pairs, softmax, routing, SwiGLU, losses) is
differentiated by autograd in both.
"""
import numpy as np
import torch

from .arithmetic import rotary_table
from .model import VOCABULARY


def quantise(x, bits, dim=None):
    """(integers, scale) as binary64 tensors; dim None: one scale for everything."""
    a = x.detach().abs()
    a = a.amax() if dim is None else a.amax(dim=dim, keepdim=True)
    e = torch.frexp(a).exponent.to(torch.float64)
    e = torch.where(a < 2.0**-126, torch.tensor(-126.0, dtype=torch.float64), e)
    s = torch.clamp(e - (bits - 1), min=-60)
    top = 2.0 ** (bits - 1) - 1
    scale = torch.pow(torch.tensor(2.0, dtype=torch.float64), s)
    return torch.clamp(torch.round(x.detach() / scale), -top, top), scale


def through(x, bits, dim=None):
    q, scale = quantise(x, bits, dim)
    return x + (q * scale - x).detach()


class QuantisedLinear(torch.autograd.Function):
    @staticmethod
    def forward(context, x, w, bits):
        context.save_for_backward(x, w)
        context.bits = bits
        qx, sx = quantise(x, bits, 1)
        qw, sw = quantise(w, bits)
        return (qx * sx) @ (qw * sw).T

    @staticmethod
    def backward(context, dy):
        x, w = context.saved_tensors
        bits = context.bits
        qy, sy = quantise(dy, bits, 1)
        qw, sw = quantise(w, bits)
        cy, scy = quantise(dy, bits, 0)
        cx, scx = quantise(x, bits, 0)
        return (qy * sy) @ (qw * sw), (cy * scy).T @ (cx * scx), None


class QuantisedScores(torch.autograd.Function):
    """q·kᵀ over the last axis, before α; the gradient is quantised after folding the other operand's row scales in."""

    @staticmethod
    def forward(context, q, k, bits, alpha):
        context.save_for_backward(q, k)
        context.bits, context.alpha = bits, alpha
        return through(q, bits, -1) @ through(k, bits, -1).transpose(-1, -2) * alpha

    @staticmethod
    def backward(context, d):
        q, k = context.saved_tensors
        bits = context.bits
        d = d * context.alpha
        (qq, sq), (qk, sk) = quantise(q, bits, -1), quantise(k, bits, -1)
        rows, sr = quantise(d * sk.transpose(-1, -2), bits, -1)
        columns, sc = quantise(d * sq, bits, -2)
        return (rows * sr) @ qk, (columns * sc).transpose(-1, -2) @ qq, None, None


class QuantisedMix(torch.autograd.Function):
    """p·v: v's row scales folded into p; the output gradient is quantised per row."""

    @staticmethod
    def forward(context, p, v, bits):
        context.save_for_backward(p, v)
        context.bits = bits
        qv, sv = quantise(v, bits, -1)
        folded, sp = quantise(p * sv.transpose(-1, -2), bits, -1)
        return (folded * sp) @ qv

    @staticmethod
    def backward(context, d):
        p, v = context.saved_tensors
        bits = context.bits
        (qv, sv), (qd, sd) = quantise(v, bits, -1), quantise(d, bits, -1)
        columns, sc = quantise(p * sd, bits, -2)
        return (qd * sd) @ (qv * sv).transpose(-1, -2), (columns * sc).transpose(-1, -2) @ qd, None


class Model:
    def __init__(self, shape, weights, quantised_backward):
        self.s, self.quantised = shape, quantised_backward
        self.w = {n: torch.tensor(w.astype(np.float64), requires_grad=True) for n, w in weights.items()}

    def linear(self, x, w, bits):
        if self.quantised:
            return QuantisedLinear.apply(x, w, bits)
        return through(x, bits, 1) @ through(w, bits).T

    def norm(self, x, gain):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * gain

    def rotate(self, u):
        half = u.shape[-1] // 2
        a, b = u[..., :half], u[..., half:]
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], -1)

    def loss(self, windows):
        """Mean cross entropy and balancing loss, summed."""
        s, w = self.s, self.w
        batch, context = windows.shape[0], windows.shape[1] - 1
        tokens = batch * context
        self.cos, self.sin = (torch.tensor(t.astype(np.float64)) for t in rotary_table(s.head, context))
        inputs = torch.tensor(windows[:, :-1].reshape(-1).copy())
        targets = torch.tensor(windows[:, 1:].reshape(-1).copy())
        causal = torch.tril(torch.ones(context, context, dtype=torch.bool))
        bits = s.attention_bits
        x = w["token_embd"][inputs]
        balancing = 0.0
        for i in range(s.layers):
            p = f"blk.{i}."
            h = self.norm(x, w[p + "attn_norm"])
            split = lambda t: t.reshape(batch, context, s.heads, s.head).transpose(1, 2)
            q, k, v = (split(self.linear(h, w[p + n], s.linear_bits)) for n in ("attn_q", "attn_k", "attn_v"))
            q, k = self.rotate(self.norm(q, w[p + "attn_q_norm"])), self.rotate(self.norm(k, w[p + "attn_k_norm"]))
            alpha = s.head**-0.5
            if self.quantised:
                scores = QuantisedScores.apply(q, k, bits, alpha)
            else:
                scores = through(q, bits, -1) @ through(k, bits, -1).transpose(-1, -2) * alpha
            probability = torch.softmax(scores.masked_fill(~causal, -torch.inf), -1)
            if self.quantised:
                o = QuantisedMix.apply(probability, v, bits)
            else:
                fold = quantise(v, bits, -1)[1].transpose(-1, -2)
                o = (through(probability * fold, bits, -1) / fold) @ through(v, bits, -1)
            x = x + self.linear(o.transpose(1, 2).reshape(tokens, -1), w[p + "attn_output"], s.linear_bits)
            h = self.norm(x, w[p + "ffn_norm"])
            router = torch.softmax(self.linear(h, w[p + "ffn_gate_inp"], s.router_bits), -1)
            chosen = torch.topk(router, 2, dim=1).indices
            weights = router.gather(1, chosen)
            weights = weights / weights.sum(1, keepdim=True)
            y = torch.zeros_like(x)
            counts = torch.zeros(s.experts, dtype=torch.float64)
            for e in range(s.experts):
                rows, slot = (chosen == e).nonzero(as_tuple=True)
                order = torch.argsort(rows)
                rows, slot = rows[order], slot[order]
                counts[e] = len(rows)
                if len(rows) == 0:
                    continue
                gate, up, down = (w[p + n][e] for n in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"))
                g, u = self.linear(h[rows], gate, s.linear_bits), self.linear(h[rows], up, s.linear_bits)
                out = self.linear(torch.nn.functional.silu(g) * u, down, s.linear_bits)
                y = y.index_add(0, rows, weights[rows, slot][:, None] * out)
            x = x + y
            balancing = balancing + s.balancing * s.experts * (counts / (2 * tokens) * router.mean(0)).sum()
        logits = self.linear(self.norm(x, w["output_norm"]), w["output"], s.linear_bits)
        self.logits = logits.detach().numpy()
        return torch.nn.functional.cross_entropy(logits, targets), balancing

    def gradients(self, windows):
        loss, balancing = self.loss(windows)
        (loss + balancing).backward()
        out = {n: (t.grad if t.grad is not None else torch.zeros_like(t)).numpy() for n, t in self.w.items()}
        return float(loss.detach()), float(balancing.detach()), out
