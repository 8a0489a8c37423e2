@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct BulkMerkleTreeTests {
    struct File: Decodable {
        struct Length: Decodable { let length: Int, leaves: [String], root: String, proofs: [[String]] }
        struct Count: Decodable { let count: Int, root: String, proofs: [[String]] }
        let by_length: [Length], by_count: [Count]
    }

    let file: File
    init() throws { file = try Vectors.json("flow/bulk-merkle.json") }

    @Test func rootsOfBytes() throws {
        #expect(!file.by_length.isEmpty)
        for row in file.by_length {
            let data = (0..<row.length).map { UInt8(truncatingIfNeeded: $0 * 167 + ($0 >> 8) * 13 + ($0 >> 16) * 31 + row.length) }
            let leaves = data.withUnsafeBytes { BulkMerkleTree.leafHashes(of: $0) }
            #expect(leaves.map(\.hex) == row.leaves)
            #expect(BulkMerkleTree.leafCount(byteCount: row.length) == leaves.count)
            #expect(BulkMerkleTree.root(of: data).hex == row.root)
            try check(leaves: leaves, root: row.root, proofs: row.proofs)
            let tail = data.withUnsafeBytes { BulkMerkleTree.leafHashes(of: $0, range: 1..<99) }
            #expect(tail == Array(leaves.dropFirst()))
        }
    }

    /// Eight and four leaves at a time give what one at a time gives, around every length of BLAKE2b's blocks.
    @Test func severalAtATime() {
        for length in [0, 1, 2, 126, 127, 128, 129, 254, 255, 256, 257, 383, 4_096] {
            for count in [0, 1, 3, 4, 5, 7, 8, 9, 12, 21] {
                let data = (0..<length * count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 8 &* 13 &+ length) } + [0]
                var hashes = [Hash256](repeating: .zero, count: count)
                data.withUnsafeBytes { raw in
                    hashes.withUnsafeMutableBufferPointer { target in
                        guard let base = raw.baseAddress, let target = target.baseAddress else { return }
                        BulkMerkleTree.leafHashes(base, length: length, count: count, into: target)
                    }
                }
                let expected = (0..<count).map { BulkMerkleTree.leafHash(Array(data[$0 * length..<($0 + 1) * length])) }
                #expect(hashes == expected, "\(count) leaves of \(length) bytes")
            }
        }
    }

    @Test func everyCountUpTo33() throws {
        #expect(file.by_count.count == 34)
        for row in file.by_count {
            let leaves = (0..<row.count).map { BulkMerkleTree.leafHash([UInt8(row.count), UInt8($0)]) }
            try check(leaves: leaves, root: row.root, proofs: row.proofs)
        }
    }

    private func check(leaves: [Hash256], root rootHex: String, proofs: [[String]]) throws {
        let root = BulkMerkleTree.root(leaves: leaves)
        #expect(root.hex == rootHex)
        let count = leaves.count
        for (index, leaf) in leaves.enumerated() {
            let proof = BulkMerkleTree.proof(leaves: leaves, index: index)
            #expect(proof.map(\.hex) == proofs[index])
            func verify(
                _ leaf: Hash256, _ index: Int, _ count: Int, _ proof: [Hash256], _ root: Hash256
            ) -> Bool {
                BulkMerkleTree.verify(leaf: leaf, index: index, count: count, proof: proof, root: root)
            }
            #expect(verify(leaf, index, count, proof, root))
            #expect(!verify(root, index, count, proof, root) || count == 1)
            #expect(!verify(leaf, index, count, proof + [leaf], root))
            #expect(!verify(leaf, index, count, proof, leaf) || count == 1)
            #expect(!verify(leaf, count, count, proof, root))
            #expect(!verify(leaf, -1, count, proof, root))
            #expect(!verify(leaf, index, 0, proof, root))
            #expect(!verify(leaf, 0, .max, proof, root) || count == 0)
            if !proof.isEmpty {
                #expect(!verify(leaf, index, count, Array(proof.dropLast()), root))
                #expect(!verify(leaf, (index + 1) % count, count, proof, root))
                var changed = proof
                changed[proof.count - 1] = leaf
                #expect(changed == proof || !verify(leaf, index, count, changed, root))
            }
        }
    }

    @Test func emptyAndOutOfRange() {
        #expect(BulkMerkleTree.root(leaves: []) == .zero)
        #expect(BulkMerkleTree.root(of: []) == .zero)
        #expect(BulkMerkleTree.proof(leaves: [.zero], index: 1).isEmpty)
        #expect(BulkMerkleTree.proof(leaves: [.zero], index: -1).isEmpty)
    }

    /// A list whose last node is repeated has another root, unlike Bitcoin's (CVE-2012-2459).
    @Test func repetitionChangesTheRoot() {
        for count in 1..<20 {
            let leaves = (0..<count).map { BulkMerkleTree.leafHash([UInt8($0)]) }
            #expect(BulkMerkleTree.root(leaves: leaves) != BulkMerkleTree.root(leaves: leaves + [leaves[count - 1]]))
            #expect(BulkMerkleTree.root(leaves: leaves) != BulkMerkleTree.root(leaves: leaves + leaves))
        }
    }
}
