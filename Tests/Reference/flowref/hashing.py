"""Documentation/Protocol/Hashing.md."""
import hashlib

from Crypto.Hash import keccak as _keccak


def keccak256(data: bytes) -> bytes:
    return _keccak.new(digest_bits=256, data=bytes(data)).digest()


def keccak256d(data: bytes) -> bytes:
    return keccak256(keccak256(data))


def blake2b(data: bytes) -> bytes:
    return hashlib.blake2b(bytes(data), digest_size=32).digest()


def bulk_root_of_leaves(leaves) -> bytes:
    """Root of already hashed leaves; 32 zero bytes for none."""
    if not leaves:
        return bytes(32)
    level = list(leaves)
    while len(level) > 1:
        pairs = [blake2b(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            pairs.append(level[-1])
        level = pairs
    return level[0]


def bulk_leaf(data: bytes) -> bytes:
    return blake2b(b"\x00" + bytes(data))


def bulk_root(data: bytes, leaf_length: int = 65536) -> bytes:
    view = memoryview(data)
    return bulk_root_of_leaves([bulk_leaf(view[i : i + leaf_length]) for i in range(0, len(view), leaf_length)])
