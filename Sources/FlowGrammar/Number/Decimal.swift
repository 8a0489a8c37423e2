/// A number as JSON writes it, exact: ± coefficient · 10^exponent, in its shortest form, so that equal numbers are equal values.
struct Decimal: Hashable, Sendable {
    let isNegative: Bool
    let coefficient: Natural
    let exponent: Int

    static let zero = Decimal(isNegative: false, coefficient: Natural(0), exponent: 0)
    static let one = Decimal(isNegative: false, coefficient: Natural(1), exponent: 0)

    /// Exponents beyond this are cut to it: nothing that a schema says lies there.
    static let largestExponent = 1_000_000

    init(isNegative: Bool, coefficient: Natural, exponent: Int) {
        var (coefficient, exponent) = (coefficient, exponent)
        while !coefficient.isZero {
            let (quotient, remainder) = coefficient.divided(by: Natural(10))
            guard remainder.isZero else { break }
            (coefficient, exponent) = (quotient, exponent + 1)
        }
        self.isNegative = isNegative && !coefficient.isZero
        self.coefficient = coefficient
        self.exponent = coefficient.isZero ? 0 : exponent
    }

    /// From the text of a JSON number that a parser has read.
    init(text: String) {
        var digits: [UInt8] = []
        var (fraction, exponent, sign, negative) = (0, 0, 1, false)
        var part = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): if part == 2 { sign = -1 } else { negative = true }
            case UInt8(ascii: "."): part = 1
            case UInt8(ascii: "e"), UInt8(ascii: "E"): part = 2
            case 48...57 where part == 2: exponent = min(Self.largestExponent, exponent * 10 + Int(byte - 48))
            case 48...57:
                digits.append(byte)
                if part == 1 { fraction += 1 }
            default: break
            }
        }
        while digits.count > 1, digits.last == 48 {
            digits.removeLast()
            fraction -= 1
        }
        self.init(isNegative: negative, coefficient: Natural(digits: digits), exponent: sign * exponent - fraction)
    }

    var isZero: Bool { coefficient.isZero }
    var magnitude: Decimal { Decimal(isNegative: false, coefficient: coefficient, exponent: exponent) }
    var negated: Decimal { Decimal(isNegative: !isNegative, coefficient: coefficient, exponent: exponent) }
    func scaled(_ power: Int) -> Decimal { Decimal(isNegative: isNegative, coefficient: coefficient, exponent: exponent + power) }

    /// The place of the first digit: 10^(place-1) ≤ value < 10^(place+1), roughly.
    var place: Int { coefficient.digitCount + exponent }

    /// Both coefficients at one exponent.
    private static func aligned(_ a: Decimal, _ b: Decimal) -> (Natural, Natural) {
        let low = min(a.exponent, b.exponent)
        return (a.coefficient * .powerOfTen(a.exponent - low), b.coefficient * .powerOfTen(b.exponent - low))
    }

    /// How often a positive divisor fits into a magnitude, and whether exactly.
    func quotient(by divisor: Decimal) -> (count: Natural, isExact: Bool) {
        let (a, b) = Self.aligned(self, divisor)
        let (quotient, remainder) = a.divided(by: b)
        return (quotient, remainder.isZero)
    }

    func isMultiple(of divisor: Decimal) -> Bool { isZero || quotient(by: divisor).isExact }

    /// The least positive number that is a multiple of both.
    static func leastCommonMultiple(_ a: Decimal, _ b: Decimal) -> Decimal {
        let low = min(a.exponent, b.exponent)
        let (x, y) = aligned(a, b)
        return Decimal(isNegative: false, coefficient: x.divided(by: .greatestCommonDivisor(x, y)).quotient * y, exponent: low)
    }

    static func * (a: Decimal, count: Natural) -> Decimal {
        Decimal(isNegative: a.isNegative, coefficient: a.coefficient * count, exponent: a.exponent)
    }
}

extension Decimal: Comparable {
    static func < (a: Decimal, b: Decimal) -> Bool {
        guard a.isNegative == b.isNegative else { return a.isNegative }
        return a.isNegative ? magnitudeIsLess(b, a) : magnitudeIsLess(a, b)
    }

    private static func magnitudeIsLess(_ a: Decimal, _ b: Decimal) -> Bool {
        if a.isZero || b.isZero { return a.isZero && !b.isZero }
        if a.place + 2 < b.place { return true }
        if b.place + 2 < a.place { return false }
        let (x, y) = aligned(a, b)
        return x < y
    }
}
