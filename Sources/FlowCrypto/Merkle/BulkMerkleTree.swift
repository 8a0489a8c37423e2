internal import CFlowHash

/// The tree over bulk data (weights, momentum planes, corpus): leaves of 64 KiB hashed as `blake2b(0x00 ‖ data)`,
/// inner nodes as `blake2b(0x01 ‖ left ‖ right)`. The last leaf holds what remains, unpadded.
public enum BulkMerkleTree {
    /// Bytes of each leaf but the last.
    public static let leafLength = 65_536

    /// How many leaves `byteCount` bytes have; zero bytes have none.
    public static func leafCount(byteCount: Int) -> Int {
        byteCount / leafLength + (byteCount % leafLength == 0 ? 0 : 1)
    }

    /// The hash of one leaf, normally of at most `leafLength` bytes.
    public static func leafHash(_ raw: UnsafeRawBufferPointer) -> Hash256 { BLAKE2b.hash256(prefix: 0, raw) }

    /// The hash of one leaf, normally of at most `leafLength` bytes.
    public static func leafHash(_ bytes: [UInt8]) -> Hash256 { bytes.withUnsafeBytes { leafHash($0) } }

    /// The hash of an inner node.
    static func innerHash(_ left: Hash256, _ right: Hash256) -> Hash256 {
        BLAKE2b.hash256(prefix: 1, left, right)
    }

    /// The hashes of `count` leaves of `length` bytes each that lie one behind the other; eight or four at a time, which processors do faster than one.
    public static func leafHashes(
        _ raw: UnsafeRawPointer, length: Int, count: Int, into hashes: UnsafeMutablePointer<Hash256>
    ) {
        let bytes = raw.assumingMemoryBound(to: UInt8.self)
        withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>.self, capacity: 8) { messages in
            for first in stride(from: 0, to: count, by: 8) {
                let together = min(count - first, 8)
                for i in 0..<together { messages[i] = bytes + (first + i) * length }
                leafHashes(UnsafeBufferPointer(rebasing: messages[..<together]), length: length, into: hashes + first)
            }
        }
    }

    /// The hashes of leaves of `length` bytes each, wherever they lie; eight or four at a time.
    public static func leafHashes(
        _ leaves: UnsafeBufferPointer<UnsafePointer<UInt8>>, length: Int, into hashes: UnsafeMutablePointer<Hash256>
    ) {
        guard let messages = leaves.baseAddress else { return }
        var leaf = 0
        while leaf < leaves.count {
            let together = leaves.count - leaf >= 8 ? 8 : leaves.count - leaf >= 4 ? 4 : 1
            // A hash is its 32 bytes in memory order.
            let target = UnsafeMutableRawPointer(hashes + leaf).assumingMemoryBound(to: UInt8.self)
            switch together {
            case 8: cflow_blake2b_eight(0, messages + leaf, length, target)
            case 4: cflow_blake2b_four(0, messages + leaf, length, target)
            default: (hashes + leaf).initialize(to: leafHash(UnsafeRawBufferPointer(start: messages[leaf], count: length)))
            }
            leaf += together
        }
    }

    /// The leaf hashes of `raw` in order, from leaf `range.lowerBound` on when a range is given, so that threads can
    /// share the work.
    public static func leafHashes(of raw: UnsafeRawBufferPointer, range: Range<Int>? = nil) -> [Hash256] {
        let all = 0..<leafCount(byteCount: raw.count)
        let wanted = range.map { $0.clamped(to: all) } ?? all
        guard let base = raw.baseAddress, !wanted.isEmpty else { return [] }
        return [Hash256](unsafeUninitializedCapacity: wanted.count) { hashes, initialised in
            if let target = hashes.baseAddress {
                let whole = max(0, min(wanted.upperBound, raw.count / leafLength) - wanted.lowerBound)
                leafHashes(base + wanted.lowerBound * leafLength, length: leafLength, count: whole, into: target)
                if whole < wanted.count {
                    let start = (wanted.lowerBound + whole) * leafLength
                    (target + whole).initialize(to: leafHash(UnsafeRawBufferPointer(rebasing: raw[start...])))
                }
            }
            initialised = wanted.count
        }
    }

    /// The root over leaf hashes; 32 zero bytes for none.
    public static func root(leaves: [Hash256]) -> Hash256 { Merkle.root(leaves, inner: innerHash) }

    /// The root over leaf hashes in memory, where inner nodes take their places.
    public static func root(reducing leaves: UnsafeMutableBufferPointer<Hash256>) -> Hash256 { Merkle.root(reducing: leaves, inner: innerHash) }

    /// The root over bytes.
    public static func root(of raw: UnsafeRawBufferPointer) -> Hash256 { root(leaves: leafHashes(of: raw)) }

    /// The root over bytes.
    public static func root(of bytes: [UInt8]) -> Hash256 { bytes.withUnsafeBytes { root(of: $0) } }

    /// The siblings of leaf `index` from the leaf up; empty when `index` is not in the list.
    public static func proof(leaves: [Hash256], index: Int) -> [Hash256] {
        Merkle.proof(leaves, index: index, inner: innerHash)
    }

    /// Whether `leaf` is the leaf `index` of `count` under `root`.
    public static func verify(leaf: Hash256, index: Int, count: Int, proof: [Hash256], root: Hash256) -> Bool {
        Merkle.verify(leaf: leaf, index: index, count: count, proof: proof, root: root, inner: innerHash)
    }
}
