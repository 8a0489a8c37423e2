public import FlowCrypto
public import FlowTensor

extension ModelState {
    /// The modelRoot of Training.md: the bulk Merkle root over the state's bytes.
    public func root(pool: ThreadPool = .single) -> Hash256 {
        withUnsafeBytes { bytes in
            let leafCount = BulkMerkleTree.leafCount(byteCount: bytes.count)
            let leaves = [Hash256](unsafeUninitializedCapacity: leafCount) { leaves, initialised in
                // Each task writes its own leaf.
                nonisolated(unsafe) let target = leaves
                nonisolated(unsafe) let source = bytes
                pool.run(leafCount) { leaf in
                    let first = leaf * BulkMerkleTree.leafLength
                    let end = min(first + BulkMerkleTree.leafLength, source.count)
                    target.initializeElement(
                        at: leaf, to: BulkMerkleTree.leafHash(UnsafeRawBufferPointer(rebasing: source[first..<end])))
                }
                initialised = leafCount
            }
            return BulkMerkleTree.root(leaves: leaves)
        }
    }
}
