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
        var nullable = [Bool](repeating: false, count: parser.rules.count)
        Self.close(&nullable) { known in parser.rules.indices.filter { rule in parser.rules[rule].contains { $0.allSatisfy { Self.rule($0).map { known[$0] } ?? false } } } }
        try Self.checkLeftRecursion(parser, nullable)
        var ends = [Bool](repeating: false, count: parser.rules.count)
        Self.close(&ends) { known in parser.rules.indices.filter { rule in parser.rules[rule].contains { Self.canEnd($0, known) } } }
        rules = parser.rules.map { $0.filter { Self.canEnd($0, ends) } }
        isNullable = nullable
        root = parser.names["root"] ?? 0
    }

    private static func rule(_ symbol: RuleParser.Symbol) -> Int? { if case .rule(let number) = symbol { number } else { nil } }

    private static func canEnd(_ symbols: [RuleParser.Symbol], _ ends: [Bool]) -> Bool {
        symbols.allSatisfy { symbol in
            switch symbol {
            case .characters(let set): !set.ranges.isEmpty
            case .rule(let rule): ends[rule]
            }
        }
    }

    /// Adds rules to a set until nothing is added.
    private static func close(_ known: inout [Bool], _ more: ([Bool]) -> [Int]) {
        while true {
            let found = more(known).filter { !known[$0] }
            if found.isEmpty { return }
            for rule in found { known[rule] = true }
        }
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
        for (loop, unit) in parser.repetitions.sorted(by: { $0.key < $1.key }) where unit.allSatisfy({ Self.rule($0).map { nullable[$0] } ?? false }) {
            _ = loop
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
