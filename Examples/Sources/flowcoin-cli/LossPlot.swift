import Foundation

/// A curve of the held-out loss by height as an SVG document.
struct LossPlot {
    private let points: [(height: Int, loss: Double)]

    /// - Returns: nil without a point that can be drawn.
    init?(_ points: [(height: Int, loss: Double)]) {
        self.points = points.filter { $0.loss.isFinite }.sorted { $0.height < $1.height }
        if self.points.isEmpty { return nil }
    }

    private static let width = 800.0, height = 400.0, margin = 60.0

    var svg: String {
        let (first, last) = (Double(points.first?.height ?? 0), Double(points.last?.height ?? 0))
        let losses = points.map(\.loss)
        let (low, high) = (losses.min() ?? 0, losses.max() ?? 0)
        func x(_ height: Double) -> Double { Self.margin + (Self.width - 2 * Self.margin) * (last > first ? (height - first) / (last - first) : 0.5) }
        func y(_ loss: Double) -> Double { Self.margin + (Self.height - 2 * Self.margin) * (high > low ? (high - loss) / (high - low) : 0.5) }
        func text(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", locale: Locale(identifier: "en_US_POSIX"), value) }
        let curve = points.map { "\(text(x(Double($0.height)), 1)),\(text(y($0.loss), 1))" }.joined(separator: " ")
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 400\" font-family=\"sans-serif\" font-size=\"12\">",
            "<title>Held-out loss by height</title>", "<rect width=\"800\" height=\"400\" fill=\"#ffffff\"/>",
        ]
        for step in 0...4 {
            let loss = low + (high - low) * Double(step) / 4, height = first + (last - first) * Double(step) / 4
            lines.append("<line x1=\"60\" x2=\"740\" y1=\"\(text(y(loss), 1))\" y2=\"\(text(y(loss), 1))\" stroke=\"#dddddd\"/>")
            lines.append("<text x=\"52\" y=\"\(text(y(loss) + 4, 1))\" text-anchor=\"end\">\(text(loss, 3))</text>")
            lines.append("<text x=\"\(text(x(height), 1))\" y=\"360\" text-anchor=\"middle\">\(Int(height.rounded()))</text>")
        }
        lines.append("<polyline points=\"\(curve)\" fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"2\"/>")
        lines.append("<text x=\"400\" y=\"30\" text-anchor=\"middle\">Held-out loss by height</text>")
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }
}
