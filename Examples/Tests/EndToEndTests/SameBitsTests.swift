import Foundation
import ProgramSupport
import Testing

/// One trajectory in subprocesses: every backend, every OpenBLAS kernel, one to three threads, the same bits.
@Suite struct SameBitsTests {
    /// Testnet's trajectory takes the reference minutes: FLOW_SAME_BITS_TESTNET adds it.
    private static let networks = ["regtest"] + (ProcessInfo.processInfo.environment["FLOW_SAME_BITS_TESTNET"] == nil ? [] : ["testnet"])

    /// The processors that Debian's OpenBLAS has kernels for, the flag by which Linux names what they need beyond x86-64, and our name of that.
    private static let cores: [(name: String, flag: String?, feature: String?)] =
        ["Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Barcelona", "Nano", "Atom", "Bobcat"].map { ($0, nil, nil) }
        + ["Opteron", "Opteron_SSE3"].map { ($0, "3dnow", "3DNow!") }
        + ["Bulldozer", "Piledriver", "Steamroller", "Excavator"].map { ($0, "fma4", "FMA4") }
        + [
            ("Sandybridge", "avx", "AVX"), ("Haswell", "avx2", "AVX2"), ("Zen", "avx2", "AVX2"), ("SkylakeX", "avx512vl", "AVX-512"),
            // On other processors with AVX-512 its kernels for these products run too.
            ("Cooperlake", "avx512_bf16", nil),
        ]

    @Test(arguments: networks) func everyBackendAndOpenBLASKernelGivesTheReferencesBits(network: String) async throws {
        func conformance(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Programs.Outcome {
            try await Programs.run("flowminer", ["-\(network)", "--conformance"] + arguments, environment: environment, timeout: 1_800)
        }
        let reference = try await conformance(["--backend", "reference", "--threads", "2"])
        #expect(reference.status == 0, "\(reference.errors)")
        let lines = reference.output.split(separator: "\n")
        let steps = network == "regtest" ? 8 : 16
        #expect(lines.count == steps + 3 && lines.filter { $0.hasPrefix("step ") }.count == steps)

        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let flags = Set(processor.split(whereSeparator: \.isWhitespace))
        for core in Self.cores {
            if let flag = core.flag, !flags.contains(Substring(flag)) {
                // OpenBLAS runs what it is told to, and would die of an illegal instruction; the backend must refuse first.
                guard let feature = core.feature else { continue }
                let refused = try await conformance(["--backend", "openblas"], ["OPENBLAS_CORETYPE": core.name])
                #expect(refused.status == 1)
                #expect(
                    refused.errors.contains(feature) && refused.errors.contains("OPENBLAS_CORETYPE"), "\(core.name): \(refused.errors)")
                continue
            }
            for threads in ["1", "2", "3"] {
                let run = try await conformance(
                    ["--backend", "openblas", "--threads", threads],
                    ["OPENBLAS_CORETYPE": core.name, "OPENBLAS_NUM_THREADS": threads])
                #expect(run.status == 0, "\(core.name), \(threads) threads: \(run.errors)")
                #expect(run.output == reference.output, "\(core.name), \(threads) threads")
            }
        }
        let table = try await Programs.run("flowminer", ["--backend", "list"])
        #expect(table.status == 0)
        let available = table.output.split(separator: "\n").filter { $0.hasSuffix(" available") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(available.contains("portable") && available.contains("openblas") && available.contains("reference"))
        for backend in available where backend != "reference" {
            for threads in ["1", "2", "3"] {
                let run = try await conformance(["--backend", backend, "--threads", threads])
                #expect(run.output == reference.output, "\(backend), \(threads) threads: \(run.errors)")
            }
        }
    }
}
