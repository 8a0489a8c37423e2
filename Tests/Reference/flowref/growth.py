"""Documentation/Protocol/Growth.md: the first weights of a larger model, written from that page."""
import numpy as np

from .arithmetic import F, power
from .model import VOCABULARY


def origin(layer, old, new):
    """(old layer, whether the new one is that layer itself)."""
    return layer * old // new, layer == 0 or (layer - 1) * old // new != layer * old // new


def toward_zero(a, b):
    """a / b rounded toward zero, in integers."""
    return np.sign(a) * (np.abs(a) // b)


def read(old, dims):
    """The old block in the corner of zeros."""
    out = np.zeros(dims, F)
    out[tuple(slice(0, n) for n in old.shape)] = old
    return out


def router(old, experts, embedding):
    units = (old * power(20)).astype(np.int64)
    mean = toward_zero(units.sum(axis=0), len(units))
    clones = mean + toward_zero(units[: experts - len(units)] - mean, 4)
    return read(np.concatenate([units, clones]).astype(F) * power(-20), (experts, embedding))


def grown(old_shape, new_shape, weights):
    d, wide = old_shape.embedding, new_shape.embedding
    channel = np.arange(wide) % d
    expert = np.arange(new_shape.experts) % old_shape.experts
    unit = np.arange(new_shape.width) % old_shape.width
    out = {}
    for name, dims, _ in new_shape.tensors():
        kind, own, w = name, True, None
        if name.startswith("blk."):
            _, layer, kind = name.split(".")
            layer, own = origin(int(layer), old_shape.layers, new_shape.layers)
            w = weights[f"blk.{layer}.{kind}"]
        else:
            w = weights[name]
        if kind == "token_embd":
            new = w[:, channel]
        elif kind in ("attn_norm", "ffn_norm", "output_norm"):
            new = w[channel]
        elif kind in ("attn_q_norm", "attn_k_norm"):
            new = w
        elif kind in ("attn_q", "attn_k", "attn_v"):
            new = read(w[channel], dims)
        elif kind == "attn_output":
            new = read(w[channel], dims) if own else np.zeros(dims, F)
        elif kind == "ffn_gate_inp":
            new = router(w, new_shape.experts, wide)
        elif kind in ("ffn_gate_exps", "ffn_up_exps"):
            new = read(w[expert][:, unit], dims)
        elif kind == "ffn_down_exps":
            new = read(w[expert][:, channel], dims) if own else np.zeros(dims, F)
        else:
            assert kind == "output" and dims[0] == VOCABULARY
            new = read(w, dims)
        assert new.shape == dims
        out[name] = np.array(new, F)  # a copy, since layers may share their origin
    return out
