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

    /// A sum of all elements' bits, at the speed of memory: whether they are still the ones whose ``root(pool:)`` was computed, where nothing but a
    /// fault of this machine can have changed them. Somebody who chooses elements can keep it as it is.
    public func checksum(pool: ThreadPool = .single) -> UInt64 {
        withUnsafeBytes { bytes in
            let words = bytes.bindMemory(to: UInt32.self)
            let length = 1 << 16
            let partCount = (words.count + length - 1) / length
            let parts = [UInt64](unsafeUninitializedCapacity: partCount) { parts, initialised in
                // Each task writes its own part.
                nonisolated(unsafe) let target = parts
                nonisolated(unsafe) let source = words
                pool.run(partCount) { part in
                    var sum: UInt64 = 0
                    for word in UnsafeBufferPointer(rebasing: source[part * length..<min(part * length + length, source.count)]) {
                        sum &+= UInt64(word)
                    }
                    target.initializeElement(at: part, to: sum)
                }
                initialised = partCount
            }
            return parts.reduce(0) { $0 &* 0x9E37_79B9_7F4A_7C15 &+ $1 }
        }
    }
}
