import Foundation

/// Where and when the measurements were made: single times mean nothing without that.
struct Machine: Encodable {
    let processor: String
    let cores: Int
    let system: String
    let date: String

    static var current: Machine {
        let date = Date().formatted(.iso8601.year().month().day())
        return Machine(
            processor: name ?? "unknown processor", cores: ProcessInfo.processInfo.activeProcessorCount,
            system: ProcessInfo.processInfo.operatingSystemVersionString, date: date)
    }

    /// The processor's name and what of its vector instructions matters here.
    private static var name: String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        func value(_ key: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix(key) }?.split(separator: ":", maxSplits: 1).last?
                .trimmingCharacters(in: .whitespaces)
        }
        let flags = Set((value("flags") ?? value("Features") ?? "").split(separator: " ").map(String.init))
        let vectors = ["avx2": "AVX2", "avx512_vnni": "AVX-512 VNNI", "asimddp": "NEON dot product"].filter { flags.contains($0.key) }
        let model = value("model name") ?? value("CPU part") ?? "processor"
        let family = value("cpu family").map { ", family \($0)" } ?? ""
        return "\(model)\(family) (\(vectors.values.sorted().joined(separator: ", ")))"
    }
}
