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
            leaves.initialize(repeating: .zero)
            // Each task writes its own eight leaves.
            pool.run((leafCount + 7) / 8) { task in
                hash(momentum, task * 8..<min(task * 8 + 8, leafCount), into: leaves)
            }
            initialised = leafCount
        }
    }

    /// The hashes of at most eight leaves of the state, in ascending order, each to its own place in `hashes`; `kept` gives the address of a whole leaf's planes
    /// where somebody has them.
    static func hash(
        _ momentum: ModelState, _ leaves: some RandomAccessCollection<Int>, into hashes: UnsafeMutableBufferPointer<Hash256>,
        kept: (Int) -> UnsafePointer<UInt8>? = { _ in nil }
    ) {
        let length = 3 * leafElements / 8
        func elements(_ leaf: Int) -> Int { min(leafElements, momentum.count - leaf * leafElements) }
        scratch.withScratch(8 * length) { planes in
            var next = planes
            func read(_ leaf: Int) -> UnsafePointer<UInt8> {
                if let planes = kept(leaf) { return planes }
                defer { next += length }
                Canonical.digestPlanes(momentum.base + leaf * leafElements, elements(leaf), into: next)
                return UnsafePointer(next)
            }
            var whole = leaves[...]
            // The last leaf may be shorter.
            if let last = leaves.last, elements(last) < leafElements {
                whole = leaves.dropLast()
                let bytes = UnsafeRawBufferPointer(start: read(last), count: 3 * ((elements(last) + 7) / 8))
                hashes[last] = BulkMerkleTree.leafHash(bytes)
            }
            hash(whole, into: hashes, planes: read)
        }
    }

    /// The hashes of at most eight whole leaves, each to its own place in `hashes`; `planes` gives the address of a leaf's.
    static func hash(
        _ leaves: some Collection<Int>, into hashes: UnsafeMutableBufferPointer<Hash256>, planes: (Int) -> UnsafePointer<UInt8>
    ) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>.self, capacity: 8) { messages in
            withUnsafeTemporaryAllocation(of: Hash256.self, capacity: 8) { results in
                guard let start = results.baseAddress else { return }
                for (place, leaf) in leaves.enumerated() { messages[place] = planes(leaf) }
                BulkMerkleTree.leafHashes(
                    UnsafeBufferPointer(rebasing: messages[..<leaves.count]), length: 3 * leafElements / 8, into: start)
                for (place, leaf) in leaves.enumerated() { hashes[leaf] = start[place] }
            }
        }
    }
}
