import Foundation

/// A drawing that is readable on light and on dark pages: it brings its own ground and asks the reader's preference.
struct SVG {
    private let width, height: Int
    private var body: [String] = []

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
    }

    enum Anchor: String { case start, middle, end }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor = .start, style: String = "") {
        let escaped = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
        body.append("<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\" class=\"\(style)\">\(escaped)</text>")
    }

    mutating func bar(x: Double, y: Double, width: Double, height: Double, style: String) {
        body.append("<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(width, 1)))\" height=\"\(n(height))\" class=\"\(style)\"/>")
    }

    mutating func line(_ points: [(x: Double, y: Double)], style: String) {
        let list = points.map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " ")
        body.append("<polyline points=\"\(list)\" class=\"\(style)\"/>")
    }

    var document: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" role="img">
        <style>
        .ground{fill:#ffffff} text{font:13px sans-serif;fill:#1f2328} .dim{fill:#59636e} .title{font-weight:bold;font-size:14px}
        .grid{stroke:#d1d9e0;fill:none;stroke-width:1} .c{fill:none;stroke-width:2}
        .f0{fill:#8c959f} .f1{fill:#0969da} .f2{fill:#1a7f37} .f3{fill:#9a6700} .f4{fill:#8250df} .f5{fill:#cf222e}
        .s0{stroke:#59636e} .s1{stroke:#0969da} .s2{stroke:#1a7f37} .s3{stroke:#9a6700} .s4{stroke:#8250df} .s5{stroke:#cf222e}
        @media (prefers-color-scheme:dark){
        .ground{fill:#0d1117} text{fill:#e6edf3} .dim{fill:#9198a1} .grid{stroke:#3d444d}
        .f0{fill:#656c76} .f1{fill:#4493f8} .f2{fill:#3fb950} .f3{fill:#d29922} .f4{fill:#ab7df8} .f5{fill:#f85149}
        .s0{stroke:#9198a1} .s1{stroke:#4493f8} .s2{stroke:#3fb950} .s3{stroke:#d29922} .s4{stroke:#ab7df8} .s5{stroke:#f85149}}
        </style>
        <rect class="ground" width="\(width)" height="\(height)"/>
        \(body.joined(separator: "\n"))
        </svg>

        """
    }

    private func n(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
