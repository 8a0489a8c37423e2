/// A deterministic automaton over code points as a table; state 0 is its start, and every state knows all characters.
struct TextTable: Sendable {
    /// The characters after the edge before up to `last` lead to `target`.
    struct Edge: Sendable, Hashable {
        var last: UInt32
        var target: Int32
    }

    private(set) var rows: [[Edge]] = []
    private(set) var accepts: [Bool] = []

    mutating func add(edges: [Edge], accepts: Bool) {
        rows.append(edges)
        self.accepts.append(accepts)
    }

    static let everything: TextTable = {
        var table = TextTable()
        table.add(edges: [.init(last: CharacterSet.last, target: 0)], accepts: true)
        return table
    }()

    func target(from state: Int32, _ character: UInt32) -> Int32 {
        let row = rows[Int(state)]
        var (low, high) = (0, row.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if row[middle].last < character { low = middle + 1 } else { high = middle }
        }
        return row[low].target
    }

    func matches(_ text: [UInt32]) -> Bool {
        var state: Int32 = 0
        for character in text { state = target(from: state, character) }
        return accepts[Int(state)]
    }

    /// Exactly these texts.
    static func words(_ words: some Sequence<[UInt32]>) -> TextTable {
        var children: [[UInt32: Int32]] = [[:]]
        var ends: [Bool] = [false]
        for word in words {
            var node = 0
            for character in word {
                if let child = children[node][character] {
                    node = Int(child)
                } else {
                    children[node][character] = Int32(children.count)
                    node = children.count
                    children.append([:])
                    ends.append(false)
                }
            }
            ends[node] = true
        }
        let sink = Int32(children.count)
        var table = TextTable()
        for (node, next) in children.enumerated() {
            var edges: [Edge] = []
            var start: UInt32 = 0
            for (character, child) in next.sorted(by: { $0.key < $1.key }) {
                if character > start { edges.append(.init(last: character - 1, target: sink)) }
                edges.append(.init(last: character, target: child))
                start = character + 1
            }
            if start <= CharacterSet.last { edges.append(.init(last: CharacterSet.last, target: sink)) }
            table.add(edges: edges, accepts: ends[node])
        }
        table.add(edges: [.init(last: CharacterSet.last, target: sink)], accepts: false)
        return table
    }

    var complement: TextTable {
        var table = self
        table.accepts = accepts.map { !$0 }
        return table
    }

    /// What all of these accept.
    static func intersection(_ tables: [TextTable], limits: GrammarLimits) throws(PatternError) -> TextTable {
        guard tables.count != 1 else { return tables[0] }
        guard !tables.isEmpty else { return .everything }
        var numbers: [[Int32]: Int32] = [[Int32](repeating: 0, count: tables.count): 0]
        var order = [[Int32](repeating: 0, count: tables.count)]
        var result = TextTable()
        var (index, edges) = (0, 0)
        while index < order.count {
            let states = order[index]
            var places = [Int](repeating: 0, count: tables.count)
            var row: [Edge] = []
            while true {
                var last = CharacterSet.last
                for (component, state) in states.enumerated() { last = min(last, tables[component].rows[Int(state)][places[component]].last) }
                let targets = states.indices.map { tables[$0].rows[Int(states[$0])][places[$0]].target }
                let target: Int32
                if let known = numbers[targets] {
                    target = known
                } else {
                    target = Int32(order.count)
                    numbers[targets] = target
                    order.append(targets)
                }
                if row.last?.target == target { row[row.count - 1].last = last } else { row.append(.init(last: last, target: target)) }
                guard last < CharacterSet.last else { break }
                for component in states.indices where tables[component].rows[Int(states[component])][places[component]].last == last { places[component] += 1 }
            }
            edges += row.count
            guard order.count <= limits.textStates, edges <= limits.textEdges else {
                throw PatternError(reason: "patterns that together need more than \(limits.textStates) states or \(limits.textEdges) edges")
            }
            result.add(edges: row, accepts: states.indices.allSatisfy { tables[$0].accepts[Int(states[$0])] })
            index += 1
        }
        return result
    }
}
