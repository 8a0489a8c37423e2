"""Writes Tests/Vectors/flow/trajectory-*.json and model-initial*.json; arguments name single ones."""
import json
import sys
from pathlib import Path

import numpy as np

from flowref.arithmetic import F, InvalidStep
from flowref.corpus import Split, corpus_root, synthetic
from flowref.hashing import keccak256
from flowref.model import Shape, initial_tensors, initial_weights, learning_rate_units
from flowref.training import model_root, model_root_of_stream, trajectory

VECTORS = Path(__file__).resolve().parents[1] / "Vectors" / "flow"

# tiny: every size small · odd: sizes that are no multiple of 16 and experts without a token · wide: more than eight bits ·
# single: one window of one token, so that every list has its smallest length · extreme: every weight at ±4 and a rate that
# throws weights from limit to limit, so that exp, softmax and clamps saturate · flat: all weights equal, so that the router
# ties everywhere · zero: no weights at all, so that every row is zero · ended: an expert that gets its first token in the
# third step has weights of 2^46, so that this step is invalid and ends the trajectory, behind two right ones
CASES = {
    "tiny": (Shape(32, 2, 2, 4, 48, 24, 3), 4, 7),
    "odd": (Shape(24, 3, 3, 21, 20, 19, 2), 3, 0xFEDCBA9876543210),
    "wide": (Shape(32, 1, 1, 3, 17, 33, 2, linear_bits=16, attention_bits=12, router_bits=16, balancing=0.5), 3, 1),
    "single": (Shape(4, 1, 1, 2, 1, 1, 1), 3, 2),
    "extreme": (Shape(16, 2, 2, 3, 18, 20, 2), 3, 5),
    "flat": (Shape(16, 1, 2, 5, 16, 18, 2), 3, 0),
    "zero": (Shape(16, 1, 2, 5, 16, 18, 2), 2, 0),
    "ended": (Shape(24, 3, 3, 21, 20, 5, 1), 4, 0xFEDCBA9876543210),
}
RATES = {"extreme": [8388608, 3000001, 128], "flat": [2048, 128, 128], "zero": [1024, 1024]}


def start(name, shape, seed):
    weights = initial_weights(shape, seed)
    for w in weights.values():
        if name == "extreme":  # 4 with the initial weight's sign, a zero as positive
            w[...] = np.where(w < 0, F(-4), F(4))
        elif w.ndim > 1 and name in ("flat", "zero"):  # the gains stay 1
            w[...] = F(2**-10) if name == "flat" else F(0)
    return weights


def spoil(shape, weights, split, work, units, right):
    """Makes the step behind `right` right ones invalid: two units of an expert that no token saw before get weights of ±2^46, which the quantiser
    takes, and one of the two has an activation that it does not."""
    copies = {name: w.copy() for name, w in weights.items()}
    counts = [step["expertCounts"] for step in trajectory(shape, copies, split, work, units[: right + 1])]
    layer, expert = next((n, e) for n in range(shape.layers) for e in range(shape.experts)
                         if all(c[n][e] == 0 for c in counts[:right]) and counts[right][n][e] > 0)
    for name, second in ((f"blk.{layer}.ffn_gate_exps", -1), (f"blk.{layer}.ffn_up_exps", 1)):
        weights[name][expert][0, 0], weights[name][expert][1, 0] = F(2.0**46), F(second * 2.0**46)
    return {"layer": layer, "expert": expert, "exponent": 46}


def until_invalid(steps):
    done = []
    try:
        for step in steps:
            done.append(step)
    except InvalidStep:
        return done
    raise AssertionError("no step is invalid")


def describe(shape):
    return {"embeddingLength": shape.embedding, "layerCount": shape.layers, "headCount": shape.heads, "expertCount": shape.experts,
            "expertWidth": shape.width, "contextLength": shape.context, "batchSize": shape.batch, "linearBits": shape.linear_bits,
            "attentionBits": shape.attention_bits, "routerBits": shape.router_bits, "balancingWeight": shape.balancing}


def write(name, value):
    (VECTORS / name).write_text(json.dumps(value, indent=1) + "\n")


def make_trajectory(name):
    shape, steps, seed = CASES[name]
    weights = start(name, shape, seed)
    corpus = synthetic(1 << 17, 7)
    work = keccak256(b"trajectory " + name.encode())
    units = RATES.get(name) or [learning_rate_units(1024, 50, 20 + i) for i in range(steps)]
    split = Split(corpus, shape.context)
    spoiled = spoil(shape, weights, split, work, units, 2) if name == "ended" else None
    root = model_root(shape, weights)
    steps = trajectory(shape, weights, split, work, units)
    ending = {"spoiled": spoiled, "learningRateUnits": units} if spoiled else {}
    write(f"trajectory-{name}.json", {
        "configuration": describe(shape), "initialisationSeed": f"{seed:016x}",
        "start": name if name in RATES else "initial",
        "corpus": {"length": 1 << 17, "seed": "0000000000000007", "root": corpus_root(corpus).hex()},
        "workSeed": work.hex(), "modelRoot": root.hex(),
        **ending, "steps": until_invalid(steps) if spoiled else list(steps),
    })


# Shapes and seeds of the built-in networks; a second seed shows that both halves of it count.
NETWORKS = {
    "regtest": (Shape(64, 2, 2, 8, 128, 64, 32), [1774051200, 0x0123456789ABCDEF]),
    "testnet": (Shape(128, 4, 4, 16, 256, 128, 32), [1774051200]),
    "mainnet": (Shape(512, 8, 8, 128, 512, 256, 32), [1774051200]),
}


def make_initial(name):
    out = []
    shape, seeds = NETWORKS[name]
    for seed in seeds:
        first, count = {}, 0

        def tensors():
            nonlocal count
            for tensor, w in initial_tensors(shape, seed):
                first[tensor] = [int(v) for v in w.reshape(-1)[:6] * 2**20]
                count += w.size
                yield w

        root = model_root_of_stream(tensors())
        out.append({
            "network": name, "configuration": describe(shape), "initialisationSeed": f"{seed:016x}", "parameterCount": count,
            "modelRoot": root.hex(), "modelRootDisplayed": root[::-1].hex(), "firstElementsInUnits": first,
        })
    write("model-initial.json" if name == "regtest" else f"model-initial-{name}.json", out)


if __name__ == "__main__":
    for name in sys.argv[1:] or [*CASES, *NETWORKS]:
        make_trajectory(name) if name in CASES else make_initial(name)
