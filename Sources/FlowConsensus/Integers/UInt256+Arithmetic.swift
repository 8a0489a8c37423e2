extension UInt256 {
    /// The sum modulo 2^256 and whether it overflowed.
    public func addingReportingOverflow(_ other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
        var carry = false
        let a = Self.add(limbs.0, other.limbs.0, &carry)
        let b = Self.add(limbs.1, other.limbs.1, &carry)
        let c = Self.add(limbs.2, other.limbs.2, &carry)
        let d = Self.add(limbs.3, other.limbs.3, &carry)
        return (UInt256(limbs: (a, b, c, d)), carry)
    }

    /// The difference modulo 2^256 and whether it went below zero.
    func subtractingReportingOverflow(_ other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
        var borrow = false
        let a = Self.subtract(limbs.0, other.limbs.0, &borrow)
        let b = Self.subtract(limbs.1, other.limbs.1, &borrow)
        let c = Self.subtract(limbs.2, other.limbs.2, &borrow)
        let d = Self.subtract(limbs.3, other.limbs.3, &borrow)
        return (UInt256(limbs: (a, b, c, d)), borrow)
    }

    static prefix func ~ (value: UInt256) -> UInt256 {
        UInt256(limbs: (~value.limbs.0, ~value.limbs.1, ~value.limbs.2, ~value.limbs.3))
    }

    /// The number moved up by `bits`; what leaves the 256 bits is lost. A count of 256 and above gives zero.
    func shiftedLeft(by bits: Int) -> UInt256 {
        guard bits > 0 else { return self }
        guard bits < 256 else { return .zero }
        let words = [limbs.0, limbs.1, limbs.2, limbs.3]
        var result: [UInt64] = [0, 0, 0, 0]
        let whole = bits / 64
        let part = UInt64(bits % 64)
        for index in whole..<4 {
            result[index] = words[index - whole] << part
            if part > 0, index > whole {
                result[index] |= words[index - whole - 1] >> (64 - part)
            }
        }
        return UInt256(limbs: (result[0], result[1], result[2], result[3]))
    }

    /// The number moved down by `bits`. A count of 256 and above gives zero.
    func shiftedRight(by bits: Int) -> UInt256 {
        guard bits > 0 else { return self }
        guard bits < 256 else { return .zero }
        let words = [limbs.0, limbs.1, limbs.2, limbs.3]
        var result: [UInt64] = [0, 0, 0, 0]
        let whole = bits / 64
        let part = UInt64(bits % 64)
        for index in 0..<(4 - whole) {
            result[index] = words[index + whole] >> part
            if part > 0, index + whole + 1 < 4 {
                result[index] |= words[index + whole + 1] << (64 - part)
            }
        }
        return UInt256(limbs: (result[0], result[1], result[2], result[3]))
    }

    /// The whole product with a 64-bit factor: 320 bits, so it never overflows.
    public func multipliedFullWidth(by factor: UInt64) -> UInt320 {
        let a = limbs.0.multipliedFullWidth(by: factor)
        let b = limbs.1.multipliedFullWidth(by: factor)
        let c = limbs.2.multipliedFullWidth(by: factor)
        let d = limbs.3.multipliedFullWidth(by: factor)
        var carry = false
        let second = Self.add(b.low, a.high, &carry)
        let third = Self.add(c.low, b.high, &carry)
        let fourth = Self.add(d.low, c.high, &carry)
        let fifth = Self.add(d.high, 0, &carry)
        return UInt320(limbs: (a.low, second, third, fourth, fifth))
    }

    /// Quotient and remainder, or nil when the divisor is zero.
    public func quotientAndRemainder(dividingBy divisor: UInt256) -> (quotient: UInt256, remainder: UInt256)? {
        guard !divisor.isZero else { return nil }
        var remainder = self
        var quotient: [UInt64] = [0, 0, 0, 0]
        var shift = significantBits - divisor.significantBits
        guard shift >= 0 else { return (.zero, self) }
        var shifted = divisor.shiftedLeft(by: shift)
        while shift >= 0 {
            let difference = remainder.subtractingReportingOverflow(shifted)
            if !difference.overflow {
                remainder = difference.partialValue
                quotient[shift / 64] |= 1 << UInt64(shift % 64)
            }
            shifted = shifted.shiftedRight(by: 1)
            shift -= 1
        }
        return (UInt256(limbs: (quotient[0], quotient[1], quotient[2], quotient[3])), remainder)
    }

    @inline(__always)
    static func add(_ left: UInt64, _ right: UInt64, _ carry: inout Bool) -> UInt64 {
        let first = left.addingReportingOverflow(right)
        let second = first.partialValue.addingReportingOverflow(carry ? 1 : 0)
        carry = first.overflow || second.overflow
        return second.partialValue
    }

    @inline(__always)
    static func subtract(_ left: UInt64, _ right: UInt64, _ borrow: inout Bool) -> UInt64 {
        let first = left.subtractingReportingOverflow(right)
        let second = first.partialValue.subtractingReportingOverflow(borrow ? 1 : 0)
        borrow = first.overflow || second.overflow
        return second.partialValue
    }
}
