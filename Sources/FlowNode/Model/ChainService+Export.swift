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
        let metadata: [(key: String, value: GGUFValue)] = [
            ("flowcoin.network", .string(parameters.name)), ("flowcoin.genesis_hash", .string(genesisHash.displayHex)),
            ("flowcoin.height", .uint32(tip.height)), ("flowcoin.block_hash", .string(tip.hash.displayHex)),
            ("flowcoin.model_root", .string(tip.resultRoot?.displayHex ?? "")),
        ]
        let export = ModelExport(
            configuration: weights.configuration, format: format, name: "FlowCoin \(parameters.name) block \(tip.height)", metadata: metadata)
        do {
            try await BlockingThread(name: "flowcoin.export").run { try export.write(weights, toFile: path) }
        } catch {
            throw NodeError(.export, "the model cannot be written to \(path); choose a folder that exists and has room", cause: error)
        }
        return tip
    }
}
