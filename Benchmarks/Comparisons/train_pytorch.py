"""One training step of FlowCoin's model shape in PyTorch, float32: forward, backward and optimizer.

The same model: RMSNorm, rotary embedding, normalised queries and keys, causal attention, a softmax router whose two best experts are
renormalised, SwiGLU experts grouped by index, load-balancing loss. Prints one JSON line with the tokens a second of each measured step.

    python train_pytorch.py --embedding 128 --layers 4 --heads 4 --experts 16 --width 256 --context 128 --batch 8 --threads 1
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

VOCABULARY = 258


class RMSNorm(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(length))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.gain, 1e-6)


class Attention(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.heads, self.length = o.heads, o.embedding // o.heads
        self.norm = RMSNorm(o.embedding)
        self.projections = nn.Linear(o.embedding, 3 * o.embedding, bias=False)
        self.query_norm, self.key_norm = RMSNorm(self.length), RMSNorm(self.length)
        self.output = nn.Linear(o.embedding, o.embedding, bias=False)
        half = self.length // 2
        angles = torch.outer(torch.arange(o.context), 10_000.0 ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def rotate(self, u):
        a, b = u.chunk(2, dim=-1)
        return torch.cat((a * self.cos - b * self.sin, a * self.sin + b * self.cos), dim=-1)

    def forward(self, x):
        batch, context, d = x.shape
        q, k, v = self.projections(self.norm(x)).view(batch, context, 3, self.heads, self.length).permute(2, 0, 3, 1, 4)
        q, k = self.rotate(self.query_norm(q)), self.rotate(self.key_norm(k))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return x + self.output(mixed.transpose(1, 2).reshape(batch, context, d))


class Experts(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.count = o.experts
        self.norm = RMSNorm(o.embedding)
        self.router = nn.Linear(o.embedding, o.experts, bias=False)
        # A parameter an expert: only those that received a token get a gradient.
        def matrices(rows, columns):
            return nn.ParameterList(nn.Parameter(torch.randn(rows, columns) * columns**-0.5) for _ in range(o.experts))

        self.gate_up, self.down = matrices(2 * o.width, o.embedding), matrices(o.embedding, o.width)

    def forward(self, x):
        h = self.norm(x).view(-1, x.shape[-1])
        probabilities = F.softmax(self.router(h), dim=-1)
        weights, chosen = probabilities.topk(2, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        # The slots in the order of their experts.
        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=self.count)
        tokens = order // 2
        parts = h.index_select(0, tokens).split(counts.tolist())
        outputs = []
        for e, part in enumerate(parts):
            if part.shape[0] == 0:
                continue
            gate, up = F.linear(part, self.gate_up[e]).chunk(2, dim=-1)
            outputs.append(F.linear(F.silu(gate) * up, self.down[e]))
        y = torch.cat(outputs) * weights.flatten().index_select(0, order).unsqueeze(-1)
        balance = self.count * (counts / counts.sum() * probabilities.mean(dim=0)).sum()
        return x + torch.zeros_like(h).index_add(0, tokens, y).view_as(x), balance


class Model(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, o.embedding)
        self.layers = nn.ModuleList(nn.ModuleList((Attention(o), Experts(o))) for _ in range(o.layers))
        self.norm = RMSNorm(o.embedding)
        self.head = nn.Linear(o.embedding, VOCABULARY, bias=False)

    def loss(self, tokens):
        x, balance = self.embedding(tokens[:, :-1]), 0
        for attention, experts in self.layers:
            x, more = experts(attention(x))
            balance = balance + more
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, VOCABULARY), tokens[:, 1:].flatten()) + 0.01 * balance


class SignMomentum:
    """The chain's optimizer: m += (g - m) / 10, w -= rate * sign(m), for what got a gradient."""

    def __init__(self, parameters, rate=2.0**-10):
        self.parameters, self.rate = list(parameters), rate
        self.momenta = [torch.zeros_like(p) for p in self.parameters]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    @torch.no_grad()
    def step(self):
        live = [(p, m) for p, m in zip(self.parameters, self.momenta) if p.grad is not None]
        parameters, momenta = [p for p, _ in live], [m for _, m in live]
        torch._foreach_lerp_(momenta, [p.grad for p in parameters], 0.1)
        torch._foreach_add_(parameters, torch._foreach_sign(momenta), alpha=-self.rate)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in dict(
        embedding=128, layers=4, heads=4, experts=16, width=256, context=128, batch=8, threads=1, steps=7, warmup=3
    ).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--optimizer", choices=("adamw", "sign"), default="adamw")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    model = Model(o)
    if o.optimizer == "adamw":
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    else:
        optimizer = SignMomentum(model.parameters())
    seconds, processor = [], []
    for step in range(o.warmup + o.steps):
        tokens = torch.randint(0, 256, (o.batch, o.context + 1))
        start, start_processor = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        loss = model.loss(tokens)
        loss.backward()
        optimizer.step()
        if step >= o.warmup:
            seconds.append(time.perf_counter() - start)
            processor.append(time.process_time() - start_processor)
    count = o.batch * o.context
    print(
        json.dumps(
            {
                "program": f"PyTorch {torch.__version__}, {o.optimizer}",
                "threads": o.threads,
                "parameters": sum(p.numel() for p in model.parameters()),
                "tokens": count,
                "tokens_per_second": count / statistics.median(seconds),
                "tokens_per_processor_second": count / statistics.median(processor),
                "seconds": seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
