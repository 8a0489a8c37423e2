/// Reads grammars as llama.cpp does (grammars/README.md there): rules, literals, classes, groups, repetitions, comments.
struct RuleParser {
    enum Symbol: Sendable {
        case characters(CharacterSet)
        case rule(Int)
    }

    /// For each rule its alternatives.
    private(set) var rules: [[[Symbol]]] = []
    private(set) var names: [String: Int] = [:]
    /// Rules that stand for a repetition without end, and what is repeated.
    private(set) var repetitions: [Int: [Symbol]] = [:]
    private var uses: [(rule: Int, name: String, line: Int)] = []
    private var defined: Set<Int> = []
    private let text: [UInt32]
    private var offset = 0
    private var line = 1
    private var depth = 0
    private var size = 0

    /// As llama.cpp.
    private static let mostRepetitions = 2_000
    private static let largestSize = 200_000

    static func parse(_ text: String) throws(RuleError) -> RuleParser {
        var parser = RuleParser(text: text.unicodeScalars.map(\.value))
        try parser.skip(lineEnds: true)
        while parser.next != nil { try parser.rule() }
        for use in parser.uses where !parser.defined.contains(use.rule) { throw RuleError(line: use.line, reason: "the rule \(use.name) is not defined") }
        guard let root = parser.names["root"], parser.defined.contains(root) else { throw RuleError(line: 0, reason: "no rule is named root") }
        return parser
    }

    private init(text: [UInt32]) { self.text = text }

