"""Writes Tests/Vectors/flow/trajectory-*.json and model-initial.json."""
import json
import sys
from pathlib import Path

from flowref.corpus import Split, corpus_root, synthetic
from flowref.hashing import keccak256
from flowref.model import Shape, initial_weights, learning_rate_units
from flowref.training import flat, model_root, trajectory

VECTORS = Path(__file__).resolve().parents[1] / "Vectors" / "flow"

# tiny: every size small · odd: sizes that are no multiple of 16 and experts without a token · wide: more than eight bits ·
# single: one window of one token, so that every list has its smallest length
CASES = {
    "tiny": (Shape(32, 2, 2, 4, 48, 24, 3), 4, 7),
    "odd": (Shape(24, 3, 3, 21, 20, 19, 2), 3, 0xFEDCBA9876543210),
    "wide": (Shape(32, 1, 1, 3, 17, 33, 2, linear_bits=16, attention_bits=12, router_bits=16, balancing=0.5), 3, 1),
    "single": (Shape(4, 1, 1, 2, 1, 1, 1), 3, 2),
}


def describe(shape):
    return {"embeddingLength": shape.embedding, "layerCount": shape.layers, "headCount": shape.heads, "expertCount": shape.experts,
            "expertWidth": shape.width, "contextLength": shape.context, "batchSize": shape.batch, "linearBits": shape.linear_bits,
            "attentionBits": shape.attention_bits, "routerBits": shape.router_bits, "balancingWeight": shape.balancing}


def write(name, value):
    (VECTORS / name).write_text(json.dumps(value, indent=1) + "\n")


def make_trajectory(name):
    shape, steps, seed = CASES[name]
    weights = initial_weights(shape, seed)
    corpus = synthetic(1 << 17, 7)
    work = keccak256(b"trajectory " + name.encode())
    units = [learning_rate_units(1024, 50, 20 + i) for i in range(steps)]
    root = model_root(shape, weights)
    write(f"trajectory-{name}.json", {
        "configuration": describe(shape), "initialisationSeed": f"{seed:016x}",
        "corpus": {"length": 1 << 17, "seed": "0000000000000007", "root": corpus_root(corpus).hex()},
        "workSeed": work.hex(), "modelRoot": root.hex(),
        "steps": list(trajectory(shape, weights, Split(corpus, shape.context), work, units)),
    })


NETWORKS = {
    "regtest": Shape(64, 2, 2, 8, 128, 64, 32),
    "testnet": Shape(128, 4, 4, 16, 256, 128, 32),
}


def make_initial():
    out = []
    for name, shape in NETWORKS.items():
        for seed in (0, 0x0123456789ABCDEF):
            weights = initial_weights(shape, seed)
            out.append({
                "network": name, "configuration": describe(shape), "initialisationSeed": f"{seed:016x}",
                "parameterCount": len(flat(shape, weights)), "modelRoot": model_root(shape, weights).hex(),
                "firstElementsInUnits": {n: [int(v) for v in weights[n].reshape(-1)[:6] * 2**20] for n, _, _ in shape.tensors()},
            })
    write("model-initial.json", out)


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        make_trajectory(name)
    if not sys.argv[1:]:
        make_initial()
