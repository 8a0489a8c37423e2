/// A grammar of rules, ready to be followed: rules that can never end are left out, those that begin with themselves are refused.
final class RuleGrammar: Sendable {
    /// For each rule its alternatives that can be brought to an end.
    let rules: [[[RuleParser.Symbol]]]
    let isNullable: [Bool]
    let root: Int
    /// Items that one place may have; a grammar and a text that need more are not followed further.
    static let mostItems = 50_000

    init(_ text: String) throws(RuleError) {
        let parser = try RuleParser.parse(text)
        let nullable = Self.derivable(parser.rules) { _ in false }
        try Self.checkLeftRecursion(parser, nullable)
        let ends = Self.derivable(parser.rules) { !$0.ranges.isEmpty }
        rules = parser.rules.map { $0.filter { $0.allSatisfy { symbol in Self.rule(symbol).map { ends[$0] } ?? true } } }
        isNullable = nullable
        root = parser.names["root"] ?? 0
    }

    private static func rule(_ symbol: RuleParser.Symbol) -> Int? { if case .rule(let number) = symbol { number } else { nil } }

    /// The rules with an alternative all of whose symbols are derivable, where `isGiven` says which characters are.
    private static func derivable(_ rules: [[[RuleParser.Symbol]]], _ isGiven: (CharacterSet) -> Bool) -> [Bool] {
        var known = [Bool](repeating: false, count: rules.count)
        // For each alternative how many of its rules are not known yet; for each rule the alternatives that wait for it.
        var alternatives: [(rule: Int, left: Int)] = []
        var waiting = [[Int]](repeating: [], count: rules.count)
        var open: [Int] = []
        for (rule, list) in rules.enumerated() {
            for symbols in list where symbols.allSatisfy({ if case .characters(let set) = $0 { isGiven(set) } else { true } }) {
                let needed = symbols.compactMap { Self.rule($0) }
                for other in needed { waiting[other].append(alternatives.count) }
                if needed.isEmpty { open.append(rule) }
                alternatives.append((rule, needed.count))
            }
        }
        while let rule = open.popLast() {
            guard !known[rule] else { continue }
            known[rule] = true
            for alternative in waiting[rule] {
                alternatives[alternative].left -= 1
                if alternatives[alternative].left == 0 { open.append(alternatives[alternative].rule) }
            }
        }
        return known
    }

    private static func checkLeftRecursion(_ parser: RuleParser, _ nullable: [Bool]) throws(RuleError) {
        /// The rules that a rule can begin with.
        func first(_ rule: Int) -> [Int] {
            if let unit = parser.repetitions[rule] { return unit.compactMap { Self.rule($0) } }
            return parser.rules[rule].flatMap { symbols -> [Int] in
                var found: [Int] = []
                for symbol in symbols {
                    guard let rule = Self.rule(symbol) else { break }
                    found.append(rule)
                    if !nullable[rule] { break }
                }
                return found
            }
        }
        let names = Dictionary(parser.names.map { ($0.value, $0.key) }, uniquingKeysWith: { $1 })
        var marks = [UInt8](repeating: 0, count: parser.rules.count)
        for (loop, unit) in parser.repetitions.sorted(by: { $0.key < $1.key }) where nullable[loop] && unit.allSatisfy({ Self.rule($0).map { nullable[$0] } ?? false }) {
            throw RuleError(line: 0, reason: "left recursion: what may be empty is repeated without end")
        }
        for start in parser.rules.indices where marks[start] == 0 {
            var stack = [(start, first(start))]
            marks[start] = 1
            while let (rule, open) = stack.last {
                guard let next = open.last else {
                    marks[rule] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].1.removeLast()
                if marks[next] == 1 { throw RuleError(line: 0, reason: "left recursion: the rule \(names[next] ?? names[rule] ?? "of a group") begins with itself") }
                if marks[next] == 0 {
                    marks[next] = 1
                    stack.append((next, first(next)))
                }
            }
        }
    }
}
