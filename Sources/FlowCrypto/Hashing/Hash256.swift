public import FlowEncoding

/// A hash of 32 bytes, held inline.
///
/// As a number it is little-endian (byte 0 is the least significant), and it prints byte-reversed, as in Bitcoin.
public struct Hash256: Hashable, Sendable {
    // Each word's memory holds eight of the bytes in order.
    @usableFromInline var storage: (UInt64, UInt64, UInt64, UInt64)

    /// 32.
    public static let byteCount = 32
    /// 32 zero bytes.
    public static let zero = Hash256(littleEndianWords: (0, 0, 0, 0))

    /// The number's four 64-bit digits, least significant first.
    public init(littleEndianWords words: (UInt64, UInt64, UInt64, UInt64)) {
        storage = (words.0.littleEndian, words.1.littleEndian, words.2.littleEndian, words.3.littleEndian)
    }

    /// The number's four 64-bit digits, least significant first.
    public var littleEndianWords: (UInt64, UInt64, UInt64, UInt64) {
        (
            UInt64(littleEndian: storage.0), UInt64(littleEndian: storage.1),
            UInt64(littleEndian: storage.2), UInt64(littleEndian: storage.3)
        )
    }

    /// Exactly 32 bytes in memory order; nil for any other number of them.
    @inlinable
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        storage = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
    }

    /// Exactly 32 bytes in memory order; nil for any other number of them.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        self = .zero
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: bytes) }
    }

    /// The 32 bytes in memory order.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Calls `body` with the 32 bytes in memory order.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try Swift.withUnsafeBytes(of: storage, body)
    }

    /// Reads the printed form: 64 hex digits, last byte first.
    public init(displayHex: String) throws(HexError) {
        let reversed = try Hex.decode(displayHex)
        guard let hash = Hash256(bytes: reversed.reversed()) else {
            throw .wrongLength(expected: Self.byteCount, actual: reversed.count)
        }
        self = hash
    }

    /// The printed form: 64 hex digits, last byte first.
    public var displayHex: String { Hex.encode(Array(bytes.reversed())) }

    /// The 64 hex digits in memory order.
    public var hex: String { Hex.encode(bytes) }

    @inlinable
    public static func == (left: Hash256, right: Hash256) -> Bool { left.storage == right.storage }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(storage.0)
        hasher.combine(storage.1)
        hasher.combine(storage.2)
        hasher.combine(storage.3)
    }
}

extension Hash256: Comparable {
    /// Compares as little-endian numbers, the way a hash compares with a target.
    public static func < (left: Hash256, right: Hash256) -> Bool {
        let (l, r) = (left.littleEndianWords, right.littleEndianWords)
        return (l.3, l.2, l.1, l.0) < (r.3, r.2, r.1, r.0)
    }
}

extension Hash256: CustomStringConvertible {
    public var description: String { displayHex }
}

extension Hash256: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let offset = reader.offset
        guard let hash = Hash256(bytes: try reader.readSlice(Self.byteCount)) else {
            throw .invalidValue("a hash has \(Self.byteCount) bytes", offset: offset)
        }
        self = hash
    }

    public func encode(to writer: inout ByteWriter) {
        let words = littleEndianWords
        writer.write(words.0)
        writer.write(words.1)
        writer.write(words.2)
        writer.write(words.3)
    }
}

extension Hash256: Codable {
    /// Reads the printed form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try Hash256(displayHex: container.decode(String.self))
        } catch let error as HexError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Writes the printed form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(displayHex)
    }
}
