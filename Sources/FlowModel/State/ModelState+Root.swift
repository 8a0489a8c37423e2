public import FlowCrypto
public import FlowTensor

extension ModelState {
    /// The modelRoot of Training.md: the bulk Merkle root over the state's bytes.
    public func root(pool: ThreadPool = .single) -> Hash256 {
        withUnsafeBytes { bytes in
            let leafCount = BulkMerkleTree.leafCount(byteCount: bytes.count)
            let leaves = [Hash256](unsafeUninitializedCapacity: leafCount) { leaves, initialised in
                // Each task writes its own leaves.
                nonisolated(unsafe) let target = leaves
                nonisolated(unsafe) let source = bytes
                pool.run((leafCount + 7) / 8) { task in
                    let hashes = BulkMerkleTree.leafHashes(of: source, range: task * 8..<min(task * 8 + 8, leafCount))
                    for (place, hash) in hashes.enumerated() { target.initializeElement(at: task * 8 + place, to: hash) }
                }
                initialised = leafCount
            }
            return BulkMerkleTree.root(leaves: leaves)
        }
    }
}
