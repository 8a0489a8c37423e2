import Foundation

/// The files that the harness exports in JMH's form: for each line the wall clock of every run in microseconds.
enum HarnessResults {
    private struct Line: Decodable {
        struct Metric: Decodable { let rawData: [[Double]] }
        let benchmark: String
        let secondaryMetrics: [String: Metric]?
    }

    static func read(_ directory: URL) throws -> [Measurement] {
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        var result: [Measurement] = []
        for file in files where file.lastPathComponent.hasSuffix(".jmh.json") {
            for line in try JSONDecoder().decode([Line].self, from: try Data(contentsOf: file)) {
                if let measurement = measurement(line) { result.append(measurement) }
            }
        }
        if result.isEmpty { throw ReportError.noResults(directory.path) }
        let suites = ["Kernels", "Training", "Inference", "Hashing", "Codec"]
        func place(_ line: Measurement) -> (Int, Int) { (suites.firstIndex(of: line.suite) ?? suites.count, line.number) }
        return result.sorted { place($0) < place($1) }
    }

    /// `package.benchmark.Suite.007_subject_|_contender`: the harness writes underscores for spaces.
    private static func measurement(_ line: Line) -> Measurement? {
        let name = line.benchmark.replacingOccurrences(of: "package.benchmark.", with: "")
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let clock = line.secondaryMetrics?.first(where: { $0.key.contains("wall clock") }) else { return nil }
        let text = parts[1].replacingOccurrences(of: "_", with: " ")
        let halves = text.components(separatedBy: " | ")
        guard halves.count == 2, let space = halves[0].firstIndex(of: " "), let number = Int(halves[0][..<space]) else { return nil }
        let seconds = clock.value.rawData.flatMap { $0 }.map { $0 * 1e-6 }.sorted()
        if seconds.isEmpty { return nil }
        return Measurement(
            suite: String(parts[0]), number: number, subject: String(halves[0][halves[0].index(after: space)...]),
            contender: halves[1], seconds: seconds)
    }
}
