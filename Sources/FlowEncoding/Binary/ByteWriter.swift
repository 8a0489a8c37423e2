/// Writes little-endian fields, the counterpart of ``ByteReader``.
public struct ByteWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer.
    public init() {}

    /// - Parameter capacity: bytes to reserve, when the size is known beforehand.
    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    private mutating func writeInteger<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// One byte.
    public mutating func write(_ value: UInt8) { bytes.append(value) }
    /// 16 bits, least significant byte first.
    public mutating func write(_ value: UInt16) { writeInteger(value) }
    /// 32 bits, least significant byte first.
    public mutating func write(_ value: UInt32) { writeInteger(value) }
    /// 64 bits, least significant byte first.
    public mutating func write(_ value: UInt64) { writeInteger(value) }
    /// 32 bits in two's complement, least significant byte first.
    public mutating func write(_ value: Int32) { writeInteger(value) }
    /// 64 bits in two's complement, least significant byte first.
    public mutating func write(_ value: Int64) { writeInteger(value) }

    /// A 16-bit integer in network order, as ports are written.
    public mutating func writeBigEndian(_ value: UInt16) { writeInteger(value.byteSwapped) }

    /// The bytes as they are, without a length.
    public mutating func write(bytes newBytes: [UInt8]) { bytes.append(contentsOf: newBytes) }

    /// The bytes as they are, without a length.
    public mutating func write(bytes newBytes: some Sequence<UInt8>) { bytes.append(contentsOf: newBytes) }

    /// The shortest CompactSize of `value`: 1, 3, 5 or 9 bytes.
    public mutating func writeCompactSize(_ value: UInt64) {
        switch value {
        case ..<0xfd: write(UInt8(value))
        case ...0xffff: write(0xfd as UInt8); write(UInt16(value))
        case ...0xffff_ffff: write(0xfe as UInt8); write(UInt32(value))
        default: write(0xff as UInt8); write(value)
        }
    }

    /// The length as CompactSize, then the bytes.
    public mutating func writeVarBytes(_ newBytes: [UInt8]) {
        writeCompactSize(UInt64(newBytes.count))
        bytes.append(contentsOf: newBytes)
    }

    /// The count as CompactSize, then each element.
    public mutating func writeArray(_ elements: [some BinaryEncodable]) {
        writeCompactSize(UInt64(elements.count))
        for element in elements { element.encode(to: &self) }
    }
}
