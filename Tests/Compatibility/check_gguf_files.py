#!/usr/bin/env python3
"""Exchanges whole files with PyPI's gguf: all value types, arrays, alignments, split files.

    pip install gguf numpy
    python3 Tests/Compatibility/check_gguf_files.py make out
    FLOW_COMPATIBILITY_FOLDER=out swift test --filter ReaderCompatibilityFiles
    python3 Tests/Compatibility/check_gguf_files.py check out

"make" writes files with PyPI's writer, and what PyPI's reader finds in them as JSON; the test compares FlowGGUF's
reading with that and writes files of its own. "check" reads those with PyPI's reader: metadata, shapes, types, and each
tensor's bytes against the same file's own decoding by gguf.quants; the parts of the split file together must hold what
the whole one holds.
"""
import json
import pathlib
import struct
import sys

import gguf
import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter

folder = pathlib.Path(sys.argv[2])
V = GGUFValueType
CODES = {V.UINT8: "B", V.INT8: "b", V.UINT16: "H", V.INT16: "h", V.UINT32: "I", V.INT32: "i", V.UINT64: "Q",
         V.INT64: "q", V.FLOAT32: "f", V.FLOAT64: "d"}
failures = 0


def check(ok, text):
    global failures
    failures += not ok
    print(("" if ok else "FAILED ") + text)


def scalar(kind, value):
    if kind == V.STRING:
        return "s" + value
    if kind == V.BOOL:
        return "true" if value else "false"
    if kind == V.FLOAT32:
        return f"f{struct.unpack('<I', struct.pack('<f', value))[0]}"
    if kind == V.FLOAT64:
        return f"d{struct.unpack('<Q', struct.pack('<d', value))[0]}"
    return str(int(value))


def text(field):
    """The value of a field, as the Swift side writes it."""
    if field.types[0] != V.ARRAY:
        return scalar(field.types[0], field.contents())
    kind = field.types[-1]
    values = field.contents() if len(field.data) else []
    return "[" + ",".join(scalar(kind, value) for value in values) + "]"


def values_of(reader):
    return {key: text(field) for key, field in reader.fields.items() if not key.startswith("GGUF.")}


# The value types' limits, alone and in arrays; Swift's ReaderCompatibilityFiles has the same list.
SCALARS = [("v.uint8", V.UINT8, 255), ("v.int8", V.INT8, -128), ("v.uint16", V.UINT16, 65535),
           ("v.int16", V.INT16, -32768), ("v.uint32", V.UINT32, 2**32 - 1), ("v.int32", V.INT32, -2**31),
           ("v.uint64", V.UINT64, 2**64 - 1), ("v.int64", V.INT64, -2**63), ("v.float32", V.FLOAT32, -1.25e-38),
           ("v.float64", V.FLOAT64, 3.141592653589793), ("v.true", V.BOOL, True), ("v.false", V.BOOL, False),
           ("v.string", V.STRING, "äöü \U0001F98A \n"), ("v.empty", V.STRING, "")]
ARRAYS = [("a.uint8", V.UINT8, [0, 1, 255]), ("a.int8", V.INT8, [-128, 0, 127]), ("a.uint16", V.UINT16, [0, 65535]),
          ("a.int16", V.INT16, [-32768, 32767]), ("a.uint32", V.UINT32, [0, 2**32 - 1]),
          ("a.int32", V.INT32, [-2**31, 2**31 - 1]), ("a.uint64", V.UINT64, [0, 2**64 - 1]),
          ("a.int64", V.INT64, [-2**63, 2**63 - 1]), ("a.float32", V.FLOAT32, [0.5, -2]),
          ("a.float64", V.FLOAT64, [1e300, -0.1]), ("a.bool", V.BOOL, [True, False, True]),
          ("a.string", V.STRING, ["", "a", "ß\U0001F98A"])]
Q = gguf.GGMLQuantizationType
DECODABLE = [Q.F32, Q.F16, Q.BF16, Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q4_K, Q.Q6_K]


