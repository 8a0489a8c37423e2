#!/usr/bin/env python3
"""Trains the model that `learn --write DIRECTORY` wrote down with AdamW in float32: the same initial weights, the same batches,
the same held-out windows, the same loss and balancing loss. Prints a curve of the same form. Needs torch and numpy.

    learn_pytorch.py DIRECTORY [--lr 2e-3] [--beta2 0.95] [--decay 0.1] [--clip 1] [--warmup 50] [--steps N] [--every 50]
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


class Model(torch.nn.Module):
    def __init__(self, run, initial):
        super().__init__()
        self.run = run
        self.w = {}
        for tensor in run["tensors"]:
            count = int(np.prod(tensor["shape"]))
            part = initial[tensor["offset"]:tensor["offset"] + count].reshape(tensor["shape"]).copy()
            parameter = torch.nn.Parameter(torch.from_numpy(part))
            self.w[tensor["name"].removesuffix(".weight")] = parameter
            self.register_parameter(tensor["name"].replace(".", "_"), parameter)
        head = run["embeddingLength"] // run["headCount"]
        angles = torch.outer(torch.arange(run["contextLength"]), 10_000.0 ** (-torch.arange(0, head, 2) / head))
        self.cos, self.sin = angles.cos(), angles.sin()

    @staticmethod
    def norm(x, gain):
        return F.rms_norm(x, (x.shape[-1],), gain, 1e-6)

    def rotate(self, u):
        a, b = u.chunk(2, -1)
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], -1)

    def experts(self, h, p):
        """Top-2 of the router, each expert's tokens in one product; returns the sum and the balancing loss."""
        run, w = self.run, self.w
        tokens, count = h.shape[0], run["expertCount"]
        probability = torch.softmax(h @ w[p + "ffn_gate_inp"].T, -1)
        weights, chosen = probability.topk(2, -1)
        weights = weights / weights.sum(-1, keepdim=True)
        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=count)
        rows = h[order // 2].split(counts.tolist())
        matrices = zip(*(w[p + n].unbind(0) for n in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")))
        out = [(F.silu(x @ gate.T) * (x @ up.T)) @ down.T for x, (gate, up, down) in zip(rows, matrices)]
        slots = torch.cat(out) * weights.flatten()[order, None]
        y = torch.zeros_like(h).index_add(0, order // 2, slots)
        balancing = run["balancingWeight"] * count * (counts / (2 * tokens) * probability.mean(0)).sum()
        return y, balancing

    def forward(self, windows):
        """Mean cross entropy in nats a token, and the balancing loss."""
        run, w = self.run, self.w
        inputs, targets = windows[:, :-1], windows[:, 1:]
        batch, context = inputs.shape
        x = w["token_embd"][inputs]
        balancing = 0
        for i in range(run["layerCount"]):
            p = f"blk.{i}."
            h = self.norm(x, w[p + "attn_norm"])
            q, k, v = (
                (h @ w[p + n].T).view(batch, context, run["headCount"], -1).transpose(1, 2) for n in ("attn_q", "attn_k", "attn_v"))
            q, k = self.rotate(self.norm(q, w[p + "attn_q_norm"])), self.rotate(self.norm(k, w[p + "attn_k_norm"]))
            o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + o.transpose(1, 2).reshape(batch, context, -1) @ w[p + "attn_output"].T
            y, part = self.experts(self.norm(x, w[p + "ffn_norm"]).flatten(0, 1), p)
            x, balancing = x + y.view_as(x), balancing + part
        logits = self.norm(x, w["output_norm"]) @ w["output"].T
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten()), balancing


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("directory", type=Path)
    options.add_argument("--lr", type=float, default=2e-3)
    options.add_argument("--beta2", type=float, default=0.95)
    options.add_argument("--decay", type=float, default=0.1)
    options.add_argument("--clip", type=float, default=1.0)
    options.add_argument("--warmup", type=int, default=50)
    options.add_argument("--steps", type=int)
    options.add_argument("--every", type=int, default=50)
    options.add_argument("--threads", type=int, default=1)
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)

    run = json.loads((options.directory / "run.json").read_text())
    steps = options.steps or run["steps"]
    row = run["contextLength"] + 1

    def windows(name, shape):
        return torch.from_numpy(np.fromfile(options.directory / name, "<u2").astype(np.int64).reshape(shape))

    batches = windows("batches.u16", (-1, run["batchSize"], row))
    held_out = windows("heldout.u16", (-1, row)).split(run["batchSize"])
    model = Model(run, np.fromfile(options.directory / "initial.f32", "<f4"))
    # No decay for gains and embeddings, as usual.
    matrices = [p for n, p in model.w.items() if p.dim() > 1 and n != "token_embd"]
    others = [p for n, p in model.w.items() if not (p.dim() > 1 and n != "token_embd")]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": options.decay}, {"params": others, "weight_decay": 0}],
        lr=options.lr, betas=(0.9, options.beta2), fused=True)

    def rate(step):
        if step <= options.warmup:
            return options.lr * step / options.warmup
        middle = steps // 2
        return options.lr if step <= middle else options.lr * (1 - 0.9 * (step - middle) / (steps - middle))

    @torch.no_grad()
    def held_out_loss():
        return sum(model(w)[0].item() * len(w) for w in held_out) / sum(map(len, held_out))

    print(f"# AdamW float32, PyTorch {torch.__version__}, {options.threads} threads")
    print(f"# lr {options.lr}, betas 0.9 {options.beta2}, decay {options.decay}, clip {options.clip}, warm-up {options.warmup}")
    print("step\ttraining\theldout\tseconds")
    print(f"0\tnan\t{held_out_loss():.4f}\t0", flush=True)
    start, total, count = time.monotonic(), 0.0, 0
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        loss, balancing = model(batches[step - 1])
        optimizer.zero_grad(set_to_none=True)
        (loss + balancing).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), options.clip)
        optimizer.step()
        total, count = total + loss.item(), count + 1
        if step % options.every == 0 or step == steps:
            print(f"{step}\t{total / count:.4f}\t{held_out_loss():.4f}\t{time.monotonic() - start:.0f}", flush=True)
            total, count = 0.0, 0


if __name__ == "__main__":
    main()
