/// Which texts a string may still become.
enum TextMatcher: Sendable {
    /// The automaton's, without some.
    case automaton(TextAutomaton, without: [[UInt32]])
    /// One of these.
    case names([[UInt32]])

    /// Where a text is. `text` is kept only where it is needed.
    struct Position: Hashable, Sendable {
        var state: Int32 = 0
        var length = 0
        var text: [UInt32] = []
    }

    func advanced(_ position: Position, by character: UInt32, keepsText: Bool) -> Position? {
        var next = position
        next.length += 1
        if keepsText { next.text.append(character) }
        switch self {
        case .automaton(let automaton, let without):
            if !automaton.isFree { next.state = automaton.table.target(from: position.state, character) }
            return isViable(next, automaton, without) ? next : nil
        case .names(let names): return names.contains { $0.starts(with: next.text) } ? next : nil
        }
    }

    private func isViable(_ position: Position, _ automaton: TextAutomaton, _ without: [[UInt32]]) -> Bool {
        guard automaton.isViable(position.state, length: position.length) else { return false }
        let used = without.count { $0.starts(with: position.text) }
        return used == 0 || automaton.count(from: position.state, length: position.length, limit: used + 1) > used
    }

    /// Whether one of these characters can come next.
    func canAdvance(_ position: Position, by range: ClosedRange<UInt32>) -> Bool {
        switch self {
        case .automaton(let automaton, let without):
            if automaton.isFree, without.isEmpty { return true }
            var first: UInt32 = 0
            for edge in automaton.table.rows[Int(position.state)] {
                if edge.last >= range.lowerBound, first <= range.upperBound {
                    var next = position
                    (next.state, next.length) = (edge.target, position.length + 1)
                    if without.isEmpty {
                        if automaton.isViable(next.state, length: next.length) { return true }
                    } else if isAnyViable(next, max(first, range.lowerBound)...min(edge.last, range.upperBound), automaton, without) {
                        return true
                    }
                }
                guard edge.last < range.upperBound else { break }
                first = edge.last + 1
            }
            return false
        case .names(let names):
            return names.contains { $0.count > position.text.count && $0.starts(with: position.text) && range.contains($0[position.text.count]) }
        }
    }

    /// Of more characters than there are texts to avoid, one is free.
    private func isAnyViable(_ position: Position, _ range: ClosedRange<UInt32>, _ automaton: TextAutomaton, _ without: [[UInt32]]) -> Bool {
        for character in range.prefix(without.count + 1) {
            var next = position
            next.text.append(character)
            if isViable(next, automaton, without) { return true }
        }
        return false
    }

    func accepts(_ position: Position) -> Bool {
        switch self {
        case .automaton(let automaton, let without):
            automaton.isAccepted(position.state, length: position.length) && (without.isEmpty || !without.contains(position.text))
        case .names(let names): names.contains(position.text)
        }
    }

    var isEmpty: Bool {
        switch self {
        case .automaton(let automaton, let without): !isViable(Position(), automaton, without)
        case .names(let names): names.isEmpty
        }
    }

    /// Any text at all.
    var isFree: Bool { if case .automaton(let automaton, let without) = self { automaton.isFree && without.isEmpty } else { false } }
}
