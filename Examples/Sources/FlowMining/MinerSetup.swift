public import FlowConsensus
public import FlowCrypto
public import FlowModel
import FlowNode
public import FlowTensor
public import ProgramSupport

/// What a miner needs before it can train: the corpus with its root, the model's configuration, a backend.
public struct MinerSetup: Sendable {
    public let parameters: ChainParameters
    public let configuration: ModelConfiguration
    public let sampler: BatchSampler

    /// - Parameter dataset: a directory of text files; nil for the embedded corpus. On regtest it replaces the network's corpus.
    /// - Throws: `ProgramError` when the corpus is not the network's.
    public init(parameters: ChainParameters, dataset: String?) async throws {
        let corpus: any Corpus = if let dataset {
            try DirectoryCorpus(path: dataset)
        } else {
            SyntheticCorpus(length: parameters.corpusLength)
        }
        let tree = try await corpus.tree()
        if parameters.name == ChainParameters.regtest.name {
            self.parameters = parameters.with(corpusRoot: tree.root, length: tree.length)
        } else {
            guard tree.root == parameters.corpusRoot else {
                throw ProgramError(
                    "The corpus has root \(tree.root), the network \(parameters.name) trains on \(parameters.corpusRoot): give -dataset the network's own corpus.")
            }
            self.parameters = parameters
        }
        configuration = try ModelConfiguration(parameters)
        sampler = try BatchSampler(
            corpus: corpus, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
    }

    /// The backend of that name, once it passed its check.
    ///
    /// - Parameter warn: called with a line for each thing of this machine that was passed over because it failed.
    public static func backend(named name: String, warn: (String) -> Void) throws -> any MatrixBackend {
        do {
            let admission = try BackendSelection.admission(of: name, offering: BackendChoice.offered)
            for fault in admission.passedOver { warn("\(fault); \(admission.backend.name) is used") }
            return admission.backend
        } catch {
            throw ProgramError("\(error)")
        }
    }

    /// One line a backend: available, or why not.
    public static var backendTable: String {
        BackendSelection.list(offering: BackendChoice.offered).map { entry in
            let name = entry.name + String(repeating: " ", count: max(1, 14 - entry.name.count))
            return name + (entry.reason ?? "available")
        }.joined(separator: "\n")
    }
}
