import Benchmark
import Foundation

/// Several ways to do the same work, measured one after another in one run. The first is what the others are compared with.
///
/// The harness runs each line in a process of its own, so a contender brings a closure that prepares the work; it runs outside
/// the clock. Lines get running numbers, by which `report` puts them back into this order:
/// `007 512×512×512 | exact, avx2, 1 thread`. From a subject that begins with a count and a noun (`1,000 headers`) or has the form
/// `m×n×k`, `report` derives a rate.
public final class Contest {
    nonisolated(unsafe) private static var lines = 0
    private let subject: String
    private let limits: (duration: Duration, iterations: Int)
    /// A median of fewer says nothing.
    private static let fewestRuns = 5

    /// Work of microseconds to milliseconds, repeated for `seconds`; `FLOW_BENCHMARK_SECONDS` overrides that.
    public init(_ subject: String, seconds: Double = 0.5) {
        self.subject = subject
        let wanted = ProcessInfo.processInfo.environment["FLOW_BENCHMARK_SECONDS"].flatMap(Double.init) ?? seconds
        limits = (.seconds(wanted), 2_000)
    }

    /// Work that takes so long that only its number of runs is limited.
    public init(_ subject: String, runs: Int) {
        self.subject = subject
        limits = (.seconds(600), runs)
    }

    /// Adds a contender.
    ///
    /// - Parameter prepare: makes what is needed and returns the work; the work's result is used, so that nothing is left out.
    public func add<Result>(_ contender: String, _ prepare: @escaping () throws -> () throws -> Result) {
        Self.lines += 1
        let duration = limits.duration
        var work: (() throws -> Result)?
        _ = Benchmark(
            String(format: "%03d ", Self.lines) + "\(subject) | \(contender)",
            configuration: .init(
                metrics: [.wallClock, .throughput], warmupIterations: 1, maxDuration: .seconds(600),
                maxIterations: limits.iterations)
        ) { benchmark in
            let body = try work ?? prepare()
            work = body
            benchmark.startMeasurement()
            blackHole(try body())
            benchmark.stopMeasurement()
            // The harness asks for its limits before each run; the first run was the warm-up.
            if benchmark.currentIteration >= Self.fewestRuns { benchmark.configuration.maxDuration = duration }
        }
    }
}
