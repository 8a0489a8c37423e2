#!/usr/bin/env python3
"""What a training step of mainnet's planned models costs: measures slices of them with `training-speed` and adds them up.

    swift build -c release --package-path Benchmarks --product training-speed
    Benchmarks/stage_cost.py measure FILE [NAME ...]    # some minutes and 12 GiB; appends what it measured to FILE, a slice a line
    Benchmarks/stage_cost.py report FILE                # Documentation/Scale.md's tables

A slice is one layer with a k-th of a layer's experts and a k-th of a step's windows, so that an expert has as many tokens as in the whole model.
Times are processor seconds of one thread, so that other work on the machine disturbs little.
"""
import json
import statistics
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / ".build/release/training-speed"
# name: d, layers, heads, experts, width, context, batch, steps
SLICES = {
    "genesis-1": (512, 1, 8, 128, 512, 256, 32, 3),
    "wide-128": (512, 1, 8, 128, 1024, 256, 32, 3),
    "row1": (512, 1, 8, 256, 1024, 256, 32, 3),
    "row2/2": (512, 1, 8, 256, 1024, 256, 16, 3),
    "row3/8": (1024, 1, 16, 128, 1024, 256, 4, 3),
    "row4/32": (1024, 1, 16, 64, 2048, 512, 1, 3),
    "row5/43": (1024, 1, 16, 64, 2560, 512, 1, 3),
    "few-experts": (1024, 1, 16, 64, 32, 512, 11, 2),
    "many-experts": (1024, 1, 16, 2731, 32, 512, 11, 2),
    "genesis": (512, 8, 8, 128, 512, 256, 32, 2),
}
# Where steps without digests are taken too.
DIGESTS = {"genesis-1", "wide-128"}
# name: d, layers, heads, experts, width, context, batch, slice, its k
ROWS = {
    "genesis": (512, 8, 8, 128, 512, 256, 32, "genesis-1", 1),
    "1": (512, 8, 8, 256, 1024, 256, 32, "row1", 1),
    "1, 12 layers": (512, 12, 8, 256, 1024, 256, 32, "row1", 1),
    "1, 16 layers": (512, 16, 8, 256, 1024, 256, 32, "row1", 1),
    "2": (512, 16, 8, 512, 1024, 256, 32, "row2/2", 2),
    "3": (1024, 16, 16, 1024, 1024, 256, 32, "row3/8", 8),
    "4": (1024, 24, 16, 2048, 2048, 512, 32, "row4/32", 32),
    "5": (1024, 24, 16, 2731, 2560, 512, 43, "row5/43", 43),
}


def measure(path, names):
    for name in names or SLICES:
        *sizes, steps = SLICES[name]
        options = zip(("embedding", "layers", "heads", "experts", "width", "context", "batch"), sizes)
        command = [str(PROGRAM)] + [word for key, value in options for word in (f"--{key}", str(value))]
        command += ["--threads", "1", "--warmup", "1", "--steps", str(steps), "--replay", "0", "--undigested", str(int(name in DIGESTS))]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        with open(path, "a") as file:
            file.write(json.dumps({"slice": name} | result) + "\n")
        tokens = result["tokens"]
        print(f"{name}: {tokens / result['tokens_per_processor_second']:.3f} s, wall {statistics.median(result['seconds']):.3f} s, "
              f"digest {result['digest_share']:.3f}, {result['peak_mebibytes']:.0f} MiB", flush=True)


def weights(d, layers, heads, experts, width, *_):
    return layers * (4 * d * d + 2 * d + 2 * d // heads + experts * d + 3 * experts * width * d) + d + 2 * 258 * d


def report(path):
    seconds, digests, walls = {}, {}, {}
    for line in open(path):
        r = json.loads(line)
        seconds.setdefault(r["slice"], []).append(r["tokens"] / r["tokens_per_processor_second"])
        digests.setdefault(r["slice"], []).append(r["digest_share"])
        walls.setdefault(r["slice"], []).append(statistics.median(r["seconds"]))
    t = {name: statistics.median(values) for name, values in seconds.items()}
    digest = {name: max(0, statistics.median(values)) * t[name] for name, values in digests.items()}
    def count(name): return weights(*SLICES[name])
    def tokens(name): return SLICES[name][5] * SLICES[name][6]

    # Embedding and head: what a model of eight layers has once and not eight times.
    rest = t["genesis-1"] - (t["genesis"] - t["genesis-1"]) / 7
    def outside(d, T): return max(0, rest) * d * T / (512 * 8192)
    # A weight's part of a step: twice the experts, the same tokens.
    more = count("row1") - count("wide-128")
    # Routing, for each token, expert and channel; and back and forth, since both figures need each other.
    routed = tokens("many-experts") * 1024 * (2731 - 64)
    weight, route = 0.0, 0.0
    for _ in range(50):
        weight = (t["row1"] - t["wide-128"] - route * 8192 * 512 * 128) / more
        route = max(0, (t["many-experts"] - t["few-experts"] - weight * (count("many-experts") - count("few-experts"))) / routed)
    digested = sum(digest[name] for name in DIGESTS) / sum(count(name) for name in DIGESTS)
    print(f"a weight's update {1e9 * (weight - digested):.3f} ns and digest {1e9 * digested:.3f} ns; routing {1e12 * route:.3f} ps a token, "
          f"expert and channel; embedding and head of 8,192 tokens at d 512 {rest:.3f} s")
    print("walls: " + ", ".join(f"{name} {statistics.median(w):.2f}" for name, w in walls.items()))
    previous = None
    for name, (d, layers, heads, experts, width, context, batch, part, k) in ROWS.items():
        T, small = context * batch, SLICES[part]
        layer = k * (t[part] - outside(d, tokens(part))) + route * T * d * (experts - small[3])
        if part == "genesis-1" and "genesis" in t: layer = (t["genesis"] - t["genesis-1"]) / 7
        total = layers * layer + outside(d, T)
        n = weights(d, layers, heads, experts, width)
        routing, update, hashing = layers * route * T * d * experts, weight * n - digested * n, digested * n
        print(f"| {name} | {n / 1e9:.2f} | {T} | {total:.2f} | {total - routing - update - hashing:.2f} | {routing:.2f} | {update:.2f} | "
              f"{hashing:.2f} | ×{total / t['genesis']:.2f} |" + (f" ×{total / previous:.2f}" if previous else ""))
        previous = total


if len(sys.argv) >= 3 and sys.argv[1] == "measure": measure(sys.argv[2], sys.argv[3:])
elif len(sys.argv) == 3 and sys.argv[1] == "report": report(sys.argv[2])
else: sys.exit(__doc__)
