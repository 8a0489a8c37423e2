public import FlowEncoding

extension Ed25519 {
    /// The 64 bytes R ‖ S, of which nothing is known but their number.
    public struct Signature: Hashable, Sendable {
        /// 64.
        public static let byteCount = 64
        /// The encoded point R.
        let point: Hash256
        /// The scalar S, little-endian.
        let scalar: Hash256

        /// Exactly 64 bytes; nil for any other number of them.
        public init?(bytes: some Collection<UInt8>) {
            guard bytes.count == Self.byteCount,
                let point = Hash256(bytes: bytes.prefix(32)), let scalar = Hash256(bytes: bytes.dropFirst(32))
            else { return nil }
            self.init(point: point, scalar: scalar)
        }

        init(point: Hash256, scalar: Hash256) {
            self.point = point
            self.scalar = scalar
        }

        /// The 64 bytes R ‖ S.
        public var bytes: [UInt8] { point.bytes + scalar.bytes }
    }
}

extension Ed25519.Signature: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        self.init(point: try Hash256(from: &reader), scalar: try Hash256(from: &reader))
    }

    public func encode(to writer: inout ByteWriter) {
        point.encode(to: &writer)
        scalar.encode(to: &writer)
    }
}

extension Ed25519.Signature: CustomStringConvertible {
    /// 128 hex digits in the order of the bytes.
    public var description: String { Hex.encode(bytes) }
}
