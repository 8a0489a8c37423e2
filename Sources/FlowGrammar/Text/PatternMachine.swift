/// A pattern as a machine with guesses (Thompson 1968), and its table by the construction of subsets.
struct PatternMachine {
    private enum Step {
        case split(Int, Int)
        case characters(CharacterSet, Int)
        case assertion(Pattern.Assertion, Int)
        case match
    }
    private enum Before: Int { case start, word, other }

    private var steps: [Step] = [.match]
    private let limit: Int

    /// The texts in which the pattern is found anywhere.
    static func table(_ pattern: Pattern, limits: GrammarLimits) throws(PatternError) -> TextTable {
        var machine = PatternMachine(limit: limits.patternSteps)
        let inner = try machine.build(pattern, before: 0)
        // Anything may stand before the match.
        let loop = machine.steps.count
        machine.steps.append(.split(inner, loop + 1))
        machine.steps.append(.characters(.all, loop))
        return try machine.subsets(start: loop, limits: limits)
    }

    private init(limit: Int) { self.limit = limit }

    private mutating func add(_ step: Step) throws(PatternError) -> Int {
        guard steps.count < limit else { throw PatternError(reason: "a pattern of more than \(limit) steps") }
        steps.append(step)
        return steps.count - 1
    }

    private mutating func build(_ pattern: Pattern, before next: Int) throws(PatternError) -> Int {
        switch pattern {
        case .characters(let set): return try add(.characters(set, next))
        case .assertion(let kind): return try add(.assertion(kind, next))
        case .ahead: throw PatternError(reason: "a lookahead that does not stand at the pattern's start after ^")
        case .sequence(let parts):
            var target = next
            for part in parts.reversed() { target = try build(part, before: target) }
            return target
        case .choice(let branches):
            var target: Int?
            for branch in branches.reversed() {
                let start = try build(branch, before: next)
                target = if let other = target { try add(.split(start, other)) } else { start }
            }
            return target ?? next
        case .repeated(let inner, let least, let most):
            var target = next
            if let most {
                for _ in 0..<max(0, most - least) { target = try add(.split(try build(inner, before: target), next)) }
            } else {
                let loop = try add(.split(next, next))
                steps[loop] = .split(try build(inner, before: loop), next)
                target = loop
            }
            for _ in 0..<least {
                let before = target
                target = try build(inner, before: before)
                guard target != before else { break }
            }
            return target
        }
    }

    /// What can be reached without a character, between what stands before and what comes (nil: the end).
    private func closure(_ kernel: [Int], _ before: Before, next: Before?) -> (steps: [Int], matches: Bool) {
        var seen = Set<Int>()
        var stack = kernel
        var matches = false
        while let index = stack.popLast() {
            guard seen.insert(index).inserted else { continue }
            switch steps[index] {
            case .split(let a, let b): stack += [a, b]
            case .characters: break
            case .match: matches = true
            case .assertion(let kind, let target):
                let boundary = (before == .word) != (next == .word)
                let holds = switch kind {
                case .start: before == .start
                case .end: next == nil
                case .wordBoundary: boundary
                case .noWordBoundary: !boundary
                }
                if holds { stack.append(target) }
            }
        }
        return (seen.sorted(), matches)
    }

    private struct Subset: Hashable {
        let kernel: [Int]
        let before: Int
    }

    private func subsets(start: Int, limits: GrammarLimits) throws(PatternError) -> TextTable {
        let usesWords = steps.contains { if case .assertion(.wordBoundary, _) = $0 { true } else if case .assertion(.noWordBoundary, _) = $0 { true } else { false } }
        let found = Subset(kernel: [0], before: -1)
        var numbers: [Subset: Int32] = [:]
        var order: [Subset] = []
        func number(_ subset: Subset) -> Int32 {
            if let known = numbers[subset] { return known }
            numbers[subset] = Int32(order.count)
            order.append(subset)
            return Int32(order.count - 1)
        }
        _ = number(Subset(kernel: [start], before: Before.start.rawValue))
        var table = TextTable()
        var index = 0
        var edges = 0
        while index < order.count {
            let subset = order[index]
            guard subset != found else {
                table.add(edges: [.init(last: CharacterSet.last, target: Int32(index))], accepts: true)
                index += 1
                continue
            }
            let before = Before(rawValue: subset.before) ?? .other
            let accepts = closure(subset.kernel, before, next: nil).matches
            var row: [TextTable.Edge] = []
            let other = closure(subset.kernel, before, next: .other)
            let word = usesWords ? closure(subset.kernel, before, next: .word) : other
            var cuts: Set<UInt32> = [CharacterSet.last]
            for set in sets(other.steps) + sets(word.steps) + (usesWords ? [.word] : []) {
                for range in set.ranges {
                    if range.lowerBound > 0 { cuts.insert(range.lowerBound - 1) }
                    cuts.insert(range.upperBound)
                }
            }
            for last in cuts.sorted() {
                let isWord = usesWords && CharacterSet.word.contains(last)
                let from = isWord ? word : other
                let target: Int32
                if from.matches {
                    target = number(found)
                } else {
                    let kernel = moved(from.steps, by: last)
                    target = number(Subset(kernel: kernel, before: (isWord ? Before.word : .other).rawValue))
                }
                if row.last?.target == target { row[row.count - 1].last = last } else { row.append(.init(last: last, target: target)) }
            }
            edges += row.count
            guard order.count <= limits.textStates, edges <= limits.textEdges else {
                throw PatternError(reason: "a pattern that needs more than \(limits.textStates) states or \(limits.textEdges) edges")
            }
            table.add(edges: row, accepts: accepts)
            index += 1
        }
        return table
    }

    private func sets(_ indices: [Int]) -> [CharacterSet] {
        indices.compactMap { if case .characters(let set, _) = steps[$0] { set } else { nil } }
    }

    private func moved(_ indices: [Int], by character: UInt32) -> [Int] {
        var targets = Set<Int>()
        for index in indices {
            if case .characters(let set, let target) = steps[index], set.contains(character) { targets.insert(target) }
        }
        return targets.sorted()
    }
}
