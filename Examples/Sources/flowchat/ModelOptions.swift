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

    @Flag(name: .customLong("no-mmap"), help: "Read the file into memory of its own, so that nothing that happens to the file matters.")
    var readsFile = false

    func validate() throws {
        if let context, context < 8 { throw ValidationError("the context needs at least 8 tokens, not \(context)") }
        if let threads, threads < 1 { throw ValidationError("at least one thread is needed, not \(threads)") }
    }

    /// The file that is meant: in a data directory the newest model that a node keeps there.
    /// - Throws: `Failure` for a data directory without a model.
    var path: String {
        get throws {
            guard isDirectory else { return model }
            let root = URL(fileURLWithPath: model)
            let files = ["", "regtest", "testnet"].map { root.appendingPathComponent($0).appendingPathComponent("model.gguf") }
            let newest = files.compactMap { url -> (URL, Date)? in
                let values = try? url.resourceValues(forKeys: [.contentModificationDateKey])
                return values?.contentModificationDate.map { (url, $0) }
            }.max { $0.1 < $1.1 }
            guard let newest else {
                throw Failure("""
                    '\(model)' has no model.gguf, nor have its folders regtest and testnet: a node keeps one there when it runs \
                    with -modelexport, and 'flowcoin-cli exportmodel FILE' writes one at once
                    """)
            }
            return newest.0.path
        }
    }

    /// Loads the model, with a line on standard error meanwhile when that is a terminal.
    func load() throws -> InferenceModel {
        let path = try self.path
        let line = LoadingLine()
        defer { line.clear() }
        line.show("loading \(URL(fileURLWithPath: path).lastPathComponent)")
        guard readsFile else { return try InferenceModel(path: path) }
        return try InferenceModel(
            file: GGUFFile(reading: path) { path, done, length in
                line.show("loading \(URL(fileURLWithPath: path).lastPathComponent): \(done * 100 / length) % of \(length >> 20) MiB")
            })
    }

    /// A name for the model: that of its file, or the network of a data directory.
    var name: String {
        guard isDirectory else {
            let file = URL(fileURLWithPath: model).lastPathComponent
            return file.lowercased().hasSuffix(".gguf") ? String(file.dropLast(5)) : file
        }
        let folder = (try? path).map { URL(fileURLWithPath: $0).deletingLastPathComponent().lastPathComponent } ?? ""
        return ["regtest", "testnet"].contains(folder) ? "flowcoin-\(folder)" : "flowcoin"
    }

    private var isDirectory: Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: model, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
    var pool: ThreadPool { ThreadPool(threads: threadCount) }
}
