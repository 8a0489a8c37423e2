"""Prints the leaf hashes that KernelCheck+Training.swift expects of the CUDA kernels: BLAKE2b by hashlib over planes by NumPy."""
import hashlib

import numpy as np

LEAF = 131_072
index = np.arange(LEAF + 1_003, dtype=np.uint64)
bits = ((index * 2_654_435_761) ^ (index >> np.uint64(7))).astype(np.uint32)
momentum = bits.view(np.float32)
for first in range(0, len(bits), LEAF):
    part = slice(first, first + LEAF)
    planes = (momentum[part] > 0, momentum[part] < 0, bits[part] & 1 == 1)
    data = b"".join(np.packbits(plane, bitorder="little").tobytes() for plane in planes)
    words = np.frombuffer(hashlib.blake2b(b"\0" + data, digest_size=32).digest(), dtype="<u4")
    print(", ".join(f"0x{word:08X}" for word in words))
