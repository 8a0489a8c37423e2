public import FlowEncoding

/// The work in a block or in a whole chain: the expected number of tickets, 2^256 / (target + 1).
public struct ChainWork: Hashable, Sendable {
    public let value: UInt256

    public static let zero = ChainWork(value: .zero)

    init(value: UInt256) {
        self.value = value
    }

    /// The work of one block, ⌊2^256 / (target + 1)⌋; zero for bits that are no target.
    init(of bits: CompactTarget) {
        guard let target = bits.target else {
            self = .zero
            return
        }
        // 2^256 does not fit; (2^256 − (t + 1)) / (t + 1) + 1 is the same number, and ~t = 2^256 − t − 1.
        let divisor = target.addingReportingOverflow(.one)
        guard !divisor.overflow, let division = (~target).quotientAndRemainder(dividingBy: divisor.partialValue) else {
            value = .one
            return
        }
        value = division.quotient.addingReportingOverflow(.one).partialValue
    }

    /// The sum, held at 2^256 − 1 instead of overflowing.
    public func adding(_ other: ChainWork) -> ChainWork {
        let sum = value.addingReportingOverflow(other.value)
        return ChainWork(value: sum.overflow ? .max : sum.partialValue)
    }
}

extension ChainWork: Comparable {
    public static func < (left: ChainWork, right: ChainWork) -> Bool { left.value < right.value }
}

extension ChainWork: CustomStringConvertible {
    /// 64 hexadecimal digits, the most significant first.
    public var description: String { value.description }
}

extension ChainWork: BinaryCodable {
    /// 32 bytes, little-endian.
    public func encode(to writer: inout ByteWriter) { writer.write(bytes: value.littleEndianBytes) }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        self.init(value: UInt256(littleEndianBytes: try reader.readBytes(32)) ?? .zero)
    }
}
