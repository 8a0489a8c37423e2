import FlowGGUF
import FlowModel

/// Whole models, small: what the checks of a container let through reaches the loader only in such files.
enum Seeds {
    static let files: [FileMutator.File] = [ExportFormat.q8_0, .q4_0].compactMap { format in
        guard
            let configuration = try? ModelConfiguration(
                ModelShape(
                    embeddingLength: 32, layerCount: 1, headCount: 2, expertCount: 2, expertWidth: 32, contextLength: 16, batchSize: 1)),
            let sink = try? ModelExport(configuration: configuration, format: format).write(
                ModelState(initialising: configuration, seed: 1), to: GGUFMemorySink())
        else { return nil }
        return FileMutator.File(locating: sink.bytes)
    }
}
