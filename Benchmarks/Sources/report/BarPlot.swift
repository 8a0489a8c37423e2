/// Bars grouped by piece of work, the longest of each group being its fastest.
struct BarPlot {
    private let lines: [Measurement]
    private let title: String

    init(_ lines: [Measurement], title: String) {
        (self.lines, self.title) = (lines, title)
    }

    var svg: String {
        let groups = lines.subjects
        let row = 19.0, left = 260.0, full = 330.0
        let height = 46 + groups.reduce(0.0) { $0 + 34 + row * Double($1.lines.count) }
        var drawing = SVG(width: 860, height: Int(height))
        drawing.text(title, x: 16, y: 26, style: "title")
        var y = 46.0
        // A contender keeps its colour through the whole plot; two threads share that of one.
        var colours: [String: Int] = [:]
        func colour(_ line: Measurement) -> Int {
            let name = line.singleThreaded ?? line.contender
            if colours[name] == nil { colours[name] = colours.count % 6 }
            return colours[name] ?? 0
        }
        for (subject, group) in groups {
            y += 20
            drawing.text(subject, x: 16, y: y, style: "dim")
            y += 8
            let fastest = group.map(\.median).min() ?? 1
            for line in group {
                let length = full * fastest / line.median
                drawing.text(line.contender, x: left - 8, y: y + 12, .end)
                drawing.bar(x: left, y: y + 1, width: length, height: row - 5, style: "f\(colour(line))")
                var label = line.rate.map { "\(Text.number($0.value)) \($0.unit)" } ?? Text.time(line.median)
                if line.number != group[0].number { label += "  ×\(Text.number(group[0].median / line.median))" }
                drawing.text(label, x: left + length + 8, y: y + 12)
                y += row
            }
            y += 6
        }
        return drawing.document
    }
}
