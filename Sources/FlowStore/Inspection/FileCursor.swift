/// Reads LevelDB's integers from bytes that may be anything; nil where they end or make no number.
struct FileCursor {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64, position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    mutating func take(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(bytes.endIndex - position) else { return nil }
        let end = position + Int(count)
        defer { position = end }
        return bytes[position..<end]
    }

    /// Bytes with their length before them.
    mutating func prefixed() -> ArraySlice<UInt8>? {
        guard let count = varint() else { return nil }
        return take(count)
    }

    static func fixed32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
