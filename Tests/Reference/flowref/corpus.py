"""Documentation/Protocol/Corpus.md and the windows of Training.md."""
import re
from pathlib import Path

import numpy as np

from .hashing import blake2b, bulk_root, keccak256

MASK = (1 << 64) - 1
PIECE = 65536
GRAMMAR = Path(__file__).resolve().parents[2] / "Vectors" / "flow" / "corpus-grammar.txt"


def mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Grammar:
    """A grammar as two dictionaries of its text; slots are read while writing, so this is slow and short."""

    SLOT = re.compile(r"\{([^}]*)\}")

    def __init__(self, text: str):
        self.tables, self.rules = {}, {}
        block = None
        for line in text.split("\n"):
            if not line or line[0] == "#":
                continue
            if line[0] == "@":
                block = self.tables.setdefault(line[1:], [])
            elif line[0] == "%":
                block = self.rules.setdefault(line[1:], [])
            elif any(block is t for t in self.tables.values()):
                block.append(line.split("|"))
            else:
                weight, body = line.split(":", 1)
                body = body[1:] if body[:1] == " " else body
                block.append((int(weight), self.SLOT.split(body.replace("\\n", "\n"))))

    def piece(self, seed: int, index: int) -> bytes:
        state = mix((mix(seed) + index) & MASK)

        def below(n):
            nonlocal state
            state = (state + 0x9E3779B97F4A7C15) & MASK
            return (mix(state) * n) >> 64

        values, tables, out = {}, {}, []

        def expand(rule):
            draw = below(sum(w for w, _ in self.rules[rule]))
            for weight, parts in self.rules[rule]:
                if draw < weight:
                    break
                draw -= weight
            for i, part in enumerate(parts):
                if i % 2 == 0:
                    out.append(part)
                else:
                    slot(part)

        def slot(s):
            if s in self.rules:
                return expand(s)
            if s[0] == "=":
                return out.append(str(values[s[1]]))
            v, kind, body = s[0], s[1], s[2:]
            if kind in ".^":
                cell = self.tables[tables[v]][values[v]][int(body)]
                out.append(cell[:1].upper() + cell[1:] if kind == "^" else cell)
            elif kind == "@":
                name, sign, other = (re.split("([~=])", body) + [None, None])[:3]
                rows = len(self.tables[name])
                if sign is None:
                    row = below(rows)
                elif sign == "~":
                    row = below(rows - 1)
                    row += row >= values[other]
                else:
                    row = min(max(values[other], 0), rows - 1)
                values[v], tables[v] = row, name
            elif kind == "#":
                low, high = map(int, body.split(".."))
                values[v] = low + below(high - low + 1)
            else:
                left, symbol, right = re.fullmatch(r"=([a-z])([-+*])(\d+|[a-z])", body).groups()
                right = values[right] if right.isalpha() else int(right)
                left = values[left]
                values[v] = left + right if symbol == "+" else left - right if symbol == "-" else left * right

        text = bytearray()
        while len(text) < PIECE:
            out.clear()
            expand("document")
            text += b"\x02" + "".join(out).encode("ascii") + b"\x03"
        del text[PIECE:]
        text[-1] = 3
        return bytes(text)


def synthetic(length: int, seed: int) -> bytes:
    grammar = Grammar(GRAMMAR.read_text("ascii"))
    pieces = [grammar.piece(seed, p) for p in range((length + PIECE - 1) // PIECE)]
    return b"".join(pieces)[:length]


def corpus_root(corpus: bytes) -> bytes:
    return blake2b(b"flowcoin/corpus" + len(corpus).to_bytes(8, "little") + bulk_root(corpus))


class Split:
    def __init__(self, corpus: bytes, context: int):
        self.corpus, self.context = corpus, context
        self.training = len(corpus) - max(len(corpus) // 64, context + 1)
        self.starts = self.training - context
        assert self.starts >= 65536

    def window(self, start: int) -> np.ndarray:
        tokens = np.frombuffer(self.corpus[start : start + self.context + 1], np.uint8).astype(np.int64)
        return np.where(tokens == 2, 256, np.where(tokens == 3, 257, tokens))

    def start(self, work_seed: bytes, step: int, window: int) -> int:
        x = keccak256(b"flowcoin/window" + work_seed + step.to_bytes(4, "little") + window.to_bytes(4, "little"))
        return (int.from_bytes(x[:8], "little") * self.starts) >> 64

    def batch(self, work_seed: bytes, step: int, windows: int) -> np.ndarray:
        return np.stack([self.window(self.start(work_seed, step, j)) for j in range(windows)])

    def held_out_start(self, j: int, windows: int) -> int:
        return self.training + j * (len(self.corpus) - self.training - self.context - 1) // windows

    def held_out(self, windows: int) -> np.ndarray:
        return np.stack([self.window(self.held_out_start(j, windows)) for j in range(windows)])
