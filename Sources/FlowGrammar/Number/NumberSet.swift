/// The numbers that a schema allows: an interval, multiples of one number, and what is taken out of them.
struct NumberSet: Hashable, Sendable {
    struct Bound: Hashable, Sendable {
        var value: Decimal
        var isOpen: Bool
    }

    private(set) var lower: Bound?
    private(set) var upper: Bound?
    private(set) var multiple: Decimal?
    private(set) var notMultiples: [Decimal] = []
    private(set) var excluded: Set<Decimal> = []

    static let all = NumberSet()
    var isAll: Bool { self == Self.all }

    static func only(_ value: Decimal) -> NumberSet {
        var set = NumberSet()
        set.raise(to: value, isOpen: false)
        set.cut(at: value, isOpen: false)
        return set
    }

    mutating func raise(to value: Decimal, isOpen: Bool) {
        guard let old = lower, old.value > value || (old.value == value && old.isOpen) else { return lower = Bound(value: value, isOpen: isOpen) }
    }

    mutating func cut(at value: Decimal, isOpen: Bool) {
        guard let old = upper, old.value < value || (old.value == value && old.isOpen) else { return upper = Bound(value: value, isOpen: isOpen) }
    }

    mutating func keepMultiples(of value: Decimal) { multiple = multiple.map { .leastCommonMultiple($0, value) } ?? value }
    mutating func dropMultiples(of value: Decimal) { if !notMultiples.contains(value) { notMultiples.append(value) } }
    mutating func exclude(_ value: Decimal) { excluded.insert(value) }

    func contains(_ value: Decimal) -> Bool {
        if let lower, value < lower.value || (lower.isOpen && value == lower.value) { return false }
        if let upper, value > upper.value || (upper.isOpen && value == upper.value) { return false }
        if let multiple, !value.isMultiple(of: multiple) { return false }
        return !notMultiples.contains { value.isMultiple(of: $0) } && !excluded.contains(value)
    }

    var isEmpty: Bool { !contains(.zero) && side(negative: false).isEmpty && side(negative: true).isEmpty }

    /// The numbers of one sign, without zero, as magnitudes.
    func side(negative: Bool) -> MagnitudeSet {
        let low = negative ? upper.map { Bound(value: $0.value.negated, isOpen: $0.isOpen) } : lower
        let high = negative ? lower.map { Bound(value: $0.value.negated, isOpen: $0.isOpen) } : upper
        let floor = low.flatMap { $0.value.isNegative || $0.value.isZero ? nil : $0 } ?? Bound(value: .zero, isOpen: true)
        return MagnitudeSet(
            lower: floor, upper: high, multiple: multiple, notMultiples: notMultiples,
            excluded: excluded.filter { $0.isNegative == negative && !$0.isZero }.map(\.magnitude))
    }

    /// All of its numbers where they are at most `limit`; nil where there are more.
    func members(limit: Int) -> [Decimal]? {
        guard let positive = side(negative: false).members(limit: limit), let negative = side(negative: true).members(limit: limit) else { return nil }
        let all = (contains(.zero) ? [Decimal.zero] : []) + positive + negative.map(\.negated)
        return all.count <= limit ? all : nil
    }
}

/// Positive numbers: an interval, multiples, and what is taken out.
struct MagnitudeSet: Sendable {
    var lower: NumberSet.Bound
    var upper: NumberSet.Bound?
    let multiple: Decimal?
    let notMultiples: [Decimal]
    let excluded: [Decimal]

    private func isInside(_ value: Decimal) -> Bool {
        if value < lower.value || (lower.isOpen && value == lower.value) { return false }
        if let upper, value > upper.value || (upper.isOpen && value == upper.value) { return false }
        return true
    }

    func contains(_ value: Decimal) -> Bool {
        guard isInside(value) else { return false }
        if let multiple, !value.isMultiple(of: multiple) { return false }
        return !notMultiples.contains { value.isMultiple(of: $0) } && !excluded.contains(value)
    }

    /// Every multiple is a multiple of what is forbidden.
    private var isCovered: Bool { multiple.map { multiple in notMultiples.contains { multiple.isMultiple(of: $0) } } ?? false }

