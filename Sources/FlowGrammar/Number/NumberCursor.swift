/// The exponents that a text which ends after `e`, a sign or some digits may still come to have.
struct ExponentPrefix: Hashable, Sendable {
    /// nil before the sign is known.
    var isNegative: Bool?
    /// nil before the first digit.
    var value: Int?

    func contains(_ exponent: Int) -> Bool {
        if exponent != 0, let isNegative, isNegative != (exponent < 0) { return false }
        guard let value, value > 0 else { return true }
        var rest = Int(clamping: exponent.magnitude)
        while rest > value { rest /= 10 }
        return rest == value
    }

    func reaches(below: Int) -> Bool { isNegative != false }
    func reaches(above: Int) -> Bool { isNegative != true }
}

/// Where a text is inside a JSON number (RFC 8259, section 6).
struct NumberCursor: Hashable, Sendable {
    private enum Part: Hashable, Sendable { case start, minus, zero, whole, point, fraction, mark, exponentSign, exponent }
    private var part = Part.start
    private var isNegative = false
    private var digits = Natural(0)
    private var fractionDigits = 0
    private var exponent = ExponentPrefix()

    /// The place after one more byte, or nil where no number goes on so.
    func advanced(by byte: UInt8, in set: NumberSet) -> NumberCursor? {
        guard let next = stepped(by: byte) else { return nil }
        return set.isAll || next.isViable(in: set) ? next : nil
    }

    private func stepped(by byte: UInt8) -> NumberCursor? {
        var next = self
        switch (byte, part) {
        case (UInt8(ascii: "-"), .start): (next.isNegative, next.part) = (true, .minus)
        case (48, .start), (48, .minus): next.part = .zero
        case (49...57, .start), (49...57, .minus), (48...57, .whole):
            next.digits.append(digit: UInt32(byte - 48))
            next.part = .whole
        case (UInt8(ascii: "."), .zero), (UInt8(ascii: "."), .whole): next.part = .point
        case (48...57, .point), (48...57, .fraction):
            next.digits.append(digit: UInt32(byte - 48))
            next.fractionDigits += 1
            next.part = .fraction
        case (UInt8(ascii: "e"), .zero), (UInt8(ascii: "e"), .whole), (UInt8(ascii: "e"), .fraction),
            (UInt8(ascii: "E"), .zero), (UInt8(ascii: "E"), .whole), (UInt8(ascii: "E"), .fraction):
            next.part = .mark
        case (UInt8(ascii: "+"), .mark), (UInt8(ascii: "-"), .mark):
            next.exponent.isNegative = byte == UInt8(ascii: "-")
            next.part = .exponentSign
        case (48...57, .mark), (48...57, .exponentSign), (48...57, .exponent):
            if next.exponent.isNegative == nil { next.exponent.isNegative = false }
            next.exponent.value = min(Decimal.largestExponent, (exponent.value ?? 0) * 10 + Int(byte - 48))
            next.part = .exponent
        default: return nil
        }
        return next
    }

    private var mantissa: Decimal { Decimal(isNegative: false, coefficient: digits, exponent: -fractionDigits) }

    private func isViable(in set: NumberSet) -> Bool {
        let side = set.side(negative: isNegative)
        let inExponent = part == .mark || part == .exponentSign || part == .exponent
        guard !digits.isZero else {
            if set.contains(.zero) { return true }
            return !inExponent && !side.isEmpty
        }
        return inExponent ? side.hasMember(mantissa: mantissa, exponents: exponent) : side.hasMember(beginningWith: digits)
    }

    /// Whether the text so far is a whole number text whose value the set holds.
    func isComplete(in set: NumberSet) -> Bool {
        switch part {
        case .zero, .whole, .fraction, .exponent: break
        default: return false
        }
        if set.isAll { return true }
        if digits.isZero { return set.contains(.zero) }
        let power = (exponent.value ?? 0) * (exponent.isNegative == true ? -1 : 1)
        return set.side(negative: isNegative).contains(mantissa: mantissa, exponent: power)
    }
}
