/// Reads fields from a file's bytes; every length is compared with the bytes that are there before it is used.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var offset: UInt64 { UInt64(position) }
    var remaining: Int { bytes.count - position }

    func require(_ count: Int, _ field: @autoclosure () -> String) throws(GGUFError) {
        guard count <= remaining else {
            throw .truncated(field: field(), needed: UInt64(count), available: UInt64(remaining), offset: offset)
        }
    }

    mutating func read<T: FixedWidthInteger>(_ type: T.Type, _ field: @autoclosure () -> String) throws(GGUFError) -> T {
        try require(MemoryLayout<T>.size, field())
        defer { position += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    mutating func read<T: FixedWidthInteger>(_ field: @autoclosure () -> String) throws(GGUFError) -> T {
        try read(T.self, field())
    }

    mutating func readBytes(_ count: Int, _ field: @autoclosure () -> String) throws(GGUFError) -> UnsafeRawBufferPointer {
        try require(count, field())
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }

    /// A length followed by UTF-8 bytes, not copied.
    mutating func readText(
        limit: UInt64, isName: Bool, _ field: @autoclosure () -> String
    ) throws(GGUFError) -> UnsafeRawBufferPointer {
        let start = offset
        let length = try read(UInt64.self, "the length of \(field())")
        guard length <= UInt64(remaining) else {
            throw .truncated(field: field(), needed: length, available: UInt64(remaining), offset: offset)
        }
        guard length <= limit else {
            throw .limitExceeded(field: "the length of \(field())", value: length, limit: limit, offset: start)
        }
        let textOffset = offset
        let text = try readBytes(Int(length), field())
        if let bad = firstInvalidUTF8(text) { throw .invalidUTF8(field: field(), byte: bad, offset: textOffset) }
        if isName, text.contains(0) { throw .nulInName(field: field(), offset: textOffset) }
        return text
    }
}
