public import FlowCrypto
public import FlowEncoding

/// A thing that a node has or wants: what kind, and its hash.
public struct InventoryItem: Hashable, Sendable {
    /// What the hash names; unknown kinds are kept, and answered with `notfound`.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The hash is a transaction's txid.
        public static let transaction = Kind(rawValue: 1)
        /// The hash is a block's hash.
        public static let block = Kind(rawValue: 2)
        /// The hash is a modelRoot (only in `notfound`, as the answer to `getmodel`).
        public static let model = Kind(rawValue: 3)
        /// The hash is a corpusRoot (only in `notfound`, as the answer to `getcorpus`).
        public static let corpus = Kind(rawValue: 4)
    }

    static let encodedLength = 36

    public var kind: Kind
    public var hash: Hash256

    public init(_ kind: Kind, _ hash: Hash256) {
        self.kind = kind
        self.hash = hash
    }
}

extension InventoryItem: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        kind = Kind(rawValue: try reader.readUInt32())
        hash = try Hash256(from: &reader)
    }

    public func encode(to writer: inout ByteWriter) {
        writer.write(kind.rawValue)
        hash.encode(to: &writer)
    }
}
