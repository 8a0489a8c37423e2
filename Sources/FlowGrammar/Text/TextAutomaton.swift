/// The texts of a table whose length in characters lies between two bounds of any size. The bounds are counted, not unrolled.
final class TextAutomaton: Sendable {
    let table: TextTable
    let least: Int
    let most: Int?
    /// For each count of further characters the states from which an end can be reached with just so many; from `cycle` on they repeat.
    private let reach: [[Bool]]
    private let cycle: Int
    /// Whether every text of any length is taken.
    let isFree: Bool

    static let free = TextAutomaton()

    private init() {
        (table, least, most, reach, cycle, isFree) = (.everything, 0, nil, [[true]], 0, true)
    }

    init(table: TextTable, least: Int, most: Int?, limits: GrammarLimits) throws(PatternError) {
        (self.table, self.least, self.most) = (table, least, most)
        isFree = least == 0 && most == nil && table.accepts.allSatisfy { $0 }
        var sets = [table.accepts]
        if least == 0, most == nil {
            // Any number of characters: one set, closed.
            var changed = true
            while changed {
                changed = false
                for state in table.rows.indices.reversed() where !sets[0][state] && table.rows[state].contains(where: { sets[0][Int($0.target)] }) {
                    sets[0][state] = true
                    changed = true
                }
            }
            (reach, cycle) = (sets, 0)
            return
        }
        let edges = table.rows.reduce(1) { $0 + $1.count }
        var known: [[Bool]: Int] = [table.accepts: 0]
        var start: Int?
        let wanted = most ?? Int.max
        while start == nil, sets.count <= wanted {
            guard sets.count * edges < limits.lengthWork else { throw PatternError(reason: "a pattern and bounds of length that together cost too much") }
            let last = sets[sets.count - 1]
            let next = table.rows.map { row in row.contains { last[Int($0.target)] } }
            if let first = known[next] { start = first } else {
                known[next] = sets.count
                sets.append(next)
            }
        }
        (reach, cycle) = (sets, start ?? 0)
    }

    /// Whether a text that is at this state after `length` characters can be ended.
    func isViable(_ state: Int32, length: Int) -> Bool {
        if isFree { return true }
        if least == 0, most == nil { return reach[0][Int(state)] }
        let low = max(0, least - length)
        let high = most.map { $0 - length } ?? Int.max
        guard high >= low else { return false }
        let period = reach.count - cycle
        let last = min(high, max(low, cycle) + period)
        for count in low...last {
            let index = count < reach.count ? count : cycle + (count - cycle) % period
            if reach[index][Int(state)] { return true }
        }
        return false
    }

    func isAccepted(_ state: Int32, length: Int) -> Bool {
        table.accepts[Int(state)] && length >= least && most.map { length <= $0 } ?? true
    }

    func accepts(_ text: [UInt32]) -> Bool { table.matches(text) && text.count >= least && most.map { text.count <= $0 } ?? true }

    /// How many texts go on from here, counted up to `limit`.
    func count(from state: Int32, length: Int, limit: Int) -> Int {
        var counts: [Int32: Int] = [state: 1]
        var (total, size) = (0, length)
        while total < limit, !counts.isEmpty {
            for (state, count) in counts where isAccepted(state, length: size) { total = min(limit, total + count) }
            if let most, size >= most { break }
            var next: [Int32: Int] = [:]
            for (state, count) in counts {
                var first: UInt32 = 0
                for edge in table.rows[Int(state)] {
                    if isViable(edge.target, length: size + 1) {
                        let (product, overflow) = count.multipliedReportingOverflow(by: Int(edge.last - first) + 1)
                        next[edge.target] = min(limit, (next[edge.target] ?? 0) + (overflow ? limit : min(limit, product)))
                    }
                    first = edge.last &+ 1
                }
            }
            counts = next
            size += 1
        }
        return total
    }

    /// All of its texts where there are at most `limit`.
    func members(limit: Int) -> [[UInt32]]? {
        guard count(from: 0, length: 0, limit: limit + 1) <= limit else { return nil }
        var found: [[UInt32]] = []
        var open: [(Int32, [UInt32])] = isViable(0, length: 0) ? [(0, [])] : []
        while let (state, text) = open.popLast() {
            if isAccepted(state, length: text.count) { found.append(text) }
            var first: UInt32 = 0
            for edge in table.rows[Int(state)] {
                if isViable(edge.target, length: text.count + 1) { for character in first...edge.last { open.append((edge.target, text + [character])) } }
                first = edge.last &+ 1
            }
        }
        return found
    }

    var isEmpty: Bool { !isViable(0, length: 0) }
}
