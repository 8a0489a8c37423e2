public import FlowEncoding

/// An unspent output with what the rules need to know about its origin.
public struct Coin: Hashable, Sendable {
    public let output: TransactionOutput
    /// The height of the block that made it.
    public let height: BlockHeight
    public let isCoinbase: Bool

    public init(output: TransactionOutput, height: BlockHeight, isCoinbase: Bool) {
        self.output = output
        self.height = height
        self.isCoinbase = isCoinbase
    }

    /// True when a block at `spendingHeight` may spend it: no coinbase, or one with 100 blocks on top.
    func isMature(at spendingHeight: BlockHeight) -> Bool {
        guard isCoinbase else { return true }
        return UInt64(spendingHeight) >= UInt64(height) + UInt64(ConsensusLimits.coinbaseMaturity)
    }
}

extension Coin: BinaryCodable {
    /// Output, height, then one byte: 1 for a coinbase's output, otherwise 0.
    public func encode(to writer: inout ByteWriter) {
        output.encode(to: &writer)
        writer.write(height)
        writer.write(UInt8(isCoinbase ? 1 : 0))
    }

    static let minimumLength = TransactionOutput.minimumLength + 5

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        output = try TransactionOutput(from: &reader)
        height = try reader.readUInt32()
        let offset = reader.offset
        switch try reader.readUInt8() {
        case 0: isCoinbase = false
        case 1: isCoinbase = true
        case let other: throw .invalidValue("coin's coinbase mark is \(other), expected 0 or 1", offset: offset)
        }
    }
}
