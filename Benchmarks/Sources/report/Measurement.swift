import Foundation

/// One line of the suite: a contender at one piece of work.
struct Measurement {
    let suite: String
    /// Place in the suite.
    let number: Int
    let subject: String
    let contender: String
    /// Seconds of each run, ascending.
    let seconds: [Double]

    var median: Double {
        let middle = seconds.count / 2
        return seconds.count % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2
    }

    /// What the subject counts, a second: `1,000 headers…` gives headers; `16 × m×n×k…` floating-point operations.
    var rate: (value: Double, unit: String)? {
        let words = subject.split(separator: " ").map(String.init)
        let shape = words.first { $0.split(separator: "×").count == 3 }?.split(separator: "×").compactMap { Double($0) }
        let count = words.first.flatMap { Double($0.replacingOccurrences(of: ",", with: "")) }
        if let shape, shape.count == 3 {
            return (2e-9 * shape.reduce(count ?? 1, *) / median, "GFLOP/s")
        }
        guard let count, words.count > 1 else { return nil }
        let noun = words[1].trimmingCharacters(in: .punctuationCharacters)
        return (count / median, "\(noun)/s")
    }

    /// The same contender on one thread, if this one has two.
    var singleThreaded: String? {
        contender.hasSuffix(", 2 threads") ? contender.replacingOccurrences(of: ", 2 threads", with: ", 1 thread") : nil
    }
}

extension Array<Measurement> {
    /// Lines of one piece of work together, in the order of the suite.
    var subjects: [(subject: String, lines: [Measurement])] {
        var order: [String] = [], groups: [String: [Measurement]] = [:]
        for line in self {
            if groups[line.subject] == nil { order.append(line.subject) }
            groups[line.subject, default: []].append(line)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }
}

/// Numbers as people read them.
enum Text {
    /// Three significant digits, with thousands in groups.
    static func number(_ value: Double) -> String {
        if value >= 1_000 {
            let step = Swift.max(1, pow(10, (log10(value)).rounded(.down) - 2))
            var digits = String(Int((value / step).rounded() * step))
            var out = ""
            while digits.count > 3 {
                out = "," + digits.suffix(3) + out
                digits.removeLast(3)
            }
            return digits + out
        }
        return String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
    }

    static func time(_ seconds: Double) -> String {
        if seconds >= 1 { return number(seconds) + " s" }
        if seconds >= 1e-3 { return number(seconds * 1e3) + " ms" }
        return number(seconds * 1e6) + " µs"
    }
}
