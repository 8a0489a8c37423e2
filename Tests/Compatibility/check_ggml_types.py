#!/usr/bin/env python3
"""Compares this project's tensor types with ggml's and with PyPI gguf's.

    pip install llama-cpp-python gguf numpy
    FLOW_COMPATIBILITY_FOLDER=out swift test --filter CodecCompatibilityFiles
    python3 Tests/Compatibility/check_ggml_types.py out

Checks the block sizes of all types, that encodings equal those of ggml's reference functions (a few per mille of the
K-type blocks may differ in a rounding, as ggml is compiled with fused multiply-add; then the error must be as small),
and that decoded values equal PyPI gguf's, bit for bit.
"""
import ctypes
import pathlib
import sys

import gguf
import llama_cpp
import numpy as np

folder = pathlib.Path(sys.argv[1])
library = pathlib.Path(llama_cpp.__file__).parent / "lib"
ggml = ctypes.CDLL(str(next(iter(sorted(library.glob("libggml-base.*"))))))
ggml.ggml_type_size.restype = ctypes.c_size_t
ggml.ggml_blck_size.restype = ctypes.c_int64
ggml.ggml_type_name.restype = ctypes.c_char_p
ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
ggml.ggml_quantize_chunk.argtypes = [
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
failures = 0


def check(ok, text):
    global failures
    failures += not ok
    print(("" if ok else "FAILED ") + text)


numbers = {}
for line in (folder / "codec-types.txt").read_text().splitlines():
    raw, name, length, size = line.split()
    raw, length, size = int(raw), int(length), int(size)
    numbers[name] = (raw, length, size)
    theirs = (ggml.ggml_type_name(raw).decode().upper(), ggml.ggml_blck_size(raw), ggml.ggml_type_size(raw))
    if theirs != (name.upper(), length, size):
        check(False, f"{name}: ours {length} in {size} bytes, ggml's {theirs}")
print(f"{len(numbers)} types have ggml's block sizes" if not failures else "block sizes differ")

values = np.fromfile(folder / "codec-input.f32", dtype=np.float32)
for path in sorted(folder.glob("codec-*.encoded")):
    name = path.stem.removeprefix("codec-")
    raw, length, size = numbers[name]
    ours = np.fromfile(path, dtype=np.uint8)
    decoded = np.fromfile(path.with_suffix(".decoded"), dtype=np.float32)
    kind = gguf.GGMLQuantizationType(raw)
    reference = gguf.quants.dequantize(ours, kind).reshape(-1) if raw != 0 else ours.view(np.float32)
    check(np.array_equal(reference.view(np.uint32), decoded.view(np.uint32)), f"{name}: decoded values equal PyPI gguf's")
    if raw == 0:
        continue
    theirs = np.zeros(ours.size, dtype=np.uint8)
    columns = 256
    ggml.ggml_quantize_chunk(raw, values.ctypes.data, theirs.ctypes.data, 0, values.size // columns, columns, None)
    same = (ours.reshape(-1, size) == theirs.reshape(-1, size)).all(axis=1).mean()
    mine = np.sqrt(np.mean((decoded - values) ** 2))
    other = np.sqrt(np.mean((gguf.quants.dequantize(theirs, kind).reshape(-1) - values) ** 2))
    exact = name in ("F16", "BF16", "Q8_0", "Q4_0")
    check(same == 1 if exact else same >= 0.95 and mine <= other * 1.0005,
          f"{name}: {same:.4%} of the blocks equal ggml's, error {mine:.6g} against {other:.6g}")
sys.exit(1 if failures else 0)
