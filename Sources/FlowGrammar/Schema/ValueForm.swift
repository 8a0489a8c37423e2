/// One of the forms that a value of a goal may have.
enum ValueForm: Sendable {
    case null
    case bool(Bool)
    case number(NumberSet)
    case text(TextAutomaton)
    case array(ArrayForm)
    case object(ObjectForm)
}

/// Arrays: what each item has to be, how many, how many of them count as contained.
final class ArrayForm: Sendable {
    /// One way for an item; `counts` where it is one that `contains` counts.
    struct Option: Sendable {
        let goal: Int
        let counts: Bool
    }

    let prefix: [[Option]]
    let rest: [Option]
    let least: Int
    let most: Int?
    /// How many items have to count.
    let leastCounted: Int
    let mostCounted: Int?
    let isUnique: Bool
    /// How many different values there are for items that count and that do not, where items are unique and that is finite.
    let distinct: (counted: Int?, other: Int?)

    init(
        prefix: [[Option]], rest: [Option], least: Int, most: Int?, leastCounted: Int, mostCounted: Int?, isUnique: Bool,
        distinct: (counted: Int?, other: Int?) = (nil, nil)
    ) {
        (self.prefix, self.rest, self.least, self.most) = (prefix, rest, least, most)
        (self.leastCounted, self.mostCounted, self.isUnique, self.distinct) = (leastCounted, mostCounted, isUnique, distinct)
    }

    func options(at index: Int) -> [Option] { index < prefix.count ? prefix[index] : rest }

    func isComplete(count: Int, counted: Int) -> Bool {
        count >= least && most.map { count <= $0 } ?? true && counted >= leastCounted && mostCounted.map { counted <= $0 } ?? true
    }

    /// Whether the array can be ended from here, using items that are allowed.
    func isFeasible(count: Int, counted: Int, allowed: (Int) -> Bool) -> Bool {
        let ceiling = most ?? Int.max
        guard count <= ceiling, mostCounted.map({ counted <= $0 }) ?? true else { return false }
        // Items of the prefix one by one: between `low` and `high` of them count.
        var (low, high, index) = (counted, counted, count)
        let top = mostCounted ?? Int.max
        while index < prefix.count {
            if index >= least, high >= leastCounted, low <= top { return true }
            guard index < ceiling else { return false }
            let ways = prefix[index].filter { allowed($0.goal) }
            guard !ways.isEmpty else { return false }
            if ways.contains(where: \.counts) { high += 1 }
            if !ways.contains(where: { !$0.counts }) { low += 1 }
            index += 1
        }
        guard low <= top, high >= low else { return false }
        if index >= least, high >= leastCounted { return true }
        let countable = rest.contains { $0.counts && allowed($0.goal) }
        let other = rest.contains { !$0.counts && allowed($0.goal) }
        let countedLeft = countable ? distinct.counted.map { max(0, $0 - counted) } ?? Int.max : 0
        let otherLeft = other ? distinct.other.map { max(0, $0 - (count - counted)) } ?? Int.max : 0
        let needed = max(0, leastCounted - high)
        let more = max(least - index, needed)
        guard needed <= countedLeft, top == Int.max || needed <= top - low, more <= ceiling - index else { return false }
        // Besides the needed ones, items of either kind.
        let furtherCounted = min(countedLeft - needed, top == Int.max ? Int.max : top - low - needed)
        let left = more - needed
        return left <= otherLeft || left - otherLeft <= furtherCounted
    }
}

/// Objects: what the members have to be, which there must be, how many.
final class ObjectForm: Sendable {
    /// Members whose keys nobody named.
    struct Others: Sendable {
        let keys: TextAutomaton
        let goal: Int
    }

    /// The declared names, sorted, with the goals of their values.
    let names: [(name: [UInt32], goal: Int)]
    let goals: [[UInt32]: Int]
    let others: [Others]
    let required: Set<[UInt32]>
    let least: Int
    let most: Int?

    init(goals: [[UInt32]: Int], others: [Others], required: Set<[UInt32]>, least: Int, most: Int?) {
        self.goals = goals
        names = goals.map { ($0.key, $0.value) }.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        (self.others, self.required, self.least, self.most) = (others, required, least, most)
    }

    /// Whether an object can be written with members that are allowed.
    func isFeasible(allowed: (Int) -> Bool) -> Bool {
        guard required.count <= most ?? Int.max, least <= most ?? Int.max else { return false }
        guard required.allSatisfy({ goals[$0].map(allowed) ?? false }) else { return false }
        guard least > required.count else { return true }
        var available = goals.count { allowed($0.value) }
        for other in others where available < least && allowed(other.goal) { available += other.keys.count(from: 0, length: 0, limit: least - available) }
        return available >= least
    }

    var needsMembers: Bool { least > 0 || !required.isEmpty }
}
