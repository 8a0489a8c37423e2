"""Writes Tests/Vectors/flow/pytorch-gradients-{8,16}.{json,bin}: loss, logits and every gradient by PyTorch autograd.

16 bits: plain straight-through autograd; only the forward products are quantised. 8 bits: the quantisers of the backward
products belong to the graph (flowref/torch_model.py), for their noise alone moves gradients by more than the tolerance; how
much is recorded as `straightThroughError`. `referenceError` is the distance of the numpy reference.
"""
import json
from pathlib import Path

import numpy as np
import torch

from flowref.corpus import Split, synthetic
from flowref.hashing import keccak256
from flowref.model import Shape, Step, initial_weights
from flowref.torch_model import Model
from make_trajectories import describe

VECTORS = Path(__file__).resolve().parents[1] / "Vectors" / "flow"
TOLERANCE = {8: 1e-2, 16: 1e-3}


def distance(ours, theirs):
    return float(np.linalg.norm(ours.astype(np.float64) - theirs) / np.linalg.norm(theirs))


def make(bits):
    shape = Shape(32, 2, 2, 4, 48, 24, 3, linear_bits=bits, attention_bits=bits, router_bits=bits)
    seed, work = 7, keccak256(b"gradients")
    windows = Split(synthetic(1 << 17, 7), shape.context).batch(work, 1, shape.batch)
    weights = initial_weights(shape, seed)
    step = Step(shape, weights, windows).run()
    model = Model(shape, weights, quantised_backward=bits == 8)
    loss, balancing, gradients = model.gradients(windows)
    plain = Model(shape, weights, quantised_backward=False).gradients(windows)[2]
    tensors, data = [], b""
    for name, ours, theirs in [("logits", step.logits, model.logits)] + [(n, step.gradients[n], g) for n, g in gradients.items()]:
        entry = {"name": name, "shape": list(theirs.shape), "offset": len(data), "referenceError": distance(ours, theirs)}
        if name != "logits":
            entry["straightThroughError"] = distance(ours, plain[name])
        assert entry["referenceError"] <= TOLERANCE[bits], entry
        tensors.append(entry)
        data += theirs.astype("<f4").tobytes()
    (VECTORS / f"pytorch-gradients-{bits}.bin").write_bytes(data)
    (VECTORS / f"pytorch-gradients-{bits}.json").write_text(json.dumps({
        "torch": torch.__version__.split("+")[0], "configuration": describe(shape), "initialisationSeed": f"{seed:016x}",
        "backwardQuantised": bits == 8, "tolerance": TOLERANCE[bits], "tokens": windows.tolist(),
        "loss": loss, "balancingLoss": balancing, "tensors": tensors,
    }, indent=1) + "\n")


if __name__ == "__main__":
    for bits in TOLERANCE:
        make(bits)
