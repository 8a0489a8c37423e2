import FlowCrypto
public import FlowEncoding

/// A target in Bitcoin's compact form: one byte of length, three bytes of mantissa.
///
/// A block's hash, read as a little-endian number, must not exceed the target. The compact form can also express
/// negative and too large numbers; `target` is nil for them and for zero.
public struct CompactTarget: Hashable, Sendable {
    /// The 32 bits as they stand in the header.
    public let bits: UInt32

    public init(bits: UInt32) {
        self.bits = bits
    }

    /// The shortest compact form of a target; low bits beyond the mantissa are cut off.
    public init(_ target: UInt256) {
        var size = (target.significantBits + 7) / 8
        var mantissa: UInt32
        if size <= 3 {
            mantissa = UInt32(truncatingIfNeeded: target.lowWord << UInt64(8 * (3 - size)))
        } else {
            mantissa = UInt32(truncatingIfNeeded: target.shiftedRight(by: 8 * (size - 3)).lowWord)
        }
        // The highest bit of the mantissa is the sign: move it into a longer form.
        if mantissa & 0x0080_0000 != 0 {
            mantissa >>= 8
            size += 1
        }
        bits = mantissa | UInt32(size) << 24
    }

    private var size: Int { Int(bits >> 24) }
    private var word: UInt32 {
        let word = bits & 0x007f_ffff
        return size < 3 ? word >> UInt32(8 * (3 - size)) : word
    }

    /// True when the sign bit is set on a number other than zero.
    var isNegative: Bool { word != 0 && bits & 0x0080_0000 != 0 }

    /// True when the number does not fit into 256 bits.
    var isOverflow: Bool {
        word != 0 && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32))
    }

    /// The number that the form stands for without its sign, whether it is a valid target or not.
    public var magnitude: UInt256 {
        size <= 3 ? UInt256(UInt64(word)) : UInt256(UInt64(word)).shiftedLeft(by: 8 * (size - 3))
    }

    /// The target, or nil when it would be zero, negative or larger than 256 bits.
    public var target: UInt256? {
        guard !isNegative, !isOverflow else { return nil }
        let value = magnitude
        return value.isZero ? nil : value
    }

    /// True when a block with this hash has enough work: the hash as a number is at most the target.
    func isMet(by hash: Hash256) -> Bool {
        guard let target else { return false }
        return UInt256(hash) <= target
    }
}

extension CompactTarget: CustomStringConvertible {
    /// Eight hexadecimal digits, such as `1d00ffff`.
    public var description: String {
        let text = String(bits, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}

extension CompactTarget: BinaryCodable {
    public func encode(to writer: inout ByteWriter) { writer.write(bits) }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        self.init(bits: try reader.readUInt32())
    }
}
