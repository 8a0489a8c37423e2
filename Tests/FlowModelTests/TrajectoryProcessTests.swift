import FlowCrypto
@testable import FlowModel
import FlowTensor
import FlowTensorOpenBLAS
import Foundation
import TestSupport
import Testing

/// The same trajectory in processes of their own, in which OpenBLAS is told to use the kernels of other processors.
///
/// OpenBLAS chooses its kernels once, when it is loaded, so a process is needed for each choice. The processes are this test
/// program again, asked for `trajectoryOfThisProcess` alone.
@Suite struct TrajectoryProcessTests {
    static let request = "FLOWCOIN_TEST_TRAJECTORY"

    /// One line a step and one for the weights, the same in every process.
    static func lines(backend: any MatrixBackend, threads: Int) throws -> [String] {
        let pool = ThreadPool(threads: threads)
        var lines: [String] = []
        for configuration in [try ModelFixture.odd(), try ModelFixture.odd(bits: 16), try ModelFixture.regtest()] {
            let job = try ModelFixture.job(configuration, steps: 2)
            let trajectory = Trajectory(job, trainer: Trainer(configuration: configuration, backend: backend, pool: pool))
            while !trajectory.isFinished {
                let step = try trajectory.advance()
                // Not the digest alone: all of the momentum and the weights.
                lines.append("\(step.digest) \(step.deltaHash) \(trajectory.momentum.root(pool: pool)) \(trajectory.weights.root(pool: pool))")
            }
        }
        return lines
    }

    /// In a process that was asked: writes what OpenBLAS gives here. Otherwise: two threads and one agree in this process.
    @Test func trajectoryOfThisProcess() throws {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment[Self.request], let threads = environment["FLOWCOIN_TEST_THREADS"].flatMap({ Int($0) }) {
            try Self.lines(backend: OpenBLASBackend(), threads: threads).joined(separator: "\n")
                .write(toFile: path, atomically: true, encoding: .utf8)
        } else {
            #expect(try Self.lines(backend: OpenBLASBackend(), threads: 1) == Self.lines(backend: SIMDBackend(), threads: 2))
        }
    }

    /// Kernels that this processor can run.
    static var coreTypes: [String] {
        let flags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let words = Set(flags.split(whereSeparator: \.isWhitespace))
        var types: [String] = []
        if words.contains("sse2") { types.append("Prescott") }
        if words.contains("avx") { types.append("Sandybridge") }
        if words.contains("avx2"), words.contains("fma") { types += ["Haswell", "Zen"] }
        if words.contains("avx512f"), words.contains("avx512dq"), words.contains("avx512bw"), words.contains("avx512vl") {
            types.append("SkylakeX")
        }
        return types
    }

    @Test func openBLASGivesTheSameTrajectoryWithTheKernelsOfEveryProcessor() throws {
        let expected = try Self.lines(backend: SIMDBackend(.portable), threads: 1)
        let folder = try TemporaryFolder()
        for type in Self.coreTypes + [""] {
            for threads in [1, 2] {
                let output = folder.url.appendingPathComponent("\(type)-\(threads)")
                let process = Process()
                process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
                process.arguments = ["--testing-library", "swift-testing", "--filter", "trajectoryOfThisProcess"]
                var environment = ProcessInfo.processInfo.environment
                environment["OPENBLAS_CORETYPE"] = type.isEmpty ? nil : type
                environment["OPENBLAS_NUM_THREADS"] = "\(threads)"
                environment["FLOWCOIN_TEST_THREADS"] = "\(threads)"
                environment[Self.request] = output.path
                process.environment = environment
                process.standardOutput = FileHandle.nullDevice
                process.standardError = FileHandle.nullDevice
                try process.run()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0, "\(type) with \(threads) threads")
                let lines = try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map(String.init)
                #expect(lines == expected, "\(type) with \(threads) threads")
            }
        }
    }
}
