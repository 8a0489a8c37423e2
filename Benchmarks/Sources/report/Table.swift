/// The table that a run prints: for each piece of work its contenders, the first being what the others are compared with.
struct Table {
    private let lines: [Measurement]

    init(_ lines: [Measurement]) { self.lines = lines }

    func text(_ machine: Machine) -> String {
        var out = ["\(machine.processor), \(machine.cores) cores, \(machine.system), \(machine.date)"]
        out.append("medians; speed and time against the first line of each group, threads: speed of two against one")
        var suite = ""
        for (subject, group) in lines.subjects {
            if let first = group.first, first.suite != suite {
                suite = first.suite
                out.append("\n\(suite.uppercased())")
            }
            out.append("\n\(subject)")
            out += group.map { row($0, in: group) }
        }
        return out.joined(separator: "\n")
    }

    private func row(_ line: Measurement, in group: [Measurement]) -> String {
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
        let left = "  " + line.contender + String(repeating: " ", count: max(0, 46 - line.contender.count))
        let rate = line.rate.map { "\(Text.number($0.value)) \($0.unit)" } ?? ""
        var text = left + right(Text.time(line.median), 10) + right(rate, 24) + right("\(line.seconds.count) runs", 11)
        if let first = group.first, first.number != line.number {
            text += right("×\(Text.number(first.median / line.median))", 9) + right("\(Text.number(100 * line.median / first.median)) %", 9)
        }
        if let name = line.singleThreaded, let single = group.first(where: { $0.contender == name }) {
            text += "   threads ×\(Text.number(single.median / line.median))"
        }
        return text
    }
}
