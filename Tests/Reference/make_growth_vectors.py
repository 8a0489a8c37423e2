"""Writes Tests/Vectors/flow/growth.json."""
from flowref.corpus import Split, synthetic
from flowref.growth import grown
from flowref.hashing import blake2b, keccak256
from flowref.model import Shape, initial_weights
from flowref.training import model_root, trajectory
from make_trajectories import describe, write

# Each size alone, none that 16 divides, and what may grow together: layers that are copied once or not at all with some experts,
# everything else doubled, windows that grow too.
CASES = {
    "layers": (Shape(24, 2, 3, 5, 20, 19, 2), Shape(24, 3, 3, 5, 20, 19, 2)),
    "width": (Shape(24, 2, 3, 5, 20, 19, 2), Shape(24, 2, 3, 5, 33, 19, 2)),
    "experts": (Shape(24, 2, 3, 5, 20, 19, 2), Shape(24, 2, 3, 8, 20, 19, 2)),
    "embedding": (Shape(24, 2, 3, 5, 20, 19, 2), Shape(48, 2, 6, 5, 20, 19, 2)),
    "depth": (Shape(24, 3, 3, 5, 20, 19, 2), Shape(24, 5, 3, 7, 20, 23, 3)),
    "breadth": (Shape(24, 2, 3, 5, 20, 19, 2), Shape(48, 2, 6, 10, 40, 23, 3)),
}


def main():
    corpus, seed = synthetic(1 << 17, 7), 20260321
    out = []
    for name, (old, new) in CASES.items():
        weights = initial_weights(old, seed)
        work = keccak256(b"before " + name.encode())
        before = list(trajectory(old, weights, Split(corpus, old.context), work, [2048, 2048]))
        root = model_root(old, weights)
        larger = grown(old, new, weights)
        start = model_root(new, larger)
        tensors = {tensor: blake2b(larger[tensor].astype("<f4").tobytes()).hex() for tensor, _, _ in new.tensors()}
        after = keccak256(b"after " + name.encode())
        steps = list(trajectory(new, larger, Split(corpus, new.context), after, [2048, 2048]))
        out.append({
            "name": name, "from": describe(old), "to": describe(new), "initialisationSeed": f"{seed:016x}",
            "corpus": {"length": 1 << 17, "seed": "0000000000000007"}, "learningRateUnits": 2048,
            "workSeed": work.hex(), "digests": [s["digest"] for s in before], "root": root.hex(),
            "grownRoot": start.hex(), "tensors": tensors, "grownWorkSeed": after.hex(),
            "grownDigests": [s["digest"] for s in steps], "grownLosses": [s["loss"] for s in steps],
            "resultRoot": steps[-1]["weightsRoot"],
        })
    write("growth.json", out)


if __name__ == "__main__":
    main()
