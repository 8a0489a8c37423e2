import Foundation

/// What `learn`, `learn_pytorch.py` and `blocks` print: held-out loss by step or block.
struct Curve {
    let label: String
    let points: [(step: Double, loss: Double)]

    /// - Parameter argument: `LABEL=FILE`
    init(argument: String) throws {
        guard let sign = argument.lastIndex(of: "="),
            let text = try? String(contentsOfFile: String(argument[argument.index(after: sign)...]), encoding: .utf8)
        else { throw ReportError.notACurve(argument) }
        label = String(argument[..<sign])
        points = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t").map { Double($0) }
            guard fields.count > 2, let step = fields[0], let loss = fields[2] else { return nil }
            return (step, loss)
        }
        if points.count < 2 { throw ReportError.notACurve(argument) }
    }
}

/// Held-out loss against steps; above the frame's top a curve is cut, so that the end can be seen.
struct CurvePlot {
    private let curves: [Curve]
    /// What the horizontal axis counts.
    private let axis: String

    init(_ curves: [Curve], axis: String) {
        self.curves = curves
        self.axis = axis
    }

    var svg: String {
        var drawing = SVG(width: 860, height: 480)
        let left = 60.0, right = 640.0, top = 50.0, bottom = 430.0
        let lowest = curves.flatMap(\.points).map(\.loss).min() ?? 0
        let floor = (lowest * 10).rounded(.down) / 10, ceiling = floor + 1.6
        let last = curves.flatMap(\.points).map(\.step).max() ?? 1
        func x(_ step: Double) -> Double { left + (right - left) * step / last }
        func y(_ loss: Double) -> Double { bottom - (bottom - top) * (loss - floor) / (ceiling - floor) }
        drawing.text("Held-out loss, nats a byte", x: 16, y: 26, style: "title")
        for tick in stride(from: floor, through: ceiling + 0.01, by: 0.2) {
            drawing.line([(left, y(tick)), (right, y(tick))], style: "grid")
            drawing.text(String(format: "%.1f", tick), x: left - 8, y: y(tick) + 4, .end, style: "dim")
        }
        for tick in stride(from: 0, through: last, by: last / 6) {
            drawing.text(String(Int(tick)), x: x(tick), y: bottom + 20, .middle, style: "dim")
        }
        drawing.text(axis, x: (left + right) / 2, y: bottom + 40, .middle, style: "dim")
        var legend = top + 10
        for (index, curve) in curves.enumerated() {
            let shown = curve.points.filter { $0.loss <= ceiling }
            drawing.line(shown.map { (x($0.step), y($0.loss)) }, style: "c s\(index % 6)")
            drawing.line([(right + 14, legend - 4), (right + 34, legend - 4)], style: "c s\(index % 6)")
            drawing.text(curve.label, x: right + 40, y: legend)
            if let end = curve.points.last { drawing.text(String(format: "%.3f", end.loss), x: right + 40, y: legend + 17, style: "dim") }
            legend += 44
        }
        return drawing.document
    }
}
