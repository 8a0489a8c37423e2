public import FlowCrypto

/// An unsigned 256-bit integer: targets, hashes seen as numbers, and chain work.
///
/// Arithmetic never traps: additions and subtractions report overflow, a division by zero returns nil.
public struct UInt256: Hashable, Sendable {
    /// Four 64-bit limbs, the least significant first.
    let limbs: (UInt64, UInt64, UInt64, UInt64)

    public static let zero = UInt256(0)
    public static let one = UInt256(1)
    public static let max = UInt256(limbs: (.max, .max, .max, .max))

    public init(_ value: UInt64) {
        limbs = (value, 0, 0, 0)
    }

    init(limbs: (UInt64, UInt64, UInt64, UInt64)) {
        self.limbs = limbs
    }

    /// The number whose little-endian bytes are given; exactly 32 of them, otherwise nil.
    init?(littleEndianBytes bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var position = 0
        for byte in bytes {
            let part = UInt64(byte) << UInt64((position % 8) * 8)
            switch position / 8 {
            case 0: words.0 |= part
            case 1: words.1 |= part
            case 2: words.2 |= part
            default: words.3 |= part
            }
            position += 1
        }
        limbs = words
    }

    /// A hash as a number: its bytes are little-endian.
    public init(_ hash: Hash256) {
        limbs = hash.littleEndianWords
    }

    /// 32 bytes, the least significant first.
    public var littleEndianBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for limb in [limbs.0, limbs.1, limbs.2, limbs.3] {
            for shift in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: limb >> UInt64(shift * 8)))
            }
        }
        return bytes
    }

    public static func == (left: UInt256, right: UInt256) -> Bool {
        left.limbs == right.limbs
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(limbs.0)
        hasher.combine(limbs.1)
        hasher.combine(limbs.2)
        hasher.combine(limbs.3)
    }

    public var isZero: Bool { limbs == (0, 0, 0, 0) }

    /// The number of bits up to the highest one that is set; 0 for zero.
    var significantBits: Int {
        if limbs.3 != 0 { return 256 - limbs.3.leadingZeroBitCount }
        if limbs.2 != 0 { return 192 - limbs.2.leadingZeroBitCount }
        if limbs.1 != 0 { return 128 - limbs.1.leadingZeroBitCount }
        return 64 - limbs.0.leadingZeroBitCount
    }

    /// The lowest 64 bits.
    var lowWord: UInt64 { limbs.0 }
}

extension UInt256: Comparable {
    public static func < (left: UInt256, right: UInt256) -> Bool {
        if left.limbs.3 != right.limbs.3 { return left.limbs.3 < right.limbs.3 }
        if left.limbs.2 != right.limbs.2 { return left.limbs.2 < right.limbs.2 }
        if left.limbs.1 != right.limbs.1 { return left.limbs.1 < right.limbs.1 }
        return left.limbs.0 < right.limbs.0
    }
}

extension UInt256: CustomStringConvertible {
    /// 64 hexadecimal digits, the most significant first.
    public var description: String {
        littleEndianBytes.reversed().map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }
}
