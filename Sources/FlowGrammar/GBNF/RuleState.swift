/// How far a text has come in a grammar of rules (Earley 1970; empty rules as Aycock and Horspool 2002).
struct RuleState: Sendable {
    private struct Item: Hashable {
        let rule: Int32
        let alternative: Int32
        var dot: Int32
        let origin: Int32
    }

    /// All items of one place in the text, with those that wait for a rule.
    private final class Place: Sendable {
        let items: [Item]
        let waiting: [Int32: [Item]]
        let isComplete: Bool

        init(items: [Item], waiting: [Int32: [Item]], isComplete: Bool) { (self.items, self.waiting, self.isComplete) = (items, waiting, isComplete) }
    }

    private let grammar: RuleGrammar
    private var places: [Place] = []
    /// Bytes of a character that is not whole yet.
    private var pending: (value: UInt32, left: Int, least: UInt32)?

    init(_ grammar: RuleGrammar) {
        self.grammar = grammar
        let start = grammar.rules[grammar.root].indices.map { Item(rule: Int32(grammar.root), alternative: Int32($0), dot: 0, origin: 0) }
        if let place = closed(start) { places = [place] }
    }

    var isComplete: Bool { pending == nil && places.last?.isComplete == true }

    func advanced(by byte: UInt8) -> RuleState? {
        guard !places.isEmpty else { return nil }
        var next = self
        if let (value, left, least) = pending {
            guard byte & 0xC0 == 0x80 else { return nil }
            let value = value << 6 | UInt32(byte & 0x3F)
            if left == 1 {
                next.pending = nil
                return value >= least && Unicode.Scalar(value) != nil ? next.moved(by: value) : nil
            }
            next.pending = (value, left - 1, least)
        } else {
            switch byte {
            case 0..<0x80: return moved(by: UInt32(byte))
            case 0xC2...0xDF: next.pending = (UInt32(byte & 0x1F), 1, 0x80)
            case 0xE0...0xEF: next.pending = (UInt32(byte & 0x0F), 2, 0x800)
            case 0xF0...0xF4: next.pending = (UInt32(byte & 0x07), 3, 0x10000)
            default: return nil
            }
        }
        return next.canFinishCharacter ? next : nil
    }

    private var canFinishCharacter: Bool {
        guard let (value, left, least) = pending, let place = places.last else { return false }
        let shift = UInt32(6 * left)
        let (low, high) = (max(value << shift, least), min(value << shift | (1 << shift - 1), CharacterSet.last))
        guard low <= high else { return false }
        return place.items.contains { item in
            guard case .characters(let set)? = symbol(item) else { return false }
            return set.ranges.contains { range in
                let (first, last) = (max(range.lowerBound, low), min(range.upperBound, high))
                return first <= last && !(first >= 0xD800 && last <= 0xDFFF)
            }
        }
    }

    private func symbol(_ item: Item) -> RuleParser.Symbol? {
        let symbols = grammar.rules[Int(item.rule)][Int(item.alternative)]
        return Int(item.dot) < symbols.count ? symbols[Int(item.dot)] : nil
    }

    private func moved(by character: UInt32) -> RuleState? {
        var next = self
        var kernel: [Item] = []
        for item in places.last?.items ?? [] {
            guard case .characters(let set)? = symbol(item), set.contains(character) else { continue }
            var moved = item
            moved.dot += 1
            kernel.append(moved)
        }
        guard !kernel.isEmpty, let place = closed(kernel) else { return nil }
        next.places.append(place)
        return next
    }

    /// Adds what is predicted and completed; nil where that is too much.
    private func closed(_ kernel: [Item]) -> Place? {
        let here = Int32(places.count)
        var items: [Item] = []
        var seen = Set<Item>()
        var waiting: [Int32: [Item]] = [:]
        var isComplete = false
        var index = 0
        func add(_ item: Item) { if seen.insert(item).inserted { items.append(item) } }
        for item in kernel { add(item) }
        while index < items.count {
            guard items.count < RuleGrammar.mostItems else { return nil }
            let item = items[index]
            index += 1
            switch symbol(item) {
            case .characters: break
            case .rule(let rule)?:
                waiting[Int32(rule), default: []].append(item)
                for alternative in grammar.rules[rule].indices { add(Item(rule: Int32(rule), alternative: Int32(alternative), dot: 0, origin: here)) }
                if grammar.isNullable[rule] {
                    var passed = item
                    passed.dot += 1
                    add(passed)
                }
            case nil:
                if item.rule == Int32(grammar.root), item.origin == 0 { isComplete = true }
                let waiters = item.origin == here ? waiting[item.rule] ?? [] : places[Int(item.origin)].waiting[item.rule] ?? []
                for waiter in waiters {
                    var completed = waiter
                    completed.dot += 1
                    add(completed)
                }
            }
        }
        // What is done is not asked again: only characters are.
        return Place(items: items.filter { if case .characters? = symbol($0) { true } else { false } }, waiting: waiting, isComplete: isComplete)
    }
}
