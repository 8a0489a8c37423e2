extension PatternTexts {
    /// Reads a pattern; lookaheads at its very start become patterns of their own, and the repetition of one character becomes a length.
    init(_ text: [UInt32], limits: GrammarLimits) throws(PatternError) {
        let pattern = try PatternParser.parse(text)
        if let (set, least, most) = Self.run(pattern) {
            let body = Pattern.sequence([.assertion(.start), .repeated(.characters(set), least: 0, most: nil), .assertion(.end)])
            self.init(table: try PatternMachine.table(body, limits: limits), least: least, most: most)
            return
        }
        var tables: [TextTable] = []
        for (part, isNegative) in Self.parts(pattern) {
            let table = try PatternMachine.table(part, limits: limits)
            tables.append(isNegative ? table.complement : table)
        }
        self.init(table: try TextTable.intersection(tables, limits: limits))
    }

    /// `^[set]{least,most}$`, the form in which people write lengths.
    private static func run(_ pattern: Pattern) -> (CharacterSet, Int, Int?)? {
        guard case .sequence(let parts) = pattern, parts.count == 3, parts[0] == .assertion(.start), parts[2] == .assertion(.end),
            case .repeated(let inner, let least, let most) = parts[1], max(least, most ?? 0) > 16
        else { return nil }
        var body = inner
        while case .sequence(let inner) = body, inner.count == 1 { body = inner[0] }
        guard case .characters(let set) = body else { return nil }
        return (set, least, most)
    }

    private static func parts(_ pattern: Pattern) -> [(Pattern, isNegative: Bool)] {
        guard case .sequence(let parts) = pattern, parts.first == .assertion(.start) else { return [(pattern, false)] }
        var found: [(Pattern, isNegative: Bool)] = []
        var rest = parts.dropFirst()
        while case .ahead(let inner, let isNegative)? = rest.first {
            found.append((.sequence([.assertion(.start), inner]), isNegative))
            rest = rest.dropFirst()
        }
        return found + [(.sequence([.assertion(.start)] + rest), false)]
    }
}
