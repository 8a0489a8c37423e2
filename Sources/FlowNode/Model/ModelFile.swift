public import FlowCrypto
import FlowGGUF
public import FlowModel

/// What a model file that a node wrote says about itself.
public struct ModelFile: Sendable, Equatable {
    public let path: String
    public let format: ExportFormat
    /// The block after whose training the weights are.
    public let height: UInt32
    public let blockHash: Hash256
    /// The root of the chain's binary32 weights from which the file was made.
    public let modelRoot: Hash256
    /// Length in bytes.
    public let byteCount: Int

    /// The name in a network's data directory.
    public static let name = "model.gguf"

    /// Reads the file at `path`; nil when there is none, or none that a node wrote whole.
    public init?(path: String) {
        guard let file = try? GGUFFile(mapping: path),
            case .uint32(let type)? = file.metadata["general.file_type"],
            let format = ExportFormat.allCases.first(where: { $0.fileType == type }),
            case .uint32(let height)? = file.metadata[Key.height],
            let block = file.metadata[Key.blockHash]?.string, let blockHash = try? Hash256(displayHex: block),
            let root = file.metadata[Key.modelRoot]?.string, let modelRoot = try? Hash256(displayHex: root)
        else { return nil }
        self.path = path
        self.format = format
        self.height = height
        self.blockHash = blockHash
        self.modelRoot = modelRoot
        byteCount = file.byteCount
    }

    /// The export of a block's model, with the metadata that binds the file to the chain.
    static func export(
        configuration: ModelConfiguration, format: ExportFormat, network: String, genesisHash: Hash256, height: UInt32,
        blockHash: Hash256, modelRoot: Hash256?
    ) -> ModelExport {
        ModelExport(
            configuration: configuration, format: format, name: "FlowCoin \(network) block \(height)",
            metadata: [
                (Key.network, .string(network)), (Key.genesisHash, .string(genesisHash.displayHex)), (Key.height, .uint32(height)),
                (Key.blockHash, .string(blockHash.displayHex)), (Key.modelRoot, .string(modelRoot?.displayHex ?? "")),
            ])
    }

    /// Metadata keys that bind a file to the chain.
    enum Key {
        static let network = "flowcoin.network"
        static let genesisHash = "flowcoin.genesis_hash"
        static let height = "flowcoin.height"
        static let blockHash = "flowcoin.block_hash"
        static let modelRoot = "flowcoin.model_root"
    }
}
