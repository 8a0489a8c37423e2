"""Writes Tests/Vectors/flow/corpus-{synthetic,windows,directory}.json."""
import json
import os
import tempfile
from pathlib import Path

from flowref.corpus import PIECE, Grammar, GRAMMAR, Split, corpus_root, synthetic
from flowref.hashing import blake2b, bulk_root, keccak256

VECTORS = Path(__file__).resolve().parents[1] / "Vectors" / "flow"


def write(name, value):
    (VECTORS / name).write_text(json.dumps(value, indent=1) + "\n")


def synthetic_vector():
    grammar = Grammar(GRAMMAR.read_text("ascii"))
    pieces = []
    for seed, index in [(0, 0), (0, 1), (0, 255), (1, 0), (2**64 - 1, 2**40), (0x0123456789ABCDEF, 2**64 - 1)]:
        piece = grammar.piece(seed, index)
        pieces.append({"seed": f"{seed:016x}", "piece": f"{index:016x}", "blake2b": blake2b(piece).hex(),
                       "begin": piece[:64].decode("latin1"), "end": piece[-32:].decode("latin1")})
    roots = []
    for length, seed in [(16 << 20, 0), (1 << 17, 7), (200_001, 0), (1, 0), (0, 0)]:
        corpus = synthetic(length, seed)
        roots.append({"length": length, "seed": f"{seed:016x}", "bulkRoot": bulk_root(corpus).hex(),
                      "corpusRoot": corpus_root(corpus).hex(), "corpusRootDisplayed": corpus_root(corpus)[::-1].hex()})
    write("corpus-synthetic.json", {"grammar": blake2b(GRAMMAR.read_bytes()).hex(), "pieces": pieces, "roots": roots})


def windows_vector():
    cases = []
    for length, seed, context, windows in [(1 << 17, 7, 24, 3), (66600, 1, 24, 2), (16 << 20, 0, 64, 32)]:
        split = Split(synthetic(length, seed), context)
        work = keccak256(b"work seed %d" % length)
        cases.append({
            "length": length, "seed": f"{seed:016x}", "contextLength": context, "batchSize": windows,
            "trainingLength": split.training, "legalStarts": split.starts, "workSeed": work.hex(),
            "starts": [[split.start(work, i, j) for j in range(windows)] for i in (1, 2, 16)],
            "firstWindowOfStep2": split.window(split.start(work, 2, 0)).tolist(),
            "heldOutStarts": [split.held_out_start(j, windows) for j in range(windows)],
        })
    write("corpus-windows.json", cases)


# Relative path → contents in hexadecimal; null is an empty folder. `expected` is the order that Corpus.md asks for.
DIRECTORY = {
    "a.txt": b"first", "a/b.txt": b"second", "a/c/d.txt": b"", "a-b.txt": b"zero", "B.txt": b"upper",
    "x.txt/inner.txt": b"a folder may end in .txt", "deep/er/still/e.txt": b"\x02\x03\x00\xff" * 20000,
    "z.TXT": b"no", "z.text": b"no", ".hidden.txt": b"no", ".hidden/y.txt": b"no", "\u00e9.txt": b"\xc3\xa9\n", "txt": b"no", ".txt": b"no",
    "ab.txt": b"x" * 70000,
}


def directory_vector():
    with tempfile.TemporaryDirectory() as folder:
        for path, contents in DIRECTORY.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents)
        found = []
        for base, folders, files in os.walk(os.fsencode(folder)):
            folders[:] = [f for f in folders if not f.startswith(b".")]
            for name in files:
                if name.endswith(b".txt") and not name.startswith(b"."):
                    found.append(os.path.relpath(os.path.join(base, name), os.fsencode(folder)))
        found.sort()
        corpus = b"".join(b"\x02" + Path(os.fsdecode(os.path.join(os.fsencode(folder), p))).read_bytes() + b"\x03" for p in found)
    write("corpus-directory.json", {
        "files": {path: contents.hex() if len(contents) < 100 else {"repeat": contents[:4].hex(), "times": len(contents) // 4}
                  for path, contents in DIRECTORY.items()},
        "expected": [os.fsdecode(p) for p in found], "length": len(corpus), "pieces": (len(corpus) + PIECE - 1) // PIECE,
        "corpusRoot": corpus_root(corpus).hex(),
    })


if __name__ == "__main__":
    synthetic_vector()
    windows_vector()
    directory_vector()
