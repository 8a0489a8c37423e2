public import FlowCrypto
public import FlowEncoding

/// A block: the header, the digest of each of its training steps, and its transactions, the coinbase first.
///
/// Encoding: 160 bytes of header ‖ CompactSize, digests of 32 bytes ‖ CompactSize, transactions.
public struct Block: Hashable, Sendable {
    public var header: BlockHeader
    public var stepDigests: [Hash256]
    public var transactions: [Transaction]

    public init(header: BlockHeader, stepDigests: [Hash256], transactions: [Transaction]) {
        self.header = header
        self.stepDigests = stepDigests
        self.transactions = transactions
    }

    public var hash: Hash256 { header.hash }

    /// The root that the header must hold.
    public var computedMerkleRoot: Hash256 { BlockMerkle.root(transactions) }

    /// The length of the encoding in bytes.
    public var encodedLength: Int { encoded.count }

    /// What the block costs: its bytes and 64 for each output.
    public var cost: Int {
        transactions.reduce(encodedLength) { $0 + ConsensusLimits.outputCost * $1.outputs.count }
    }
}

extension Block: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        header.encode(to: &writer)
        writer.writeArray(stepDigests)
        writer.writeArray(transactions)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let limit = UInt64(ConsensusLimits.blockSize)
        header = try BlockHeader(from: &reader)
        stepDigests = try reader.readArray(limit: limit, minimumElementSize: 32)
        transactions = try reader.readArray(limit: limit, minimumElementSize: Transaction.minimumLength)
    }
}
