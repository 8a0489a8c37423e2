public import FlowCrypto
public import FlowEncoding

/// Tells a peer where one's chain stands: the hashes of the tip, of the ten blocks below, then at doubling distances, the
/// genesis block last.
public struct BlockLocator: Hashable, Sendable {
    /// From the tip down.
    public let hashes: [Hash256]

    /// No message holds more hashes.
    public static let limit = 101

    public init(hashes: [Hash256]) {
        self.hashes = hashes
    }

    /// The locator of the chain with this tip; heights without a hash are passed over.
    init<Fault: Error>(
        tipHeight: BlockHeight, hashAt: (BlockHeight) throws(Fault) -> Hash256?
    ) throws(Fault) {
        var hashes: [Hash256] = []
        for height in Self.heights(from: tipHeight) {
            if let hash = try hashAt(height) { hashes.append(hash) }
        }
        self.hashes = hashes
    }

    /// The heights that a locator names, from the tip down: eleven one by one, then at distances 2, 4, 8 …, and 0.
    static func heights(from tip: BlockHeight) -> [BlockHeight] {
        var heights: [BlockHeight] = []
        var height = tip
        var step: BlockHeight = 1
        while height > 0 {
            heights.append(height)
            if heights.count > 10 { step = step &* 2 }
            guard step > 0, height > step else { break }
            height -= step
        }
        return heights + [0]
    }
}

extension BlockLocator: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        writer.writeArray(hashes)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        hashes = try reader.readArray(limit: UInt64(Self.limit), minimumElementSize: Hash256.byteCount)
    }
}
