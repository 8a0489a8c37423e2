import ArgumentParser
import FlowGGUF
import FlowModel
import FlowTensor
import Foundation

/// Which model, and how it runs.
struct ModelOptions: ParsableArguments {
    @Option(name: [.customShort("m"), .customLong("model")], help: "A GGUF file, or a node's data directory.")
    var model: String

    @Option(name: .shortAndLong, help: "Tokens of context; the model's own length by default.")
    var context: Int?

    @Option(name: .shortAndLong, help: "Threads; as many as the machine has processors by default.")
    var threads: Int?

    func validate() throws {
        if let context, context < 8 { throw ValidationError("the context needs at least 8 tokens, not \(context)") }
        if let threads, threads < 1 { throw ValidationError("at least one thread is needed, not \(threads)") }
    }

    /// The file that is meant: in a data directory the newest model that a node keeps there.
    var path: String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: model, isDirectory: &isDirectory), isDirectory.boolValue else {
            return model
        }
        let root = URL(fileURLWithPath: model)
        let candidates = ["", "regtest", "testnet"].map { root.appendingPathComponent($0).appendingPathComponent("model.gguf") }
        let newest = candidates.compactMap { url -> (URL, Date)? in
            let values = try? url.resourceValues(forKeys: [.contentModificationDateKey])
            return values?.contentModificationDate.map { (url, $0) }
        }.max { $0.1 < $1.1 }
        return newest?.0.path ?? root.appendingPathComponent("model.gguf").path
    }

    func load() throws(GGUFError) -> InferenceModel { try InferenceModel(path: path) }

    var pool: ThreadPool { ThreadPool(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount) }
}