    var isEmpty: Bool {
        if isCovered { return true }
        guard let upper else { return false }
        guard let multiple else {
            if upper.value < lower.value || upper.value.isZero || upper.value.isNegative { return true }
            return upper.value == lower.value && !contains(upper.value)
        }
        return firstMultiple(multiple, upTo: upper.value) == nil
    }

    /// The first multiple that is a member. What is taken out are finitely many numbers and the multiples of some numbers, so few steps find one.
    private func firstMultiple(_ multiple: Decimal, upTo limit: Decimal) -> Decimal? {
        var count = lower.value.quotient(by: multiple).count
        for _ in 0..<10_000 {
            let value = multiple * count
            if value > limit { return nil }
            if !value.isZero, contains(value) { return value }
            count = count + Natural(1)
        }
        return nil
    }

    func members(limit: Int) -> [Decimal]? {
        if isEmpty { return [] }
        guard let upper else { return nil }
        guard let multiple else { return upper.value == lower.value ? [upper.value] : nil }
        var count = lower.value.quotient(by: multiple).count
        var found: [Decimal] = []
        for _ in 0..<(2 * limit + 2) {
            let value = multiple * count
            if value > upper.value { return found }
            if !value.isZero, contains(value) { found.append(value) }
            count = count + Natural(1)
        }
        return nil
    }

    /// Whether a member's decimal digits begin with these, at whatever place: D · 10^k ≤ member < (D + 1) · 10^k.
    func hasMember(beginningWith digits: Natural) -> Bool {
        guard !isEmpty else { return false }
        guard let upper else { return true }
        let floor = multiple.map { max($0, lower.value) } ?? lower.value
        if multiple == nil, lower.value.isZero { return true }
        let first = Decimal(isNegative: false, coefficient: digits, exponent: 0)
        let next = Decimal(isNegative: false, coefficient: digits + Natural(1), exponent: 0)
        var power = upper.value.place - first.place + 2
        while power >= floor.place - first.place - 3 {
            var window = self
            let low = first.scaled(power)
            let high = next.scaled(power)
            if low > window.lower.value { window.lower = .init(value: low, isOpen: false) }
            if high <= upper.value { window.upper = .init(value: high, isOpen: true) }
            if !window.isEmpty { return true }
            power -= 1
        }
        return false
    }

    /// Whether mantissa · 10^k is a member for an exponent that the text so far may still become.
    func hasMember(mantissa: Decimal, exponents: ExponentPrefix) -> Bool {
        guard !isEmpty else { return false }
        let floor = multiple.map { max($0, lower.value) } ?? lower.value
        let lowest = floor.isZero ? -(mantissa.place + 10 + (upper.map { $0.value.place.magnitude.asInt } ?? 0)) - steady : floor.place - mantissa.place - 3
        let highest = upper.map { $0.value.place - mantissa.place + 3 } ?? (steady + mantissa.exponent.magnitude.asInt + mantissa.place.magnitude.asInt)
        if floor.isZero, multiple == nil, exponents.reaches(below: lowest) { return true }
        if upper == nil, exponents.reaches(above: highest), contains(mantissa.scaled(highest)) { return true }
        guard lowest <= highest else { return false }
        for power in lowest...highest where exponents.contains(power) && contains(mantissa.scaled(power)) { return true }
        return false
    }

    /// Beyond this exponent nothing changes any more in what is a multiple or taken out.
    private var steady: Int {
        ([multiple, lower.value].compactMap { $0 } + notMultiples + excluded)
            .reduce(8) { max($0, $1.coefficient.digitCount * 4 + $1.exponent.magnitude.asInt + 8) }
    }

    /// Whether this number with this exponent, however large that is, is a member.
    func contains(mantissa: Decimal, exponent: Int) -> Bool {
        let reach = steady + mantissa.place.magnitude.asInt + mantissa.exponent.magnitude.asInt + (upper.map { $0.value.place.magnitude.asInt } ?? 0) + 8
        return contains(mantissa.scaled(min(max(exponent, -reach), reach)))
    }
}

extension UInt {
    fileprivate var asInt: Int { Int(clamping: self) }
}
