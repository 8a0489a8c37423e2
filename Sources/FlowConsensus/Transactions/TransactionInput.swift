public import FlowEncoding

/// An input: which output it spends, and a sequence number that can hold a relative lock time (BIP-68).
public struct TransactionInput: Hashable, Sendable {
    public let outPoint: OutPoint
    public let sequence: UInt32

    /// The sequence that switches off both kinds of lock time for this input.
    public static let finalSequence: UInt32 = 0xffff_ffff

    public init(outPoint: OutPoint, sequence: UInt32 = TransactionInput.finalSequence) {
        self.outPoint = outPoint
        self.sequence = sequence
    }
}

extension TransactionInput: BinaryCodable {
    public static let encodedLength = 40

    public func encode(to writer: inout ByteWriter) {
        outPoint.encode(to: &writer)
        writer.write(sequence)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        outPoint = try OutPoint(from: &reader)
        sequence = try reader.readUInt32()
    }
}
