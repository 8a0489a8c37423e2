/// A whole number of any size, zero or above: limbs of 32 bits, the least first, none of the last ones zero.
struct Natural: Hashable, Sendable {
    private(set) var limbs: [UInt32] = []

    init(_ value: UInt32) { limbs = value == 0 ? [] : [value] }
    private init(limbs: [UInt32]) {
        self.limbs = limbs
        trim()
    }

    /// From ASCII digits.
    init(digits: some Sequence<UInt8>) {
        for digit in digits { append(digit: UInt32(digit &- 48)) }
    }

    var isZero: Bool { limbs.isEmpty }

    private mutating func trim() { while limbs.last == 0 { limbs.removeLast() } }

    /// Ten times this and a digit.
    mutating func append(digit: UInt32) { multiply(by: 10, adding: digit) }

    private mutating func multiply(by factor: UInt32, adding: UInt32 = 0) {
        var carry = UInt64(adding)
        for index in limbs.indices {
            let sum = UInt64(limbs[index]) * UInt64(factor) + carry
            limbs[index] = UInt32(truncatingIfNeeded: sum)
            carry = sum >> 32
        }
        if carry > 0 { limbs.append(UInt32(carry)) }
    }

    /// 10^exponent; nothing below zero is asked for.
    static func powerOfTen(_ exponent: Int) -> Natural {
        var value = Natural(1)
        var left = exponent
        while left >= 9 {
            value.multiply(by: 1_000_000_000)
            left -= 9
        }
        while left > 0 {
            value.multiply(by: 10)
            left -= 1
        }
        return value
    }

    static func * (a: Natural, b: Natural) -> Natural {
        guard !a.isZero, !b.isZero else { return Natural(0) }
        var result = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
        for i in a.limbs.indices {
            var carry: UInt64 = 0
            for j in b.limbs.indices {
                let sum = UInt64(a.limbs[i]) * UInt64(b.limbs[j]) + UInt64(result[i + j]) + carry
                result[i + j] = UInt32(truncatingIfNeeded: sum)
                carry = sum >> 32
            }
            result[i + b.limbs.count] = UInt32(carry)
        }
        return Natural(limbs: result)
    }

    static func + (a: Natural, b: Natural) -> Natural {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(a.limbs.count, b.limbs.count) {
            let sum = UInt64(a.limb(index)) + UInt64(b.limb(index)) + carry
            result.append(UInt32(truncatingIfNeeded: sum))
            carry = sum >> 32
        }
        if carry > 0 { result.append(UInt32(carry)) }
        return Natural(limbs: result)
    }

    private func limb(_ index: Int) -> UInt32 { index < limbs.count ? limbs[index] : 0 }

    /// The difference; zero where b is the larger.
    static func - (a: Natural, b: Natural) -> Natural {
        guard a > b else { return Natural(0) }
        var result: [UInt32] = []
        var borrow: Int64 = 0
        for index in a.limbs.indices {
            var difference = Int64(a.limbs[index]) - Int64(b.limb(index)) - borrow
            borrow = difference < 0 ? 1 : 0
            if difference < 0 { difference += 1 << 32 }
            result.append(UInt32(difference))
        }
        return Natural(limbs: result)
    }

    private var bitWidth: Int { limbs.isEmpty ? 0 : limbs.count * 32 - limbs[limbs.count - 1].leadingZeroBitCount }

    private mutating func shiftLeftOne(adding bit: UInt32) {
        var carry = bit
        for index in limbs.indices {
            let next = limbs[index] >> 31
            limbs[index] = limbs[index] << 1 | carry
            carry = next
        }
        if carry > 0 { limbs.append(carry) }
    }

    /// Quotient and remainder; division by zero gives zero and the number itself.
    func divided(by divisor: Natural) -> (quotient: Natural, remainder: Natural) {
        guard !divisor.isZero, self >= divisor else { return (Natural(0), self) }
        if divisor.limbs.count == 1 {
            var quotient = limbs
            var rest: UInt64 = 0
            for index in limbs.indices.reversed() {
                let part = rest << 32 | UInt64(limbs[index])
                quotient[index] = UInt32(part / UInt64(divisor.limbs[0]))
                rest = part % UInt64(divisor.limbs[0])
            }
            return (Natural(limbs: quotient), Natural(UInt32(rest)))
        }
        var quotient = [UInt32](repeating: 0, count: limbs.count)
        var rest = Natural(0)
        for bit in stride(from: bitWidth - 1, through: 0, by: -1) {
            rest.shiftLeftOne(adding: limbs[bit / 32] >> UInt32(bit % 32) & 1)
            if rest >= divisor {
                rest = rest - divisor
                quotient[bit / 32] |= 1 << UInt32(bit % 32)
            }
        }
        return (Natural(limbs: quotient), rest)
    }

    static func greatestCommonDivisor(_ a: Natural, _ b: Natural) -> Natural {
        var (a, b) = (a, b)
        while !b.isZero { (a, b) = (b, a.divided(by: b).remainder) }
        return a
    }

    /// An upper bound of the count of decimal digits, at most one too many.
    var digitCount: Int { Int(Double(bitWidth) * 0.30103) + 1 }

    /// Its value where it is small.
    var small: Int? { limbs.count == 0 ? 0 : limbs.count == 1 ? Int(limbs[0]) : nil }
}

extension Natural: Comparable {
    static func < (a: Natural, b: Natural) -> Bool {
        guard a.limbs.count == b.limbs.count else { return a.limbs.count < b.limbs.count }
        for index in a.limbs.indices.reversed() where a.limbs[index] != b.limbs[index] { return a.limbs[index] < b.limbs[index] }
        return false
    }
}
