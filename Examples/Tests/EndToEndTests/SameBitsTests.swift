import Foundation
import ProgramSupport
import Testing

/// One trajectory in subprocesses: every backend, every OpenBLAS kernel, one and two threads, the same bits.
@Suite struct SameBitsTests {
    private static func conformance(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Programs.Outcome {
        try await Programs.run(
            "flowminer", ["-regtest", "--conformance"] + arguments, environment: environment, timeout: 600)
    }

    @Test func everyBackendAndOpenBLASKernelGivesTheReferencesBits() async throws {
        let reference = try await Self.conformance(["--backend", "reference", "--threads", "2"])
        #expect(reference.status == 0, "\(reference.errors)")
        let lines = reference.output.split(separator: "\n")
        #expect(lines.count == 11 && lines.filter { $0.hasPrefix("step ") }.count == 8)

        // OpenBLAS runs the kernel it is told to, even where the processor lacks its instructions and dies; SkylakeX needs AVX-512.
        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let cores = ["Prescott", "Sandybridge", "Haswell"] + (processor.contains("avx512vl") ? ["SkylakeX"] : ["Zen"])
        for core in cores {
            for threads in ["1", "2"] {
                let run = try await Self.conformance(
                    ["--backend", "openblas", "--threads", threads],
                    ["OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": threads])
                #expect(run.status == 0, "\(core), \(threads) threads: \(run.errors)")
                #expect(run.output == reference.output, "\(core), \(threads) threads")
            }
        }
        let table = try await Programs.run("flowminer", ["--backend", "list"])
        #expect(table.status == 0)
        let available = table.output.split(separator: "\n").filter { $0.hasSuffix(" available") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(available.contains("portable") && available.contains("openblas") && available.contains("reference"))
        for backend in available where backend != "reference" {
            for threads in ["1", "2", "3"] {
                let run = try await Self.conformance(["--backend", backend, "--threads", threads])
                #expect(run.output == reference.output, "\(backend), \(threads) threads: \(run.errors)")
            }
        }
    }
}
