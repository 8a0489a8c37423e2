/// Reads little-endian fields from bytes that nobody has checked yet.
///
/// Every read is bounded by the bytes that remain: whatever the input says, no read traps and none allocates more
/// than the input could fill. A failed read of a field leaves `offset` where the field began; a failed `readArray`
/// leaves it inside the array.
public struct ByteReader: Sendable {
    @usableFromInline let storage: ArraySlice<UInt8>
    /// Bytes read so far.
    public private(set) var offset: Int = 0

    /// A reader of all `bytes`.
    public init(_ bytes: [UInt8]) { storage = bytes[...] }
    /// A reader of a slice; offsets count from the slice's start.
    public init(_ bytes: ArraySlice<UInt8>) { storage = bytes }

    /// Bytes that are still to be read.
    public var remaining: Int { storage.count - offset }

    /// True when every byte has been read.
    public var isAtEnd: Bool { remaining == 0 }

    /// Throws `trailingBytes` unless every byte has been read.
    public func finish() throws(DecodingFault) {
        guard remaining == 0 else { throw .trailingBytes(remaining, offset: offset) }
    }

    // MARK: Integers

    private mutating func readInteger<T: FixedWidthInteger>(_: T.Type) throws(DecodingFault) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else {
            throw .endOfInput(needed: size, available: remaining, offset: offset)
        }
        let position = offset
        offset = position &+ size
        return storage.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: T.self)) }
    }

    /// One byte.
    public mutating func readUInt8() throws(DecodingFault) -> UInt8 { try readInteger(UInt8.self) }
    /// A 16-bit integer, least significant byte first.
    public mutating func readUInt16() throws(DecodingFault) -> UInt16 { try readInteger(UInt16.self) }
    /// A 32-bit integer, least significant byte first.
    public mutating func readUInt32() throws(DecodingFault) -> UInt32 { try readInteger(UInt32.self) }
    /// A 64-bit integer, least significant byte first.
    public mutating func readUInt64() throws(DecodingFault) -> UInt64 { try readInteger(UInt64.self) }
    /// A 32-bit integer in two's complement, least significant byte first.
    public mutating func readInt32() throws(DecodingFault) -> Int32 { try readInteger(Int32.self) }

    /// A 16-bit integer in network order, as ports are written.
    public mutating func readUInt16BigEndian() throws(DecodingFault) -> UInt16 {
        try readInteger(UInt16.self).byteSwapped
    }

    // MARK: Bytes

    /// The next `count` bytes, as a copy.
    public mutating func readBytes(_ count: Int) throws(DecodingFault) -> [UInt8] {
        Array(try readSlice(count))
    }

    /// The next `count` bytes, sharing the input's storage.
    public mutating func readSlice(_ count: Int) throws(DecodingFault) -> ArraySlice<UInt8> {
        guard count >= 0 else { throw .invalidValue("a length of \(count) bytes is below zero", offset: offset) }
        guard count <= remaining else {
            throw .endOfInput(needed: count, available: remaining, offset: offset)
        }
        let start = storage.startIndex + offset
        offset += count
        return storage[start..<start + count]
    }

    // MARK: Counts

    /// A CompactSize in its shortest form; longer forms of a value throw `nonCanonicalCompactSize`.
    public mutating func readCompactSize() throws(DecodingFault) -> UInt64 {
        let start = offset
        do throws(DecodingFault) {
            let first = try readUInt8()
            let value: UInt64
            let least: UInt64
            switch first {
            case 0xfd: (value, least) = (UInt64(try readUInt16()), 0xfd)
            case 0xfe: (value, least) = (UInt64(try readUInt32()), 0x1_0000)
            case 0xff: (value, least) = (try readUInt64(), 0x1_0000_0000)
            default: return UInt64(first)
            }
            guard value >= least else { throw DecodingFault.nonCanonicalCompactSize(value, offset: start) }
            return value
        } catch {
            offset = start
            throw error
        }
    }

    /// A CompactSize that counts elements of at least `minimumElementSize` bytes each, so that no list claims more
    /// elements than the remaining bytes can hold.
    public mutating func readCount(limit: UInt64 = .max, minimumElementSize: Int = 1) throws(DecodingFault) -> Int {
        let start = offset
        let count = try readCompactSize()
        guard count <= limit else {
            offset = start
            throw .countAboveLimit(count: count, limit: limit, offset: start)
        }
        let size = UInt64(max(1, minimumElementSize))
        guard count <= UInt64(remaining) / size else {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            let fault = DecodingFault.endOfInput(
                needed: overflow ? .max : Int(clamping: product), available: remaining, offset: offset)
            offset = start
            throw fault
        }
        return Int(count)
    }

    /// A CompactSize length of at most `limit`, then that many bytes.
    public mutating func readVarBytes(limit: Int) throws(DecodingFault) -> [UInt8] {
        try readBytes(try readCount(limit: UInt64(max(0, limit))))
    }

    /// A CompactSize count of at most `limit`, then that many elements of at least `minimumElementSize` bytes.
    @inlinable
    public mutating func readArray<Element: BinaryDecodable>(
        limit: UInt64 = .max, minimumElementSize: Int = 1
    ) throws(DecodingFault) -> [Element] {
        let count = try readCount(limit: limit, minimumElementSize: minimumElementSize)
        var elements: [Element] = []
        // An element in memory may be far larger than on the wire, so the reservation grows with what is read.
        elements.reserveCapacity(Swift.min(count, 4096))
        for _ in 0..<count { elements.append(try Element(from: &self)) }
        return elements
    }
}
