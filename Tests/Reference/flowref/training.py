"""Documentation/Protocol/Training.md: digests, roots and the chain of a trajectory."""
import numpy as np

from .hashing import blake2b, bulk_leaf, bulk_root, bulk_root_of_leaves, keccak256
from .model import Step, update

RUN = 131072


def flat(shape, state):
    return np.concatenate([state[name].reshape(-1) for name, _, _ in shape.tensors()]).astype("<f4")


def model_root(shape, weights):
    return bulk_root(flat(shape, weights).tobytes())


def model_root_of_stream(arrays):
    """modelRoot of tensors that come one after the other, for models that do not fit into memory."""
    leaves, rest = [], b""
    for array in arrays:
        data = memoryview(rest + array.astype("<f4").tobytes())
        whole = len(data) // 65536 * 65536
        leaves += [bulk_leaf(data[i : i + 65536]) for i in range(0, whole, 65536)]
        rest = bytes(data[whole:])
    return bulk_root_of_leaves(leaves + ([bulk_leaf(rest)] if rest else []))


def digest(shape, momentum):
    m = flat(shape, momentum)
    bits = m.view("<u4") & 1
    leaves = []
    for i in range(0, len(m), RUN):
        part = m[i : i + RUN]
        planes = (part > 0, part < 0, bits[i : i + RUN] == 1)
        leaves.append(bulk_leaf(b"".join(np.packbits(plane, bitorder="little").tobytes() for plane in planes)))
    return bulk_root_of_leaves(leaves)


def trajectory(shape, weights, split, work_seed, units):
    """Yields one dictionary for each step; `weights` is changed in place."""
    momentum = {name: np.zeros_like(w) for name, w in weights.items()}
    delta = keccak256(b"flowcoin/trajectory" + model_root(shape, weights) + work_seed)
    for i, rate in enumerate(units, start=1):
        step = Step(shape, weights, split.batch(work_seed, i, shape.batch)).run()
        update(shape, weights, momentum, step, rate)
        mark = digest(shape, momentum)
        delta = keccak256(delta + mark)
        tensors = {}
        for name, _, _ in shape.tensors():
            tensors[name] = {"gradient": blake2b(step.gradients[name].astype("<f4").tobytes()).hex(),
                             "momentum": blake2b(momentum[name].astype("<f4").tobytes()).hex()}
        yield {"step": i, "learningRateUnits": rate, "loss": step.loss, "balancingLoss": step.balancing_loss,
               "tokenLosses": blake2b(step.losses.astype("<f4").tobytes()).hex(),
               "expertCounts": step.counts, "digest": mark.hex(), "delta": delta.hex(),
               "weightsRoot": model_root(shape, weights).hex(), "tensors": tensors}
