public import FlowCrypto
public import FlowEncoding

/// Shows that transactions stand in a block: its header, and for each of them the way through the block's Merkle tree (`BlockMerkle`). That the header is part of a chain is
/// for the verifier to know; the proof says nothing of it.
public struct TransactionProof: Hashable, Sendable {
    /// One transaction's leaf and way to the root.
    public struct Entry: Hashable, Sendable {
        /// Its place in the block.
        let index: UInt32
        public let txid: Hash256
        let witnessHash: Hash256
        /// The nodes beside the way, from the leaf up; at most 32.
        let siblings: [Hash256]
    }

    public let header: BlockHeader
    /// How many transactions the block has, as the proof says.
    let transactionCount: UInt32
    public let entries: [Entry]

    /// A proof for those transactions of a block whose ids are asked for; nil where one of them is not in it.
    public init?(of txids: Set<Hash256>, in block: Block) {
        let leaves = block.transactions.map(\.merkleLeaf)
        var entries: [Entry] = []
        for (index, transaction) in block.transactions.enumerated() where txids.contains(transaction.txid) {
            entries.append(
                Entry(
                    index: UInt32(index), txid: transaction.txid, witnessHash: transaction.witnessHash,
                    siblings: Merkle.proof(leaves, index: index, inner: BlockMerkle.inner)))
        }
        guard entries.count == txids.count, let count = UInt32(exactly: leaves.count) else { return nil }
        (header, transactionCount, self.entries) = (block.header, count, entries)
    }

    /// Whether each way ends in the header's Merkle root.
    public var isValid: Bool {
        !entries.isEmpty && entries.allSatisfy { entry in
            Merkle.verify(
                leaf: BlockMerkle.leaf(txid: entry.txid, witnessHash: entry.witnessHash), index: Int(entry.index), count: Int(transactionCount),
                proof: entry.siblings, root: header.merkleRoot, inner: BlockMerkle.inner)
        }
    }
}

extension TransactionProof: BinaryCodable {
    /// Header, number of transactions (u32), then a counted list of: place (u32), txid, witness hash, counted siblings.
    public func encode(to writer: inout ByteWriter) {
        header.encode(to: &writer)
        writer.write(transactionCount)
        writer.writeArray(entries)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        header = try BlockHeader(from: &reader)
        transactionCount = try reader.readUInt32()
        entries = try reader.readArray(limit: UInt64(ConsensusLimits.blockSize), minimumElementSize: 69)
    }
}

extension TransactionProof.Entry: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        writer.write(index)
        txid.encode(to: &writer)
        witnessHash.encode(to: &writer)
        writer.writeArray(siblings)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        index = try reader.readUInt32()
        txid = try Hash256(from: &reader)
        witnessHash = try Hash256(from: &reader)
        siblings = try reader.readArray(limit: 32, minimumElementSize: Hash256.byteCount)
    }
}
