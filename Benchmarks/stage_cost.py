#!/usr/bin/env python3
"""What a training step of mainnet's planned models costs: measures parts of it with `training-speed` and adds them up.

    swift build -c release --package-path Benchmarks --product training-speed
    Benchmarks/stage_cost.py measure FILE [NAME ...]    # some minutes and 9 GiB; appends what it measured to FILE, a model a line
    Benchmarks/stage_cost.py report FILE                # the table of Documentation/Scale.md

Times are processor seconds of one thread, the fastest of all steps, so that other work on the machine disturbs little.
"""
import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / ".build/release/training-speed"
# name: d, layers, heads, experts, width, context, batch
MODELS = {
    # Two experts, so that every weight of 201 million is touched, by 16, 64 and 128 tokens.
    "experts-16": (512, 1, 8, 2, 65536, 16, 1),
    "experts-64": (512, 1, 8, 2, 65536, 16, 4),
    "experts-128": (512, 1, 8, 2, 65536, 64, 2),
    # Hardly any experts' weights at d 1024, and many experts.
    "few-experts": (1024, 1, 16, 64, 32, 512, 11),
    "many-experts": (1024, 1, 16, 2731, 32, 512, 11),
    "genesis": (512, 8, 8, 128, 512, 256, 32),
}
ROWS = {
    "genesis": MODELS["genesis"],
    "stage": (512, 8, 8, 256, 1024, 256, 32),
    "12 layers": (512, 12, 8, 256, 1024, 256, 32),
    "2": (512, 16, 8, 512, 1024, 256, 32),
    "3": (1024, 16, 16, 1024, 1024, 256, 32),
    "4": (1024, 24, 16, 2048, 2048, 512, 32),
    "5": (1024, 24, 16, 2731, 2560, 512, 43),
}


def measure(path, names):
    for name in names or MODELS:
        options = zip(("embedding", "layers", "heads", "experts", "width", "context", "batch"), MODELS[name])
        command = [str(PROGRAM)] + [word for key, value in options for word in (f"--{key}", str(value))]
        command += ["--threads", "1", "--warmup", "1", "--steps", "3", "--replay", "0", "--undigested", "0"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        with open(path, "a") as file:
            file.write(json.dumps({"model": name} | result) + "\n")
        print(f"{name}: {min(result['processor_seconds']):.3f} s, {result['peak_mebibytes']:.0f} MiB", flush=True)


def experts(d, layers, heads, count, width, *_): return 3 * layers * count * width * d
def weights(d, layers, heads, count, width, *_):
    return experts(d, layers, heads, count, width) + layers * (4 * d * d + 2 * d + 2 * d // heads + count * d) + d + 2 * 258 * d


def report(path):
    seconds, alone = {}, {}
    for line in open(path):
        r = json.loads(line)
        seconds.setdefault(r["model"], []).extend(r["processor_seconds"])
        alone.setdefault(r["model"], []).extend(r["digest_alone_processor_seconds"])
    # The fastest: whatever else the machine does only adds.
    t = {name: min(values) for name, values in seconds.items()}
    # An expert's weight: a part of its own (packing, momentum, update) and one for each token that its expert has.
    points = [(tau, t[f"experts-{tau}"] / experts(*MODELS[f"experts-{tau}"])) for tau in (16, 64, 128)]
    mean = [sum(p[i] for p in points) / 3 for i in (0, 1)]
    token = sum((x - mean[0]) * (y - mean[1]) for x, y in points) / sum((x - mean[0]) ** 2 for x, _ in points)
    weight = mean[1] - token * mean[0]
    def tokens(model): return model[5] * model[6]
    def share(model): return 2 * tokens(model) / model[3]  # tokens an expert
    def ffn(model): return experts(*model) * (weight + token * share(model))
    few, many, genesis = (MODELS[name] for name in ("few-experts", "many-experts", "genesis"))
    route = max(0, (t["many-experts"] - t["few-experts"] - ffn(many) + ffn(few)) / (tokens(many) * 1024 * (2731 - 64)))
    def routing(model): return model[1] * tokens(model) * model[0] * model[3] * route
    # Attention, norms, embedding and head, for each token and layer.
    rest = {512: (t["genesis"] - ffn(genesis) - routing(genesis)) / (8 * tokens(genesis)),
            1024: (t["few-experts"] - ffn(few) - routing(few)) / tokens(few)}
    digest = min(s / weights(*MODELS[name]) for name, values in alone.items() for s in values if name.startswith("experts"))
    print(f"an expert's weight {1e9 * weight:.2f} ns (digest alone {1e9 * digest:.2f}) and {1e12 * token:.1f} ps a token; routing {1e12 * route:.1f} ps a "
          f"token, expert and channel; all else {1e6 * rest[512]:.0f} and {1e6 * rest[1024]:.0f} µs a token and layer at d 512 and 1024")
    first = t["genesis"]
    for name, model in ROWS.items():
        n, T = weights(*model), tokens(model)
        products = T * model[1] * rest[model[0]] + experts(*model) * token * share(model)
        update, hashing = experts(*model) * (weight - digest), experts(*model) * digest
        total = products + routing(model) + update + hashing
        # Upper bound where products are faster than here and a weight's own part is not: cores, measured seconds of genesis' step.
        tokenwise = (total - update - hashing) / (first - experts(*ROWS["genesis"]) * weight)
        bounds = []
        for cores, measured in ((2, 2.3), (16, 0.91)):
            own = experts(*ROWS["genesis"]) * weight / cores
            bounds.append(16 * ((measured - own) * tokenwise + experts(*model) * weight / cores))
        print(f"| {name} | {n / 1e9:.2f} | {8 * n / 1e9:.1f} GB | {2 * n / 1e9:.1f} GB | {products:.1f} | {routing(model):.1f} | {update:.1f} | {hashing:.1f} | {total:.1f} | "
              f"{total / first:.2f} | {16 * 2.3 * total / first:.0f} – {bounds[0]:.0f} | {16 * 0.91 * total / first:.0f} – {bounds[1]:.0f} |"
              f" {16 * 6 * total / first:.0f} | {15.6 * n / 1e9:.0f} GB |")


if len(sys.argv) >= 3 and sys.argv[1] == "measure": measure(sys.argv[2], sys.argv[3:])
elif len(sys.argv) == 3 and sys.argv[1] == "report": report(sys.argv[2])
else: sys.exit(__doc__)
