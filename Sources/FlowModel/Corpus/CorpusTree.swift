public import FlowCrypto

/// The leaves and the root of a corpus: what a network's parameters name, and what proofs of single pieces are made from.
///
/// `corpusRoot = blake2b("flowcoin/corpus" ‖ u64 length ‖ bulk Merkle root of the pieces)`.
public struct CorpusTree: Sendable, Equatable {
    /// Bytes of a piece: 65,536.
    public static let pieceLength = 65_536

    /// Bytes of the corpus.
    public let length: UInt64
    /// One bulk-tree leaf hash for each piece, in order.
    public let leaves: [Hash256]
    /// `corpusRoot`.
    public let root: Hash256

    init(length: UInt64, leaves: [Hash256]) {
        self.length = length
        self.leaves = leaves
        root = Self.root(length: length, bulkRoot: BulkMerkleTree.root(leaves: leaves))
    }

    /// `corpusRoot` of a corpus of `length` bytes whose pieces have the bulk root `bulkRoot`.
    public static func root(length: UInt64, bulkRoot: Hash256) -> Hash256 {
        var message = Array("flowcoin/corpus".utf8)
        for shift in stride(from: UInt64(0), to: 64, by: 8) { message.append(UInt8(truncatingIfNeeded: length >> shift)) }
        message.append(contentsOf: bulkRoot.bytes)
        return BLAKE2b.hash256(message)
    }

    /// Throws ``CorpusError/mismatch(expectedRoot:expectedLength:actualRoot:actualLength:)`` unless this is the corpus named.
    public func require(root expectedRoot: Hash256, length expectedLength: UInt64) throws(CorpusError) {
        guard root == expectedRoot, length == expectedLength else {
            throw .mismatch(
                expectedRoot: expectedRoot, expectedLength: expectedLength, actualRoot: root, actualLength: length)
        }
    }
}

/// How far hashing has come.
public struct CorpusProgress: Sendable, Equatable {
    /// Bytes hashed so far.
    public let done: UInt64
    /// Bytes in all.
    public let total: UInt64

    /// 0 … 1.
    public var fraction: Double { total == 0 ? 1 : Double(done) / Double(total) }
}
