public import FlowCrypto
public import FlowEncoding

/// The name of one output of one transaction. 36 bytes: transaction id, then the index.
public struct OutPoint: Hashable, Sendable {
    public let txid: Hash256
    public let index: UInt32

    /// Names no output; stands in the only input of a coinbase.
    public static let null = OutPoint(txid: .zero, index: .max)

    public init(txid: Hash256, index: UInt32) {
        self.txid = txid
        self.index = index
    }

    public var isNull: Bool { self == .null }
}

extension OutPoint: BinaryCodable {
    public static let encodedLength = 36

    public func encode(to writer: inout ByteWriter) {
        txid.encode(to: &writer)
        writer.write(index)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        txid = try Hash256(from: &reader)
        index = try reader.readUInt32()
    }
}

extension OutPoint: CustomStringConvertible {
    /// The id as it prints (bytes reversed), a colon, the index.
    public var description: String { "\(txid.displayHex):\(index)" }
}