def blocks(kind, count, rng):
    """Random blocks of a type: any bytes, with scales that are finite numbers."""
    length, size = gguf.GGML_QUANT_SIZES[kind]
    data = rng.integers(0, 256, (count // length, size), dtype=np.uint8)
    if kind == Q.F32:
        return rng.standard_normal(count).astype(np.float32)
    if kind == Q.F16:
        return rng.standard_normal(count).astype(np.float16)
    if kind == Q.BF16:
        return gguf.quants.quantize(rng.standard_normal(count).astype(np.float32), kind)
    scales = {Q.Q4_1: 2, Q.Q5_1: 2, Q.Q4_K: 2}.get(kind, 1)
    place = 208 if kind == Q.Q6_K else 0
    for index in range(scales):
        half = rng.uniform(-1, 1, count // length).astype(np.float16).view(np.uint8).reshape(-1, 2)
        data[:, place + 2 * index:place + 2 * index + 2] = half
    return data.reshape(-1)


def make():
    for name, alignment, split in [("plain", None, 0), ("aligned", 256, 0), ("split", None, 4)]:
        rng = np.random.default_rng(7)
        path = folder / f"theirs-{name}.gguf"
        for old in folder.glob(f"theirs-{name}*"):
            old.unlink()
        writer = GGUFWriter(path, "qwen3moe", split_max_tensors=split)
        if alignment:
            writer.add_custom_alignment(alignment)
        for key, kind, value in SCALARS:
            writer.add_key_value(key, value, kind)
        for key, kind, value in ARRAYS:
            writer.add_key_value(key, value, V.ARRAY, sub_type=kind)
        tensors = []
        for kind in DECODABLE:
            for shape in [[256], [3, 256], [2, 2, 512], [2, 2, 1, 256]]:
                data = blocks(kind, int(np.prod(shape)), rng)
                length, size = gguf.GGML_QUANT_SIZES[kind]
                if kind in (Q.F32, Q.F16):
                    data = data.reshape(shape)
                else:
                    data = data.view(np.uint8).reshape(shape[:-1] + [shape[-1] // length * size])
                label = f"t.{kind.name}.{len(shape)}"
                writer.add_tensor(label, data, raw_dtype=None if kind in (Q.F32, Q.F16) else kind)
                decoded = np.asarray(gguf.quants.dequantize(data, kind), dtype=np.float32).reshape(-1)
                tensors.append({"name": label, "type": kind.name, "dimensions": shape[::-1],
                                "bits": decoded.view(np.uint32).tolist()})
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        parts = sorted(folder.glob(f"theirs-{name}*.gguf"))
        first = GGUFReader(parts[0])
        expected = {"file": parts[0].name, "parts": len(parts), "values": values_of(first), "tensors": tensors}
        (folder / f"theirs-{name}.json").write_text(json.dumps(expected))
        print(f"wrote {parts[0].name}, {len(parts)} parts, {len(tensors)} tensors, {len(expected['values'])} keys")


def compare():
    expected = {key: scalar(kind, value) for key, kind, value in SCALARS}
    for key, kind, value in ARRAYS:
        expected[key] = "[" + ",".join(scalar(kind, each) for each in value) + "]"
    expected["general.architecture"] = "sqwen3moe"
    kinds = {key: [kind] for key, kind, _ in SCALARS} | {key: [V.ARRAY, kind] for key, kind, _ in ARRAYS}
    whole = {}
    for name, alignment in [("files-plain", 32), ("files-aligned", 128)]:
        reader = GGUFReader(folder / f"{name}.gguf")
        found = values_of(reader)
        found.pop("general.alignment", None)
        check(found == expected, f"{name}: {len(found)} keys have the values written")
        wrong = [key for key, kind in kinds.items() if reader.fields[key].types[:1] + reader.fields[key].types[-1:] != kind[:1] + kind[-1:]]
        check(not wrong, f"{name}: value types {wrong or 'as written'}")
        check(reader.alignment == alignment and all(t.data_offset % alignment == 0 for t in reader.tensors),
              f"{name}: alignment {reader.alignment}")
        tensors = {t.name: (t.tensor_type, list(t.shape), t.data.tobytes()) for t in reader.tensors}
        check(len(tensors) == 28, f"{name}: {len(tensors)} tensors")
        for label, (kind, shape, data) in tensors.items():
            decoded = gguf.quants.dequantize(np.frombuffer(data, np.uint8), kind) if kind not in (Q.F32, Q.F16) else 0
            if not np.isfinite(decoded).all():
                check(False, f"{name}: {label} is not finite")
        if whole:
            check(tensors == whole, f"{name}: the same tensors whatever the alignment")
        whole = tensors
    parts = sorted(folder.glob("files-split-*.gguf"))
    joined = {}
    for number, path in enumerate(parts):
        reader = GGUFReader(path)
        found = values_of(reader)
        split = [found.pop(f"split.{key}", None) for key in ("no", "count", "tensors.count")]
        types = [reader.fields[f"split.{key}"].types[0] for key in ("no", "count", "tensors.count")]
        check(split == [str(number), str(len(parts)), "28"] and types == [V.UINT16, V.UINT16, V.INT32]
              and path.name == f"files-split-{number + 1:05d}-of-{len(parts):05d}.gguf", f"{path.name}: {split}")
        check(found == (expected if number == 0 else {}), f"{path.name}: {len(found)} other keys")
        check(path.stat().st_size <= 12_000, f"{path.name}: {path.stat().st_size} bytes")
        joined |= {t.name: (t.tensor_type, list(t.shape), t.data.tobytes()) for t in reader.tensors}
    check(len(parts) > 3 and joined == whole, f"{len(parts)} parts together hold the whole file's tensors")
    read = folder / "ours-read.txt"
    check(read.exists() and read.read_text() == "3 files read\n", "FlowGGUF read the files that PyPI's writer made")


{"make": make, "check": compare}[sys.argv[1]]()
sys.exit(1 if failures else 0)
