import FlowConsensus
import FlowCrypto
import FlowGGUF
public import FlowModel

extension ChainService {
    /// Writes the tip's model as a GGUF file that llama.cpp loads; the file says which block it belongs to.
    /// - Returns: the tip at the moment of the call
    /// - Throws: `NodeError` with code `export` when the file cannot be written
    @discardableResult
    public func exportModel(to path: String, format: ExportFormat) async throws -> BlockIndexEntry {
        let (tip, weights) = try modelSnapshot()
        let export = modelExport(of: tip, configuration: weights.configuration, format: format)
        do {
            try await BlockingThread(name: "flowcoin.export").run { try export.write(weights, toFile: path) }
        } catch {
            throw NodeError(.export, "the model cannot be written to \(path); choose a folder that exists and has room", cause: error)
        }
        return tip
    }

    /// The export of a block's model, with the metadata that binds the file to the chain.
    nonisolated func modelExport(of entry: BlockIndexEntry, configuration: ModelConfiguration, format: ExportFormat) -> ModelExport {
        ModelExport(
            configuration: configuration, format: format, name: "FlowCoin \(parameters.name) block \(entry.height)",
            metadata: [
                (ModelFile.Key.network, .string(parameters.name)),
                (ModelFile.Key.genesisHash, .string(genesisHash.displayHex)),
                (ModelFile.Key.height, .uint32(entry.height)), (ModelFile.Key.blockHash, .string(entry.hash.displayHex)),
                (ModelFile.Key.modelRoot, .string(entry.resultRoot?.displayHex ?? "")),
            ])
    }

    /// Whether a block's training is being repeated now.
    var isReplaying: Bool { replaying != nil }
}
