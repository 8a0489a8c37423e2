public import FlowCrypto
public import FlowTensor

/// The digest of a momentum state: three bits of every element under one Merkle root (Training.md).
public enum MomentumDigest {
    /// Elements in one leaf; the last leaf holds what remains.
    public static let leafElements = 131_072

    /// The digest over all elements in canonical order.
    public static func digest(_ momentum: ModelState, pool: ThreadPool = .single) -> Hash256 {
        BulkMerkleTree.root(leaves: leaves(momentum, pool: pool))
    }

    /// The leaf hashes in order.
    static func leaves(_ momentum: ModelState, pool: ThreadPool) -> [Hash256] {
        let count = momentum.count
        let leafCount = (count + leafElements - 1) / leafElements
        return [Hash256](unsafeUninitializedCapacity: leafCount) { leaves, initialised in
            // Each task writes its own leaf.
            nonisolated(unsafe) let target = leaves
            pool.run(leafCount) { leaf in
                let first = leaf * leafElements
                let elements = min(leafElements, count - first)
                let bytes = 3 * ((elements + 7) / 8)
                withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { planes in
                    if let base = planes.baseAddress {
                        Canonical.digestPlanes(
                            momentum.base + first, elements, into: base.assumingMemoryBound(to: UInt8.self))
                    }
                    target.initializeElement(at: leaf, to: BulkMerkleTree.leafHash(UnsafeRawBufferPointer(planes)))
                }
            }
            initialised = leafCount
        }
    }
}
