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

    private static let scratch = ScratchPool<UInt8>()

    /// The leaf hashes in order.
    static func leaves(_ momentum: ModelState, pool: ThreadPool) -> [Hash256] {
        let count = momentum.count
        let leafCount = (count + leafElements - 1) / leafElements
        return [Hash256](unsafeUninitializedCapacity: leafCount) { leaves, initialised in
            if let target = leaves.baseAddress {
                // Each task writes its own eight leaves.
                pool.run((leafCount + 7) / 8) { task in
                    hash(momentum, task * 8..<min(task * 8 + 8, leafCount), into: target)
                }
            }
            initialised = leafCount
        }
    }

    /// The hashes of at most eight leaves of the state, in ascending order, each to its own place in `hashes`.
    static func hash(_ momentum: ModelState, _ leaves: some Collection<Int>, into hashes: UnsafeMutablePointer<Hash256>) {
        let length = 3 * leafElements / 8
        scratch.withScratch(leaves.count * length) { planes in
            var whole = 0
            for leaf in leaves {
                let first = leaf * leafElements
                let elements = min(leafElements, momentum.count - first)
                Canonical.digestPlanes(momentum.base + first, elements, into: planes + whole * length)
                if elements == leafElements {
                    whole += 1
                } else {
                    // The last leaf, which is shorter.
                    let bytes = UnsafeRawBufferPointer(start: planes + whole * length, count: 3 * ((elements + 7) / 8))
                    (hashes + leaf).initialize(to: BulkMerkleTree.leafHash(bytes))
                }
            }
            withUnsafeTemporaryAllocation(of: Hash256.self, capacity: 8) { together in
                guard let source = together.baseAddress else { return }
                BulkMerkleTree.leafHashes(planes, length: length, count: whole, into: source)
                for (place, leaf) in leaves.prefix(whole).enumerated() { (hashes + leaf).initialize(to: source[place]) }
            }
        }
    }
}
