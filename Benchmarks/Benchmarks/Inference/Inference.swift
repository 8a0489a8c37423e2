import Benchmark
import Contest
import FlowGGUF
import FlowModel
import FlowTensor
import Foundation

/// A model of testnet's shape in a file, as `exportmodel` writes it.
private final class Exported {
    let path: String

    init(_ format: ExportFormat) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "flow-benchmark-\(getpid())-\(format.rawValue).gguf").path
        let configuration = try ModelConfiguration(
            ModelShape(
                embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 512, batchSize: 1))
        try ModelExport(configuration: configuration, format: format).write(
            ModelState(initialising: configuration, seed: 1), toFile: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

let benchmarks: @Sendable () -> Void = {
    let prompt = (0..<256).map { ($0 * 37 + 11) % 256 }

    func contest(_ subject: String, _ work: @escaping (InferenceSession) throws -> Void) {
        let contest = Contest(subject, seconds: 1)
        for (format, label) in [(ExportFormat.f32, "F32"), (.f16, "F16"), (.q8_0, "Q8"), (.q4_0, "Q4")] {
            for threads in format == .q8_0 ? [1, 2] : [1] {
                contest.add("\(label), \(threads) thread\(threads == 1 ? "" : "s")") {
                    let exported = try Exported(format)
                    let model = try withExtendedLifetime(exported) { try InferenceModel(path: exported.path) }
                    let session = InferenceSession(model: model, pool: ThreadPool(threads: threads))
                    try session.prefill(prompt)
                    return { try work(session) }
                }
            }
        }
    }
    contest("256 tokens of a prompt, testnet's model") { session in
        session.rewind(to: 0)
        try session.prefill(prompt)
    }
    contest("64 tokens decoded after 256, testnet's model") { session in
        session.rewind(to: 256)
        for token in 0..<64 { try session.decode(token) }
    }

    let opening = Contest("A model file of 26 MB, F32")
    opening.add("open and check the file") {
        let exported = try Exported(.f32)
        return { try GGUFFile(mapping: exported.path) }
    }
    opening.add("ready for inference") {
        let exported = try Exported(.f32)
        return { try InferenceModel(path: exported.path) }
    }
    opening.add("export") {
        let configuration = try ModelConfiguration(
            ModelShape(
                embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 512, batchSize: 1))
        let state = ModelState(initialising: configuration, seed: 1)
        return { try ModelExport(configuration: configuration).write(state, to: GGUFMemorySink()).bytes.count }
    }
}