    private func failure(_ reason: String) -> RuleError { RuleError(line: line, reason: reason) }
    private var next: UInt32? { offset < text.count ? text[offset] : nil }
    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar.value else { return false }
        offset += 1
        return true
    }

    /// Passes blanks and comments, and line ends where a rule cannot end.
    private mutating func skip(lineEnds: Bool) throws(RuleError) {
        while let character = next {
            switch character {
            case 0x20, 0x09: offset += 1
            case 0x23: while let inner = next, inner != 0x0A, inner != 0x0D { offset += 1; _ = inner }
            case 0x0A where lineEnds, 0x0D where lineEnds:
                if character == 0x0A { line += 1 }
                offset += 1
            default: return
            }
        }
    }

    private mutating func name() -> String? {
        var name = ""
        while let character = next, let scalar = Unicode.Scalar(character), scalar.isASCII,
            scalar.properties.isAlphabetic || (48...57).contains(character) || character == 0x2D
        {
            name.unicodeScalars.append(scalar)
            offset += 1
        }
        return name.isEmpty ? nil : name
    }

    private mutating func number(of name: String) -> Int {
        if let number = names[name] { return number }
        names[name] = rules.count
        rules.append([])
        return rules.count - 1
    }

    private mutating func newRule(_ alternatives: [[Symbol]]) -> Int {
        rules.append(alternatives)
        defined.insert(rules.count - 1)
        return rules.count - 1
    }

    private mutating func rule() throws(RuleError) {
        guard let name = name() else { throw failure("expected the name of a rule") }
        try skip(lineEnds: false)
        guard take(":"), take(":"), take("=") else { throw failure("expected ::= after \(name)") }
        try skip(lineEnds: true)
        let number = number(of: name)
        let alternatives = try alternatives(isNested: false)
        rules[number] = alternatives
        defined.insert(number)
        guard next == nil || next == 0x0A || next == 0x0D else { throw failure("expected the end of the line") }
        try skip(lineEnds: true)
    }

    private mutating func alternatives(isNested: Bool) throws(RuleError) -> [[Symbol]] {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw failure("groups nested deeper than 100") }
        var found = [try sequence(isNested: isNested)]
        while take("|") {
            try skip(lineEnds: true)
            found.append(try sequence(isNested: isNested))
        }
        return found
    }

    private mutating func sequence(isNested: Bool) throws(RuleError) -> [Symbol] {
        var symbols: [Symbol] = []
        while let character = next, let scalar = Unicode.Scalar(character) {
            var last: [Symbol]
            switch scalar {
            case "\"": last = try literal()
            case "[": last = try characterClass()
            case ".":
                offset += 1
                last = [.characters(.all)]
            case "(":
                offset += 1
                try skip(lineEnds: true)
                let inner = try alternatives(isNested: true)
                guard take(")") else { throw failure("expected )") }
                last = [.rule(newRule(inner))]
            default:
                let line = line
                guard let name = name() else { return symbols }
                let number = number(of: name)
                uses.append((number, name, line))
                last = [.rule(number)]
            }
            try skip(lineEnds: isNested)
            while let (least, most) = try quantifier() {
                last = try repeated(last, least, most)
                try skip(lineEnds: isNested)
            }
            symbols += last
            size += last.count
            guard size < Self.largestSize else { throw failure("more than \(Self.largestSize) symbols") }
        }
        return symbols
    }

    private mutating func quantifier() throws(RuleError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard take("{") else { return nil }
        try skip(lineEnds: false)
        guard let least = count() else { throw failure("expected a number after {") }
        try skip(lineEnds: false)
        var most: Int? = least
        if take(",") {
            try skip(lineEnds: false)
            most = count()
            try skip(lineEnds: false)
        }
        guard take("}") else { throw failure("expected }") }
        guard least <= Self.mostRepetitions, most ?? 0 <= Self.mostRepetitions else { throw failure("more than \(Self.mostRepetitions) repetitions") }
        if let most, most < least { throw failure("a repetition whose bounds are out of order") }
        return (least, most)
    }

    private mutating func count() -> Int? {
        var value: Int?
        while let character = next, (48...57).contains(character) {
            value = min(1_000_000, (value ?? 0) * 10 + Int(character - 48))
            offset += 1
        }
        return value
    }

    /// least · symbols, then a rule for the rest.
    private mutating func repeated(_ symbols: [Symbol], _ least: Int, _ most: Int?) throws(RuleError) -> [Symbol] {
        guard !symbols.isEmpty else { return [] }
        size += symbols.count * max(least, most ?? 0)
        guard size < Self.largestSize else { throw failure("more than \(Self.largestSize) symbols") }
        let unit = symbols.count == 1 ? symbols : [.rule(newRule([symbols]))]
        var result: [Symbol] = []
        for _ in 0..<least { result += unit }
        if let most {
            var rest: Int?
            for _ in 0..<(most - least) { rest = newRule([[], unit + (rest.map { [.rule($0)] } ?? [])]) }
            if let rest { result.append(.rule(rest)) }
        } else {
            let loop = rules.count
            _ = newRule([[], [.rule(loop)] + unit])
            repetitions[loop] = unit
            result.append(.rule(loop))
        }
        return result
    }

    private mutating func literal() throws(RuleError) -> [Symbol] {
        offset += 1
        var symbols: [Symbol] = []
        while !take("\"") { symbols.append(.characters(CharacterSet(try character()))) }
        return symbols
    }

    private mutating func characterClass() throws(RuleError) -> [Symbol] {
        offset += 1
        let isNegative = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let low = try character()
            if next == 0x2D, offset + 1 < text.count, text[offset + 1] != 0x5D {
                offset += 1
                let high = try character()
                guard low <= high else { throw failure("a range out of order") }
                ranges.append(low...high)
            } else {
                ranges.append(low...low)
            }
        }
        if ranges.isEmpty { return [] }
        let set = CharacterSet(ranges)
        return [.characters(isNegative ? set.complement : set)]
    }

    private mutating func character() throws(RuleError) -> UInt32 {
        guard let character = next else { throw failure("the text ends inside quotes or brackets") }
        offset += 1
        if character == 0x0A { line += 1 }
        guard character == 0x5C else { return character }
        guard let kind = next, let scalar = Unicode.Scalar(kind) else { throw failure("a backslash at the end") }
        offset += 1
        switch scalar {
        case "x": return try hex(2)
        case "u": return try hex(4)
        case "U": return try hex(8)
        case "t": return 0x09
        case "r": return 0x0D
        case "n": return 0x0A
        case "\\", "\"", "[", "]": return kind
        default: throw failure("the unknown escape \\\(scalar)")
        }
    }

    private mutating func hex(_ count: Int) throws(RuleError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let character = next, let digit = Unicode.Scalar(character).flatMap({ Character($0).hexDigitValue }) else {
                throw failure("expected \(count) hex digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        guard value <= CharacterSet.last else { throw failure("an escape above the last character") }
        return value
    }
}
