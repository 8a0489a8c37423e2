import Foundation

/// The same as JSON, for programs.
struct JSONReport: Encodable {
    struct Line: Encodable {
        let suite, subject, contender: String
        let runs: Int
        let medianSeconds, fastestSeconds, slowestSeconds: Double
        let rate: Double?
        let rateUnit: String?
        let speedAgainstFirst: Double
        let speedAgainstOneThread: Double?
    }

    let machine: Machine
    let lines: [Line]

    init(machine: Machine, lines: [Measurement]) {
        self.machine = machine
        self.lines = lines.subjects.flatMap { _, group in
            group.map { line in
                Line(
                    suite: line.suite, subject: line.subject, contender: line.contender, runs: line.seconds.count,
                    medianSeconds: line.median, fastestSeconds: line.seconds[0], slowestSeconds: line.seconds[line.seconds.count - 1],
                    rate: line.rate?.value, rateUnit: line.rate?.unit, speedAgainstFirst: group[0].median / line.median,
                    speedAgainstOneThread: group.first { $0.contender == line.singleThreaded }.map { $0.median / line.median })
            }
        }
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(self)
    }
}
