/// A regular expression as a tree.
indirect enum Pattern: Hashable, Sendable {
    enum Assertion: Hashable, Sendable { case start, end, wordBoundary, noWordBoundary }
    case characters(CharacterSet)
    case assertion(Assertion)
    case sequence([Pattern])
    case choice([Pattern])
    case repeated(Pattern, least: Int, most: Int?)
    case ahead(Pattern, isNegative: Bool)
}

/// Why a pattern is refused.
struct PatternError: Error {
    let reason: String
}

/// Reads regular expressions of ECMA-262 with the `u` flag, as JSON Schema uses them (core, section 6.4).
struct PatternParser {
    private let text: [UInt32]
    private var offset = 0
    private var depth = 0

    static func parse(_ text: [UInt32]) throws(PatternError) -> Pattern {
        var parser = PatternParser(text: text)
        let pattern = try parser.choice()
        guard parser.offset == text.count else { throw PatternError(reason: "an unmatched )") }
        return pattern
    }

    private init(text: [UInt32]) { self.text = text }

    private var next: UInt32? { offset < text.count ? text[offset] : nil }
    private static func code(_ character: Unicode.Scalar) -> UInt32 { character.value }
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == character.value else { return false }
        offset += 1
        return true
    }
    private mutating func take(_ word: String) -> Bool {
        let wanted = word.unicodeScalars.map(\.value)
        guard offset + wanted.count <= text.count, Array(text[offset..<offset + wanted.count]) == wanted else { return false }
        offset += wanted.count
        return true
    }

    private mutating func choice() throws(PatternError) -> Pattern {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw PatternError(reason: "groups nested deeper than 100") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> Pattern {
        var parts: [Pattern] = []
        while let character = next, character != Self.code("|"), character != Self.code(")") {
            var part = try atom()
            while let (least, most) = try quantifier() {
                if case .assertion = part { throw PatternError(reason: "a repeated assertion") }
                if case .ahead = part { throw PatternError(reason: "a repeated lookahead") }
                part = .repeated(part, least: least, most: most)
                if let character = next, [Self.code("*"), Self.code("+"), Self.code("?")].contains(character) {
                    throw PatternError(reason: "nothing to repeat")
                }
            }
            parts.append(part)
        }
        return .sequence(parts)
    }

    private mutating func quantifier() throws(PatternError) -> (Int, Int?)? {
        let bounds: (Int, Int?)
        if take("*") { bounds = (0, nil) } else if take("+") { bounds = (1, nil) } else if take("?") { bounds = (0, 1) } else {
            let start = offset
            guard take("{"), let least = number() else {
                offset = start
                return nil
            }
            var most: Int? = least
            if take(",") { most = number() }
            guard take("}") else {
                offset = start
                return nil
            }
            if let most, most < least { throw PatternError(reason: "a repetition whose bounds are out of order") }
            bounds = (least, most)
        }
        _ = take("?")
        return bounds
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let character = next, (48...57).contains(character) {
            value = min(1_000_000_000, (value ?? 0) * 10 + Int(character - 48))
            offset += 1
        }
        return value
    }

    private mutating func atom() throws(PatternError) -> Pattern {
        guard let character = next else { return .sequence([]) }
        if take("(") { return try group() }
        if take("[") { return .characters(try characterClass()) }
        if take("\\") { return try escape() }
        offset += 1
        switch Unicode.Scalar(character) {
        case ".": return .characters(CharacterSet.lineEnds.complement)
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "*", "+", "?": throw PatternError(reason: "nothing to repeat")
        default: return .characters(CharacterSet(character))
        }
    }

    private mutating func group() throws(PatternError) -> Pattern {
        var ahead: Bool?
        if take("?:") {
        } else if take("?=") { ahead = false } else if take("?!") { ahead = true } else if take("?<=") || take("?<!") {
            throw PatternError(reason: "a lookbehind")
        } else if take("?<") || take("?P<") {
            while let character = next, character != Self.code(">") { offset += 1; _ = character }
            guard take(">") else { throw PatternError(reason: "a group name without an end") }
        } else if next == Self.code("?") {
            throw PatternError(reason: "an unknown kind of group")
        }
        let inner = try choice()
        guard take(")") else { throw PatternError(reason: "a group without an end") }
        return ahead.map { .ahead(inner, isNegative: $0) } ?? inner
    }

    private mutating func escape() throws(PatternError) -> Pattern {
        if take("b") { return .assertion(.wordBoundary) }
        if take("B") { return .assertion(.noWordBoundary) }
        if let character = next, (49...57).contains(character) || character == Self.code("k") { throw PatternError(reason: "a backreference") }
        return .characters(try escapedSet())
    }

    /// After the backslash, in a class or out of it.
    private mutating func escapedSet() throws(PatternError) -> CharacterSet {
        guard let character = next, let scalar = Unicode.Scalar(character) else { throw PatternError(reason: "a backslash at the end") }
        offset += 1
        switch scalar {
        case "d": return .digits
        case "D": return .noDigits
        case "w": return .word
        case "W": return .noWord
        case "s": return .space
        case "S": return CharacterSet.space.complement
        case "p": return try property()
        case "P": return try property().complement
        case "n": return CharacterSet(0x0A)
        case "r": return CharacterSet(0x0D)
        case "t": return CharacterSet(0x09)
        case "v": return CharacterSet(0x0B)
        case "f": return CharacterSet(0x0C)
        case "0": return CharacterSet(0)
        case "c":
            guard let letter = next, (65...90).contains(letter) || (97...122).contains(letter) else { throw PatternError(reason: "\\c without a letter") }
            offset += 1
            return CharacterSet(letter & 31)
        case "x": return CharacterSet(try hex(count: 2))
        case "u": return CharacterSet(try unicodeEscape())
        case "a"..."z", "A"..."Z": throw PatternError(reason: "the unknown escape \\\(scalar)")
        default: return CharacterSet(character)
        }
    }

    private mutating func unicodeEscape() throws(PatternError) -> UInt32 {
        if take("{") {
            var value: UInt32 = 0
            while let digit = hexDigit() { value = min(value << 4 | digit, 0x110000) }
            guard take("}"), value <= CharacterSet.last else { throw PatternError(reason: "\\u{…} that is no character") }
            return value
        }
        let high = try hex(count: 4)
        let start = offset
        guard (0xD800..<0xDC00).contains(high), take("\\u") else { return high }
        let low = try hex(count: 4)
        guard (0xDC00..<0xE000).contains(low) else {
            offset = start
            return high
        }
        return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
    }

    private mutating func hexDigit() -> UInt32? {
        guard let character = next, let digit = Unicode.Scalar(character).flatMap({ Character($0).hexDigitValue }) else { return nil }
        offset += 1
        return UInt32(digit)
    }

    private mutating func hex(count: Int) throws(PatternError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = hexDigit() else { throw PatternError(reason: "an escape without its hex digits") }
            value = value << 4 | digit
        }
        return value
    }

    private mutating func property() throws(PatternError) -> CharacterSet {
        guard take("{") else { throw PatternError(reason: "\\p without a name") }
        var name = ""
        while let character = next, character != Self.code("}"), let scalar = Unicode.Scalar(character) {
            name.unicodeScalars.append(scalar)
            offset += 1
        }
        guard take("}") else { throw PatternError(reason: "\\p without an end") }
        for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        guard let categories = Self.categories[name] else { throw PatternError(reason: "the property \(name)") }
        return .matching { categories.contains($0.generalCategory) }
    }

    private static let categories: [String: [Unicode.GeneralCategory]] = {
        let letters: [Unicode.GeneralCategory] = [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]
        let numbers: [Unicode.GeneralCategory] = [.decimalNumber, .letterNumber, .otherNumber]
        let marks: [Unicode.GeneralCategory] = [.nonspacingMark, .spacingMark, .enclosingMark]
        let symbols: [Unicode.GeneralCategory] = [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol]
        let punctuation: [Unicode.GeneralCategory] = [
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation,
        ]
        return [
            "L": letters, "Letter": letters, "N": numbers, "Number": numbers, "M": marks, "Mark": marks, "S": symbols, "Symbol": symbols,
            "P": punctuation, "Punctuation": punctuation, "Lu": [.uppercaseLetter], "Ll": [.lowercaseLetter], "Lt": [.titlecaseLetter],
            "Lm": [.modifierLetter], "Lo": [.otherLetter], "Nd": [.decimalNumber], "Nl": [.letterNumber], "No": [.otherNumber],
            "Uppercase_Letter": [.uppercaseLetter], "Lowercase_Letter": [.lowercaseLetter], "Zs": [.spaceSeparator], "Sc": [.currencySymbol],
        ]
    }()

    private mutating func characterClass() throws(PatternError) -> CharacterSet {
        let isNegative = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let low = try classMember()
            if next == Self.code("-"), offset + 1 < text.count, text[offset + 1] != Self.code("]") {
                offset += 1
                let high = try classMember()
                guard let first = low.single, let last = high.single else { throw PatternError(reason: "a range of classes") }
                guard first <= last else { throw PatternError(reason: "a range out of order") }
                ranges.append(first...last)
            } else {
                ranges += low.ranges
            }
        }
        let set = CharacterSet(ranges)
        return isNegative ? set.complement : set
    }

    private mutating func classMember() throws(PatternError) -> CharacterSet {
        guard let character = next else { throw PatternError(reason: "a class without an end") }
        offset += 1
        guard character == Self.code("\\") else { return CharacterSet(character) }
        if take("b") { return CharacterSet(0x08) }
        if take("-") { return CharacterSet(0x2D) }
        return try escapedSet()
    }
}

extension CharacterSet {
    fileprivate var single: UInt32? { ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil }
}
