/// A set of code points, surrogates among them: sorted ranges that do not touch.
struct CharacterSet: Hashable, Sendable {
    static let last: UInt32 = 0x10FFFF
    private(set) var ranges: [ClosedRange<UInt32>]

    static let all = CharacterSet([0...last])

    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let top = merged.last, range.lowerBound <= top.upperBound + 1 {
                merged[merged.count - 1] = top.lowerBound...max(top.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    init(_ character: UInt32) { ranges = [character...character] }

    func union(_ other: CharacterSet) -> CharacterSet { CharacterSet(ranges + other.ranges) }

    var complement: CharacterSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.last { result.append(next...Self.last) }
        return CharacterSet(result)
    }

    func contains(_ character: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < character { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= character
    }
}

extension CharacterSet {
    /// `\d`, `\w`, `\s` as validators read them that know Unicode: decimal digits; letters, numbers and the underscore; white space.
    /// Characters that came after Unicode 12 are in neither of a class and its contrary: readers do not agree on them.
    static let digits = matching { isSettled($0) && $0.generalCategory == .decimalNumber }
    static let noDigits = matching { $0.generalCategory == .decimalNumber }.complement
    static let space = matching { $0.isWhitespace }.union(CharacterSet([0x1C...0x1F, 0xFEFF...0xFEFF]))
    static let word = matching { isSettled($0) && isWord($0.generalCategory) }.union(CharacterSet(0x5F))
    static let noWord = matching { isWord($0.generalCategory) }.union(CharacterSet(0x5F)).complement
    /// What `.` does not match (ECMA-262, LineTerminator).
    static let lineEnds = CharacterSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])

    private static func isSettled(_ properties: Unicode.Scalar.Properties) -> Bool { properties.age.map { $0.major <= 12 } ?? false }

    private static func isWord(_ category: Unicode.GeneralCategory) -> Bool {
        switch category {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }

    /// The characters with a property, found by asking all of them.
    static func matching(_ test: (Unicode.Scalar.Properties) -> Bool) -> CharacterSet {
        var ranges: [ClosedRange<UInt32>] = []
        var start: UInt32?
        for value in 0...last + 1 {
            let holds = value <= last && Unicode.Scalar(value).map { test($0.properties) } ?? false
            if holds, start == nil { start = value }
            if !holds, let first = start {
                ranges.append(first...(value - 1))
                start = nil
            }
        }
        return CharacterSet(ranges)
    }
}
